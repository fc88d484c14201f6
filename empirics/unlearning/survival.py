"""Recovery times, some of them censored: Kaplan-Meier curves, medians and the log-rank test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Time(NamedTuple):
    """A recovery.

    Attributes:
        steps: until it happened, or until nobody looked any more.
        recovered: False for a censored run.
    """

    steps: int
    recovered: bool


class Curve(NamedTuple):
    """Share of runs that have not recovered, a step function.

    Attributes:
        steps: at which it falls, ascending.
        left: share from that step on.
    """

    steps: np.ndarray
    left: np.ndarray


def kaplan_meier(times: Sequence[Time]) -> Curve:
    """The Kaplan-Meier estimate of the share that has not recovered."""
    steps = np.array([time.steps for time in times])
    happened = np.array([time.recovered for time in times], dtype=bool)
    events = np.unique(steps[happened])
    share, left = 1.0, []
    for step in events:
        at_risk = np.count_nonzero(steps >= step)
        share *= 1 - np.count_nonzero(happened & (steps == step)) / at_risk
        left.append(share)
    return Curve(events, np.array(left))


def median(times: Sequence[Time]) -> int | None:
    """First step at which at most half have not recovered; None where that never happens."""
    curve = kaplan_meier(times)
    reached = np.flatnonzero(curve.left <= 0.5 + 1e-12)
    return int(curve.steps[reached[0]]) if len(reached) else None


def log_rank(first: Sequence[Time], second: Sequence[Time]) -> float | None:
    """Two-sided p-value of the log-rank test that both recover alike.

    None where one is empty or nobody recovered.
    """
    from scipy.stats import CensoredData, logrank

    if not first or not second or not any(time.recovered for time in [*first, *second]):
        return None

    def censored(times: Sequence[Time]) -> CensoredData:
        return CensoredData(
            uncensored=[float(time.steps) for time in times if time.recovered],
            right=[float(time.steps) for time in times if not time.recovered],
        )

    value = float(logrank(censored(first), censored(second)).pvalue)
    return None if np.isnan(value) else value
