"""Searches find thresholds that are planted, and thresholds follow from the trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.constructions.smallest import success_interval
from superproof.empirics.capacity import search as module
from superproof.empirics.capacity.experiment import CapacityResult
from superproof.empirics.capacity.plan import NAME, CapacityPlan, planned, within
from superproof.empirics.capacity.search import Capacity, CapacitySearch
from superproof.empirics.store import Run, RunStore

from .conftest import TINY


class Planted:
    """In place of training: a run fails above a number of ANDs, softly by its seed."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most, self.asked = least, most, list[Any]()

    def train_runs(self, program: object, runs: Sequence[Any], **_: object) -> Iterator[Any]:
        self.asked += runs
        yield from runs

    def recorded(self, family: str, run: Any) -> Run:
        outputs = run.task.outputs
        limit = np.random.default_rng(run.seed).uniform(self.least, self.most)
        wrong = 0 if outputs <= limit else 1 if outputs <= 2 * limit else outputs
        one = planned(family, run)
        result = {"wrong": wrong, "points": 2 * outputs}
        return Run(NAME, one.configuration, one.seed, result=result)


def searched(
    planted: Planted, folder: Path, monkeypatch: pytest.MonkeyPatch, seeds: int = 6
) -> list[Capacity]:
    monkeypatch.setattr(module, "train_runs", planted.train_runs)
    monkeypatch.setattr(module, "recorded", planted.recorded)
    plan = CapacityPlan({"plain": (8,)}, seeds, {})
    with RunStore(folder) as store:
        return list(CapacitySearch(store, plan, 3).capacities())


def test_a_soft_threshold_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = Planted(60, 120)
    exact, tolerant = searched(planted, tmp_path, monkeypatch)
    assert (exact.family, exact.width, exact.tolerance) == ("plain", 8, 0)
    assert exact.threshold is not None
    assert exact.threshold.low < exact.threshold.outputs < exact.threshold.high
    assert 70 < exact.threshold.outputs < 110
    assert exact.every is not None
    assert exact.some is not None
    assert exact.every <= exact.some <= 120
    assert exact.every >= 45
    # a single wrong point is within the tolerance: twice as many ANDs
    assert tolerant.tolerance == Fraction(1, 20)
    assert tolerant.threshold is not None
    assert 140 < tolerant.threshold.outputs < 230
    assert exact.parameters is not None
    assert exact.bits == 32 * exact.parameters
    # no run was asked for twice, and every trial of a size has its own seed
    keys = [planned("plain", run).key for run in planted.asked]
    assert len(keys) == len(set(keys))
    assert len({run.seed for run in planted.asked}) == len(keys)


def test_curves_are_rates_with_intervals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, _ = searched(Planted(60, 120), tmp_path, monkeypatch)
    for s in exact.curve:
        assert s.tried == 6
        assert s.successes == sum(exact.outcomes[s.outputs])
        low, high = success_interval(s.successes, 6)
        assert s.low == pytest.approx(low)
        assert s.high == pytest.approx(high)


def test_a_sharp_threshold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, _ = searched(Planted(100, 100), tmp_path, monkeypatch, seeds=1)
    assert exact.every == exact.some
    assert exact.every is not None
    assert exact.threshold is not None
    assert exact.every <= 100 < exact.threshold.high * 1.02
    assert exact.threshold.outputs == pytest.approx(100, rel=0.15)


def test_nothing_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, _ = searched(Planted(1, 1), tmp_path, monkeypatch)
    assert (exact.every, exact.some, exact.threshold) == (None, None, None)
    assert (exact.parameters, exact.bits) == (None, None)


def test_everything_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, _ = searched(Planted(10**6, 10**6), tmp_path, monkeypatch, seeds=1)
    assert exact.threshold is None
    assert exact.every == exact.some == 7500


def test_capacities_follow_from_the_store(tiny: tuple[Path, CapacityResult]) -> None:
    folder, result = tiny
    with RunStore(folder) as store:
        runs = [run for run in store.runs(NAME) if "family" in run.configuration]
        assert len(runs) == result.runs == result.trained
        one = next(run for run in runs if run.configuration["family"] == "superposed")
        assert store.weights(one)["matrix"].shape == (20, 20)
    for c in result.capacities:
        for size, outcomes in c.outcomes.items():
            here = [
                run
                for run in runs
                if (run.configuration["family"], run.configuration["task"]["outputs"])
                == (c.family, size)
                and c.width
                in (run.configuration.get("neurons"), *run.configuration.get("hidden", []))
            ]
            assert len(here) == TINY.seeds
            assert sum(outcomes) == sum(within(run, c.tolerance) for run in here)
            assert all(run.result["exact"] == (run.result["wrong"] == 0) for run in here)
