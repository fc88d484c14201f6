"""Counting formulas on domains by decision diagrams, against plain enumeration."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify.comparison import formula_count
from superproof.verify.comparison.formula_count import RegionSizes
from superproof.verify.domain_notation import parse_domain
from superproof.verify.formula import AtLeast, Formula, Variable
from superproof.verify.grammar import parse_formula

from ... import strategies
from ...oracles import fraction_oracle as oracle


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_counts_are_those_of_enumeration(data: st.DataObject) -> None:
    names = data.draw(st.integers(1, 6).flatmap(strategies.names))
    domain = data.draw(strategies.domains(names))
    sizes = RegionSizes(domain)
    for _ in range(3):
        formula: Formula = data.draw(strategies.formulas(names))
        true = [
            bits
            for bits in oracle.members(domain)
            if oracle.truth(formula, dict(zip(names, bits, strict=True)))
        ]
        expected = None if domain.points is not None else len(true)
        assert sizes.size(formula) == expected


def test_large_domains_are_counted() -> None:
    names = tuple(f"x{i}" for i in range(200))
    half = AtLeast(100, tuple(map(Variable, names)))
    every = RegionSizes(parse_domain(None, names))
    assert every.size(half) == sum(math.comb(200, k) for k in range(100, 201))
    few = RegionSizes(parse_domain("at most 3", names))
    assert few.size(parse_formula("x0 & x7", frozenset(names))) == 199


def test_diagrams_that_grow_too_large_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"x{i}" for i in range(40))
    # pairs of inputs far apart: the diagram has to remember half of them
    text = " | ".join(f"x{i} & x{i + 20}" for i in range(20))
    formula = parse_formula(text, frozenset(names))
    monkeypatch.setattr(formula_count, "NODES", 1000)
    sizes = RegionSizes(parse_domain(None, names))
    assert sizes.size(formula) is None
    assert sizes.size(parse_formula("x0", frozenset(names))) == 2**39
    late = RegionSizes(parse_domain(None, names), seconds=-1)
    monkeypatch.setattr(formula_count, "NODES", 1 << 20)
    assert late.size(formula) is None
