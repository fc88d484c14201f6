"""Networks of sparse small-integer rows in finite-domain logic: one Boolean a reachable value."""

from __future__ import annotations

from collections.abc import Callable

import z3

from ...errors import InputError
from .encoding import Encoding
from .forms import Form, aligned
from .formula_terms import conjunction, disjunction
from .presolve import Neuron, Presolved

#: A neuron may take at most this many values above 0.
LEVELS = 40
#: ``auto`` takes this encoding up to so many values above 0 a neuron on average (measured: it is
#: faster than integer arithmetic up to about 8 and slower from about 20 on).
AUTO_LEVELS = 10
#: Partial sums looked at while listing the values of one neuron.
PARTIAL_SUMS = 1000
#: Z3 takes C integers as coefficients; the sums must fit too.
LARGEST_SUM = 1 << 30


class PseudoBoolean(Encoding):
    """Every neuron is a sum of ``gap * [Z >= value]`` over its few reachable values above 0."""

    name = "pseudo-boolean"

    def __init__(self, presolved: Presolved, levels: dict[int, list[int]] | None = None) -> None:
        super().__init__(presolved)
        self._levels = levels

    def _make_solver(self) -> z3.Solver:
        return z3.SolverFor("QF_FD", ctx=self.context)

    def encode(self, tick: Callable[[], None]) -> None:
        levels = self._levels or neuron_levels(self.presolved, tick)
        if levels is None:
            raise InputError(
                f"the pseudo-boolean encoding needs neurons with at most {LEVELS} different values "
                f"and small integer weights; use encoding 'integer' or 'auto'"
            )
        self._steps: dict[int, list[tuple[int, z3.BoolRef]]] = {
            i: [(1, bit)] for i, bit in enumerate(self.bits)
        }
        for neuron in self.presolved.neurons:
            tick()
            self._steps[neuron.unknown] = [
                (gap, self._reaches(neuron.form, value))
                for gap, value in _gaps(neuron, levels[neuron.unknown])
            ]

    def _reaches(self, form: Form, least: int) -> z3.BoolRef:
        needed = least - form.constant
        # different neurons can share a literal: relu(a + b - 1) and relu(2a + 2b - 3) both do a & b
        signed: dict[int, int] = {}
        literal_of: dict[int, z3.BoolRef] = {}
        for unknown, c in form.coefficients.items():
            for gap, literal in self._steps[unknown]:
                number = literal.get_id()
                literal_of[number] = literal
                signed[number] = signed.get(number, 0) + c * gap
        terms: list[tuple[z3.BoolRef, int]] = []
        for number, weight in signed.items():
            if weight > 0:
                terms.append((literal_of[number], weight))
            elif weight < 0:  # weight * b = weight + |weight| * (1 - b)
                terms.append((z3.Not(literal_of[number]), -weight))
                needed -= weight
        literals = [literal for literal, _ in terms]
        weights = [weight for _, weight in terms]
        total = sum(weights)
        if needed <= 0 or needed > total:
            return z3.BoolVal(needed <= 0, self.context)
        if needed <= min(weights):
            return disjunction(literals, self.context)
        if needed > total - min(weights):
            return conjunction(literals, self.context)
        assert total <= LARGEST_SUM, "encode() looks at every form that can occur"
        return z3.PbGe(terms, needed)


def neuron_levels(
    presolved: Presolved, tick: Callable[[], None] = lambda: None
) -> dict[int, list[int]] | None:
    """The reachable values above 0 of the integer of each neuron, in increasing order.

    Values may be listed that no input reaches. None when some neuron has more than ``LEVELS``
    or when the sum of the weights of some neuron or of two outputs' difference is too large.
    """
    values: dict[int, list[int]] = {i: [0, 1] for i in range(presolved.inputs)}
    levels: dict[int, list[int]] = {}
    for neuron in presolved.neurons:
        tick()
        above = _values_above_zero(neuron.form, values)
        if above is None or len(above) > LEVELS:
            return None
        levels[neuron.unknown] = above
        values[neuron.unknown] = [0, *above] if neuron.activation == "relu" else [0, 1]
    if any(_magnitude(neuron.form, values) > LARGEST_SUM for neuron in presolved.neurons):
        return None
    _, factors = aligned(presolved.outputs)
    largest = max(
        factor * _magnitude(form, values)
        for factor, form in zip(factors, presolved.outputs, strict=True)
    )
    return levels if 2 * largest <= LARGEST_SUM else None


def _values_above_zero(form: Form, values: dict[int, list[int]]) -> list[int] | None:
    factors = sorted(form.coefficients.items(), key=lambda item: -abs(item[1]))
    still = sum(max(c * v for v in values[unknown]) for unknown, c in factors)
    sums = {form.constant}
    for unknown, c in factors:
        still -= max(c * v for v in values[unknown])
        # what cannot come above 0 any more gives no level
        sums = {s + c * v for s in sums for v in values[unknown] if s + c * v + still > 0}
        if len(sums) > PARTIAL_SUMS:
            return None
    return sorted(s for s in sums if s > 0)


def _gaps(neuron: Neuron, levels: list[int]) -> list[tuple[int, int]]:
    """Pairs (gap, value): the neuron is the sum of the gaps of the values that Z reaches."""
    if neuron.activation == "step":
        return [(1, 1)]
    return [(value - last, value) for last, value in zip([0, *levels[:-1]], levels, strict=True)]


def _magnitude(form: Form, values: dict[int, list[int]]) -> int:
    return abs(form.constant) + sum(
        abs(c) * values[unknown][-1] for unknown, c in form.coefficients.items()
    )
