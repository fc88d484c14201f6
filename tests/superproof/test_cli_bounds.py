"""``superproof bounds``: the list, the statements, the numbers and the mistakes."""

from __future__ import annotations

import io
import json
import sys

import pytest

from superproof.theory import BOUNDS

from .conftest import Run


def test_the_list_names_every_bound(superproof: Run) -> None:
    answer = superproof("bounds")
    assert answer.code == 0
    assert all(bound.name in answer.out for bound in BOUNDS)
    listed = json.loads(superproof("bounds", "--json").out)["bounds"]
    assert [entry["name"] for entry in listed] == [bound.name for bound in BOUNDS]


def test_a_statement_has_formula_and_source(superproof: Run) -> None:
    answer = superproof("bounds", "pairwise-and-plain-code")
    assert answer.code == 0
    assert r"\binom" in answer.out
    assert "docs/theory.md, section 5" in answer.out


def test_an_instance(superproof: Run) -> None:
    sizes = ("--inputs", 1024, "--outputs", 4096, "--active", 2, "--bits", 8)
    answer = superproof("bounds", "pairwise-and", *sizes)
    assert answer.code == 0
    assert "≥ 77,796" in answer.out
    assert "≥ 99" in answer.out
    assert "≤ 4,096" in answer.out
    data = json.loads(superproof("bounds", "pairwise-and", *sizes, "--json").out)
    values = {entry["name"]: entry["value"] for entry in data["bounds"]}
    assert values["pairwise-and-bits"] == 77_796
    assert values["pairwise-and-neurons"] == 99
    assert data["instance"]["bits"] == 8


def test_a_silent_bound_says_why(superproof: Run) -> None:
    answer = superproof("bounds", "pairwise-and", "--inputs", 2, "--outputs", 1)
    assert answer.code == 0
    assert "pairwise-and-plain-code: holds only for inputs >= 3" in answer.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["pairwise"], "unknown bound 'pairwise'"),
        (["pairwise-and", "--inputs", "3", "--outputs", "9"], "outputs <= C(inputs, 2)"),
        (["pairwise-and", "--inputs", "3", "--outputs", "2", "--active", "1"], "active >= 2"),
        (["pairwise-and", "--outputs", "2"], "needs inputs"),
        (["pairwise-and", "--inputs", "0", "--outputs", "2"], "inputs must be 1 or more"),
        (["permutation", "--inputs", "3", "--outputs", "2"], "permutation takes no --outputs"),
        (
            ["pairwise-and", "--inputs", "9", "--outputs", "5", "--wrong", "6"],
            "pairwise-and-bits-relevant: holds only for wrong <= outputs",
        ),
        (
            ["pairwise-and", "--inputs", "9", "--outputs", "5", "--failure-odds", "1"],
            "pairwise-and-plain-code: failure_odds must be 2 or more",
        ),
        (["--inputs", "3"], "name a bound"),
        (["pairwise-and", "--inputs", "three"], "--inputs"),
    ],
)
def test_mistakes(superproof: Run, words: list[str], complaint: str) -> None:
    answer = superproof("bounds", *words)
    assert answer.code == 2
    assert complaint in answer.complaint
    assert answer.out == ""


def test_signs_that_the_terminal_lacks(superproof: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("bounds", "pairwise-and", "--inputs", 9, "--outputs", 5)
    assert "≥ " in superproof(*words).out
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert superproof(*words).code == 0
    text = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert ">= 26" in text
    assert "<= 5" in text
    assert "\\u" not in text
