"""Sums of weights over the wrong inputs, by the tree: closed cubes are summed as formulas.

Points that a search lists are weighed one by one; of a cube that is wholly wrong the weighted
models of its constraints are counted. Inputs that are wrong in some output are summed as
:mod:`.union` counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...problem import Problem
from ..engine import DeadlineError, Outcome, Request
from ..measure import Measure
from ..tree import Tree
from .models import ModelCounter
from .points import COUNT
from .pursuit import Desk, ExpiredError, Models, Pursuit
from .sides import Side
from .union import Region, Union


class Weighed(Pursuit):
    """Sums the weights of the wrong points of a side that are right in all outputs before.

    Attributes:
        measure: weights over the inputs as named; ``counter`` has them over flipped ones.
    """

    measure: Measure
    before: Sequence[int] = ()
    union: Union

    @property
    def count(self) -> int:
        """The sum, complete once ``done``."""
        return self.extra

    def _wants_points(self) -> bool:
        return True

    def _book_points(self, points: np.ndarray, undecided: int) -> None:
        if self.before and len(points):
            _, violated = self.problem.margins(points)
            points = points[~violated[:, list(self.before)].any(axis=1)]
        self.extra += self.measure.sum(self.measure.keys(points))

    def _book_cube(self, models: Models) -> None:
        cube = {i: int(s) for i, s in enumerate(models.state) if s != 2}
        named = ((i, value ^ int(self.frame.flips[i])) for i, value in cube.items())
        fixed = self.measure.weight_of(named)
        if not fixed:
            return
        self.extra += fixed * self.counter.count(*models.problem)
        if self.before:
            within = Region(replace(self.side, program=None), cube)
            self.extra -= self.union.count(self.before, within)


class WeighedUnion(Union):
    """Sums weights where :class:`.union.Union` counts."""

    def __init__(self, measure: Measure, flips: np.ndarray, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._measure = measure
        # one cache for all searches: clauses recur
        self._counter = ModelCounter(measure.flipped(flips))

    def _begin(self, side: Side, before: Sequence[int]) -> Pursuit:
        pursuit = self._search(Weighed, COUNT, side)
        assert isinstance(pursuit, Weighed)
        pursuit.measure, pursuit.counter = self._measure, self._counter
        pursuit.before, pursuit.union = before, self
        return pursuit


def weigh_by_tree(problem: Problem, measure: Measure, request: Request) -> tuple[int, list[int]]:
    """Weight of the wrong inputs, in all and by output.

    Raises DeadlineError at the deadline, InputError for weights that float64 cannot bound.
    """
    decision = Tree().begin(problem, request, Outcome())
    network, builder, flips = decision.network, decision.builder, decision.frame.flips
    outputs = range(len(problem.specification.outputs))

    def desk(side: Side) -> Desk:
        return Desk(network, len(side.clauses[0]), builder.registers(side))

    sides = {j: [side for side in decision.sides if side.output == j] for j in outputs}
    union = WeighedUnion(measure, flips, sides, decision.pursuit, desk, decision.request)
    # an input that is false (or true) with certainty is fixed
    certain = {i: int(f == 0) for i, (f, t) in enumerate(measure.flipped(flips)) if 0 in (f, t)}
    region = Region(None, certain)
    try:
        by_output = [union.first_wrong(j, (), region) for j in outputs]
        wrong = sorted((j for j in outputs if by_output[j]), key=lambda j: -by_output[j])
        total = sum(
            union.first_wrong(j, wrong[:position], region) if position else by_output[j]
            for position, j in enumerate(wrong)
        )
    except ExpiredError:
        raise DeadlineError from None
    return total, by_output
