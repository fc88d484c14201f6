"""Seeing that a problem asks whether a superposed network computes pairwise ANDs.

What is recognised is exactly this:

* the domain is "at most v inputs true" and nothing else, v smaller than the number of inputs or
  not; a false input feeds 0 and a true one 1;
* every output should be the AND of two different inputs (a family of kind ``and``, or formulas),
  its own pair; outputs may share a pair;
* the first layer is relu, and every neuron has inputs with one and the same positive weight a_i
  and the bias -a_i, or no inputs and a bias of at most 0;
* one or more linear layers follow, with any weights and biases;
* the read-out is a threshold, or two levels.

Then h_i = a_i max(0, N_i - 1), where N_i counts the true inputs that feed neuron i, and output j
is a linear function of h. The linear layers and the a_i are multiplied out in integers, G.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...dyadic import power_of_two
from ...formula import And, Variable
from ...problem import Problem
from ...readout import Levels, Threshold
from ..plain_network import UnrecognisedError
from .exact_product import LARGEST, exact_product, reach

#: Sums of so large magnitudes are left to other engines.
TOO_LARGE = LARGEST >> 3


@dataclass(frozen=True, eq=False)
class SuperposedForm:
    """A superposed problem in the numbers that decide it.

    Output j on the input with the set S of true inputs is ``unit * F_j(S) + offsets[j]`` with
    F_j(S) = sum over i of gain[j, i] * max(0, N_i(S) - 1).

    Attributes:
        code: 0/1 uint8 (neurons, inputs).
        gain: G, int64 (outputs, neurons).
        pairs: int64 (outputs, 2), the smaller index first.
        active: v, the largest number of true inputs.
        bound: no |F_j| exceeds this.
        unit: positive.
        offsets: Fractions (outputs,).
        true_from, false_to: levels of the read-out; equal for a threshold.
        least_true: least F_j that reads true: int64 (outputs,), cut to ``bound`` + 1.
        most_false: largest F_j that reads false, cut likewise.
    """

    code: np.ndarray
    gain: np.ndarray
    pairs: np.ndarray
    active: int
    bound: int
    unit: Fraction
    offsets: np.ndarray
    true_from: Fraction
    false_to: Fraction
    least_true: np.ndarray
    most_false: np.ndarray

    @property
    def inputs(self) -> int:
        """Number of inputs, m."""
        return int(self.code.shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.gain.shape[0])

    def margin(self, low: np.ndarray, high: np.ndarray) -> Fraction | None:
        """The least margin, from the least F where outputs are true and the largest elsewhere.

        Args:
            low, high: int64 (outputs,); entries beyond +-``bound`` stand for no input at all.
        """
        margins = []
        for j, offset in enumerate(self.offsets.tolist()):
            if low[j] <= self.bound:
                margins.append(self.unit * int(low[j]) + offset - self.true_from)
            if high[j] >= -self.bound:
                margins.append(self.false_to - self.unit * int(high[j]) - offset)
        return min(margins, default=None)

    def worse_false(self, margin: Fraction, rows: slice) -> np.ndarray:
        """Largest F_j whose margin is at least ``margin`` where output j is false: int64."""
        return self._cut(
            [
                math.floor((self.false_to - margin - offset) / self.unit)
                for offset in self.offsets[rows]
            ]
        )

    def worse_true(self, margin: Fraction, rows: slice) -> np.ndarray:
        """Least F_j whose margin is at least ``margin`` where output j is true: int64."""
        return self._cut(
            [
                math.ceil((margin + self.true_from - offset) / self.unit)
                for offset in self.offsets[rows]
            ]
        )

    def _cut(self, integers: list[int]) -> np.ndarray:
        return _cut(integers, self.bound)


def superposed_form(problem: Problem) -> SuperposedForm:
    """The problem in the form above.

    Raises UnrecognisedError with the reason.
    """
    active = _active(problem)
    pairs = _pairs(problem)
    readout = problem.specification.readout
    if isinstance(readout, Threshold):
        true_from = false_to = readout.threshold
    elif isinstance(readout, Levels):
        true_from, false_to = readout.true_at_least, readout.false_at_most
    else:
        raise UnrecognisedError("the read-out is argmax")
    code, gain, unit, offsets = _multiplied_out(problem)
    bound = reach(gain) * max(min(active, problem.network.input_size) - 1, 1)
    if gain.dtype == object or bound >= TOO_LARGE:
        raise UnrecognisedError("the weights have too many digits")
    true_levels = [(true_from - offset) / unit for offset in offsets]
    false_levels = [(false_to - offset) / unit for offset in offsets]
    if isinstance(readout, Threshold):
        least = [math.floor(level) + 1 for level in true_levels]
    else:
        least = [math.ceil(level) for level in true_levels]
    return SuperposedForm(
        code,
        gain,
        pairs,
        active,
        bound,
        unit,
        offsets,
        true_from,
        false_to,
        _cut(least, bound),
        _cut([math.floor(level) for level in false_levels], bound),
    )


def _cut(integers: list[int], bound: int) -> np.ndarray:
    return np.array([min(max(k, -bound - 1), bound + 1) for k in integers], dtype=np.int64)


def _active(problem: Problem) -> int:
    domain = problem.specification.domain
    other = domain.points is not None or domain.balls or domain.one_hot
    if other or domain.where is not None or domain.at_least:
        raise UnrecognisedError("the domain is not 'at most v'")
    if domain.values[0] != 0 or domain.values[1] != 1:
        raise UnrecognisedError("the inputs feed other numbers than 0 and 1")
    return domain.at_most


def _pairs(problem: Problem) -> np.ndarray:
    specification = problem.specification
    family = specification.family
    if family is not None:
        if family.kind != "and" or family.arity != 2:
            raise UnrecognisedError("the outputs are not ANDs of two inputs")
        return np.sort(np.asarray(family.members, dtype=np.int64), axis=1)
    index = specification.domain.index
    rows = []
    for formula in specification.formulas:
        parts = formula.parts if isinstance(formula, And) else ()
        members = [index[part.name] for part in parts if isinstance(part, Variable)]
        if len(parts) != 2 or len(members) != 2 or members[0] == members[1]:
            raise UnrecognisedError("an output is no AND of two inputs")
        rows.append(sorted(members))
    return np.array(rows, dtype=np.int64)


def _multiplied_out(problem: Problem) -> tuple[np.ndarray, np.ndarray, Fraction, np.ndarray]:
    """Code, gain, unit and offsets."""
    first, *rest = problem.network.layers
    linear = all(layer.activation == "identity" for layer in rest)
    if first.activation != "relu" or not rest or not linear:
        raise UnrecognisedError("it needs one relu layer and linear layers after it")
    weight, bias = first.exact_weight, first.exact_bias
    exponent = min(weight.exponent, bias.exponent)
    mantissas, shift = weight.integers(exponent), bias.integers(exponent)
    scale = mantissas.max(axis=1)
    if ((mantissas != 0) & (mantissas != scale[:, None])).any() or (scale < 0).any():
        raise UnrecognisedError("the input weights of a neuron differ, or are not positive")
    if ((shift != -scale) & (scale > 0)).any() or ((scale == 0) & (shift > 0)).any():
        raise UnrecognisedError("the bias of a neuron is not the negative of its input weight")
    code = (mantissas != 0).astype(np.uint8)
    gain: np.ndarray | None = None
    unit = power_of_two(exponent)
    offsets = np.full(first.width, Fraction(0), dtype=object)
    for layer in rest:
        weight = layer.exact_weight
        if gain is None:
            gain = _scaled(weight.mantissa, scale)
        else:
            gain = exact_product(weight.mantissa, gain)
        unit *= power_of_two(weight.exponent)
        offsets = _affine(layer.exact_bias.fractions(), weight.fractions, offsets)
    assert gain is not None
    return code, gain, unit, offsets


def _scaled(weight: np.ndarray, scale: np.ndarray) -> np.ndarray:
    product = weight.astype(object) * scale.astype(object) if (scale != 1).any() else weight
    if product.dtype == object and product.size and reach(product) < LARGEST:
        return product.astype(np.int64)
    return np.asarray(product)


def _affine(bias: np.ndarray, weight: Callable[[], np.ndarray], before: np.ndarray) -> np.ndarray:
    return bias if not any(before) else bias + weight() @ before
