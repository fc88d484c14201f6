"""The number types in which networks are executed, and how they round."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..dyadic import power_of_two
from ..errors import InputError


@dataclass(frozen=True)
class Format:
    """A binary floating-point format of IEEE 754, rounding to nearest, ties to even.

    Attributes:
        precision: bits of the significand, the hidden one included.
        smallest: exponent of the smallest normal number, ``2**smallest``.
        limit: every finite number is below ``2**limit``.
    """

    precision: int
    smallest: int
    limit: int

    @property
    def roundoff(self) -> float:
        """Largest relative error of one rounding to a normal number."""
        return 2.0**-self.precision

    @property
    def flush(self) -> float:
        """Largest absolute error of one rounding below the normal numbers.

        A subnormal result may be rounded to a multiple of the smallest number or flushed to
        zero. Kept well inside the range of float64, in which the bounds are computed.
        """
        return 2.0 ** max(self.smallest, -1000)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2 - 2.0 ** (1 - self.precision)) * 2.0 ** (self.limit - 1)

    def nearest(self, number: Fraction) -> Fraction | None:
        """The number of the format that is nearest, None where that is infinite."""
        if number == 0:
            return number
        top, bottom = abs(number.numerator), number.denominator
        exponent = top.bit_length() - bottom.bit_length()
        if abs(number) < power_of_two(exponent):
            exponent -= 1
        unit = power_of_two(max(exponent, self.smallest) - self.precision + 1)
        rounded = round(number / unit) * unit
        return rounded if abs(rounded) < power_of_two(self.limit) else None


@dataclass(frozen=True)
class NumberType:
    """A type for weights and activations, and the format in which products are summed."""

    name: str
    storage: Format
    sums: Format

    @property
    def rounds_results(self) -> bool:
        """True when a sum is rounded once more on its way into storage."""
        return self.storage != self.sums

    @property
    def exact_products(self) -> bool:
        """True when the product of two stored numbers fits into the format of the sums."""
        return 2 * self.storage.precision <= self.sums.precision


_FLOAT64, _FLOAT32 = Format(53, -1022, 1024), Format(24, -126, 128)

#: Number types by name. The 16-bit types are summed in float32.
NUMBER_TYPES = {
    kind.name: kind
    for kind in (
        NumberType("float64", _FLOAT64, _FLOAT64),
        NumberType("float32", _FLOAT32, _FLOAT32),
        NumberType("bfloat16", Format(8, -126, 128), _FLOAT32),
        NumberType("float16", Format(11, -14, 16), _FLOAT32),
    )
}


def number_type(name: str) -> NumberType:
    """The number type of that name. Raises InputError that lists the known ones."""
    try:
        return NUMBER_TYPES[name]
    except KeyError:
        raise InputError(
            f"--dtype {name}: unknown number type; use one of {', '.join(NUMBER_TYPES)}"
        ) from None
