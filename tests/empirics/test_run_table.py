from __future__ import annotations

import csv
import io
import re
import sys
from pathlib import Path

import pytest

from superproof.empirics.run_table import columns, csv_text, row, select, write_parquet
from superproof.empirics.store import Run
from superproof.verify.errors import InputError, MissingExtraError

RUNS = [
    Run("toy", {"width": w, "task": {"kind": k}, "rate": 0.1 * w, "a-b": 2}, seed,
        result={"errors": w - 4, "seed": 9, "good": w > 4, "list": [1, 2], "long": 2**53 + 1},
        verdict={"status": "violated", "violations": 7} if w == 4 else None)
    for w, k, seed in ((4, "and", 0), (8, "or", 1), (12, "or", 2))
]  # fmt: skip
ROWS = [row(run) for run in RUNS]


def test_rows_are_flat() -> None:
    first = ROWS[0]
    assert first["task.kind"] == "and"
    assert (first["seed"], first["result.seed"]) == (0, 9)
    assert first["list"] == "[1, 2]"
    assert (first["verdict"], first["violations"]) == ("violated", 7)
    assert "verdict" not in ROWS[1]
    names = columns(ROWS)
    assert names[:4] == ["experiment", "seed", "status", "width"]
    assert names[-1] == "key"


@pytest.mark.parametrize(
    ("conditions", "widths"),
    [
        ([], [4, 8, 12]),
        (["width>=8"], [8, 12]),
        (["width > 4", "width<12"], [8]),
        (["width=12.0"], [12]),
        (["task.kind = or"], [8, 12]),
        (["task.kind!=or"], [4]),
        (["good=True"], [8, 12]),
        (["good==false"], [4]),
        (["verdict=violated"], [4]),
        (["violations<=7"], [4]),
        (["width=x"], []),
        (["width<x"], []),
        (["width!=x"], [4, 8, 12]),
        (["width>=1.2e1"], [12]),
        (["a-b = 2"], [4, 8, 12]),
        (["long=9007199254740993"], [4, 8, 12]),
        (["long=9007199254740992"], []),
    ],
)
def test_conditions(conditions: list[str], widths: list[int]) -> None:
    assert [entry["width"] for entry in select(ROWS, conditions)] == widths


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("width", "--where 'width': not a condition; write a column, one of = != < <= > >= and a "),
        ("width>", "--where 'width>': not a condition; "),
        ("width=>3", "--where 'width=>3': not a condition; "),
        (">=3", "--where '>=3': not a condition; "),
        ("hight=3", "--where 'hight=3': no column 'hight'; there are a-b, device, errors, exp"),
    ],
)
def test_bad_conditions(condition: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        select(ROWS, [condition])
    assert select([], ["width=3"]) == []


def test_csv() -> None:
    read = list(csv.DictReader(io.StringIO(csv_text(ROWS))))
    assert [int(entry["width"]) for entry in read] == [4, 8, 12]
    assert read[1]["verdict"] == ""
    assert read[0]["list"] == "[1, 2]"


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    mixed = [*ROWS, row(Run("toy", {"width": "wide"}, 5, result={"long": 2**70}))]
    write_parquet(mixed, tmp_path / "t.parquet")
    table = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert table["width"] == ["4", "8", "12", "wide"]
    assert table["long"][2:] == ["9007199254740993", str(2**70)]
    assert table["errors"] == [0, 4, 8, None]
    with pytest.raises(InputError, match="cannot be written"):
        write_parquet(ROWS, tmp_path / "none" / "t.parquet")


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MissingExtraError, match=r"Parquet needs the package 'pyarrow'; .*\[tables\]"
    ):
        write_parquet(ROWS, tmp_path / "t.parquet")
