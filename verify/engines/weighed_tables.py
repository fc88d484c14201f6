"""Sums of weights over the wrong inputs that a scan by tables finds."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from ..network import Layer, Network
from ..problem import Problem
from ..specification import Specification
from .engine import DeadlineError, Outcome, Request
from .grid import Rows
from .measure import Measure
from .table_scan import TableScan


class WeighedScan(TableScan):
    """Weighs wrong inputs where :class:`.table_scan.TableScan` lists them.

    Attributes:
        total: weight of the wrong inputs seen so far.
    """

    def __init__(self, problem: Problem, measure: Measure, request: Request) -> None:
        self._ready = False
        # room for all inputs of a run: none may be left out
        room = problem.specification.domain.candidates
        everything = replace(request, count=True, margin=False, counterexamples=room)
        super().__init__(problem, everything, Outcome())
        self.measure, self.total, self._lock = measure, 0, threading.Lock()
        # of a negated input the bit counts down from the key of a true one
        flips = self.grid.flip.astype(bool)
        units = measure.coefficients
        self._units = np.where(flips[:, None], -units, units)
        self._constant = units[flips].sum(axis=0)
        self._of_lane = self.grid.lane_bits.astype(np.int64) @ self._units
        # the first rows have been scanned for a choice of types by now
        self._ready = True

    def _listed(self, rows: Rows, pairs: np.ndarray, settled: list[np.ndarray]) -> list[np.ndarray]:
        if self._ready:
            of_row = rows.bits.astype(np.int64) @ self._units + self._constant
            found = self.measure.sum(of_row[pairs[:, 0]] + self._of_lane[pairs[:, 1]])
            if settled:
                found += self.measure.sum(self.measure.keys(np.array(settled)))
            with self._lock:
                self.total += found
        return []


def weigh_by_tables(
    problem: Problem, measure: Measure, request: Request
) -> tuple[int, list[int]] | None:
    """Weight of the wrong inputs, in all and by output: one scan for all and one for each.

    None where tables cannot be exact. Raises DeadlineError at the deadline.
    """
    sums = []
    for part in [problem, *_single_outputs(problem)]:
        scan = WeighedScan(part, measure, request)
        if not scan.usable:
            return None
        scan.run()
        if scan.outcome.violations is None:
            raise DeadlineError
        sums.append(scan.total)
    return sums[0], sums[1:] or sums


def _single_outputs(problem: Problem) -> list[Problem]:
    """The problem of each output by itself, if there are several."""
    spec = problem.specification
    if len(spec.outputs) == 1:
        return []
    *hidden, last = problem.network.layers
    parts = []
    for j, name in enumerate(spec.outputs):
        row = Layer(last.weight[j : j + 1], last.bias[j : j + 1], last.activation)
        formula = {name: spec.formulas[j]}
        own = Specification(spec.inputs, formula, domain=spec.domain, readout=spec.readout)
        parts.append(Problem(Network((*hidden, row)), own))
    return parts
