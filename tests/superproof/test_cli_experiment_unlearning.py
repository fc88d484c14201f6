"""``superproof experiment unlearning`` on a tiny plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from superproof.empirics.unlearning import unlearning
from superproof.empirics.unlearning.methods import METHODS, REFERENCE

from .conftest import Run

TINY = unlearning.UnlearningPlan((unlearning.Setting(8, 2, 3, True, True, 8, 1),), 20)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ("ascent", "column, proved", REFERENCE)
    monkeypatch.setattr(unlearning, "QUICK", TINY)
    monkeypatch.setattr(unlearning, "METHODS", tuple(m for m in METHODS if m.name in chosen))


def test_the_table_is_printed_and_nothing_is_lost(superproof: Run, tmp_path: Path) -> None:
    words = ("experiment", "unlearning", "--quick", "--device", "cpu", "--out", tmp_path)
    answer = superproof(*words)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "Removed, or only silenced?"
    assert max(len(line) for line in lines[1:24]) <= 100
    (cut,) = (line.split() for line in lines if line.startswith("column, proved"))
    assert cut[:6] == ["column,", "proved", "clean", "1/1", "0", "0"]
    assert "Reconstruction." in answer.out
    assert "1 of 1 trained networks compute their formula on every input" in answer.out
    assert superproof(*words).code == 2
    again = superproof(*words, "--resume")
    assert again.code == 0
    assert again.out.splitlines()[:24] == lines[:24]


def test_bad_input(superproof: Run, tmp_path: Path) -> None:
    answer = superproof("experiment", "unlearning", "--quick", "--seed", "-1", "--out", tmp_path)
    assert answer.code == 2
    assert answer.complaint == "error: the seed must be 0 or more, not -1"
