"""The compared engines agree, and the rounded rows that some of them are given are sound."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import engine_tables, worker
from benchmarks.peers import PEERS
from benchmarks.peers.answer import Limit
from benchmarks.peers.linear import LinearNetwork, NotEncodableError, Row, linear_network
from benchmarks.problem_set import Instance, instances
from benchmarks.records import DisagreementError, Record, Results, compare, geometric_mean
from benchmarks.worker import Worker
from superproof import Network, Specification, check
from superproof.verify.problem import Problem

SET = {instance.name: instance for instance in instances()}
SMALLEST = (
    "trained-8-8-s0",
    "trained-8-8-s0-q8",
    "violated-16-8-s0",
    "pairs-16-16",
)
#: These share a process with everything else; solvers of other people get one each.
INSIDE = [name for name, peer in PEERS.items() if peer.package is None]
OUTSIDE = [name for name, peer in PEERS.items() if peer.package is not None]


def truth(instance: Instance) -> str:
    problem = instance.build()
    return check(problem.network, problem.specification, engine="enumerate").status


@pytest.mark.parametrize("engine", INSIDE)
def test_engines_agree_with_enumeration(engine: str) -> None:
    decide = PEERS[engine].load()
    for name in SMALLEST:
        assert decide(SET[name].build(), Limit(30.0)).status == truth(SET[name])


@pytest.mark.parametrize("engine", OUTSIDE)
def test_other_solvers_agree_with_enumeration(engine: str) -> None:
    missing = PEERS[engine].missing()
    if missing:
        pytest.skip(missing)
    process = Worker(engine, 0)
    try:
        for name in SMALLEST[:3]:
            reply = process.ask(name, 10.0, 1.0, 1, 1)
            # a solver in floating point may give up, but these it must not get wrong
            allowed = {truth(SET[name])} | ({"unknown"} if not PEERS[engine].exact else set())
            assert reply["status"] in allowed, reply
    finally:
        process.close()


def test_a_worker_that_hangs_is_killed_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Worker("tree", 0)
    try:
        assert process.process.poll() is None
        with monkeypatch.context() as patch:
            patch.setattr(worker, "_read", lambda process, seconds: None)
            reply = process.ask(SMALLEST[0], 5.0, 1.0, 1, 1)
        assert (reply["status"], reply["seconds"]) == ("unknown", 5.0)
        assert process.ask(SMALLEST[0], 5.0, 1.0, 1, 2)["status"] == "holds"
    finally:
        process.close()


def possibly_wrong(rows: LinearNetwork, points: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """What a solver would search for, point by point in Python integers."""

    def value(row: Row, unknowns: dict[int, int]) -> int:
        return row.constant + sum(c * unknowns[u] for u, c in row.coefficients.items())

    answers = []
    for bits, true in zip(points, expected, strict=True):
        unknowns = dict(enumerate(map(int, bits)))
        for neuron in rows.neurons:
            z = value(neuron.row, unknowns)
            assert neuron.row.low <= z <= max(neuron.row.high, 0)
            unknowns[neuron.unknown] = max(z, 0) // neuron.divisor
            assert unknowns[neuron.unknown] <= neuron.greatest
        output = value(rows.output, unknowns)
        answers.append(output <= rows.at_most if true else output >= rows.at_least)
    return np.array(answers)


@pytest.mark.parametrize("hidden", [(), (5,), (4, 4), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("bits", [2, 4, 8, 14, None])
def test_rounded_rows_keep_every_wrong_input(hidden: tuple[int, ...], bits: int | None) -> None:
    points = (np.arange(64)[:, None] >> np.arange(6) & 1).astype(np.uint8)
    spec = Specification(6, ["x0 & x1 | ~x2 & x3 | x4 & ~x5"])
    expected = spec.expected(points)[:, 0]
    for seed in range(30):
        rng = np.random.default_rng([seed, len(hidden)])
        sizes = (6, *hidden, 1)
        kind = np.int64 if bits is None else np.float32
        weights, biases = [], []
        for below, above in itertools.pairwise(sizes):
            draw = rng.normal(size=(above, below + 1)) * (4 if bits is None else 1)
            draw[rng.random(draw.shape) < 0.2] = 0
            weights.append(draw[:, :-1].astype(kind))
            biases.append(draw[:, -1].astype(kind))
        problem = Problem(Network.from_arrays(weights, biases), spec)
        wrong = problem.margins(points)[1][:, 0]
        rows = linear_network(problem, bits)
        kept = possibly_wrong(rows, points, expected)
        assert kept[wrong].all()
        if rows.exact:
            assert (kept == wrong).all()
        if bits is None:
            assert rows.exact


def test_rows_that_do_not_fit_are_refused() -> None:
    network = Network.from_arrays([np.array([[2.0**70, 1.0]])], [np.array([0.0])])
    with pytest.raises(NotEncodableError):
        linear_network(Problem(network, Specification(2, ["x0"])), None)


def record(**changes: object) -> Record:
    """A record of an engine that found 'holds'."""
    made = Record(
        key="k",
        name="trained-16-16-s0",
        family="trained",
        shape="16-16",
        inputs=16,
        seed=0,
        count=False,
        engine="tree",
        timeout=10.0,
        threads=1,
        status="holds",
        violations=None,
        seconds=0.5,
        cpu_seconds=0.5,
        runs=(0.5,),
        nodes=3,
        detail="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_disagreement_is_an_error() -> None:
    compare([record(), record(engine="z3"), record(engine="cp-sat", status="unknown")])
    with pytest.raises(DisagreementError, match=r"tree: holds, z3: violated"):
        compare([record(), record(engine="z3", status="violated")])
    with pytest.raises(DisagreementError, match=r"tree: 3, enumerate: 4"):
        compare(
            [
                record(status="violated", violations=3),
                record(engine="enumerate", status="violated", violations=4),
            ]
        )
    # floating point proves nothing: such an answer is reported, and does not end the run
    inexact = [record(), record(engine="marabou", status="violated")]
    compare(inexact)
    assert engine_tables.mistakes(inexact) == [
        "marabou (floating point) says 'violated' of trained-16-16-s0: wrong"
    ]


def test_unfinished_decisions_count_with_what_they_had() -> None:
    late = record(seconds=30.0, cpu_seconds=29.0, timeout=60.0)
    assert late.decided(60)
    assert late.time(60) == 29
    assert not late.decided(10)
    assert late.time(10) == 10
    # on a busy machine it did not have the whole limit: only what it had is a lower bound
    assert record(status="unknown", seconds=10.1, cpu_seconds=4.0).time(10) == 4
    assert record(status="refused", seconds=0.0, cpu_seconds=0.0).time(10) == 10
    # processor time adds up over threads, so with several the wall time counts
    assert record(seconds=2.0, cpu_seconds=3.5, threads=2).time(10) == 2
    # a count that was asked for and not finished is not a decision
    assert not record(status="violated", count=True).decided(10)
    assert geometric_mean([1.0, 100.0]) == pytest.approx(10)


def test_results_survive_and_are_not_measured_twice(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Results(path).add(record())
    Results(path).add(record(engine="z3", status="unknown", cpu_seconds=10.0))
    again = Results(path)
    assert again.of("k") == [record(), record(engine="z3", status="unknown", cpu_seconds=10.0)]
    assert again.has("k", "tree", 60)
    assert again.has("k", "z3", 10)
    assert not again.has("k", "z3", 60)
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2


def test_ratio_of_engines() -> None:
    records = [
        record(engine="auto", cpu_seconds=0.01),
        record(engine="z3", status="unknown", cpu_seconds=10.0),
        record(engine="z3-rounded", cpu_seconds=2.0),
        record(engine="cp-sat", cpu_seconds=1.0),
    ]
    grid = engine_tables.ratios(records, ["auto", "z3", "z3-rounded", "cp-sat"], 10)
    rows = {row[0]: row[1:] for row in grid.rows}
    assert rows["best of z3 / auto, trained"] == ["1", "0", "200", "200"]
    assert rows["z3 / auto, trained"] == ["1", "1", ">1,000", "1,000"]
    assert rows["cp-sat / auto, trained"] == ["1", "0", "100", "100"]
