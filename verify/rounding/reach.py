"""How far linear functions reach over a domain: bounds in float64 from its constraints."""

from __future__ import annotations

import numpy as np

from ..domain import Domain

#: Multiplications spent on visiting a listed domain point by point.
LISTED = 1 << 24


def most_ones(domain: Domain) -> int:
    """A bound on the number of true inputs of any vector of the domain."""
    grouped = sum(map(len, domain.one_hot))
    bounds = [domain.at_most, domain.inputs - grouped + len(domain.one_hot)]
    bounds += [sum(ball.centre) + ball.radius for ball in domain.balls]
    if domain.points is not None:
        bounds.append(int(domain.points.sum(axis=1, dtype=np.int64).max()))
    return max(min(bounds), 0)


def extremes(gains: np.ndarray, domain: Domain) -> tuple[np.ndarray, np.ndarray]:
    """Bounds on ``gains @ x`` over the domain's vectors x of zeros and ones.

    Each constraint gives a bound by itself (the k largest gains, the best of a one-hot group);
    the tightest counts. All partial sums stay below three times the sum of a row's magnitudes,
    and there are at most two additions an input.

    Args:
        gains: float64 (rows, inputs).

    Returns:
        Least and greatest values, float64 (rows,) each; sums in float64, rounded as they come.
    """
    if domain.points is not None and gains.shape[0] * domain.points.size <= LISTED:
        values = gains @ domain.points.T.astype(np.float64)
        return values.min(axis=1), values.max(axis=1)
    return -_greatest(-gains, domain), _greatest(gains, domain)


def _greatest(gains: np.ndarray, domain: Domain) -> np.ndarray:
    free = np.ones(domain.inputs, dtype=bool)
    grouped = np.zeros(len(gains))
    for group in domain.one_hot:
        free[list(group)] = False
        grouped += gains[:, list(group)].max(axis=1)
    best = grouped + np.maximum(gains[:, free], 0).sum(axis=1)
    if domain.has_cardinality:
        best = np.minimum(best, _best_prefix(gains, domain.at_least, domain.at_most))
    for ball in domain.balls:
        centre = np.array(ball.centre, dtype=np.float64)
        flips = _best_prefix(gains * (1 - 2 * centre), 0, ball.radius)
        best = np.minimum(best, gains @ centre + flips)
    return np.asarray(best)


def _best_prefix(gains: np.ndarray, at_least: int, at_most: int) -> np.ndarray:
    """Greatest sum of at least and at most so many of a row's numbers."""
    at_most = min(at_most, gains.shape[1])
    if at_most < gains.shape[1]:
        cut = gains.shape[1] - at_most
        gains = np.partition(gains, cut - 1, axis=1)[:, cut:]
    ordered = -np.sort(-gains, axis=1)
    sums = np.zeros((len(gains), at_most + 1))
    np.cumsum(ordered, axis=1, out=sums[:, 1:])
    return np.asarray(sums[:, min(at_least, at_most) :].max(axis=1))
