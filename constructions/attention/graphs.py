"""Which graphs a layer of attention is asked to recognise: the families of tasks, seeded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError, require_seed
from ...verify.formats.index_pairs import read_index_pairs

#: Edge swaps tried before a random regular graph is given up.
SWAPS = 200
#: Exponent of the popularity of targets in the pattern ``zipf``.
ZIPF = 1.0
#: Most items; a proof looks at every pair of them.
MOST_ITEMS = 1 << 17


def permutation(items: int, seed: int) -> RelationalGraph:
    """A uniform permutation; fixed points are loops."""
    return RelationalGraph.permutation(np.random.default_rng(seed).permutation(items))


def regular(items: int, degree: int, seed: int) -> RelationalGraph:
    """Every item has ``degree`` neighbours and is a neighbour of as many, at random.

    Raises InputError for a degree above half of the items, where a drawing has no room.
    """
    if not 1 <= degree <= max(items // 2, 1):
        raise InputError(
            f"regular-{degree}: the degree lies between 1 and half of the {items} items"
        )
    rng = np.random.default_rng(seed)
    targets = np.stack([rng.permutation(items) for _ in range(degree)], axis=1)
    for _ in range(SWAPS):
        repeated = _repeated(targets)
        if not len(repeated):
            break
        for row, column in repeated:
            other = int(rng.integers(items))
            targets[[row, other], column] = targets[[other, row], column]
    else:
        raise InputError(f"regular-{degree} on {items} items was not found; try another seed")
    return RelationalGraph(items, _rows(targets))


def hubs(items: int, number: int, seed: int) -> RelationalGraph:
    """A few items share all others as neighbours: each hub has ``items // number`` of its own.

    Raises InputError for more hubs than half of the items.
    """
    if not 1 <= number <= max(items // 2, 1):
        raise InputError(f"hubs-{number}: between 1 and half of the {items} items can be hubs")
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(items)[:number]
    leaves = rng.permutation(items)[: number * (items // number)]
    sources = np.repeat(chosen, items // number)
    return RelationalGraph(items, np.stack([sources, leaves], axis=1))


def star(items: int, seed: int) -> RelationalGraph:
    """One item has half of all items as neighbours."""
    rng = np.random.default_rng(seed)
    leaves = rng.permutation(items)[: max(items // 2, 1)]
    return RelationalGraph(items, np.stack([np.full(len(leaves), rng.integers(items)), leaves], 1))


def zipf(items: int, seed: int) -> RelationalGraph:
    """Every item has one neighbour; the n-th most popular target is drawn in proportion to 1/n."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, items + 1) ** ZIPF
    ranks = rng.choice(items, size=items, p=weights / weights.sum())
    return RelationalGraph(items, np.stack([np.arange(items), rng.permutation(items)[ranks]], 1))


#: Graphs by the name used on the command line; ``regular-2`` and ``hubs-8`` carry a number.
GRAPHS: dict[str, Callable[[int, int], RelationalGraph]] = {
    "permutation": permutation,
    "star": star,
    "zipf": zipf,
}
NUMBERED: dict[str, Callable[[int, int, int], RelationalGraph]] = {
    "regular": regular,
    "hubs": hubs,
}


def graph(name: str, items: int, seed: int = 0) -> RelationalGraph:
    """The graph of a named pattern.

    Args:
        name: ``permutation``, ``regular-D`` (degree D), ``hubs-H`` (H hubs with all items as
            leaves), ``star`` (one hub, half of the items) or ``zipf`` (targets of very different
            popularity).
        items: number of items, 2 or more.
        seed: decides which edges.

    Raises InputError for an unknown name, and numbers that do not fit.
    """
    if not 2 <= items <= MOST_ITEMS:
        raise InputError(f"items must lie between 2 and {MOST_ITEMS:,}, not {items}")
    require_seed(seed)
    if name in GRAPHS:
        return GRAPHS[name](items, seed)
    found = re.fullmatch(r"([a-z]+)-([0-9]{1,6})", name)
    if found and found[1] in NUMBERED:
        return NUMBERED[found[1]](items, int(found[2]), seed)
    known = ", ".join([*GRAPHS, *(f"{kind}-N" for kind in NUMBERED)])
    raise InputError(f"unknown graph '{name}'; use one of {known}, or a file of edges")


def read_graph(path: Path, items: int) -> RelationalGraph:
    """Read directed edges: query and key item a line, by spaces or a comma; ``#`` comments.

    A ``.npz`` holds one array (edges, 2) of integers instead. Raises InputError with the file and
    the place.
    """
    edges = read_index_pairs(path, items, "item")
    try:
        return RelationalGraph(items, edges)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _repeated(targets: np.ndarray) -> np.ndarray:
    """Places (row, column) of targets that stand earlier in their row."""
    earlier = targets[:, :, None] == targets[:, None, :]
    return np.argwhere((np.tril(earlier, -1)).any(axis=2))


def _rows(targets: np.ndarray) -> np.ndarray:
    items, degree = targets.shape
    return np.stack([np.repeat(np.arange(items), degree), targets.ravel()], axis=1)
