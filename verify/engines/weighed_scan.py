"""Sums of weights over the wrong inputs, by visiting every input of the domain."""

from __future__ import annotations

import numpy as np

from ..problem import Problem
from .dense import DenseEvaluator
from .engine import Request
from .enumeration import SMALL
from .measure import Measure

#: Rows of a batch, and numbers in its widest array.
ROWS, ELEMENTS = 1 << 14, 1 << 21


def weigh_by_enumeration(
    problem: Problem, measure: Measure, request: Request
) -> tuple[int, list[int]]:
    """Weight of the wrong inputs, in all and by output; raises DeadlineError at the deadline."""
    if problem.specification.domain.candidates > SMALL:
        from . import table_scan

        if table_scan.suits(problem):
            from .weighed_tables import weigh_by_tables

            found = weigh_by_tables(problem, measure, request)
            if found is not None:
                return found
    return _by_batches(problem, measure, request)


def _by_batches(problem: Problem, measure: Measure, request: Request) -> tuple[int, list[int]]:
    """Any network, any read-out, any domain; integers decide what floats leave open."""
    spec = problem.specification
    evaluator = DenseEvaluator(problem)
    total, by_output = 0, [0] * len(spec.outputs)
    rows = int(np.clip(ELEMENTS // max(problem.network.widths), 16, ROWS))
    for chunk in spec.domain.chunks(rows):
        request.require_time()
        if not len(chunk):
            continue
        expected = spec.expected(chunk)
        values, lost = evaluator.values(chunk)
        signs = evaluator.signs(values, lost, expected)
        wrong = signs.wrong.copy()
        open_ = signs.undecided.any(axis=1)
        if open_.any():
            _, wrong[open_] = problem.margins(chunk[open_])
        keys = measure.keys(chunk)
        total += measure.sum(keys[wrong.any(axis=1)])
        for j in range(len(by_output)):
            by_output[j] += measure.sum(keys[wrong[:, j]])
    return total, by_output


def weigh_domain(problem: Problem, measure: Measure, request: Request) -> int:
    """Weight of all inputs of the domain, one by one; raises DeadlineError at the deadline."""
    total = 0
    for chunk in problem.specification.domain.chunks():
        request.require_time()
        total += measure.sum(measure.keys(chunk))
    return total
