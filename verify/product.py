"""Two networks side by side, and the question where they read different bits.

Each network is followed by layers of step neurons that read its output bits, so that what a
network *says* is 0 or 1; the outputs of the product are differences of such bits. A difference is
then an ordinary violation of an ordinary problem, which every engine decides and counts.
Derived here; the trick of the product network is common in equivalence checking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from .domain import Domain
from .dyadic import Dyadic
from .errors import InputError
from .network import Layer, Network
from .problem import Problem
from .readout import Argmax, Levels, Readout, Threshold
from .specification import Specification
from .twins import without_idle, without_twins

#: Names of the two one-sided differences of an output.
ONLY_A, ONLY_B = "{} by A only", "{} by B only"
BITS = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Reader:
    """Layers that turn the outputs of a network into the bits that the read-out sees.

    Attributes:
        layers: (integer weight, integer bias) of step layers; the first reads the outputs.
        bits: bits an output: 1, or 2 where an output may read as neither true nor false. Output
            j has the bits j * bits .. j * bits + bits - 1 and reads true when the first is 1.
    """

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    bits: int


def reader(readout: Readout, outputs: int) -> Reader:
    """The reading layers of a read-out.

    A threshold t is [f > t]. Levels are the pair [f >= h] = [not f < h] and [f > l]; the pair
    is 11 for true, 00 for false, 01 for neither. Argmax compares all pairs of outputs and reads
    the pair [strictly above all others], [above or equal to all others].
    """
    if isinstance(readout, Threshold):
        one = np.eye(outputs, dtype=np.int64).astype(object)
        return Reader((_scaled(one, [-readout.threshold] * outputs),), 1)
    if isinstance(readout, Levels):
        weight = np.zeros((2 * outputs, outputs), dtype=object)
        offsets: list[Fraction] = []
        for j in range(outputs):
            weight[2 * j, j], weight[2 * j + 1, j] = -1, 1  # [f < h] and [f > l]
            offsets += [readout.true_at_least, -readout.false_at_most]
        turn = np.zeros((2 * outputs, 2 * outputs), dtype=object)
        bias = np.zeros(2 * outputs, dtype=object)
        for j in range(outputs):
            # not [f < h] is the step of 1 - [f < h]
            turn[2 * j, 2 * j], bias[2 * j], turn[2 * j + 1, 2 * j + 1] = -1, 1, 1
        return Reader((_scaled(weight, offsets), (turn, bias)), 2)
    if isinstance(readout, Argmax):
        pairs = [(i, j) for i in range(outputs) for j in range(outputs) if i != j]
        weight = np.zeros((len(pairs), outputs), dtype=object)
        count = np.zeros((2 * outputs, len(pairs)), dtype=object)
        bias = np.zeros(2 * outputs, dtype=object)
        for row, (i, j) in enumerate(pairs):
            weight[row, i], weight[row, j] = 1, -1
            count[2 * i, row] = 1  # i beats j
            count[2 * j + 1, row] = -1  # j is beaten
        for j in range(outputs):
            bias[2 * j], bias[2 * j + 1] = 2 - outputs, 1
        return Reader(((weight, np.zeros(len(pairs), dtype=object)), (count, bias)), 2)
    raise TypeError(f"unknown read-out {type(readout).__name__}")


def _scaled(weight: np.ndarray, offsets: Sequence[Fraction]) -> tuple[np.ndarray, np.ndarray]:
    """Rows times their denominators: the sign of a step neuron's argument stays."""
    scale = np.array([offset.denominator for offset in offsets], dtype=object)
    bias = np.array([offset.numerator for offset in offsets], dtype=object)
    return weight * scale[:, None], bias


