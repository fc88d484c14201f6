"""Stacks of clean layers: circuits of many layers computed in superposition, exactly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..theory.counting import Cardinality, factorial, neurons_square
from ..verify.engines.superposition.exact_product import exact_product
from ..verify.errors import InputError, ProofError
from ..verify.network import Network
from ..verify.specification import Specification
from .circuit import Circuit, all_states
from .clean_layer import BITS, DENSITY, CleanLayer, clean_layer
from .construction import Construction, Matrix
from .linear_separation import MOST_VALUES
from .state_code import covered, state_code

#: What the layers are proved on: states that inputs lead to, or all sets of so few features.
SCOPES = ("reached", "all")


def superposed_circuit(
    circuit: Circuit,
    neurons: int,
    active: int = 3,
    seed: int = 0,
    *,
    weights: Sequence[int] | None = None,
    scope: str = "reached",
    activation: str = "relu",
    density: float = DENSITY,
    bits: int = BITS,
    draws: int = 1,
    seconds: float | None = None,
    progress: Callable[[int, float], None] = lambda step, gap: None,
) -> Construction:
    """A network of clean layers that computes a circuit on all inputs with few ones.

    Every state between layers is exactly 0/1 and has ``neurons`` bits. With scope ``all`` each
    layer is proved on every set of at most ``active`` of its features, so it may follow or precede
    any other such layer; with ``reached`` on the states that the inputs lead to.

    Args:
        circuit: the gates.
        neurons: n, bits of a state; a layer has n hidden neurons, and 2n (with ``step``: n) that
            make the state.
        active: v, the largest number of active inputs.
        seed: of all codes and drawn matrices.
        weights: ones of the codewords, for the inputs and each layer; None for a choice that
            does well: ``active`` (2 at two active inputs), and 4 (at two: 2) at the end.
        scope: one of :data:`SCOPES`.
        activation: ``relu`` or ``step``: what the neurons that make a state are.
        density, bits: see :func:`.clean_layer.clean_layer`.
        draws: seeds tried, from ``seed`` upwards.
        seconds: training of a layer ends after about so long.
        progress: called with (step, worst gap) while training.

    Raises:
        InputError: numbers that do not fit.
        ProofError: no draw gave an exact network; it says what failed in the last one.
    """
    ones = _weights(circuit, active, weights)
    if scope not in SCOPES:
        raise InputError(f"unknown scope '{scope}'; use one of {', '.join(SCOPES)}")
    if activation not in ("relu", "step"):
        raise InputError(f"unknown activation '{activation}'; use relu or step")
    if not 1 <= active <= circuit.inputs:
        raise InputError(f"active must lie between 1 and the {circuit.inputs} inputs, not {active}")
    if neurons < 2 or draws < 1 or seed < 0:
        raise InputError(
            f"neurons must be 2 or more, draws 1 or more and the seed 0 or more, not {neurons}, "
            f"{draws} and {seed}"
        )
    specification = Specification(circuit.inputs, circuit.formulas, domain={"at_most": active})
    problem: ProofError | None = None
    for draw in range(seed, seed + draws):
        try:
            layers = _layers(circuit, neurons, active, draw, ones, scope, density, bits, seconds,
                             progress)  # fmt: skip
        except ProofError as error:
            problem = error
            continue
        facts = {"density": density, "draw": draw, "scope": scope, "activation": activation}
        return _construction(circuit, layers, specification, active, seed, bits, facts)
    assert problem is not None
    raise ProofError(f"{problem} (the last of {draws} draws)")


def stacked_network(layers: Sequence[CleanLayer], activation: str = "relu") -> Network:
    """The layers as one network, from the inputs to one value a gate of the last layer.

    With ``relu`` a state is stored as pairs s = ReLU(u + 1), t = ReLU(u) with z = s - t, and the
    next matrix is applied to the difference; with ``step`` as z = step(u + 1). Outputs read true
    above 0: all ones of the codeword are there.
    """
    pair = activation == "relu"
    matrices: list[np.ndarray] = []
    biases: list[np.ndarray] = []

    def threshold(matrix: np.ndarray, bias: np.ndarray) -> None:
        matrices.append(np.concatenate([matrix, matrix]) if pair else matrix)
        biases.append(np.concatenate([bias + 1, bias]) if pair else bias + 1)

    def read(matrix: np.ndarray) -> np.ndarray:
        return np.concatenate([matrix, -matrix], axis=1) if pair else matrix

    neurons = layers[0].neurons
    # an input layer: u counts the active codewords at a neuron, minus 1
    threshold(layers[0].code.astype(np.int64), np.full(neurons, -1))
    for layer in layers:
        matrices.append(read(layer.mixing.astype(np.int64)))
        biases.append(np.full(neurons, -1))
        threshold(layer.weights, layer.bias)
    last = layers[-1].next_code.T.astype(np.int64)
    matrices.append(read(last))
    biases.append(0.5 - last.sum(axis=1))
    largest = max(float(np.abs(array).max()) for array in (*matrices, *biases))
    kind = np.float32 if largest < 1 << 23 else np.float64
    return Network.from_arrays(
        [matrix.astype(kind) for matrix in matrices],
        [bias.astype(kind) for bias in biases],
        [activation, *("relu", activation) * len(layers), "identity"],
    )


def exact_margin(network: Network, inputs: np.ndarray, expected: np.ndarray) -> Fraction:
    """Least signed distance of any output to its side, over all the given inputs.

    Evaluates the stored weights in integers; the last biases may be half-integers.

    Args:
        network: integer weights, relu or step between layers, outputs true above 0.
        inputs: 0/1 (points, inputs).
        expected: Booleans (points, outputs).
    """
    values = inputs.astype(np.int64)
    for layer in network.layers:
        weights, biases = np.rint(layer.weight).astype(np.int64), 2 * layer.bias
        if not (np.array_equal(weights, layer.weight) and (biases == np.rint(biases)).all()):
            raise ProofError("the stored weights are no integers")
        values = 2 * exact_product(values, weights.T) + biases.astype(np.int64)
        if layer.activation == "step":
            values = (values > 0).astype(np.int64)
        elif layer.activation == "relu":
            if (values % 2).any():
                raise ProofError("a bias before the last layer is no integer")
            values = np.maximum(values // 2, 0)
    return Fraction(int(np.where(expected, values, -values).min()), 2)


def rearrangements(columns: np.ndarray) -> Cardinality:
    """Number of different networks that serve all orders of these outputs.

    Args:
        columns: Booleans (points, outputs), the outputs on the domain; equal ones count once.
    """
    packed = np.packbits(columns, axis=0).T
    number = factorial(packed.shape[0])
    for count in Counter(row.tobytes() for row in packed).values():
        number = number / factorial(count)
    return number


def _layers(
    circuit: Circuit,
    neurons: int,
    active: int,
    seed: int,
    ones: Sequence[int],
    scope: str,
    density: float,
    bits: int,
    seconds: float | None,
    progress: Callable[[int, float], None],
) -> list[CleanLayer]:
    points = _sets(circuit.inputs, active, neurons)
    code = state_code(neurons, circuit.inputs, ones[0], seed)
    layers: list[CleanLayer] = []
    for number in range(len(circuit.layers)):
        if scope == "all" and number:
            points = _sets(circuit.sizes[number], active, neurons)
        targets = circuit.values(number, points)
        try:
            layer = clean_layer(
                points, targets, code, ones[number + 1], seed, density=density, bits=bits,
                seconds=seconds, tick=progress,
            )  # fmt: skip
        except (ProofError, InputError) as error:
            raise type(error)(f"layer {number}: {error}") from None
        layers.append(layer)
        points, code = np.unique(targets, axis=0), layer.next_code
    unread = covered(code, points)
    if unread:
        raise ProofError(
            f"the last states hide {unread} of {len(points)} sets of outputs; give the last "
            "codewords more weight"
        )
    return layers


def _sets(features: int, active: int, neurons: int) -> np.ndarray:
    count = sum(math.comb(features, size) for size in range(active + 1))
    if count * max(neurons, features) > MOST_VALUES:
        raise InputError(
            f"{count:,} sets of at most {active} of {features} features are too many to train "
            f"on with {neurons} neurons"
        )
    return all_states(features, active)


def _weights(circuit: Circuit, active: int, weights: Sequence[int] | None) -> Sequence[int]:
    depth = len(circuit.layers)
    if weights is None:
        return [2 if active <= 2 else 3] * depth + [2 if active <= 2 else 4]
    if len(weights) != depth + 1 or min(weights) < 1:
        raise InputError(
            f"weights: give {depth + 1} numbers of ones, 1 or more, for the inputs and each of "
            f"{depth} layers, not {list(weights)}"
        )
    return weights


def _construction(
    circuit: Circuit,
    layers: list[CleanLayer],
    specification: Specification,
    active: int,
    seed: int,
    bits: int,
    facts: dict[str, Any],
) -> Construction:
    """The network, proved on its stored numbers from end to end."""
    network = stacked_network(layers, facts["activation"])
    inputs = np.concatenate(list(specification.domain.chunks()))
    trace = circuit.trace(inputs)
    margin = exact_margin(network, inputs, trace[-1])
    if margin <= 0:
        raise ProofError("the stored network does not compute its circuit")
    neurons, depth = layers[0].neurons, len(layers)
    least = rearrangements(trace[-1]).bits()
    matrices = _matrices(layers, circuit.sizes, bits)
    total = sum(matrix.bits for matrix in matrices)
    return Construction(
        kind="circuit",
        form="superposition, clean",
        network=network,
        specification=specification,
        active=active,
        seed=seed,
        weight_bits=bits,
        total_bits=total,
        lower_bound={
            "bits": least,
            "neurons": neurons_square(least, bits, depth),
            "networks": "codes and drawn matrices fixed before the function; serves every order "
            "of the outputs",
        },
        certified_how="enumeration of the domain, end to end, on the stored integers"
        + ("; every layer on all sets of so few features" if facts["scope"] == "all" else ""),
        parameters=facts
        | {
            "state_width": neurons,
            "features": list(circuit.sizes),
            "most_true": [int(values.sum(axis=1).max()) for values in trace],
            "ever_true": [int(values.any(axis=0).sum()) for values in trace],
            "weights": [int(layers[0].code[:, 0].sum())]
            + [int(layer.next_code[:, 0].sum()) for layer in layers],
            "states": [layer.states for layer in layers],
            "steps": [layer.steps for layer in layers],
            "c": neurons / math.sqrt(max(circuit.sizes[1:]) * math.log(max(*circuit.sizes[1:], 2))),
            "margin": str(margin),
            "function_in": "one square matrix and its bias a layer",
        },
        matrices=matrices,
    )


def _matrices(layers: Sequence[CleanLayer], sizes: Sequence[int], bits: int) -> tuple[Matrix, ...]:
    """What every array costs: codes and drawn matrices nothing, as they follow from the seed."""
    n = layers[0].neurons
    made = [Matrix("code C0", (n, sizes[0]), "seed", 1, 0)]
    for number, (layer, gates) in enumerate(zip(layers, sizes[1:], strict=True), 1):
        entry = max(int(np.abs(layer.bias).max()).bit_length(), 1) + 1
        made += [
            Matrix(f"matrix B{number}", (n, n), "seed", 1, 0),
            Matrix(f"matrix W{number}", (n, n), "function", bits, bits * n**2),
            Matrix(f"bias b{number}", (n,), "function", entry, entry * n),
            Matrix(f"code C{number}", (n, gates), "seed", 1, 0),
        ]
    return tuple(made)
