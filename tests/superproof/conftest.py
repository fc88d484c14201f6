"""The command line run in this process, and small problem folders to run it on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from superproof.cli import main


@dataclass(frozen=True)
class Answer:
    """How a command ended: exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr; fails when there are more, or none, or a traceback."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


Run = Callable[..., Answer]


@pytest.fixture
def superproof(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``superproof`` with the given words, in a terminal of 100 columns unless one is set."""
    if "PYTEST_XDIST_WORKER" in os.environ and os.environ.get("COLUMNS") == "80":
        monkeypatch.setenv("COLUMNS", "100")  # 80 is what a worker process has by itself

    def run(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


#: y0 = relu(a + b - 1) is above 0 only for a & b; y1 = 1 - c is above 0 only for ~c.
WEIGHTS = (
    np.array([[1, 1, 0, 0], [0, 0, 1, 0]], dtype=np.float32),
    np.array([[1, 0], [0, -1]], dtype=np.float32),
)
BIASES = (np.array([-1, 0], dtype=np.float32), np.array([0, 1], dtype=np.float32))
SPECIFICATION = """\
inputs = ["a", "b", "c", "d"]
[outputs]
y0 = "a & b"
y1 = "~c"
"""


def write_network(path: Path, biases: tuple[np.ndarray, ...] = BIASES) -> Path:
    """The small network above as ``.npz``."""
    arrays = {}
    for layer, (weight, bias) in enumerate(zip(WEIGHTS, biases, strict=True)):
        arrays[f"{layer}.weight"], arrays[f"{layer}.bias"] = weight, bias
    np.savez(path, **arrays)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A problem folder that holds."""
    write_network(tmp_path / "network.npz")
    (tmp_path / "spec.toml").write_text(SPECIFICATION, encoding="utf-8")
    return tmp_path


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """The same folder with one bias moved: y0 is also true where only one of a, b is.

    Of the 16 inputs, 8 have exactly one of a and b true: 8 violations, all of them at y0,
    where the value is 1/2.
    """
    write_network(tmp_path / "network.npz", (np.array([-0.5, 0], dtype=np.float32), BIASES[1]))
    (tmp_path / "spec.toml").write_text(SPECIFICATION, encoding="utf-8")
    return tmp_path
