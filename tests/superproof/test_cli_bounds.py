"""``superproof bounds``: the list, the statements, numbers, inverses, pictures and mistakes."""

from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path

import pytest

from superproof.cli.bounds_table import digits
from superproof.theory import BOUNDS, subjects

from .conftest import Run


def test_the_list_names_every_bound(superproof: Run) -> None:
    answer = superproof("bounds")
    assert answer.code == 0
    assert all(bound.name in answer.out for bound in BOUNDS)
    places = [answer.out.index(f"{subject} ") for subject in subjects()]
    assert places == sorted(places)
    listed = json.loads(superproof("bounds", "--json").out)["bounds"]
    assert [entry["name"] for entry in listed] == [bound.name for bound in BOUNDS]


def test_a_statement_has_formula_and_source(superproof: Run) -> None:
    answer = superproof("bounds", "pairwise-and-plain-code")
    assert answer.code == 0
    assert r"\binom" in answer.out
    assert "docs/theory.md, section 5" in answer.out
    order = superproof("bounds", "pairwise-and-order-neurons")
    assert "arXiv 2409.15318" in order.out
    assert "discussed" in order.out


def test_an_instance(superproof: Run) -> None:
    sizes = ("--inputs", 1024, "--outputs", 4096, "--active", 2, "--bits", 8)
    answer = superproof("bounds", "pairwise-and", *sizes)
    assert answer.code == 0
    for text in ("≥ 77,796", "≥ 99", "≤ 4,096", "≈ 276.128", "6.67 ×", "with neurons also:"):
        assert text in answer.out
    data = json.loads(superproof("bounds", "pairwise-and", *sizes, "--json").out)
    entries = {entry["name"]: entry for entry in data["bounds"]}
    assert entries["pairwise-and-bits"]["value"] == 77_796
    assert entries["pairwise-and-neurons"]["value"] == 99
    assert entries["pairwise-and-plain-code"]["lower_bound"] == 15
    assert entries["pairwise-and-bits"]["log2"]["low"].startswith("77795.06")
    assert entries["pairwise-and-order-bits"]["value"] is None
    ends = entries["pairwise-and-gardner"]["value"]
    assert float(ends["low"]) <= float(ends["high"]) < float(ends["low"]) * (1 + 1e-12)
    assert data["instance"]["bits"] == 8


def test_every_task_prints(superproof: Run) -> None:
    for words, text in (
        (("k-and", "--inputs", 99, "--outputs", 99, "--arity", 3, "--active", 3), "≤ 99"),
        (("permutation", "--inputs", 64, "--active", 1), "permutation-random-signs"),
        (("relational-graph", "--items", 64, "--edges", 64, "--embedding-dim", 16), "≤ 64"),
        (("representation", "--inputs", 100), "≥ 13"),
        (("expansion", "--set", "factor=2", "--set", "clause=4"), "1/128 = 0.007812"),
        (("softmax", "--context", 64, "--set", "gap=0.1", "--set", "error=1/100"), "≤ 52.9832"),
        (("two-features", "--set", "importance=1/2", "--set", "density=0.1"), "4/9 = 0.4444"),
        (("family", "--set", "functions=1000"), "≥ 10"),
    ):
        answer = superproof("bounds", *words)
        assert answer.code == 0, answer.err
        assert text in answer.out


def test_exact_integers(superproof: Run) -> None:
    answer = superproof("bounds", "permutation-bits", "--inputs", 10, "--exact")
    assert "2^22 is at least 3628800, written out" in answer.out
    answer = superproof("bounds", "permutation-bits", "--inputs", 30_000, "--exact")
    assert "a number of 121,288 digits" in answer.out
    words = ("bounds", "permutation-bits", "--inputs", 10, "--exact", "--json")
    assert json.loads(superproof(*words).out)["bounds"][0]["count"] == "3628800"
    # 2.1 of docs/theory.md: a quotient, with its denominator
    words = ("pairwise-and-bits-relevant", "--inputs", 40, "--outputs", 60, "--exact")
    assert " digits over one of " in superproof("bounds", *words).out


def test_digits_are_those_of_the_decimal() -> None:
    for number in (1, 9, 10, 99, 100, 2**64, 10**50 - 1, 10**50, 10**400 - 1, 10**400):
        assert digits(number) == len(str(number))


