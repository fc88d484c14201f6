"""Formulas over Boolean inputs in the terms of VNN-LIB: and, or, and linear comparisons.

The language has no negation, no counting and no names for subterms. Negations move inwards, counts
of literals become linear comparisons, and everything else is written out, which can multiply the
size: terms know how many comparisons they hold, and stop at a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..errors import InputError
from ..formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor
from .numerals import decimal_numeral

#: A term may hold at most this many comparisons.
MAX_COMPARISONS = 1_000_000


@dataclass(frozen=True)
class Term:
    """A Boolean term; ``text`` is None for the constants, which the language does not have.

    Attributes:
        comparisons: how many it holds; for constants 1 is true and 0 is false.
    """

    text: str | None
    comparisons: int


TRUE, FALSE = Term(None, 1), Term(None, 0)

#: A formula and the truth value that is asked of it.
_Wanted = tuple[Formula, bool]


def conjunction(terms: Iterable[Term]) -> Term:
    """All terms; true for none."""
    return _joined("and", terms, TRUE, FALSE)


def disjunction(terms: Iterable[Term]) -> Term:
    """Some term; false for none."""
    return _joined("or", terms, FALSE, TRUE)


def comparison(relation: str, left: str, right: str) -> Term:
    """Two sums compared by ``<``, ``<=``, ``>``, ``>=`` or ``==``."""
    return Term(f"({relation} {left} {right})", 1)


def compared(relation: str, variable: str, value: Fraction) -> Term:
    """A variable compared with a rational: multiplied where decimals cannot say it exactly."""
    lift = odd_part(value.denominator)
    return comparison(relation, multiple(lift, variable), decimal_numeral(value * lift))


def multiple(factor: int, variable: str) -> str:
    """The variable times an integer."""
    return variable if factor == 1 else f"(* {decimal_numeral(Fraction(factor))} {variable})"


def odd_part(number: int) -> int:
    """The positive number without its factors of two."""
    return number // (number & -number)


def _joined(connective: str, terms: Iterable[Term], neutral: Term, absorbing: Term) -> Term:
    kept = []
    size = 0
    for term in terms:
        if term == absorbing:
            return absorbing
        if term == neutral:
            continue
        kept.append(term)
        size += term.comparisons
        if size > MAX_COMPARISONS:
            raise InputError(
                f"VNN-LIB has no counting and no names for subformulas; written out, a formula "
                f"has more than {MAX_COMPARISONS:,} comparisons; use --smtlib"
            )
    if len(kept) < 2:
        return kept[0] if kept else neutral
    return Term(f"({connective} {' '.join(str(term.text) for term in kept)})", size)


class InputTerms:
    """Terms over the inputs of a network.

    Args:
        variables: the text that refers to each input.
        index: position of each input name.
        values: what a false and a true input feed; they differ.
        exact_sum: called with the coefficients of each sum of inputs; raises InputError where
            the element type would round it.
    """

    def __init__(
        self,
        variables: Sequence[str],
        index: dict[str, int],
        values: tuple[Fraction, Fraction],
        exact_sum: Callable[[Sequence[int]], None],
    ) -> None:
        self.variables, self.index, self.values = variables, index, values
        self.exact_sum = exact_sum
        # by identity, with the formula, so that no other one takes its place in memory
        self._known: dict[tuple[int, bool], tuple[Formula, Term]] = {}

    def literal(self, position: int, truth: bool) -> Term:
        """The input is true, or false."""
        return compared("==", self.variables[position], self.values[truth])

    def formula(self, formula: Formula, truth: bool = True) -> Term:
        """The formula is true, or false. Raises InputError beyond the limit."""
        key = id(formula), truth
        if key not in self._known:
            self._known[key] = formula, self._formula(formula, truth)
        return self._known[key][1]

    def _formula(self, formula: Formula, truth: bool) -> Term:
        if isinstance(formula, Variable):
            return self.literal(self.index[formula.name], truth)
        if isinstance(formula, Constant):
            return TRUE if formula.truth == truth else FALSE
        if isinstance(formula, Not):
            return self.formula(formula.operand, not truth)
        if isinstance(formula, And | Or):
            join = conjunction if isinstance(formula, And) == truth else disjunction
            return join(self.formula(part, truth) for part in formula.parts)
        if isinstance(formula, Implies):
            join = disjunction if truth else conjunction
            parts = (formula.premise, not truth), (formula.conclusion, truth)
            return join(self.formula(*part) for part in parts)
        if isinstance(formula, Xor):
            return self._parity(formula.parts)[truth]
        if isinstance(formula, AtLeast | AtMost):
            wanted = [(part, True) for part in formula.parts]
            if isinstance(formula, AtLeast) == truth:
                # at least k, or not at most k
                return self._at_least(wanted, formula.count + (not truth))
            least = len(wanted) - formula.count + (not truth)
            return self._at_least([(part, False) for part in formula.parts], least)
        raise TypeError(f"unknown formula node {type(formula).__name__}")

    def _parity(self, parts: Sequence[Formula]) -> tuple[Term, Term]:
        """An even number of the parts is true; an odd number is. Halves keep it quadratic."""
        if not parts:
            return TRUE, FALSE
        if len(parts) == 1:
            return self.formula(parts[0], False), self.formula(parts[0], True)
        middle = len(parts) // 2
        left, right = self._parity(parts[:middle]), self._parity(parts[middle:])
        even = (conjunction((left[0], right[0])), conjunction((left[1], right[1])))
        odd = (conjunction((left[0], right[1])), conjunction((left[1], right[0])))
        return disjunction(even), disjunction(odd)

    def _at_least(self, wanted: Sequence[_Wanted], count: int) -> Term:
        """At least ``count`` of the formulas have their wanted truth value."""
        literals: list[tuple[int, bool]] = []
        others: list[Term] = []
        for formula, truth in wanted:
            while isinstance(formula, Not):
                formula, truth = formula.operand, not truth
            if isinstance(formula, Variable):
                literals.append((self.index[formula.name], truth))
                continue
            term = self.formula(formula, truth)
            if term == TRUE:
                count -= 1
            elif term != FALSE:
                others.append(term)
        reached: dict[tuple[int, int, int], Term] = {}

        def some(start: int, stop: int, least: int) -> Term:
            """At least ``least`` of these other terms; repeated work is kept."""
            if least <= 0 or least > stop - start:
                return TRUE if least <= 0 else FALSE
            if stop - start == 1:
                return others[start]
            key = start, stop, least
            if key not in reached:
                middle = (start + stop) // 2
                reached[key] = disjunction(
                    conjunction((some(start, middle, k), some(middle, stop, least - k)))
                    for k in range(least + 1)
                    if k <= middle - start and least - k <= stop - middle
                )
            return reached[key]

        return disjunction(
            conjunction((some(0, len(others), k), self.counted(literals, count - k)))
            for k in range(max(min(len(others), count), 0) + 1)
        )

    def counted(self, literals: Sequence[tuple[int, bool]], count: int) -> Term:
        """At least ``count`` of the literals (input, truth) hold, as a linear comparison."""
        if count <= 0 or count > len(literals):
            return TRUE if count <= 0 else FALSE
        if count in (1, len(literals)):
            join = disjunction if count == 1 < len(literals) else conjunction
            return join(self.literal(*literal) for literal in dict.fromkeys(literals))
        coefficients: dict[int, int] = {}
        for position, truth in literals:
            coefficients[position] = coefficients.get(position, 0) + (1 if truth else -1)
            count -= not truth
        # now: the sum of coefficient * bit is at least count
        coefficients = {i: c for i, c in coefficients.items() if c}
        if count <= sum(c for c in coefficients.values() if c < 0):
            return TRUE
        if count > sum(c for c in coefficients.values() if c > 0):
            return FALSE
        relation = ">="
        if all(c < 0 for c in coefficients.values()):
            coefficients = {i: -c for i, c in coefficients.items()}
            count, relation = -count, "<="
        self.exact_sum(list(coefficients.values()))
        false, true = self.values
        if true < false:
            relation = {">=": "<=", "<=": ">="}[relation]
        # the input is false + (true - false) * bit
        level = false * sum(coefficients.values()) + (true - false) * count
        lift = math.lcm(*(odd_part(value.denominator) for value in self.values))
        parts = [multiple(c * lift, self.variables[i]) for i, c in coefficients.items()]
        total = parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"
        return comparison(relation, total, decimal_numeral(level * lift))


def rounds_nothing(
    coefficients: Sequence[int], values: tuple[Fraction, Fraction], precision: int
) -> bool:
    """True when every order of summing the multiples of the values is exact in a float type.

    Args:
        coefficients: of inputs that take one of the two dyadic values each.
        precision: bits of the type's significand.
    """
    denominator = max(value.denominator for value in values)
    numerators = [int(value * denominator) for value in values]
    together = math.gcd(*numerators)
    # every partial sum is a multiple of this power of two, and at most as large as all terms
    unit = together & -together
    reach = sum(map(abs, coefficients)) * max(map(abs, numerators))
    return reach <= unit << precision
