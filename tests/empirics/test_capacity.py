"""The capacity experiment on a tiny plan: numbers, files, labels and resuming."""

from __future__ import annotations

import csv
import json
import math
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from superproof.empirics import capacity as experiment
from superproof.empirics.batch import Schedule
from superproof.empirics.capacity import CapacityPlan, CapacityResult, boolean_capacity
from superproof.empirics.capacity_lines import (
    counting_line,
    largest_outputs,
    plain_construction_line,
)
from superproof.empirics.tasks import random_pairwise_and
from superproof.empirics.train import DomainRecipe, train_pairwise_and
from superproof.theory.counting import labelled_distinct_ands
from superproof.verify.errors import InputError, MissingExtraError
from superproof.verify.problem import canonical_network, digest

TINY = CapacityPlan(
    widths=(3, 6),
    ladder=(4, 6, 12),
    seeds=3,
    recipe=DomainRecipe(Schedule(200, 0.2), restarts=2),
    most_starts=4,
    construction_sizes=(8, 16),
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CapacityResult]:
    folder = tmp_path_factory.mktemp("capacity")
    return folder, boolean_capacity(folder, TINY, seed=1, device="cpu")


def _lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_capacities_follow_from_the_runs(tiny: tuple[Path, CapacityResult]) -> None:
    folder, result = tiny
    runs = _lines(folder)
    assert list(result.runs) == runs
    assert result.trained == len(runs)
    assert [c.width for c in result.capacities] == [3, 6]
    for c in result.capacities:
        for index, value in enumerate(c.by_seed):
            mine = [r for r in runs if r["width"] == c.width and r["seed_index"] == index]
            assert value == max((r["outputs"] for r in mine if r["exact"]), default=0)
    for run in runs:
        assert run["exact"] == (run["exact_outputs"] == run["outputs"])
        assert run["exact"] == (run["violations"] == 0)
        assert run["domain_size"] == 1 + run["inputs"] + math.comb(run["inputs"], 2)
    # six neurons learn something, and the climb stops where no seed is exact
    assert min(result.capacities[1].by_seed) >= 4
    for c in result.capacities:
        climbed = sorted({r["outputs"] for r in runs if r["width"] == c.width})
        exact = [
            any(r["exact"] for r in runs if r["outputs"] == rung and r["width"] == c.width)
            for rung in climbed
        ]
        assert all(exact[:-1])


def test_a_run_can_be_trained_again_from_its_record(tiny: tuple[Path, CapacityResult]) -> None:
    folder, _ = tiny
    runs = [r for r in _lines(folder) if (r["width"], r["outputs"]) == (6, 6)]
    tasks = [random_pairwise_and(6, 6, run["seed"]) for run in runs]
    recipe = DomainRecipe(Schedule(200, 0.2), restarts=runs[0]["restarts"])
    again = train_pairwise_and(tasks, 6, [run["seed"] for run in runs], recipe=recipe)
    for run, trained in zip(runs, again, strict=True):
        assert run["network_sha256"] == digest(canonical_network(trained.network))
        assert run["exact_outputs"] == trained.exact_outputs


