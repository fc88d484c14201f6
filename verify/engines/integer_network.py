"""The network rewritten over Boolean inputs with integer weights: nothing is rounded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from ..dyadic import narrow, power_of_two
from ..problem import Problem


@dataclass(frozen=True)
class IntegerLayer:
    """``activation(weight @ x + bias)`` in integers.

    Attributes:
        weight: (out, in) int64, or Python integers when 62 bits do not suffice.
        bias: (out,) likewise.
        activation: relu, step or identity.
        low, high: bounds on each pre-activation over all Boolean inputs, Python integers (out,).
    """

    weight: np.ndarray
    bias: np.ndarray
    activation: str
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class IntegerNetwork:
    """Integer layers on 0/1 inputs; the real output is ``integer output * unit``.

    ReLU is positively homogeneous and step ignores scale, so every layer may be multiplied
    by a positive constant; the constants collect in ``unit``. What a false and a true input
    feed to the network is folded into the first layer.
    """

    layers: tuple[IntegerLayer, ...]
    unit: Fraction

    @classmethod
    def of(cls, problem: Problem) -> IntegerNetwork:
        """Rewrite the problem's network; exact for every weight and every pair of values."""
        false, true = problem.specification.domain.values
        low = np.zeros(problem.network.input_size, dtype=object)
        high = low + 1
        layers = []
        exponent, denominator = 0, 1
        for index, layer in enumerate(problem.network.layers):
            weight, bias = layer.exact_weight, layer.exact_bias
            unit = min(weight.exponent + exponent, bias.exponent)
            rows = weight.integers(unit - exponent)
            offset = bias.mantissa.astype(object) * (denominator << (bias.exponent - unit))
            if index == 0 and not (false == 0 and true == 1):
                denominator = lcm(false.denominator, true.denominator)
                offset = offset * denominator
                offset += rows.astype(object).sum(axis=1) * int(false * denominator)
                rows = rows.astype(object) * int((true - false) * denominator)
            positive = np.maximum(rows, 0).astype(object)
            negative = np.minimum(rows, 0).astype(object)
            least = positive @ low + negative @ high + offset
            most = positive @ high + negative @ low + offset
            integer = IntegerLayer(
                narrow(np.asarray(rows)), narrow(offset), layer.activation, least, most
            )
            layers.append(integer)
            exponent = unit
            low, high = least, most
            if layer.activation == "relu":
                low, high = np.maximum(low, 0), np.maximum(high, 0)
            elif layer.activation == "step":
                low, high = (low > 0).astype(int).astype(object), (high > 0).astype(int)
                high = high.astype(object)
                exponent, denominator = 0, 1
        return cls(tuple(layers), power_of_two(exponent) / denominator)

    @property
    def largest(self) -> int:
        """A bound on every weight and every partial sum of every layer, in any order."""
        bound = 0
        reach: np.ndarray | None = None
        for layer in self.layers:
            weight = np.abs(layer.weight.astype(object))
            terms = weight.sum(axis=1) if reach is None else weight @ reach
            totals = terms + np.abs(layer.bias.astype(object))
            # weights on inputs that are always zero count too: they must be representable
            bound = max([bound, *(int(t) for t in totals), *(int(w) for w in weight.flat)])
            if layer.activation == "identity":
                reach = np.maximum(np.abs(layer.low), np.abs(layer.high))
            else:
                reach = np.maximum(layer.high, 0)
                reach = np.minimum(reach, 1) if layer.activation == "step" else reach
        return bound
