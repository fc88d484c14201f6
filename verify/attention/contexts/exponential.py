"""Exponentials and logarithms of rationals between two integers, and exact comparisons of sums.

All arithmetic is on integers with directed rounding, so every enclosure is proved. Exponentials
of distinct rationals are linearly independent over the rationals (Lindemann and Weierstrass), so
a sum of positive multiples of them equals a rational only if all exponents are 0: ties are
decided by looking, everything else by more digits (docs/attention-softmax.md, section 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

#: Bits after the point, tried one after the other until a comparison is decided.
PRECISIONS = (64, 128, 256, 512, 1024, 2048)
#: No exponential of more than this is written out.
LARGEST = 1 << 20

_GUARD = 24


def exponential(exponent: Fraction, bits: int) -> tuple[int, int]:
    """Integers ``low <= exp(exponent) * 2**bits <= high``, a few units apart; equal at 0.

    Raises OverflowError for exponents above 2^20.
    """
    if exponent == 0:
        return 1 << bits, 1 << bits
    if exponent <= -(bits + 1):
        return 0, 1
    if exponent > LARGEST:
        raise OverflowError(f"exp({float(exponent):.3g}) has too many digits")
    halvings = 8
    size = max(0, int(exponent * 3 // 2) + 1)
    point = bits + size + abs(int(exponent)).bit_length() + halvings + _GUARD
    one = 1 << point
    low = (exponent.numerator << point) // exponent.denominator
    two = _ln2(point)
    turns = low // two
    rest_low, rest_high = _less(low, turns, two)
    if rest_low < 0:
        turns -= 1
        rest_low, rest_high = _less(low, turns, two)
    # exp(rest) = exp(rest / 2^s)^(2^s), by the series at the lower end
    start = rest_low >> halvings
    spread = (rest_high >> halvings) + 1 - start
    total = term = one
    count = 0
    while term:
        count += 1
        term = (term * start >> point) // count
        total += term
    # a term is too small by less than 4, and what follows the last one adds up to less than 10
    high = total + 4 * count + 10
    high += (2 * high * spread >> point) + 1
    for _ in range(halvings):
        total = total * total >> point
        high = -(-high * high >> point)
    shift = turns + bits - point
    if shift >= 0:
        return total << shift, high << shift
    return total >> -shift, -(-high >> -shift)


def logarithm(number: Fraction, bits: int) -> tuple[int, int]:
    """Integers ``low <= ln(number) * 2**bits <= high``, a few units apart; equal at 1.

    Raises ValueError for numbers that are not positive.
    """
    if number <= 0:
        raise ValueError(f"the logarithm of {number}")
    if number == 1:
        return 0, 0
    turns = number.numerator.bit_length() - number.denominator.bit_length()
    rest = number / Fraction(2) ** turns
    if rest > Fraction(4, 3):
        turns, rest = turns + 1, rest / 2
    ratio = (rest - 1) / (rest + 1)
    point = bits + abs(turns).bit_length() + _GUARD
    low, high = _arctanh(abs(ratio), point)
    if ratio < 0:
        low, high = -high, -low
    two = _ln2(point)
    ends = (turns * two, turns * (two + 1))
    low, high = 2 * low + min(ends), 2 * high + max(ends)
    return low >> (point - bits), -(-high >> (point - bits))


def compare(
    terms: Iterable[tuple[int, Fraction]],
    limit: Fraction,
    precisions: tuple[int, ...] = PRECISIONS,
) -> int | None:
    """The sign of ``sum of count * exp(exponent) - limit`` for positive counts.

    Returns 1, 0 or -1, or None where the last of the precisions does not tell.
    """
    counts: dict[Fraction, int] = {}
    for count, exponent in terms:
        if exponent == 0:
            limit -= count
        else:
            counts[exponent] = counts.get(exponent, 0) + count
    if not counts:
        return (limit < 0) - (limit > 0)
    if limit <= 0:
        return 1
    # exp(x) > 2^x >= limit for x from here on
    if max(counts) >= max(1, _bits_above(limit)):
        return 1
    small = max(0, _bits_above(1 / limit))
    for precision in precisions:
        bits = precision + small
        low = high = 0
        for exponent, count in counts.items():
            below, above = exponential(exponent, bits)
            low += count * below
            high += count * above
        if low > limit * (1 << bits):
            return 1
        if high < limit * (1 << bits):
            return -1
    return None


def _bits_above(number: Fraction) -> int:
    """An n with ``2**n >= number`` for a positive number."""
    return number.numerator.bit_length() - number.denominator.bit_length() + 1


def _less(low: int, turns: int, two: int) -> tuple[int, int]:
    # [low, low + 1] less turns times [two, two + 1]
    ends = (turns * two, turns * (two + 1))
    return low - max(ends), low + 1 - min(ends)


def _ln2(point: int) -> int:
    """ln 2 lies between the result and the result plus one, in units of ``2**-point``."""
    full = -(-point // 256) * 256
    return _ln2_at(full) >> (full - point)


@lru_cache(maxsize=64)
def _ln2_at(point: int) -> int:
    low, high = _arctanh(Fraction(1, 3), point + 32)
    low, high = 2 * low >> 32, 2 * high >> 32
    if low != high:  # pragma: no cover - would need 32 digits of ln 2 all 0 or all 1
        return _ln2_at(point + 256) >> 256
    return low


def _arctanh(ratio: Fraction, point: int) -> tuple[int, int]:
    """Bounds on arctanh in units of ``2**-point`` for ratios from 0 to 1/3."""
    start = (ratio.numerator << point) // ratio.denominator
    square = start * start >> point
    total, power, count = start, start, 1
    while power:
        power = power * square >> point
        count += 2
        total += power // count
    # a term is too small by less than 4, and what follows the last one adds up to less than 10
    return total, total + 2 * count + 10
