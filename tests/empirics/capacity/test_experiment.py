"""The capacity experiment on a tiny plan: files, labels, resuming, and what is refused."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from superproof.empirics import store_schema
from superproof.empirics.capacity.capacity_files import (
    capacity_columns,
    capacity_rows,
    fit_rows,
    law_sentence,
)
from superproof.empirics.capacity.experiment import CapacityResult, boolean_capacity
from superproof.empirics.capacity.references import counted_bits
from superproof.empirics.finding import read_finding
from superproof.empirics.store import RunStore
from superproof.verify.errors import InputError, MissingExtraError

from .conftest import TINY


def test_numbers(tiny: tuple[Path, CapacityResult]) -> None:
    folder, result = tiny
    data = json.loads((folder / "capacity.json").read_text(encoding="utf-8"))
    assert data["seed"] == 1
    assert "counted exactly" in data["definition"]
    assert data["networks_decided"] == result.runs
    assert [c["width"] for c in data["capacities"]] == [3, 3, 4, 4, 5, 5, 20, 20]
    for held, c in zip(data["capacities"], result.capacities, strict=True):
        assert held["every"] == c.every
        assert held["outcomes"] == {str(k): list(v) for k, v in c.outcomes.items()}
    with (folder / "capacity.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    trained = [row for row in rows if row["kind"] == "trained"]
    assert [(row["series"], int(row["neurons"])) for row in trained] == [
        (c.family, c.width) for c in result.capacities
    ]
    assert len([row for row in rows if row["kind"] == "certified construction"]) == 4
    with (folder / "success.csv").open(newline="", encoding="utf-8") as file:
        success = list(csv.DictReader(file))
    assert len(success) == sum(len(c.curve) for c in result.capacities)
    assert all(float(row["low"]) <= float(row["high"]) for row in success)


def test_laws_that_cannot_be_told_apart_are_named_together(
    tiny: tuple[Path, CapacityResult],
) -> None:
    first = tiny[1].fits[0]
    laws = [
        replace(first, law=law, excess=excess)
        for law, excess in (("a P^b", 1.5), ("a n^b", 0.0), ("a P / log P", 7.0))
    ]
    assert law_sentence(laws) == (
        " Of the laws, m* = a n^b has the least AIC; m* = a P^b cannot be told from it, within 2."
    )
    assert law_sentence(laws[1:]) == " Of the laws, m* = a n^b has the least AIC."
    assert law_sentence([]) == ""


def test_tables(tiny: tuple[Path, CapacityResult]) -> None:
    folder, result = tiny
    rows = capacity_rows(result, "plain")
    assert [row[0] for row in rows] == [3, 4, 5]
    assert all(len(row) == len(capacity_columns(TINY.tolerance)) for row in rows)
    assert all(row[-1] == "over 1,048,576" for row in rows)
    assert isinstance(capacity_rows(result, "superposed")[0][-1], int)
    fitted = {(fit.family, fit.law) for fit in result.fits}
    assert ("plain", "a n^2 / log n") in fitted
    assert all(family == "plain" for family, _ in fitted)
    finding = read_finding(folder / "finding.json")
    titles = [table.title for table in finding.tables]
    assert titles == [
        "Trained, all weights free: ANDs by neurons",
        "Trained, in superposition: ANDs by neurons",
        "Laws of growth",
        "Certified constructions, least width found",
    ]
    assert len(finding.tables[2].rows) == len(fit_rows(result))
    assert finding.command[:2] == ["experiment", "boolean-capacity"]
    assert f"{result.runs:,} networks were trained and decided exactly" in finding.notes[0]
    for figure in finding.figures:
        assert (folder / figure).read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "capacity.svg",
            ("hidden neurons n", "certified: plain 0/1 code", "one neuron an AND",
             "counting bound, n x n weights of 14 bits", "counting bound, free 1-bit weights",
             "trained, all weights free", "trained, in superposition"),
        ),
        (
            "parameters.svg",
            ("parameters P that may depend on the function", "counting bound, any form, 1 bit each",
             "trained, all weights free"),
        ),
        ("bits.svg", ("bits of the parameters", "counting bound, any form")),
        ("success.svg", ("share of trials without error", "n = 3", "Clopper-Pearson")),
    ],
)  # fmt: skip
def test_figures_name_their_lines(
    name: str, texts: tuple[str, ...], tiny: tuple[Path, CapacityResult]
) -> None:
    folder, _ = tiny
    svg = (folder / name).read_text(encoding="utf-8")
    for text in texts:
        assert text in svg
    png = (folder / name).with_suffix(".png").read_bytes()
    assert png.startswith(b"\x89PNG")


def test_no_trained_network_breaks_the_bound_that_binds_it(
    tiny: tuple[Path, CapacityResult],
) -> None:
    _, result = tiny
    compared = 0
    for c in result.capacities:
        if c.some is None or c.tolerance:
            continue
        bound = result.bounds[c.family][c.width]
        assert c.some <= (math.inf if bound is None else bound)
        assert c.bits is None or c.bits >= counted_bits(c.some)
        compared += 1
    assert compared >= 3


def test_nothing_is_trained_twice(tiny: tuple[Path, CapacityResult]) -> None:
    folder, result = tiny
    with pytest.raises(InputError, match=r"runs\.sqlite: holds .* finished runs; add --resume"):
        boolean_capacity(folder, TINY, seed=1, device="cpu")
    again = boolean_capacity(folder, TINY, seed=1, device="cpu", resume=True)
    assert again.trained == 0
    assert (again.capacities, again.fits, again.built) == (
        result.capacities,
        result.fits,
        result.built,
    )


CHILD = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from superproof.empirics.capacity.experiment import boolean_capacity
from superproof.empirics.capacity.plan import CapacityPlan
plan = CapacityPlan({{"plain": (4,)}}, 2, {{"plain-code": (16,)}}, most_outputs=32, resamples=5)
boolean_capacity(Path(sys.argv[1]), plan, device="cpu", resume=True)
"""


