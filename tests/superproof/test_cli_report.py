from __future__ import annotations

from pathlib import Path

from ..empirics.test_report import results
from .conftest import Run


def test_report(superproof: Run, tmp_path: Path) -> None:
    answer = superproof("report", results(tmp_path))
    assert answer.code == 0
    path = tmp_path / "report.html"
    assert answer.out == f"{path} ({path.stat().st_size:,} bytes); open it in a browser\n"
    answer = superproof("report", tmp_path, "--out", tmp_path / "page.html")
    assert (tmp_path / "page.html").is_file()


def test_nothing_to_report(superproof: Run, tmp_path: Path) -> None:
    answer = superproof("report", tmp_path)
    assert answer.code == 2
    assert "holds no finding.json; run an experiment first: superproof experiment" in answer.err
