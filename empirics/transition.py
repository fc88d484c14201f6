"""Where counts of two answers change over: the half point of a logistic curve, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Half the 95 % quantile of chi squared with one degree of freedom.
DROP = 1.9207
#: Grid of half points and of widths.
PLACES, WIDTHS = 2001, 81


@dataclass(frozen=True)
class Transition:
    """Where half of the answers are the second one.

    Attributes:
        half: the half point of largest likelihood (the middle, where an interval has it).
        low, high: ends of the 95 % interval by profile likelihood, cut to the range of the grid.
        width: scale of the logistic curve there: answers go from 27 % to 73 % over twice it.
    """

    half: float
    low: float
    high: float
    width: float


def transition(
    places: Sequence[float], first: Sequence[int], second: Sequence[int]
) -> Transition | None:
    """Fit ``P(second answer at x) = 1 / (1 + exp(-(x - half) / width))`` by maximum likelihood.

    Widths below a fiftieth of the least distance of two places are not told apart from a step, so
    that counts that do not overlap give almost the whole gap between them as the interval.

    Args:
        places: x, two or more different ones.
        first, second: numbers of the two answers at each.

    Returns:
        None where all answers agree or there is only one place.
    """
    x, a, b = (np.asarray(values, dtype=np.float64) for values in (places, first, second))
    distinct = np.unique(x)
    if len(distinct) < 2 or not a.any() or not b.any():
        return None
    span = float(np.ptp(distinct))
    halves = np.linspace(distinct[0] - span / 2, distinct[-1] + span / 2, PLACES)
    widths = np.geomspace(float(np.diff(distinct).min()) / 50, span, WIDTHS)
    profile = np.full(PLACES, -np.inf)
    chosen = np.zeros(PLACES)
    for width in widths:
        z = (x - halves[:, None]) / width
        likelihood = -(a * np.logaddexp(0.0, z) + b * np.logaddexp(0.0, -z)).sum(axis=1)
        better = likelihood > profile
        profile[better], chosen[better] = likelihood[better], width
    best = float(profile.max())
    top = np.flatnonzero(profile >= best - 1e-6)
    inside = np.flatnonzero(profile >= best - DROP)
    middle = int(top[len(top) // 2])
    return Transition(
        float(halves[middle]),
        float(halves[inside[0]]),
        float(halves[inside[-1]]),
        float(chosen[middle]),
    )
