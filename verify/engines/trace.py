"""The tree engine's search of a region, node by node: where a certificate's tree may split."""

from __future__ import annotations

import numpy as np

from .. import recheck
from ..errors import ContradictionError, InputError
from ..formula import And, Formula, Not
from ..problem import Problem
from .branching.memory import TRACED
from .branching.points import COUNT, FIRST
from .branching.pursuit import Desk, ExpiredError, Pursuit
from .branching.sides import Side, clause_arrays
from .engine import Outcome, Request
from .tree import Decision, Tree


class Tracer:
    """Searches regions of the independent checker with the tree engine's float bounds.

    A trace proposes only: whoever builds a certificate proves every leaf anew.

    Args:
        problem: the problem.
        checked: the same problem as the checker reads it.
        counting: whether wrong points are to be counted; otherwise there must be none.
        deadline: time (``time.monotonic``) at which searches end.
    """

    def __init__(
        self, problem: Problem, checked: recheck.Problem, counting: bool, deadline: float
    ) -> None:
        self._formulas = problem.specification.formulas
        self._common = len(checked.program)
        self._purpose = COUNT if counting else FIRST
        self._request = Request(deadline=deadline)
        self._decision: Decision | None
        try:
            self._decision = Tree().begin(problem, self._request, Outcome())
            # compiling the kernels does not count
            self._request = self._decision.request
        except InputError:
            self._decision = None  # weights that float64 cannot bound
        self._desk: tuple[tuple[int, int], Desk] | None = None

    def trace(self, region: recheck.Region, nodes: int) -> list[int] | None:
        """What became of the nodes of a search, in preorder, first 1 and then 0.

        Returns:
            The input that a node was split by, or a negative number for a leaf; empty when
            there is nothing to search. None where the search needs more than ``nodes`` nodes,
            meets a point that is wrong and should not be, or the time is up.
        """
        decision = self._decision
        if decision is None:
            return []
        side = self._side(decision, region)
        pursuit = decision.pursuit(Pursuit, self._purpose, side)
        pursuit.leaf = 0
        pursuit.tree = pursuit.tree._replace(trace=np.zeros(nodes, dtype=np.int32))
        size = len(side.clauses[0]), decision.builder.registers(side)
        if self._desk is None or self._desk[0] != size:
            self._desk = size, Desk(decision.network, *size)
        try:
            if pursuit.run(self._desk[1], nodes, self._request):
                return None
        except (ExpiredError, ContradictionError):
            return None
        trace = pursuit.tree.trace[: int(pursuit.tree.control[TRACED])]
        return [int(code) for code in trace] if pursuit.done else None

    def _side(self, decision: Decision, region: recheck.Region) -> Side:
        """The checker's region in the engine's terms."""
        clauses = [_assignment(cube) for cube in region.clauses]
        program = decision.frame.program
        if len(region.program) > self._common:
            formula = self._formulas[region.output]
            own: Formula = formula if region.expected else Not(formula)
            program = own if program is None else And((program, own))
        return Side(
            region.output,
            region.expected,
            _assignment(region.cube),
            clauses,
            program,
            clause_arrays(clauses),
            (region.least, region.most),
        )


def _assignment(cube: frozenset[int]) -> dict[int, int]:
    return {part >> 1: part & 1 for part in sorted(cube)}
