"""Deciding by visiting every input of the domain."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..errors import InputError
from ..problem import Problem
from .dense import DenseEvaluator
from .engine import Outcome, Request

#: More candidate inputs than this are refused: at 3e8 a second they would take an hour.
LIMIT = 1 << 40
#: Up to this many candidates matrix products are quick enough.
SMALL = 1 << 16


class Enumeration:
    """Visits the domain in batches; integers decide, floats only filter."""

    name = "enumerate"

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """See :class:`Engine`. Raises InputError beyond 2**40 candidate inputs."""
        domain = problem.specification.domain
        if domain.candidates > LIMIT:
            raise InputError(
                f"--engine enumerate: the domain '{domain}' over {domain.inputs} inputs has more "
                "than 2^40 candidates; use --engine auto or a smaller domain"
            )
        # small domains are done before the kernels' machinery would even be imported
        if domain.candidates > SMALL:
            from . import table_scan

            if table_scan.suits(problem):
                scan = table_scan.TableScan(problem, request, outcome)
                if scan.usable:
                    scan.run()
                    return
        BatchScan(problem, request, outcome).run()


class BatchScan:
    """The general path: any network, any domain, in batches through matrix products."""

    def __init__(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        self.problem = problem
        self.request = request
        self.outcome = outcome
        self.evaluator = DenseEvaluator(problem)
        self.total = 0
        self.by_output = np.zeros(len(problem.specification.outputs), dtype=np.int64)
        self.margin = _LeastMargin(problem, self.evaluator) if request.margin else None

    def run(self) -> None:
        """Scan until done, decided or out of time, keeping ``outcome`` up to date."""
        request, outcome = self.request, self.outcome
        domain = self.problem.specification.domain
        outcome.status = "unknown"
        widest = max(self.problem.network.widths)
        rows = int(np.clip((1 << 21) // widest, 256, 1 << 14))
        for chunk in domain.chunks(rows):
            if request.expired():
                outcome.detail = f"time limit after {outcome.visited:,} inputs"
                self._explain_unfinished("the time limit came first")
                return
            self._scan(chunk)
            outcome.visited += len(chunk)
            request.progress(outcome.visited, domain.candidates)
            if outcome.points and not request.exhaustive:
                outcome.status = "violated"
                return
            if self._enough():
                outcome.status = "violated"
                return
        outcome.domain_size = outcome.visited
        outcome.status = "violated" if self.total else "holds"
        outcome.violations = self.total
        outcome.by_output = [int(count) for count in self.by_output]
        if self.margin is not None:
            outcome.margin = self.margin.value()

    def _enough(self) -> bool:
        """All counterexamples that were asked for are there, and nothing else was asked."""
        request = self.request
        wanted = max(request.counterexamples, 1)
        return len(self.outcome.points) >= wanted and not (request.count or request.margin)

    def _explain_unfinished(self, why: str) -> None:
        for asked, what in ((self.request.count, "count"), (self.request.margin, "margin")):
            if asked:
                self.outcome.notes.append(f"the {what} was not finished: {why}")

    def _scan(self, chunk: np.ndarray) -> None:
        expected = self.problem.specification.expected(chunk)
        values, lost = self.evaluator.values(chunk)
        signs = self.evaluator.signs(values, lost, expected)
        wrong = signs.wrong
        undecided = signs.undecided.any(axis=1)
        if undecided.any():
            _, violated = self.problem.margins(chunk[undecided])
            wrong[undecided] = violated
        if self.margin is not None:
            margins = self.evaluator.margins(values, expected)
            margins[lost] = -np.inf
            self.margin.add(chunk, margins, expected)
        rows = np.flatnonzero(wrong.any(axis=1))
        self.total += len(rows)
        self.by_output += wrong.sum(axis=0)
        missing = max(self.request.counterexamples, 1) - len(self.outcome.points)
        self.outcome.points += list(chunk[rows[: max(missing, 0)]])


class _LeastMargin:
    """The exact least margin from approximate ones: keeps what might be least, evaluates that."""

    #: Candidates are evaluated exactly when this many have gathered.
    BATCH = 4096

    def __init__(self, problem: Problem, evaluator: DenseEvaluator) -> None:
        self.problem = problem
        self.evaluator = evaluator
        self.best: Fraction | None = None
        #: no candidate whose lower bound reaches this can improve ``best``
        self.cutoff = np.inf
        self.rows: list[np.ndarray] = []
        self.lower: list[np.ndarray] = []

    def add(self, chunk: np.ndarray, margins: np.ndarray, expected: np.ndarray) -> None:
        """Take in a batch: inputs (points, inputs), approximate margins (points, outputs)."""
        if self.evaluator.exact:
            # values are exact, so the least of each side is; only the level was rounded
            for side in (expected, ~expected):
                if side.any():
                    row = int(np.where(side, margins, np.inf).min(axis=1).argmin())
                    self.rows.append(chunk[row : row + 1])
                    self.lower.append(np.full(1, -np.inf))
            if len(self.rows) >= self.BATCH:
                self.settle()
            return
        error = self.evaluator.error
        usable = np.isfinite(margins)
        lower = np.where(usable, margins - error, -np.inf).min(axis=1)
        if usable.all():
            self.cutoff = min(self.cutoff, np.nextafter((margins + error).min(), np.inf))
        keep = lower < self.cutoff
        self.rows.append(chunk[keep])
        self.lower.append(lower[keep])
        if sum(map(len, self.lower)) >= self.BATCH:
            self.settle()

    def settle(self) -> None:
        """Evaluate the gathered candidates exactly."""
        rows, lower = np.concatenate(self.rows), np.concatenate(self.lower)
        rows = rows[lower < self.cutoff]
        self.rows, self.lower = [], []
        for start in range(0, len(rows), self.BATCH):
            margins, _ = self.problem.margins(rows[start : start + self.BATCH])
            least = min(margins.flat)
            if self.best is None or least < self.best:
                self.best = least
        if self.best is not None:
            scaled = float(self.best / self.evaluator.unit)
            self.cutoff = min(self.cutoff, scaled + abs(scaled) * 2.0**-50)

    def value(self) -> Fraction | None:
        """The exact least margin over everything added; None if nothing was."""
        if self.rows:
            self.settle()
        return self.best
