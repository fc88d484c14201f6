"""Batches of inputs through matrix products, with a rigorous bound on the rounding error.

Where every partial sum stays below 2^50 the float64 products are exact in any order and the
error bound is zero. Otherwise the floats only filter: whatever lies within the bound of the
read-out is left to exact arithmetic. Derivation: docs/exactness.md, section "The float filter".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..dyadic import bit_width
from ..problem import Problem
from ..readout import Argmax, Levels, Threshold
from .integer_network import IntegerLayer, IntegerNetwork

#: Unit roundoff of float64.
ROUNDOFF = 2.0**-53
#: Integers of at most this magnitude, and halves of them, are exact in float64.
EXACT_BELOW = 1 << 52


@dataclass(frozen=True)
class FloatLayer:
    """A layer in float64, with bounds on what rounding can do to its pre-activations."""

    weight: np.ndarray
    bias: np.ndarray
    activation: str
    error: np.ndarray

    @property
    def bounded(self) -> np.ndarray:
        """Where the error has a bound at all: a sum that overflowed may have any true sign."""
        return np.asarray(np.isfinite(self.error))


@dataclass(frozen=True)
class Signs:
    """What a batch of margins says, (points, outputs) Booleans.

    ``wrong`` and ``undecided`` exclude each other; everything else is proved right.
    """

    wrong: np.ndarray
    undecided: np.ndarray


class DenseEvaluator:
    """Margins of whole batches.

    Attributes:
        exact: True when the products are exact, so that nothing is ever undecided.
        unit: real margin = ``margins * unit`` (a Fraction).
        error: (outputs,) bound on |computed - true| margin, in the same unit; zero if exact.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        integer = IntegerNetwork.of(problem)
        self.exact = integer.largest < EXACT_BELOW // 4
        # beyond the range of float64 the numbers become infinite and every input undecided
        with np.errstate(over="ignore", invalid="ignore"):
            self.layers, shift = _to_floats(integer, self.exact)
        self.unit = integer.unit * (1 << shift) if shift >= 0 else integer.unit / (1 << -shift)
        readout = problem.specification.readout
        self._argmax = isinstance(readout, Argmax)
        if isinstance(readout, Levels):
            self._true, self._false = readout.true_at_least, readout.false_at_most
        elif isinstance(readout, Threshold):
            self._true = self._false = readout.threshold
        else:
            self._true = self._false = Fraction(0)
        self._strict_true = not readout.allows_zero(True)
        error = self.layers[-1].error
        if self.exact:
            self.error = np.zeros_like(error)
        else:
            self.error = 2 * error.max() + 0 * error if self._argmax else error
            level = max(abs(self._level(self._true)), abs(self._level(self._false)))
            self.error = self.error * (1 + 2.0**-20) + 4 * ROUNDOFF * level
            reach = _reach(self.layers[-1], integer.layers[-1], shift)
            self.error = self.error + 4 * ROUNDOFF * reach.max()

    def _level(self, level: Fraction) -> float:
        try:
            return float(level / self.unit)
        except OverflowError:
            return float("inf")

    def values(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Output values in units of ``unit`` for a 0/1 matrix (points, inputs).

        Returns float64 (points, outputs) and a Boolean (points,): inputs at which a step neuron
        is too near its jump to be decided, so that the values mean nothing.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return self._values(points.astype(np.float64))

    def _values(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lost = np.zeros(len(x), dtype=bool)
        for layer in self.layers:
            z = x @ layer.weight.T + layer.bias
            if layer.activation == "relu":
                z = np.maximum(z, 0.0)
            elif layer.activation == "step":
                lost |= ~(((z > layer.error) | (z <= -layer.error)) & layer.bounded).all(axis=1)
                z = (z > 0.0).astype(np.float64)
            x = z
        return x, lost

    def margins(self, values: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Margins in units of ``unit``: float64 (points, outputs), within ``error``.

        In exact mode plain read-outs leave out the level: the order of the values of each
        side (expected true, expected false) is exact, the two sides are not comparable.
        """
        if self._argmax:
            order = np.partition(values, -2, axis=1)
            best, second = order[:, -1:], order[:, -2:-1]
            lead = values - np.where(values == best, second, best)
            return np.where(expected, lead, -lead)
        if self.exact:
            # exact integers in the order of the margins, side by side; subtracting a rounded
            # level could make different values equal
            return np.where(expected, values, -values)
        true, false = self.levels()
        with np.errstate(invalid="ignore"):
            return np.where(expected, values - true, false - values)

    def signs(self, values: np.ndarray, lost: np.ndarray, expected: np.ndarray) -> Signs:
        """Which margins are certainly wrong and which are undecided."""
        if self.exact:
            wrong = self._exactly_wrong(values, expected)
            return Signs(wrong, np.zeros_like(wrong))
        margins = self.margins(values, expected)
        # written so that a NaN counts as undecided
        right, wrong = margins > self.error, margins < -self.error
        wrong &= ~lost[:, None]
        right &= ~lost[:, None]
        return Signs(wrong, ~(right | wrong))

    def _exactly_wrong(self, values: np.ndarray, expected: np.ndarray) -> np.ndarray:
        if self._argmax:
            return self.margins(values, expected) <= 0
        above, below = self.integer_cuts()
        return ~np.where(expected, values > above, values <= below)

    def levels(self) -> tuple[float, float]:
        """What true must reach and false must keep to, in units of ``unit``, rounded."""
        return self._level(self._true), self._level(self._false)

    def integer_cuts(self) -> tuple[float, float]:
        """Exact cuts for integer values: true is right above the first, false up to the second.

        v > t means v > floor(t); v >= t means v > ceil(t) - 1.
        """
        true, false = self._true / self.unit, self._false / self.unit
        last_wrong = _floor(true) if self._strict_true else -_floor(-true) - 1
        cuts = (min(max(cut, -EXACT_BELOW), EXACT_BELOW) for cut in (last_wrong, _floor(false)))
        above, below = map(float, cuts)
        return above, below


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator


def _to_floats(integer: IntegerNetwork, exact: bool) -> tuple[list[FloatLayer], int]:
    """Layers scaled by powers of two into the range of float64, and the last accumulated shift.

    A layer's pre-activations are the integer ones divided by 2**shift. Each weight is rounded
    once (relative error u), products and sums add at most one rounding a term; an inner
    activation carries its own error on, as relu and identity never enlarge it.
    """
    layers = []
    shift = 0
    error = np.zeros(integer.layers[0].weight.shape[1])
    reach = np.ones(integer.layers[0].weight.shape[1])
    for layer in integer.layers:
        # the largest weight or bias becomes about 1; what underflows is inside the bound
        own = 0 if exact else max(bit_width(layer.weight), bit_width(layer.bias) - shift, 1)
        weight = _divide(layer.weight, own)
        bias = _divide(layer.bias, own + shift)
        shift += own
        terms = weight.shape[1] + 4
        gamma = terms * ROUNDOFF / (1 - terms * ROUNDOFF)
        magnitude = np.abs(weight) @ (reach + error) + np.abs(bias)
        # a number below 2**-1022 may be lost entirely, before it is multiplied by an input
        lost = terms * 2.0**-1018 * (1 + (reach + error).max(initial=0.0))
        total = np.abs(weight) @ error + gamma * magnitude + lost
        # the bound itself is computed in float64: 2**-20 covers its own roundings many times
        error_here = np.zeros(len(bias)) if exact else total * (1 + 2.0**-20)
        layers.append(FloatLayer(weight, bias, layer.activation, error_here))
        if layer.activation == "step":
            shift, error, reach = 0, np.zeros(len(bias)), np.ones(len(bias))
        else:
            error, reach = error_here, magnitude
    return layers, shift


def _reach(floats: FloatLayer, layer: IntegerLayer, shift: int) -> np.ndarray:
    """Magnitude of the outputs in float units, with slack for the conversion."""
    if layer.activation == "step":
        return np.ones(len(floats.bias))
    largest = np.maximum(np.abs(layer.low), np.abs(layer.high))
    return np.asarray(_divide(largest, shift) * (1 + 2.0**-20) + floats.error)


def _divide(integers: np.ndarray, shift: int) -> np.ndarray:
    """``integers / 2**shift`` correctly rounded to float64 (infinite beyond its range)."""
    result = np.empty(integers.shape)
    for index, value in np.ndenumerate(integers):
        try:
            result[index] = int(value) / (1 << shift)
        except OverflowError:
            result[index] = np.inf if value > 0 else -np.inf
    return result
