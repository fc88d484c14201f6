"""Domains: membership, exact size and enumeration, against the oracle and closed forms."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.domain import Ball, Domain, canonical_formula
from superproof.verify.domain_notation import parse_domain
from superproof.verify.errors import InputError
from superproof.verify.grammar import parse_formula
from superproof.verify.specification import Specification

from .. import strategies
from ..oracles import fraction_oracle as oracle

domains = st.integers(1, 7).flatmap(strategies.names).flatmap(strategies.loose_domains)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(count))


@settings(deadline=None, max_examples=600)
@given(domains, st.sampled_from((1, 3, 1 << 14)))
def test_size_and_chunks_agree_with_the_oracle(domain: Domain, rows: int) -> None:
    """Each vector of the domain exactly once, in chunks no larger than asked for."""
    members = oracle.members(domain)
    assert domain.size == len(members)
    assert domain.is_empty() == (not members)
    assert domain.candidates >= len(members)
    chunks = list(domain.chunks(rows))
    assert all(len(chunk) <= rows and chunk.dtype == np.uint8 for chunk in chunks)
    seen = [tuple(map(bool, row)) for chunk in chunks for row in chunk]
    assert len(seen) == len(members)
    assert set(seen) == set(members)


@settings(deadline=None, max_examples=300)
@given(domains)
def test_membership_agrees_with_the_oracle(domain: Domain) -> None:
    cube = list(itertools.product((False, True), repeat=domain.inputs))
    expected = [oracle.belongs(domain, bits) for bits in cube]
    for dtype in (bool, np.uint8, np.int64):
        assert list(domain.contains(np.array(cube, dtype=dtype))) == expected
    assert not domain.is_all or all(expected)


@settings(deadline=None, max_examples=200)
@given(domains)
def test_the_constraint_formula_says_the_same(domain: Domain) -> None:
    """Apart from the list of points, which it leaves out."""
    constraint = domain.constraint()
    listed = None if domain.points is None else {tuple(map(bool, row)) for row in domain.points}
    for bits in itertools.product((False, True), repeat=domain.inputs):
        assignment = dict(zip(domain.names, bits, strict=True))
        inside = constraint is None or oracle.truth(constraint, assignment)
        assert (inside and (listed is None or bits in listed)) == oracle.belongs(domain, bits)


@settings(deadline=None, max_examples=200)
@given(domains)
def test_an_empty_domain_is_refused(domain: Domain) -> None:
    if oracle.members(domain):
        assert Specification(domain.names, ["true"], domain=domain).domain is domain
    else:
        with pytest.raises(InputError, match="domain: empty"):
            Specification(domain.names, ["true"], domain=domain)


@pytest.mark.parametrize(
    ("description", "inputs", "size"),
    [
        ("all", 1000, 1 << 1000),
        ("at most 2", 1000, 1 + 1000 + 499500),
        ("at most 1000", 1000, 1 << 1000),
        ("at least 999", 1000, 1001),
        ("exactly 500", 1000, math.comb(1000, 500)),
        ({"at_least": 2, "at_most": 3}, 100, math.comb(100, 2) + math.comb(100, 3)),
        ("within 3 of " + "01" * 50, 100, sum(math.comb(100, k) for k in range(4))),
        ({"one_hot": [[f"x{i}" for i in range(10)]]}, 40, 10 << 30),
        (
            {"one_hot": [[f"x{i}" for i in range(k, k + 10)] for k in range(0, 40, 10)]},
            100,
            10**4 << 60,
        ),
        (
            {"one_hot": [[f"x{i}" for i in range(10)]], "at_most": 3},
            100,
            10 * sum(math.comb(90, k) for k in range(3)),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_closed_form_sizes(description: object, inputs: int, size: int) -> None:
    domain = parse_domain(description, names(inputs))
    assert domain.size == size
    assert domain.candidates >= size


def test_a_ball_with_one_hot_groups_in_closed_form() -> None:
    """Distances from the centre, counted by hand: a group costs 0 or 2 flips, a zero one 1."""
    centre = (True, False, False, False, False, False) + (False,) * 94
    domain = Domain(names(100), balls=(Ball(centre, 2),), one_hot=((0, 1, 2), (3, 4, 5)))
    # group one stays (0 flips) or moves (2), group two takes one flip in 3 ways; 94 free inputs
    assert domain.size == 3 * (1 + 94)


def test_sizes_nobody_knows() -> None:
    """A formula over 40 inputs has no closed form, and is not counted one by one."""
    domain = parse_domain({"where": "x0 | x1"}, names(40))
    assert domain.size is None
    assert not domain.is_empty()
    assert domain.candidates == 1 << 40


def test_a_formula_on_a_small_cardinality_is_counted() -> None:
    domain = parse_domain(["at most 2", "where x0"], names(500))
    assert domain.size == 1 + 499


def test_enumeration_of_a_large_cube_is_lazy() -> None:
    domain = Domain(names(100))
    first = next(iter(domain.chunks(8)))
    assert [oracle.text(row)[-4:] for row in first] == [f"{k:04b}" for k in range(8)]


def test_two_true_inputs_of_300() -> None:
    domain = parse_domain("exactly 2", names(300))
    seen = np.concatenate(list(domain.chunks(1000)))
    assert (seen.sum(axis=1) == 2).all()
    assert len({row.tobytes() for row in seen}) == math.comb(300, 2) == domain.size


def test_printed_forms() -> None:
    cases = {
        "all": "all",
        "at most 2": "at most 2",
        "exactly 1": "exactly 1",
        "at least 1": "1 to 3 true",
        "within 1 of 010": "within 1 of 010",
        "where x0 | x1": "where x0 | x1",
    }
    for text, shown in cases.items():
        assert str(parse_domain(text, names(3))) == shown
    both = parse_domain({"one_hot": [["x0", "x1"]], "points": ["010"]}, names(3), (-1, 1))
    assert str(both) == "1 one-hot groups, 1 listed (values -1, 1)"


def test_canonical_data() -> None:
    domain = Domain(
        names(3),
        (Fraction(1, 3), Fraction(5, 7)),
        at_least=1,
        balls=(Ball((True, False, True), 2),),
        one_hot=((2, 0),),
        where=parse_formula("atleast(1, x0, ~x1) >> true"),
        points=np.array([[1, 1, 0], [0, 1, 0]], dtype=bool),
    )
    assert domain.canonical() == {
        "values": ["1/3", "5/7"],
        "cardinality": [1, 3],
        "within": [["101", 2]],
        "one_hot": [[2, 0]],
        "where": ["implies", ["atleast", 1, 0, ["not", 1]], True],
        "points": ["010", "110"],
    }
    assert Domain(names(2)).canonical() == {"values": ["0", "1"]}


def test_canonical_formula_uses_positions() -> None:
    index = {"b": 0, "a": 1}
    assert canonical_formula(parse_formula("a & b | ~a ^ false"), index) == [
        "or",
        ["and", 1, 0],
        ["xor", ["not", 1], False],
    ]
