"""Every engine against the Fraction oracle on random problems of every kind."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify.check import ENGINES
from superproof.verify.engines import enumeration
from superproof.verify.engines.smt import Smt
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Threshold
from superproof.verify.specification import Specification

from ... import strategies
from ...oracles import fraction_oracle as oracle
from ...oracles.agreement import disagreements, short_disagreements

profile = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_oracle_agrees_with_the_shared_evaluator() -> None:
    """The exact evaluator that replays counterexamples is itself held to the oracle."""

    @settings(profile, max_examples=300)
    @given(strategies.problems())
    def agrees(problem: Problem) -> None:
        truth = oracle.answer(problem)
        domain = oracle.members(problem.specification.domain)
        margins, violated = problem.margins(np.array(domain, dtype=np.uint8))
        assert min(margins.flat) == truth.margin
        assert tuple(violated.sum(axis=0)) == truth.violations_by_output
        wrong = {oracle.text(domain[row]) for row in np.flatnonzero(violated.any(axis=1))}
        assert wrong == truth.violating

    agrees()


@settings(profile, max_examples=2000)
@given(strategies.problems())
def test_enumeration_agrees_with_the_oracle(problem: Problem) -> None:
    truth = oracle.answer(problem)
    assert disagreements(problem, "enumerate", truth) == []
    assert short_disagreements(problem, "enumerate", truth) == []


@st.composite
def shallow_problems(draw: st.DrawFn) -> Problem:
    """One hidden layer and all inputs: the shape that split tables and integer kernels serve."""
    count, hidden = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    numbers = draw(st.sampled_from((-1, 3, 127, 1 << 20, 1 << 40)))
    grid = st.integers(-abs(numbers), abs(numbers))
    outputs = draw(st.integers(1, 2))

    def matrix(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        drawn = draw(st.lists(grid, min_size=size, max_size=size))
        return np.array(drawn, dtype=np.float64).reshape(shape)

    network = Network.from_arrays(
        [matrix(hidden, count), matrix(outputs, hidden)], [matrix(hidden), matrix(outputs)]
    )
    over = tuple(f"x{i}" for i in range(count))
    formulas = [draw(strategies.formulas(over)) for _ in range(outputs)]
    domain = draw(st.sampled_from(("all", f"at most {min(2, count)}", "exactly 1")))
    level = draw(grid)
    return Problem(network, Specification(over, formulas, domain=domain, readout=Threshold(level)))


@settings(profile, max_examples=400)
@given(st.one_of(shallow_problems(), strategies.problems(max_hidden=1)))
def test_enumeration_through_tables_agrees_with_the_oracle(problem: Problem) -> None:
    """Split tables serve large domains; here small ones take them too."""
    truth = oracle.answer(problem)
    with mock.patch.object(enumeration, "SMALL", 0):
        assert disagreements(problem, "enumerate", truth) == []
        assert short_disagreements(problem, "enumerate", truth) == []


@settings(profile, max_examples=400)
@given(strategies.problems(max_inputs=5, max_hidden=2, max_width=3))
def test_z3_agrees_with_the_oracle(problem: Problem) -> None:
    truth = oracle.answer(problem)
    assert disagreements(problem, "z3", truth) == []
    assert short_disagreements(problem, "z3", truth) == []


@pytest.mark.parametrize("encoding", ["integer", "rational"])
def test_each_z3_encoding_agrees_with_the_oracle(encoding: str) -> None:
    @settings(profile, max_examples=120)
    @given(strategies.problems(max_inputs=4, max_hidden=2, max_width=3))
    def agrees(problem: Problem) -> None:
        with mock.patch.dict(ENGINES, {"z3": lambda: Smt(encoding)}):
            assert disagreements(problem, "z3", oracle.answer(problem)) == []

    agrees()


@st.composite
def sparse_problems(draw: st.DrawFn) -> Problem:
    """Rows of -1, 0 and 1 with small biases: the shape that the pseudo-Boolean encoding serves."""
    count, hidden, outputs = (draw(st.integers(1, most)) for most in (5, 4, 2))
    digit = st.integers(-1, 1)
    shapes = ((hidden, count), (hidden,), (outputs, hidden), (outputs,))
    first, bias, second, offset = (
        np.array(
            draw(st.lists(digit, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        ).reshape(shape)
        for shape in shapes
    )
    activation = draw(st.sampled_from(("relu", "step")))
    network = Network.from_arrays([first, second], [bias, offset], [activation, "identity"])
    over = tuple(f"x{i}" for i in range(count))
    domain = draw(strategies.domains(over))
    domain = dataclasses.replace(domain, values=(Fraction(0), Fraction(1)))
    readout = draw(strategies.readouts(network, domain))
    formulas = [draw(strategies.formulas(over)) for _ in range(outputs)]
    return Problem(network, Specification(over, formulas, domain=domain, readout=readout))


@settings(profile, max_examples=200)
@given(sparse_problems())
def test_the_pseudo_boolean_encoding_agrees_with_the_oracle(problem: Problem) -> None:
    with mock.patch.dict(ENGINES, {"z3": lambda: Smt("pseudo-boolean")}):
        assert disagreements(problem, "z3", oracle.answer(problem)) == []


@pytest.mark.parametrize("engine", ["enumerate", "tree", "z3"])
@pytest.mark.parametrize("shape", [(6, 4, 1), (5, 3, 3, 2), (6, 0, 2), (4, 1)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_trained_looking_weights(engine: str, shape: tuple[int, ...], dtype: str) -> None:
    """Dense Gaussian weights, every output against a parity: wrong on many inputs."""
    random = np.random.default_rng(7)
    weights = [random.normal(size=s).astype(dtype) for s in zip(shape[1:], shape[:-1], strict=True)]
    biases = [random.normal(size=width).astype(dtype) for width in shape[1:]]
    parity = " ^ ".join(f"x{i}" for i in range(shape[0]))
    problem = Problem(
        Network.from_arrays(weights, biases),
        Specification(shape[0], [parity] * shape[-1], domain={"at_most": 3}),
    )
    assert disagreements(problem, engine, oracle.answer(problem)) == []
