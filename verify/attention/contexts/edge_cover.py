"""One edge against all contexts: which sets of further items beat every head.

The edge is missed in some context exactly if at most so many further items weigh more than the
room of every head at once. Sets of items are refuted by *leaves* (one inequality, a combination of
the heads' own) and confirmed as *witnesses*; floats propose both, and where they come too near,
enclosures of the exponentials decide. See docs/attention-softmax.md, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ...dyadic import bit_width, power_of_two
from .exponential import exponential
from .exponents import Exponents, Row
from .float_exponential import RANGE, exponentials
from .worst_context import further_items

#: All roundings of a sum of weights together, relatively, with room to spare.
ROUGH = 2.0**-36
#: Multipliers of a leaf are at most this.
MULTIPLIER = (1 << 31) - 1

_BITS = (128, 256, 512)


class EdgeCover:
    """The covering question of one edge.

    Attributes:
        items: further items, ascending.
        further: the most of them in a context.
        weights: float (heads, items), of exponents up to 690.
        own: float (heads,), what the null key and item i weigh together.
        limit: 1/p - 1; a head reports the edge while own and further weight are at most this.
        live: heads that report the edge with nothing else in the context.
    """

    def __init__(self, exponents: Exponents, i: int, j: int) -> None:
        self.row: Row = exponents.row(i, j)
        items = self.row.scores.shape[1]
        self.items = np.array([k for k in range(items) if k not in (i, j)], dtype=np.int64)
        self.further = further_items(exponents.softmax.context, i == j)
        differences = self.row.scores - self.row.scores[:, [j]]
        weights = exponentials(_floats(differences, self.row.rate))
        self.weights = np.ascontiguousarray(weights[:, self.items])
        heads = range(len(weights))
        own = [[_float(x) for x in self.row.own(a)] for a in heads]
        self.own = exponentials(np.array(own, dtype=np.float64)).sum(axis=1)
        self.limit = float(self.row.limit)
        self.live = np.array([self._live(a) for a in heads])

    @property
    def heads(self) -> int:
        """Number of heads."""
        return len(self.weights)

    def _live(self, head: int) -> bool:
        least = 1 if self.further else 0
        if abs(self.own[head] - self.limit) > ROUGH * self.limit:
            return bool(self.own[head] < self.limit)
        sign = self.row.excess(head, ())
        # a head without room is beaten by any further item
        return sign is None or sign < 0 or (sign == 0 and not least)

    def beaten(self, places: Sequence[int]) -> bool | None:
        """Whether these further items beat every head; None where digits do not tell."""
        total = self.own + self.weights[:, list(places)].sum(axis=1)
        if (total * (1 + ROUGH) < self.limit).any():
            return False
        answer: bool | None = True
        further = self.items[list(places)].tolist()
        for head in np.flatnonzero(total * (1 - ROUGH) <= self.limit).tolist():
            sign = self.row.excess(head, further)
            if sign is None:
                answer = None
            elif sign <= 0:
                return False
        return answer

    def reported(self, places: Sequence[int]) -> int | None:
        """A head that reports the edge with these further items, if one is found."""
        total = self.own + self.weights[:, list(places)].sum(axis=1)
        further = self.items[list(places)].tolist()
        for head in np.argsort(total, kind="stable").tolist():
            if total[head] * (1 + ROUGH) < self.limit:
                return int(head)
            if total[head] * (1 - ROUGH) > self.limit:
                return None
            sign = self.row.excess(head, further)
            if sign is not None and sign <= 0:
                return int(head)
        return None

    def leaf(self, multipliers: np.ndarray, included: Sequence[int], allowed: np.ndarray) -> bool:
        """Whether the combination proves the edge with those items and any others allowed.

        Args:
            multipliers: int64 (heads,), not negative, not all 0.
            included: places of the items that are in the context.
            allowed: places of those that may be.
        """
        rest = self.further - len(included)
        factors = multipliers.astype(np.float64)
        with np.errstate(over="ignore"):
            combined = factors @ self.weights
            total = factors @ self.own + combined[list(included)].sum()
            total += _heaviest(combined[allowed], rest)
        limit = factors.sum() * self.limit
        if total * (1 + ROUGH) < limit:
            return True
        if total * (1 - ROUGH) > limit:
            return False
        return any(self._exact_leaf(multipliers, included, allowed, bits) for bits in _BITS)

    def _exact_leaf(
        self, multipliers: np.ndarray, included: Sequence[int], allowed: np.ndarray, bits: int
    ) -> bool:
        used = [(a, int(n)) for a, n in enumerate(multipliers) if n]
        limit = sum(n for _, n in used) * self.row.limit * (1 << bits)
        # an exponent of this size alone is too much
        large = max(1, (int(limit) >> bits).bit_length() + 1)

        def weight(head: int, exponent: Fraction) -> int:
            return exponential(min(exponent, Fraction(large)), bits)[1]

        def column(place: int) -> int:
            item = int(self.items[place])
            return sum(n * weight(a, self.row.exponent(a, item)) for a, n in used)

        total = sum(n * weight(a, x) for a, n in used for x in self.row.own(a))
        total += sum(column(place) for place in included)
        rest = self.further - len(included)
        if rest and total <= limit:
            total += sum(sorted((column(p) for p in allowed.tolist()), reverse=True)[:rest])
        return total <= limit


def _heaviest(weights: np.ndarray, count: int) -> float:
    if count <= 0:
        return 0.0
    if count >= len(weights):
        return float(weights.sum())
    return float(np.partition(weights, len(weights) - count)[len(weights) - count :].sum())


def _float(exponent: Fraction) -> float:
    return float(max(min(exponent, Fraction(RANGE)), Fraction(-RANGE)))


def _floats(integers: np.ndarray, rate: Fraction) -> np.ndarray:
    """Integers times a rational, within 2^-50 relatively, or beyond the range of exponents."""
    if bit_width(integers) < 900 and power_of_two(-900) < rate < power_of_two(900):
        with np.errstate(over="ignore"):
            return np.asarray(integers.astype(np.float64) * float(rate))
    flat = [_float(int(value) * rate) for value in integers.flat]
    return np.array(flat).reshape(integers.shape)
