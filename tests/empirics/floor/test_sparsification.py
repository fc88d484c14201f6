"""The experiment as a whole, on tiny tasks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from superproof import Network, Problem, Specification, check
from superproof.empirics.finding import read_finding
from superproof.empirics.floor.sparsification import FloorPlan, sparsification_floor
from superproof.empirics.floor.ways import OFFERED, TURNS, WAYS, Effort
from superproof.empirics.store import RunStore
from superproof.verify.certificate import checker_of
from superproof.verify.errors import InputError

PLAN = FloorPlan({"plain": (8,), "trained": (8,)}, seeds=1, effort=Effort(draws=1, steps=20))


def test_every_way_is_explained() -> None:
    assert {way for ways in OFFERED.values() for way in ways} == set(WAYS)
    for kind, names in TURNS.items():
        assert set(names) <= set(OFFERED[kind])


def test_the_experiment_writes_what_it_promises(tmp_path: Path) -> None:
    result = sparsification_floor(tmp_path, PLAN, seed=4)
    assert [(f.kind, f.way) for f in result.finished] == [
        (kind, way) for kind in PLAN.sizes for way in OFFERED[kind]
    ]
    for file in result.files.values():
        assert file.exists()
    for finished in result.finished:
        # the bound is not for one network but for a family; small as it is, none is below it
        assert finished.last["exact"]
        assert finished.least["bits"] <= finished.begin["bits"]
        folder = tmp_path / finished.facts["exact_in"]
        problem = Problem(
            Network.load(folder / "network.onnx"), Specification.load(folder / "spec.toml")
        )
        assert check(problem.network, problem.specification).holds
        data = (folder / "certificate").read_bytes()
        assert checker_of(data).recheck(problem.canonical(), data).startswith("holds")
        if finished.facts["violated_in"] is not None:
            wrong = tmp_path / finished.facts["violated_in"]
            verdict = check(
                Network.load(wrong / "network.onnx"),
                Specification.load(wrong / "spec.toml"),
                count=True,
            )
            assert verdict.violations == finished.facts["wrong_inputs"]
    with (tmp_path / "floor.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(f.steps) for f in result.finished)
    data = json.loads((tmp_path / "floor.json").read_text(encoding="utf-8"))
    assert data["seed"] == 4
    finding = read_finding(tmp_path / "finding.json")
    assert finding.command[:2] == ["experiment", "sparsification-floor"]
    assert len(finding.tables[1].rows) == len(result.finished)

    # once more: nothing is done again, and nothing is different
    with RunStore(tmp_path) as store:
        before = {run.key: run.finished for run in store.runs()}
    again = sparsification_floor(tmp_path, PLAN, seed=4, resume=True)
    assert again.finished == result.finished
    with RunStore(tmp_path) as store:
        assert {run.key: run.finished for run in store.runs()} == before
    with pytest.raises(InputError, match="add --resume"):
        sparsification_floor(tmp_path, PLAN, seed=4)


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the seed must be 0 or more, not -1"):
        sparsification_floor(tmp_path, PLAN, seed=-1)