def test_long_counts_are_hexadecimal(superproof: Run) -> None:
    words = ("bounds", "permutation-bits", "--inputs", 30_000, "--exact", "--json")
    (entry,) = json.loads(superproof(*words).out)["bounds"]
    assert int(entry["count"], 16) == math.factorial(30_000)
    words = ("bounds", "pairwise-and-bits-relevant", "--inputs", 400, "--outputs", 20_000)
    entry = json.loads(superproof(*words, "--exact", "--json").out)["bounds"][0]
    above, below = (int(part, 16) for part in entry["count"].split("/"))
    assert 2 ** (entry["value"] - 1) * below < above <= 2 ** entry["value"] * below


def test_a_million_inputs(superproof: Run) -> None:
    answer = superproof("bounds", "permutation-bits", "--inputs", 10**6)
    assert "≥ 18,488,885" in answer.out


def test_inverses(superproof: Run) -> None:
    words = ("pairwise-and-neurons", "--inputs", 1024, "--solve", "outputs", "--budget", 279)
    answer = superproof("bounds", *words)
    assert "at most 4,113" in answer.out
    data = json.loads(superproof("bounds", *words, "--json").out)["inverses"]
    assert data[0]["value"] == 4113
    assert data[0]["largest"] is True
    below = json.loads(
        superproof("bounds", "pairwise-and-neurons", "--inputs", 1024, "--outputs", 4113,
                   "--solve", "bits", "--budget", 100, "--json").out
    )["inverses"][0]  # fmt: skip
    assert below["largest"] is False
    answer = superproof("bounds", "permutation", "--solve", "inputs", "--budget", 94)
    assert "permutation-neurons" in answer.out
    assert "permutation-random-signs: even inputs = 2 exceeds" in answer.out


def test_pictures(superproof: Run, tmp_path: Path) -> None:
    file = tmp_path / "bounds.svg"
    words = ("bounds", "pairwise-and", "--inputs", 1024, "--outputs", 512, "--plot", file)
    answer = superproof(*words)
    assert answer.code == 0, answer.err
    assert answer.out == f"drawn: {file}\n"
    assert file.stat().st_size > 5000
    words = ("bounds", "overlap", "--set", "features=1000", "--plot", file, "--over", "neurons",
             "--range", "10:100", "--quantity", "overlap", "--json")  # fmt: skip
    assert json.loads(superproof(*words).out) == {"plot": str(file)}


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
        (["pairwise-and", "--inputs", "3", "--outputs", "2", "--active", "4"], "active <= inputs"),
        (["permutation", "--inputs", "3", "--active", "4"], "active <= inputs"),
        (["pairwise-and", "--outputs", "2"], "needs inputs"),
        (["pairwise-and", "--inputs", "-3", "--outputs", "2"], "inputs must be 1 or more"),
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
        (["pairwise-and-order-bits", "--outputs", "3"], "orders of growth have no value"),
        (["softmax", "--set", "gap"], "--set 'gap': write NAME=VALUE"),
        (["softmax", "--set", "gab=1"], "--set 'gab=1': write NAME=VALUE"),
        (["softmax", "--set", "gap=wide"], "--set gap: 'wide' is not a number"),
        (["softmax", "--set", "gap=1/0"], "--set gap: '1/0' is not a number"),
        (["expansion", "--set", "clause=1.5"], "'1.5' is not a whole number"),
        (["softmax", "--set", "gap=0", "--context", "3", "--set", "error=.1"], "gap > 0"),
        (["permutation", "--solve", "inputs"], "--solve PARAM and --budget VALUE belong together"),
        (["permutation", "--solve", "inputs", "--budget", "x"], "--budget: 'x' is not a number"),
        (["permutation-neurons-real", "--solve", "inputs", "--budget", "9"], "no direction is"),
        (["permutation", "--plot", "a.png", "--over", "edges"], "--over: name one of the param"),
        (["permutation", "--plot", "a.png", "--range", "5"], "--range: write LOW:HIGH"),
        (["permutation", "--plot", "a.png", "--range", "9:5"], "the range of inputs must rise"),
        (["permutation", "--plot", "a.png", "--quantity", "x"], "--quantity: the quantities"),
        (["permutation", "--plot", "a.txt"], "a picture is written as"),
        (["pairwise-and-order-bits", "--plot", "a.png"], "--over: no bound with a value"),
        (["dimensionality-polygon", "--plot", "a.png"], "--over: name one of the parameters"),
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
