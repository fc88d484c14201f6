"""Networks that are wrong on few inputs: one stored number of an exact network is moved.

The number is moved away from its value in doubling steps until the tree engine finds a wrong
input, then back by bisection: the network is wrong, but only just.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from superproof import Network, Specification, check

#: Exact networks that are damaged, each in one weight and in one bias.
BASES = (
    "trained-16-32-s0",
    "trained-20-32-s0",
    "trained-24-32-s0",
    "trained-24-32-32-s0",
    "trained-32-32-s0",
    "thin-64-64-s0",
)
#: Bisections after the first wrong value.
HALVINGS = 5


def changed(network: Network, layer: int, array: str, place: list[int], value: float) -> Network:
    """The network with one number of a layer's ``weight`` or ``bias`` replaced."""
    weights = [part.weight.copy() for part in network.layers]
    biases = [part.bias.copy() for part in network.layers]
    (weights if array == "weight" else biases)[layer][tuple(place)] = value
    return Network.from_arrays(weights, biases, [part.activation for part in network.layers])


def damaged_entries(folder: Path, networks: dict[str, Any]) -> dict[str, Any]:
    """One entry a damage: which number of which network gets which value."""
    entries: dict[str, Any] = {}
    for number, base in enumerate(BASES):
        if networks.get(base, {}).get("status") != "holds":
            continue
        network = Network.load(folder / f"{base}.safetensors")
        spec = Specification(network.input_size, [networks[base]["formula"]])
        for array in ("weight", "bias"):
            rng = np.random.default_rng([number, len(array)])
            entry = _damage(network, spec, array, rng)
            name = f"damaged-{array}-{base.partition('-')[2]}"
            entries[name] = {"base": base, **entry}
    return entries


def _damage(
    network: Network, spec: Specification, array: str, rng: np.random.Generator
) -> dict[str, Any]:
    while True:
        layer = int(rng.integers(len(network.layers)))
        numbers = getattr(network.layers[layer], array)
        place = [int(rng.integers(size)) for size in numbers.shape]
        if abs(numbers[tuple(place)]) < 0.05:
            continue  # the neuron may be unused

        at = partial(_moved, network, layer, array, place)
        step = 1 / 16
        while step < 64 and _holds(at(step), spec):
            step *= 2
        if step >= 64:
            continue
        low, high = step / 2, step
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if _holds(at(middle), spec):
                low = middle
            else:
                high = middle
        found = at(high)
        verdict = check(found, spec, engine="tree", count=True, timeout=60)
        return {
            "layer": layer,
            "array": array,
            "place": place,
            "value": float(getattr(found.layers[layer], array)[tuple(place)]),
            "violations": verdict.violations,
        }


def _moved(network: Network, layer: int, array: str, place: list[int], step: float) -> Network:
    before = np.float32(getattr(network.layers[layer], array)[tuple(place)])
    return changed(network, layer, array, place, float(before * np.float32(1 + step)))


def _holds(network: Network, spec: Specification) -> bool:
    return check(network, spec, engine="tree", timeout=60).holds
