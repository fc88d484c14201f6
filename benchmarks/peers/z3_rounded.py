"""Z3 on integer rows of few bits with a proven margin (peers/linear.py), one query in all.

On trained float32 networks this is several times faster than exact 60-bit coefficients; splitting
by clauses did not help it (measured, docs/engines.md).
"""

from __future__ import annotations

import math

import numpy as np
import z3

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
    query = _Query(network, clauses)
    for point in excluded:
        query.exclude(point)
    query.solver.set("timeout", math.ceil(1000 * limit.left))
    result = query.solver.check()
    if result == z3.unsat:
        return None
    if result == z3.sat:
        return query.point()
    raise UnfinishedError


class _Query:
    """A solver whose models are the possibly wrong inputs."""

    def __init__(self, network: LinearNetwork, clauses: list[Cube]) -> None:
        self.context = z3.Context()
        self.solver = z3.Solver(ctx=self.context)
        # as in the package's own integer encoding
        self.solver.set("relevancy", 0)
        self.solver.set("arith.solver", 2)
        self.bits = [z3.Bool(f"x{i}", self.context) for i in range(network.inputs)]
        zero = z3.IntVal(0, self.context)
        values: dict[int, z3.ArithRef] = {}

        def total(row: Row) -> z3.ArithRef:
            terms = [z3.IntVal(row.constant, self.context)]
            for unknown, c in row.coefficients.items():
                factor = z3.IntVal(c, self.context)
                if unknown < network.inputs:
                    terms.append(z3.If(self.bits[unknown], factor, zero))
                else:
                    terms.append(factor * values[unknown])
            return z3.Sum(terms)

        for neuron in network.neurons:
            z, y = total(neuron.row), z3.Int(f"y{neuron.unknown}", self.context)
            whole = neuron.divisor * y
            self.solver.add(y >= zero, y <= neuron.greatest, whole >= z - (neuron.divisor - 1))
            self.solver.add(z3.Or(y <= zero, whole <= z))
            values[neuron.unknown] = y
        formula = z3.Or([z3.And([self.literal(*part) for part in c.items()]) for c in clauses])
        output = total(network.output)
        self.solver.add(z3.If(formula, output <= network.at_most, output >= network.at_least))

    def literal(self, variable: int, value: int) -> z3.BoolRef:
        """The input has the value."""
        return self.bits[variable] if value else z3.Not(self.bits[variable])

    def point(self) -> np.ndarray:
        """The input of the model."""
        model = self.solver.model()
        return np.array([z3.is_true(model[bit]) for bit in self.bits], dtype=np.uint8)

    def exclude(self, point: np.ndarray) -> None:
        """Some input must differ."""
        self.solver.add(z3.Or([self.literal(i, 1 - int(one)) for i, one in enumerate(point)]))
