"""Recovery times with censored runs."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.empirics.unlearning.survival import Time, kaplan_meier, log_rank, median


def test_the_textbook_example() -> None:
    # times 6, 6, 6, 6+, 7, 9+, 10, 10+: the first steps of Freireich's 6-MP group
    times = [Time(6, True)] * 3 + [Time(6, False), Time(7, True), Time(9, False)]
    times += [Time(10, True), Time(10, False)]
    curve = kaplan_meier(times)
    assert curve.steps.tolist() == [6, 7, 10]
    assert curve.left == pytest.approx([5 / 8, 5 / 8 * 3 / 4, 5 / 8 * 3 / 4 / 2])


def test_medians() -> None:
    assert median([Time(3, True), Time(5, True), Time(9, True)]) == 5
    assert median([Time(3, True), Time(9, False), Time(9, False)]) is None
    assert median([Time(0, True), Time(9, False)]) == 0


def test_log_rank() -> None:
    early = [Time(step, True) for step in range(1, 20)]
    late = [Time(100, False)] * 15 + [Time(90, True)] * 4
    found = log_rank(early, late)
    assert found is not None
    assert found < 1e-5
    same = log_rank(early, early)
    assert same is not None
    assert same > 0.9
    assert log_rank([], late) is None
    assert log_rank([Time(9, False)], [Time(9, False)]) is None


def test_log_rank_holds_its_level() -> None:
    rng = np.random.default_rng(0)
    low = 0
    for _ in range(200):
        times = [Time(int(s), bool(s < 50)) for s in np.minimum(rng.geometric(0.03, 40), 50)]
        found = log_rank(times[:20], times[20:])
        low += found is not None and found < 0.05
    assert low < 25
