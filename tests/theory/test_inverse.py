"""Inverses: extreme, in the regime, and only where a direction is proved."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.theory import BOUNDS, Bound, Enclosure, RegimeError, lookup
from superproof.theory.inverse import at_most

from .test_catalog import INSTANCE
from .test_formulas import OTHER

SOLVABLE = [(b, m.parameter) for b in BOUNDS for m in b.monotone]


def _instance(bound: Bound, which: int, target: str) -> dict[str, Any]:
    given = dict((INSTANCE, OTHER)[which])
    if any(m.parameter == target and m.only_if for m in bound.monotone):
        given["wrong"] = 0
    if bound.name == "permutation-random-signs":
        given["active"] = 1  # a search over one grid instead of two
    return {p.name: given[p.name] for p in bound.parameters if p.name in given}


@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize(
    ("bound", "target"), SOLVABLE, ids=[f"{b.name}-{target}" for b, target in SOLVABLE]
)
def test_an_inverse_is_extreme(bound: Bound, target: str, which: int) -> None:
    values = _instance(bound, which, target)
    value = bound.evaluate(**values)
    budget = value.high if isinstance(value, Enclosure) else value
    rises = next(m.rises for m in bound.monotone if m.parameter == target)
    here = bound.instance(**values)[target]
    try:
        found = bound.invert(target, budget, **values)
    except RegimeError as error:
        if "every" not in str(error):
            raise
        return  # the bound stays below the budget for ever
    assert at_most(bound.evaluate(**{**values, target: found}), budget)
    assert found >= here if rises else found <= here
    beyond = found + 1 if rises else found - 1
    try:
        next_value = bound.evaluate(**{**values, target: beyond})
    except RegimeError:
        return  # the edge of the regime
    assert not at_most(next_value, budget)


@pytest.mark.parametrize(
    ("bound", "target"), SOLVABLE, ids=[f"{b.name}-{target}" for b, target in SOLVABLE]
)
def test_the_direction_is_as_stated(bound: Bound, target: str) -> None:
    values = _instance(bound, 0, target)
    rises = next(m.rises for m in bound.monotone if m.parameter == target)
    before: Any = None
    for place in (1, 2, 3, 4, 5, 8, 12, 16, 24, 32, 48, 64, 100):
        try:
            value = bound.evaluate(**{**values, target: place})
        except RegimeError:
            continue
        low, high = (value.low, value.high) if isinstance(value, Enclosure) else (value, value)
        if before is not None:
            assert high >= before[0] if rises else low <= before[1]
        before = (low, high)


@pytest.mark.parametrize(
    ("bound", "target"), SOLVABLE, ids=[f"{b.name}-{target}" for b, target in SOLVABLE]
)
def test_an_inverse_is_the_first_or_last_that_fits(bound: Bound, target: str) -> None:
    """Against a scan of small values, at budgets on and between the values of the bound."""
    values = _instance(bound, 0, target)
    scanned: dict[int, Any] = {}
    for place in range(next(p.least for p in bound.parameters if p.name == target), 40):
        try:
            scanned[place] = bound.evaluate(**{**values, target: place})
        except RegimeError:
            continue
    if len(scanned) < 3 or bound.name == "permutation-random-signs":
        return  # nothing to scan, or a slow search that the tests above invert
    rises = next(m.rises for m in bound.monotone if m.parameter == target)
    ends = [v.high if isinstance(v, Enclosure) else Fraction(v) for v in scanned.values()]
    for budget in (ends[len(ends) // 2], (ends[0] + 2 * ends[len(ends) // 2]) / 3):
        try:
            fitting = [place for place, v in scanned.items() if at_most(v, budget)]
        except RegimeError:
            continue  # a budget within an enclosure decides nothing
        if not fitting or (rises and fitting[-1] == max(scanned)):
            continue  # the answer lies beyond the scan
        found = bound.invert(target, budget, **{k: v for k, v in values.items() if k != target})
        assert found == (max(fitting) if rises else min(fitting))


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 12), st.integers(0, 25), st.integers(1, 8))
def test_outputs_allowed_by_neurons(inputs: int, neurons: int, bits: int) -> None:
    (bound,) = lookup("pairwise-and-neurons")

    def width(outputs: int) -> int:
        return bound.evaluate(inputs=inputs, outputs=outputs, bits=bits)

    fitting = [m for m in range(1, math.comb(inputs, 2) + 1) if width(m) <= neurons]
    if not fitting:
        with pytest.raises(RegimeError, match="even outputs = 1 exceeds a neurons of"):
            bound.invert("outputs", neurons, inputs=inputs, bits=bits)
    else:
        assert bound.invert("outputs", neurons, inputs=inputs, bits=bits) == max(fitting)


def test_the_start_of_a_regime_may_lie_far_out() -> None:
    (bound,) = lookup("pairwise-and-polynomial-code")
    # 20,000 outputs need at least 201 inputs
    with pytest.raises(RegimeError, match="even inputs = 201 exceeds"):
        bound.invert("inputs", 3, outputs=20_000)
    found = bound.invert("inputs", 385, outputs=20_000)
    assert found == 11**3  # 385 neurons: 3 coefficients over the field of 11 elements
    (many,) = lookup("permutation-bits")
    assert many.invert("inputs", 10**7) > 4096 * 100


def test_what_cannot_be_solved() -> None:
    (real,) = lookup("pairwise-and-neurons-real")
    with pytest.raises(RegimeError, match="no direction is proved for 'outputs'"):
        real.invert("outputs", 10, inputs=9, outputs=5)
    (bits,) = lookup("pairwise-and-bits-relevant")
    with pytest.raises(RegimeError, match="can be solved for outputs only for wrong = 0"):
        bits.invert("outputs", 10, inputs=9, wrong=1)
    with pytest.raises(RegimeError, match="has no whole-number parameter 'edges'"):
        bits.invert("edges", 10, inputs=9)
    (random,) = lookup("representation-all-inputs")
    with pytest.raises(RegimeError, match="even inputs = 2 exceeds a neurons of 3"):
        random.invert("inputs", 3)
    (free,) = lookup("pairwise-and-neurons")
    with pytest.raises(RegimeError, match="no bits fits a neurons of 0"):
        free.invert("bits", 0, inputs=9, outputs=20)
    (split,) = lookup("expansion-some-parent")
    assert split.invert("parents", 1, factor=2, clause=2) == 50_000  # the edge of its regime
    (sharp,) = lookup("softmax-gap")
    with pytest.raises(RegimeError, match="every context fits"):
        sharp.invert("context", 1000)
    # outputs cannot exceed the pairs whatever the budget
    assert free.invert("outputs", 10**6, inputs=9) == 36
    with pytest.raises(RegimeError, match="needs inputs"):
        free.invert("outputs", 3)


def test_undecided_budgets_are_refused() -> None:
    value = Enclosure(Fraction(1), Fraction(2))
    with pytest.raises(RegimeError, match="cannot be told from the budget 3/2"):
        at_most(value, Fraction(3, 2))