def recorded(folder: Path) -> list[str]:
    try:
        with sqlite3.connect(folder / "runs.sqlite", timeout=60) as connection:
            return [key for (key,) in connection.execute("SELECT key FROM runs ORDER BY rowid")]
    except sqlite3.OperationalError:
        return []


@pytest.mark.slow
def test_a_killed_experiment_loses_nothing(tmp_path: Path) -> None:
    root = str(Path(store_schema.__file__).resolve().parent.parent)
    words = [sys.executable, "-c", CHILD.format(root=root), str(tmp_path)]
    process = subprocess.Popen(words)
    while len(recorded(tmp_path)) < 6 and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = recorded(tmp_path)
    assert len(before) >= 6
    subprocess.run(words, check=True)
    after = recorded(tmp_path)
    assert after[: len(before)] == before
    assert len(after) == len(set(after))
    with RunStore(tmp_path) as store:
        runs = [run for run in store.runs() if "family" in run.configuration]
        for run in runs:
            # no run without its weights, wherever the process was killed
            assert store.weights(run)["0.weight"].shape[0] == 4
    data = json.loads((tmp_path / "capacity.json").read_text(encoding="utf-8"))
    assert data["networks_decided"] == len(runs)


def test_progress_never_goes_back(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    plan = type(TINY)({"plain": (3,)}, 1, {}, most_outputs=12, resamples=5)
    boolean_capacity(
        tmp_path, plan, device="cpu", progress=lambda done, total: seen.append((done, total))
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(done <= total for done, total in seen)
    # at the end nothing is left
    assert seen[-1][0] == seen[-1][1] > 0


def test_bad_requests_write_nothing(tmp_path: Path) -> None:
    for options, message in (
        ({"seed": -1}, "the seed must be 0 or more, not -1"),
        ({"device": "tpu"}, "unknown device 'tpu'; use one of auto, cpu, cuda"),
    ):
        with pytest.raises(InputError, match=message):
            boolean_capacity(tmp_path / "out", TINY, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("package", ["torch", "matplotlib"])
def test_missing_packages_name_the_extra(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"'{package}'.*superproof\[experiments\]"):
        boolean_capacity(tmp_path / "out", TINY)
    assert not (tmp_path / "out").exists()
