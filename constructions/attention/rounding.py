"""Weights on a grid of few bits, and the layer that they make; the gap is decided exactly.

A weight of b bits is one of the 2^b odd integers from -(2^b - 1) to 2^b - 1, times a power of two
that all weights of a layer share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...verify.attention.graph import RelationalGraph
from ...verify.attention.layer import AttentionLayer
from ...verify.attention.recognition import RecognitionProblem
from ...verify.attention.threshold import ThresholdDecision, decide_threshold
from ...verify.errors import InputError

#: Widest grid, and the widths that are tried in turn for the fewest bits.
MOST_BITS, LADDER = 24, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20)
#: Grids reach up to these shares of the largest weight; what is beyond is cut.
CLIPS = (1.0, 0.75, 0.55)
#: Items whose pairs are looked at before a layer is decided.
SAMPLE = 512
#: Size to which a power of two brings the scores of edges, within a factor of two.
SIZE = 8.0
#: From this many bits on, cutting gains nothing.
UNCUT = 9


@dataclass(frozen=True, eq=False)
class Rounded:
    """A layer on the grid, decided.

    Attributes:
        layer: with the middle of the gap as its threshold, where there is a gap.
        decision: of the threshold read-out, exact.
        bits: of a weight.
    """

    layer: AttentionLayer
    decision: ThresholdDecision
    bits: int

    @property
    def proved(self) -> bool:
        """Whether every pair is on its side."""
        return self.decision.status == "holds"

    @property
    def relative_gap(self) -> float:
        """Gap over the least edge's score; below 0 where that is not positive."""
        return relative_gap(self.decision)


def relative_gap(decision: ThresholdDecision) -> float:
    """(least edge - greatest other pair) / least edge, rounded to a float."""
    if decision.gap is None:
        return 1.0
    assert decision.weakest is not None
    least = decision.weakest.score
    return float(decision.gap / least) if least > 0 else -math.inf


def on_grid(weights: np.ndarray, bits: int, reach: float) -> np.ndarray:
    """The nearest odd integers of ``bits`` bits, with ``reach`` at the end of the grid: int64."""
    most = (1 << bits) - 1
    scaled = weights * (most / max(reach, 1e-300))
    odd = np.clip(2 * np.rint((scaled - 1) / 2) + 1, -most, most)
    return np.asarray(odd.astype(np.int64))


def grid_layer(
    embeddings: np.ndarray, graph: RelationalGraph, query: np.ndarray, key: np.ndarray
) -> AttentionLayer:
    """A layer of integer weights times the power of two that brings edges' scores near 8.

    The power is free; at 8 softmax at temperatures of some tenths can tell dozens of items apart.
    """
    points = embeddings.astype(np.float64)
    size = float(np.median(_best_scores(points @ query, points @ key, graph)))
    # half of the bits for each side; the integers fit float32 up to 24 bits
    unit = 2.0 ** -round(math.log2(max(size, 1e-12) / SIZE) / 2)
    return AttentionLayer(
        embeddings, (query * unit).astype(np.float32), (key * unit).astype(np.float32)
    )


def _best_scores(queries: np.ndarray, keys: np.ndarray, graph: RelationalGraph) -> np.ndarray:
    """Largest score over the heads of every edge, from images (heads, items, key_dim)."""
    sources, targets = graph.edges.T
    best = np.full(len(graph), -np.inf)
    for q, k in zip(queries, keys, strict=True):
        np.maximum(best, np.einsum("ek,ek->e", q[sources], k[targets]), out=best)
    return best


def decided(
    embeddings: np.ndarray, graph: RelationalGraph, query: np.ndarray, key: np.ndarray, bits: int
) -> Rounded:
    """Decide the layer of integer weights, and put the threshold into the middle of its gap."""
    layer = grid_layer(embeddings, graph, query, key)
    decision = decide_threshold(RecognitionProblem(layer, graph), counterexamples=0)
    if decision.status == "holds":
        layer = layer.with_threshold(decision.threshold)
    return Rounded(layer, decision, bits)


