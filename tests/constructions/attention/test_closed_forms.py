"""Layers without training, with the laws of their sizes."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.constructions.attention import construct_attention, embeddings, graph
from superproof.constructions.attention.blocks import edge_blocks
from superproof.constructions.attention.pseudo_inverse import repelled
from superproof.constructions.attention.signature_law import (
    lawful_key_dim,
    lawful_size,
    one_sided_noise,
    two_sided_noise,
)
from superproof.constructions.attention.uncompressed import sign_codes
from superproof.theory import signatures
from superproof.verify.errors import InputError, ProofError

from .brute_force import reported


@pytest.mark.parametrize("name", ["permutation", "regular-3", "hubs-4", "star", "zipf"])
@pytest.mark.parametrize("centres", [None, 1])
def test_blocks_hold_every_edge_once_as_stars(name: str, centres: int | None) -> None:
    edges = graph(name, 40, 1)
    blocks = edge_blocks(edges, 7, 0, centres)
    seen = []
    for block in blocks:
        assert 1 <= len(block) <= 7
        assert len(set(block.leaves)) == len(block.leaves)
        assert len(set(block.centres)) == len(block.centres)
        assert centres is None or len(block.centres) == 1
        ends = np.stack([block.centres[block.owner], block.leaves], axis=1)
        seen += (ends[:, ::-1] if block.inward else ends).tolist()
    assert sorted(seen) == edges.edges.tolist()


@pytest.mark.parametrize(
    ("method", "items", "dim", "name"),
    [
        ("paper", 32, 48, "permutation"),
        ("one-sided", 24, 64, "permutation"),
        ("pseudo-inverse", 40, 20, "permutation"),
        ("pseudo-inverse", 32, 32, "hubs-4"),
        ("one-edge-heads", 24, 8, "regular-2"),
        ("one-edge-heads", 24, 8, "zipf"),
    ],
)
def test_closed_forms_report_the_graph(method: str, items: int, dim: int, name: str) -> None:
    edges = graph(name, items, 0)
    made = construct_attention(embeddings("gaussian", items, dim, 0), edges, method=method)
    assert reported(made.layer) == {tuple(edge) for edge in edges.edges.tolist()}
    assert made.decision.gap > 0


def test_sign_codes_take_one_bit_and_their_law() -> None:
    made = construct_attention(
        embeddings("orthonormal", 20, 20), graph("permutation", 20, 3), method="sign-code"
    )
    assert (made.total_key_dim, made.heads, made.weight_bits) == (5, 1, 1)
    assert made.total_bits == 2 * 20 * 5
    assert set(np.abs(made.layer.query).ravel()) == set(np.abs(made.layer.key).ravel())


def test_circle_needs_two_dimensions_and_its_gap() -> None:
    made = construct_attention(
        embeddings("orthonormal", 24, 24), graph("permutation", 24, 0), method="circle", bits=20
    )
    assert made.total_key_dim == 2
    assert made.relative_gap == pytest.approx(1 - np.cos(2 * np.pi / 24), rel=1e-3)


@pytest.mark.parametrize("name", ["zipf", "hubs-4"])
def test_codes_serve_graphs_with_one_way_stars(name: str) -> None:
    edges = graph(name, 16, 0)
    made = construct_attention(embeddings("orthonormal", 16, 20), edges, method="sign-code")
    assert reported(made.layer) == {tuple(edge) for edge in edges.edges.tolist()}


def test_codes_are_different() -> None:
    assert len({tuple(code) for code in sign_codes(37)}) == 37


def test_paper_has_about_edges_over_dimensions_heads() -> None:
    made = construct_attention(
        embeddings("gaussian", 128, 128, 0), graph("permutation", 128, 0), method="paper"
    )
    assert "reconstruction" in made.parameters
    assert made.heads == -(-128 // made.parameters["edges_a_head"])
    assert made.parameters["law_expected_wrong"] <= 0.5


@pytest.mark.parametrize("block", [2, 5, 17])
def test_noise_is_that_of_the_theory(block: int) -> None:
    two, one = two_sided_noise(block, 48, 1 / 12), one_sided_noise(block, 48, 12)
    for noise, moment in ((two, signatures.two_sided), (one, signatures.one_sided)):
        ends = {"both": (1, 1), "query": (1, 0), "key": (0, 1), "none": (0, 0)}
        for name, (source, target) in ends.items():
            exact = moment(block, 48, 12, bool(source), bool(target))
            assert getattr(noise, name) == pytest.approx(float(exact))


def test_edge_noise_by_simulation() -> None:
    block, dim, width = 6, 20, 8
    rng = np.random.default_rng(0)
    found = []
    for _ in range(3000):
        x, y = rng.standard_normal((2, block, dim))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        y /= np.linalg.norm(y, axis=1, keepdims=True)
        s = rng.choice([-1.0, 1.0], (block, width)) / np.sqrt(width)
        found.append((x[0] @ x.T @ s) @ (y[0] @ y.T @ s))
    assert np.mean(found) == pytest.approx(1, abs=0.03)
    assert np.var(found) == pytest.approx(two_sided_noise(block, dim, 1 / width).edge, rel=0.1)


def test_larger_heads_are_lawful_for_longer_vectors() -> None:
    def key_dim(dim: int) -> int | None:
        return lawful_key_dim(
            lambda block, width: two_sided_noise(block, dim, 1 / width), 256, 256, 8
        )

    assert key_dim(32) is None
    assert key_dim(512) < key_dim(256)  # type: ignore[operator]
    assert lawful_size(lambda b, w: two_sided_noise(b, 16, 1 / w), 256, 256, 16, 4096) is None


def test_repelled_vectors_keep_apart() -> None:
    vectors = repelled(8, 3, 0)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    near = vectors @ vectors.T
    np.fill_diagonal(near, -1)
    assert near.max() < 0.5
    assert np.allclose(repelled(6, 2, 0)[1], [0.5, np.sqrt(3) / 2])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"method": "circle"}, "12 items in 6 dimensions are not independent"),
        ({"method": "sign-code", "heads": 2}, "follow from the graph; leave them out"),
        ({"method": "one-sided", "heads": 1, "key_dim": 7}, "at most 6 key dimensions"),
        ({"method": "two-sided"}, "by its noise no size suffices"),
        ({"method": "paper", "gap": 0.1}, "paper trains nothing"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        construct_attention(
            embeddings("gaussian", 12, 6, 0), graph("permutation", 12, 0), **arguments
        )


def test_codes_refuse_graphs_with_stars_both_ways() -> None:
    with pytest.raises(InputError, match="no item has two neighbours"):
        construct_attention(
            embeddings("orthonormal", 12, 12), graph("regular-2", 12, 0), method="circle"
        )


def test_failure_says_how_far_it_came() -> None:
    with pytest.raises(ProofError, match="the best one has a relative gap of -"):
        construct_attention(
            embeddings("gaussian", 64, 8, 0), graph("permutation", 64, 0),
            method="pseudo-inverse", heads=10, key_dim=2,
        )  # fmt: skip
