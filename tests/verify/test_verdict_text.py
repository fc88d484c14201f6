"""Verdicts and exact numbers in words and as HTML."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superproof.verify.verdict import Attempt, Counterexample, OutputReading, Verdict
from superproof.verify.verdict_html import render, render_counterexample
from superproof.verify.verdict_report import report
from superproof.verify.verdict_text import (
    at_least,
    decimal,
    fraction,
    headline,
    quantity,
    seconds,
    shorten,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (65536, "65,536"),
        (-1234, "-1,234"),
        (2**49, "562,949,953,421,312"),
        (2**50, "2^50"),
        (10**30, "1.00e+30"),
        (2**5000, "2^5000"),
        (3 * 2**5000, "4.24e+1505"),
    ],
)
def test_quantity(number: int, text: str) -> None:
    assert quantity(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(5, 16), "0.3125"),
        (Fraction(-1, 2), "-0.5"),
        (Fraction(1, 3), "~0.333333"),
        (Fraction(10**8), "100000000"),
        (Fraction(1, 4) + Fraction(1, 2**60), "~0.250000"),
        (Fraction(1, 2**30), "~9.31323e-10"),
        (Fraction(2**4000), "~1.31820e+1204"),
        (Fraction(1, 10**400), "1e-400"),
    ],
)
def test_decimal(value: Fraction, text: str) -> None:
    assert decimal(value) == text


@given(st.fractions())
def test_decimals_are_exact_or_marked(value: Fraction) -> None:
    text = decimal(value)
    if text.startswith("~"):
        shown = Fraction(text[1:])
        assert 0 < abs(shown - value) <= abs(value) * Fraction(1, 10**5)
    else:
        assert Fraction(text) == value


def test_fractions() -> None:
    assert fraction(Fraction(3, 4096)) == "3/4096"
    assert fraction(Fraction(-7)) == "-7"
    assert fraction(Fraction(5, 2**90)) == "5/2^90"
    assert fraction(Fraction(5, 3**15)) == f"5/{3**15}"
    assert len(fraction(Fraction(3**500, 2**500))) < 40


def test_durations() -> None:
    assert [seconds(s) for s in (0.00042, 0.05, 1.234, 33.33, 245.4)] == [
        "0.42 ms",
        "50 ms",
        "1.23 s",
        "33.3 s",
        "4 min 05 s",
    ]


def test_shorten() -> None:
    assert shorten("a  &\n b", 20) == "a & b"
    assert shorten("abcdefghij", 8) == "abcde..."


@pytest.mark.parametrize(
    ("status", "size", "violations", "domain", "text"),
    [
        ("holds", 16, 0, "all", "the network computes the specification on all 16 inputs"),
        ("holds", None, 0, "all", "the network computes the specification on every input"),
        ("holds", 1, 0, "1 listed", "on the only input of the domain '1 listed'"),
        ("holds", 137, 0, None, "on all 137 inputs of the domain"),
        ("violated", 16, None, "all", "the network is wrong on at least one of 16 inputs"),
        ("violated", 2**20, 1234, "all", "the network is wrong on 1,234 of 1,048,576 inputs"),
        ("violated", None, None, "at most 2", "one of the inputs of the domain 'at most 2'"),
        ("violated", 1, 1, "all", "the network is wrong on 1 of 1 input"),
    ],
)
def test_headlines(
    status: str, size: int | None, violations: int | None, domain: str | None, text: str
) -> None:
    line = headline(Verdict(status, "enumerate", size, violations), domain)
    assert line.startswith(f"{status}: ")
    assert line.endswith(text)


def test_unknown_says_why() -> None:
    limit = Attempt("z3", 2.0, "time limit")
    assert headline(Verdict("unknown", "z3", 16, tried=(limit,))) == "unknown: time limit"
    stopped = Verdict("unknown", "z3", 16, seconds=2.5, interrupted=True)
    assert headline(stopped) == "unknown: interrupted after 2.50 s"


def test_html_escapes_names_and_shows_the_wrong_output() -> None:
    readings = {
        "right": OutputReading(True, True, Fraction(3)),
        "<b>y</b>": OutputReading(False, None, Fraction(1, 2)),
    }
    example = Counterexample(("a<b", "c"), (True, False), readings)
    page = render(
        Verdict(
            "violated",
            "enumerate",
            4,
            2,
            {"right": 0, "<b>y</b>": 2},
            (example,),
            Fraction(-1, 4),
            ("a <note>",),
        )
    )
    for text in ("a&lt;b", "&lt;b&gt;y&lt;/b&gt;", "a &lt;note&gt;", "-1/4 (-0.25)", "neither"):
        assert text in page
    assert "<b>" not in page
    assert page.index("&lt;b&gt;y") < page.index(">right<")
    assert "wrong on 2 of 4 inputs" in page


def test_html_of_many_inputs_and_outputs_stays_small() -> None:
    names = tuple(f"x{i}" for i in range(5000))
    bits = tuple(i == 7 for i in range(5000))
    outputs = {f"y{j}": OutputReading(False, j == 400, Fraction(j == 400)) for j in range(500)}
    page = render(
        Verdict("violated", "z3", None, counterexamples=(Counterexample(names, bits, outputs),))
    )
    assert "true inputs: x7;" in page
    assert "y400" in page
    assert "and 480 more outputs" in page
    assert len(page) < 5000
    dense = Counterexample(names, (True,) * 5000, outputs)
    page = render(Verdict("violated", "z3", None, counterexamples=(dense,)))
    assert "x59 and 4940 more" in page
    assert len(page) < 5000


def _example(inputs: int, outputs: int, wrong: int) -> Counterexample:
    readings = {
        f"y{j}": OutputReading(True, j >= wrong, Fraction(j >= wrong, 3)) for j in range(outputs)
    }
    names = tuple(f"<x{i}>" for i in range(inputs))
    return Counterexample(names, tuple(i == 1 for i in range(inputs)), readings)


def test_a_whole_verdict_in_plain_text() -> None:
    verdict = Verdict(
        "violated",
        "enumerate",
        1 << 17,
        9,
        {"y0": 9, "y1": 0, "long name": 4},
        (_example(3, 2, 1), _example(20, 2, 1)),
        Fraction(-1, 2),
        ("a sentence",),
        1 << 17,
        0.5,
    )
    assert report(verdict).splitlines() == [
        "violated: the network is wrong on 9 of 131,072 inputs of the domain",
        "  output      violations",
        "  y0                   9",
        "  long name            4",
        "counterexample 1 of 2: <x0>=0 <x1>=1 <x2>=0",
        "  output   expected   read        value",
        "  y0       true       false           0",
        "  y1       true       true    ~0.333333",
        "counterexample 2 of 2: true: <x1>; the other 19 inputs are false",
        "  output   expected   read        value",
        "  y0       true       false           0",
        "  y1       true       true    ~0.333333",
        "margin: -1/2 (-0.5)",
        "note: a sentence",
        "engine: enumerate, 0.50 s, 131,072 inputs visited, 262,144 inputs/s",
    ]


def test_many_outputs_and_no_answer_in_plain_text() -> None:
    verdict = Verdict("violated", "z3", 8, counterexamples=(_example(3, 60, 25),), nodes=7)
    lines = report(verdict).splitlines()
    assert lines[1].startswith("counterexample: ")
    assert "and 5 more wrong outputs and 35 right outputs" in lines
    assert len(lines) == 2 + 21 + 1 + 1
    assert lines[-1].endswith("7 nodes")
    late = Attempt("tree", 2.0, "time limit after 3 nodes")
    lines = report(Verdict("unknown", "tree", None, tried=(late,), seconds=2.0)).splitlines()
    assert lines[0] == "unknown: time limit after 3 nodes"
    assert "tried: tree, 2.00 s: time limit after 3 nodes" in lines


def test_a_counterexample_as_html() -> None:
    text = render_counterexample(_example(3, 2, 1))
    assert "&lt;x1&gt;" in text
    assert "<x1>" not in text
    assert text.count("<tr>") == 2 + 3


@given(st.floats(min_value=0, max_value=1e30, allow_subnormal=True))
def test_a_guarantee_is_rounded_down(value: float) -> None:
    shown = Fraction(at_least(value))
    assert shown <= Fraction(value)
    assert shown * 101 >= Fraction(value) * 100 or value < 1e-300


def test_a_guarantee_in_three_digits() -> None:
    assert [at_least(v) for v in (0.00018988, 0.25, 12345.0, 0.0)] == [
        "0.000189", "0.25", "1.23e+4", "0",
    ]  # fmt: skip
