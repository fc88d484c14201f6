"""cvc5 in linear integer arithmetic, on integer rows of few bits with a proven margin."""

from __future__ import annotations

import math
from functools import reduce

import cvc5
import numpy as np
from cvc5 import Kind

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
    query = _Query(network, clauses, math.ceil(1000 * limit.left))
    for point in excluded:
        query.exclude(point)
    result = query.solver.checkSat()
    if result.isUnsat():
        return None
    if result.isSat():
        return query.point()
    raise UnfinishedError


class _Query:
    """A solver whose models are the possibly wrong inputs."""

    def __init__(self, network: LinearNetwork, clauses: list[Cube], milliseconds: int) -> None:
        self.terms = terms = cvc5.TermManager()
        self.solver = cvc5.Solver(terms)
        self.solver.setLogic("QF_LIA")
        self.solver.setOption("produce-models", "true")
        self.solver.setOption("tlimit-per", str(milliseconds))
        boolean, integer = terms.getBooleanSort(), terms.getIntegerSort()
        self.bits = [terms.mkConst(boolean, f"x{i}") for i in range(network.inputs)]
        zero = terms.mkInteger(0)
        values: dict[int, cvc5.Term] = {}

        def total(row: Row) -> cvc5.Term:
            parts = [terms.mkInteger(row.constant), zero]
            for unknown, c in row.coefficients.items():
                factor = terms.mkInteger(c)
                if unknown < network.inputs:
                    parts.append(terms.mkTerm(Kind.ITE, self.bits[unknown], factor, zero))
                else:
                    parts.append(terms.mkTerm(Kind.MULT, factor, values[unknown]))
            return terms.mkTerm(Kind.ADD, *parts)

        def require(kind: Kind, left: cvc5.Term, right: cvc5.Term) -> None:
            self.solver.assertFormula(terms.mkTerm(kind, left, right))

        for neuron in network.neurons:
            z, y = total(neuron.row), terms.mkConst(integer, f"y{neuron.unknown}")
            whole = terms.mkTerm(Kind.MULT, terms.mkInteger(neuron.divisor), y)
            slack = terms.mkTerm(Kind.ADD, whole, terms.mkInteger(neuron.divisor - 1))
            require(Kind.GEQ, y, zero)
            require(Kind.GEQ, slack, z)
            require(Kind.LEQ, y, terms.mkInteger(neuron.greatest))
            off, on = terms.mkTerm(Kind.LEQ, y, zero), terms.mkTerm(Kind.LEQ, whole, z)
            require(Kind.OR, off, on)
            values[neuron.unknown] = y
        formula = self._or(
            [reduce(self._and, [self.literal(*part) for part in cube.items()]) for cube in clauses]
        )
        output = total(network.output)
        low = terms.mkTerm(Kind.LEQ, output, terms.mkInteger(network.at_most))
        high = terms.mkTerm(Kind.GEQ, output, terms.mkInteger(network.at_least))
        self.solver.assertFormula(terms.mkTerm(Kind.ITE, formula, low, high))

    def _and(self, left: cvc5.Term, right: cvc5.Term) -> cvc5.Term:
        return self.terms.mkTerm(Kind.AND, left, right)

    def _or(self, parts: list[cvc5.Term]) -> cvc5.Term:
        return parts[0] if len(parts) == 1 else self.terms.mkTerm(Kind.OR, *parts)

    def literal(self, variable: int, value: int) -> cvc5.Term:
        """The input has the value."""
        bit = self.bits[variable]
        return bit if value else self.terms.mkTerm(Kind.NOT, bit)

    def point(self) -> np.ndarray:
        """The input of the model."""
        values = [self.solver.getValue(bit).getBooleanValue() for bit in self.bits]
        return np.array(values, dtype=np.uint8)

    def exclude(self, point: np.ndarray) -> None:
        """Some input must differ."""
        literals = [self.literal(i, 1 - int(one)) for i, one in enumerate(point)]
        self.solver.assertFormula(self._or(literals))
