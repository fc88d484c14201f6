"""Weights on a grid, decided exactly."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.constructions.attention.embeddings import embeddings
from superproof.constructions.attention.graphs import graph
from superproof.constructions.attention.hinge import hinge
from superproof.constructions.attention.rounding import balanced, on_grid, rounded_layer
from superproof.verify.errors import InputError

from .brute_force import reported, scores


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_grid_has_all_its_values_and_no_others(bits: int) -> None:
    line = np.linspace(-1.3, 1.3, 4001)
    values = on_grid(line, bits, 1.0)
    assert set(values.tolist()) == set(range(1 - 2**bits, 2**bits, 2))
    assert (np.diff(values) >= 0).all()
    assert (values[::-1] == -values).mean() > 0.99


def test_balancing_changes_no_score() -> None:
    rng = np.random.default_rng(0)
    query, key = rng.standard_normal((2, 3, 7, 4)) * [[[[5.0]]], [[[0.1]]]]
    left, right = balanced(query, key)
    assert np.allclose(left @ right.transpose(0, 2, 1), query @ key.transpose(0, 2, 1))
    sizes = np.linalg.norm(left, axis=(1, 2)), np.linalg.norm(right, axis=(1, 2))
    assert np.allclose(*sizes)


def test_fewest_bits_keep_the_graph() -> None:
    points, edges = embeddings("gaussian", 24, 12, 0), graph("permutation", 24, 0)
    found = hinge(points, edges, 1, 6)
    made = rounded_layer(points, edges, found.query, found.key)
    assert made.proved
    assert made.bits <= 6
    assert reported(made.layer) == {tuple(edge) for edge in edges.edges.tolist()}
    table = scores(made.layer)
    mask = np.zeros((24, 24), bool)
    mask[tuple(edges.edges.T)] = True
    assert made.decision.gap == min(table[mask]) - max(table[~mask])
    with_gap = rounded_layer(points, edges, found.query, found.key, gap=0.7 * found.gap)
    assert with_gap.bits >= made.bits
    assert with_gap.relative_gap >= 0.7 * found.gap


def test_hopeless_weights_are_returned_unproved() -> None:
    points, edges = embeddings("gaussian", 24, 12, 0), graph("permutation", 24, 0)
    noise = np.random.default_rng(0).standard_normal((2, 1, 12, 3))
    made = rounded_layer(points, edges, noise[0], noise[1])
    assert not made.proved
    assert made.relative_gap < 0


def test_bits_out_of_range() -> None:
    points, edges = embeddings("gaussian", 4, 4, 0), graph("permutation", 4, 0)
    with pytest.raises(InputError, match="bits must lie between 1 and 24, not 0"):
        rounded_layer(points, edges, np.ones((1, 4, 1)), np.ones((1, 4, 1)), bits=0)
