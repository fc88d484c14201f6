"""Blocks of edges, one a head: stars whose leaves differ, so that each leaf tells its centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...verify.attention.graph import RelationalGraph


@dataclass(frozen=True, eq=False)
class Block:
    """Edges of one head, as stars.

    Attributes:
        centres: items with a signature of their own, int64.
        leaves: items that carry the signature of a centre, int64, each once.
        owner: for every leaf, the place of its centre in ``centres``.
        inward: leaves ask and centres answer; else the other way round.
    """

    centres: np.ndarray
    leaves: np.ndarray
    owner: np.ndarray
    inward: bool

    def __len__(self) -> int:
        return len(self.leaves)


def edge_blocks(
    graph: RelationalGraph, size: int, seed: int, centres: int | None = None
) -> list[Block]:
    """Colour the edges so that those of a colour are disjoint stars of few edges.

    Stars go outwards, or inwards where the largest in-degree is above the largest out-degree.
    Centres are visited in random order, and each edge goes into the first block that has room and
    not yet this leaf, blocks that hold the centre first.

    Args:
        graph: every edge goes into one block.
        size: most edges of a block, 1 or more.
        seed: of the order.
        centres: most centres of a block; None for any number.
    """
    out, into = graph.degrees
    inward = bool(into.max() > out.max())
    edges = graph.edges[:, ::-1] if inward else graph.edges
    rng = np.random.default_rng([seed, 31])
    rank = rng.permutation(graph.items)
    edges = edges[np.lexsort((rng.permutation(len(edges)), rank[edges[:, 0]]))]
    # equal shares: as many blocks as fit, filled evenly
    number = -(-len(edges) // size)
    even = -(-len(edges) // number)
    building: list[_Building] = []
    first = 0
    for centre, leaf in edges.tolist():
        while first < len(building) and len(building[first].leaves) >= even:
            first += 1
        open_blocks = building[first:]
        mine = [b for b in open_blocks if centre in b.centres]
        for block in (*mine, *open_blocks):
            if block.takes(centre, leaf, even, centres):
                break
        else:
            block = _Building({}, {})
            building.append(block)
        block.add(centre, leaf)
    return [block.done(inward) for block in building]


@dataclass(eq=False)
class _Building:
    """A block to which edges are added."""

    centres: dict[int, int]
    leaves: dict[int, int]

    def takes(self, centre: int, leaf: int, size: int, centres: int | None) -> bool:
        if len(self.leaves) >= size or leaf in self.leaves:
            return False
        return centre in self.centres or centres is None or len(self.centres) < centres

    def add(self, centre: int, leaf: int) -> None:
        self.leaves[leaf] = self.centres.setdefault(centre, len(self.centres))

    def done(self, inward: bool) -> Block:
        return Block(
            np.array(list(self.centres), dtype=np.int64),
            np.array(list(self.leaves), dtype=np.int64),
            np.array(list(self.leaves.values()), dtype=np.int64),
            inward,
        )
