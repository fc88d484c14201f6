"""Deciding by branch and bound over input bits, guided by the specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from ..errors import InputError
from ..problem import Problem
from .branching.crew import Crew
from .branching.findings import Findings, Incumbent
from .branching.float_network import FloatNetwork, float_network
from .branching.order import NODES, lost_last
from .branching.points import COUNT, FIRST, MARGIN
from .branching.pursuit import Desk, ExpiredError, Pursuit
from .branching.sides import Aim, Frame, RegionBuilder, Side, aim_of, sides_of
from .branching.union import Region, Union
from .engine import Outcome, Request
from .startup import started


class Tree:
    """Float bounds beyond a proven margin prune; integers settle what lies within it."""

    name = "tree"

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """See :class:`Engine`. Raises InputError for weights that float64 cannot bound at all."""
        if problem.specification.domain.points is not None:
            from .batch_scan import BatchScan

            BatchScan(problem, request, outcome).run()
            return
        self.begin(problem, request, outcome).run()

    def begin(self, problem: Problem, request: Request, outcome: Outcome) -> Decision:
        """Prepare a search; loading the kernels, once, does not count against the deadline."""
        return Decision(problem, started(request, outcome), outcome)


class Decision:
    """One problem on its way to an answer."""

    def __init__(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        spec = problem.specification
        inputs = spec.domain.candidates

        def progress(done: int, total: int) -> None:
            request.progress(inputs * done // total, inputs)

        self.problem, self.outcome = problem, outcome
        self.request = replace(request, progress=progress)
        self.frame = Frame.of(spec.domain)
        self.sides = [
            side
            for output in range(len(spec.outputs))
            for side in sides_of(problem, self.frame, output)
        ]
        clauses = max((len(side.clauses[0]) for side in self.sides), default=0)
        # a union of outputs has regions with the clauses of several
        most_clauses = clauses * len(spec.outputs)
        self.network: FloatNetwork = float_network(problem, self.frame.flips, most_clauses)
        self.builder = RegionBuilder(self.frame, self.network.layers.rows)
        registers = max((self.builder.registers(side) for side in self.sides), default=1)
        self.desk = partial(Desk, self.network, clauses, registers)
        self._aims: dict[tuple[int, bool], Aim] = {}
        self.incumbent = Incumbent()
        self._crew: Crew | None = None
        self._phases = 0
        many = len(spec.outputs) > 1 and request.count
        self.findings = Findings(request.counterexamples, many)
        bounded = all(np.isfinite(self.aim(side).forms.loss).all() for side in self.sides)
        if not bounded and spec.domain.candidates > 1 << 20:
            raise InputError(
                "--engine tree: the weights span too many orders of magnitude for float "
                "bounds; use --engine enumerate or z3"
            )

    def aim(self, side: Side) -> Aim:
        """The forms of a side, shared by the sides of the same output and value."""
        key = side.output, side.expected
        if key not in self._aims:
            readout = self.problem.specification.readout
            outputs = len(self.problem.specification.outputs)
            self._aims[key] = aim_of(self.network, readout, *key, outputs)
        return self._aims[key]

    def pursuit(self, kind: type[Pursuit], purpose: int, side: Side) -> Pursuit:
        """A fresh search of a side."""
        return kind(
            self.problem,
            self.frame,
            self.network,
            self.builder,
            side,
            self.aim(side),
            purpose,
            self.findings,
            self.incumbent,
        )

    @property
    def answered(self) -> bool:
        """Nothing that was asked is open."""
        left = self._open()
        return self.outcome.status != "unknown" and not (left.count or left.margin)

    @property
    def closed(self) -> float:
        """Share of the work that is done: of each side's cube, by volume."""
        now = 0.0 if self._crew is None else self._crew.closed / max(len(self.sides), 1)
        return (self._phases + now) / (2 if self.request.margin else 1)

    def run(self) -> None:
        """Fill in the outcome as far as the deadline allows."""
        request, outcome = self.request, self.outcome
        try:
            if request.count or request.counterexamples > 1:
                self._count()
            else:
                self._first()
            if request.margin:
                self._phases, self._crew = 1, None
                self._margin()
        except ExpiredError:
            outcome.leave_unfinished(self._open(), "the time was up")
            outcome.detail = f"gave up at the deadline after {outcome.visited:,} nodes"
        finally:
            outcome.points = list(self.findings.points.values())[: self.findings.wanted]
            if outcome.points:
                outcome.status = "violated"

    def _open(self) -> Request:
        """The request without what has been answered."""
        return replace(
            self.request,
            count=self.request.count
            and self.outcome.violations is None
            and self.outcome.status != "holds",
            margin=self.request.margin and self.outcome.margin is None,
        )

    def _search(
        self,
        purpose: int,
        finished: Callable[[Pursuit], None] = lambda pursuit: None,
        enough: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Search all sides; True when that ended early because no more is wanted."""
        crew = self._crew = Crew(
            partial(self.pursuit, Pursuit, purpose),
            self.desk,
            self.request,
            rounds=purpose == FIRST,
            finished=finished,
            enough=enough,
        )
        before = self.outcome.visited
        try:
            return crew.run(self.sides)
        finally:
            self.outcome.visited = before + crew.visited

    def _first(self) -> None:
        """Rounds over all sides with growing budgets, until one is wrong or all are proved."""
        if not self._search(FIRST):
            self.outcome.status = "holds"

    def _count(self) -> None:
        """All sides to the end, or until enough points are listed."""
        counts = [0] * len(self.problem.specification.outputs)
        if self.request.count:
            desk = self.desk()
            known = len(self.frame.forbidden)
            self.sides = lost_last(self.sides, known, lambda side: self._right(side, desk))

        def finished(pursuit: Pursuit) -> None:
            counts[pursuit.side.output] += pursuit.count

        def enough() -> bool:
            return not self.request.count and len(self.findings.points) >= self.findings.wanted

        if self._search(COUNT, finished, enough):
            return
        if not any(counts):
            self.outcome.status = "holds"
            self.outcome.violations, self.outcome.by_output = 0, counts
            return
        self.outcome.status = "violated"
        self.outcome.by_output = counts
        if sum(map(bool, counts)) == 1:
            self.outcome.violations = sum(counts)
        elif self.findings.complete:
            self.outcome.violations = len(self.findings.points)
        elif self.request.count:
            self._unite(counts)

    def _right(self, side: Side, desk: Desk) -> bool:
        """Whether a few nodes prove a side."""
        pursuit = self.pursuit(Pursuit, FIRST, side)
        pursuit.leaf = 0
        found = pursuit.run(desk, NODES, self.request)
        self.outcome.visited += pursuit.nodes
        return pursuit.done and not found

    def _unite(self, counts: list[int]) -> None:
        """Count inputs that are wrong in some output, too many to have been listed."""
        # most violations first: those need not be compared with anything
        outputs = sorted((j for j, count in enumerate(counts) if count), key=lambda j: -counts[j])
        sides = {j: [side for side in self.sides if side.output == j] for j in outputs}

        def desk(side: Side) -> Desk:
            return Desk(self.network, len(side.clauses[0]), self.builder.registers(side))

        union = Union(sides, self.pursuit, desk, self.request)
        try:
            self.outcome.violations = counts[outputs[0]] + sum(
                union.first_wrong(output, outputs[:position], Region(None, {}))
                for position, output in enumerate(outputs)
                if position
            )
        finally:
            self.outcome.visited += union.visited

    def _margin(self) -> None:
        self._search(MARGIN)
        self.outcome.margin = self.incumbent.margin
