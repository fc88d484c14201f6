"""The fuzz program: it ends when the time is up, and it finds a fault that is put in."""

from __future__ import annotations

from pathlib import Path

import pytest

from superproof.verify.check import check
from superproof.verify.engines.batch_scan import BatchScan
from superproof.verify.network import Network
from superproof.verify.specification import Specification

from .fuzz import GENERAL, main


def test_a_run_without_mismatch(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--seconds", "0.5", "--seed", "5", "--out", str(tmp_path / "out")]) == 0
    assert f"with {', '.join(GENERAL)}: all agree" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_a_fault_is_found_reduced_and_saved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An engine that miscounts networks of three inputs or more: the reproducer has just three."""
    finish = BatchScan.finish

    def miscount(scan: BatchScan) -> None:
        finish(scan)
        if scan.problem.network.input_size >= 3 and scan.outcome.violations:
            scan.outcome.violations += 1

    monkeypatch.setattr(BatchScan, "finish", miscount)
    assert main(["--seconds", "60", "--engine", "enumerate", "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "MISMATCH" in printed
    assert "enumerate: violations is" in printed
    network, specification = tmp_path / "network.npz", tmp_path / "spec.toml"
    assert f"superproof check {network} {specification}" in printed
    loaded = Network.load(network)
    assert loaded.input_size == 3
    verdict = check(loaded, Specification.load(specification), engine="z3", count=True)
    assert verdict.violations
