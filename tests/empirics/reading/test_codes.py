"""Codes of networks whose codes are known."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.empirics.reading.code_table import CodeTable
from superproof.empirics.reading.codes import (
    aligned,
    and_margin,
    coding_matrix,
    coherence,
    hard_code,
    interference,
    otsu_thresholds,
    overlaps,
    polysemanticity,
    row_scales,
    signs,
    soft_code,
    soft_codes,
    witnesses,
)
from superproof.empirics.reading.hidden_layer import hidden_layer
from superproof.empirics.tasks import Clause

from .built import dnf_network

A: Clause = ((0, True), (1, True), (2, True))
B: Clause = ((2, True), (3, False), (4, True))

#: Neuron 0 carries A, 1 carries both, 2 is a negative witness of B, 3 is dead, 4 an OR of A.
FIRST = np.array(
    [
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.1],
        [1.0, 1.0, 1.0, -1.0, 1.0, 0.0],
        [0.0, 0.1, -2.0, 2.0, -2.0, 0.0],
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.0],
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.0],
    ]
)
BIAS = np.array([-2.0, -3.0, 1.0, -2.0, 0.5])
SECOND = np.array([1.0, 0.5, -1.0, 0.001, 1.0])


def test_known_coding_matrix() -> None:
    matrix = coding_matrix(FIRST, SECOND, (A, B))
    assert matrix.tolist() == [[1, 0], [1, 1], [0, -1], [0, 0], [1, 0]]
    assert overlaps(matrix).tolist() == [[3, 1], [1, 2]]
    assert polysemanticity(matrix).tolist() == [1, 2, 1, 0, 1]
    assert coding_matrix(FIRST, SECOND, ()).shape == (5, 0)
    assert soft_codes(FIRST, ()).shape == (5, 0)


def test_parts_of_the_definition() -> None:
    assert row_scales(FIRST).tolist() == pytest.approx([1, 1, 2, 1, 1])
    assert row_scales(np.zeros((1, 3))).tolist() == [0]
    assert signs(FIRST)[2].tolist() == [0, 0, -1, 1, -1, 0]
    assert not signs(np.zeros((1, 3))).any()
    assert witnesses(SECOND).tolist() == [1, 1, -1, 0, 1]
    assert aligned(FIRST, B)[1].tolist() == [1, 1, 1]
    assert soft_code(FIRST, B).tolist() == pytest.approx([1 / 3, 1, -1, 1 / 3, 1 / 3])
    assert coherence(FIRST, B).tolist() == pytest.approx([0, 1, 1, 0, 0])
    assert otsu_thresholds(FIRST)[0] == pytest.approx(0.55)
    assert otsu_thresholds(np.array([[3.0]])).tolist() == [1.5]


def test_an_incoherent_row_carries_nothing() -> None:
    first = np.array([[10.0, 2.0, 10.0, 2.0]])
    clause: Clause = ((0, True), (1, True))
    # the scale is 6, so 2 is below half of it; relative to it alone, 4 passes and is coherent
    assert hard_code(first, np.ones(1), clause).tolist() == [0]
    assert hard_code(np.array([[10.0, 4.0, 6.0, 6.0]]), np.ones(1), clause).tolist() == [1]


def test_a_detector_needs_every_literal() -> None:
    margin = and_margin(FIRST[:, :5], BIAS, A)
    assert margin.full.tolist()[:2] == [1.0, 0.0]
    assert margin.partial.tolist()[0] == 0.0
    assert margin.detects.tolist() == [True, False, False, True, False]


def test_interference_counts_the_other_inputs() -> None:
    noise = interference(FIRST, SECOND, A, density=0.5)
    assert noise.variance.tolist() == pytest.approx([0.0025, 0.5, 2.0, 0, 0])
    assert noise.signal == pytest.approx(3)
    assert noise.ratio == pytest.approx(3 / np.mean([0.05, np.sqrt(0.5), 0]))
    nothing = interference(FIRST, SECOND, ((5, True), (0, False)))
    assert np.isnan(nothing.ratio)
    clean = interference(FIRST[[4]][:, :3], SECOND[[4]], A)
    assert clean.ratio == float("inf")


def test_a_built_network_shows_its_clauses() -> None:
    clauses = (A, B, ((3, True), (4, True), (5, True)))
    network = dnf_network(6, clauses, copies=2)
    layer = hidden_layer(network, 0)
    assert layer is not None
    table = CodeTable(layer, clauses)
    assert table.matrix.tolist() == [*np.eye(3, dtype=int).tolist()] * 2
    assert [row.positive for row in table.rows] == [(0, 3), (1, 4), (2, 5)]
    assert [row.detectors for row in table.rows] == [2, 2, 2]
    assert [row.shared for row in table.rows] == [0, 0, 0]
    assert table.overlaps.tolist() == (2 * np.eye(3, dtype=int)).tolist()
    neurons, inputs = table.order
    assert sorted(neurons.tolist()) == list(range(6))
    assert sorted(inputs.tolist()[:3]) == [0, 1, 2]
    data = table.to_json([f"x{i}" for i in range(6)])
    assert data["clauses"][1]["clause"] == "x2 & ~x3 & x4"
    assert (data["neurons"], data["dead"], data["polysemantic"]) == (6, 0, 0)


def test_inputs_of_other_values_are_brought_to_0_and_1() -> None:
    network = dnf_network(3, (A,))
    layer = hidden_layer(network, 0, (-1.0, 1.0))
    assert layer is not None
    points = np.array([[0, 1, 1], [1, 1, 1]])
    fed = 2.0 * points - 1
    weights = network.layers[0].weight
    expected = fed @ weights.T + network.layers[0].bias
    assert points @ layer.first.T + layer.bias == pytest.approx(expected)
    assert layer.negated.second.tolist() == [-1]
    assert layer.negated.offset == 0.5
