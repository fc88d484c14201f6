"""Hubs in heads of one key dimension, within the pseudo-inverse blocks."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.constructions.attention import construct_attention, embeddings, graph
from superproof.constructions.attention.hub_heads import most_leaves, split_hubs, star_head
from superproof.constructions.attention.pseudo_inverse import hub_heads, law, pseudo_inverse_heads
from superproof.constructions.attention.rounding import balanced

from .brute_force import reported


@pytest.mark.parametrize("name", ["hubs-4", "star", "zipf", "regular-3", "permutation"])
@pytest.mark.parametrize("reserve", [1.0, 2.0])
def test_a_split_holds_every_edge_once(name: str, reserve: float) -> None:
    edges = graph(name, 120, 1)
    split = split_hubs(edges, 60, 0.5, reserve)
    assert split.inward == (name == "zipf")
    seen = [] if split.rest is None else split.rest.edges.tolist()
    for hub, leaves in split.stars:
        assert 1 <= len(leaves) <= max(1, most_leaves(edges, 60) / reserve)
        seen += [[leaf, hub] if split.inward else [hub, leaf] for leaf in leaves.tolist()]
    assert sorted(seen) == edges.edges.tolist()
    if name in ("regular-3", "permutation"):
        assert not split.stars
    if name == "star" and reserve == 1:
        assert split.rest is None


def test_hubs_go_where_their_edges_are_cheaper() -> None:
    edges = graph("hubs-4", 64, 0)
    assert split_hubs(edges, 64, 0.0).stars == ()
    assert split_hubs(edges, 64, 1.0).rest is None


def test_more_dimensions_hold_more_leaves() -> None:
    edges = graph("star", 256, 0)
    assert most_leaves(edges, 2) == 1
    assert 1 < most_leaves(edges, 64) < most_leaves(edges, 256) < 256 / 8


@pytest.mark.parametrize("inward", [False, True])
def test_hub_and_leaves_score_one(inward: bool) -> None:
    points = 3 * embeddings("gaussian", 30, 20, 0).astype(float)
    leaves = np.array([2, 5, 9])
    query, key = star_head(points, 7, leaves, inward)
    table = np.outer(points @ query, points @ key)
    assert np.allclose(table[leaves, 7] if inward else table[7, leaves], 1)


@pytest.mark.parametrize(
    ("name", "items", "dim", "units"),
    [("hubs-4", 64, 48, 5.0), ("star", 64, 48, 5.0), ("zipf", 64, 48, 6.0)],
)
def test_hubs_have_one_key_dimension_a_head(name: str, items: int, dim: int, units: float) -> None:
    edges = graph(name, items, 0)
    made = construct_attention(
        embeddings("gaussian", items, dim, 0), edges, method="pseudo-inverse"
    )
    assert reported(made.layer) == {tuple(edge) for edge in edges.edges.tolist()}
    stars = hub_heads(edges, dim, 4)
    assert stars > 0
    assert made.parameters["hub_heads"] == stars
    widths = (made.layer.query != 0).any(axis=1).sum(axis=1)
    assert (widths == 1).sum() >= stars
    assert made.total_key_dim == widths.sum() < made.heads * 4
    assert made.unit_share < units
    # a grid has no zero: every weight that counts is there
    used = (made.layer.query != 0).any(axis=1)[:, None]
    assert ((made.layer.query != 0) == used).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "items", "dim", "most"),
    [("hubs-8", 256, 128, 64), ("hubs-16", 512, 256, 56), ("star", 512, 256, 26),
     ("zipf", 512, 128, 150)],
)  # fmt: skip
def test_hubs_at_the_sizes_of_the_documentation(name: str, items: int, dim: int, most: int) -> None:
    for seed in range(2):
        made = construct_attention(
            embeddings("gaussian", items, dim, seed), graph(name, items, seed),
            method="pseudo-inverse", seed=seed,
        )  # fmt: skip
        assert made.total_key_dim <= most


def test_law_and_rule_count_hubs_by_their_heads() -> None:
    edges, plain = graph("star", 128, 0), graph("permutation", 128, 0)
    assert law(edges, 64, 4) == hub_heads(edges, 64, 4) == pseudo_inverse_heads(edges, 64, 4)
    noise = 2 * np.log(2 * 128**2)
    assert law(plain, 64, 4) == pytest.approx(2 * (noise + 4))
    assert hub_heads(plain, 64, 4) == 0


def test_unused_key_dimensions_stay_unused() -> None:
    rng = np.random.default_rng(0)
    query, key = rng.standard_normal((2, 2, 9, 3))
    query[1, :, 1:] = 0
    key[1, :, 2:] = 0
    even = balanced(query, key)
    for head in (0, 1):
        assert np.allclose(query[head] @ key[head].T, even[0][head] @ even[1][head].T)
    assert (even[0][1, :, 1:] == 0).all()
    assert (even[1][1, :, 1:] == 0).all()
    assert np.allclose(np.linalg.norm(even[0][1]), np.linalg.norm(even[1][1]))
