"""A network on the drawing board: float64 arrays that are edited, then stored as floats again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...verify.dyadic import Dyadic
from ...verify.engines.integer_network import IntegerNetwork
from ...verify.errors import InputError
from ...verify.network import Network
from ...verify.problem import Problem
from ...verify.specification import Specification
from .literals import Literal
from .target import RefusedError


@dataclass
class Draft:
    """Arrays of a network that may be changed.

    Attributes:
        weights, biases: float64, one of each a layer.
        activations: of the layers.
        values: what a false and a true input feed to the network.
        dtype: in which the result is stored: float32 where that holds all numbers of the
            original, else float64.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    activations: list[str]
    values: tuple[Fraction, Fraction]
    dtype: type[np.float32] | type[np.float64]

    @classmethod
    def of(cls, network: Network, specification: Specification) -> Draft:
        """Copy a network. Raises InputError for numbers that float64 does not hold."""
        layers = network.dense.layers
        weights = [_float64(layer.exact_weight) for layer in layers]
        biases = [_float64(layer.exact_bias) for layer in layers]
        narrow = all(
            np.array_equal(array.astype(np.float32), array) for array in [*weights, *biases]
        )
        return cls(
            weights,
            biases,
            [layer.activation for layer in layers],
            specification.domain.values,
            np.float32 if narrow else np.float64,
        )

    def network(self) -> Network:
        """The arrays rounded to the nearest numbers that can be stored."""
        return Network.from_arrays(
            [weight.astype(self.dtype) for weight in self.weights],
            [bias.astype(self.dtype) for bias in self.biases],
            self.activations,
        )

    def fix(self, chosen: Iterable[Literal]) -> None:
        """Cut inputs off: the network behaves as if these literals were false.

        Exact but for the rounding of the biases in :meth:`network`.
        """
        weight, bias = self.weights[0], self.biases[0]
        for literal in chosen:
            fed = self.values[0] if literal.positive else self.values[1]
            if fed:
                for row in range(len(bias)):
                    exact = Fraction(bias[row]) + Fraction(weight[row, literal.input]) * fed
                    bias[row] = float(exact)
            weight[:, literal.input] = 0

    def add_detector(self, found: frozenset[Literal], amounts: dict[int, Fraction]) -> None:
        """Add a neuron that is above 0 only where all literals are true, one a hidden layer.

        Args:
            found: the literals.
            amounts: by number of the output at least so much (or at most, if negative) is
                added to it where the literals are true, a power of two; elsewhere nothing.

        Raises:
            RefusedError: the network has no place for it, or its numbers cannot be stored.
        """
        false, true = self.values
        upward = 1 if true > false else -1
        height = abs(true - false)
        row = np.zeros(self.weights[0].shape[1])
        # the sum of (literal - 1) plus 1, in units of the height
        offset = height
        for literal in found:
            sign = upward if literal.positive else -upward
            row[literal.input] = sign
            offset -= sign * (true if literal.positive else false)
        self._require_room(offset)
        reached = height
        for layer, activation in enumerate(self.activations[:-1]):
            if layer:
                row = np.zeros(self.weights[layer].shape[1])
                row[-1] = 1
            self.weights[layer] = np.vstack([self.weights[layer], row])
            bias = float(offset) if layer == 0 else 0.0
            self.biases[layer] = np.append(self.biases[layer], bias)
            following = self.weights[layer + 1]
            self.weights[layer + 1] = np.hstack([following, np.zeros((len(following), 1))])
            reached = Fraction(1) if activation == "step" else reached
        for output, amount in amounts.items():
            power = power_of_two_from(abs(amount) / reached)
            self.weights[-1][output, -1] = power if amount > 0 else -power

    def _require_room(self, offset: Fraction) -> None:
        if not {"relu", "step"} & set(self.activations[:-1]):
            raise RefusedError(
                "a neuron would have to be added, and the network has no hidden layer of relu or "
                "step neurons"
            )
        if self.activations[-1] != "identity":
            raise RefusedError(
                f"a neuron would have to be added, and the outputs go through "
                f"{self.activations[-1]}"
            )
        if Fraction(float(self.dtype(float(offset)))) != offset:
            raise RefusedError(
                f"a neuron would have to be added, and with the values {self.values[0]} and "
                f"{self.values[1]} its bias {offset} is no {self.dtype.__name__}"
            )


def output_bounds(
    network: Network, specification: Specification
) -> list[tuple[Fraction, Fraction]]:
    """An interval that holds every value of each output, on all Boolean inputs."""
    integer = IntegerNetwork.of(Problem(network, specification).dense)
    last = integer.layers[-1]
    return [
        (int(low) * integer.unit, int(high) * integer.unit)
        for low, high in zip(last.low, last.high, strict=True)
    ]


def power_of_two_from(least: Fraction) -> float:
    """The smallest power of two that is at least so large, for a positive number."""
    power = Fraction(1)
    while power < least:
        power *= 2
    while power / 2 >= least:
        power /= 2
    return float(power)


def _float64(array: Dyadic) -> np.ndarray:
    fractions = array.fractions()
    floats = fractions.astype(np.float64) if fractions.size else np.zeros(fractions.shape)
    if any(Fraction(f) != exact for f, exact in zip(floats.flat, fractions.flat, strict=True)):
        raise InputError("the network has numbers of more than 53 bits, which no edit can keep")
    return floats
