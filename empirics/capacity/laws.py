"""Laws of growth fitted to measured capacity, compared by AIC, with intervals from the seeds.

A law ``m* = a f`` or ``m* = a f^b`` is fitted by least squares of the logarithms over the widths.
AIC = k ln(RSS / k) + 2 (coefficients + 1) for k widths. Intervals are percentiles over draws in
which, at every width and size, the seeds are drawn again with replacement and everything is fitted
anew; so they hold the luck of training, and not that a law may be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .families import FAMILIES, Family
from .search import Capacity

#: Ends of the intervals, per cent.
ENDS = (2.5, 97.5)
#: Grid of half points and of widths of a resampled threshold.
PLACES, WIDTHS = 401, 25
#: Fewer widths than this are not fitted.
FEWEST = 3


@dataclass(frozen=True)
class Law:
    """A law of growth.

    Attributes:
        name: formula.
        free: whether the exponent is fitted.
        feature: f, of the family, a width and the number of ANDs there.
    """

    name: str
    free: bool
    feature: Callable[[Family, int, float], float]


def _parameters(family: Family, width: int, outputs: float) -> float:
    return family.parameters(width, outputs)


def _per_logarithm(family: Family, width: int, outputs: float) -> float:
    held = family.parameters(width, outputs)
    return held / math.log(held)


LAWS = (
    Law("a P^b", True, _parameters),
    Law("a P / log P", False, _per_logarithm),
    Law("a n^2 / log n", False, lambda family, width, outputs: width**2 / math.log(width)),
    Law("a n^b", True, lambda family, width, outputs: float(width)),
)


@dataclass(frozen=True)
class LawFit:
    """A law at its best, natural logarithms throughout.

    Attributes:
        family, tolerance: of which capacities.
        law: its formula.
        scale, scale_low, scale_high: a, and its 95 % interval over the seeds.
        exponent, exponent_low, exponent_high: b in the same way; None where the law has none.
        spread: typical factor between law and measurement, e^(root mean square of the residuals).
        aic: less is better; only differences within a family count.
        excess: AIC above that of the best law.
        best: share of the draws in which this law has the least AIC.
        widths: number of widths, k.
    """

    family: str
    tolerance: float
    law: str
    scale: float
    scale_low: float
    scale_high: float
    exponent: float | None
    exponent_low: float | None
    exponent_high: float | None
    spread: float
    aic: float
    excess: float
    best: float
    widths: int


def resampled_thresholds(
    capacity: Capacity, draws: int, rng: np.random.Generator
) -> np.ndarray | None:
    """Natural logarithms of the half points when seeds are drawn again: (draws,); None for none.

    The likelihood and its grid are those of :func:`..transition.transition`, on fewer places.
    """
    if capacity.threshold is None:
        return None
    sizes = sorted(capacity.outcomes)
    x = np.log(np.array(sizes, dtype=np.float64))
    right = np.stack(
        [
            rng.binomial(len(capacity.outcomes[size]), np.mean(capacity.outcomes[size]), draws)
            for size in sizes
        ]
    )
    tried = np.array([len(capacity.outcomes[size]) for size in sizes])[:, None]
    span = float(np.ptp(x))
    halves = np.linspace(x[0] - span / 2, x[-1] + span / 2, PLACES)
    widths = np.geomspace(float(np.diff(x).min()) / 50, span, WIDTHS)
    z = ((x - halves[:, None, None]) / widths[:, None]).reshape(-1, len(x))
    fits = -(np.logaddexp(0.0, z) @ right + np.logaddexp(0.0, -z) @ (tried - right))
    profile = fits.reshape(PLACES, WIDTHS, draws).max(axis=1)
    # the middle of the places that do equally well, as between two sharp sides
    top = profile >= profile.max(axis=0) - 1e-6
    first, last = top.argmax(axis=0), PLACES - 1 - top[::-1].argmax(axis=0)
    return np.asarray((halves[first] + halves[last]) / 2)


def fitted_laws(capacities: Sequence[Capacity], draws: int, seed: int) -> tuple[LawFit, ...]:
    """All laws by family and criterion; none where fewer than three widths have a threshold."""
    found: list[LawFit] = []
    for name, family in FAMILIES.items():
        for tolerance in sorted({c.tolerance for c in capacities}):
            chosen = [
                c
                for c in capacities
                if (c.family, c.tolerance) == (name, tolerance) and c.threshold
            ]
            if len(chosen) >= FEWEST:
                found += _fitted(family, chosen, draws, seed)
    return tuple(found)


def _fitted(family: Family, chosen: Sequence[Capacity], draws: int, seed: int) -> list[LawFit]:
    rng = np.random.default_rng([seed, 40])
    samples = [resampled_thresholds(capacity, draws, rng) for capacity in chosen]
    drawn = np.stack([sample for sample in samples if sample is not None])
    measured = np.log([[c.threshold.outputs] for c in chosen if c.threshold is not None])
    widths = [c.width for c in chosen]
    # in superposition P is n^2 + 1, and a n^b is a P^(b/2)
    laws = LAWS if family.name == "plain" else LAWS[:-1]
    once = [_solved(law, family, widths, measured) for law in laws]
    again = [_solved(law, family, widths, drawn) for law in laws]
    scores = np.array([fit.aic for fit in again])
    shares = np.bincount(scores.argmin(axis=0), minlength=len(laws)) / draws
    least = min(float(fit.aic[0]) for fit in once)
    found = []
    for law, fit, resampled, share in zip(laws, once, again, shares, strict=True):
        scale_low, scale_high = _ends(resampled.scale)
        low, high = _ends(resampled.exponent)
        found.append(
            LawFit(
                family=family.name,
                tolerance=float(chosen[0].tolerance),
                law=law.name,
                scale=float(fit.scale[0]),
                scale_low=scale_low,
                scale_high=scale_high,
                exponent=float(fit.exponent[0]) if law.free else None,
                exponent_low=low if law.free else None,
                exponent_high=high if law.free else None,
                spread=float(fit.spread[0]),
                aic=float(fit.aic[0]),
                excess=float(fit.aic[0]) - least,
                best=float(share),
                widths=len(widths),
            )
        )
    return found


@dataclass(frozen=True)
class _Solved:
    """Coefficients, spread and AIC of one law, an entry a draw."""

    scale: np.ndarray
    exponent: np.ndarray
    spread: np.ndarray
    aic: np.ndarray


def _solved(law: Law, family: Family, widths: Sequence[int], logs: np.ndarray) -> _Solved:
    """Least squares for every column of logarithms of capacities (widths, draws)."""
    feature = np.log(
        [
            [law.feature(family, width, float(value)) for value in np.exp(row)]
            for width, row in zip(widths, logs, strict=True)
        ]
    )
    exponent = np.ones(logs.shape[1])
    if law.free:
        centred = feature - feature.mean(axis=0)
        exponent = (centred * logs).sum(axis=0) / (centred**2).sum(axis=0)
    residuals = logs - exponent * feature
    scale = residuals.mean(axis=0)
    variance = ((residuals - scale) ** 2).mean(axis=0)
    # a fit without residuals would have no AIC
    variance = np.maximum(variance, 1e-12)
    aic = len(widths) * np.log(variance) + 2 * (2 + law.free)
    return _Solved(np.exp(scale), exponent, np.exp(np.sqrt(variance)), aic)


def _ends(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, ENDS)
    return float(low), float(high)
