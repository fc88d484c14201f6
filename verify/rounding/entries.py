"""Stored numbers taken apart: magnitude, unit and what storing them in another type costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..dyadic import INT64_BITS, Dyadic
from .number_type import Format

#: Unit of the number zero, which is a multiple of everything.
UNIT_OF_ZERO = 1 << 20


@dataclass(frozen=True)
class Entries:
    """Numbers of a weight matrix or a bias, each an odd integer times a power of two.

    Attributes:
        value: float64; the nearest one where 53 bits do not suffice, infinite beyond its range.
        unit: int64, exponent of the lowest set bit.
        top: int64, an exponent with ``|number| <= 2**top``, off by at most one.
    """

    value: np.ndarray
    unit: np.ndarray
    top: np.ndarray

    @classmethod
    def of(cls, stored: np.ndarray) -> Entries:
        """Take apart an array as a layer stores it, shape kept."""
        if stored.dtype.kind == "f" or stored.dtype.name == "bfloat16":
            value = stored.astype(np.float64)
            fraction, exponent = np.frexp(value)
            mantissa = np.ldexp(fraction, 53).astype(np.int64)
            return cls._from_integers(mantissa, exponent.astype(np.int64) - 53, value)
        exact = Dyadic.from_array(stored)
        integers = exact.mantissa
        if integers.dtype == object:
            return cls._from_large(integers, exact.exponent)
        value = _scaled(integers.astype(np.float64), exact.exponent)
        return cls._from_integers(integers, exact.exponent, value)

    @classmethod
    def _from_integers(
        cls, integers: np.ndarray, exponent: np.ndarray | int, value: np.ndarray
    ) -> Entries:
        nonzero = integers != 0
        lowest = np.frexp((integers & -integers).astype(np.float64))[1].astype(np.int64) - 1
        highest = np.frexp(np.abs(integers).astype(np.float64))[1].astype(np.int64)
        unit = np.where(nonzero, lowest + exponent, UNIT_OF_ZERO)
        return cls(value, unit, np.where(nonzero, highest + exponent, -UNIT_OF_ZERO))

    @classmethod
    def _from_large(cls, integers: np.ndarray, exponent: int) -> Entries:
        value = np.empty(integers.shape)
        unit = np.full(integers.shape, UNIT_OF_ZERO, dtype=np.int64)
        top = np.full(integers.shape, -UNIT_OF_ZERO, dtype=np.int64)
        for index, number in np.ndenumerate(integers):
            integer = int(number)
            if integer:
                unit[index] = (integer & -integer).bit_length() - 1 + exponent
                top[index] = integer.bit_length() + exponent
            surplus = max(integer.bit_length() - INT64_BITS, 0)
            value[index] = _scaled(np.array(float(integer >> surplus)), exponent + surplus)
        return cls(value, unit, top)

    def storage_error(self, storage: Format) -> np.ndarray:
        """Bound on what storing each number in the format changes, subnormals flushed to zero.

        Zero for the numbers that the format holds, infinite for those beyond its range.
        """
        size = np.abs(self.value) * (1 + 2.0**-40)
        zero = self.unit == UNIT_OF_ZERO
        narrow = self.top - self.unit <= storage.precision
        held = zero | (narrow & (self.top - 1 >= storage.smallest))
        error = np.where(held, 0.0, size * storage.roundoff + storage.flush)
        return np.where(self.top > storage.limit, np.inf, error)

    @property
    def lost(self) -> np.ndarray:
        """Numbers so small that bounds computed in float64 would lose them."""
        return np.asarray((np.abs(self.value) < 2.0**-1000) & (self.unit != UNIT_OF_ZERO))


def _scaled(values: np.ndarray, exponent: int) -> np.ndarray:
    """``values * 2**exponent`` for an exponent of any size, infinite or 0 beyond the range."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(values, int(np.clip(exponent, -5000, 5000))))
