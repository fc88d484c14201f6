"""Loss and gradient of the hinge against the definition, and the device against the host."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.constructions.attention import score_passes
from superproof.constructions.attention.embeddings import embeddings
from superproof.constructions.attention.graphs import graph
from superproof.constructions.attention.score_passes import DevicePasses, HostPasses
from superproof.verify.errors import InputError


def _loss(points, edges, weights, level, even):
    tables = np.einsum("id,hdk,hek,je->hij", points, weights[0], weights[1], points)
    sources, targets = edges.T
    short = 1 - tables[:, sources, targets].max(axis=0)
    short = short if even else np.maximum(short, 0)
    tables[:, sources, targets] = -np.inf
    excess = np.maximum(tables - level, 0)
    return 0.5 * (short @ short) + 0.5 * (excess**2).sum()


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("level", [-0.5, 0.6])
def test_gradient_is_the_slope_of_the_loss(monkeypatch, even: bool, level: float) -> None:
    monkeypatch.setattr(score_passes, "BLOCK", 100)  # several blocks
    rng = np.random.default_rng(1)
    points = embeddings("gaussian", 20, 6, 0).astype(float)
    edges = graph("regular-2", 20, 0)
    weights = rng.standard_normal((2, 3, 6, 2))
    look = HostPasses(points, edges, even).look(weights.astype(np.float32), level)
    assert look.loss == pytest.approx(_loss(points, edges.edges, weights, level, even), rel=1e-4)
    way = rng.standard_normal(weights.shape)
    step = 1e-5
    ahead = _loss(points, edges.edges, weights + step * way, level, even)
    behind = _loss(points, edges.edges, weights - step * way, level, even)
    assert float((look.gradient * way).sum()) == pytest.approx(
        (ahead - behind) / (2 * step), rel=2e-3
    )


def test_sides_are_those_of_all_pairs() -> None:
    points = embeddings("gaussian", 15, 5, 0)
    edges = graph("permutation", 15, 0)
    weights = np.random.default_rng(2).standard_normal((2, 2, 5, 3)).astype(np.float32)
    table = np.einsum("id,hdk,hek,je->hij", points, weights[0], weights[1], points).max(axis=0)
    mask = np.zeros((15, 15), bool)
    mask[tuple(edges.edges.T)] = True
    for level in (-5.0, 0.9, 1e6):  # with and without pairs above the level
        look = HostPasses(points, edges).look(weights, level)
        assert look.least == pytest.approx(float(table[mask].min()), rel=1e-4)
        assert look.top == pytest.approx(float(table[~mask].max()), rel=1e-4)


def test_device_agrees_with_host() -> None:
    pytest.importorskip("torch")
    points, edges = embeddings("gaussian", 40, 8, 0), graph("hubs-4", 40, 0)
    weights = np.random.default_rng(3).standard_normal((2, 2, 8, 3)).astype(np.float32)
    for even in (False, True):
        one = HostPasses(points, edges, even).look(weights, 0.5)
        two = DevicePasses(points, edges, "cpu", even).look(weights, 0.5)
        assert np.allclose(one.gradient, two.gradient, rtol=1e-3, atol=1e-3)
        assert np.allclose(one[1:], two[1:], rtol=1e-3)


def test_missing_device_is_an_input_error() -> None:
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="device 'abacus' cannot be used"):
        DevicePasses(embeddings("gaussian", 4, 4), graph("permutation", 4), "abacus")
