"""Rounding to a format: against numpy, the slow emulation and the names that are known."""

from __future__ import annotations

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superproof.verify.errors import InputError
from superproof.verify.rounding.entries import UNIT_OF_ZERO, Entries
from superproof.verify.rounding.number_type import NUMBER_TYPES, number_type

from ...oracles import ieee_emulation as emulation
from ...strategies import arrays

_CASTS = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float16": np.dtype(np.float16),
}


@given(st.sampled_from(sorted(_CASTS)), st.floats(allow_nan=False, allow_infinity=False))
def test_nearest_is_what_a_cast_gives(name: str, number: float) -> None:
    if name == "bfloat16":
        # the cast goes through float32, which rounds first
        number = float(np.clip(number, -1e38, 1e38).astype(np.float32))
    with np.errstate(over="ignore"):
        cast = float(np.float64(number).astype(_CASTS[name]))
    nearest = number_type(name).storage.nearest(Fraction(number))
    assert nearest == (Fraction(cast) if np.isfinite(cast) else None)


@given(st.sampled_from(sorted(_CASTS)), st.fractions(), st.integers(-160, 140))
def test_nearest_is_what_the_emulation_says(name: str, number: Fraction, power: int) -> None:
    number *= Fraction(2) ** power
    try:
        expected: Fraction | None = emulation.rounded(number, name)
    except emulation.OverflowedError:
        expected = None
    assert number_type(name).storage.nearest(number) == expected


@pytest.mark.parametrize("name", sorted(_CASTS))
def test_the_formats_are_those_of_the_types(name: str) -> None:
    info = ml_dtypes.finfo(_CASTS[name])
    storage = NUMBER_TYPES[name].storage
    assert storage.roundoff == float(info.eps) / 2
    assert 2.0**storage.smallest == float(info.smallest_normal)
    assert storage.largest == float(info.max)
    assert storage.flush >= float(info.smallest_normal)


def test_an_unknown_type_is_bad_input() -> None:
    with pytest.raises(InputError, match=r"int8: unknown number type; use one of float64, float32"):
        number_type("int8")


@given(st.data(), st.sampled_from(sorted(_CASTS)))
def test_entries_know_their_numbers(data: st.DataObject, name: str) -> None:
    stored = data.draw(arrays((2, 3), wild=True))
    entries = Entries.of(stored)
    error = entries.storage_error(number_type(name).storage)
    for index, number in np.ndenumerate(stored):
        value = Fraction(int(number) if stored.dtype.kind == "i" else float(number))
        unit, top = int(entries.unit[index]), int(entries.top[index])
        if value == 0:
            assert unit == UNIT_OF_ZERO
            assert error[index] == 0
            continue
        assert (value / Fraction(2) ** unit).denominator == 1
        assert (value / Fraction(2) ** (unit + 1)).denominator == 2
        assert abs(value) <= Fraction(2) ** top
        for flush in (False, True):
            try:
                change = abs(emulation.rounded(value, name, flush) - value)
            except emulation.OverflowedError:
                assert error[index] == np.inf
            else:
                assert change <= Fraction(error[index]) if np.isfinite(error[index]) else True


def test_entries_beyond_64_bits() -> None:
    stored = np.array([Fraction(1, 1 << 90), 3 << 70, Fraction((1 << 70) + 1, 1 << 80), 0], object)
    entries = Entries.of(stored)
    assert entries.unit.tolist() == [-90, 70, -80, UNIT_OF_ZERO]
    assert entries.value.tolist() == [2.0**-90, 3 * 2.0**70, 2.0**-10, 0.0]
    error = entries.storage_error(number_type("float64").storage)
    assert [e > 0 for e in error] == [False, False, True, False]
