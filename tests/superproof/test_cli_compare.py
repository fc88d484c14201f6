"""``superproof compare`` and ``recheck --against``: what is printed, exit codes, certificates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from superproof import Network

from .conftest import Run

SPECIFICATION = 'inputs = ["a", "b", "c", "d"]\n[outputs]\ny0 = "a & b | c & d"\ny1 = "~c"\n'
FIRST = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]], dtype=np.float32)
SECOND = np.array([[1, 1, 0], [0, 0, -1]], dtype=np.float32)


def write(path: Path, change: dict[tuple[int, int], float], offset: float = 0) -> Path:
    """The network of the specification with some output weights replaced."""
    second = SECOND.copy()
    for place, value in change.items():
        second[place] = value
    network = Network.from_arrays([FIRST, second], [[-1, -1, 0], [offset, 0.5]])
    return network.save(path)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A folder with a network that computes its specification."""
    folder = tmp_path / "before"
    folder.mkdir()
    write(folder / "network.npz", {})
    (folder / "spec.toml").write_text(SPECIFICATION, encoding="utf-8")
    return folder


@pytest.fixture
def after(tmp_path: Path) -> Path:
    """The network without its second clause."""
    return write(tmp_path / "after.npz", {(0, 1): 0})


def test_equal_networks(superproof: Run, before: Path) -> None:
    answer = superproof("compare", before, before)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "equal: A and B read the same on all 16 inputs of the domain"
    assert lines[1] == "A computes the specification"


@pytest.mark.parametrize("engine", ["auto", "enumerate", "tree", "z3"])
def test_an_edit_is_explained(superproof: Run, before: Path, after: Path, engine: str) -> None:
    answer = superproof("compare", before, after, "--engine", engine)
    assert answer.code == 1
    assert answer.out.startswith(
        "differs: B reads 3 of 16 inputs differently from A; clause 1 of y0 lost\n"
    )
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["y0", "0:", "a", "&", "b", "3", "3", "0", "0", "still", "computed"] in rows
    assert ["y0", "1:", "c", "&", "d", "3", "0", "3", "0", "lost"] in rows
    assert ["y0", "no", "clause", "9", "0", "0", "0", "still", "false"] in rows
    assert "1 other output reads the same in A and B" in answer.out
    assert ["y0", "true", "at", "1", "false", "at", "0"] in rows


@pytest.mark.parametrize("engine", ["auto", "tree", "z3"])
def test_a_forgotten_clause_is_certified(
    superproof: Run, before: Path, after: Path, tmp_path: Path, engine: str
) -> None:
    proof = tmp_path / "proof"
    words = ("--forgotten", "y0:1", "--engine", engine)
    answer = superproof("compare", before, after, *words, "--certificate", proof)
    assert answer.code == 0
    assert answer.out.startswith("forgotten: clause 1 of y0; B reads false where only this held, ")
    assert f"certificate: {proof}, " in answer.out
    words = ("recheck", before, before / "spec.toml", proof, "--against", after)
    answer = superproof(*words, "--forgotten", "y0:1")
    assert answer.code == 0
    sentences = [line.split("'")[1] for line in answer.out.splitlines()]
    assert sentences == [
        "A computes the specification",
        "B computes the specification without clause 1 of y0",
    ]
    assert answer.out.count("holds") == 2
    # another claim, and no claim
    for other in (("--forgotten", "y0:0"), ()):
        answer = superproof(*words, *other)
        assert answer.code == 1
        assert answer.err.startswith("give recheck the same options as compare or invariant")
        assert answer.out == "rejected: it is about another specification (the hashes differ)\n"
    assert superproof("recheck", before, proof).code == 1


@pytest.mark.parametrize("forgotten", [(), ("--forgotten", "y0:1"), ("--forgotten", "y0")])
def test_networks_side_by_side_are_certified(
    superproof: Run, before: Path, after: Path, tmp_path: Path, forgotten: tuple[str, ...]
) -> None:
    proof = tmp_path / "proof"
    wrong = write(tmp_path / "wrong.npz", {(0, 1): 2}, offset=-1)
    spec = before / "spec.toml"
    answer = superproof("compare", wrong, after, spec, *forgotten, "--certificate", proof)
    assert answer.code == 1
    assert "A does not compute the specification: it is wrong on 3 inputs" in answer.out
    answer = superproof("recheck", wrong, spec, proof, "--against", after, *forgotten)
    assert answer.code == 0
    assert "'A computes the specification': violated on exactly 3 inputs" in answer.out
    number = {(): 2, ("--forgotten", "y0:1"): 4, ("--forgotten", "y0"): 3}[forgotten]
    assert len(answer.out.splitlines()) == number


