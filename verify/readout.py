"""Read-outs: when an output value counts as true, as false, or as neither."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np


class Readout(ABC):
    """How output values become Booleans.

    The *margin* of an output at an input is the signed distance to the side that the
    specification requires: negative when it lies on the wrong side. Margin 0 is right
    exactly where :meth:`allows_zero` says so.
    """

    @abstractmethod
    def margins(self, values: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Signed distances.

        Args:
            values: Fractions, object array (points, outputs).
            expected: Booleans (points, outputs), what the specification says.

        Returns:
            Fractions, object array (points, outputs).
        """

    @abstractmethod
    def allows_zero(self, expected: bool) -> bool:
        """True when a margin of exactly 0 is right for an output that must be ``expected``."""

    @abstractmethod
    def reads(self, values: np.ndarray) -> list[bool | None]:
        """What one row of output values (Fractions, shape (outputs,)) reads as; None = neither."""

    @abstractmethod
    def canonical(self) -> dict[str, Any]:
        """The read-out as plain JSON data."""

    def violated(self, margins: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Booleans (points, outputs): the margins that break the specification."""
        zero_is_right = np.where(expected, self.allows_zero(True), self.allows_zero(False))
        sign = _each(margins, lambda margin: (margin > 0) - (margin < 0)).astype(np.int8)
        return np.asarray((sign < 0) | ((sign == 0) & ~zero_is_right), dtype=bool)


@dataclass(frozen=True)
class Threshold(Readout):
    """True strictly above ``threshold``, false otherwise."""

    threshold: Fraction = Fraction(0)

    def margins(self, values: np.ndarray, expected: np.ndarray) -> np.ndarray:
        above = _each(values, lambda value: value - self.threshold)
        below = _each(values, lambda value: self.threshold - value)
        return np.asarray(np.where(expected, above, below), dtype=object)

    def allows_zero(self, expected: bool) -> bool:
        return not expected

    def reads(self, values: np.ndarray) -> list[bool | None]:
        return list(_each(values, lambda value: bool(value > self.threshold)))

    def canonical(self) -> dict[str, Any]:
        return {"kind": "threshold", "threshold": str(self.threshold)}

    def __str__(self) -> str:
        return f"true above {self.threshold}"


@dataclass(frozen=True)
class Levels(Readout):
    """True from ``true_at_least`` up, false from ``false_at_most`` down, neither between."""

    true_at_least: Fraction
    false_at_most: Fraction

    def margins(self, values: np.ndarray, expected: np.ndarray) -> np.ndarray:
        above = _each(values, lambda value: value - self.true_at_least)
        below = _each(values, lambda value: self.false_at_most - value)
        return np.asarray(np.where(expected, above, below), dtype=object)

    def allows_zero(self, expected: bool) -> bool:
        return True

    def reads(self, values: np.ndarray) -> list[bool | None]:
        return [
            True if v >= self.true_at_least else False if v <= self.false_at_most else None
            for v in values
        ]

    def canonical(self) -> dict[str, Any]:
        return {
            "kind": "levels",
            "true_at_least": str(self.true_at_least),
            "false_at_most": str(self.false_at_most),
        }

    def __str__(self) -> str:
        return f"true from {self.true_at_least}, false to {self.false_at_most}"


@dataclass(frozen=True)
class Argmax(Readout):
    """An output is true when it is strictly the largest; a tie for the largest is neither."""

    def margins(self, values: np.ndarray, expected: np.ndarray) -> np.ndarray:
        lead = np.empty(values.shape, dtype=object)
        for row, line in enumerate(values):
            best = int(np.argmax(line))
            second = max(v for i, v in enumerate(line) if i != best)
            lead[row] = [v - (second if i == best else line[best]) for i, v in enumerate(line)]
        return np.asarray(np.where(expected, lead, -lead), dtype=object)

    def allows_zero(self, expected: bool) -> bool:
        return False

    def reads(self, values: np.ndarray) -> list[bool | None]:
        best = max(values)
        tie = sum(bool(v == best) for v in values) > 1
        return [(None if tie else True) if v == best else False for v in values]

    def canonical(self) -> dict[str, Any]:
        return {"kind": "argmax"}

    def __str__(self) -> str:
        return "argmax"


def _each(values: np.ndarray, function: Callable[[Fraction], Any]) -> np.ndarray:
    """The function of every value, worked out once for each object: wide networks share them."""
    known: dict[int, Any] = {}
    results = np.empty(values.shape, dtype=object)
    flat = results.reshape(-1)
    for place, value in enumerate(values.ravel()):
        key = id(value)
        if key not in known:
            known[key] = function(value)
        flat[place] = known[key]
    return results
