"""Neurons and outputs that count literals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.empirics.reading.hidden_layer import hidden_layer
from superproof.empirics.reading.target import Target
from superproof.empirics.reading.threshold import (
    count_formula,
    counted_literals,
    neuron_formulas,
    propose_count,
)
from superproof.verify.network import Network
from superproof.verify.specification import Specification

from .built import all_points

NAMES = tuple(f"x{i}" for i in range(5))
POINTS = all_points(5)
weights = st.lists(st.integers(-3, 3), min_size=5, max_size=5)


@settings(max_examples=400, deadline=None)
@given(weights, st.integers(-8, 8), st.sampled_from([(0, 1), (-1, 1)]))
def test_counted_literals_are_exact(slopes: list[int], bias: int, values: tuple[int, int]) -> None:
    false, true = map(Fraction, values)
    found = counted_literals([Fraction(w, 4) for w in slopes], Fraction(bias, 4), (false, true))
    fed = np.where(POINTS == 1, values[1], values[0])
    active = fed @ np.array(slopes) + bias > 0
    counts = {}
    for point, on in zip(POINTS, active, strict=True):
        counts[tuple(point.tolist())] = bool(on)
    if found is None:
        # no equal weighting of literals does it
        assert len({abs(w) for w in slopes if w}) > 1
        return
    count, literals = found
    for point, on in counts.items():
        assert on == (sum(point[i] == sign for i, sign in literals) >= count)


def test_equal_weights_are_always_counted() -> None:
    for bias in range(-4, 5):
        slopes = [Fraction(1), Fraction(-1), Fraction(1), Fraction(0)]
        assert counted_literals(slopes, Fraction(2 * bias + 1, 2), (Fraction(0), Fraction(1)))


def test_formulas_of_counts() -> None:
    literals = ((0, True), (2, False), (4, True))
    assert [str(count_formula(k, literals, NAMES)) for k in range(5)] == [
        "true",
        "x0 | ~x2 | x4",
        "atleast(2, x0, ~x2, x4)",
        "x0 & ~x2 & x4",
        "false",
    ]
    assert str(count_formula(1, ((3, False),), NAMES)) == "~x3"


def test_neurons_of_a_layer() -> None:
    first = np.array([[1, 1, 1, 0, 0], [4, 0, 0, -4, 0.5], [1, 2, 4, 8, 16], [0, 0, 0, 0, 0]])
    network = Network.from_arrays([first, np.ones((1, 4))], [[-1.5, 1.0, -11.0, 0.0], [0.0]])
    names = Specification(5, {"y0": None})
    formulas = [None if f is None else str(f) for f in neuron_formulas(network, names.domain)]
    assert formulas == ["atleast(2, x0, x1, x2)", "x0 | ~x3", None, "false"]


def target_of(network: Network) -> Target:
    return Target.of(network, Specification(network.input_size, {"y0": None}), 0)


@pytest.mark.parametrize("count", [2, 4, 6])
def test_a_threshold_output_is_proposed(count: int) -> None:
    rng = np.random.default_rng(count)
    chosen = ((1, True), (2, False), (4, True), (5, True), (7, False), (8, True), (9, True))
    first = 0.01 * rng.normal(size=(2, 12))
    for i, sign in chosen:
        first[0, i] += 1 if sign else -1
    bias = -(count - 1 + 0.4) + sum(not sign for _, sign in chosen)
    network = Network.from_arrays([first, [[1.0, 0.1]]], [[bias, -1.0], [0.0]])
    layer = hidden_layer(network, 0)
    assert layer is not None
    target = target_of(network)
    formula = propose_count(target, layer)
    assert formula == count_formula(count, chosen, target.domain.names)
    assert target.verify(formula).verdict.holds


def test_an_or_of_counting_neurons_is_proposed() -> None:
    first = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, -1]])
    network = Network.from_arrays([first, [[1.0, 1.0]]], [[-1.5, -0.5], [-0.25]])
    layer = hidden_layer(network, 0)
    assert layer is not None
    target = target_of(network)
    formula = propose_count(target, layer)
    assert str(formula) == "atleast(2, x0, x1, x2, x3) | atleast(2, x4, x5, x6, ~x7)"
    assert target.verify(formula).verdict.holds


def test_nothing_is_proposed_where_nothing_counts() -> None:
    conjunction = Network.from_arrays([[[1.0, 1.0, 0.0]], [[1.0]]], [[-1.0], [-0.5]])
    layer = hidden_layer(conjunction, 0)
    assert layer is not None
    assert propose_count(target_of(conjunction), layer) is None
    always = Network.from_arrays([[[0.0] * 3], [[0.0]]], [[0.0], [1.0]])
    layer = hidden_layer(always, 0)
    assert layer is not None
    assert propose_count(target_of(always), layer) is None
