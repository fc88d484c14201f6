"""Heads and key dimension to begin with when nobody says, by the estimates of the theory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from ...theory.catalog import lookup
from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError
from .pseudo_inverse import KEY_DIM, pseudo_inverse_heads
from .signature_law import (
    WIDEST,
    Noise,
    lawful_size,
    one_sided_noise,
    random_share,
    spread_share,
    two_sided_noise,
)

#: One head while m' ln m stays below this share of d^2, and one more for each further share.
ONE_HEAD = 0.6
#: Bits of a star's neighbourhood that one head separates, in dimensions.
STAR = 1.4
#: Total key dimension over the measured range's upper end, by bits of a weight.
FEW_BITS = {1: 3.6, 2: 1.8, 3: 1.2, 4: 1.0}
#: Total key dimension when a relative gap is asked for: this factor at a gap of 0.4.
GAP_FACTOR = 2.0
#: A key dimension that fails is enlarged by this factor, so many times.
GROWTH, ATTEMPTS = 1.15, 14


@dataclass(frozen=True)
class Size:
    """Heads and key dimension, and where they come from."""

    heads: int
    key_dim: int
    source: str


def hinge_size(
    graph: RelationalGraph,
    embedding_dim: int,
    *,
    heads: int | None = None,
    bits: int | None = None,
    gap: float | None = None,
) -> Size:
    """The size at which the hinge should succeed: half of the unit m' lg m' / d at many bits."""
    edges = len(graph)
    if heads is None:
        load = edges * math.log(max(graph.items, 2)) / embedding_dim**2
        wanted = max(1, math.ceil(load / ONE_HEAD), math.ceil(star_load(graph, embedding_dim)))
        heads = min(wanted, edges)
    (bound,) = lookup("relational-graph-trained")
    value = bound.evaluate(items=graph.items, edges=edges, embedding_dim=embedding_dim)
    total = float(value.high) * FEW_BITS.get(bits or 0, 1.0)
    if gap:
        total *= 1 + (GAP_FACTOR - 1) * gap / 0.4
    key_dim = max(2, math.ceil(total / heads))
    return Size(heads, min(key_dim, widest(embedding_dim, bits)), bound.name)


def star_load(graph: RelationalGraph, embedding_dim: int) -> float:
    """By how much the largest star exceeds what one head can separate, at most; an estimate.

    One head reads the neighbours of an item by a half-space, and half-spaces in d dimensions
    separate n of m points in general position while ``m H(n/m)`` stays below 1.44 d (n much
    smaller than m) to 2 d (n = m/2), H the binary entropy.
    """
    most = max(int(degrees.max()) for degrees in graph.degrees)
    share = most / graph.items
    if share >= 1:
        return 0.0
    entropy = -share * math.log2(share) - (1 - share) * math.log2(1 - share)
    return graph.items * entropy / (STAR * embedding_dim)


def closed_size(
    method: str,
    graph: RelationalGraph,
    embedding_dim: int,
    heads: int | None = None,
    key_dim: int | None = None,
) -> Size:
    """The size that a closed form has by its own law.

    Raises InputError where the law rules out that the form works at any size.
    """
    items, edges = graph.items, len(graph)
    if method == "pseudo-inverse":
        width = key_dim or KEY_DIM
        number = heads or pseudo_inverse_heads(graph, embedding_dim, width)
        return Size(number, width, "pseudo-inverse rule")
    if heads is not None and key_dim is not None:
        return Size(heads, key_dim, "as asked for")
    widest_head = embedding_dim if method == "one-sided" else WIDEST
    size = lawful_size(
        partial(noise_of, method, embedding_dim), items, edges, embedding_dim, widest_head
    )
    if size is None:
        raise InputError(
            f"{method}: by its noise no size suffices for {edges} edges on {items} items in "
            f"{embedding_dim} dimensions; use more dimensions, the method pseudo-inverse or "
            "hinge, or give heads and key dimension"
        )
    return Size(heads or size[0], key_dim or size[1], "noise law")


def noise_of(method: str, embedding_dim: int, block: int, key_dim: int) -> Noise:
    """The noise of a method's heads."""
    if method == "one-sided":
        return one_sided_noise(block, embedding_dim, key_dim)
    share = random_share if method == "two-sided" else spread_share
    return two_sided_noise(block, embedding_dim, share(block, key_dim))


def wider(size: Size, most: int) -> Size | None:
    """The next size to try; None when there is none."""
    key_dim = min(max(size.key_dim + 1, math.ceil(size.key_dim * GROWTH)), most)
    if key_dim == size.key_dim:
        return None
    return Size(size.heads, key_dim, size.source)


def widest(embedding_dim: int, bits: int | None) -> int:
    """No head computes more with more key dimensions; with few bits it may."""
    return embedding_dim if bits is None or bits > 4 else 8 * embedding_dim
