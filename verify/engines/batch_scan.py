"""Enumeration in batches: what all scans share, and the general scan through matrix products."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np

from ..problem import Problem
from .dense import DenseEvaluator
from .engine import DeadlineError, Outcome, Request
from .least_margin import LeastMargin, at_most, batch_size

#: Numbers in the widest array of a chunk.
ELEMENTS = 1 << 21


class Scan(ABC):
    """Bookkeeping of a scan that visits every input of the domain once."""

    def __init__(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        self.problem, self.request, self.outcome = problem, request, outcome
        self.evaluator = DenseEvaluator(problem)
        self.total = 0
        self.by_output = np.zeros(len(problem.specification.outputs), dtype=np.int64)
        self.margin = LeastMargin(problem, self.evaluator, request) if request.margin else None

    def run(self) -> None:
        """Scan until done, decided or out of time, keeping ``outcome`` up to date."""
        try:
            self._visit()
        except DeadlineError:
            self.stop_early("time limit")
        except KeyboardInterrupt:
            self.stop_early("interrupted")
            raise

    @abstractmethod
    def _visit(self) -> None:
        """Visit the domain; raises DeadlineError at the deadline."""

    def count(self, wrong: int, by_output: np.ndarray) -> None:
        """Add violating inputs and wrong outputs."""
        self.total += wrong
        self.by_output += by_output

    def pass_on(self, points: int) -> None:
        """Count inputs as visited: all of them are decided."""
        self.outcome.visited += points
        self.outcome.wrong_so_far = self.total

    def settle(self, points: np.ndarray) -> None:
        """Decide inputs (points, inputs) in exact arithmetic."""
        size = batch_size(self.problem)
        for start in range(0, len(points), size):
            self.request.require_time()
            batch = points[start : start + size]
            _, violated = self.problem.margins(batch)
            bad = violated.any(axis=1)
            self.count(int(bad.sum()), violated.sum(axis=0))
            self.outcome.points += list(batch[bad][: self.missing()])

    def missing(self) -> int:
        """How many counterexamples are still wanted."""
        return max(max(self.request.counterexamples, 1) - len(self.outcome.points), 0)

    def decided(self) -> bool:
        """True when all counterexamples wanted are there and nothing else was asked."""
        if self.missing() or self.request.count or self.request.margin:
            return False
        self.outcome.status = "violated"
        return True

    def stop_early(self, why: str) -> None:
        """Record how far the scan came and what it leaves unanswered."""
        self.outcome.detail = f"{why} after {self.outcome.visited:,} inputs"
        seen = None if self.margin is None else self.margin.seen()
        self.outcome.leave_unfinished(self.request, why, at_most(seen, self.outcome.visited))

    def finish(self) -> None:
        """Record the answers of a scan that saw the whole domain."""
        outcome = self.outcome
        outcome.domain_size = outcome.visited
        outcome.status = "violated" if self.total else "holds"
        outcome.violations = self.total
        outcome.by_output = [int(count) for count in self.by_output]
        if self.margin is not None:
            try:
                outcome.margin = self.margin.value()
            except DeadlineError:
                bound = at_most(self.margin.seen(), outcome.visited)
                outcome.leave_unfinished(replace(self.request, count=False), "time limit", bound)


class BatchScan(Scan):
    """Any network, any read-out, any domain."""

    def _visit(self) -> None:
        domain = self.problem.specification.domain
        widest = max(self.problem.network.widths)
        rows = int(np.clip(ELEMENTS // widest, 16, 1 << 14))
        for chunk in domain.chunks(rows):
            self.request.require_time()
            if not len(chunk):
                continue
            self._scan(chunk)
            self.pass_on(len(chunk))
            self.request.progress(self.outcome.visited, domain.candidates)
            if self.decided():
                return
        self.finish()

    def _scan(self, chunk: np.ndarray) -> None:
        expected = self.problem.specification.expected(chunk)
        values, lost = self.evaluator.values(chunk)
        signs = self.evaluator.signs(values, lost, expected)
        undecided = np.asarray(signs.undecided.any(axis=1))
        wrong = signs.wrong & ~undecided[:, None]
        bad = wrong.any(axis=1)
        self.count(int(bad.sum()), wrong.sum(axis=0))
        self.outcome.points += list(chunk[bad][: self.missing()])
        self.settle(chunk[undecided])
        if self.margin is not None:
            margins = self.evaluator.margins(values, expected)
            margins[lost] = -np.inf
            self.margin.add(chunk, margins, expected)
