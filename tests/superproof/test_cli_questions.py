"""``superproof export`` of the questions of ``compare`` and ``invariant``, checked alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from superproof import Network
from superproof.verify import recheck

from .conftest import Run

SPECIFICATION = 'inputs = ["a", "b", "c"]\n[outputs]\ny = "a & b | c"\n'


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a network that computes its specification."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "spec.toml").write_text(SPECIFICATION, encoding="utf-8")
    network([1, 1]).save(folder / "network.npz")
    return folder


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """The same network without its second clause."""
    return network([1, 0]).save(tmp_path / "edited.npz")


def network(read: list[int]) -> Network:
    first = np.array([[1, 1, 0], [0, 0, 1]])
    return Network.from_arrays([first, np.array([read])], [np.array([-1, 0]), None])


def alone(*files: Path) -> subprocess.CompletedProcess[str]:
    """The checker as a program without the package."""
    words = [sys.executable, "-I", str(recheck.__file__), *map(str, files)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("first", "second", "option", "code"),
    [
        ("model", "edited", [], 1),
        ("model", "edited", ["--forgotten", "y:1"], 0),
        ("edited", "model", [], 1),
        ("edited", "edited", [], 0),
        ("edited", "model", ["--forgotten", "y:0"], 1),
    ],
)
def test_a_comparison_is_checked_elsewhere(
    superproof: Run,
    request: pytest.FixtureRequest,
    model: Path,
    tmp_path: Path,
    first: str,
    second: str,
    option: list[str],
    code: int,
) -> None:
    a, b = (request.getfixturevalue(name) for name in (first, second))
    spec, proof, data = model / "spec.toml", tmp_path / "proof", tmp_path / "questions.json"
    assert superproof("compare", a, b, spec, *option, "--certificate", proof).code == code
    words = ("export", a, spec, "--against", b, *option, "--out", data)
    assert superproof(*words).code == 0
    answer = alone(data, proof)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("accepted: 'A computes the specification': ")
    assert all(": holds" in line for line in lines[1:]) is (code == 0)
    assert lines == superproof("recheck", a, spec, proof, "--against", b, *option).out.splitlines()
    questions = json.loads(data.read_text(encoding="utf-8"))
    questions["questions"].pop()
    data.write_text(json.dumps(questions), encoding="utf-8")
    assert alone(data, proof).returncode == 1


@pytest.mark.parametrize(("option", "code"), [("--flip", 1), ("--monotone", 0)])
def test_an_invariant_is_checked_elsewhere(
    superproof: Run, model: Path, tmp_path: Path, option: str, code: int
) -> None:
    proof, data = tmp_path / "proof", tmp_path / "questions.json"
    assert superproof("invariant", model, option, "a", "--certificate", proof).code == code
    assert superproof("export", model, option, "a", "--out", data).code == 0
    answer = alone(data, proof)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert superproof("export", model, option, "b", "--out", data).code == 0
    assert alone(data, proof).returncode == 1


def test_one_format_and_one_kind_of_question(superproof: Run, model: Path, tmp_path: Path) -> None:
    for words, complaint in (
        (["--flip", "a", "--smtlib", tmp_path / "q"], "compare and invariant ask several"),
        (["--flip", "a", "--against", model], "not both"),
        (["--forgotten", "y:0"], "give the edited model with --against"),
        (["--output", "y"], "give --flip or --monotone as well"),
        (["--against", model, "--out", model / "spec.toml"], "is also the file that is read"),
        (["--against", tmp_path / "none.npz"], "no such model file"),
    ):
        answer = superproof("export", model, *words)
        assert answer.code == 2
        assert complaint in answer.complaint
