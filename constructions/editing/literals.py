"""Clauses as sets of literals: what an edit must know about a formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...verify.formula import And, Constant, Formula, Not, Variable, quote_name


class Literal(NamedTuple):
    """An input, or its negation.

    Attributes:
        input: number of the input.
        positive: False for the negation.
    """

    input: int
    positive: bool

    @property
    def opposite(self) -> Literal:
        """The negation."""
        return Literal(self.input, not self.positive)

    def text(self, names: tuple[str, ...]) -> str:
        """As a formula writes it."""
        return ("" if self.positive else "~") + quote_name(names[self.input])


def literals(formula: Formula, index: Mapping[str, int]) -> frozenset[Literal] | None:
    """The literals of a conjunction; None for any other formula.

    ``true`` is the empty conjunction. A conjunction may hold a literal and its opposite: it is
    then never true.

    Args:
        formula: a clause.
        index: number of each input by name.
    """
    if formula == Constant(True):
        return frozenset()
    if isinstance(formula, Variable):
        return frozenset([Literal(index[formula.name], True)])
    if isinstance(formula, Not) and isinstance(formula.operand, Variable):
        return frozenset([Literal(index[formula.operand.name], False)])
    if not isinstance(formula, And):
        return None
    found: set[Literal] = set()
    for part in formula.parts:
        inner = literals(part, index)
        if inner is None:
            return None
        found |= inner
    return frozenset(found)


def contradictory(found: frozenset[Literal]) -> bool:
    """Whether some literal stands beside its opposite, so that the conjunction is never true."""
    return any(literal.opposite in found for literal in found)
