"""Wrong outputs and small margins as Z3 terms, for every read-out."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import z3

from ...problem import Problem
from ...readout import Argmax, Levels, Threshold
from .encoding import Encoding
from .forms import Form, difference
from .formula_terms import conjunction, disjunction, formula_term


class Violations:
    """Terms about the margin of each output; the network must be encoded already."""

    def __init__(self, problem: Problem, encoding: Encoding, tick: Callable[[], None]) -> None:
        self.encoding = encoding
        self.readout = problem.specification.readout
        self.forms = encoding.presolved.outputs
        self.expected = []
        for formula in problem.specification.formulas:
            tick()
            self.expected.append(
                formula_term(formula, encoding.bits, problem.specification.domain, encoding.context)
            )
        self._leads: dict[tuple[int, int], Form] = {}

    def wrong(self, output: int) -> z3.BoolRef:
        """The output breaks the specification."""
        zero = Fraction(0)
        allowed = self.readout.allows_zero
        return z3.If(
            self.expected[output],
            self._close(output, True, zero, strict=allowed(True)),
            self._close(output, False, zero, strict=allowed(False)),
        )

    def below(self, output: int, margin: Fraction) -> z3.BoolRef:
        """The margin of the output is strictly below ``margin``."""
        return z3.If(
            self.expected[output],
            self._close(output, True, margin, strict=True),
            self._close(output, False, margin, strict=True),
        )

    def _close(self, output: int, side: bool, margin: Fraction, *, strict: bool) -> z3.BoolRef:
        """The margin of an output that must be ``side`` is < margin (<= if not strict)."""
        if isinstance(self.readout, Argmax):
            return self._close_lead(output, side, margin, strict)
        if isinstance(self.readout, Threshold):
            level = self.readout.threshold
        elif isinstance(self.readout, Levels):
            level = self.readout.true_at_least if side else self.readout.false_at_most
        else:
            raise TypeError(f"unknown read-out {type(self.readout).__name__}")
        form = self.forms[output]
        at_least = self.encoding.at_least
        if side:  # value - level < margin
            return z3.Not(at_least(form, level + margin, strict=not strict))
        return at_least(form, level - margin, strict=strict)  # level - value < margin

    def _close_lead(self, output: int, side: bool, margin: Fraction, strict: bool) -> z3.BoolRef:
        """The lead is the value minus the largest other value; false wants it negative."""
        others = [i for i in range(len(self.forms)) if i != output]
        context = self.encoding.context
        if side:  # some lead over another output is < margin
            return disjunction(
                [self._lead_below(output, other, margin, strict) for other in others], context
            )
        # the largest other value minus this one is < margin
        return conjunction(
            [self._lead_below(other, output, margin, strict) for other in others], context
        )

    def _lead_below(self, first: int, second: int, margin: Fraction, strict: bool) -> z3.BoolRef:
        key = first, second
        if key not in self._leads:
            self._leads[key] = difference(self.forms[first], self.forms[second])
        return z3.Not(self.encoding.at_least(self._leads[key], margin, strict=not strict))
