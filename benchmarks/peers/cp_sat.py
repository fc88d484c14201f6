"""OR-tools CP-SAT on integer rows of few bits with a proven margin (peers/linear.py)."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from superproof.verify.engines.branching.cubes import Cube

from . import Decide
from .answer import Answer, Limit, Problem
from .linear import LinearNetwork, Row
from .refinement import UnfinishedError, refine


def engine(name: str) -> Decide:
    """The deciding function."""
    return decide


def decide(problem: Problem, limit: Limit) -> Answer:
    """Search with few bits, then with more (peers/refinement.py)."""
    return refine(problem, limit, _search)


def _search(
    network: LinearNetwork, clauses: list[Cube], excluded: list[np.ndarray], limit: Limit
) -> np.ndarray | None:
    model, bits = build(network, clauses)
    for point in excluded:
        model.add_bool_or(
            [bit.negated() if one else bit for bit, one in zip(bits, point, strict=True)]
        )
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit.left
    solver.parameters.num_workers = limit.threads
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return np.array([solver.value(bit) for bit in bits], dtype=np.uint8)
    raise UnfinishedError(model.validate() if status == cp_model.MODEL_INVALID else "")


def build(
    network: LinearNetwork, clauses: list[Cube]
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """A model whose solutions are the possibly wrong inputs, and its input bits."""
    model = cp_model.CpModel()
    bits = [model.new_bool_var(f"x{i}") for i in range(network.inputs)]
    values: dict[int, cp_model.IntVar] = dict(enumerate(bits))

    def linear(row: Row) -> cp_model.LinearExpr:
        unknowns = [values[u] for u in row.coefficients]
        weights = list(row.coefficients.values())
        return cp_model.LinearExpr.weighted_sum(unknowns, weights) + row.constant

    for neuron in network.neurons:
        y = model.new_int_var(0, neuron.greatest, f"y{neuron.unknown}")
        z, divisor = linear(neuron.row), neuron.divisor
        # of a maximum, indicators of both phases, indicators and inequalities, and big-M, this
        # was the fastest on trained networks (measured)
        on = model.new_bool_var(f"on{neuron.unknown}")
        if divisor == 1:
            model.add(y == z).only_enforce_if(on)
        else:
            model.add(divisor * y <= z).only_enforce_if(on)
            model.add(divisor * y >= z - (divisor - 1)).only_enforce_if(on)
        model.add(y == 0).only_enforce_if(on.negated())
        model.add(z <= 0).only_enforce_if(on.negated())
        values[neuron.unknown] = y
    true = []
    for number, cube in enumerate(clauses):
        literals = [bits[v] if value else bits[v].negated() for v, value in cube.items()]
        clause = model.new_bool_var(f"clause{number}")
        model.add_bool_and(literals).only_enforce_if(clause)
        model.add_bool_or([literal.negated() for literal in literals] + [clause])
        true.append(clause)
    formula = model.new_bool_var("formula")
    model.add_bool_or(true).only_enforce_if(formula)
    for clause in true:
        model.add_implication(clause, formula)
    output = linear(network.output)
    model.add(output <= network.at_most).only_enforce_if(formula)
    model.add(output >= network.at_least).only_enforce_if(formula.negated())
    return model, bits
