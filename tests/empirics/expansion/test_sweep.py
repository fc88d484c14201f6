"""The experiment as a whole, on a tiny plan."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from superproof import Network
from superproof.empirics.expansion import sweep
from superproof.empirics.expansion.protocol import Setting, drawn, task_of
from superproof.empirics.expansion.published import BY_CLAUSES, BY_NEURONS, DENSE
from superproof.empirics.expansion.sweep import ARMS, SweepPlan, fixed_parameter_expansion
from superproof.empirics.expansion.sweep_files import explained, improvements, published
from superproof.empirics.finding import read_finding
from superproof.empirics.store import RunStore
from superproof.verify.errors import InputError

pytest.importorskip("torch")

FAST = Setting(points=300, rows=100, steps=20)
SLOW = Setting(points=300, rows=100, steps=40)
PLAN = SweepPlan((4,), (2, 8), 1, (FAST, SLOW))


@pytest.mark.parametrize("near", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("density", [0.25, 0.5])
def test_true_points_have_one_clause_and_false_ones_none(near: float, density: float) -> None:
    task = task_of(6, 4, 1)
    setting = Setting(near=near, density=density)
    fed, classes = drawn(task, setting, 1000, 0)
    counts = np.stack([fed[:, [i for i, _ in clause]].sum(axis=1) for clause in task.clauses])
    assert ((counts == 4).sum(axis=0) == classes).all()
    assert classes.sum() == 500
    missed = (counts == 3).any(axis=0) & (classes == 0)
    if near == 1:
        assert missed.sum() == 500
    assert (task.specification.expected(fed.astype(np.uint8))[:, 0] == classes).all()


def test_signed_points_are_the_same_bits() -> None:
    task = task_of(2, 4, 0)
    plain, classes = drawn(task, Setting(), 50, 3)
    signed, again = drawn(task, Setting(signed=True), 50, 3)
    assert (signed == 2 * plain - 1).all()
    assert (classes == again).all()


def test_published_numbers_are_found_by_size() -> None:
    assert published((8, 10), ("clause", 4)) == 35
    assert published((14, 8), ("random", 2)) == 36
    assert published((8, 8), ("clause", 2)) == BY_NEURONS["clause", 2][8]
    assert published((8, 8), ("gram", 2)) is None
    assert published((14, 10), ("clause", 2)) is None
    assert len(BY_CLAUSES) == len(BY_NEURONS) == 4


def test_the_experiment_writes_what_it_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # counting over 32 inputs takes all its patience, for every network
    monkeypatch.setattr(sweep, "COUNTED", 16)
    result = fixed_parameter_expansion(tmp_path, PLAN, device="cpu")
    assert len(result.runs) == len(PLAN.cells) * (1 + len(ARMS))
    assert result.setting in PLAN.settings
    assert result.gaps[result.setting.label] == min(result.gaps.values())
    for label, means in result.dense.items():
        gap = np.mean([abs(means[cell] - value) for cell, value in DENSE.items()])
        assert result.gaps[label] == pytest.approx(gap)
    for run in result.runs:
        assert run["nonzeros"] <= run["budget"]
        assert (run["wrong"] is None) == (run["inputs"] > 16)
        assert 0 <= run["accuracy"] <= 1
    small = [run for run in result.runs if run["clauses"] == 2]
    assert all(isinstance(run["wrong"], int) for run in small)
    assert improvements(result, (8, 4), ("random", 2)).shape == (1,)
    assert explained(result, ("random", 2), "capacity") is not None
    with result.files["csv"].open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(result.runs)
    finding = read_finding(result.files["finding"])
    assert "reconstruction" in finding.notes[0]
    for file in result.files.values():
        assert file.exists()

    with RunStore(tmp_path) as store:
        before = {run.key: run.finished for run in store.runs()}
    again = fixed_parameter_expansion(tmp_path, PLAN, device="cpu", resume=True)
    assert again.runs == result.runs
    with RunStore(tmp_path) as store:
        assert {run.key: run.finished for run in store.runs()} == before
        assert {run.device for run in store.runs()} == {"cpu"}
    assert finding.device == result.device == "cpu"
    with pytest.raises(InputError, match="add --resume"):
        fixed_parameter_expansion(tmp_path, PLAN, device="cpu")


def test_an_unknown_device_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown device 'tpu'"):
        fixed_parameter_expansion(tmp_path / "new", PLAN, device="tpu")
    assert not (tmp_path / "new").exists()


def test_counting_gives_up_after_its_patience() -> None:
    task = task_of(8, 4, 0)
    rng = np.random.default_rng(0)
    noise = Network.from_arrays(
        [rng.normal(size=(24, 32)).astype(np.float32), rng.normal(size=(1, 24)).astype(np.float32)],
        [np.zeros(24, np.float32), np.zeros(1, np.float32)],
    )
    assert sweep._wrong(noise, task.formula, 32, Setting(), 0.05) is None


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the seed must be 0 or more, not -2"):
        fixed_parameter_expansion(tmp_path, PLAN, seed=-2)


def test_wrong_inputs_are_counted_for_signed_inputs_too() -> None:
    from superproof.empirics.expansion.sweep import _wrong

    task = task_of(1, 4, 0)
    # true exactly where all four are 1, fed as -1 and 1
    right = Network.from_arrays([np.ones((1, 4)), np.ones((1, 1))], [np.array([-3.0]), None])
    assert _wrong(right, task.formula, 4, Setting(signed=True), 5.0) == 0
    assert _wrong(right, task.formula, 4, Setting(), 5.0) == 0
    looser = Network.from_arrays([np.ones((1, 4)), np.ones((1, 1))], [np.array([-1.0]), None])
    assert _wrong(looser, task.formula, 4, Setting(signed=True), 5.0) == 4
    assert _wrong(looser, task.formula, 4, Setting(), 5.0) == 10
