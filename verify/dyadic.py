"""Exact arrays of dyadic rationals: integer mantissas times one power of two.

Every finite binary float is a dyadic rational, so a weight matrix converts to this
form without rounding. All exact arithmetic of the toolkit starts here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from .errors import InputError

#: Mantissas beyond this many bits are kept as Python integers.
INT64_BITS = 62


@dataclass(frozen=True)
class Dyadic:
    """The exact array ``mantissa * 2**exponent``.

    ``mantissa`` is an integer array, int64 when every entry fits into 62 bits and an
    object array of Python integers otherwise. Instances made by :meth:`from_array` are
    in canonical form: the largest possible exponent, and exponent 0 for an all-zero array.
    """

    mantissa: np.ndarray
    exponent: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.mantissa.shape

    @classmethod
    def from_array(cls, array: Any, what: str = "array") -> Dyadic:
        """Convert floats, integers, booleans or dyadic Fractions of any shape, exactly.

        Raises InputError for NaN, infinities, complex numbers and fractions whose
        denominator is not a power of two; ``what`` names the array in the message.
        """
        values = np.asarray(array)
        if values.dtype == bool:
            values = values.astype(np.int64)
        if values.dtype == object:
            return _from_objects(values, what)
        if values.dtype.kind in "iu":
            if bit_width(values) > INT64_BITS:
                return _canonical(values.astype(object), 0)
            return _canonical(values.astype(np.int64), 0)
        if values.dtype.kind == "f" or values.dtype.name == "bfloat16":
            if values.dtype.itemsize > 8:
                raise InputError(f"{what}: {values.dtype} weights are not supported; use float64")
            return _from_floats(values.astype(np.float64), what)
        raise InputError(f"{what}: values of type {values.dtype} are not numbers")

    def fractions(self) -> np.ndarray:
        """The values as an object array of Fractions, same shape."""
        unit = power_of_two(self.exponent)
        result = np.empty(self.mantissa.shape, dtype=object)
        for index, mantissa in np.ndenumerate(self.mantissa):
            result[index] = int(mantissa) * unit
        return result

    def integers(self, exponent: int) -> np.ndarray:
        """Mantissas of the same values at the smaller unit ``2**exponent``.

        Returns int64 when they fit into 62 bits, else Python integers.
        Raises ValueError if ``exponent`` is above ``self.exponent``.
        """
        shift = self.exponent - exponent
        if shift < 0:
            raise ValueError("the requested unit is coarser than the array's own")
        if shift == 0:
            return self.mantissa
        if bit_width(self.mantissa) + shift <= INT64_BITS:
            return self.mantissa << shift
        return np.asarray(self.mantissa.astype(object) * (1 << shift), dtype=object)

    def __getitem__(self, key: Any) -> Dyadic:
        return Dyadic(np.asarray(self.mantissa[key]), self.exponent)


def power_of_two(exponent: int) -> Fraction:
    """The exact rational ``2**exponent`` for an exponent of either sign."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def bit_width(integers: np.ndarray) -> int:
    """Bits of the largest magnitude in an integer array (0 for zeros or an empty array)."""
    if integers.size == 0:
        return 0
    if integers.dtype == object:
        return max(int(value).bit_length() for value in integers.flat)
    return max(int(integers.max()).bit_length(), int(integers.min()).bit_length())


def narrow(integers: np.ndarray) -> np.ndarray:
    """The same integers as int64 when every entry fits into 62 bits, else as objects."""
    if integers.dtype != object:
        return integers
    if bit_width(integers) <= INT64_BITS:
        return integers.astype(np.int64)
    return integers


def _canonical(integers: np.ndarray, exponent: int) -> Dyadic:
    """Move common factors of two from the mantissas into the exponent."""
    integers = narrow(integers)
    if integers.dtype == object:
        combined = 0
        for value in integers.flat:
            combined |= abs(int(value))
    else:
        combined = int(np.bitwise_or.reduce(np.abs(integers), axis=None)) if integers.size else 0
    if combined == 0:
        return Dyadic(np.zeros(integers.shape, dtype=np.int64), 0)
    twos = (combined & -combined).bit_length() - 1
    if twos:
        integers = integers >> twos if integers.dtype != object else integers // (1 << twos)
    return Dyadic(narrow(np.asarray(integers)), exponent + twos)


def _require_subnormals() -> None:
    """Refuse to convert where the processor reads subnormal numbers as zero."""
    if np.multiply(np.float64(5e-324), np.float64(1.0)) == 0.0:
        raise InputError(
            "this process flushes subnormal numbers to zero, so weights cannot be read exactly; "
            "turn that off, e.g. torch.set_flush_denormal(False)"
        )


def _from_floats(values: np.ndarray, what: str) -> Dyadic:
    _require_subnormals()
    if not np.isfinite(values).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise InputError(
            f"{what}: entry {list(place)} is {values[place]}; weights must be finite numbers"
        )
    if not values.any():
        return Dyadic(np.zeros(values.shape, dtype=np.int64), 0)
    if np.abs(values).max() <= 1 << 53 and ((whole := values.astype(np.int64)) == values).all():
        return _canonical(whole, 0)
    fraction, exponents = np.frexp(values)
    mantissas = np.ldexp(fraction, 53).astype(np.int64)
    exponents = exponents.astype(np.int64) - 53
    nonzero = mantissas != 0
    low_bits = mantissas & -mantissas
    twos = np.zeros_like(mantissas)
    twos[nonzero] = np.frexp(low_bits[nonzero].astype(np.float64))[1] - 1
    mantissas = mantissas >> twos
    exponents = exponents + twos
    unit = int(exponents[nonzero].min())
    shifts = np.where(nonzero, exponents - unit, 0)
    widths = np.zeros_like(mantissas)
    widths[nonzero] = np.frexp(np.abs(mantissas[nonzero]).astype(np.float64))[1]
    if int((widths + shifts).max()) <= INT64_BITS:
        return Dyadic(mantissas << shifts, unit)
    wide = mantissas.astype(object)
    for index, shift in np.ndenumerate(shifts):
        wide[index] = int(mantissas[index]) << int(shift)
    return Dyadic(wide, unit)


def _from_objects(values: np.ndarray, what: str) -> Dyadic:
    exact = np.empty(values.shape, dtype=object)
    exponent = 0
    for index, value in np.ndenumerate(values):
        try:
            number = Fraction(value.item() if isinstance(value, np.generic) else value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(
                f"{what}: entry {list(index)} is {value!r}; weights must be finite numbers"
            ) from None
        if number.denominator & (number.denominator - 1):
            raise InputError(
                f"{what}: entry {list(index)} is {number}; its denominator is not a power of two"
            )
        exact[index] = number
        exponent = min(exponent, 1 - number.denominator.bit_length())
    scale = 1 << -exponent
    for index, number in np.ndenumerate(exact):
        exact[index] = int(number * scale)
    return _canonical(exact, exponent)
