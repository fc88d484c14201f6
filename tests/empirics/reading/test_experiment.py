"""The reading experiment on a few small networks, resumed, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics.finding import read_finding
from superproof.empirics.reading import obdd
from superproof.empirics.reading.measurement import chance, measure, permuted, scored
from superproof.empirics.reading.plan import FULL, QUICK, ReadingPlan, cell_of
from superproof.empirics.reading.stacked import DeepCell, StackedCell
from superproof.empirics.reading.training import Cell, train
from superproof.empirics.tasks import random_dnf
from superproof.verify.errors import InputError, MissingExtraError
from superproof.verify.network import Network

from .built import all_points, dnf_network, reads

SMALL = ReadingPlan(
    cells=(Cell("dnf", 8, 2, 3, 6), Cell("cnf", 8, 2, 3, 6, mixed=True)),
    seeds=1,
    chance=(Cell("dnf", 8, 2, 3, 6),),
    chance_seeds=1,
    neurons=(2,),
    clauses=(1, 2),
    capacity_seeds=1,
    timeout=20.0,
    stacks=(StackedCell("cnf", 8, 3, hidden=6, upper_hidden=8),),
    deep=(DeepCell(8, 2, 3, (6, 6), mixed=True),),
)


def test_the_experiment_writes_its_finding_and_resumes(tmp_path: Path) -> None:
    pytest.importorskip("dd")
    from superproof.empirics.reading.experiment import reading

    seen: list[tuple[int, int]] = []
    # the capacity cells have 16 inputs
    result = reading(tmp_path, SMALL, seed=3, device="cpu", progress=lambda *at: seen.append(at))
    assert seen[-1] == (7, 7)
    finding = read_finding(tmp_path / "finding.json")
    assert finding.name == "reading"
    assert "exact questions on average" in finding.summary
    assert any("reconstruction" in note for note in finding.notes)
    assert {"questions.svg", "capacity.svg"} == set(finding.figures)
    assert all((tmp_path / name).is_file() for name in finding.figures)
    lines = (tmp_path / "reading.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    read = [run.result for run in result.part("read")]
    assert all(r["proved"] for r in read if r["exact"])
    assert all(set(r["learners"]) == {"queries", "leaves", "decode"} for r in read if r["exact"])
    (stack,), (deep,) = ([run.result for run in result.part(part)] for part in ("stacked", "deep"))
    assert stack["blocks"] == stack["exact_blocks"] == 4
    assert stack["cut_right"]
    assert stack["units_right"] == 3
    assert deep["exact"]
    assert deep["stages"] == 0
    for layered in (stack, deep):
        assert layered["proved"]
        assert layered["certified"]
        assert layered["as_specified"]
    (table,) = [one for one in finding.tables if one.title.startswith("Stacked and deep")]
    assert [row[1] for row in table.rows] == [1, 1]
    assert "stacks of trained blocks, 1 of 1 (100.0 %) were exact" in finding.summary
    assert "two hidden layers, 1 of 1 (100.0 %) were exact" in finding.summary
    assert len((tmp_path / "stacked.csv").read_text(encoding="utf-8").splitlines()) == 3
    again = reading(tmp_path, SMALL, seed=3, device="cpu", resume=True)
    assert [run.key for run in again.runs] == [run.key for run in result.runs]
    assert [run.seconds for run in again.runs] == [run.seconds for run in result.runs]
    with pytest.raises(InputError, match="--resume"):
        reading(tmp_path, SMALL, seed=3, device="cpu")
    with pytest.raises(InputError, match="the seed must be 0 or more, not -1"):
        reading(tmp_path / "other", SMALL, seed=-1)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dd", None)
    with pytest.raises(MissingExtraError, match=r'pip install "superproof\[reading\]"'):
        obdd.require_dd()


def test_diagrams_agree_with_enumeration() -> None:
    pytest.importorskip("dd")
    for seed in range(3):
        task = random_dnf(9, 3, 3, seed, mixed=True)
        network = dnf_network(9, task.clauses)
        done = obdd.compile_obdd(network, task.clauses)
        assert done.as_formula
        assert done.models == int(reads(network, all_points(9)).sum())
        other = obdd.compile_obdd(network, task.clauses[:2])
        assert other.as_formula is False
        rng = np.random.default_rng(seed)
        random = Network.from_arrays(
            [rng.normal(size=(5, 9)), rng.normal(size=(1, 5))], [rng.normal(size=5), [0.2]]
        )
        found = obdd.compile_obdd(random, ())
        assert found.models == int(reads(random, all_points(9)).sum())
    assert obdd.compile_obdd(random, (), timeout=-1.0).nodes in (None, found.nodes)
    with pytest.raises(InputError, match="two layers of relu, one output"):
        obdd.compile_obdd(Network.from_arrays([[[1.0]]]), ())


def test_one_network_is_measured() -> None:
    task = random_dnf(10, 3, 3, 4, mixed=True)
    network = dnf_network(10, task.clauses)
    found = measure(network, task.specification, task, exact=True, seed=0, baselines=False)
    assert found["proved"]
    assert found["certified"]
    assert found["as_specified"]
    assert found["same_clauses"]
    assert found["verify_calls"] == 1
    assert found["decoders"]["hess"]["equivalent"]
    json.dumps(found, allow_nan=False)


def test_static_clauses_are_scored() -> None:
    clauses = random_dnf(10, 3, 3, 4, mixed=True).clauses
    assert scored(clauses, clauses) == {
        "found": 3, "recall": 1.0, "precision": 1.0, "equivalent": True,
    }  # fmt: skip
    half = scored([clauses[0], ((0, True),)], clauses)
    assert (half["recall"], half["precision"], half["equivalent"]) == (1 / 3, 0.5, False)
    assert scored([], clauses)["precision"] is None


def test_layers_without_structure_are_decoded_too() -> None:
    from superproof.empirics.reading.hidden_layer import hidden_layer

    layer = hidden_layer(dnf_network(10, random_dnf(10, 3, 3, 4).clauses, copies=3), 0)
    assert layer is not None
    assert chance(layer, 0)["hess"]["found"] == 3
    mixed, before = permuted(layer, 1).first, layer.first
    assert np.sort(mixed.ravel()).tolist() == np.sort(before.ravel()).tolist()
    assert (mixed != before).any()


def test_cells_are_tasks() -> None:
    pattern, count = Cell("pattern", 10, 1, 3, 8), Cell("atleast", 10, 5, 3, 8, mixed=True)
    task = pattern.run(1).task.formula_task
    assert task is not None
    assert len(task.clauses) == 8
    counted = count.run(1).task.formula_task
    assert counted is not None
    assert len(counted.clauses) == 10
    assert len({i for clause in counted.clauses for i, _ in clause}) == 5
    for plan in (QUICK, FULL):
        planned = plan.planned(0)
        assert len({one.key for one in planned}) == len(planned)
        for one in planned:
            if one.configuration["part"] in ("read", "chance", "capacity"):
                cell_of(dict(one.configuration)).run(one.seed)


def test_shuffled_labels_train_without_counterexamples() -> None:
    (_, done), *_ = train([(Cell("dnf", 8, 2, 3, 4), 0)], shuffled=True)
    assert done.rounds == 0
    assert not done.exact
