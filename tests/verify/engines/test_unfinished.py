"""Scans that run out of time or are interrupted: they stop soon and hand back what they know."""

from __future__ import annotations

import dataclasses
import re
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from superproof.verify.engines import batch_scan, device_scan, least_margin, table_scan
from superproof.verify.engines.batch_scan import BatchScan
from superproof.verify.engines.device_scan import DeviceScan
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.engines.table_scan import TableScan
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from ...oracles import fraction_oracle as oracle

SCANS = (TableScan, BatchScan, DeviceScan)
INPUTS = 12
QUESTION = Request(count=True, margin=True, device="cpu")


@pytest.fixture(params=SCANS, ids=lambda scan: scan.__name__)
def scan(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type:
    """Each kind of scan, with runs of at most 1,024 inputs."""
    if request.param is DeviceScan:
        pytest.importorskip("torch")
    monkeypatch.setattr(table_scan, "LANES", 64)
    monkeypatch.setattr(table_scan, "RUN", 1024)
    monkeypatch.setattr(batch_scan, "ELEMENTS", 1024 * INPUTS)
    monkeypatch.setattr(device_scan, "ELEMENTS", 1)
    # exact fractions in the notes, however long
    monkeypatch.setattr(least_margin, "fraction", str)
    return request.param


def random_problem(exact: bool) -> Problem:
    """Wrong on a part of the inputs; with small integers, or with float32 weights."""
    random = np.random.default_rng(7)
    shapes = (6, INPUTS), (2, 6), (6,), (2,)
    if exact:
        first, second, *biases = (random.integers(-3, 4, size) for size in shapes)
    else:
        first, second, *biases = (random.normal(size=s).astype(np.float32) for s in shapes)
    network = Network.from_arrays([first, second], biases)
    return Problem(network, Specification(INPUTS, ["x0 | x1", "x2 & x3"]))


def stopped_after(
    steps: int, scan: type, problem: Problem, monkeypatch: pytest.MonkeyPatch, interrupt: bool
) -> Outcome:
    """What is known when the time runs out after some reports of progress, or a person stops."""
    outcome, reports = Outcome(), []

    def progress(done: int, total: int) -> None:
        reports.append((done, total))
        if interrupt and len(reports) == steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(Request, "expired", lambda self: not interrupt and len(reports) >= steps)
    running = scan(problem, dataclasses.replace(QUESTION, progress=progress), outcome)
    if interrupt:
        with pytest.raises(KeyboardInterrupt):
            running.run()
    else:
        running.run()
    return outcome


def fractions_of(note: str) -> list[Fraction]:
    found = re.findall(r"(?:at most|between|and) (-?\d+(?:/\d+)?)", note)
    return [Fraction(text) for text in found]


@pytest.mark.parametrize("interrupt", [False, True])
@pytest.mark.parametrize("exact", [False, True])
def test_a_partial_margin_is_told(
    scan: type, exact: bool, interrupt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = random_problem(exact)
    truth = oracle.answer(problem)
    # the tables count first, on four runs, and then look for the margin
    steps = 6 if scan is TableScan else 2
    outcome = stopped_after(steps, scan, problem, monkeypatch, interrupt)
    why = "interrupted" if interrupt else "time limit"
    assert outcome.margin is None
    assert outcome.notes[-1].startswith(f"the margin was not finished: {why}; it is at most ")
    assert outcome.notes[-1].endswith(" inputs")
    (bound,) = fractions_of(outcome.notes[-1])
    assert truth.margin is not None
    assert truth.margin <= bound
    if scan is TableScan:
        assert outcome.violations == truth.violations
    else:
        assert outcome.violations is None
        assert f"the count was not finished: {why}" in outcome.notes
        assert 0 < outcome.wrong_so_far <= truth.violations
        assert 0 < outcome.visited < 1 << INPUTS


def test_a_bound_from_part_of_the_domain_is_the_least_margin_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_scan, "ELEMENTS", 1024 * INPUTS)
    problem = random_problem(exact=True)
    outcome = stopped_after(2, BatchScan, problem, monkeypatch, interrupt=False)
    assert outcome.visited == 2048
    points = (np.arange(2048)[:, None] >> np.arange(INPUTS)[::-1]) & 1
    margins, _ = problem.margins(points.astype(np.uint8))
    assert fractions_of(outcome.notes[-1]) == [min(margins.flat)]
    assert outcome.notes[-1].endswith("seen on 2,048 inputs")


@pytest.mark.parametrize("interrupt", [False, True])
def test_a_margin_is_bounded_before_its_second_pass(
    interrupt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounded tables bound the margin from both sides once they have seen the whole domain."""
    monkeypatch.setattr(table_scan, "LANES", 64)
    monkeypatch.setattr(table_scan, "RUN", 1024)
    monkeypatch.setattr(least_margin, "fraction", str)
    problem = random_problem(exact=False)
    # weights of 70 bits and more: the tables round them
    weights = [layer.weight.astype(np.float64) for layer in problem.network.layers]
    weights[0][0, 0] += 2.0**-45
    weights[1][0, 0] += 2.0**-45
    network = Network.from_arrays(weights, [layer.bias for layer in problem.network.layers])
    problem = Problem(network, problem.specification)
    truth = oracle.answer(problem)
    outcome = stopped_after(9, TableScan, problem, monkeypatch, interrupt)
    assert "; it lies between " in outcome.notes[-1]
    least, most = fractions_of(outcome.notes[-1])
    assert truth.margin is not None
    assert least <= truth.margin <= most
    assert most - least < Fraction(1, 1 << 20)


def hidden_tie() -> Problem:
    """Value 1 + 2**-90 at half of the inputs and 1 at the others: no filter decides any."""
    first = np.zeros((1, INPUTS))
    first[0, 0] = 2.0**-90
    network = Network.from_arrays([first, np.ones((1, 1))], [np.zeros(1), np.ones(1)])
    return Problem(network, Specification(INPUTS, ["true"], readout=1))


def test_exact_arithmetic_looks_at_the_clock(scan: type, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = hidden_tie()
    evaluate, sizes = Problem.margins, []

    def counted(self: Problem, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes.append(len(points))
        return evaluate(self, points)

    monkeypatch.setattr(Problem, "margins", counted)
    monkeypatch.setattr(Request, "expired", lambda self: len(sizes) >= 2)
    monkeypatch.setattr(least_margin, "ELEMENTS", 1)
    monkeypatch.setattr(table_scan, "SUM_BYTES", 1)
    outcome = Outcome()
    scan(problem, Request(count=True, counterexamples=5, device="cpu"), outcome).run()
    assert sizes == [16, 16]
    assert outcome.status == "unknown"
    assert (outcome.violations, outcome.visited, outcome.wrong_so_far) == (None, 0, 0)
    # what was found by then stays
    assert len(outcome.points) == 5
    assert not any(point[0] for point in outcome.points)


@pytest.mark.parametrize("scan", [TableScan, BatchScan])
def test_many_neurons_do_not_fill_the_memory(scan: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five thousand neurons: a run of 2^22 inputs would take gigabytes."""
    monkeypatch.setattr(table_scan, "SUM_BYTES", 1 << 22)
    random = np.random.default_rng(1)
    count = 20
    network = Network.from_arrays(
        [random.integers(-3, 4, (5000, count)), random.integers(1, 4, (1, 5000))]
    )
    problem = Problem(network, Specification(count, ["x0"]))
    outcome, runs = Outcome(), []
    request = Request(count=True, progress=lambda done, total: runs.append(done))
    monkeypatch.setattr(Request, "expired", lambda self: len(runs) >= 3)
    tracemalloc.start()
    try:
        scan(problem, request, outcome).run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.visited >= runs[0] > 0
    assert peak < 64 << 20
