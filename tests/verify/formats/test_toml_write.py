"""Written specifications read back to the same canonical form."""

from __future__ import annotations

import tempfile
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof import InputError, Specification
from superproof.verify.domain import Ball, Domain
from superproof.verify.formula import And, AtLeast, Formula, Not, Or, Variable
from superproof.verify.grammar import parse_formula
from superproof.verify.problem import digest
from superproof.verify.readout import Argmax, Levels, Threshold

from ...strategies import domains, formulas, names


def same(specification: Specification) -> str:
    """Write, read back, compare; returns the text."""
    with tempfile.TemporaryDirectory() as folder:
        path = specification.save(Path(folder) / "spec.toml")
        again = Specification.load(path)
        text = path.read_text(encoding="utf-8")
    assert digest(again.canonical()) == digest(specification.canonical())
    assert digest(again.domain.canonical()) == digest(specification.domain.canonical())
    assert again.inputs == specification.inputs
    assert again.outputs == specification.outputs
    tomllib.loads(text)
    return text


def rationals() -> st.SearchStrategy[Fraction]:
    """Integers, decimals, dyadics of any size and other fractions."""
    return st.one_of(
        st.integers(-(2**70), 2**70).map(Fraction),
        st.fractions(max_denominator=1000),
        st.decimals(-1000, 1000, allow_nan=False, places=6).map(Fraction),
        st.floats(allow_nan=False, allow_infinity=False).map(Fraction),
    )


def _has_text(formula: Formula | None) -> bool:
    try:
        return formula is None or parse_formula(str(formula)) == formula
    except InputError:
        return False


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_round_trips(data: st.DataObject) -> None:
    over = data.draw(names(data.draw(st.integers(1, 6))))
    texts = st.text(min_size=1, max_size=6).filter(lambda t: t.strip() and t.splitlines() == [t])
    outputs = data.draw(
        st.dictionaries(texts, formulas(over, written=True), min_size=1, max_size=4)
    )
    kinds = ["threshold", "levels"] + ["argmax"] * (len(outputs) > 1)
    kind = data.draw(st.sampled_from(kinds))
    readout: Any = Argmax()
    if kind == "threshold":
        readout = Threshold(data.draw(rationals()))
    elif kind == "levels":
        low, high = sorted(data.draw(st.tuples(rationals(), rationals())))
        readout = Levels(high + 1, low)
    domain = data.draw(domains(over))
    specification = Specification(over, outputs, domain=domain, readout=readout)
    surrogate = any(0xD800 <= ord(c) < 0xE000 for name in outputs for c in name)
    if surrogate or not _has_text(domain.where):
        with pytest.raises(InputError, match=r"spec\.toml: .*no text form"):
            same(specification)
    else:
        same(specification)


NAMES = ("a", "b", "x y", "true")


@pytest.mark.parametrize(
    ("domain", "line"),
    [
        ("all", None),
        ("at most 2", 'domain = "at most 2"'),
        ("at least 2", 'domain = "at least 2"'),
        ("exactly 0", 'domain = "exactly 0"'),
        ({"at_least": 1, "at_most": 3}, "at_least = 1\nat_most = 3"),
        ("within 1 of 0110", 'within = ["1 of 0110"]'),
        (["within 1 of 0110", "within 2 of 1111"], 'within = ["1 of 0110", "2 of 1111"]'),
        ({"one_hot": [["x y", "a"], ["true"]]}, 'one_hot = [["x y", "a"], ["true"]]'),
        ("where `x y` >> ~`true`", 'where = "`x y` >> ~`true`"'),
        (["where a", "where b | `x y`"], 'where = "a & (b | `x y`)"'),
        ({"points": ["1100", "0000"]}, 'points = ["0000", "1100"]'),
    ],
)
def test_domain_lines(domain: Any, line: str | None) -> None:
    text = same(Specification(NAMES, {"y": "a"}, domain=domain))
    assert line in text if line else "domain" not in text


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (Fraction(1, 2), "0.5"),
        (Fraction(-1, 20), "-0.05"),
        (Fraction(1, 3), '"1/3"'),
        (Fraction(7), "7"),
        (Fraction(2**63), f'"{2**63}"'),
        (Fraction(1, 2**40), f'"1/{2**40}"'),
    ],
)
def test_numbers(number: Fraction, written: str) -> None:
    text = same(Specification(2, ["x0"], readout=Threshold(number), values=[-100, number]))
    assert f"threshold = {written}\n" in text
    assert f"values = [-100, {written}]\n" in text


def test_the_shortest_form() -> None:
    assert same(Specification(3, ["x0 & x2"])) == 'inputs = 3\n\n[outputs]\ny0 = "x0 & x2"\n'


def test_awkward_names() -> None:
    odd = ["back\\slash", 'quo"te', "tab\tstop", "\x7f", "\u200b", "é", "#", "a.b"]
    quoted = {f"{name}'": f"`{name}`" for name in odd}
    same(Specification(odd, {**quoted, "?": "true", "0": "false", "-": f"`{odd[0]}` & `{odd[1]}`"}))


def test_long_lists_have_a_line_for_each_item() -> None:
    many = [f"input_number_{i}" for i in range(40)]
    text = same(Specification(many, {"y": many[0]}, domain={"points": ["01" * 20, "10" * 20]}))
    assert max(map(len, text.splitlines())) <= 100


A, B = Variable("a"), Variable("b")


@pytest.mark.parametrize("formula", [And((A,)), Or(()), AtLeast(3, (A, B)), AtLeast(-1, (A,))])
def test_formulas_without_text(tmp_path: Path, formula: Formula) -> None:
    for spec in (
        Specification(("a", "b"), {"y": formula}),
        Specification(
            ("a", "b"), {"y": "a"}, domain=Domain(("a", "b"), where=Or((formula, Not(A))))
        ),
    ):
        with pytest.raises(InputError, match=r"spec\.toml: .*the formula has no text form"):
            spec.save(tmp_path / "spec.toml")
        assert not (tmp_path / "spec.toml").exists()


def test_deep_formulas(tmp_path: Path) -> None:
    formula: Formula = A
    for _ in range(200):
        formula = Not(And((formula, B)))
    with pytest.raises(InputError, match="nesting has its limit"):
        Specification(("a", "b"), {"y": formula}).save(tmp_path / "spec.toml")


def test_domains_that_text_cannot_say(tmp_path: Path) -> None:
    wide = Domain(("a", "b"), balls=(Ball((True, False), 7),))
    with pytest.raises(InputError, match=r"spec\.toml: .*no text form.*out of range"):
        Specification(("a", "b"), {"y": "a"}, domain=wide).save(tmp_path / "spec.toml")


def test_names_that_are_no_text(tmp_path: Path) -> None:
    spec = Specification(2, {3: "x0"})  # type: ignore[dict-item]
    with pytest.raises(InputError, match="the name 3 must be text"):
        spec.save(tmp_path / "spec.toml")


def test_points_arrays() -> None:
    points = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 0]])
    same(Specification(3, ["x0"], domain={"points": points, "at_least": 2}))


def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    spec = Specification(2, ["x0"])
    with pytest.raises(InputError, match=r"spec\.toml: cannot be written: No such file"):
        spec.save(tmp_path / "missing" / "spec.toml")
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        spec.save(tmp_path)
