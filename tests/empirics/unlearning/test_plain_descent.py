"""Plain gradient descent against one written out in numpy."""

from __future__ import annotations

import dataclasses

import numpy as np

from superproof.empirics.training.schedule import Schedule
from superproof.empirics.unlearning.plain_descent import descend_plainly
from superproof.empirics.unlearning.survival import Time
from superproof.empirics.unlearning.tuning import Goal, Tuning

RNG = np.random.default_rng(4)
POINTS = RNG.integers(0, 2, (70, 6)).astype(np.float32)
TARGETS = (POINTS[:, :1] * POINTS[:, 1:2]).astype(np.float64)


def run(hidden: int, seed: int, steps: int = 400, rate: float = 0.3) -> Tuning:
    rng = np.random.default_rng(seed)
    start = {
        "0.weight": rng.normal(size=(hidden, 6)).astype(np.float32),
        "0.bias": rng.normal(size=hidden).astype(np.float32),
        "1.weight": rng.normal(size=(1, hidden)).astype(np.float32),
        "1.bias": np.array([-12], dtype=np.float32),
    }
    return Tuning(
        start, POINTS, TARGETS, np.ones(70), seed,
        Schedule(steps, rate, patience=1, decay="none", warm_up=0.0), rows=32,
        goal=Goal(POINTS[TARGETS[:, 0] == 1], 0.8, above=True),
    )  # fmt: skip


def by_hand(asked: Tuning) -> Time:
    """The same in float64, one network, batches in their order."""
    assert asked.goal is not None
    order = np.random.default_rng([asked.seed, 30]).permutation(len(asked.points))
    points, targets = asked.points[order].astype(float), asked.targets[order, 0]
    first, bias, second, last = (asked.start[name].astype(float) for name in asked.start)
    for step in range(asked.schedule.steps):
        part = slice(32 * (step % 3), 32 * (step % 3) + 32)
        x, y = points[part], targets[part]
        before = x @ first.T + bias
        slope = (1 / (1 + np.exp(-(np.maximum(before, 0) @ second[0] + last))) - y) / len(x)
        inner = np.outer(slope, second[0]) * (before > 0)
        second = second - asked.schedule.learning_rate * slope @ np.maximum(before, 0)
        last = last - asked.schedule.learning_rate * slope.sum()
        first = first - asked.schedule.learning_rate * inner.T @ x
        bias = bias - asked.schedule.learning_rate * inner.sum(axis=0)
        value = np.maximum(asked.goal.points @ first.T + bias, 0) @ second[0] + last
        if (value > 0).mean() >= asked.goal.level:
            return Time(step + 1, True)
    return Time(asked.schedule.steps, False)


def test_steps_are_those_of_gradient_descent() -> None:
    asked = [run(5 + seed % 3, seed) for seed in range(8)]
    found = descend_plainly(asked, "cpu")
    assert found == [by_hand(one) for one in asked]
    assert len({time.steps for time in found}) > 3
    # small batches, in another order
    assert descend_plainly(asked[::-1], "cpu", memory=1) == found[::-1]


def test_runs_that_do_not_get_there_are_censored() -> None:
    slow = run(5, 1, steps=3, rate=1e-6)
    wild = dataclasses.replace(slow, schedule=Schedule(40, 1e30, patience=1, decay="none"))
    quick = run(5, 2)
    found = descend_plainly([slow, quick, wild], "cpu")
    assert found[0] == Time(3, False)
    assert found[1] == by_hand(quick)
    assert found[2].steps <= 40
    assert descend_plainly([], "cpu") == []
