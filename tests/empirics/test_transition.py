"""Half points of two answers: recovered, covered by their intervals, or none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from superproof.empirics.transition import transition


def test_a_known_curve() -> None:
    rng = np.random.default_rng(0)
    places = np.linspace(0.7, 1.2, 9)
    chance = 1 / (1 + np.exp(-(places - 0.93) / 0.05))
    covered = 0
    for _ in range(20):
        second = rng.binomial(60, chance)
        found = transition(places.tolist(), (60 - second).tolist(), second.tolist())
        assert found is not None
        assert found.low < found.half < found.high
        assert abs(found.half - 0.93) < 0.05
        assert 0.02 < found.width < 0.1
        covered += found.low <= 0.93 <= found.high
    # 19 expected
    assert covered >= 16


def test_the_interval_is_that_of_the_likelihood() -> None:
    places, first, second = [0.0, 1.0, 2.0, 3.0], [9, 6, 3, 1], [1, 4, 7, 9]
    found = transition(places, first, second)
    assert found is not None

    def best(half: float) -> float:
        values = []
        for width in np.geomspace(0.02, 3.0, 600):
            terms = [
                -a * math.log1p(math.exp((x - half) / width))
                - b * math.log1p(math.exp(-(x - half) / width))
                for x, a, b in zip(places, first, second, strict=True)
            ]
            values.append(sum(terms))
        return max(values)

    top = best(found.half)
    for end in (found.low, found.high):
        assert top - best(end) == pytest.approx(1.92, abs=0.05)


def test_counts_that_do_not_overlap_leave_the_gap_open() -> None:
    found = transition([1.0, 2.0, 3.0, 4.0], [5, 5, 0, 0], [0, 0, 5, 5])
    assert found is not None
    assert found.half == pytest.approx(2.5, abs=0.01)
    assert 2.0 < found.low < 2.1
    assert 2.9 < found.high < 3.0


@pytest.mark.parametrize(
    ("places", "first", "second"),
    [
        ([1.0, 2.0], [3, 3], [0, 0]),
        ([1.0, 2.0], [0, 0], [3, 3]),
        ([1.0], [1], [1]),
        ([], [], []),
    ],
)
def test_nothing_changes_over(places: list[float], first: list[int], second: list[int]) -> None:
    assert transition(places, first, second) is None
