"""The criterion engine against a visit of every input, and what it must not recognise."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from superproof.constructions import plain_pairwise_and
from superproof.verify.check import check
from superproof.verify.engines import plain_code
from superproof.verify.engines.criterion import plain_code as code_of
from superproof.verify.engines.criterion import weakest_points
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.engines.plain_network import UnrecognisedError, plain_network
from superproof.verify.engines.sparse import Sparse
from superproof.verify.errors import InputError
from superproof.verify.family import Family
from superproof.verify.network import Layer, Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax
from superproof.verify.specification import Specification

from ..plain_codes import random_problem

WAYS = ("product", "packed", "listed")


def choose(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Have overlaps counted in one of the three ways."""
    monkeypatch.setattr(plain_code, "FEW_OVERLAPS", 1 << 25 if way == "product" else -1)
    monkeypatch.setattr(plain_code, "PACKED_RATE", 1e30 if way == "packed" else 1e-30)


def by_definition(problem: Problem) -> tuple[bool, Fraction, set[bytes]]:
    """Whether every input of the domain is right, the margin, and the wrong inputs."""
    inputs, most = problem.network.input_size, problem.specification.domain.at_most
    points = np.array(
        [bits for bits in itertools.product((0, 1), repeat=inputs) if sum(bits) <= most],
        dtype=np.uint8,
    )
    margins, violated = problem.margins(points)
    wrong = {points[i].tobytes() for i in np.flatnonzero(violated.any(axis=1))}
    return not violated.any(), margins.min(), wrong


@pytest.mark.parametrize("way", WAYS)
def test_agrees_with_every_input(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, way)
    seen: Counter[str] = Counter()

    @settings(max_examples=300, deadline=None)
    @given(st.integers(0, 10**9), st.integers(1, 2))
    def agrees(seed: int, threads: int) -> None:
        problem = random_problem(seed)
        right, margin, wrong = by_definition(problem)
        outcome = Outcome()
        request = Request(margin=True, counterexamples=3, threads=threads)
        Sparse().decide(problem, request, outcome)
        assert outcome.status == ("holds" if right else "violated")
        assert outcome.margin == margin
        assert {point.tobytes() for point in outcome.points} <= wrong
        assert bool(outcome.points) != right
        seen[outcome.status] += 1

    agrees()
    assert min(seen["holds"], seen["violated"]) > 10


def test_check_replays_and_states_everything() -> None:
    statuses = set()
    for seed in range(60):
        problem = random_problem(seed)
        right, margin, _ = by_definition(problem)
        verdict = check(problem.network, problem.specification, engine="sparse", margin=True)
        assert verdict.holds == right
        assert verdict.margin == margin
        assert verdict.engine == "sparse"
        assert len(verdict.counterexamples) == (0 if right else 1)
        statuses.add(verdict.status)
    assert statuses == {"holds", "violated"}


