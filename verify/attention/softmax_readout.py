"""The soft read-out: attention weights over a context, with a key that stands for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import index

from ..domain_notation import rational
from ..dyadic import power_of_two
from ..errors import InputError
from ..verdict_text import decimal

#: Levels are this far from 0 and 1, in bits: floats hold 1/p - 1.
LEVEL_BITS = 500


@dataclass(frozen=True)
class SoftmaxReadout:
    """A pair is reported when some head gives it a weight of at least ``level``.

    Head a of a context C of items gives the pair (i, j) of its members the weight
    ``exp(S^a_ij / T) / (exp(null / T) + sum over k in C of exp(S^a_ik / T))``; the first term is
    the null key's, without which every item would have to attend to something.

    Attributes:
        temperature: T > 0.
        context: the most items of a context, l.
        null: score of the null key; None: there is none, the term is missing.
        level: p, 0 < p < 1.

    Floats are taken exactly. Raises InputError for values out of range.
    """

    temperature: Fraction
    context: int
    null: Fraction | None
    level: Fraction = Fraction(1, 2)

    def __post_init__(self) -> None:
        for name in ("temperature", "null", "level"):
            value = getattr(self, name)
            if value is not None or name != "null":
                object.__setattr__(self, name, rational(value, name))
        try:
            object.__setattr__(self, "context", index(self.context))
        except TypeError:
            raise InputError(f"context {self.context!r}: not a number of items") from None
        if self.temperature <= 0:
            raise InputError(f"temperature {self.temperature}: must be above 0")
        if self.context < 1:
            raise InputError(f"context {self.context}: a context has at least one item")
        if not 0 < self.level < 1:
            raise InputError(f"level {self.level}: a weight lies strictly between 0 and 1")
        if min(self.level, 1 - self.level) < power_of_two(-LEVEL_BITS):
            raise InputError(
                f"level {decimal(self.level)}: too near to 0 or 1; keep it 2^-{LEVEL_BITS} away"
            )

    def require_items(self, items: int) -> None:
        """Raises InputError for contexts larger than the number of items."""
        if self.context > items:
            raise InputError(f"context {self.context}: there are only {items} items")
