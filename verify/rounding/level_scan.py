"""How near exact outputs come to the level that decides their reading, input by input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..engines.dense import DenseEvaluator
from ..engines.engine import Request
from ..engines.enumeration import BATCH_INPUT, BATCH_RATE, BATCH_SETUP
from ..engines.least_margin import batch_size
from ..problem import Problem
from ..readout import Levels, Readout, Threshold

#: Relative room for the few float64 operations between a value and its distance.
SLACK = 2.0**-48


@dataclass(frozen=True)
class Nearness:
    """What is known about the distances of a problem's outputs from their levels.

    Attributes:
        apart: True when every distance is proved above its tolerance, False when one is known
            not to be, None when the time was up before either.
        distance: the least distance seen, exact.
        point: the input that has it, uint8 (inputs,).
    """

    apart: bool | None
    distance: Fraction | None = None
    point: np.ndarray | None = None


def levels_of(readout: Readout) -> tuple[Fraction, ...]:
    """The values at which a reading changes; none for argmax, which compares outputs."""
    if isinstance(readout, Threshold):
        return (readout.threshold,)
    if isinstance(readout, Levels):
        return (readout.true_at_least, readout.false_at_most)
    return ()


def exact_distances(problem: Problem, points: np.ndarray) -> np.ndarray:
    """Distances of each output from its nearest level: Fractions (points, outputs).

    For argmax one column, the lead of the largest output over the next.
    """
    values = problem.values(points)
    levels = levels_of(problem.specification.readout)
    if levels:
        nearest = abs(values - levels[0])
        for level in levels[1:]:
            nearest = np.minimum(nearest, abs(values - level))
        return np.asarray(nearest, dtype=object)
    ordered = np.sort(values, axis=1)
    return np.asarray(ordered[:, -1:] - ordered[:, -2:-1], dtype=object)


def scan_seconds(problem: Problem) -> float:
    """About how long :func:`scan_levels` takes."""
    layers = problem.network.layers
    products = sum(layer.weight.size + 8 * layer.width for layer in layers)
    candidates = problem.specification.domain.candidates
    return float(BATCH_SETUP + candidates * (products / BATCH_RATE + BATCH_INPUT))


def scan_levels(problem: Problem, tolerance: Sequence[Fraction], request: Request) -> Nearness:
    """Compare every distance on the domain with its tolerance.

    Float64 products filter, with the bound of docs/exactness.md; what they leave open is
    settled exactly.

    Args:
        tolerance: one number an output (one for argmax).
        request: its deadline counts.
    """
    return _Scan(problem, tolerance, request).run()


class _Scan:
    def __init__(self, problem: Problem, tolerance: Sequence[Fraction], request: Request) -> None:
        self.problem, self.request = problem, request
        self.tolerance = np.array(list(tolerance), dtype=object)
        self.evaluator = DenseEvaluator(problem)
        self.levels = [self._units(level) for level in levels_of(problem.specification.readout)]
        self.limit = np.array([self._units(t) for t in self.tolerance])
        self.least = np.inf
        self.candidate: np.ndarray | None = None
        self.best = Nearness(None)

    def _units(self, number: Fraction) -> float:
        try:
            return float(number / self.evaluator.unit)
        except OverflowError:
            return float("inf")

    def run(self) -> Nearness:
        for chunk in self.problem.specification.domain.chunks():
            if self.request.expired():
                return self._answer(finished=False)
            if len(chunk) and not self._add(chunk):
                return self._answer(finished=False)
        return self._answer(finished=True)

    def _answer(self, finished: bool) -> Nearness:
        if self.candidate is not None:
            self._settle(self.candidate[None, :])
        if finished and self.best.apart is None:
            return Nearness(True, self.best.distance, self.best.point)
        return self.best

    def _add(self, chunk: np.ndarray) -> bool:
        """Take in a batch; False when the time is up."""
        values, lost = self.evaluator.values(chunk)
        with np.errstate(over="ignore", invalid="ignore"):
            distance, slack = self._distances(values)
            # written so that a NaN is open
            apart = distance - slack > self.limit * (1 + SLACK)
        apart &= ~lost[:, None]
        least = np.where(np.isfinite(distance) & ~lost[:, None], distance, np.inf).min(axis=1)
        row = int(least.argmin())
        if least[row] < self.least:
            self.least, self.candidate = float(least[row]), chunk[row].copy()
        doubtful = chunk[~apart.all(axis=1)]
        size = batch_size(self.problem)
        for start in range(0, len(doubtful), size):
            if self.best.apart is False:
                break  # one input is enough; the nearest is known by its approximate distance
            if self.request.expired():
                return False
            self._settle(doubtful[start : start + size])
        return True

    def _distances(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Approximate distances and what they may be off by, in units of the evaluator."""
        error = self.evaluator.error
        if self.levels:
            apart = [np.abs(values - level) for level in self.levels]
            reach = np.abs(values) + max(map(abs, self.levels))
            return np.minimum.reduce(apart), error + SLACK * reach
        ordered = np.partition(values, -2, axis=1)
        lead = ordered[:, -1:] - ordered[:, -2:-1]
        return lead, error.max() + SLACK * np.abs(ordered[:, -2:]).max(axis=1, keepdims=True)

    def _settle(self, points: np.ndarray) -> None:
        """Exact distances of some inputs."""
        distances = exact_distances(self.problem, points)
        apart = self.best.apart
        if (distances <= self.tolerance).any():
            apart = False
        nearest = distances.min(axis=1)
        row = int(nearest.argmin())
        if self.best.distance is None or nearest[row] < self.best.distance:
            self.best = Nearness(apart, nearest[row], points[row])
        else:
            self.best = Nearness(apart, self.best.distance, self.best.point)
