"""Tail probabilities against enumeration, and the inequalities above them."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.theory import RegimeError, lookup
from superproof.theory.tails import binomial_tail, sign_sum_tail

from .direct import checks


@pytest.mark.parametrize("length", [1, 2, 5, 8])
@checks("sign-sum-exact", "binomial-exact")
def test_exact_tails_by_enumeration(length: int) -> None:
    for level in (Fraction(-3), Fraction(0), Fraction(1, 2), Fraction(1), Fraction(4)):
        hits = sum(sum(signs) >= level for signs in itertools.product((-1, 1), repeat=length))
        assert sign_sum_tail(length, level) == Fraction(hits, 2**length)
        if level >= 0:
            (bound,) = lookup("sign-sum-exact")
            assert bound.evaluate(length=length, level=level) == Fraction(hits, 2**length)
    p = Fraction(2, 7)
    for successes in range(length + 1):
        total = sum(
            p ** sum(draw) * (1 - p) ** (length - sum(draw))
            for draw in itertools.product((0, 1), repeat=length)
            if sum(draw) >= successes
        )
        assert binomial_tail(length, p, successes) == total
        (bound,) = lookup("binomial-exact")
        assert bound.evaluate(length=length, probability=p, successes=successes) == total


@checks("sign-sum-hoeffding")
@settings(max_examples=150, deadline=None)
@given(st.integers(1, 200), st.fractions(min_value=0, max_value=220, max_denominator=5))
def test_hoeffding(length: int, level: Fraction) -> None:
    bound = lookup("sign-sum-hoeffding")[0].evaluate(length=length, level=level)
    assert sign_sum_tail(length, level) <= bound.low or level == 0


@checks("binomial-chernoff")
@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 60),
    st.fractions(min_value=Fraction(1, 50), max_value=Fraction(49, 50), max_denominator=50),
    st.data(),
)
def test_chernoff(length: int, probability: Fraction, data: st.DataObject) -> None:
    successes = data.draw(
        st.integers(-(-length * probability.numerator // probability.denominator), length)
    )
    values = {"length": length, "probability": probability, "successes": successes}
    bound = lookup("binomial-chernoff")[0].evaluate(**values)
    exact = lookup("binomial-exact")[0].evaluate(**values)
    assert exact <= bound.high
    if successes == length:  # then there is nothing to lose
        assert exact in bound


def test_mistakes() -> None:
    exact, chernoff = lookup("binomial-exact")[0], lookup("binomial-chernoff")[0]
    with pytest.raises(RegimeError, match="0 < probability < 1"):
        exact.evaluate(length=3, probability=1, successes=2)
    with pytest.raises(RegimeError, match="successes <= length"):
        exact.evaluate(length=3, probability=Fraction(1, 2), successes=4)
    with pytest.raises(RegimeError, match="about the upper tail"):
        chernoff.evaluate(length=8, probability=Fraction(1, 2), successes=3)
    with pytest.raises(RegimeError, match="the exact sum is written out"):
        lookup("sign-sum-exact")[0].evaluate(length=10**6, level=0)
