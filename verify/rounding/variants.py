"""Problems whose answers say what rounding can do to another problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..formula import FALSE
from ..network import Layer, Network
from ..problem import Problem
from ..readout import Levels, Threshold
from ..specification import Specification
from .level_scan import levels_of


def read_before_activation(problem: Problem) -> Problem:
    """The same readings without a last relu or step, where the levels allow that.

    With a level t >= 0, relu(z) > t says z > t; with levels well between 0 and 1, step(z)
    reads true where z > 0. Values before the activation have a distance from their level.
    """
    *inner, last = problem.network.layers
    readout = problem.specification.readout
    levels = levels_of(readout)
    if not levels or last.activation == "identity":
        return problem
    highest, lowest = levels[0], levels[-1]
    if last.activation == "relu":
        # a level that may be flushed to zero would be reached by every relu
        if lowest < 0 or (isinstance(readout, Levels) and highest < Fraction(1, 1024)):
            return problem
    else:
        if not (0 <= lowest <= Fraction(3, 4) and highest <= 1):
            return problem
        if highest < Fraction(1, 4) if isinstance(readout, Levels) else highest > Fraction(3, 4):
            return problem
        readout = Threshold()
    layers = (*inner, Layer(last.weight, last.bias))
    network = replace(problem.network, layers=layers)
    return Problem(network, problem.specification.read_by(readout))


def restricted(problem: Problem, outputs: Sequence[int]) -> Problem:
    """The problem of some of its outputs."""
    spec = problem.specification
    if len(outputs) == len(spec.outputs):
        return problem
    *inner, last = problem.network.layers
    rows = list(outputs)
    layer = Layer(last.weight[rows], last.bias[rows], last.activation)
    formulas = {spec.outputs[j]: spec.formulas[j] for j in rows}
    return Problem(
        Network((*inner, layer)),
        Specification(spec.inputs, formulas, domain=spec.domain, readout=spec.readout),
    )


def prefix(problem: Problem, layer: int, neurons: np.ndarray) -> Problem:
    """The pre-activations of some neurons of a layer as outputs that nothing is asked of."""
    layers, step = problem.network.layers[:layer], problem.network.layers[layer]
    outputs = {f"z{j}": FALSE for j in neurons}
    spec = problem.specification
    return Problem(
        Network((*layers, Layer(step.weight[neurons], step.bias[neurons]))),
        Specification(spec.inputs, outputs, domain=spec.domain),
    )


def shifted(problem: Problem, shift: Fraction) -> Problem:
    """The same question with the levels moved apart by ``shift`` on either side."""
    spec = problem.specification
    levels = levels_of(spec.readout)
    readout = Levels(levels[0] + shift, levels[-1] - shift)
    return Problem(problem.network, spec.read_by(readout))
