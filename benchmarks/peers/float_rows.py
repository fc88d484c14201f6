"""A network's layers in float64 with interval bounds: what solvers with tolerances are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .answer import NotEncodableError, Problem


@dataclass(frozen=True)
class FloatLayer:
    """``weight @ x + bias`` between ``low`` and ``high`` for 0/1 inputs of the network."""

    weight: np.ndarray
    bias: np.ndarray
    low: np.ndarray
    high: np.ndarray


def float_layers(problem: Problem) -> list[FloatLayer]:
    """The layers; the threshold is taken off the output's bias.

    Raises NotEncodableError for activations other than relu between layers.
    """
    layers = problem.network.layers
    if [layer.activation for layer in layers] != ["relu"] * (len(layers) - 1) + ["identity"]:
        raise NotEncodableError("only relu between layers")
    low, high = np.zeros(problem.network.input_size), np.ones(problem.network.input_size)
    made = []
    for number, layer in enumerate(layers):
        weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
        if number == len(layers) - 1:
            threshold = problem.specification.readout.threshold  # type: ignore[attr-defined]
            bias = bias - float(threshold)
        up, down = np.maximum(weight, 0), np.minimum(weight, 0)
        least, greatest = up @ low + down @ high + bias, up @ high + down @ low + bias
        made.append(FloatLayer(weight, bias, least, greatest))
        low, high = np.maximum(least, 0), np.maximum(greatest, 0)
    return made
