"""The exact least margin, found among approximate ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..problem import Problem
from ..verdict_text import amount, decimal, fraction
from .dense import DenseEvaluator
from .engine import Request

#: Candidates for the least margin are evaluated exactly when this many have gathered.
GATHER = 4096
#: Numbers in the widest array of one exact evaluation; they may be Python integers.
ELEMENTS = 1 << 20
#: An interrupted search evaluates this many of its candidates, to say what it knows.
GLANCE = 16


def batch_size(problem: Problem) -> int:
    """How many inputs to evaluate exactly at a time."""
    return int(np.clip(ELEMENTS // max(problem.network.widths), 16, GATHER))


def at_most(margin: Fraction | None, inputs: int) -> str:
    """What an unfinished search says about the margin; empty where it knows nothing."""
    if margin is None or not inputs:
        return ""
    return f"it is at most {_value(margin)}, seen on {amount(inputs, 'input')}"


def between(least: Fraction, most: Fraction) -> str:
    """What a search says about the margin that has bounds on it from the whole domain."""
    return f"it lies between {_value(least)} and {_value(most)}"


def _value(margin: Fraction) -> str:
    exact, rounded = fraction(margin), decimal(margin)
    return exact if exact == rounded else f"{exact} ({rounded})"


class LeastMargin:
    """Keeps the inputs whose margin might be the least, and evaluates those exactly."""

    def __init__(self, problem: Problem, evaluator: DenseEvaluator, request: Request) -> None:
        self.problem, self.evaluator, self.request = problem, evaluator, request
        self.best: Fraction | None = None
        #: no candidate whose lower bound reaches this can improve ``best``
        self.cutoff = np.inf
        self.rows: list[np.ndarray] = []
        self.lower: list[np.ndarray] = []
        # exact values are compared within a side; the level between the sides was rounded
        self._least = [np.inf, np.inf]
        self._rows: list[np.ndarray | None] = [None, None]

    def add(self, chunk: np.ndarray, margins: np.ndarray, expected: np.ndarray) -> None:
        """Take in a batch: inputs (points, inputs), approximate margins (points, outputs).

        Raises DeadlineError at the deadline.
        """
        if self.evaluator.exact:
            for number, side in enumerate((expected, ~expected)):
                least = np.where(side, margins, np.inf).min(axis=1)
                row = int(least.argmin())
                if least[row] < self._least[number]:
                    self._least[number] = float(least[row])
                    self._rows[number] = chunk[row : row + 1].copy()
            return
        error = self.evaluator.error
        usable = np.isfinite(margins) & np.isfinite(error)
        with np.errstate(invalid="ignore"):
            least = np.nextafter(margins - error, -np.inf)
        lower = np.where(usable, least, -np.inf).min(axis=1)
        if usable.all():
            self.cutoff = min(self.cutoff, np.nextafter((margins + error).min(), np.inf))
        keep = lower < self.cutoff
        self.rows.append(chunk[keep])
        self.lower.append(lower[keep])
        if sum(map(len, self.lower)) >= GATHER:
            self.settle()

    def settle(self) -> None:
        """Evaluate the gathered candidates exactly. Raises DeadlineError at the deadline."""
        rows, lower = np.concatenate(self.rows), np.concatenate(self.lower)
        rows = rows[lower < self.cutoff]
        self.rows, self.lower = [], []
        size = batch_size(self.problem)
        for start in range(0, len(rows), size):
            self.request.require_time()
            self._evaluate(rows[start : start + size])
        if self.best is not None:
            try:
                scaled = float(self.best / self.evaluator.unit)
            except OverflowError:
                return
            self.cutoff = min(self.cutoff, float(np.nextafter(scaled, np.inf)))

    def _evaluate(self, points: np.ndarray) -> None:
        margins, _ = self.problem.margins(points)
        least = min(margins.flat)
        if self.best is None or least < self.best:
            self.best = least

    def value(self) -> Fraction | None:
        """The exact least margin over everything added; None if nothing was.

        Raises DeadlineError at the deadline.
        """
        if self.rows:
            self.settle()
        self._evaluate_sides()
        return self.best

    def seen(self) -> Fraction | None:
        """The least exact margin among a few of the inputs added, at once: an upper bound."""
        if self.rows:
            rows, lower = np.concatenate(self.rows), np.concatenate(self.lower)
            if len(rows):
                self._evaluate(rows[np.argsort(lower, kind="stable")[:GLANCE]])
        self._evaluate_sides()
        return self.best

    def _evaluate_sides(self) -> None:
        for row in self._rows:
            if row is not None:
                self._evaluate(row)
