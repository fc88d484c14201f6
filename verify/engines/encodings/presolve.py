"""A network as affine forms over its inputs and the few neurons whose sign is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ...dyadic import power_of_two
from ...problem import Problem
from .forms import Bounds, Form, aligned, combine, input_form, primitive


@dataclass(frozen=True)
class Neuron:
    """An unknown with the value ``relu(Z)`` or ``step(Z)``, Z the integer of its form.

    Attributes:
        unknown: its number in later forms.
        form: primitive; its unit does not matter.
        activation: ``relu`` or ``step``.
        low, high: bounds of Z with low <= 0 < high.
    """

    unknown: int
    form: Form
    activation: str
    low: int
    high: int


@dataclass(frozen=True)
class Presolved:
    """The exact network function: ``outputs`` over inputs and ``neurons`` (in layer order)."""

    inputs: int
    neurons: tuple[Neuron, ...]
    outputs: tuple[Form, ...]
    bounds: Bounds


def presolve(problem: Problem, tick: Callable[[], None] = lambda: None) -> Presolved:
    """Replace what interval bounds settle, scale every other neuron to coprime integers.

    A ReLU that is never on becomes 0, one that is never off its own affine form, a step of
    constant sign 0 or 1; affine forms are substituted forwards, and neurons that are equal up
    to a positive factor (relu(c z) = c relu(z)) share one unknown. ``tick`` is called once a
    row and may raise to stop.
    """
    domain = problem.specification.domain
    bounds = Bounds(domain)
    neurons: list[Neuron] = []
    known: dict[tuple[object, ...], int] = {}

    def activated(form: Form, activation: str) -> Form:
        if activation == "identity":
            return form
        low, high = bounds.of(form)
        if high <= 0:
            return primitive({}, 0, Fraction(1))
        if low > 0 or (low == 0 and activation == "relu"):
            return form if activation == "relu" else primitive({}, 1, Fraction(1))
        key = (activation, *form.key)
        if key not in known:
            known[key] = bounds.add(0, high if activation == "relu" else 1)
            neurons.append(Neuron(known[key], form, activation, low, high))
        return Form({known[key]: 1}, 0, form.unit if activation == "relu" else Fraction(1))

    forms = [input_form(i, *domain.values) for i in range(domain.inputs)]
    for layer in problem.network.layers:
        unit, factors = aligned(forms)
        unit *= power_of_two(layer.exact_weight.exponent)
        offset_unit = power_of_two(layer.exact_bias.exponent)
        rows = layer.exact_weight.mantissa.tolist()
        following = []
        for row, bias in zip(rows, layer.exact_bias.mantissa.tolist(), strict=True):
            tick()
            weights = (m * factor for m, factor in zip(row, factors, strict=True))
            form = combine(zip(weights, forms, strict=True), unit, bias * offset_unit)
            following.append(activated(form, layer.activation))
        forms = following
    return Presolved(domain.inputs, tuple(neurons), tuple(forms), bounds)
