"""Marabou, one query a clause side, inputs kept at 0 or 1 by disjunctions. Inexact: floating point.

An input that it finds is rounded and replayed exactly; if it is right after all, the answer is
"unknown", as the query cannot tell it from a wrong one.
"""

from __future__ import annotations

import warnings

import numpy as np

from superproof.verify.engines.branching.cubes import Cube

from . import Decide
from .answer import Answer, Limit, Problem, breaks, clauses_of
from .float_rows import FloatLayer, float_layers

with warnings.catch_warnings():
    # it announces parsers of packages that are not installed
    warnings.simplefilter("ignore")
    from maraboupy import Marabou, MarabouCore

#: An output counts as above the threshold from here on.
ABOVE = 1e-4
#: Smaller weights are left out: with weights below about 10^-6, as training with an l1 penalty
#: leaves them, maraboupy 2.0.0 answers "unsat" even when nothing is asked of the output.
TINY = 1e-5


def engine(name: str) -> Decide:
    """The deciding function."""
    return decide


def decide(problem: Problem, limit: Limit) -> Answer:
    """The side without a true clause, then every clause with those before it false."""
    clauses = clauses_of(problem)
    layers = float_layers(problem)
    sides: list[tuple[Cube, list[Cube], bool]] = [({}, clauses, False)]
    sides += [(cube, clauses[:q], True) for q, cube in enumerate(clauses)]
    for number, (cube, forbidden, expected) in enumerate(sides):
        if limit.over:
            return Answer("unknown", f"{number} of {len(sides)} sides")
        query = _query(layers, cube, forbidden, expected)
        options = Marabou.createOptions(
            verbosity=0, timeoutInSeconds=max(int(limit.left), 1), numWorkers=1
        )
        status, values, _ = MarabouCore.solve(query, options, "")
        if status == "sat":
            bits = [values[i] > 0.5 for i in range(problem.network.input_size)]
            if breaks(problem, np.array(bits, dtype=np.uint8)):
                return Answer("violated", f"side {number} of {len(sides)}")
            return Answer("unknown", f"side {number} of {len(sides)}: a spurious input")
        if status != "unsat":
            return Answer("unknown", f"{number} of {len(sides)} sides, {status.lower()}")
    return Answer("holds", f"{len(sides)} sides")


def _query(
    layers: list[FloatLayer], cube: Cube, forbidden: list[Cube], expected: bool
) -> MarabouCore.InputQuery:
    query = MarabouCore.InputQuery()
    inputs = layers[0].weight.shape[1]
    sizes = [len(layer.bias) for layer in layers]
    query.setNumberOfVariables(inputs + 2 * sum(sizes[:-1]) + sizes[-1])
    for i in range(inputs):
        query.setLowerBound(i, float(cube.get(i, 0)))
        query.setUpperBound(i, float(cube.get(i, 1)))
        query.markInputVariable(i, i)
        if i not in cube:
            _either(query, [(i, 0), (i, 1)])
    for other in forbidden:
        _either(query, [(v, 1 - value) for v, value in other.items()])
    below, free = list(range(inputs)), inputs
    for layer in layers:
        rows = list(range(free, free + len(layer.bias)))
        free += len(rows)
        for j, z in enumerate(rows):
            _equal(query, z, below, layer.weight[j], float(layer.bias[j]))
            # a little room for the weights that are left out
            query.setLowerBound(z, float(layer.low[j]) - ABOVE)
            query.setUpperBound(z, float(layer.high[j]) + ABOVE)
        if layer is layers[-1]:
            break
        below = list(range(free, free + len(rows)))
        free += len(rows)
        for j, (z, y) in enumerate(zip(rows, below, strict=True)):
            query.setLowerBound(y, 0.0)
            query.setUpperBound(y, max(float(layer.high[j]) + ABOVE, 0.0))
            MarabouCore.addReluConstraint(query, z, y)
    output = rows[0]
    query.markOutputVariable(output, 0)
    if expected:
        query.setUpperBound(output, min(float(layers[-1].high[0]), 0.0))
    else:
        query.setLowerBound(output, max(float(layers[-1].low[0]), ABOVE))
    return query


def _equal(
    query: MarabouCore.InputQuery, z: int, below: list[int], weights: np.ndarray, bias: float
) -> None:
    equation = MarabouCore.Equation(MarabouCore.Equation.EQ)
    for variable, weight in zip(below, weights, strict=True):
        if abs(weight) >= TINY:
            equation.addAddend(float(weight), variable)
    equation.addAddend(-1.0, z)
    equation.setScalar(-bias)
    query.addEquation(equation)


def _either(query: MarabouCore.InputQuery, choices: list[tuple[int, int]]) -> None:
    """One of the inputs has its value (0 or 1)."""
    disjuncts = []
    for variable, value in choices:
        kind = MarabouCore.Equation.GE if value else MarabouCore.Equation.LE
        equation = MarabouCore.Equation(kind)
        equation.addAddend(1.0, variable)
        equation.setScalar(float(value))
        disjuncts.append([equation])
    MarabouCore.addDisjunctionConstraint(query, disjuncts)
