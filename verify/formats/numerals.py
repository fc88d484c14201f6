"""Exact decimal numerals, for text formats that know no other way to write a number."""

from __future__ import annotations

from fractions import Fraction

#: Python refuses to write longer integers in decimal by itself.
_DIGITS = 4000
_BLOCK = 10**_DIGITS


def integer_numeral(value: int) -> str:
    """The integer in decimal, of any length; negative ones begin with ``-``."""
    if value < 0:
        return "-" + integer_numeral(-value)
    blocks = []
    while value >= _BLOCK:
        value, block = divmod(value, _BLOCK)
        blocks.append(str(block).zfill(_DIGITS))
    return str(value) + "".join(reversed(blocks))


def decimal_numeral(value: Fraction) -> str:
    """A dyadic rational as a finite decimal with at least one digit behind the point.

    Raises ValueError where the denominator is not a power of two.
    """
    places = value.denominator.bit_length() - 1
    if value.denominator != 1 << places:
        raise ValueError(f"{value} is not a dyadic rational")
    digits = integer_numeral(abs(value.numerator) * 5**places).zfill(places + 1)
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if value < 0 else "") + whole + "." + (part or "0")
