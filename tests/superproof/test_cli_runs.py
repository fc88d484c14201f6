from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from superproof.empirics.store import Run, RunStore

from ..empirics.test_store import refuse_writing
from .conftest import Run as Command


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with RunStore(tmp_path / "results") as held:
        for seed in range(50):
            held.record(Run("toy", {"width": seed % 5}, seed, result={"loss": seed / 7}))
    return tmp_path / "results"


def test_listing(superproof: Command, store: Path) -> None:
    answer = superproof("runs", store)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "In all of them: experiment toy, status finished, seconds 0"
    assert lines[1].split() == ["seed", "width", "loss"]
    assert lines[-1] == "50 runs, the last 40 shown; --all lists them"
    assert lines[3].split()[:2] == ["10", "0"]
    answer = superproof("runs", store, "--all", "--where", "width=3", "--where", "seed<20")
    assert answer.out.splitlines()[-1] == "4 runs"


def test_a_table_with_many_columns_stays_readable(superproof: Command, tmp_path: Path) -> None:
    with RunStore(tmp_path) as held:
        for seed in range(12):
            asked = {"width": seed, "again": seed, "group": seed % 2, "twin": -(seed % 2)}
            numbers = {f"number{k}": seed + k / 7 for k in range(1, 30)}
            verdict = {"status": "holds" if seed else "violated", "violations": 0}
            result = numbers | {"two": "a\nb"}
            held.record(Run("toy", asked, seed, result=result, verdict=verdict))
    lines = superproof("runs", tmp_path).out.splitlines()
    assert lines[0] == (
        "In all of them: experiment toy, status finished, two 'a\\nb', violations 0, seconds 0"
    )
    heads = lines[1].split()
    # seed says what width and again say, group what twin says
    assert heads[:3] == ["seed", "group", "number1"]
    assert heads[-1] == "verdict"
    assert all(len(line) <= 100 for line in lines[1:-2])
    assert len(lines) == 3 + 12 + 2
    assert lines[-2].startswith("No room here, see --csv or --json: number")
    assert lines[-2].endswith(" more")


def test_files(superproof: Command, store: Path, tmp_path: Path) -> None:
    answer = superproof("runs", store, "--csv", tmp_path / "t.csv", "--where", "seed>47")
    assert answer.out == f"2 runs written to {tmp_path / 't.csv'}\n"
    with (tmp_path / "t.csv").open() as file:
        assert [entry["seed"] for entry in csv.DictReader(file)] == ["48", "49"]
    rows = json.loads(superproof("runs", store, "--json").out)
    assert len(rows) == 50
    assert rows[7]["loss"] == 1.0
    pytest.importorskip("pyarrow")
    answer = superproof("runs", store, "--parquet", tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size > 0


def test_bad_input(superproof: Command, store: Path, tmp_path: Path) -> None:
    answer = superproof("runs", tmp_path)
    assert answer.code == 2
    assert "holds no runs.sqlite; name the folder of an experiment" in answer.err
    answer = superproof("runs", store, "--where", "depth=3")
    assert answer.code == 2
    assert "no column 'depth'; there are" in answer.err


def test_a_folder_that_cannot_be_written(
    superproof: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_writing(monkeypatch)
    assert superproof("runs", store).out.splitlines()[-1].startswith("50 runs")


def test_an_empty_store(superproof: Command, tmp_path: Path) -> None:
    RunStore(tmp_path).close()
    assert superproof("runs", tmp_path).out == "0 runs\n"
