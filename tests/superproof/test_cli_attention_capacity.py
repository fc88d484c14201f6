"""``superproof experiment attention-capacity`` on a small plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from superproof.cli import main
from superproof.empirics.attention_capacity import capacity
from superproof.empirics.attention_capacity.plan import AttentionPlan, Cell, TradeOff

CELL = Cell(64, 32, (1,), 2)
TINY = AttentionPlan((CELL,), (TradeOff(CELL, 4, (1, 2)),), certified_seconds=0.5)


@pytest.fixture(autouse=True)
def _small_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "QUICK", TINY)


def test_it_prints_sizes_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["experiment", "attention-capacity", "--quick", "--device", "cpu", "--out"]
    words.append(str(tmp_path / "out"))
    assert main(words) == 0
    first = capsys.readouterr().out
    assert "64, 32" in first
    assert "within one step" in first
    for name in ("attention.svg", "heads.svg", "success.svg", "finding.json", "runs.sqlite"):
        assert name in first
        assert (tmp_path / "out" / name).stat().st_size > 0
    assert main(words) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    assert " 0 of them trained now" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "out")]) == 0


def test_bad_options_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["experiment", "attention-capacity", "--quick", "--out", str(tmp_path / "out")]
    for more, message in (
        (["--seed", "-1", "--device", "cpu"], "seed must be 0 or more"),
        (["--device", "gpu"], "auto, cpu, cuda"),
    ):
        assert main([*words, *more]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
