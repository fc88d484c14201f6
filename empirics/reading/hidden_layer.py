"""The hidden layer behind one output, in the form that feature codes are defined for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...verify.network import Network


class HiddenLayer(NamedTuple):
    """A network of two layers, seen by one output: ``second @ relu(first @ x + bias) + offset``.

    Attributes:
        first: (neurons, inputs), for inputs that are 0 or 1.
        bias: (neurons,).
        second: (neurons,), weights of the output.
        offset: of the output.
        step: the neurons are steps and not relus.
    """

    first: np.ndarray
    bias: np.ndarray
    second: np.ndarray
    offset: float
    step: bool = False

    @property
    def negated(self) -> HiddenLayer:
        """The same neurons, read for the opposite of the output."""
        return self._replace(second=-self.second, offset=-self.offset)


def hidden_layer(
    network: Network, output: int, values: tuple[float, float] = (0.0, 1.0)
) -> HiddenLayer | None:
    """The hidden layer of a network of two layers in float64, None for another network.

    Args:
        network: relu or step neurons, then an affine output.
        output: its number.
        values: what a false and a true input feed to the network.
    """
    if len(network.layers) != 2:
        return None
    hidden, last = network.layers
    if hidden.activation not in ("relu", "step") or last.activation != "identity":
        return None
    dense = network.dense
    first = np.asarray(dense.layers[0].weight, dtype=np.float64)
    bias = np.asarray(hidden.bias, dtype=np.float64)
    second = np.asarray(dense.layers[1].weight, dtype=np.float64)[output]
    false, true = values
    return HiddenLayer(
        first * (true - false),
        bias + false * first.sum(axis=1),
        second,
        float(np.asarray(last.bias, dtype=np.float64)[output]),
        hidden.activation == "step",
    )
