"""How large signature heads must be: the expected number of wrong pairs, by their noise.

Second moments are proved (docs/theory.md, section 9.8, and docs/attention-constructions.md, section
4); taking scores for normal and independent is an estimate, against which what was certified is
compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

#: Thresholds that are compared, as shares of an edge's mean score.
THRESHOLDS = tuple(0.5 + 0.025 * step for step in range(17))
#: A size suffices by the law when fewer wrong pairs than this are expected.
WRONG = 0.5
#: Widest head that is considered, and least edges of a head: with one edge a head there is no law.
WIDEST, LEAST_BLOCK = 1 << 14, 8


class Noise(NamedTuple):
    """Variances of scores in a head, by whether query and key are ends of its edges."""

    edge: float
    both: float
    query: float
    key: float
    none: float


def two_sided_noise(block: int, embedding_dim: int, share: float) -> Noise:
    """Noise of plain sums whose signatures have inner products of mean square ``share``."""
    b, d = block, embedding_dim
    one = (1 + (b - 1) / d) * (1 / d + (b - 1) * share / d)
    return Noise(
        edge=2 * (b - 1) * share / d + (b - 1) / d**2 * (1 + (b - 2) * share),
        both=share
        + 2 / d * (1 + max(b - 2, 0) * share)
        + (max(b - 2, 0) + ((b - 1) ** 2 - max(b - 2, 0)) * share) / d**2,
        query=one,
        key=one,
        none=b / d**2 * (1 + (b - 1) * share),
    )


def one_sided_noise(block: int, embedding_dim: int, key_dim: int) -> Noise:
    """Noise of projected keys in a head of a block of edges."""
    b, d, share = block, embedding_dim, 1 / key_dim
    own = (key_dim + 2) / (key_dim * (d + 2))
    # an edge's own term is exact up to the length of its projected key
    return Noise(
        edge=max(2 / key_dim - 2 / d, 0.0) + (b - 1) * share / d,
        both=share + own + max(b - 2, 0) * share / d,
        query=share + (b - 1) * share / d,
        key=own + (b - 1) * share / d,
        none=b * share / d,
    )


def random_share(block: int, key_dim: int) -> float:
    """Mean square of the inner products of random sign signatures."""
    return 1 / key_dim


def spread_share(block: int, key_dim: int) -> float:
    """The least mean square that unit signatures can have (Welch); 0 where all are orthogonal."""
    return max(0.0, (block - key_dim) / (key_dim * max(block - 1, 1)))


def expected_wrong(noise: Noise, items: int, edges: int, heads: int) -> float:
    """Expected number of wrong pairs at the best of :data:`THRESHOLDS`, for normal scores."""
    block = max(1, -(-edges // heads))
    others = max(items - block, 0)
    classes = (
        (heads * block * (block - 1), noise.both),
        (heads * block * others, noise.query),
        (heads * block * others, noise.key),
        (heads * others * others, noise.none),
    )
    return min(
        sum(number * _tail(at, variance) for number, variance in classes)
        + edges * _tail(1 - at, noise.edge)
        for at in THRESHOLDS
    )


def lawful_key_dim(
    noise: Callable[[int, int], Noise], items: int, edges: int, heads: int, widest: int = WIDEST
) -> int | None:
    """The least d_k that suffices by the law, for ``noise(block, key_dim)``; None if none does."""
    block = max(1, -(-edges // heads))

    def suffices(key_dim: int) -> bool:
        return expected_wrong(noise(block, key_dim), items, edges, heads) <= WRONG

    if not suffices(widest):
        return None
    low, high = 0, widest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def lawful_size(
    noise: Callable[[int, int], Noise], items: int, edges: int, embedding_dim: int, widest: int
) -> tuple[int, int] | None:
    """Heads and d_k of least total by the law; heads are multiples of m'/d by powers of two."""
    found: list[tuple[int, int, int]] = []
    heads = -(-edges // embedding_dim)
    while heads * LEAST_BLOCK <= edges:
        key_dim = lawful_key_dim(noise, items, edges, heads, widest)
        if key_dim is not None:
            found.append((heads * key_dim, heads, key_dim))
        heads *= 2
    return min(found)[1:] if found else None


def _tail(threshold: float, variance: float) -> float:
    return 0.5 * math.erfc(threshold / math.sqrt(2 * variance)) if variance > 0 else 0.0
