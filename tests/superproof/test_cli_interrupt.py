"""A long run on a terminal: the bar appears, and an interrupt ends it with what is known."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals of a POSIX system")

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A problem that takes hours to enumerate: 38 inputs, and every violation counts."""
    rng = np.random.default_rng(3)
    arrays = {
        "0.weight": rng.standard_normal((48, 38)).astype(np.float32),
        "0.bias": rng.standard_normal(48).astype(np.float32),
        "1.weight": rng.standard_normal((1, 48)).astype(np.float32),
        "1.bias": rng.standard_normal(1).astype(np.float32),
    }
    np.savez(tmp_path / "network.npz", **arrays)
    (tmp_path / "spec.toml").write_text(
        'inputs = 38\n[outputs]\ny0 = "x0 & x1"\n', encoding="utf-8"
    )
    return tmp_path


def test_interrupting_a_long_run(endless: Path) -> None:
    command = [sys.executable, "-m", "superproof", "check", str(endless)]
    command += ["--engine", "enumerate", "--count", "--json", "--threads", "1"]
    reading, writing = pty.openpty()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=writing,
        cwd=CHECKOUT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(writing)
    try:
        seen = b""
        while b"inputs/s" not in seen:
            seen += os.read(reading, 4096)
        process.send_signal(signal.SIGINT)
        out = _drain(process, reading)
    finally:
        process.kill()
        process.wait()
        os.close(reading)
    assert b"%" in seen
    assert b"Traceback" not in seen
    assert process.returncode == 130
    data = json.loads(out)
    assert data["interrupted"] is True
    assert data["status"] == "violated"
    assert data["violations"] is None
    assert 0 < data["nodes"] < 2**38
    assert len(data["counterexamples"]) == 1


def _drain(process: subprocess.Popen[bytes], terminal: int) -> bytes:
    """Wait for the end; standard output is short and fits into the pipe."""
    while True:
        try:
            if not os.read(terminal, 4096):
                break
        except OSError:  # the other end is closed
            break
    assert process.stdout is not None
    out = process.stdout.read()
    process.wait()
    return out


@pytest.mark.parametrize("late", [False, True])
def test_interrupting_the_start(late: bool) -> None:
    """A signal while modules are imported, before any command runs."""
    probe = (
        "import os, runpy, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == sys.argv[1]: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "runpy.run_module('superproof', run_name='__main__')\n"
    )
    name = "superproof.cli.exit" if late else "typer"
    done = subprocess.run(
        [sys.executable, "-c", probe, name],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
    )
    assert done.returncode == 130
    assert done.stderr == "interrupted\n"
    assert done.stdout == ""
