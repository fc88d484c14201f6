"""Enclosures of exponentials and logarithms, exact comparisons, and floats with a bound."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.attention.contexts.exponential import (
    LARGEST,
    compare,
    exponential,
    logarithm,
)
from superproof.verify.attention.contexts.float_exponential import RANGE, RELATIVE, exponentials

EXPONENTS = st.one_of(
    st.fractions(-40, 40),
    st.fractions(-700, 700, max_denominator=50),
    st.builds(lambda n, e: n * Fraction(1, 10**e), st.integers(-9, 9), st.integers(0, 60)),
)


def real(number: Fraction) -> mpmath.mpf:
    return mpmath.mpf(number.numerator) / number.denominator


@settings(max_examples=300, deadline=None)
@given(EXPONENTS, st.sampled_from([0, 1, 16, 64, 128, 700]))
def test_exponentials_are_enclosed_tightly(exponent: Fraction, bits: int) -> None:
    low, high = exponential(exponent, bits)
    with mpmath.workprec(3000):
        value = mpmath.exp(real(exponent)) * mpmath.mpf(2) ** bits
        assert low <= value <= high
    assert high - low <= 2
    assert (low == high) == (exponent == 0)


@settings(max_examples=300, deadline=None)
@given(st.fractions(Fraction(1, 10**30), 10**30), st.sampled_from([0, 16, 64, 700]))
def test_logarithms_are_enclosed_tightly(number: Fraction, bits: int) -> None:
    low, high = logarithm(number, bits)
    with mpmath.workprec(3000):
        assert low <= mpmath.log(real(number)) * mpmath.mpf(2) ** bits <= high
    assert high - low <= 2


def test_ends_of_the_range() -> None:
    assert exponential(Fraction(-(10**9)), 64) == (0, 1)
    with pytest.raises(OverflowError, match="too many digits"):
        exponential(Fraction(LARGEST + 1), 64)
    for number in (Fraction(0), Fraction(-1)):
        with pytest.raises(ValueError, match="logarithm of"):
            logarithm(number, 64)
    assert logarithm(Fraction(1), 64) == (0, 0)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 5), st.fractions(-30, 4, max_denominator=8)), max_size=6),
    st.fractions(-2, 40, max_denominator=6),
)
def test_sums_are_compared_as_by_many_digits(
    terms: list[tuple[int, Fraction]], limit: Fraction
) -> None:
    with mpmath.workprec(2000):
        total = mpmath.fsum(count * mpmath.exp(real(q)) for count, q in terms)
        difference = total - real(limit)
        tie = abs(difference) < mpmath.mpf(10) ** -300
        assert compare(terms, limit) == (0 if tie else mpmath.sign(difference))


def test_ties_are_those_of_equal_scores_only() -> None:
    zero = Fraction(0)
    assert compare([(2, zero), (1, zero)], Fraction(3)) == 0
    assert compare([], Fraction(0)) == 0
    # whatever is added to a tie decides it, however small
    assert compare([(3, zero), (1, Fraction(-(10**40)))], Fraction(3)) == 1
    assert compare([(1, Fraction(10**40))], Fraction(10) ** 300) == 1
    assert compare([(7, Fraction(-(10**40)))], Fraction(1, 10**300)) == -1


def test_what_is_too_near_is_left_open() -> None:
    low, _ = exponential(Fraction(1), 300)
    limit = Fraction(low, 1 << 300)
    assert compare([(1, Fraction(1))], limit, precisions=(64, 128)) is None
    assert compare([(1, Fraction(1))], limit) == 1


def test_floats_are_within_their_bound() -> None:
    generator = np.random.default_rng(0)
    x = np.concatenate(
        [
            generator.uniform(-RANGE, RANGE, 2000),
            generator.uniform(-1, 1, 1000),
            generator.standard_normal(200) * 1e-12,
            np.arange(-995, 996) * float(np.log(2)) / 2,
            [0.0, -0.0, RANGE, -RANGE],
        ]
    )
    found = exponentials(x)
    with mpmath.workprec(200):
        for value, at in zip(found.tolist(), x.tolist(), strict=True):
            exact = mpmath.exp(mpmath.mpf(at))
            assert abs(value - exact) <= exact * RELATIVE / 4
    assert exponentials(np.zeros((3, 0))).shape == (3, 0)


def test_floats_beyond_the_range_are_cut_to_it() -> None:
    ends = exponentials(np.array([-RANGE, RANGE]))
    far = exponentials(np.array([[-np.inf, -1e308], [np.inf, 1e4]]))
    assert (far == ends[:, None]).all()
    assert exponentials(np.array(0.0)) == 1
