"""Affine forms over integer unknowns, and their bounds over a domain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...domain import Domain


@dataclass(frozen=True)
class Form:
    """The rational ``unit * (sum of coefficient * unknown + constant)``.

    Unknowns are numbered: input bits first (each 0 or 1), then the neurons that the presolve
    could not replace (each an integer). Forms made here are *primitive*: coefficients and
    constant are integers without common divisor and none of the coefficients is 0, so equal
    functions up to a positive factor have equal integers. A form without coefficients has
    constant -1, 0 or 1.

    Attributes:
        coefficients: nonzero integer of each unknown that occurs.
        constant: integer.
        unit: positive rational.
    """

    coefficients: Mapping[int, int]
    constant: int
    unit: Fraction

    @property
    def key(self) -> tuple[int, frozenset[tuple[int, int]]]:
        """Identifies the integers of the form, whatever its unit."""
        return self.constant, frozenset(self.coefficients.items())

    def least(self, value: Fraction, strict: bool) -> int:
        """The k for which the form is >= value (> if strict) exactly when its integer is >= k."""
        bound = value / self.unit
        return math.floor(bound) + 1 if strict else math.ceil(bound)


def primitive(coefficients: Mapping[int, int], constant: int, unit: Fraction) -> Form:
    """The form with these integers and this unit, common divisors moved into the unit."""
    nonzero = {unknown: c for unknown, c in coefficients.items() if c}
    divisor = math.gcd(constant, *nonzero.values())
    if divisor == 0:
        return Form({}, 0, Fraction(1))
    if divisor > 1:
        nonzero = {unknown: c // divisor for unknown, c in nonzero.items()}
        constant //= divisor
        unit *= divisor
    return Form(nonzero, constant, unit)


def common_unit(units: Iterable[Fraction]) -> Fraction:
    """The largest rational of which all units are integer multiples (1 when there are none)."""
    numerator, denominator = 0, 1
    for unit in units:
        numerator = math.gcd(numerator, unit.numerator)
        denominator = math.lcm(denominator, unit.denominator)
    return Fraction(numerator or 1, denominator)


def aligned(forms: Sequence[Form]) -> tuple[Fraction, list[int]]:
    """A common unit and, for each form, the integer multiple of it that is the form's unit."""
    unit = common_unit({form.unit for form in forms})
    return unit, [int(form.unit / unit) for form in forms]


def combine(terms: Iterable[tuple[int, Form]], unit: Fraction, offset: Fraction) -> Form:
    """The form ``unit * (sum of weight * integer of the form) + offset``; own units are ignored."""
    total = offset / unit
    lift = total.denominator
    coefficients: dict[int, int] = {}
    constant = total.numerator
    for weight, form in terms:
        if weight == 0:
            continue
        weight *= lift
        constant += weight * form.constant
        for unknown, c in form.coefficients.items():
            coefficients[unknown] = coefficients.get(unknown, 0) + weight * c
    return primitive(coefficients, constant, unit / lift)


def difference(left: Form, right: Form) -> Form:
    """The form ``left - right``."""
    unit, (first, second) = aligned([left, right])
    return combine([(first, left), (-second, right)], unit, Fraction(0))


def input_form(unknown: int, false: Fraction, true: Fraction) -> Form:
    """What an input bit feeds to the network: ``false`` at 0 and ``true`` at 1."""
    lift = math.lcm(false.denominator, true.denominator)
    low, high = int(false * lift), int(true * lift)
    return primitive({unknown: high - low}, low, Fraction(1, lift))


class Bounds:
    """Sound integer bounds of forms over a domain.

    Input bits range over the domain's cardinality, Hamming balls and one-hot groups, one of
    these at a time (the best bound counts); ``where`` and listed points are left out. Neurons
    range over the intervals they were added with.
    """

    def __init__(self, domain: Domain) -> None:
        self.inputs = domain.inputs
        self.intervals: list[tuple[int, int]] = [(0, 1)] * domain.inputs
        self._groups = domain.one_hot
        # cardinality is a ball of flips around the zero vector with a lower radius as well
        self._shells: list[tuple[tuple[bool, ...], int, int]] = [
            (ball.centre, 0, ball.radius) for ball in domain.balls
        ]
        if domain.has_cardinality:
            self._shells.append(((False,) * domain.inputs, domain.at_least, domain.at_most))

    def add(self, low: int, high: int) -> int:
        """Number a new neuron with values from ``low`` to ``high``."""
        self.intervals.append((low, high))
        return len(self.intervals) - 1

    def of(self, form: Form) -> tuple[int, int]:
        """Least and greatest possible integer of the form (its value divided by its unit)."""
        low = high = form.constant
        bits: dict[int, int] = {}
        for unknown, c in form.coefficients.items():
            if unknown < self.inputs:
                bits[unknown] = c
                continue
            least, greatest = self.intervals[unknown]
            low += c * (least if c > 0 else greatest)
            high += c * (greatest if c > 0 else least)
        high += self._greatest(bits)
        low -= self._greatest({unknown: -c for unknown, c in bits.items()})
        return low, high

    def _greatest(self, bits: Mapping[int, int]) -> int:
        best = sum(c for c in bits.values() if c > 0)
        if self._groups:
            free = dict(bits)
            total = 0
            for group in self._groups:
                total += max(free.pop(i, 0) for i in group)
            best = min(best, total + sum(c for c in free.values() if c > 0))
        for centre, fewest, most in self._shells:
            start = sum(c for i, c in bits.items() if centre[i])
            gains = [-c if centre[i] else c for i, c in bits.items()]
            gains += [0] * (self.inputs - len(bits))
            best = min(best, start + _best_flips(gains, fewest, most))
        return best


def _best_flips(gains: Sequence[int], fewest: int, most: int) -> int:
    """Largest sum of between ``fewest`` and ``most`` of the gains."""
    ordered = sorted(gains, reverse=True)
    return sum(ordered[:fewest]) + sum(gain for gain in ordered[fewest:most] if gain > 0)
