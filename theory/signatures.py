"""Noise of random signatures: the second moments of scores in one attention head.

A head owns a block of edges ``e`` with sources and targets all different; the vectors of sources,
of targets and of other items are independent uniform unit vectors. Two-sided: both projections send
the ends of edge e to one vector of random signs. One-sided: the keys are a random projection.
Proofs are in docs/theory.md, section 9.8.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from .bound import Bound, Condition, Monotone
from .parameters import parameters

_NARROW = Condition(
    "key_dim <= embedding_dim: the projection has orthogonal columns",
    lambda i: i["key_dim"] <= i["embedding_dim"],
)
_TWO_EDGES = Condition(
    "block >= 2: source and target belong to different edges", lambda i: i["block"] >= 2
)

TWO_SIDED = "one head of a block of edges, a random sign signature for each edge on both sides"
ONE_SIDED = "one head of a block of edges, keys projected to d_k random dimensions"

_WIDER_HEAD = Monotone("key_dim", False, "a polynomial in 1/d_k without negative coefficients")
_LONGER = Monotone("embedding_dim", False, "each term falls as d grows")
_LARGER_BLOCK = Monotone("block", True, "the variances of more terms are added")


def two_sided(block: int, embedding_dim: int, key_dim: int, source: bool, target: bool) -> Fraction:
    """The mean square of a score off the edges under sign signatures.

    ``source`` and ``target`` say whether the query is a source of the block and the key a target
    of it (of different edges). Source: docs/theory.md, section 9.8.
    """
    size, d, share = block, Fraction(1, embedding_dim), Fraction(1, key_dim)
    known = source + target
    # pairs (e, f) of edges by how many of the two overlaps are random, e = f apart from e != f
    if known == 0:
        return size * d**2 + size * (size - 1) * d**2 * share
    if known == 1:
        fixed = d + (size - 1) * d * share
        return fixed + (size - 1) * d**2 + (size - 1) ** 2 * d**2 * share
    fixed = share + 2 * (d + (size - 2) * d * share)
    return fixed + (size - 2) * d**2 + ((size - 1) ** 2 - (size - 2)) * d**2 * share


def one_sided(block: int, embedding_dim: int, key_dim: int, source: bool, target: bool) -> Fraction:
    """The mean square of a score off the edges under a projection of the keys.

    Arguments as in :func:`two_sided`. Source: docs/theory.md, section 9.8.
    """
    d, share = Fraction(1, embedding_dim), Fraction(1, key_dim)
    own = Fraction(key_dim + 2, key_dim * (embedding_dim + 2))
    free = block - source - target
    return source * share + target * own + free * d * share


_LATEX = {
    "two-sided": {
        (True, True): r"\frac1{d_k} + \frac2d\left(1 + \frac{B-2}{d_k}\right)"
        r" + \frac1{d^2}\left(B-2 + \frac{(B-1)^2-(B-2)}{d_k}\right)",
        (True, False): r"\left(1 + \frac{B-1}d\right)\left(\frac1d + \frac{B-1}{d\,d_k}\right)",
        (False, False): r"\frac B{d^2}\left(1 + \frac{B-1}{d_k}\right)",
    },
    "one-sided": {
        (True, True): r"\frac1{d_k} + \frac{d_k+2}{d_k(d+2)} + \frac{B-2}{d\,d_k}",
        (True, False): r"\frac1{d_k}\left(1 + \frac{B-1}d\right)",
        (False, True): r"\frac{d_k+2}{d_k(d+2)} + \frac{B-1}{d\,d_k}",
        (False, False): r"\frac B{d\,d_k}",
    },
}
_WORDS = {
    (True, True): "of a source and the target of another edge",
    (True, False): "of a source and no target",
    (False, True): "of no source and a target",
    (False, False): "of no source and no target",
}


def _noise(side: str, source: bool, target: bool) -> Bound:
    moment = two_sided if side == "two-sided" else one_sided

    def value(block: int, embedding_dim: int, key_dim: int) -> Fraction:
        return moment(block, embedding_dim, key_dim, source, target)

    ends = {True: "in", False: "out"}
    also = " (or the reverse)" if side == "two-sided" and source != target else ""
    conditions: tuple[Condition, ...] = (_TWO_EDGES,) if source and target else ()
    if side == "one-sided":
        conditions = (*conditions, _NARROW)
    return Bound(
        name=f"signature-noise-{side}-{ends[source]}-{ends[target]}",
        title=f"{side}, {ends[source]} and {ends[target]}",
        subject="attention",
        task="signature-noise",
        statement=f"With {side} signatures that give every edge the mean score 1, a score "
        f"{_WORDS[source, target]}{also} of the block has mean 0 and this variance.",
        latex=_LATEX[side][source, target],
        expression=_expression(side, source, target),
        direction="equal",
        quantity="variance of a score",
        symbol=r"\sigma^2",
        networks=TWO_SIDED if side == "two-sided" else ONE_SIDED,
        form=side,
        parameters=parameters("block", "embedding_dim", "key_dim"),
        regime=conditions,
        monotone=(_WIDER_HEAD, _LONGER, _LARGER_BLOCK),
        section="9.8",
        function=value,
    )


def _expression(side: str, source: bool, target: bool) -> Callable[[object, object], object]:
    def build(sp: object, s: object) -> object:
        size, d, k = s.block, s.embedding_dim, s.key_dim  # type: ignore[attr-defined]
        if side == "one-sided":
            own = (k + 2) / (k * (d + 2))
            free = size - int(source) - int(target)
            return int(source) / k + int(target) * own + free / (d * k)
        if source and target:
            last = size - 2 + ((size - 1) ** 2 - (size - 2)) / k
            return 1 / k + 2 / d * (1 + (size - 2) / k) + last / d**2
        if source or target:
            return (1 + (size - 1) / d) * (1 / d + (size - 1) / (d * k))
        return size / d**2 * (1 + (size - 1) / k)

    return build


SIGNATURE_BOUNDS: tuple[Bound, ...] = tuple(
    _noise(side, source, target)
    for side in ("two-sided", "one-sided")
    for source, target in ((True, True), (True, False), (False, True), (False, False))
    if (source, target) in _LATEX[side]
)
