"""Exact scores of all pairs of items: floats with a rigorous bound, integers where they decide.

With ``Q^a = X W_Q^a`` and ``K^a = X W_K^a`` in integers the score of a pair in head a is the
integer ``<Q^a_i, K^a_j>`` times one power of two. Floating-point products of rounded integers give
all scores at once with a bound on their error; where every partial sum is below 2^53 the bound is
zero (docs/attention.md, section 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..dyadic import bit_width, power_of_two
from .layer import AttentionLayer

#: Whole numbers up to here are floats.
EXACT = 1 << 53
#: Bits of a limb; products of two limbs, summed over up to 2^13 places, stay exact.
LIMB = 20
#: Floats of a block of scores, over all heads.
BLOCK = 1 << 22
#: Pairs whose integers are computed at once.
PAIRS = 1 << 16
#: Unit roundoff of float64, doubled: it pays for the arithmetic of the bounds themselves.
ROUNDOFF = 2.0**-52


class Block(NamedTuple):
    """Scores of some items with all.

    Attributes:
        rows: which items ask.
        values: float64 (heads, rows, items), in the unit of :attr:`Scores.unit`.
        error: float64 (heads, rows): no value is farther from the exact one.
    """

    rows: slice
    values: np.ndarray
    error: np.ndarray


class Scores:
    """The scores of a layer, as integers and as floats with bounds.

    Under ``sum`` all heads are one: ``sum_a <Q^a_i, K^a_j>`` is the product of the concatenated
    rows. So there is one head less to think about: :attr:`heads` is 1 then.

    Attributes:
        layer: whose scores.
        heads: heads that are combined by their maximum.
        queries, keys: the integers Q and K, (heads, items, key_dim); int64, or Python integers.
        exponent: an exact score is an integer times ``2**exponent``.
        unit: float values of :meth:`blocks` are in units of ``2**unit``.
    """

    def __init__(self, layer: AttentionLayer) -> None:
        self.layer = layer
        items, query, key = layer.exact
        self.exponent = 2 * items.exponent + query.exponent + key.exponent
        self.queries = _images(items.mantissa, query.mantissa, layer.aggregation)
        self.keys = _images(items.mantissa, key.mantissa, layer.aggregation)
        self.heads, _, self.key_dim = self.queries.shape
        self._wide = _fits(self.queries, self.keys)
        q, q_shift, q_error = _rounded(self.queries)
        k, k_shift, k_error = _rounded(self.keys)
        self._q, self._k = q, k
        self.unit = self.exponent + q_shift + k_shift
        q_length, k_length = _lengths(q), _lengths(k)
        self._error = np.zeros(q_length.shape)
        if q_error or k_error or _partial_sums(q, k) >= EXACT:
            # rounding Q and K moves each entry by less than 1, the sums round key_dim + 1 times
            longest = k_length.max(axis=1, keepdims=True)
            spread = np.sqrt(self.key_dim)
            moved = (
                spread * (q_error * longest + k_error * q_length) + q_error * k_error * spread**2
            )
            rounding = (self.key_dim + 1) * ROUNDOFF * q_length * longest
            self._error = (moved + rounding) * (1 + 2.0**-40) + 2.0**-1000

    def blocks(self) -> Iterator[Block]:
        """All scores, some rows at a time; memory stays bounded."""
        step = max(1, BLOCK // (self.heads * self.layer.items))
        for start in range(0, self.layer.items, step):
            rows = slice(start, min(start + step, self.layer.items))
            values = np.matmul(self._q[:, rows], self._k.transpose(0, 2, 1))
            yield Block(rows, values, self._error[:, rows])

    def integers(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Exact scores of the pairs ``(first[n], second[n])``, (heads, pairs), integers."""
        parts = []
        for start in range(0, max(len(first), 1), PAIRS):
            q = self.queries[:, first[start : start + PAIRS]]
            k = self.keys[:, second[start : start + PAIRS]]
            if not self._wide:
                q, k = q.astype(object), k.astype(object)
            parts.append((q * k).sum(axis=2))
        return np.concatenate(parts, axis=1)

    def combined(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Exact scores of the pairs, largest over the heads: integers (pairs,)."""
        return np.asarray(self.integers(first, second).max(axis=0))

    def fraction(self, integer: int) -> Fraction:
        """An integer score as the number that it stands for."""
        return int(integer) * power_of_two(self.exponent)

    def floats(self, integer: int) -> tuple[float, float]:
        """An interval that holds an integer score, in the unit of the blocks."""
        value = Fraction(int(integer)) * power_of_two(self.exponent - self.unit)
        if abs(value) > 2**1000:
            return (2.0**999, np.inf) if value > 0 else (-np.inf, -(2.0**999))
        near = float(value)
        return float(np.nextafter(near, -np.inf)), float(np.nextafter(near, np.inf))


def exact_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The product of two integer matrices, exactly; int64 where it fits, else Python integers.

    Floating-point products do the work: entries are split into limbs of 20 bits where a partial
    sum could reach 2^53.
    """
    inner = left.shape[-1]
    if bit_width(left) + bit_width(right) + inner.bit_length() <= 53:
        product = left.astype(np.float64) @ right.astype(np.float64)
        return np.asarray(product).astype(np.int64)
    total = np.zeros((left.shape[0], right.shape[1]), dtype=object)
    step = 1 << (53 - 2 * LIMB)
    for start in range(0, inner, step):
        some = slice(start, start + step)
        lefts, rights = _limbs(left[:, some]), _limbs(right[some])
        for i, low in enumerate(lefts):
            for j, high in enumerate(rights):
                part = (low @ high).astype(np.int64).astype(object)
                total += part << (LIMB * (i + j))
    return total.astype(np.int64) if bit_width(total) <= 62 else total


def _limbs(array: np.ndarray) -> list[np.ndarray]:
    # signed digits in [-2^19, 2^19)
    limbs: list[np.ndarray] = []
    rest = array
    half, base = 1 << (LIMB - 1), 1 << LIMB
    while True:
        if not np.any(rest != 0):
            return limbs or [np.zeros(array.shape)]
        digit = (rest + half) % base - half
        limbs.append(digit.astype(np.float64))
        rest = (rest - digit) >> LIMB


def _images(items: np.ndarray, weights: np.ndarray, aggregation: str) -> np.ndarray:
    heads, dim, width = weights.shape
    flat = weights.transpose(1, 0, 2).reshape(dim, heads * width)
    product = exact_product(items, flat)
    if aggregation == "sum":
        return product[None]
    return np.ascontiguousarray(product.reshape(-1, heads, width).transpose(1, 0, 2))


def _partial_sums(q: np.ndarray, k: np.ndarray) -> float:
    # no partial sum is larger: the greatest 1-norm of a row times the greatest entry, either way
    one = float(np.abs(q).sum(axis=2).max()) * float(np.abs(k).max())
    other = float(np.abs(k).sum(axis=2).max()) * float(np.abs(q).max())
    return min(one, other) * (1 + 2.0**-40)


def _fits(q: np.ndarray, k: np.ndarray) -> bool:
    if q.dtype == object or k.dtype == object:
        return False
    return _partial_sums(q.astype(np.float64), k.astype(np.float64)) < 2.0**62


def _rounded(integers: np.ndarray) -> tuple[np.ndarray, int, float]:
    """Floats, the shift of their unit, and how far each is from its integer at most."""
    bits = bit_width(integers)
    if bits <= 53:
        return integers.astype(np.float64), 0, 0.0
    shift = bits - 53
    return (integers >> shift).astype(np.float64), shift, 1.0


def _lengths(array: np.ndarray) -> np.ndarray:
    """Euclidean lengths of the rows, rounded upwards."""
    return np.asarray(np.sqrt((array * array).sum(axis=2)) * (1 + 2.0**-40))
