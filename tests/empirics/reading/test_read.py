"""Whole networks: what is read, its certificate, and what is said where there is none."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics.reading import target
from superproof.empirics.reading.dnf import equivalent
from superproof.empirics.reading.exceptions import exceptions, guess_intended
from superproof.empirics.reading.layers import read_stages
from superproof.empirics.reading.learn import Limits
from superproof.empirics.reading.output import SHORTEST, Reader
from superproof.empirics.reading.pattern import Pattern, pattern_task, patterns
from superproof.empirics.reading.read import LAYERED, OUTPUTS, read_network
from superproof.empirics.reading.target import Target
from superproof.empirics.tasks import Clause, random_cnf, random_dnf
from superproof.verify import recheck
from superproof.verify.certificate import write_certificate
from superproof.verify.check import check
from superproof.verify.engines.branching.cubes import cubes_of
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Levels
from superproof.verify.specification import Specification
from superproof.verify.verdict import Verdict

from .built import all_points, dnf_network, reads

BARE = Reader(certificates=False)


def test_a_reading_comes_with_an_accepted_certificate(tmp_path: Path) -> None:
    task = random_dnf(14, 4, 3, 3, mixed=True)
    network = dnf_network(14, task.clauses, copies=2)
    path = tmp_path / "certificate"
    found = read_network(network, certificate=path)
    assert found.complete
    one = found.outputs[0]
    assert (one.kind, one.static, one.usage.verify) == ("dnf", True, 1)
    assert equivalent(one.clauses, task.clauses)
    assert found.specification is not None
    problem = Problem(network, found.specification)
    assert recheck.recheck(problem.canonical(), path.read_bytes()).startswith("holds")
    assert found.accepted.startswith("holds")
    data = found.to_json()
    assert data["complete"] is True
    assert data["formula"] == {"y0": str(one.formula)}
    assert data["exceptions"] == {"y0": []}
    # without a file the certificate is made and checked all the same
    again = read_network(network)
    assert again.complete
    assert again.certificate is not None
    assert again.certificate.path is None


def test_a_specification_is_compared_and_not_used() -> None:
    task = random_dnf(10, 3, 3, 1, mixed=True)
    network = dnf_network(10, task.clauses)
    right = read_network(network, task.specification, reader=BARE)
    assert right.outputs[0].as_specified is True
    assert not right.complete  # nobody asked for a certificate
    other = random_dnf(10, 3, 3, 2, mixed=True)
    wrong = read_network(network, other.specification, reader=BARE).outputs[0]
    assert wrong.as_specified is False
    assert equivalent(wrong.clauses, task.clauses)
    # where the specification fails, exactly
    assert wrong.exceptions is not None
    verdict = check(network, other.specification, count=True, dtypes=())
    assert wrong.exceptions.violations == verdict.violations


def test_a_cnf_is_read_as_one() -> None:
    task = random_cnf(12, 4, 3, 0, mixed=True)
    first, second = dnf_network(12, task.opposite.clauses).layers
    network = Network.from_arrays([first.weight, -second.weight], [first.bias, -second.bias])
    one = read_network(network, reader=BARE).outputs[0]
    assert one.kind == "cnf"
    assert equivalent(one.clauses, task.opposite.clauses)
    assert str(one.formula).count("&") == 3
    assert one.codes is not None
    assert [row.size for row in one.codes.rows] == [1, 1, 1, 1]


def test_a_pattern_anywhere_is_named() -> None:
    task = pattern_task(10, "1?01")
    network = dnf_network(10, task.clauses)
    one = read_network(network, reader=BARE).outputs[0]
    assert one.patterns == (Pattern("1?01", 0, 6),)
    assert str(one.patterns[0]) == "'1?01' beginning anywhere from input 0 to 6"
    found, rest = patterns([*task.clauses, ((0, True), (9, True))])
    assert (found, rest) == (one.patterns, (((0, True), (9, True)),))
    assert patterns(task.clauses[:2]) == ((), task.clauses[:2])
    for wrong, why in (("?1", "0, 1 and inner"), ("12", "0, 1 and inner"), ("1" * 11, "not fit")):
        with pytest.raises(InputError, match=why):
            pattern_task(10, wrong)


def test_several_outputs_and_read_outs() -> None:
    first, _ = dnf_network(8, (((0, True), (1, True)), ((2, True), (3, False)))).layers
    network = Network.from_arrays([first.weight, np.eye(2)], [first.bias, [-0.5, -0.5]])
    found = read_network(network, Specification(8, {"a": None, "b": None}))
    assert found.complete
    assert [str(one.formula) for one in found.outputs] == ["x0 & x1", "x2 & ~x3"]
    levels = Specification(8, {"a": None, "b": None}, readout=Levels(0.5, -0.5))  # type: ignore[arg-type]
    assert read_network(network, levels).complete
    high = Specification(8, {"a": None, "b": None}, readout=Levels(1, -0.5))  # type: ignore[arg-type]
    between = read_network(network, high)
    assert not between.complete
    assert between.outputs[0].why.startswith("the output reads as neither true nor false at")
    assert between.to_json()["formula"] == {"a": None, "b": None}


def test_argmax_is_read_and_ties_are_no_formula() -> None:
    network = Network.from_arrays([np.eye(3), [[1, 0, 0], [0, 1, 0.5]]], [[0, 0, 0], [0.25, 0]])
    spec = Specification(3, {"a": None, "b": None}, readout="argmax")
    found = read_network(network, spec)
    assert found.complete
    assert found.specification is not None
    at = {"x0": True, "x1": True, "x2": False}
    truth = [formula.evaluate(at) for formula in found.specification.formulas]
    assert truth == [True, False]
    tie = Network.from_arrays([np.eye(2)], [[0, 0]])
    open_ = read_network(tie, Specification(2, {"a": None, "b": None}, readout="argmax"))
    assert not open_.complete
    assert open_.certificate is not None
    assert "some input reads as neither" in open_.certificate.content


def scattered(seed: int = 0) -> tuple[Network, tuple[Clause, ...]]:
    """A network of three clauses with noise that makes many scattered errors."""
    task = random_dnf(10, 3, 3, seed, disjoint=True)
    rng = np.random.default_rng(seed)
    first, second = dnf_network(10, task.clauses).layers
    weight = np.concatenate([first.weight, rng.normal(size=(6, 10))])
    bias = np.concatenate([first.bias, rng.normal(size=6) - 1.5])
    last = np.concatenate([second.weight, 0.35 * rng.choice([-1.0, 1.0], (1, 6))], axis=1)
    return Network.from_arrays([weight, last], [bias, second.bias]), task.clauses


def test_errors_are_exact_cubes_beside_the_intended_formula() -> None:
    network, _ = scattered()
    spec = Specification(10, {"y0": random_dnf(10, 3, 3, 0, disjoint=True).formula})
    found = read_network(network, spec, reader=Reader(Limits(clauses=4)))
    one = found.outputs[0]
    assert one.kind == "exceptions"
    assert found.complete
    wrong = one.exceptions
    assert wrong is not None
    assert wrong.given
    assert wrong.complete
    points = all_points(10)
    said = spec.expected(points)[:, 0]
    real = reads(network, points)
    assert wrong.violations == int((said != real).sum()) > 0
    covered = np.zeros(len(points), dtype=int)
    for cube in wrong.cubes:
        inside = np.all([points[:, i] == sign for i, sign in cube.literals], axis=0)
        assert inside.sum() == cube.size
        assert (real[inside] == cube.reads).all()
        covered += inside
    assert (covered == (said != real)).all()
    for loss, clause in zip(wrong.losses, spec.formulas[0].clauses(), strict=True):
        (cube_,) = cubes_of(clause, spec.domain.index, 1) or [{}]
        inside = np.all([points[:, i] == v for i, v in cube_.items()], axis=0)
        assert (loss.size, loss.wrong) == (inside.sum(), (inside & ~real).sum())
    # the formula that is handed over is the network, errors and all
    assert found.specification is not None
    assert (found.specification.expected(points)[:, 0] == real).all()
    assert len(found.to_json()["exceptions"]["y0"]) == len(wrong.cubes)


def test_the_intended_formula_is_guessed_where_none_is_given() -> None:
    network, clauses = scattered(1)
    target = Target.of(network, Specification(10, {"y0": None}), 0)
    guessed = guess_intended(target, clauses)
    assert set(clauses) <= set(guessed)
    found = read_network(network, reader=Reader(Limits(clauses=4)))
    assert found.outputs[0].exceptions is not None
    assert not found.outputs[0].exceptions.given


def test_no_formula_is_given_that_is_not_proved() -> None:
    network, _ = scattered(2)
    target = Target.of(network, Specification(10, {"y0": None}), 0)
    short = exceptions(target, random_dnf(10, 3, 3, 2, disjoint=True).formula, given=True, cubes=1)
    assert short is not None
    assert not short.complete
    assert short.losses == ()
    # the count needs no list
    points = all_points(10)
    other = random_dnf(10, 3, 3, 2, disjoint=True).specification.expected(points)[:, 0]
    assert short.total == int((other != reads(network, points)).sum()) > short.violations
    rng = np.random.default_rng(3)
    wide = Network.from_arrays(
        [rng.normal(size=(40, 30)), rng.normal(size=(1, 40))], [rng.normal(size=40), [0.0]]
    )
    found = read_network(wide, reader=Reader(Limits(clauses=5, timeout=2.0)))
    assert not found.complete
    one = found.outputs[0]
    assert (one.kind, one.formula) == ("unknown", None)
    assert one.guess is not None
    assert one.why
    assert found.certificate is None
    assert found.to_json()["formula"] == {"y0": None}


def test_stacked_layers_are_read_one_by_one() -> None:
    # ANDs of inputs, then ORs of those as 1 - relu(1 - sum), then an AND of these
    pairs = np.zeros((4, 8))
    for r in range(4):
        pairs[r, [2 * r, 2 * r + 1]] = 1
    ors = -np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    network = Network.from_arrays([pairs, ors, [[-1.0, -1.0]]], [[-1] * 4, [1, 1], [0.5]])
    found = read_network(network)
    assert found.complete
    assert [stage.last for stage in found.stages] == [0, 1]
    expected = [f"x{2 * r} & x{2 * r + 1}" for r in range(4)]
    assert [str(formula) for formula in found.stages[0].formulas] == expected
    assert [str(f) for f in found.stages[1].formulas] == ["~h0_0 & ~h0_1", "~h0_2 & ~h0_3"]
    one = found.outputs[0]
    assert one.kind == "layers"
    # neurons that count need no question; each stage is asked to be Boolean, ORs are read, and
    # the output is asked about over the last units and as a whole
    assert [stage.usage.verify for stage in found.stages] == [1, 1]
    assert one.usage.verify == 2
    points = all_points(8)
    assert found.specification is not None
    assert (found.specification.expected(points)[:, 0] == reads(network, points)).all()
    assert found.to_json()["stages"][0]["units"]["h0_1"] == "x2 & x3"


def test_what_layers_prove_stands_where_the_whole_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = target.decided

    def slow(problem: Problem, timeout: float | None, threads: int | None) -> Verdict:
        verdict = real(problem, timeout, threads)
        return replace(verdict, status="unknown") if len(problem.network.layers) > 2 else verdict

    monkeypatch.setattr(target, "decided", slow)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(3, 5)), rng.normal(size=(3, 3)), rng.normal(size=(1, 3))]
    biases = [rng.normal(size=3), rng.normal(size=3), [0.1]]
    points = all_points(5)
    for kind in ("step", "relu"):
        network = Network.from_arrays(weights, biases, [kind, kind, "identity"])
        path = tmp_path / "certificate"
        write_certificate(
            Problem(dnf_network(3, ()), Specification(3, {"y0": "false"})),
            check(dnf_network(3, ()), Specification(3, {"y0": "false"}), dtypes=()),
            path,
        )
        assert path.is_file()
        found = read_network(network, certificate=path)
        one = found.outputs[0]
        assert not found.complete
        assert not path.exists()  # an older one is not left behind
        if kind == "relu":  # without stages nothing is proved
            assert (one.kind, one.formula) == ("unknown", None)
            continue
        assert (one.kind, one.why) == ("layers", "")
        assert found.certificate is not None
        assert found.certificate.content == LAYERED
        assert found.specification is not None
        assert (found.specification.expected(points)[:, 0] == reads(network, points)).all()
        assert read_network(network).certificate == found.certificate


def test_steps_are_boolean_and_other_relus_are_read_through() -> None:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(3, 5)), rng.normal(size=(3, 3)), rng.normal(size=(1, 3))]
    biases = [rng.normal(size=3), rng.normal(size=3), [0.1]]
    points = all_points(5)
    for kind, stages in (("step", 2), ("relu", 0)):
        network = Network.from_arrays(weights, biases, [kind, kind, "identity"])
        found = read_network(network)
        assert found.complete
        assert len(found.stages) == stages
        assert found.specification is not None
        assert (found.specification.expected(points)[:, 0] == reads(network, points)).all()


def test_too_many_outputs_are_refused() -> None:
    many = Network.from_arrays([np.zeros((OUTPUTS + 1, 2))])
    with pytest.raises(InputError, match="the network has 257 outputs; up to 256 are read"):
        read_network(many)


def test_seconds_are_for_all_outputs_together() -> None:
    reader = Reader(Limits(timeout=8.0))
    assert reader.within(None, 4) is reader
    share = reader.within(time.monotonic() + 8.0, 4).limits.timeout
    assert share is not None
    assert 1.9 < share <= 2.0
    assert reader.within(time.monotonic() - 1.0, 4).limits.timeout == SHORTEST


def test_layers_are_not_read_one_by_one_after_their_time() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(3, 5)), rng.normal(size=(1, 3))
    network = Network.from_arrays(
        [first, np.eye(3), second], [np.zeros(3), np.zeros(3), [0.0]], ["step", "step", "identity"]
    )
    specification = Specification(5, {"y0": None})
    assert len(read_stages(network, specification, Reader())) == 2
    assert read_stages(network, specification, Reader(Limits(timeout=1e-9))) == ()
