"""The exact least margin, found among approximate ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..problem import Problem
from .dense import DenseEvaluator


class LeastMargin:
    """Keeps the inputs whose margin might be the least, and evaluates those exactly."""

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
        usable = np.isfinite(margins) & np.isfinite(error)
        with np.errstate(invalid="ignore"):
            least = np.nextafter(margins - error, -np.inf)
        lower = np.where(usable, least, -np.inf).min(axis=1)
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
        if self.best is not None and not self.evaluator.exact:
            try:
                scaled = float(self.best / self.evaluator.unit)
            except OverflowError:
                return
            self.cutoff = min(self.cutoff, float(np.nextafter(scaled, np.inf)))

    def value(self) -> Fraction | None:
        """The exact least margin over everything added; None if nothing was."""
        if self.rows:
            self.settle()
        return self.best
