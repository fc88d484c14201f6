"""Problems derived from a problem: they ask what they say."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Threshold
from superproof.verify.rounding.error_bound import ErrorBound
from superproof.verify.rounding.guarantee import tolerances
from superproof.verify.rounding.number_type import NUMBER_TYPES
from superproof.verify.rounding.variants import prefix, read_before_activation, restricted, shifted
from superproof.verify.specification import Specification

from ...oracles import fraction_oracle as oracle
from ...strategies import networks, problems

_LEVELS = st.sampled_from([Fraction(k, 8) for k in (-4, 0, 1, 2, 4, 6, 7, 8, 12)])


@settings(deadline=None)
@given(st.data(), st.sampled_from(["relu", "step"]))
def test_reading_before_the_last_activation_changes_nothing(
    data: st.DataObject, activation: str
) -> None:
    network = data.draw(networks(3, max_hidden=1))
    inner = network.layers[:-1]
    network = Network.from_arrays(
        [la.weight for la in network.layers],
        [la.bias for la in network.layers],
        [*(la.activation for la in inner), activation],
    )
    levels = data.draw(st.lists(_LEVELS, min_size=1, max_size=2, unique=True))
    readout = Levels(max(levels), min(levels)) if len(levels) == 2 else Threshold(levels[0])
    spec = Specification(3, ["x0"] * network.output_size, readout=readout)
    problem = Problem(network, spec)
    opened = read_before_activation(problem)
    for bits in oracle.members(spec.domain):
        for output in range(network.output_size):
            first, second = (
                oracle.reading(p.specification.readout, oracle.outputs(p, bits), output)
                for p in (problem, opened)
            )
            assert first is second


@pytest.mark.parametrize(
    ("activation", "readout", "opened"),
    [
        ("relu", Threshold(Fraction(0)), True),
        ("relu", Threshold(Fraction(-1)), False),
        ("relu", Levels(Fraction(1), Fraction(0)), True),
        ("relu", Levels(Fraction(1, 1 << 130), Fraction(0)), False),
        ("step", Threshold(Fraction(1, 2)), True),
        ("step", Threshold(1 - Fraction(1, 1 << 60)), False),
        ("step", Levels(Fraction(1), Fraction(0)), True),
        ("step", Levels(Fraction(1, 1 << 130), Fraction(0)), False),
        ("identity", Threshold(Fraction(0)), False),
        ("relu", Argmax(), False),
    ],
)
def test_levels_that_rounding_could_move_onto_a_value_are_kept(
    activation: str, readout: object, opened: bool
) -> None:
    network = Network.from_arrays([[[1], [2]]], activations=[activation])
    problem = Problem(network, Specification(1, ["x0", "x0"], readout=readout))
    assert (read_before_activation(problem) is not problem) is opened


@settings(deadline=None)
@given(problems(max_inputs=3, wild=False), st.fractions(0, 2))
def test_shifted_levels_ask_for_a_distance(problem: Problem, shift: Fraction) -> None:
    readout = problem.specification.readout
    if isinstance(readout, Argmax) or shift == 0:
        return
    moved = shifted(problem, shift).specification.readout
    for bits in oracle.members(problem.specification.domain):
        values = oracle.outputs(problem, bits)
        for output in range(len(values)):
            for side in (False, True):
                before = oracle.distance(readout, values, output, side)
                assert oracle.distance(moved, values, output, side) == before - shift


def test_restrictions_and_prefixes() -> None:
    network = Network.from_arrays(
        [[[1, 0], [0, 1], [1, 1]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]], activations=["step", "relu"]
    )
    problem = Problem(network, Specification(2, {"p": "x0", "q": "x1", "r": "true"}))
    part = restricted(problem, [0, 2])
    assert part.specification.outputs == ("p", "r")
    points = np.array(oracle.members(problem.specification.domain))
    assert (part.values(points) == problem.values(points)[:, [0, 2]]).all()
    assert restricted(problem, [0, 1, 2]) is problem
    before = prefix(problem, 0, np.array([2, 1]))
    assert before.values(points).tolist() == [[a + b, b] for a, b in points.astype(int)]


def test_argmax_compares_two_outputs_that_may_both_be_off() -> None:
    network = Network.from_arrays([np.float32([[0.1, 0.3], [0.7, 0.7], [0.3, 0.3]])])
    problem = Problem(network, Specification(2, ["x0"] * 3, readout="argmax"))
    kind = NUMBER_TYPES["float32"]
    bound = ErrorBound.of(network, problem.specification.domain, kind)
    first, second, _ = sorted(bound.error, reverse=True)
    assert first > second > 0
    assert tolerances(problem, bound, kind) == [Fraction(first) + Fraction(second)]
