"""Static decoders on layers with known clauses, and on layers without any."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.empirics.reading.decoders import (
    DECODERS,
    candidates,
    gradient_and_curvature,
    hess,
    maximal_cliques,
    prefixes,
    row,
    signed_interactions,
    sweep,
)
from superproof.empirics.reading.hidden_layer import HiddenLayer, hidden_layer
from superproof.empirics.reading.nulls import evidence, shuffled, significant, threshold
from superproof.empirics.tasks import Clause
from superproof.verify.errors import InputError
from superproof.verify.network import Network

from .built import all_points, dnf_network

CLAUSES: tuple[Clause, ...] = (
    ((0, True), (1, True), (2, False)),
    ((3, True), (4, True), (5, True)),
    ((6, False), (7, False), (8, True)),
)


def built(copies: int = 1, noise: float = 0.0, seed: int = 0) -> HiddenLayer:
    layer = hidden_layer(dnf_network(12, CLAUSES, copies), 0)
    assert layer is not None
    drawn = np.random.default_rng(seed).normal(size=layer.first.shape)
    return layer._replace(first=layer.first + noise * drawn)


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_a_clean_network_decodes_exactly(name: str) -> None:
    # cosines need codes of several neurons, as independent rows look alike to a permutation
    layer = built(copies=6 if name == "cos" else 1, noise=0.01)
    found = set(DECODERS[name](layer))
    assert set(CLAUSES) <= found
    if name in ("hess", "cos"):
        assert found == set(CLAUSES)


def test_candidates_hold_every_clause_or_a_longer_list() -> None:
    found = candidates(built(noise=0.05))
    assert all(any(set(clause) <= set(other) for other in found) for clause in CLAUSES)
    assert {*row(built(noise=0.05)), *sweep(built(noise=0.05))} <= set(found)
    assert max(map(len, prefixes(built(noise=0.05)))) == 10


def test_alternatives_interact_negatively() -> None:
    # relu(1 - x0 - x1) with weight -1: the output rises with either input, by no more with both
    layer = HiddenLayer(np.array([[-1.0, -1.0]]), np.array([1.0]), np.array([-1.0]), 0.5)
    polarity, interactions = signed_interactions(layer)
    assert polarity.tolist() == [True, True]
    assert interactions[0, 1] < 0
    assert hess(layer) == ()


@pytest.mark.parametrize("step", [False, True])
def test_gradient_and_curvature_follow_differences(step: bool) -> None:
    rng = np.random.default_rng(4)
    first = rng.normal(size=(60, 10)) / 4
    layer = HiddenLayer(first, rng.normal(size=60), rng.normal(size=60), 0.0, step)
    points = all_points(10).astype(float)
    z = points @ first.T + layer.bias

    def act(value: np.ndarray) -> np.ndarray:
        return (value > 0).astype(float) if step else np.maximum(value, 0)

    gradient, curvature = gradient_and_curvature(layer)
    on = np.stack([act(z + (1 - points[:, [i]]) * first[:, i]) for i in range(10)])
    off = np.stack([act(z - points[:, [i]] * first[:, i]) for i in range(10)])
    measured = ((on - off) @ layer.second).mean(axis=1)
    assert np.corrcoef(measured, gradient)[0, 1] > 0.97
    base = z - points[:, [0]] * first[:, 0] - points[:, [1]] * first[:, 1]
    both, a, b = first[:, 0] + first[:, 1], first[:, 0], first[:, 1]
    mixed = act(base + both) - act(base + a) - act(base + b) + act(base)
    assert (mixed @ layer.second).mean() == pytest.approx(curvature[0, 1], rel=0.2)


def test_dead_neurons_and_constants_are_no_trouble() -> None:
    layer = HiddenLayer(np.zeros((3, 4)), np.ones(3), np.zeros(3), 0.0)
    assert all(decoder(layer) == () for decoder in DECODERS.values())
    assert candidates(layer) == ()
    assert hidden_layer(Network.from_arrays([[[1.0]]]), 0) is None
    three = Network.from_arrays([[[1.0]], [[1.0]], [[1.0]]])
    assert hidden_layer(three, 0) is None


def test_maximal_cliques_of_a_graph() -> None:
    adjacent = np.zeros((5, 5), dtype=bool)
    for a, b in ((0, 1), (1, 2), (0, 2), (2, 3)):
        adjacent[a, b] = adjacent[b, a] = True
    assert maximal_cliques(adjacent) == [(0, 1, 2), (2, 3)]
    assert maximal_cliques(np.zeros((3, 3), dtype=bool)) == []


@pytest.mark.parametrize("name", ["hess", "row"])
def test_layers_without_structure_decode_to_nothing_at_the_stated_rate(name: str) -> None:
    decoder, rate, layers = DECODERS[name], 0.1, 60
    rng = np.random.default_rng(11)
    wrong = 0
    for _ in range(layers):
        start = HiddenLayer(
            rng.normal(size=(10, 12)), rng.normal(size=10), rng.normal(size=10), 0.0
        )
        wrong += bool(significant(start, decoder, rate=rate, shuffles=19, seed=1))
    # binomial(60, 0.1) exceeds 13 with a probability below 0.3 per cent
    assert wrong <= 13


def test_structure_is_found_against_the_null() -> None:
    layer = built(copies=3, noise=0.02)
    found = significant(layer, hess, rate=0.05, shuffles=39)
    assert set(found) == set(CLAUSES)
    assert evidence(layer, CLAUSES[0]) > threshold(layer, hess, shuffles=39)
    assert evidence(layer, ((0, True), (3, True))) == 0
    assert evidence(layer, ((0, True),)) == 0
    mixed = shuffled(layer, np.random.default_rng(0))
    assert np.sort(mixed.first.ravel()).tolist() == np.sort(layer.first.ravel()).tolist()


def test_a_rate_takes_enough_shuffles() -> None:
    with pytest.raises(InputError, match=r"a family-wise error of 0\.01 takes 99 shuffles or more"):
        threshold(built(), hess, rate=0.01, shuffles=50)