@pytest.mark.parametrize("way", ["packed", "listed"])
def test_the_ways_of_counting_agree(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    # more than one vector of 512 inputs, a ragged end, and sets of every compiled depth
    for neurons, inputs, density in (
        (12, 70, 0.4),
        (50, 600, 0.9),
        (90, 1100, 0.95),
        (400, 513, 1),
    ):
        code = rng.random((neurons, inputs)) < density
        tuples = np.array([rng.choice(inputs, 2, replace=False) for _ in range(20)])
        for active in (0, 2, 4, 9):
            choose(monkeypatch, "product")
            slack, _ = weakest_points(code, tuples, active)
            choose(monkeypatch, way)
            found, worst = weakest_points(code, tuples, active)
            assert (found == slack).all()
            plain = code_of(code, tuples)
            for j, intruders in enumerate(worst):
                named = intruders[intruders >= 0]
                assert len(set(named.tolist()) - set(tuples[j].tolist())) == len(named)
                met = code[plain.shared.row(j)][:, named].sum()
                assert met == len(plain.shared.row(j)) - slack[j]


def test_auto_takes_the_criterion_first() -> None:
    built = plain_pairwise_and(60, [[2 * i, 2 * i + 1] for i in range(30)], 3)
    verdict = check(built.network, built.specification, count=True, margin=True)
    assert (verdict.status, verdict.engine, verdict.violations) == ("holds", "sparse", 0)
    assert verdict.margin == Fraction(1, 2)
    damaged = built.network.layers[1].bias.copy()
    damaged[7] += 1
    layers = (built.network.layers[0], replace(built.network.layers[1], bias=damaged))
    verdict = check(Network(layers), built.specification, count=True, counterexamples=5)
    # the criterion decides, and another engine counts
    assert verdict.tried[0].engine == "sparse"
    assert verdict.engine in ("enumerate", "tree")
    alone = check(Network(layers), built.specification, engine="enumerate", count=True)
    assert verdict.violations == alone.violations
    assert len(verdict.counterexamples) == 5


def one_neuron_each(damage: bool, outputs: int = 10_000) -> Problem:
    """One neuron an output; with 10,000 of them too large for every other engine."""
    inputs = 2 * outputs
    members = np.arange(inputs).reshape(outputs, 2)
    code = csr_array((np.ones(inputs), members.ravel(), 2 * np.arange(outputs + 1)))
    bias = np.full(outputs, -0.5)
    if damage:
        bias[[17, 99]] = 0.5, -1.5
    identity = csr_array((np.ones(outputs), np.arange(outputs), np.arange(outputs + 1)))
    network = Network.from_arrays([code, identity], [np.full(outputs, -1.0), bias])
    return Problem(
        network, Specification(inputs, family=Family("and", members), domain="at most 5")
    )


def test_large_problems_are_decided_with_reasons_for_what_is_missing() -> None:
    problem = one_neuron_each(damage=False)
    verdict = check(problem.network, problem.specification, margin=True, count=True)
    assert verdict.holds
    assert verdict.margin == Fraction(1, 2)
    assert verdict.violations == 0
    assert verdict.executions[0].guaranteed
    problem = one_neuron_each(damage=True)
    verdict = check(problem.network, problem.specification, count=True, counterexamples=9)
    assert verdict.status == "violated"
    assert verdict.violations is None
    assert any("without counting" in note for note in verdict.notes)
    wrong = [[n for n, o in e.outputs.items() if o.wrong] for e in verdict.counterexamples]
    # y17 is true whatever the input, y99 never
    assert wrong == [["y17"], ["y17", "y99"]]


def test_a_deadline_leaves_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = one_neuron_each(damage=False)
    monkeypatch.setattr("superproof.verify.engines.sparse.PIECE", 1.0)
    outcome = Outcome()
    Sparse().decide(problem, Request(margin=True, stop=lambda: True), outcome)
    assert (outcome.status, outcome.margin) == ("unknown", None)
    assert 0 < outcome.visited < 10_000
    assert outcome.notes == ["the margin was not finished: time limit"]


HIDDEN, OUT = np.array([[1.0, 1, 0], [1, 1, 1]]), np.array([[1.0, 1.0]])
BIAS, LEVEL = np.array([-1.0, -1.0]), np.array([-1.5])


def problem_of(
    hidden: np.ndarray = HIDDEN,
    bias: np.ndarray = BIAS,
    out: np.ndarray = OUT,
    formula: str = "x0 & x1",
    domain: object = "at most 2",
    kinds: tuple[str, str] = ("relu", "identity"),
) -> Problem:
    network = Network.from_arrays([hidden, out], [bias, LEVEL], kinds)
    return Problem(network, Specification(3, [formula], domain=domain))


def test_the_pattern_itself_is_recognised() -> None:
    for problem in (
        problem_of(),
        problem_of(formula="x1 & (x0 & x1)"),
        problem_of(domain="all"),
        problem_of(2 * HIDDEN, 2 * BIAS),
        problem_of(HIDDEN * [[1], [2]], BIAS * [1, 2], OUT * [[2, 1]]),
    ):
        assert plain_network(problem).code.tuples.row(0).tolist() in ([0, 1], [1, 0])


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (problem_of(domain="exactly 2"), "domain"),
        (problem_of(domain={"at_most": 2, "where": "x0 | x1 | x2 | ~x0"}), "domain"),
        (problem_of(domain={"at_most": 2, "one_hot": [["x0", "x1"]]}), "domain"),
        (problem_of(domain="within 1 of 000"), "domain"),
        (problem_of(domain={"points": ["110"]}), "domain"),
        (problem_of(domain={"at_most": 2, "values": [-1, 1]}), "other numbers"),
        (problem_of(kinds=("step", "identity")), "hidden relu"),
        (problem_of(kinds=("relu", "relu")), "hidden relu"),
        (problem_of(formula="x0 | x1"), "no AND"),
        (problem_of(formula="x0 & ~x1"), "no AND"),
        (problem_of(formula="x0 & true"), "no AND"),
        (problem_of(formula="x0 & x1 & x2"), "another size"),
        (problem_of(formula="x0"), "another size"),
        (problem_of(formula="x0 & x2"), "not all members"),
        (problem_of(bias=np.array([-1.0, 0.0])), "another size"),
        (problem_of(bias=np.array([-1.0, 1.0])), "whole number"),
        (problem_of(bias=np.array([-1.0, -1.5])), "whole number"),
        (problem_of(HIDDEN * [[1, 1, 1], [1, 1, 2]]), "neuron differ"),
        (problem_of(-HIDDEN, -BIAS), "not positive"),
        (problem_of(HIDDEN * [[1], [0]]), "without inputs"),
        (problem_of(out=np.array([[1.0, 2.0]])), "output differ"),
        (problem_of(out=-OUT), "not positive"),
        (problem_of(2 * HIDDEN * [[1], [2]], 2 * BIAS * [1, 2]), "output differ"),
    ],
)
def test_near_misses_are_left_to_other_engines(problem: Problem, words: str) -> None:
    with pytest.raises(UnrecognisedError, match=words):
        plain_network(problem)
    with pytest.raises(
        InputError, match=r"--engine sparse: not a plain code network.*--engine auto"
    ):
        check(problem.network, problem.specification, engine="sparse")
    assert check(problem.network, problem.specification).engine != "sparse"


def test_other_families_and_readouts_are_left() -> None:
    network = Network((Layer(np.eye(2), -np.ones(2), "relu"), Layer(np.eye(2), np.zeros(2))))
    members = np.array([[0], [1]])
    for specification, words in (
        (Specification(2, ["x0", "x1"], readout=Argmax()), "argmax"),
        (Specification(2, family=Family("or", members)), "ORs"),
    ):
        with pytest.raises(UnrecognisedError, match=words):
            plain_network(Problem(network, specification))
    wide = np.array([[2.0**60, 1.0]])
    network = Network((Layer(wide, np.zeros(1), "relu"), Layer(np.ones((1, 1)), np.zeros(1))))
    with pytest.raises(UnrecognisedError, match="neuron differ"):
        plain_network(Problem(network, Specification(2, ["x0"])))
    odd = Network.from_arrays([[[2**45 + 1]], [[2**45 + 1]]], [[0], [-1]])
    with pytest.raises(UnrecognisedError, match="too many digits"):
        plain_network(Problem(odd, Specification(1, ["x0"])))
