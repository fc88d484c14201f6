"""The problem of a pair: a network with either setting of a few inputs, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from .domain import Domain
from .exchange import Exchange
from .network import Layer, Network
from .problem import Problem
from .product import difference
from .readout import Levels, Readout, Threshold
from .specification import Specification

#: Names of what can happen to an output between the two sides of a pair.
FALLS, RISES = "{} falls", "{} rises"


def pair_problem(
    network: Network,
    specification: Specification,
    exchange: Exchange,
    rest: Domain,
    chosen: list[int],
) -> Problem:
    """Which pairs read differently on their two sides?

    Args:
        network, specification: what is read, and how; formulas are not used.
        exchange: the two sides.
        rest: domain of the other inputs, see :func:`.exchange.remaining`.
        chosen: positions of the outputs that are asked about.

    Returns:
        A problem over the other inputs with an output ``y falls`` for each chosen output y (it
        reads true before and not after, or neither before and false after) and, where the kind
        is ``flip``, an output ``y rises``; its violations are the pairs that do.
    """
    # values such as 1/3 are scaled to integers, so that what is folded stays dyadic
    scale = math.lcm(*(value.denominator for value in specification.domain.values))
    false, true = (value * scale for value in specification.domain.values)
    readout = specification.readout
    if all(layer.activation != "step" for layer in network.layers):
        readout = _scaled(readout, scale)
    asked = Specification(
        rest.names,
        dict.fromkeys(specification.outputs, "false"),
        domain=replace(rest, values=(false, true)),
        readout=readout,
    )
    before = _folded(network, specification.domain, exchange.before, scale)
    after = _folded(network, specification.domain, exchange.after, scale)
    *layers, last = difference(before, after, asked).network.layers
    bits = last.fan_in // (2 * len(specification.outputs))
    # bits of an output are ordered, 11 true, 01 neither, 00 false: their number tells what fell
    weight = np.zeros((len(chosen), last.fan_in), dtype=np.int64)
    for row, j in enumerate(chosen):
        weight[row, j * bits : (j + 1) * bits] = 1
        weight[row, last.fan_in // 2 + j * bits :][:bits] = -1
    names = [FALLS.format(specification.outputs[j]) for j in chosen]
    if exchange.kind == "flip":
        weight = np.concatenate([weight, -weight])
        names += [RISES.format(specification.outputs[j]) for j in chosen]
    layers.append(Layer(weight, np.zeros(len(weight), dtype=np.int64), "identity"))
    product = Network(tuple(_without_idle(_with_shared(layers))))
    # the outputs are integers: any threshold from 0 to 1 will do, and between them no float is near
    nothing = Specification(
        rest.names,
        dict.fromkeys(names, "false"),
        domain=asked.domain,
        readout=Threshold(Fraction(1, 2)),
    )
    return Problem(product, nothing)


def _scaled(readout: Readout, scale: int) -> Readout:
    if isinstance(readout, Threshold):
        return Threshold(readout.threshold * scale)
    if isinstance(readout, Levels):
        return Levels(readout.true_at_least * scale, readout.false_at_most * scale)
    return readout


def _folded(network: Network, domain: Domain, side: Mapping[str, bool], scale: int) -> Network:
    """The network on the other inputs, which feed ``scale`` times as much, outputs as much larger.

    ``side`` fixes the inputs that it names; with no input left there is one without a weight.
    """
    first, *later = network.dense.layers
    fed = {domain.index[name]: domain.values[bit] * scale for name, bit in side.items()}
    kept = [i for i in range(first.fan_in) if i not in fed]
    weight = first.weight[:, kept] if kept else np.zeros((first.width, 1), dtype=np.int64)
    bias = first.exact_bias.fractions() * scale
    exact = first.exact_weight.fractions()
    for i, value in fed.items():
        bias = bias + exact[:, i] * value
    layers = [Layer(weight, bias, first.activation)]
    for layer in later:
        if layers[-1].activation == "step":
            scale = 1
        offset = layer.bias if scale == 1 else layer.exact_bias.fractions() * scale
        layers.append(Layer(layer.weight, offset, layer.activation))
    return Network(tuple(layers))


def _with_shared(layers: Sequence[Layer]) -> list[Layer]:
    """Neurons that are the same on both sides, once: dead inputs leave nothing to compare."""
    result = list(layers)
    for depth in range(len(result) - 1):
        layer, following = result[depth], result[depth + 1]
        weight, bias = layer.weight, layer.bias
        half = len(bias) // 2
        same = (weight[:half] == weight[half:]).all(axis=1) & (bias[:half] == bias[half:])
        same = np.asarray(same, dtype=bool)
        twins = half + np.flatnonzero(same)
        kept = np.setdiff1d(np.arange(2 * half), twins)
        result[depth] = Layer(weight[kept], bias[kept], layer.activation)
        columns = following.weight.copy()
        # each row reads one side only: one of the two summands is zero, the sum exact
        columns[:, np.flatnonzero(same)] += columns[:, twins]
        result[depth + 1] = Layer(columns[:, kept], following.bias, following.activation)
    return result


def _without_idle(layers: Sequence[Layer]) -> list[Layer]:
    """The layers without neurons that no later neuron reads."""
    result = [layers[-1]]
    for layer in reversed(layers[:-1]):
        read = np.asarray(result[0].weight != 0, dtype=bool).any(axis=0)
        after = result[0]
        result[0] = Layer(after.weight[:, read], after.bias, after.activation)
        result.insert(0, Layer(layer.weight[read], layer.bias[read], layer.activation))
    return result