def test_damage_is_told_from_residual(superproof: Run, before: Path, tmp_path: Path) -> None:
    edited = write(tmp_path / "edited.npz", {(0, 1): 0, (1, 1): 0.75})
    answer = superproof("compare", before, edited, "--forgotten", "y0:1")
    assert answer.code == 1
    assert answer.out.startswith(
        "not cleanly forgotten: clause 1 of y0; residual on 0 inputs (not false where only this "
        "held), damage on 4 inputs (other than A elsewhere)\n"
    )
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["y0", "3", "0", "0"] in rows
    assert ["y1", "0", "4"] in rows
    assert "damage, example: a=" in answer.out
    assert "residual, example" not in answer.out


def test_json(superproof: Run, before: Path, after: Path) -> None:
    answer = superproof("compare", before, after, "--forgotten", "y0:1", "--json")
    data = json.loads(answer.out)
    assert (answer.code, data["status"], data["a_computes"]) == (0, "differs", True)
    assert data["differing"] == 3
    assert data["by_output"]["y0"] == {"differing": 3, "lost": 3, "gained": 0, "other": 0}
    assert data["clauses"][1] == {
        "output": "y0",
        "clause": 1,
        "region": "clause",
        "formula": "c & d",
        "status": "lost",
        "inputs": 3,
        "still_true": 0,
        "lost": 3,
        "gained": 0,
        "other": 0,
    }
    assert [row["region"] for row in data["clauses"][2:4]] == ["several clauses", "no clause"]
    assert data["forgotten"]["status"] == "holds"
    assert (data["forgotten"]["residual"], data["forgotten"]["damage"]) == (0, 0)
    example = data["examples"][0]
    assert example["input"][2:] == "11"
    assert example["outputs"]["y0"] == {
        "expected": True,
        "a": {"read": True, "value": "1"},
        "b": {"read": False, "value": "0"},
    }
    assert data["certificate"] is None
    assert set(data["sha256"]) == {"a", "b", "specification", "domain"}
    assert {"seconds", "version", "notes"} <= set(data)


def test_an_unfinished_comparison_ends_with_3(
    superproof: Run, before: Path, tmp_path: Path
) -> None:
    equal = write(tmp_path / "equal.npz", {(0, 0): 2})
    answer = superproof("compare", before, equal, "--engine", "z3", "--timeout", "1e-9")
    assert answer.code == 3
    assert answer.out.startswith("unknown: it was not decided whether A and B read the same\n")


def test_bad_input_is_one_line(superproof: Run, before: Path, after: Path, tmp_path: Path) -> None:
    answer = superproof("compare", before, after, "--forgotten", "y0:2")
    assert answer.code == 2
    assert "--forgotten y0:2: y0 has 2 clauses, numbered from 0" in answer.complaint
    answer = superproof("compare", after, after)
    assert answer.code == 2
    assert "write MODEL_A MODEL_B SPEC.toml, or name a folder for MODEL_A" in answer.complaint
    answer = superproof("compare", before, tmp_path / "none.npz")
    assert answer.code == 2
    assert "none.npz: no such model file" in answer.complaint
    answer = superproof("compare", tmp_path / "none.npz", after)
    assert answer.code == 2
    assert "none.npz: no such model file" in answer.complaint
    small = Network.from_arrays([np.ones((2, 3))]).save(tmp_path / "small.npz")
    answer = superproof("compare", before, small)
    assert answer.code == 2
    assert "network B has 3 inputs, but the specification names 4" in answer.complaint
    proof = tmp_path / "proof"
    superproof("compare", before, after, "--certificate", proof)
    answer = superproof("recheck", before, proof, "--forgotten", "y0:1")
    assert answer.code == 2
    assert "--forgotten: give the edited model with --against MODEL_B too" in answer.complaint
