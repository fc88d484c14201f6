"""Z3 with the tree engine's own split of the problem: one query a side, the first sat ends it.

A side fixes the literals of one clause and forbids the clauses before it, or forbids all
(verify/engines/branching/sides.py). The encoding is the one that the package's Z3 engine chooses.
"""

from __future__ import annotations

import math

import numpy as np
import z3

from superproof.verify.engines.branching.cubes import Cube
from superproof.verify.engines.branching.sides import Frame, sides_of
from superproof.verify.engines.encodings.arithmetic import IntegerEncoding
from superproof.verify.engines.encodings.encoding import Encoding
from superproof.verify.engines.encodings.presolve import Presolved, presolve
from superproof.verify.engines.encodings.pseudo_boolean import (
    AUTO_LEVELS,
    PseudoBoolean,
    neuron_levels,
)

from . import Decide
from .answer import Answer, Limit, Problem, breaks, clauses_of


def engine(name: str) -> Decide:
    """The deciding function."""
    return decide


def decide(problem: Problem, limit: Limit) -> Answer:
    """All sides in turn, on one incremental solver; a side is switched on by an assumption."""
    clauses_of(problem)  # raises for what is not in the set
    encoding = _encoding(presolve(problem))
    encoding.encode(lambda: None)
    level = problem.specification.readout.threshold  # type: ignore[attr-defined]
    is_true = encoding.at_least(encoding.presolved.outputs[0], level, strict=True)
    sides = sides_of(problem, Frame.of(problem.specification.domain), 0)
    solver = encoding.solver
    for number, side in enumerate(sides):
        if limit.over:
            return Answer("unknown", f"{number} of {len(sides)} sides proved")
        switch = z3.Bool(f"side{number}", encoding.context)
        conditions = [encoding.bits[v] == bool(value) for v, value in side.cube.items()]
        conditions += [_not_all(encoding, cube) for cube in side.forbidden]
        conditions.append(z3.Not(is_true) if side.expected else is_true)
        for condition in conditions:
            solver.add(z3.Implies(switch, condition))
        solver.set("timeout", math.ceil(1000 * limit.left))
        result = solver.check(switch)
        if result == z3.sat:
            point = encoding.point(solver.model())
            if not breaks(problem, np.asarray(point)):
                raise AssertionError("Z3 proposed an input that breaks nothing")
            return Answer("violated", f"side {number} of {len(sides)}, {encoding.name}")
        if result != z3.unsat:
            return Answer("unknown", f"{number} of {len(sides)} sides proved, {encoding.name}")
        solver.add(z3.Not(switch))
    return Answer("holds", f"{len(sides)} sides, {encoding.name}")


def _encoding(presolved: Presolved) -> Encoding:
    levels = neuron_levels(presolved)
    if levels is None or sum(map(len, levels.values())) > AUTO_LEVELS * len(levels):
        return IntegerEncoding(presolved)
    return PseudoBoolean(presolved, levels)


def _not_all(encoding: Encoding, cube: Cube) -> z3.BoolRef:
    return z3.Or([encoding.bits[v] != bool(value) for v, value in cube.items()])
