"""Enclosures contain the number, print only proved digits, and decide whole numbers safely."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import iv

from superproof.theory.enclosure import Enclosure, enclose, interval, whole_number


@given(st.fractions(min_value=Fraction(1, 100), max_value=1000))
def test_logarithms_are_enclosed(number: Fraction) -> None:
    found = enclose(lambda: iv.log(interval(number)))
    with mpmath.workprec(400):
        logarithm = mpmath.log(mpmath.mpf(number.numerator) / number.denominator)
        assert mpmath.mpf(found.low.numerator) / found.low.denominator <= logarithm + 2**-300
        assert mpmath.mpf(found.high.numerator) / found.high.denominator >= logarithm - 2**-300
    assert found.high - found.low < Fraction(1, 10**40)


def test_whole_numbers_err_on_the_safe_side() -> None:
    assert whole_number(lambda: iv.pi, "down") == whole_number(lambda: iv.pi, "up") == 4
    # exactly 3, which no precision decides
    three = lambda: iv.exp(iv.log(iv.mpf(3)))  # noqa: E731
    assert whole_number(three, "down") == 3
    assert whole_number(three, "up") == 4


def test_comparisons_and_texts() -> None:
    third = Enclosure(Fraction(333, 1000), Fraction(334, 1000))
    assert third.at_most(Fraction(334, 1000)) is True
    assert third.at_most(Fraction(332, 1000)) is False
    assert third.at_most(Fraction(1, 3)) is None
    assert Fraction(1, 3) in third
    assert Fraction(1, 2) not in third
    assert str(third) == "0.333 to 0.334"
    assert str(enclose(lambda: iv.pi)) == "3.14159"
    assert enclose(lambda: iv.pi).decimals(5) == ("3.1415", "3.1416")
    assert third.middle == Fraction(667, 2000)
    with pytest.raises(ValueError, match="an enclosure from 2 down to 1"):
        Enclosure(Fraction(2), Fraction(1))


def test_precision_is_given_back() -> None:
    before = iv.prec
    enclose(lambda: iv.pi, 500)
    assert iv.prec == before
