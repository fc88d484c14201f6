"""Conversion of stored numbers to exact dyadic rationals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superproof.verify.dyadic import INT64_BITS, Dyadic, bit_width, narrow, power_of_two
from superproof.verify.errors import InputError

from .. import strategies
from ..oracles.fraction_oracle import exact

shapes = st.lists(st.integers(0, 4), min_size=1, max_size=2).map(tuple)


@given(shapes.flatmap(lambda shape: strategies.arrays(shape, wild=True)))
def test_every_stored_number_is_kept(array: np.ndarray) -> None:
    dyadic = Dyadic.from_array(array)
    fractions = dyadic.fractions()
    assert dyadic.shape == fractions.shape == array.shape
    for index in np.ndindex(array.shape):
        assert fractions[index] == exact(array[index])
        assert int(dyadic.mantissa[index]) * power_of_two(dyadic.exponent) == fractions[index]


@given(shapes.flatmap(lambda shape: strategies.arrays(shape, wild=True)))
def test_canonical_form(array: np.ndarray) -> None:
    """The exponent is the largest possible, and int64 is used whenever 62 bits suffice."""
    dyadic = Dyadic.from_array(array)
    mantissas = [int(m) for m in dyadic.mantissa.flat]
    if any(mantissas):
        assert any(m % 2 for m in mantissas)
    else:
        assert dyadic.exponent == 0
    widest = max((abs(m).bit_length() for m in mantissas), default=0)
    assert (dyadic.mantissa.dtype == np.int64) == (widest <= INT64_BITS)


@given(shapes.flatmap(lambda shape: strategies.arrays(shape)), st.integers(0, 90))
def test_integers_at_a_smaller_unit(array: np.ndarray, finer: int) -> None:
    dyadic = Dyadic.from_array(array)
    scaled = dyadic.integers(dyadic.exponent - finer)
    assert [int(v) for v in scaled.flat] == [int(m) << finer for m in dyadic.mantissa.flat]


def test_a_coarser_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="coarser"):
        Dyadic.from_array([1.5]).integers(0)


@pytest.mark.parametrize(
    ("stored", "fractions"),
    [
        ([0.1], [Fraction(3602879701896397, 1 << 55)]),
        (np.array([0.1], dtype=np.float32), [Fraction(13421773, 1 << 27)]),
        (np.array([0.1], dtype=np.float16), [Fraction(1638, 1 << 14)]),
        (np.array([0.1], dtype=ml_dtypes.bfloat16), [Fraction(205, 1 << 11)]),
        ([5e-324, 2.0**1023], [Fraction(1, 1 << 1074), Fraction(1 << 1023)]),
        (np.array([-128, 127], dtype=np.int8), [-128, 127]),
        (np.array([2**64 - 1], dtype=np.uint64), [2**64 - 1]),
        (np.array([-(2**63)]), [-(2**63)]),
        ([True, False], [1, 0]),
        ([Fraction(3, 8), 5], [Fraction(3, 8), 5]),
        ([10**40, -1], [10**40, -1]),
        (np.array([np.float32(0.5), np.int64(3)], dtype=object), [Fraction(1, 2), 3]),
        ([-0.0], [0]),
    ],
    ids=str,
)
def test_table(stored: Any, fractions: list[Fraction]) -> None:
    assert list(Dyadic.from_array(stored).fractions()) == fractions


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([[1.0, float("nan")]], r"w: entry \[0, 1\] is nan; weights must be finite numbers"),
        ([float("inf")], r"w: entry \[0\] is inf"),
        (np.array([1, -np.inf], dtype=np.float16), r"w: entry \[1\] is -inf"),
        ([1j], r"w: values of type complex128 are not numbers"),
        ([Fraction(1, 3)], r"w: entry \[0\] is 1/3; its denominator is not a power of two"),
        ([None], r"w: entry \[0\] is None; weights must be finite numbers"),
        (np.array([1.0], dtype=np.longdouble), r"w: float128 weights are not supported"),
    ],
)
def test_errors(stored: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Dyadic.from_array(stored, "w")


@given(st.lists(st.integers(-(1 << 70), 1 << 70), max_size=5))
def test_bit_width_and_narrow(numbers: list[int]) -> None:
    array = np.array(numbers, dtype=object)
    widest = max((abs(n).bit_length() for n in numbers), default=0)
    assert bit_width(array) == widest
    assert (narrow(array).dtype == np.int64) == (widest <= INT64_BITS)
    assert [int(v) for v in narrow(array)] == numbers


def test_indexing_keeps_the_unit() -> None:
    dyadic = Dyadic.from_array([[1.5, 2.0], [0.25, 8.0]])
    assert list(dyadic[1].fractions()) == [Fraction(1, 4), 8]


def test_flushed_subnormals_are_refused() -> None:
    torch = pytest.importorskip("torch")
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush subnormal numbers")
    try:
        with pytest.raises(InputError, match="flushes subnormal numbers to zero"):
            Dyadic.from_array(np.array([5e-324]))
    finally:
        torch.set_flush_denormal(False)
    assert Dyadic.from_array(np.array([5e-324])).exponent == -1074
