"""The problem of a pair: a network with either setting of a few inputs, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..domain import Domain
from ..network import Layer, Network
from ..problem import Problem
from ..product import never, side_by_side
from ..readout import Levels, Readout, Threshold
from ..specification import Specification
from ..twins import without_idle, without_twins
from .exchange import Exchange

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
    layers = side_by_side(before, after, asked)
    width = layers[-1].width
    bits = width // (2 * len(specification.outputs))
    # bits of an output are ordered, 11 true, 01 neither, 00 false: their number tells what fell
    weight = np.zeros((len(chosen), width), dtype=np.int64)
    for row, j in enumerate(chosen):
        weight[row, j * bits : (j + 1) * bits] = 1
        weight[row, width // 2 + j * bits :][:bits] = -1
    names = [FALLS.format(specification.outputs[j]) for j in chosen]
    if exchange.kind == "flip":
        weight = np.concatenate([weight, -weight])
        names += [RISES.format(specification.outputs[j]) for j in chosen]
    layers.append(Layer(weight, np.zeros(len(weight), dtype=np.int64), "identity"))
    # dead inputs make both sides the same, and leave nothing to compare
    product = Network(tuple(without_idle(without_twins(layers))))
    return Problem(product, never(rest.names, names, asked.domain))


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
