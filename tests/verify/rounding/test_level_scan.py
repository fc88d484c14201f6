"""Distances from the levels, against one exact evaluation an input."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.engines.dense import DenseEvaluator
from superproof.verify.engines.engine import Request
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax
from superproof.verify.rounding.level_scan import levels_of, scan_levels
from superproof.verify.specification import Specification

from ...oracles import fraction_oracle as oracle
from ...strategies import problems


def distances(problem: Problem) -> list[list[Fraction]]:
    """For each input of the domain what each output is away from its nearest level."""
    readout = problem.specification.readout
    lines = []
    for bits in oracle.members(problem.specification.domain):
        values = oracle.outputs(problem, bits)
        if isinstance(readout, Argmax):
            first, second = sorted(values, reverse=True)[:2]
            lines.append([first - second])
        else:
            lines.append([min(abs(v - level) for level in levels_of(readout)) for v in values])
    return lines


@settings(deadline=None)
@given(st.data(), problems(max_inputs=5))
def test_every_distance_is_compared(data: st.DataObject, problem: Problem) -> None:
    known = distances(problem)
    kinds = st.sampled_from(["above", "at", "below"])
    tolerance = []
    for column in zip(*known, strict=True):
        least = min(column)
        tiny = Fraction(1, 1 << 60)
        moved = {"above": least + tiny, "at": least, "below": max(least - tiny, Fraction(0))}
        tolerance.append(moved[data.draw(kinds)])
    near = scan_levels(problem, tolerance, Request())
    apart = all(d > t for line in known for d, t in zip(line, tolerance, strict=True))
    assert near.apart is apart
    assert near.distance is not None
    assert near.point is not None
    seen = {
        "".join(map(str, map(int, bits))): min(line)
        for bits, line in zip(oracle.members(problem.specification.domain), known, strict=True)
    }
    assert seen["".join(map(str, near.point))] == near.distance
    # the nearest up to what float64 can tell
    evaluator = DenseEvaluator(problem)
    if np.isfinite(evaluator.error).all():
        values = evaluator.values(np.array(list(oracle.members(problem.specification.domain))))[0]
        levels = [abs(level / evaluator.unit) for level in levels_of(problem.specification.readout)]
        reach = max(abs(values).max(), *levels) if levels else abs(values).max()
        blur = 2 * evaluator.error.max() + 2.0**-40 * float(reach)
        assert near.distance <= min(seen.values()) + Fraction(blur) * evaluator.unit


def test_a_scan_that_is_out_of_time_decides_nothing() -> None:
    network = Network.from_arrays([[[0.1] * 16]])
    problem = Problem(network, Specification(16, ["x0"], readout=0.05))
    late = Request(deadline=time.monotonic() - 1)
    assert scan_levels(problem, [Fraction(1, 1000)], late).apart is None
    near = scan_levels(problem, [Fraction(1, 1000)], Request())
    assert near.apart is True
    assert near.distance == Fraction(0.05)
