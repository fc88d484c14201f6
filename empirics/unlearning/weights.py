"""Weights of small networks as float32 arrays: ``0.weight`` (out, in), ``0.bias`` (out,), ..."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...verify.network import Network
from ...verify.specification import Specification

Weights = dict[str, np.ndarray]


def fed(points: np.ndarray, specification: Specification) -> np.ndarray:
    """What 0/1 inputs feed to the network, float32."""
    false, true = (np.float32(value) for value in specification.domain.values)
    return np.where(points.astype(bool), true, false)


def network_of(parameters: Mapping[str, np.ndarray]) -> Network:
    """The network with these float32 arrays: relu between the layers."""
    layers = range(len(parameters) // 2)
    return Network.from_arrays(
        [parameters[f"{layer}.weight"] for layer in layers],
        [parameters[f"{layer}.bias"].reshape(-1) for layer in layers],
    )


def arrays_of(network: Network) -> dict[str, np.ndarray]:
    """The arrays of a dense network in float32, as :class:`.tuning.Tuning` takes them."""
    found = {}
    for number, layer in enumerate(network.dense.layers):
        found[f"{number}.weight"] = np.asarray(layer.weight, dtype=np.float32)
        found[f"{number}.bias"] = np.asarray(layer.bias, dtype=np.float32)
    return found


def read_true(
    parameters: Mapping[str, np.ndarray], points: np.ndarray, output: int = 0
) -> np.ndarray:
    """Whether an output is above 0 in float64, Booleans (points,). Not exact; for samples."""
    return logits(parameters, points)[:, output] > 0


def logits(parameters: Mapping[str, np.ndarray], points: np.ndarray) -> np.ndarray:
    """Values of the outputs in float64, (points, outputs)."""
    value = points.astype(np.float64)
    last = len(parameters) // 2 - 1
    for layer in range(last + 1):
        weight = parameters[f"{layer}.weight"].astype(np.float64)
        value = value @ weight.T + parameters[f"{layer}.bias"].reshape(-1)
        if layer < last:
            value = np.maximum(value, 0)
    return value
