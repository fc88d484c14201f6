"""Each scan by itself against the Fraction oracle, on domains that other engines would take."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify.engines import table_scan
from superproof.verify.engines.batch_scan import BatchScan
from superproof.verify.engines.device_scan import DeviceScan
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.engines.table_scan import TableScan
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Threshold
from superproof.verify.specification import Specification

from ... import strategies
from ...oracles import fraction_oracle as oracle

EVERYTHING = Request(count=True, margin=True, counterexamples=1000, device="cpu")
SHORT = Request(device="cpu")
SCANS = (TableScan, BatchScan, DeviceScan)
Scan = Callable[[Problem, Request, Outcome], TableScan | BatchScan | DeviceScan]

profile = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def unlisted(problem: Problem) -> Problem:
    """The problem without a list of points and without argmax, which grids do not serve."""
    spec = problem.specification
    readout = Threshold() if isinstance(spec.readout, Argmax) else spec.readout
    domain = dataclasses.replace(spec.domain, points=None)
    return Problem(
        problem.network, Specification(spec.inputs, spec.formulas, domain=domain, readout=readout)
    )


def shallow(problem: Problem) -> Problem:
    """The same with activations that the tables serve: at most one hidden layer, then identity."""
    layers = problem.network.layers
    hidden = ["step" if layer.activation == "step" else "relu" for layer in layers[:-1]]
    network = Network.from_arrays(
        [layer.weight for layer in layers],
        [layer.bias for layer in layers],
        [*hidden, "identity"],
    )
    return unlisted(Problem(network, problem.specification))


def outcome_of(scan: Scan, problem: Problem, request: Request) -> Outcome | None:
    """What the scan says; None where a step network does not fit the tables."""
    outcome = Outcome()
    running = scan(problem, request, outcome)
    if isinstance(running, TableScan) and not running.usable:
        return None
    running.run()
    return outcome


def compare(scan: Scan, problem: Problem) -> None:
    """Everything that can be asked, then the plain question."""
    truth = oracle.answer(problem)
    full = outcome_of(scan, problem, EVERYTHING)
    if full is None:
        return
    assert full.status == truth.status
    assert full.visited == full.domain_size == truth.domain_size
    assert full.violations == truth.violations
    assert full.by_output == list(truth.violations_by_output)
    assert full.margin == truth.margin
    found = [oracle.text(tuple(point)) for point in full.points]
    assert sorted(found) == sorted(truth.violating)
    short = outcome_of(scan, problem, SHORT)
    assert short is not None
    assert short.status == truth.status
    assert len(short.points) == (truth.status == "violated")
    assert {oracle.text(tuple(point)) for point in short.points} <= truth.violating


@settings(profile, max_examples=300)
@given(strategies.problems(max_hidden=1).map(shallow))
def test_tables_agree_with_the_oracle(problem: Problem) -> None:
    assert table_scan.suits(problem)
    compare(TableScan, problem)


@settings(profile, max_examples=200)
@given(strategies.problems())
def test_batches_agree_with_the_oracle(problem: Problem) -> None:
    compare(BatchScan, problem)


@settings(profile, max_examples=200)
@given(strategies.problems().map(unlisted))
def test_the_device_agrees_with_the_oracle(problem: Problem) -> None:
    pytest.importorskip("torch")
    compare(DeviceScan, problem)


@st.composite
def floating_steps(draw: st.DrawFn) -> Problem:
    """Step neurons that sit exactly on their jump at some inputs, too wide for exact floats."""
    count, hidden = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    # 1 + 2**-52 and its multiples: sums need more than 53 bits
    numbers = st.sampled_from([0.0, 1.0, -1.0, 1 + 2.0**-52, -1 - 2.0**-52, 2.0**-60, 3.0])

    def matrix(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        return np.array(draw(st.lists(numbers, min_size=size, max_size=size))).reshape(shape)

    network = Network.from_arrays(
        [matrix(hidden, count), matrix(1, hidden)],
        [matrix(hidden), matrix(1)],
        ["step", "identity"],
    )
    over = tuple(f"x{i}" for i in range(count))
    readout = Threshold(draw(st.sampled_from((Fraction(0), Fraction(1, 3), Fraction(2)))))
    return Problem(network, Specification(over, [draw(strategies.formulas(over))], readout=readout))


@pytest.mark.parametrize("scan", SCANS)
def test_step_neurons_on_their_jump(scan: Scan) -> None:
    """The float filter loses such inputs; the least margin may lie elsewhere."""
    if scan is DeviceScan:
        pytest.importorskip("torch")

    @settings(profile, max_examples=100)
    @given(floating_steps())
    def agrees(problem: Problem) -> None:
        compare(scan, problem)

    agrees()


def _wide() -> Problem:
    """Twelve inputs, float32 weights, wrong on a part of the inputs."""
    random = np.random.default_rng(5)
    network = Network.from_arrays(
        [random.normal(size=s).astype(np.float32) for s in ((6, 12), (2, 6))],
        [random.normal(size=s).astype(np.float32) for s in (6, 2)],
    )
    return Problem(network, Specification(12, ["x0 | x1", "x2 & x3"]))


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("threads", [1, 3])
def test_several_runs_of_rows_and_threads(
    scan: Scan, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if scan is DeviceScan:
        pytest.importorskip("torch")
    monkeypatch.setattr(table_scan, "RUN", 256)
    problem = _wide()
    truth = oracle.answer(problem)
    seen: list[tuple[int, int]] = []
    request = dataclasses.replace(
        EVERYTHING, threads=threads, progress=lambda done, total: seen.append((done, total))
    )
    outcome = outcome_of(scan, problem, request)
    assert outcome is not None
    assert outcome.violations == truth.violations
    assert outcome.margin == truth.margin
    assert len(outcome.points) == min(truth.violations, request.counterexamples)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("wanted", [1, 5])
def test_as_many_counterexamples_as_asked(scan: Scan, wanted: int) -> None:
    if scan is DeviceScan:
        pytest.importorskip("torch")
    problem = _wide()
    truth = oracle.answer(problem)
    request = Request(counterexamples=wanted, device="cpu")
    outcome = outcome_of(scan, problem, request)
    assert outcome is not None
    assert outcome.status == "violated"
    found = {oracle.text(tuple(point)) for point in outcome.points}
    assert len(outcome.points) >= len(found) == wanted
    assert found <= truth.violating


@pytest.mark.parametrize("scan", SCANS)
def test_a_deadline_in_the_past_leaves_everything_open(scan: Scan) -> None:
    if scan is DeviceScan:
        pytest.importorskip("torch")
    request = dataclasses.replace(EVERYTHING, deadline=time.monotonic() - 1)
    outcome = outcome_of(scan, _wide(), request)
    assert outcome is not None
    assert outcome.status == "unknown"
    assert (outcome.violations, outcome.by_output, outcome.margin) == (None, None, None)
    assert outcome.domain_size is None
    assert "after 0 inputs" in outcome.detail
    for asked in ("count", "margin"):
        assert f"the {asked} was not finished: time limit" in outcome.notes


@pytest.mark.parametrize("margin_only", [True, False])
def test_a_deadline_between_scan_and_margin(
    margin_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count of a finished scan stands when the margin runs out of time."""
    problem = _wide()
    truth = oracle.answer(problem)
    request = dataclasses.replace(EVERYTHING, count=not margin_only)
    outcome = Outcome()
    monkeypatch.setattr(Request, "expired", lambda self: outcome.violations is not None)
    TableScan(problem, request, outcome).run()
    assert (outcome.status, outcome.violations) == (truth.status, truth.violations)
    assert outcome.margin is None
    (note,) = outcome.notes
    # what the counterexamples show
    assert note.startswith("the margin was not finished: time limit; it is at most -")


def test_the_device_refuses_what_it_cannot_enumerate() -> None:
    pytest.importorskip("torch")
    network = Network.from_arrays([np.eye(2)], [np.zeros(2)])
    argmax = Specification(2, ["x0 & ~x1", "x1 & ~x0"], readout=Argmax())
    with pytest.raises(InputError, match="argmax"):
        DeviceScan(Problem(network, argmax), SHORT, Outcome())
    plain = Specification(2, ["x0", "x1"])
    missing = dataclasses.replace(SHORT, device="no such device")
    with pytest.raises(InputError, match="--device no such device"):
        DeviceScan(Problem(network, plain), missing, Outcome())


def test_many_dense_outputs_go_through_matrix_products() -> None:
    ones = np.ones((1, 30), dtype=np.int64)
    hidden = np.repeat(ones, 200, axis=0)
    few = Network.from_arrays([hidden, np.ones((1, 200), dtype=np.int64)])
    many = Network.from_arrays([hidden, np.ones((500, 200), dtype=np.int64)])
    for network, expected in ((few, True), (many, False)):
        outputs = {f"y{i}": "x0" for i in range(network.output_size)}
        problem = Problem(network, Specification(30, outputs, domain="at most 2"))
        assert table_scan.suits(problem) is expected