def test_files(tiny: tuple[Path, CapacityResult]) -> None:
    folder, result = tiny
    data = json.loads((folder / "capacity.json").read_text(encoding="utf-8"))
    assert data["seed"] == 1
    assert "exactly" in data["definition"]
    assert [c["by_seed"] for c in data["capacities"]] == [
        list(c.by_seed) for c in result.capacities
    ]
    assert data["runs"] == list(result.runs)
    with (folder / "capacity.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    trained = [(int(r["neurons"]), int(r["features"])) for r in rows if r["series"] == "trained"]
    assert trained == [(c.width, value) for c in result.capacities for value in c.by_seed]
    series = {row["series"] for row in rows}
    assert {"plain-construction", "counting-superposed-32", "counting-free-1"} <= series
    png = (folder / "capacity.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 10_000


def test_the_figure_names_its_lines(tiny: tuple[Path, CapacityResult]) -> None:
    folder, _ = tiny
    svg = (folder / "capacity.svg").read_text(encoding="utf-8")
    for text in (
        "Pairwise ANDs computed exactly, by number of neurons",
        "hidden neurons n",
        "trained,",
        "3 seeds",
        "plain construction,",
        "function in n×n",
        "weights of 32 bits",
        "weights free, 1 bit each",
        "one neuron an AND",
        "does not bind them",
    ):
        assert text in svg


def test_resume_skips_what_is_done(
    tiny: tuple[Path, CapacityResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, whole = tiny
    lines = (folder / "results.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    # stopped in the middle of a rung, while writing a line
    kept = len(lines) - 2
    (tmp_path / "results.jsonl").write_text("".join(lines[:kept]) + lines[kept][:20])
    rungs: list[tuple[int, int]] = []

    def counted(tasks: Any, width: int, *rest: Any) -> Any:
        rungs.append((width, tasks[0].outputs))
        return train_pairwise_and(tasks, width, *rest)

    monkeypatch.setattr(experiment, "train_pairwise_and", counted)
    resumed = boolean_capacity(tmp_path, TINY, seed=1, device="cpu", resume=True)
    last = whole.runs[-1]
    assert rungs == [(last["width"], last["outputs"])]
    assert resumed.trained == 3
    assert resumed.capacities == whole.capacities
    hashes = [[run["network_sha256"] for run in r.runs] for r in (resumed, whole)]
    assert hashes[0] == hashes[1]
    # and nothing at all the second time; another seed shares nothing
    boolean_capacity(tmp_path, TINY, seed=1, device="cpu", resume=True)
    assert len(rungs) == 1
    assert TINY.identity(1) != TINY.identity(2)


def test_earlier_results_are_not_overwritten(tiny: tuple[Path, CapacityResult]) -> None:
    folder, _ = tiny
    before = (folder / "results.jsonl").read_bytes()
    with pytest.raises(InputError, match="--resume"):
        boolean_capacity(folder, TINY, seed=1, device="cpu")
    assert (folder / "results.jsonl").read_bytes() == before


def test_progress_never_goes_back_and_ends_complete(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    plan = CapacityPlan((3,), (4,), 2, DomainRecipe(Schedule(30, 0.2), margin=1e9))
    boolean_capacity(
        tmp_path, plan, device="cpu", progress=lambda done, total: seen.append((done, total))
    )
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1][0] == seen[-1][1] == 30 * 11 * 2 * 8


def test_counting_lines_invert_the_bound() -> None:
    for form, bits in (("superposed", 32), ("free", 1), ("superposed", 4)):
        line = counting_line(form, bits, (3, 5, 9))
        for neurons, outputs in line.points:
            assert outputs
            for size, fits in ((outputs, True), (outputs + 1, False)):
                needed = labelled_distinct_ands(size, size).bits()
                held = (
                    neurons * neurons + neurons
                    if form == "superposed"
                    else neurons * (2 * size + 1) + size
                )
                assert (bits * held >= needed) == fits
    assert largest_outputs("pairwise-and-neurons-free", 4, 32) is None


def test_no_trained_network_breaks_the_bound_that_binds_it(
    tiny: tuple[Path, CapacityResult],
) -> None:
    _, result = tiny
    (line,) = [line for line in result.lines if line.name == "counting-free-32"]
    bound = {n: math.inf if outputs is None else outputs for n, outputs in line.points}
    for c in result.capacities:
        assert max(c.by_seed) <= bound[c.width]


def test_plain_construction_line() -> None:
    line = plain_construction_line((8, 40), 0)
    assert [outputs for _, outputs in line.points] == [8, 40]
    assert all(0 < neurons <= outputs for neurons, outputs in line.points)


def test_bad_plans_and_seeds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ladder must increase"):
        CapacityPlan((3,), (6, 4), 1, DomainRecipe())
    with pytest.raises(InputError, match="outputs from 3"):
        CapacityPlan((3,), (2, 4), 1, DomainRecipe())
    with pytest.raises(InputError, match="seed"):
        boolean_capacity(tmp_path, TINY, seed=-1)


@pytest.mark.parametrize("package", ["torch", "matplotlib"])
def test_missing_packages_name_the_extra(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"'{package}'.*superproof\[experiments\]"):
        boolean_capacity(tmp_path / "out", TINY)
    assert not (tmp_path / "out").exists()


def test_medians() -> None:
    assert experiment.Capacity(4, (8, 4, 6), (False,) * 3).median == Fraction(6)
