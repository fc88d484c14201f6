"""The log of finished runs survives interruption and refuses what it cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from superproof.empirics.run_log import RunLog
from superproof.verify.errors import InputError


def test_runs_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    log = RunLog(path)
    log.add([{"a": 1}, {"a": 2}])
    log.add([{"a": 3}])
    assert RunLog(path, resume=True).runs == log.runs == [{"a": 1}, {"a": 2}, {"a": 3}]


@pytest.mark.parametrize("torn", ['{"a": 2', '{"a": 2}', '{"a": "\N{GREEK SMALL LETTER MU}'])
def test_an_unfinished_line_is_dropped(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(b'{"a": 1}\n' + torn.encode()[: len(torn)])
    log = RunLog(path, resume=True)
    assert log.runs == [{"a": 1}]
    log.add([{"a": 4}])
    assert RunLog(path, resume=True).runs == [{"a": 1}, {"a": 4}]


def test_only_an_unfinished_line(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"a"')
    assert RunLog(path, resume=True).runs == []
    assert path.read_text() == ""


@pytest.mark.parametrize("damaged", ["nonsense", "[1]", ""])
def test_a_damaged_line_is_named(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"a": 1}\n' + damaged + '\n{"a": 2}\n')
    with pytest.raises(InputError, match="line 2"):
        RunLog(path, resume=True)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="in the way"):
        RunLog(tmp_path / "out" / "results.jsonl")
