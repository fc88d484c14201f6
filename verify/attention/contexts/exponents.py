"""What a softmax read-out compares, in floats with a bound on their error and exactly.

A head gives the pair (i, j) at least the level p in a context exactly if the other members weigh
no more than its *room* ``1/p - 1 - exp((null - S_ij)/T) - exp((S_ii - S_ij)/T)``, where an item k
weighs ``exp((S_ik - S_ij)/T)``. A loop has no last term, a layer without a null key no first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...dyadic import power_of_two
from ..scores import Scores
from ..softmax_readout import SoftmaxReadout
from .exponential import PRECISIONS, compare
from .float_exponential import RANGE, RELATIVE, exponentials

#: Relative error of an exponent in floats, all roundings together.
ROUNDING = 2.0**-50
#: Numbers from here to its inverse are handled in floats.
_LARGE = 2.0**900
_TINY = float(np.exp(-RANGE)) * (1 + 2.0**-20)


@dataclass(frozen=True, eq=False)
class Row:
    """Exact scores of one item with all, and what is to be compared for one of its pairs.

    Attributes:
        pair: (i, j).
        scores: Python integers (heads, items).
        rate: an integer difference of scores times this is an exponent.
        null: score of the null key over the temperature, or None.
        limit: 1/p - 1.
    """

    pair: tuple[int, int]
    scores: np.ndarray
    rate: Fraction
    null: Fraction | None
    limit: Fraction

    def exponent(self, head: int, item: int) -> Fraction:
        """Exponent of the item's weight in that head."""
        return int(self.scores[head, item] - self.scores[head, self.pair[1]]) * self.rate

    def own(self, head: int) -> list[Fraction]:
        """Exponents of what is in every context of the pair: the null key and item i."""
        i, j = self.pair
        terms = [] if i == j else [self.exponent(head, i)]
        if self.null is not None:
            terms.append(self.null - int(self.scores[head, j]) * self.rate)
        return terms

    def excess(
        self, head: int, further: Sequence[int], precisions: tuple[int, ...] = PRECISIONS
    ) -> int | None:
        """Sign of the further items' weight less the room; at most 0: the head reports the pair."""
        exponents = [*self.own(head), *(self.exponent(head, k) for k in further)]
        return compare(((1, x) for x in exponents), self.limit, precisions)


class Exponents:
    """The scores of a layer over a temperature, for one read-out.

    Attributes:
        scores: whose.
        limit: 1/p - 1 exactly.
        rate: an integer score times this is an exponent.
        scale: the same for the floats of :meth:`Scores.blocks`.
        usable: whether floats can hold these numbers; if not, only exact rows decide.
    """

    def __init__(self, scores: Scores, softmax: SoftmaxReadout) -> None:
        self.scores = scores
        self.softmax = softmax
        self.limit = 1 / softmax.level - 1
        self.rate = power_of_two(scores.exponent) / softmax.temperature
        self.null = None if softmax.null is None else softmax.null / softmax.temperature
        exact_scale = power_of_two(scores.unit) / softmax.temperature
        large = Fraction(_LARGE)
        self.usable = 1 / large < exact_scale < large and abs(self.null or Fraction(0)) < large
        self.scale = float(exact_scale) if self.usable else 1.0
        self._limit = float(self.limit)
        self._null = float(self.null) if self.usable and self.null is not None else 0.0

    def row(self, i: int, j: int) -> Row:
        """The exact scores that pair (i, j) depends on."""
        items = self.scores.layer.items
        exact = self.scores.integers(np.full(items, i), np.arange(items)).astype(object)
        return Row((i, j), exact, self.rate, self.null, self.limit)

    def error(self, difference: np.ndarray) -> np.ndarray:
        """Relative error of weights from scores whose difference has this absolute error."""
        moved = 2 * np.minimum(difference * self.scale, 1e300) + 2 * RANGE * ROUNDING
        return np.asarray(np.where(moved < 0.5, moved * (1 + 2.0**-20) + 2 * RELATIVE, np.inf))

    def room(
        self, target: np.ndarray, own: np.ndarray | None, error: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bounds on the room of pairs; arrays of one shape.

        Args:
            target, own: float scores S_ij and S_ii; no ``own`` for loops.
            error: no score is farther from the exact one.
        """
        at = target * self.scale
        used = np.zeros_like(at)
        spread = np.zeros_like(at)
        if self.null is not None:
            weight = exponentials(self._null - at)
            # null and score are rounded apart, so their difference may be far less exact
            rounded = (abs(self._null) + np.abs(at)) * ROUNDING / self.scale
            spread += _spread(weight, self.error(error + rounded))
            used += weight
        if own is not None:
            weight = exponentials((own - target) * self.scale)
            spread += _spread(weight, self.error(2 * error))
            used += weight
        middle = self._limit - used
        slack = spread + (self._limit + used) * ROUNDING + _TINY
        return middle - slack, middle + slack


def _spread(weight: np.ndarray, error: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(weight * error)
