"""DNF logic against full enumeration."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.empirics.reading.dnf import (
    clause_of,
    cnf_formula,
    contains,
    dnf_formula,
    equivalent,
    implied,
    implies,
    irredundant,
    maximal,
    minimised,
    opposite,
    primed,
    satisfied,
)
from superproof.empirics.tasks import Clause
from superproof.verify.bitprogram import BitProgram

from .built import all_points

INPUTS = 5
POINTS = all_points(INPUTS)
NAMES = tuple(f"x{i}" for i in range(INPUTS))

literals = st.dictionaries(st.integers(0, INPUTS - 1), st.booleans(), max_size=4)
clauses = literals.map(lambda chosen: clause_of(chosen.items()))
dnfs = st.lists(clauses, max_size=6).map(tuple)


def truth(dnf: tuple[Clause, ...]) -> list[bool]:
    return [bool(row.any()) for row in satisfied(dnf, POINTS)]


@settings(max_examples=300, deadline=None)
@given(clauses, dnfs, dnfs)
def test_implications_are_decided(
    premise: Clause, first: tuple[Clause, ...], second: tuple[Clause, ...]
) -> None:
    inside = satisfied([premise], POINTS)[:, 0]
    covered = satisfied(first, POINTS).any(axis=1)
    assert implied(premise, first) == bool((covered | ~inside).all())
    assert equivalent(first, second) == (truth(first) == truth(second))
    a, b = truth(first), truth(second)
    assert implies(first, second) == all(y or not x for x, y in zip(a, b, strict=True))


@settings(max_examples=300, deadline=None)
@given(dnfs)
def test_minimised_is_the_same_function_prime_and_irredundant(dnf: tuple[Clause, ...]) -> None:
    found = minimised(dnf)
    assert truth(found) == truth(dnf)
    assert truth(primed(dnf)) == truth(irredundant(dnf)) == truth(maximal(dnf)) == truth(dnf)
    for clause in found:
        others = tuple(other for other in found if other != clause)
        assert truth(others) != truth(found)
        for literal in clause:
            shorter = tuple(other for other in clause if other != literal)
            assert not implied(shorter, found)


def test_the_consensus_shortens_a_clause() -> None:
    # ~x1 & ~x7 and x1 & ~x4 & x7 & x14: the second is not prime beside ~x4 & ~x1
    first = ((0, False), (1, True)), ((0, True), (1, True), (2, True))
    assert minimised(first) == (((0, False), (1, True)), ((1, True), (2, True)))


@given(dnfs)
@settings(max_examples=100, deadline=None)
def test_formulas_have_the_same_truth(dnf: tuple[Clause, ...]) -> None:
    index = {name: i for i, name in enumerate(NAMES)}
    both = [dnf_formula(dnf, NAMES), cnf_formula(dnf, NAMES)]
    values = BitProgram.compile(both, index).run_points(POINTS)
    assert values[:, 0].tolist() == truth(dnf)
    assert (values[:, 1] != values[:, 0]).all()


def test_small_questions() -> None:
    assert contains(((1, True),), ((0, False), (1, True)))
    assert not contains(((1, True),), ((1, False),))
    assert opposite(((0, True), (2, False))) == ((0, False), (2, True))
    assert str(dnf_formula((), NAMES)) == "false"
    assert str(dnf_formula(((),), NAMES)) == "true"
    assert str(cnf_formula((((0, True), (1, False)),), NAMES)) == "~x0 | x1"
    with pytest.raises(ValueError, match="input 1 occurs with both signs"):
        clause_of([(1, True), (1, False)])
