"""Real numbers between two exact rationals, and the interval arithmetic that finds them.

Every number that is not an integer or a rational is handed out as an :class:`Enclosure`: both
ends are proved, and nothing is rounded in between. See docs/theory.md, section 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from mpmath import iv, libmp  # type: ignore[import-untyped]

#: Working precisions in bits, tried one after the other until a question is decided.
PRECISIONS = (96, 192, 384, 768)


@dataclass(frozen=True)
class Enclosure:
    """A real number that is proved to lie between two rationals, both included.

    Attributes:
        low, high: the ends, ``low <= high``.
    """

    low: Fraction
    high: Fraction

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"an enclosure from {self.low} down to {self.high}")

    def __contains__(self, number: int | Fraction) -> bool:
        return self.low <= number <= self.high

    @property
    def middle(self) -> Fraction:
        """The midpoint: for drawing and for ratios that are shown, never for deciding."""
        return (self.low + self.high) / 2

    def at_most(self, limit: int | Fraction) -> bool | None:
        """Whether the number is at most ``limit``; None where the enclosure does not decide."""
        if self.high <= limit:
            return True
        return False if self.low > limit else None

    def decimals(self, digits: int = 12) -> tuple[str, str]:
        """Both ends as decimal texts of so many digits, rounded outwards."""
        return (
            _decimal(self.low, digits, ROUND_FLOOR),
            _decimal(self.high, digits, ROUND_CEILING),
        )

    def __str__(self) -> str:
        """The leading digits that both ends share, at most six, or both ends."""
        for digits in range(6, 2, -1):
            low, high = (_nearest(end, digits) for end in (self.low, self.high))
            if low == high:
                return low
        return "{} to {}".format(*self.decimals(4))


def _decimal(number: Fraction, digits: int, rounding: str) -> str:
    context = Context(prec=digits, rounding=rounding)
    return f"{context.divide(Decimal(number.numerator), Decimal(number.denominator))}"


def _nearest(number: Fraction, digits: int) -> str:
    context = Context(prec=digits)
    return f"{context.divide(Decimal(number.numerator), Decimal(number.denominator))}"


@contextmanager
def interval_precision(bits: int) -> Iterator[None]:
    """Interval arithmetic (``mpmath.iv``) with ``bits`` bits inside the block."""
    before = iv.prec
    iv.prec = bits
    try:
        yield
    finally:
        iv.prec = before


def endpoints(interval: Any) -> tuple[Fraction, Fraction]:
    """Both ends of an ``mpmath.iv`` number as exact rationals."""
    low, high = interval._mpi_
    return Fraction(*map(int, libmp.to_rational(low))), Fraction(*map(int, libmp.to_rational(high)))


def interval(number: int | Fraction) -> Any:
    """The ``mpmath.iv`` number that contains a rational, at the present precision."""
    exact = Fraction(number)
    return iv.mpf(exact.numerator) / exact.denominator


def enclose(compute: Callable[[], Any], precision: int = 192) -> Enclosure:
    """What ``compute`` returns when its ``mpmath.iv`` arithmetic has ``precision`` bits."""
    with interval_precision(precision):
        return Enclosure(*endpoints(compute()))


def whole_number(compute: Callable[[], Any], safe: str) -> int:
    """The least integer that is at least the number which ``compute`` encloses.

    Precision rises until both ends round up to the same integer. A number that is itself an
    integer may stay undecided; then ``safe`` says on which side to err: ``down`` for a lower
    bound, ``up`` for an upper bound.
    """
    low = high = 0
    for precision in PRECISIONS:
        found = enclose(compute, precision)
        low, high = math.ceil(found.low), math.ceil(found.high)
        if low == high:
            break
    return low if safe == "down" else high
