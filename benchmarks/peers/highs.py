"""HiGHS: a mixed-integer program with big-M rows in floating point. Inexact: tolerances decide.

An input that it finds is replayed exactly and excluded if it is right; "infeasible" is only as good
as its feasibility tolerance (10^-6 by default).
"""

from __future__ import annotations

import highspy
import numpy as np

from superproof.verify.engines.branching.cubes import Cube

from . import Decide
from .answer import Answer, Limit, Problem, breaks, clauses_of
from .float_rows import FloatLayer, float_layers

#: An output counts as above the threshold from here on; below it lies the tolerance's haze.
ABOVE = 1e-5
INFINITY = highspy.kHighsInf


def engine(name: str) -> Decide:
    """The deciding function."""
    return decide


def decide(problem: Problem, limit: Limit) -> Answer:
    """Search, replay, exclude what is right, search on."""
    clauses = clauses_of(problem)
    program = _Program(float_layers(problem), clauses)
    spurious = 0
    while not limit.over:
        program.solver.setOptionValue("time_limit", program.solver.getRunTime() + limit.left)
        program.solver.setOptionValue("threads", limit.threads)
        program.solver.run()
        status = program.solver.getModelStatus()
        detail = f"{spurious} spurious inputs"
        if status == highspy.HighsModelStatus.kInfeasible:
            return Answer("holds", detail)
        if status != highspy.HighsModelStatus.kOptimal:
            break
        point = program.point()
        if breaks(problem, point):
            return Answer("violated", detail)
        spurious += 1
        program.exclude(point)
    return Answer("unknown", f"{spurious} spurious inputs")


class _Program:
    """Inputs first, then the neurons, a phase a neuron of open sign, the clauses, the formula."""

    def __init__(self, layers: list[FloatLayer], clauses: list[Cube]) -> None:
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.inputs = layers[0].weight.shape[1]
        self.columns = 0
        below = [self._binary() for _ in range(self.inputs)]
        for layer in layers[:-1]:
            below = [self._neuron(layer, j, below) for j in range(len(layer.bias))]
        formula = self._formula(clauses)
        last = layers[-1]
        weights = {c: float(w) for c, w in zip(below, last.weight[0], strict=True) if w}
        bias, low, high = float(last.bias[0]), float(last.low[0]), float(last.high[0])
        # formula true: output <= 0; false: output >= ABOVE
        self._row({**weights, formula: max(high, 0.0)}, -INFINITY, max(high, 0.0) - bias)
        self._row({**weights, formula: ABOVE - min(low, 0.0)}, ABOVE - bias, INFINITY)

    def _neuron(self, layer: FloatLayer, j: int, below: list[int]) -> int:
        low, high, bias = float(layer.low[j]), float(layer.high[j]), float(layer.bias[j])
        y = self._column(0.0, max(high, 0.0))
        if high <= 0:
            return y
        z = {c: -float(w) for c, w in zip(below, layer.weight[j], strict=True) if w}
        if low >= 0:
            self._row({**z, y: 1.0}, bias, bias)
            return y
        phase = self._binary()
        self._row({**z, y: 1.0}, bias, INFINITY)  # y >= z
        self._row({y: 1.0, phase: -high}, -INFINITY, 0.0)  # y <= high * phase
        self._row({**z, y: 1.0, phase: -low}, -INFINITY, bias - low)  # y <= z - low (1 - phase)
        return y

    def _formula(self, clauses: list[Cube]) -> int:
        formula = self._binary()
        made = []
        for cube in clauses:
            clause = self._binary()
            zeros = sum(1 for value in cube.values() if not value)
            literals = {v: 1.0 if value else -1.0 for v, value in cube.items()}
            for v, value in cube.items():  # clause implies literal
                sign, rest = (1.0, 0.0) if value else (-1.0, 1.0)
                self._row({clause: 1.0, v: -sign}, -INFINITY, rest)
            self._row({**literals, clause: -1.0}, -INFINITY, len(cube) - 1.0 - zeros)
            self._row({clause: 1.0, formula: -1.0}, -INFINITY, 0.0)
            made.append(clause)
        self._row({formula: 1.0, **dict.fromkeys(made, -1.0)}, -INFINITY, 0.0)
        return formula

    def point(self) -> np.ndarray:
        """The input of the solution, rounded."""
        values = np.array(self.solver.getSolution().col_value[: self.inputs])
        return (values > 0.5).astype(np.uint8)

    def exclude(self, point: np.ndarray) -> None:
        """Some input must differ."""
        row = {i: -1.0 if one else 1.0 for i, one in enumerate(point)}
        self._row(row, 1.0 - float(point.sum()), INFINITY)

    def _binary(self) -> int:
        column = self._column(0.0, 1.0)
        self.solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        return column

    def _column(self, low: float, high: float) -> int:
        self.solver.addVar(low, high)
        self.columns += 1
        return self.columns - 1

    def _row(self, row: dict[int, float], low: float, high: float) -> None:
        indices = np.array(list(row), dtype=np.int32)
        self.solver.addRow(low, high, len(row), indices, np.array(list(row.values())))