def difference(a: Network, b: Network, specification: Specification) -> Problem:
    """Which inputs of the domain do two networks read differently on?

    Args:
        a, b: networks with the inputs and outputs of the specification; any widths and depths.
        specification: its domain and read-out are used, and its formulas as names only.

    Returns:
        A problem with two outputs for each output y, ``y by A only`` and ``y by B only`` (it reads
        true by A and not by B, or the other way round) and, where an output may read as neither,
        one more pair; its violations are the inputs on which A and B differ.

    Neurons that both networks have are computed once.

    Raises InputError for sizes that do not fit.
    """
    layers = side_by_side(a, b, specification)
    bits = layers[-1].width // 2
    last = np.empty((2 * bits, 2 * bits), dtype=np.int64)
    last[0::2] = np.concatenate([np.eye(bits), -np.eye(bits)], axis=1)
    last[1::2] = -last[0::2]
    layers.append(Layer(last, np.zeros(2 * bits, dtype=np.int64), "identity"))
    names = [
        pattern.format(name if bit == 0 else f"{name} (or neither)")
        for name in specification.outputs
        for bit in range(bits // len(specification.outputs))
        for pattern in (ONLY_A, ONLY_B)
    ]
    network = Network(tuple(without_idle(without_twins(layers))))
    return Problem(network, never(specification.inputs, names, specification.domain))


def never(inputs: Sequence[str], names: Sequence[str], domain: Domain) -> Specification:
    """Outputs of whole numbers, none of which may be above 0 on the domain."""
    # any threshold from 0 to 1 will do, and between them no float is near
    none = dict.fromkeys(names, "false")
    return Specification(inputs, none, domain=domain, readout=Threshold(Fraction(1, 2)))


def side_by_side(a: Network, b: Network, specification: Specification) -> list[Layer]:
    """One chain of layers that reads all bits of A (see :class:`Reader`), and then all of B.

    Raises InputError for sizes that do not fit.
    """
    for name, network in (("A", a), ("B", b)):
        for what, has, wants in (
            ("inputs", network.input_size, len(specification.inputs)),
            ("outputs", network.output_size, len(specification.outputs)),
        ):
            if has != wants:
                raise InputError(f"network {name} has {has} {what}, the specification {wants}")
    domain = specification.domain
    reading = reader(specification.readout, len(specification.outputs))
    links = _aligned(_chain(a, reading), _chain(b, reading), domain.values)
    return [Layer(*link) for link in links]


def outputs_of(network: Network, rows: Sequence[int]) -> Network:
    """The network with some of its outputs only."""
    *rest, last = network.layers
    chosen = list(rows)
    return Network((*rest, Layer(last.weight[chosen], last.bias[chosen], last.activation)))


def read_bits(network: Network, readout: Readout) -> Network:
    """The network followed by its reading layers: its outputs are the bits of :class:`Reader`."""
    links = _chain(network, reader(readout, network.output_size))
    return Network(tuple(Layer(*link) for link in links))


class _Link(NamedTuple):
    """One layer of a chain: weight (out, in), bias (out,), activation."""

    weight: np.ndarray
    bias: np.ndarray
    kind: str


def _chain(network: Network, reading: Reader) -> list[_Link]:
    """The network's layers, then those that read it."""
    network = network.dense
    links = [_Link(layer.weight, layer.bias, layer.activation) for layer in network.layers]
    *rest, last = links
    first, *others = [_Link(weight, bias, "step") for weight, bias in reading.layers]
    if last.kind == "identity":
        links = [*rest, _composed(network.layers[-1], first)]
    else:
        links.append(first)
    return links + others


def _composed(layer: Layer, then: _Link) -> _Link:
    """Two layers without an activation between them as one, in integers, row by row scaled."""
    weight, bias = layer.exact_weight, layer.exact_bias
    unit = min(weight.exponent, bias.exponent, 0)
    w = weight.integers(unit).astype(object)
    c = bias.integers(unit).astype(object)
    scale = 1 << -unit
    return _Link(then.weight.dot(w), then.weight.dot(c) + then.bias * scale, then.kind)


def _aligned(a: list[_Link], b: list[_Link], values: tuple[Fraction, Fraction]) -> list[_Link]:
    """One chain of both: the later one starts where the activations of the overlap agree."""
    options = []
    for early, late, swapped in ((a, b, False), (b, a, True)):
        for start in range(len(early) + 1):
            overlap = zip(early[start:], late, strict=False)
            if all(x.kind == y.kind for x, y in overlap):
                options.append((max(len(early), start + len(late)), start, swapped))
    length, start, swapped = min(options)
    early, late = (b, a) if swapped else (a, b)
    kinds = [link.kind for link in early[:start]] + [link.kind for link in late]
    kinds += [link.kind for link in early[len(kinds) :]]
    early = early + _carried(len(early[-1].bias), kinds[len(early) : length])
    late = _carried(early[0].weight.shape[1], kinds[:start], values) + late
    late = late + _carried(len(late[-1].bias), kinds[len(late) : length])
    first, second = (late, early) if swapped else (early, late)
    return [
        _Link(
            _stacked(x.weight, y.weight, apart=index > 0),
            np.concatenate([_exact(x.bias, y.bias), _exact(y.bias, x.bias)]),
            x.kind,
        )
        for index, (x, y) in enumerate(zip(first, second, strict=True))
    ]


def _carried(
    width: int,
    kinds: Sequence[str],
    values: tuple[Fraction, Fraction] = BITS,
) -> list[_Link]:
    """Layers that hand on ``width`` numbers of two values. Raises InputError where none can."""
    for kind in kinds:
        if (kind == "step" and values != BITS) or (kind == "relu" and min(values) < 0):
            raise InputError(
                "networks with different activations can only be compared on inputs 0 and 1, "
                f"not {values[0]} and {values[1]}"
            )
    same = np.eye(width, dtype=np.int64)
    return [_Link(same, np.zeros(width, dtype=np.int64), kind) for kind in kinds]


def _stacked(x: np.ndarray, y: np.ndarray, apart: bool) -> np.ndarray:
    """Both weights over the same inputs, or each over its own neurons."""
    x, y = _exact(x, y), _exact(y, x)
    if not apart:
        return np.concatenate([x, y])
    result = np.zeros((len(x) + len(y), x.shape[1] + y.shape[1]), dtype=x.dtype)
    result[: len(x), : x.shape[1]] = x
    result[len(x) :, x.shape[1] :] = y
    return result


def _exact(array: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The array in a type that holds its values and the other's without rounding."""
    if array.dtype == other.dtype:
        return array
    if all(t.kind == "f" and t.itemsize <= 8 for t in (array.dtype, other.dtype)):
        return array.astype(np.float64)
    return Dyadic.from_array(array).fractions()
