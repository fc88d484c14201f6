"""The notation of domains: what each phrase and table means, and every error message."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.verify.domain import Ball, Domain
from superproof.verify.domain_notation import parse_domain, rational
from superproof.verify.errors import InputError
from superproof.verify.formula import And, Formula, Variable
from superproof.verify.grammar import parse_formula

from ..oracles import fraction_oracle as oracle

NAMES = ("a", "b", "c", "d")


def members(description: Any) -> list[str]:
    return [oracle.text(bits) for bits in oracle.members(parse_domain(description, NAMES))]


@pytest.mark.parametrize(
    ("description", "at_least", "at_most"),
    [
        (None, 0, 4),
        ("all", 0, 4),
        ({}, 0, 4),
        ([], 0, 4),
        ("at most 2", 0, 2),
        ("  at  most  2 ".replace("  ", " "), 0, 2),
        ("at least 3", 3, 4),
        ("exactly 0", 0, 0),
        ({"at_most": 3, "at_least": 1}, 1, 3),
        ({"exactly": 2}, 2, 2),
        ({"at_most": "3"}, 0, 3),
        ({"at_most": 3.0}, 0, 3),
        (["at most 3", "at most 2", {"at_least": 1}], 1, 2),
        (("at least 1", "exactly 1"), 1, 1),
    ],
    ids=str,
)
def test_cardinality(description: Any, at_least: int, at_most: int) -> None:
    domain = parse_domain(description, NAMES)
    assert (domain.at_least, domain.at_most) == (at_least, at_most)


@pytest.mark.parametrize(
    "description",
    [
        "within 1 of 0110",
        "within 1 of 01 10",
        "within 1 of 01_10",
        {"within": "1 of 0110"},
        {"within": "within 1 of 0110"},
        {"within": {"radius": 1, "of": "0110"}},
        {"within": [{"radius": 1, "of": "0110"}]},
    ],
    ids=str,
)
def test_balls(description: Any) -> None:
    domain = parse_domain(description, NAMES)
    assert domain.balls == (Ball((False, True, True, False), 1),)
    assert members(description) == ["0010", "0100", "0110", "0111", "1110"]


def test_several_balls_intersect() -> None:
    both = {"within": ["1 of 0000", "1 of 0011"]}
    assert members(both) == ["0001", "0010"]
    assert members(["within 1 of 0000", "within 1 of 0011"]) == ["0001", "0010"]


@pytest.mark.parametrize(
    "description",
    [
        {"one_hot": ["a", "c"]},
        {"one_hot": [["a", "c"]]},
        {"one_hot": (("a", "c"),)},
    ],
    ids=str,
)
def test_one_group(description: Any) -> None:
    assert parse_domain(description, NAMES).one_hot == ((0, 2),)
    assert all(bits[0] != bits[2] for bits in members(description))


def test_several_groups() -> None:
    table = {"one_hot": [["a", "b"], ["d", "c"]]}
    assert parse_domain(table, NAMES).one_hot == ((0, 1), (3, 2))
    assert members(table) == ["0101", "0110", "1001", "1010"]
    assert members([{"one_hot": ["a", "b"]}, {"one_hot": ["d", "c"]}]) == members(table)


def test_where() -> None:
    formula = parse_formula("a & ~b")
    for description in ("where a & ~b", {"where": "a & ~b"}, {"where": formula}):
        assert parse_domain(description, NAMES).where == formula
    twice: Formula | None = parse_domain(["where a", "where b"], NAMES).where
    assert twice == And((Variable("a"), Variable("b")))


@pytest.mark.parametrize(
    "points",
    [
        ["0110", "1000", "0110"],
        ("01 10", "1_000"),
        np.array([[1, 0, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]]),
        np.array([[True, False, False, False], [False, True, True, False]]),
        np.array([[1.0, 0, 0, 0], [0, 1, 1, 0]]),
    ],
    ids=["list", "tuple", "integers", "bool", "float"],
)
def test_points(points: Any) -> None:
    """Repetitions count once."""
    assert parse_domain({"points": points}, NAMES).size == 2
    assert members({"points": points}) == ["0110", "1000"]


def test_lists_of_points_intersect() -> None:
    assert members([{"points": ["0110", "1000"]}, {"points": ["1000", "1111"]}]) == ["1000"]


def test_points_in_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "some.npy", np.array([[1, 0, 0, 0]]))
    (tmp_path / "some.txt").write_text("1000\n")
    for name in ("some.npy", "some.txt"):
        domain = parse_domain({"points": name}, NAMES, folder=tmp_path)
        assert oracle.members(domain) == [(True, False, False, False)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-1, 1], (-1, 1)),
        (["1/3", "0.1"], (Fraction(1, 3), Fraction(1, 10))),
        ((Decimal("0.1"), 2), (Fraction(1, 10), 2)),
        ([0.5, Fraction(5, 7)], (Fraction(1, 2), Fraction(5, 7))),
    ],
    ids=str,
)
def test_values(values: Any, expected: tuple[Fraction, Fraction]) -> None:
    assert parse_domain({"values": values}, NAMES).values == expected
    assert parse_domain("at most 1", NAMES, values).values == expected


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (3, "domain: expected text or a table, found int"),
        ([["all"]], "domain: expected text or a table, found list"),
        ("most 2", "domain: 'most 2' is not understood; write 'all', 'at most K'"),
        ("", "domain: '' is not understood"),
        ("at most", "domain: 'at most' is not understood"),
        ("At most 2", "domain: 'At most 2' is not understood"),
        ({"atmost": 2}, "domain: unknown key 'atmost'; did you mean 'at_most'?"),
        ({"zzz": 2}, "domain: unknown key 'zzz'; known keys: at_most, at_least, exactly"),
        ("at most x", "domain: 'at most' needs a whole number, not 'x'"),
        ("at most 1.5", "domain: 'at most' needs a whole number, not '1.5'"),
        ({"at_most": 1.5}, "domain: 'at most' needs a whole number, not 1.5"),
        ({"exactly": True}, "domain: 'exactly' needs a whole number, not True"),
        ({"exactly": None}, "domain: 'exactly' needs a whole number, not None"),
        ({"exactly": float("nan")}, "domain: 'exactly' needs a whole number, not nan"),
        ({"exactly": float("inf")}, "domain: 'exactly' needs a whole number, not inf"),
        ("at most 5", "domain: 'at most 5' is out of range; there are 4 inputs"),
        ("at least -1", "domain: 'at least -1' is out of range; there are 4 inputs"),
        ("exactly 5", "domain: 'exactly 5' is out of range; there are 4 inputs"),
        (["at most 1", "at least 2"], "domain: empty, at least 2 and at most 1 true inputs"),
        ("where a & ~a", "domain: empty, no input satisfies 'where a & ~a'"),
        (["within 0 of 0000", "within 0 of 1111"], "domain: empty, no input satisfies 'within 0"),
        ({"one_hot": ["a", "b"], "exactly": 0}, "domain: empty, no input satisfies"),
        ([{"points": ["0000"]}, {"points": ["1111"]}], "domain: empty, no input satisfies"),
        ("within 1", "domain: 'within' needs 'K of BITS' or { radius = K, of = BITS }"),
        ({"within": 3}, "domain: 'within' needs 'K of BITS'"),
        ({"within": {"radius": 1}}, "domain: 'within' needs 'K of BITS'"),
        ("within x of 0000", "domain: 'within' needs a whole number, not 'x'"),
        ("within 9 of 0000", "domain: 'within 9' is out of range; there are 4 inputs"),
        ("within 1 of 000", "domain: '000' has 3 bits, but there are 4 inputs"),
        ({"within": {"radius": 1, "of": "00a0"}}, "domain: '00a0' is not a string of 0 and 1"),
        ({"within": {"radius": 1, "of": 1111}}, "domain: 1111 is not a string of 0 and 1"),
        ({"one_hot": []}, "domain: one_hot needs a list of groups of input names"),
        ({"one_hot": "a"}, "domain: one_hot needs a list of groups of input names"),
        ({"one_hot": [[]]}, "domain: each one_hot group needs at least one input name"),
        ({"one_hot": [["a"], "b"]}, "domain: each one_hot group needs at least one input name"),
        ({"one_hot": [["a", "b"], ["b", "c"]]}, "domain: input 'b' is in two one_hot places"),
        ({"one_hot": ["a", "a"]}, "domain: input 'a' is in two one_hot places"),
        ({"one_hot": ["a", "aa"]}, "domain: unknown input 'aa'; did you mean 'a'?"),
        ({"one_hot": [["a", 3]]}, "domain: unknown input '3'"),
        ("where a | zzz", "domain: formula 'a | zzz', column 5: unknown input 'zzz'"),
        ("where a |", "column 4: expected an input name"),
        ({"where": 3}, "a formula must be text, not int"),
        ({"points": []}, "domain: points needs a list of bit strings, or a file name"),
        ({"points": 3}, "domain: points needs a list of bit strings, or a file name"),
        ({"points": ["01"]}, "domain: '01' has 2 bits, but there are 4 inputs"),
        ({"points": [[0, 1, 1, 0]]}, "is not a string of 0 and 1"),
        ({"points": np.zeros((2, 3))}, r"domain: points have shape (2, 3), but there are 4 inputs"),
        ({"points": np.full((1, 4), 2)}, "domain: points must hold only 0 and 1"),
        ({"points": np.full((1, 4), np.nan)}, "domain: points must hold only 0 and 1"),
        ({"points": "missing.txt"}, "domain: cannot read points from missing.txt: "),
        ({"points": "missing.npy"}, "domain: cannot read points from missing.npy: "),
        ({"values": 1}, "domain: values needs two numbers, for false and for true"),
        ({"values": [1, 2, 3]}, "domain: values needs two numbers, for false and for true"),
        ({"values": [1, 1.0]}, "domain: values for false and true must differ"),
        ({"values": [0, "x"]}, "domain: values: 'x' is not a finite number"),
        ({"values": [0, "1/0"]}, "domain: values: '1/0' is not a finite number"),
        ({"values": [0, float("inf")]}, "domain: values: inf is not a finite number"),
        ({"values": [False, True]}, "domain: values: expected a number, found False"),
        ([{"values": [0, 1]}, {"values": [0, 2]}], "domain: values is given twice"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_errors(description: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_domain(description, NAMES)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_in_two_places() -> None:
    with pytest.raises(InputError, match="domain: values is given twice"):
        parse_domain({"values": [0, 1]}, NAMES, values=(-1, 1))


def test_damaged_points_file(tmp_path: Path) -> None:
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY nothing")
    with pytest.raises(InputError, match=r"domain: cannot read points from .*bad\.npy"):
        parse_domain({"points": "bad.npy"}, NAMES, folder=tmp_path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.1", Fraction(1, 10)),
        ("-2/6", Fraction(-1, 3)),
        ("1e-3", Fraction(1, 1000)),
        (Decimal("1.25"), Fraction(5, 4)),
        (0.5, Fraction(1, 2)),
        (7, 7),
    ],
    ids=str,
)
def test_rationals(value: Any, expected: Fraction) -> None:
    assert rational(value, "it") == expected


@pytest.mark.parametrize("value", [True, "x", None, float("nan"), Decimal("Infinity"), [1], "1/0"])
def test_what_is_no_rational(value: Any) -> None:
    with pytest.raises(InputError, match=r"^it: "):
        rational(value, "it")


def test_numpy_integers_become_exact() -> None:
    value = rational(np.int64(3), "x")
    assert type(value.numerator) is int
    domain = Domain(("a",), values=(Fraction(np.int64(0)), Fraction(np.int64(2))))
    assert {type(v.numerator) for v in domain.values} == {int}
