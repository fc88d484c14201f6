"""Planted laws are found again, the best one has the least AIC, and intervals hold the truth."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from superproof.empirics.capacity.families import FAMILIES
from superproof.empirics.capacity.laws import fitted_laws, resampled_thresholds
from superproof.empirics.capacity.search import Capacity, measured_capacity
from superproof.empirics.size_search import sufficient

WIDTHS = (16, 24, 32, 48, 64, 96)


def planted(family: str, width: int, half: float, seeds: int = 40) -> Capacity:
    """Trials of a logistic curve of width .1 in ln m', drawn by the width."""
    rng = np.random.default_rng([width, 2])
    outcomes = {}
    for share in np.exp(np.linspace(-0.5, 0.5, 9)):
        size = round(half * share)
        chance = 1 / (1 + math.exp(math.log(size / half) / 0.1))
        outcomes[size] = list(rng.random(seeds) < chance)
    found = sufficient({size: [not right for right in trials] for size, trials in outcomes.items()})
    return measured_capacity(family, width, Fraction(0), found, outcomes)


@pytest.mark.parametrize(
    ("law", "half"),
    [
        ("a n^2 / log n", lambda n: 0.9 * n**2 / math.log(n)),
        ("a P^b", lambda n: 2.0 * (n**2 + 1) ** 0.6),
    ],
)
def test_planted_laws_are_found(law: str, half: Callable[[int], float]) -> None:
    capacities = [planted("superposed", n, half(n)) for n in WIDTHS]
    fits = {fit.law: fit for fit in fitted_laws(capacities, 200, 0)}
    assert set(fits) == {"a P^b", "a P / log P", "a n^2 / log n"}
    power = fits["a P^b"]
    assert power.exponent is not None
    assert power.exponent_low is not None
    assert power.exponent_high is not None
    best = min(fits.values(), key=lambda fit: fit.aic)
    assert best.excess == 0
    assert sum(fit.best for fit in fits.values()) == pytest.approx(1)
    for fit in fits.values():
        assert fit.scale_low <= fit.scale <= fit.scale_high
        assert fit.widths == len(WIDTHS)
        assert fit.spread >= 1
    if law == "a P^b":
        assert best is power
        assert power.exponent_low < 0.6 < power.exponent_high
        assert fits["a n^2 / log n"].excess > 10
    else:
        # P / log P differs from it by a factor of two, nearly
        assert best.law in ("a n^2 / log n", "a P / log P")
        assert fits["a n^2 / log n"].scale_low < 0.9 < fits["a n^2 / log n"].scale_high
        ratio = fits["a P / log P"].scale / fits["a n^2 / log n"].scale
        assert ratio == pytest.approx(2, rel=0.01)


def test_aic_by_hand() -> None:
    capacities = [planted("superposed", n, 2.0 * n) for n in WIDTHS]
    logs = np.log([c.threshold.outputs for c in capacities if c.threshold])
    feature = np.log([n**2 / math.log(n) for n in WIDTHS])
    scale = float((logs - feature).mean())
    rss = float(((logs - feature - scale) ** 2).sum())
    (fit,) = [f for f in fitted_laws(capacities, 50, 0) if f.law == "a n^2 / log n"]
    assert fit.scale == pytest.approx(math.exp(scale))
    assert fit.aic == pytest.approx(6 * math.log(rss / 6) + 4)
    assert fit.spread == pytest.approx(math.exp(math.sqrt(rss / 6)))
    power = np.polyfit(np.log([n**2 + 1 for n in WIDTHS]), logs, 1)
    (free,) = [f for f in fitted_laws(capacities, 50, 0) if f.law == "a P^b"]
    assert free.exponent == pytest.approx(power[0])


def test_plain_networks_also_get_a_law_in_their_width() -> None:
    capacities = [planted("plain", n, 3.0 * n**1.5) for n in WIDTHS]
    fits = {fit.law: fit for fit in fitted_laws(capacities, 100, 0)}
    assert fits["a n^b"].exponent == pytest.approx(1.5, abs=0.05)
    # P = n (m + m' + 1) + m' there
    c = capacities[0]
    assert c.threshold is not None
    assert c.parameters == FAMILIES["plain"].parameters(16, c.threshold.outputs)


def test_resampled_thresholds_spread_like_the_interval() -> None:
    c = planted("superposed", 32, 200.0)
    drawn = resampled_thresholds(c, 400, np.random.default_rng(0))
    assert drawn is not None
    assert c.threshold is not None
    low, middle, high = np.exp(np.percentile(drawn, [2.5, 50, 97.5]))
    assert middle == pytest.approx(c.threshold.outputs, rel=0.03)
    assert low < c.threshold.outputs < high
    assert math.log(high / low) == pytest.approx(
        math.log(c.threshold.high / c.threshold.low), rel=1
    )


def test_few_widths_are_not_fitted() -> None:
    assert fitted_laws([planted("superposed", n, 50.0) for n in (16, 24)], 20, 0) == ()
    empty = measured_capacity("superposed", 16, Fraction(0), sufficient({3: [True]}), {3: [False]})
    assert empty.threshold is None
    assert resampled_thresholds(empty, 5, np.random.default_rng(0)) is None
