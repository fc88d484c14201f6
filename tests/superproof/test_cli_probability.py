"""``superproof check --probability``: what is printed, the JSON, and laws that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

LAW = 'default = 0.1\n[p]\na = "1/2"\n'


def test_one_probability_for_all(superproof: Run, damaged: Path) -> None:
    """Wrong where exactly one of a and b is true: 2 p (1 - p)."""
    answer = superproof("check", damaged, "--probability", "0.1")
    assert answer.code == 1
    assert "probability of error: 9/50 (0.18)\n" in answer.out
    assert "  law: each input true with probability 1/10\n" in answer.out
    assert any(line.split() == ["y0", "9/50", "0.18"] for line in answer.out.splitlines())


@pytest.mark.parametrize(
    ("law", "error"), [("uniform", "1/2"), ("subsets 2", "2/3"), ("1", "0"), ("subsets 0", "0")]
)
def test_other_laws(superproof: Run, damaged: Path, law: str, error: str) -> None:
    data = json.loads(superproof("check", damaged, "--probability", law, "--json").out)
    assert data["probability"]["exact"] == error
    assert data["probability"]["by_output"]["y0"]["exact"] == error
    assert data["status"] == "violated"


def test_a_file_of_probabilities(superproof: Run, damaged: Path) -> None:
    law = damaged / "law.toml"
    law.write_text(LAW, encoding="utf-8")
    answer = superproof("check", damaged, "--probability", law, "--json", "--engine", "tree")
    found = json.loads(answer.out)["probability"]
    assert found == {
        "law": "inputs true independently, with probability 1/10 (3 inputs), 1/2 (1 input)",
        "exact": "1/2",
        "value": 0.5,
        "by_output": {
            "y0": {"exact": "1/2", "value": 0.5},
            "y1": {"exact": "0", "value": 0.0},
        },
        "domain": {"exact": "1", "value": 1.0},
        "engine": "tree",
        "seconds": found["seconds"],
    }


def test_the_domain_has_a_probability(superproof: Run, damaged: Path) -> None:
    spec = damaged / "spec.toml"
    spec.write_text('domain = "exactly 1"\n' + spec.read_text(encoding="utf-8"), encoding="utf-8")
    answer = superproof("check", damaged, "--probability", "1/3")
    assert "probability of error: 1/2 (0.5)\n" in answer.out
    assert "probability 1/3; the domain has probability 32/81 (~0.395062)\n" in answer.out


def test_fractions_in_full(superproof: Run, damaged: Path) -> None:
    law = "1/" + "3" * 60
    short = superproof("check", damaged, "--probability", law)
    full = superproof("check", damaged, "--probability", law, "--fractions")
    line = next(x for x in short.out.splitlines() if x.startswith("probability of error: "))
    assert "..." in line
    line = next(x for x in full.out.splitlines() if x.startswith("probability of error: "))
    assert "..." not in line
    assert len(line) > 120


def test_a_network_that_is_right(superproof: Run, folder: Path) -> None:
    answer = superproof("check", folder, "--probability", "1/10")
    assert answer.code == 0
    assert "probability of error: 0 (0)\n" in answer.out


def test_nothing_is_said_unasked(superproof: Run, damaged: Path) -> None:
    assert "probability" not in superproof("check", damaged).out
    assert json.loads(superproof("check", damaged, "--json").out)["probability"] is None


@pytest.mark.parametrize(
    ("law", "complaint"),
    [
        ("1.5", "error: probability: 1.5 is not between 0 and 1"),
        ("subsets 5", "error: probability: 'subsets 5' is out of range; there are 4 inputs"),
        (
            "often",
            "error: probability: 'often' is not understood; write 'uniform', a probability such "
            "as 1/10 or 0.1, 'subsets K', or the name of a .toml or .json file",
        ),
        ("nowhere.toml", "error: nowhere.toml: cannot be read: No such file or directory"),
    ],
)
def test_laws_that_do_not_fit(superproof: Run, damaged: Path, law: str, complaint: str) -> None:
    answer = superproof("check", damaged, "--probability", law)
    assert (answer.code, answer.complaint) == (2, complaint)
    assert answer.out == ""


def test_an_unknown_name_in_a_file(superproof: Run, damaged: Path) -> None:
    law = damaged / "law.toml"
    law.write_text(LAW + 'bb = "1/2"\n', encoding="utf-8")
    answer = superproof("check", damaged, "--probability", law)
    assert answer.code == 2
    assert answer.complaint == f"error: {law}: p: unknown input 'bb'; did you mean 'b'?"


@pytest.mark.parametrize(("law", "words"), [("subsets 3", "with exactly 3 true"), ("0", "0")])
def test_a_domain_that_never_happens(superproof: Run, damaged: Path, law: str, words: str) -> None:
    spec = damaged / "spec.toml"
    spec.write_text('domain = "exactly 1"\n' + spec.read_text(encoding="utf-8"), encoding="utf-8")
    answer = superproof("check", damaged, "--probability", law)
    assert answer.code == 2
    start = "error: probability: the domain 'exactly 1' has probability 0 when the law is "
    assert answer.complaint.startswith(start)
    assert words in answer.complaint