def rounded_layer(
    embeddings: np.ndarray,
    graph: RelationalGraph,
    query: np.ndarray,
    key: np.ndarray,
    *,
    bits: int | None = None,
    gap: float = 0.0,
    keep: float = 0.0,
    mix: bool = True,
    tick: Callable[[int], None] = lambda bits: None,
) -> Rounded:
    """Round the weights of a layer to the fewest bits that keep its gap, and decide it exactly.

    Args:
        embeddings, graph: the instance.
        query, key: real weights, (heads, embedding_dim, key_dim).
        bits: of a weight; None for the fewest of :data:`LADDER`.
        gap: relative gap that must be left; more than 0 must be left in any case.
        keep: share of the gap on the finest grid that must be left, too.
        mix: even out the key dimensions first; codes are kept as they are without.
        tick: called with the bits that are tried.

    Returns the first that leaves so much, or else the finest one.
    """
    require_bits(bits)
    if mix:
        query, key = balanced(query, key)
    widths: Sequence[int] = LADDER if bits is None else (bits,)
    finest: Rounded | None = None
    found = finest
    if bits is None:
        # where the finest grid fails the coarser ones need not be tried
        finest = found = _best(embeddings, graph, query, key, LADDER[-1])
        if not found.proved or found.relative_gap < gap:
            return found
        widths = LADDER[:-1]
        gap = max(gap, keep * found.relative_gap)
    for width in widths:
        tick(width)
        sampled, sides = _gridded(embeddings, graph, query, key, width)
        if finest is not None and sampled < max(gap, 0.0):
            continue
        found = decided(embeddings, graph, *sides, width)
        if found.proved and found.relative_gap >= gap:
            return found
    assert found is not None
    return found if finest is None else finest


def _best(
    embeddings: np.ndarray, graph: RelationalGraph, query: np.ndarray, key: np.ndarray, bits: int
) -> Rounded:
    """The grid whose reach leaves the widest gap on a sample of the items, decided."""
    return decided(embeddings, graph, *_gridded(embeddings, graph, query, key, bits)[1], bits)


def _gridded(
    embeddings: np.ndarray, graph: RelationalGraph, query: np.ndarray, key: np.ndarray, bits: int
) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
    """Integers of the best reach, and their relative gap on a sample, by floats."""
    found: tuple[float, tuple[np.ndarray, np.ndarray]] | None = None
    # no weight of the grid is zero, so key dimensions without weights are kept out of it
    used = _used(query, key)[:, None]
    for clip in CLIPS if bits < UNCUT else CLIPS[:1]:
        sides = (
            on_grid(query, bits, clip * float(np.abs(query).max())) * used,
            on_grid(key, bits, clip * float(np.abs(key).max())) * used,
        )
        gap = sampled_gap(embeddings, graph, *sides)
        if found is None or gap > found[0]:
            found = gap, sides
    assert found is not None
    return found


def sampled_gap(
    embeddings: np.ndarray, graph: RelationalGraph, query: np.ndarray, key: np.ndarray
) -> float:
    """The relative gap over all edges and the pairs of some items: at least that of all pairs.

    A float without a bound on its error, good for leaving out what is hopeless.
    """
    points = embeddings.astype(np.float64)
    queries, keys = points @ query, points @ key
    top = -np.inf
    rows = slice(0, min(SAMPLE, graph.items))
    known = graph.neighbours(rows)
    for q, k in zip(queries, keys, strict=True):
        block = q[rows] @ k.T
        block[known] = -np.inf
        top = max(top, float(block.max()))
    weakest = float(_best_scores(queries, keys, graph).min())
    return (weakest - top) / weakest if weakest > 0 else -math.inf


def balanced(query: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same scores with query and key of one size in every head, and key dimensions mixed.

    Singular vectors have entries of very different size; a fixed rotation of the key dimensions
    evens them out, so that a grid loses less. Key dimensions without weights stay so.
    """
    queries, keys = np.zeros_like(query, dtype=np.float64), np.zeros_like(key, dtype=np.float64)
    for head, used in enumerate(_used(query, key)):
        q, k = query[head][:, used].astype(np.float64), key[head][:, used].astype(np.float64)
        left, right = np.linalg.qr(q), np.linalg.qr(k)
        u, s, vt = np.linalg.svd(left[1] @ right[1].T)
        turn = np.sqrt(s)[:, None] * _rotation(int(used.sum()))[: len(s)]
        queries[head][:, used], keys[head][:, used] = left[0] @ u @ turn, right[0] @ vt.T @ turn
    return queries, keys


def _used(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Key dimensions with weights on both sides: booleans (heads, key_dim)."""
    return np.asarray((query != 0).any(axis=1) & (key != 0).any(axis=1))


def _rotation(size: int) -> np.ndarray:
    return np.asarray(np.linalg.qr(np.random.default_rng(size).standard_normal((size, size)))[0])


def require_bits(bits: int | None) -> None:
    """Raise InputError for a number of bits that no grid has."""
    if bits is not None and not 1 <= bits <= MOST_BITS:
        raise InputError(f"bits must lie between 1 and {MOST_BITS}, not {bits}")
