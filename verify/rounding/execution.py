"""What a verdict says about executing the network in a number type."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..verdict import Counterexample

#: The two statements, as the JSON form of a verdict has them.
SAME, OPEN = "same in every summation order", "not guaranteed"


@dataclass(frozen=True)
class Execution:
    """Whether every execution in a number type reads the same bits as the exact function.

    Attributes:
        dtype: name of the number type.
        guaranteed: proved for every order of summation, with and without fused multiply-add,
            on every input of the domain. False says that nothing was proved, not the opposite.
        reason: why, or what is missing, in words.
        error: bound on what rounding can do to an output value; None where there is no bound.
        margin: the least known distance of an exact output value from the level at which its
            reading changes (for argmax, from the next output).
        nearest: the input that has this distance, with the exact readings of all outputs.
        seconds: time taken, which is not part of the verdict's own.
    """

    dtype: str
    guaranteed: bool
    reason: str
    error: Fraction | None = None
    margin: Fraction | None = None
    nearest: Counterexample | None = None
    seconds: float = 0.0

    @property
    def statement(self) -> str:
        """``same in every summation order`` or ``not guaranteed``."""
        return SAME if self.guaranteed else OPEN

    def to_json(self) -> dict[str, Any]:
        """The statement as JSON data, as it stands under ``dtypes`` in a verdict."""
        return {
            "statement": self.statement,
            "reason": self.reason,
            "error_bound": number_json(self.error),
            "margin": number_json(self.margin),
            "input": None if self.nearest is None else self.nearest.text,
            "seconds": round(self.seconds, 6),
        }


def short(value: Fraction) -> str:
    """The value to three digits, marked ``~`` where that is not exact."""
    context = Context(prec=3)
    rounded = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    mark = "" if Fraction(rounded) == value else "~"
    plain = Decimal("1e-3") <= abs(rounded) < Decimal("1e6")
    return mark + (f"{rounded:f}" if plain else f"{rounded:e}" if rounded else "0")


def number_json(value: Fraction | None) -> dict[str, Any] | None:
    """An exact number with its nearest float, which is None beyond the range of float64."""
    if value is None:
        return None
    try:
        nearest: float | None = float(value)
    except OverflowError:
        nearest = None
    return {"exact": str(value), "value": nearest}
