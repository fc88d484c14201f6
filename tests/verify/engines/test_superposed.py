"""Networks in superposition: the complete criteria against evaluation of every sparse input."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.check import check
from superproof.verify.engines.engine import DeadlineError, Outcome, Request
from superproof.verify.engines.plain_network import UnrecognisedError
from superproof.verify.engines.superposed import Superposed, form_in_reach
from superproof.verify.engines.superposition import search, triples
from superproof.verify.engines.superposition.form import superposed_form
from superproof.verify.engines.superposition.record import ranks
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Levels, Threshold
from superproof.verify.specification import Specification

from ...oracles.agreement import disagreements, short_disagreements
from ...oracles.fraction_oracle import answer


def network(
    code: np.ndarray, middle: np.ndarray, decoder: np.ndarray, offset: Any = 0.0, scale: float = 1.0
) -> Network:
    neurons, outputs = len(code), len(decoder)
    return Network.from_arrays(
        [code * scale, middle, decoder],
        [np.full(neurons, -scale), np.zeros(len(middle)), np.broadcast_to(offset, outputs) + 0.0],
        ["relu", "identity", "identity"],
    )


def pairs_of(inputs: int, outputs: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    every = list(itertools.combinations(range(inputs), 2))
    return [every[k] for k in rng.integers(0, len(every), outputs)]


def specification(inputs: int, pairs: list[tuple[int, int]], active: int, readout: Any = 0) -> Any:
    formulas = [f"x{a} & x{b}" for a, b in pairs]
    return Specification(inputs, formulas, domain={"at_most": active}, readout=readout)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Mostly networks that are nearly right: one neuron a pair, disturbed, or a few neurons."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    inputs = draw(st.integers(2, 7))
    active = draw(st.integers(0, min(5, inputs)))
    outputs = draw(st.integers(1, 4))
    pairs = pairs_of(inputs, outputs, rng)
    if draw(st.booleans()):
        every = list(itertools.combinations(range(inputs), 2))
        code = np.zeros((len(every), inputs))
        for i, pair in enumerate(every):
            code[i, list(pair)] = 1
        size = draw(st.sampled_from([1, 3, 40]))
        middle = size * np.eye(len(every)) + rng.integers(-1, 2, (len(every), len(every)))
        decoder = np.array([[float(pair == other) for other in every] for pair in pairs])
    else:
        neurons = draw(st.integers(1, 8))
        code = (rng.random((neurons, inputs)) < draw(st.sampled_from([0.3, 0.6]))).astype(float)
        middle = rng.integers(-9, 10, (draw(st.integers(1, 4)), neurons)).astype(float)
        decoder = rng.choice([-1.0, 1.0], (outputs, len(middle)))
    unit = draw(st.sampled_from([1.0, 0.25, 2.0**40, 2.0**-70]))
    size = float(np.abs(decoder @ middle).max())
    offset = draw(st.sampled_from([0.0, -0.5, -1.0, -size / 2])) * unit
    if draw(st.booleans()):
        offset = offset + unit * rng.integers(-2, 3, outputs)
    built = network(code, middle * unit, decoder, offset, draw(st.sampled_from([1.0, 0.5])))
    levels = [Fraction(0), Fraction(1, 3), Fraction(unit)]
    low = draw(st.sampled_from(levels))
    gap = draw(st.sampled_from([Fraction(0), Fraction(1, 7), Fraction(unit)]))
    readout = Levels(low + gap, low) if gap else Threshold(low)
    return Problem(built, specification(inputs, pairs, active, readout))


@settings(max_examples=150, deadline=None)
@given(problems())
def test_agrees_with_the_oracle(problem: Problem) -> None:
    truth = answer(problem)
    assert disagreements(problem, "superposed", truth) == []
    assert short_disagreements(problem, "superposed", truth) == []


@settings(max_examples=60, deadline=None)
@given(problems(), st.booleans(), st.booleans())
def test_a_part_of_the_questions_gets_the_same_answers(
    problem: Problem, count: bool, margin: bool
) -> None:
    truth = answer(problem)
    outcome = Outcome()
    Superposed().decide(problem, Request(count=count, margin=margin, threads=2), outcome)
    assert ("violated" if outcome.points else outcome.status) == truth.status
    if count:
        assert (outcome.violations, outcome.by_output) == (
            truth.violations,
            list(truth.violations_by_output),
        )
    if margin:
        assert outcome.margin == truth.margin


@settings(max_examples=40, deadline=None)
@given(problems())
def test_small_budgets_and_buffers_change_nothing(problem: Problem) -> None:
    kept = search.BUDGET, search.ROOM, triples.ROOM, triples.TRIPLES
    try:
        search.BUDGET, search.ROOM, triples.ROOM, triples.TRIPLES = 3, 8, 1, 1
        assert disagreements(problem, "superposed", answer(problem)) == []
    finally:
        search.BUDGET, search.ROOM, triples.ROOM, triples.TRIPLES = kept


def right_network(inputs: int, active: int, outputs: int = 3) -> Problem:
    """One neuron a pair, so exact at every number of active inputs."""
    every = list(itertools.combinations(range(inputs), 2))
    code = np.zeros((len(every), inputs))
    for i, pair in enumerate(every):
        code[i, list(pair)] = 1
    pairs = [every[k] for k in np.random.default_rng(0).permutation(len(every))[:outputs]]
    decoder = np.array([[float(pair == other) for other in every] for pair in pairs])
    built = network(code, np.eye(len(every)), decoder, -0.5)
    return Problem(built, specification(inputs, pairs, active))


@pytest.mark.parametrize("active", [2, 3, 4])
def test_auto_decides_what_nobody_could_enumerate(active: int) -> None:
    problem = right_network(40, active)
    verdict = check(problem.network, problem.specification, margin=True, count=True)
    assert (verdict.status, verdict.engine) == ("holds", "superposed")
    assert (verdict.margin, verdict.violations) == (Fraction(1, 2), 0)


@pytest.mark.parametrize("active", [2, 3, 4])
def test_one_wrong_weight_is_found_and_counted(active: int) -> None:
    problem = right_network(30, active, 1)
    decoder = problem.network.layers[2].weight.copy()
    wrong = int(np.flatnonzero(decoder[0] == 0)[0])
    decoder[0, wrong] = 1
    first, middle, _ = problem.network.layers
    built = network(np.asarray(first.weight), np.asarray(middle.weight), decoder, -0.5)
    verdict = check(built, problem.specification, count=True, counterexamples=10**4)
    assert (verdict.status, verdict.engine) == ("violated", "superposed")
    a, b = np.flatnonzero(np.asarray(first.weight)[wrong])
    members = problem.specification.formulas[0].names()
    for example in verdict.counterexamples:
        assert example.bits[a]
        assert example.bits[b]
        assert not all(example.assignment[name] for name in members)
    assert verdict.violations == len(verdict.counterexamples)


def test_families_and_formulas_are_the_same_problem() -> None:
    from superproof.verify.family import Family

    problem = right_network(9, 3)
    rows = [[int(n[1:]) for n in f.names()] for f in problem.specification.formulas]
    family = Specification(9, family=Family("and", np.array(rows)), domain={"at_most": 3})
    forms = [superposed_form(problem), superposed_form(Problem(problem.network, family))]
    assert np.array_equal(forms[0].pairs, forms[1].pairs)
    assert check(problem.network, family, engine="superposed").holds


def changed(**changes: Any) -> Problem:
    """A right network with something changed."""
    code = np.array([[1, 1, 0.0], [0, 1, 1]])
    parts: dict[str, Any] = {
        "weights": [code, np.eye(2), np.eye(2)],
        "biases": [-np.ones(2), np.zeros(2), np.full(2, -0.5)],
        "activations": ["relu", "identity", "identity"],
        "formulas": ["x0 & x1", "x1 & x2"],
        "more": {"domain": {"at_most": 2}},
    } | changes
    built = Network.from_arrays(parts["weights"], parts["biases"], parts["activations"])
    return Problem(built, Specification(3, parts["formulas"], **parts["more"]))


CODE = np.array([[1, 1, 0.0], [0, 1, 1]])
NEAR_MISSES = {
    "the domain is not": {"more": {"domain": "exactly 2"}},
    "other numbers than 0 and 1": {"more": {"domain": {"at_most": 2}, "values": [-1, 1]}},
    "no AND of two inputs": {"formulas": ["x0 & x1", "x1 | x2"]},
    "the read-out is argmax": {"more": {"domain": {"at_most": 2}, "readout": "argmax"}},
    "one relu layer": {"activations": ["relu", "relu", "identity"]},
    "the input weights of a neuron differ": {"weights": [CODE * [1, 2, 1], np.eye(2), np.eye(2)]},
    "not the negative of its input weight": {"biases": [-2 * np.ones(2), np.zeros(2), np.zeros(2)]},
    "too many digits": {"weights": [CODE, np.eye(2) + 2.0**-80, np.eye(2) * 2.0**30]},
}


@pytest.mark.parametrize("reason", NEAR_MISSES)
def test_near_misses_are_left_to_other_engines(reason: str) -> None:
    problem = changed(**NEAR_MISSES[reason])
    with pytest.raises(UnrecognisedError, match=reason):
        superposed_form(problem)
    with pytest.raises(InputError, match=f"--engine superposed: .*{reason}.*use --engine auto"):
        check(problem.network, problem.specification, engine="superposed")


@pytest.mark.parametrize("formula", ["x0", "x0 & x0", "x0 & x1 & x2", "x0 & ~x1", "~(x0 & x1)"])
def test_other_formulas_are_not_recognised(formula: str) -> None:
    with pytest.raises(UnrecognisedError, match="no AND of two inputs"):
        superposed_form(changed(formulas=[formula, "x1 & x2"]))


def test_families_of_another_kind_are_not_recognised() -> None:
    from superproof.verify.family import Family

    problem = changed()
    family = Specification(
        3, family=Family("or", np.array([[0, 1], [1, 2]])), domain={"at_most": 2}
    )
    with pytest.raises(UnrecognisedError, match="not ANDs of two inputs"):
        superposed_form(Problem(problem.network, family))


def test_unscaled_form_is_recognised_whatever_the_biases_between() -> None:
    weights = [CODE * [[0.5], [4.0]], np.array([[2.0, 0], [0, 0.25]]), np.eye(2)]
    biases = [np.array([-0.5, -4]), np.array([3.0, 5]), np.array([-3.5, -5.5])]
    problem = changed(weights=weights, biases=biases)
    assert disagreements(problem, "superposed", answer(problem)) == []


def test_at_the_deadline_nothing_is_claimed() -> None:
    outcome = Outcome()
    Superposed().decide(right_network(12, 4), Request(deadline=0.0, count=True), outcome)
    assert outcome.status == "unknown"
    assert "the count was not finished: time limit" in outcome.notes
    with pytest.raises(DeadlineError):
        Request(deadline=0.0).require_time()


def test_ranks_number_the_sets_of_a_size() -> None:
    for size in range(5):
        every = list(itertools.combinations(range(7), size))
        sets = np.array(every, dtype=np.int64).reshape(len(every), size)
        assert sorted(ranks(sets)) == list(range(len(sets)))


@pytest.mark.parametrize("domain", ["all", "at most 39", {"at_most": 12}])
def test_auto_leaves_dense_domains_to_other_engines(domain: Any) -> None:
    problem = right_network(40, 2)
    wide = Specification(40, list(problem.specification.formulas), domain=domain)
    assert form_in_reach(Problem(problem.network, wide)) is None
    assert form_in_reach(problem) is not None
    assert form_in_reach(changed(formulas=["x0 & x1", "x1 | x2"])) is None
