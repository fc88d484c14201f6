"""Item vectors: drawn, read, measured and whitened."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from superproof.constructions.attention import construct_attention
from superproof.constructions.attention.embeddings import (
    as_embeddings,
    embeddings,
    incoherence,
    read_embeddings,
    require_separable,
    rounded,
    whitening,
)
from superproof.constructions.attention.graphs import graph
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.errors import InputError


@pytest.mark.parametrize("kind", ["gaussian", "spectrum"])
def test_drawn_vectors_are_nearly_unit_and_on_the_grid(kind: str) -> None:
    drawn = embeddings(kind, 60, 24, 4)
    assert drawn.dtype == np.float32
    assert np.abs(np.linalg.norm(drawn, axis=1) - 1).max() < 0.01
    assert (drawn * 2**13 == np.rint(drawn * 2**13)).all()
    assert (drawn == embeddings(kind, 60, 24, 4)).all()


def test_orthonormal_vectors_are_the_basis() -> None:
    assert (embeddings("orthonormal", 5, 8) == np.eye(5, 8)).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("onehot", 4, 4), "unknown embeddings 'onehot'"),
        (("orthonormal", 5, 4), "cannot be orthonormal in 4 dimensions"),
        (("gaussian", 0, 4), "must be 1 or more"),
        (("gaussian", 4, 4, -1), "seed must be 0 or more"),
        (("gaussian", 4, 1 << 15), "4 items in 32,768 dimensions are too many"),
        (("gaussian", 1 << 25, 16), "at most 16,384 dimensions, and 268,435,456 numbers in all"),
    ],
)
def test_bad_requests_are_refused(arguments: tuple, words: str) -> None:
    with pytest.raises(InputError, match=words):
        embeddings(*arguments)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(4), r"shape \(4,\), not \(items, embedding_dim\)"),
        (np.array([[0.0, np.nan], [1.0, 2.0]]), r"entry \[0, 1\] is nan, not finite"),
        (np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 0.0]]), "items 0 and 2 have the same vector"),
        (np.array([["a", "b"]]), "are not numbers"),
        (np.array([[1e200, 1.0], [0.0, 1.0]]), r"largest entry is 1e\+200 in size; multiply them"),
        (np.array([[1e-200, 0.0], [0.0, 0.0]]), "the largest entry is 1e-200 in size"),
    ],
)
def test_bad_vectors_are_refused(array: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        as_embeddings(array)


def test_files_are_read_unchanged(tmp_path) -> None:
    given = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", given)
    save_file({"wte": given}, tmp_path / "x.safetensors")
    for name in ("x.npy", "x.safetensors"):
        assert (read_embeddings(tmp_path / name) == given).all()
    np.save(tmp_path / "bad.npy", np.full((2, 2), np.inf))
    with pytest.raises(InputError, match=r"bad.npy: embeddings: entry \[0, 0\] is inf"):
        read_embeddings(tmp_path / "bad.npy")


def test_vectors_in_bfloat16_are_taken_exactly(tmp_path) -> None:
    given = np.random.default_rng(0).standard_normal((6, 3)).astype(ml_dtypes.bfloat16)
    save_file({"wte": given}, tmp_path / "x.safetensors")
    read = read_embeddings(tmp_path / "x.safetensors")
    assert read.dtype == np.float32
    assert (read == given.astype(np.float32)).all()


def test_the_size_of_the_vectors_does_not_matter() -> None:
    points, edges = embeddings("gaussian", 24, 12, 0).astype(float), graph("permutation", 24, 0)
    sizes = [
        construct_attention(points * scale, edges).total_key_dim
        for scale in (1.0, 2.0**-90, 2.0**90)
    ]
    assert sizes[0] == sizes[1] == sizes[2]


def test_a_zero_vector_is_refused_where_it_makes_every_layer_fail() -> None:
    points = np.eye(4)
    points[2] = 0
    with pytest.raises(InputError, match="item 2 has the zero vector, so all its pairs score 0"):
        construct_attention(points, RelationalGraph.permutation([1, 2, 3, 0]))
    assert len(construct_attention(points, RelationalGraph(4, [[0, 1], [1, 3]])).graph) == 2
    every = [[i, j] for i in range(4) for j in range(4) if 2 in (i, j)]
    require_separable(points, RelationalGraph(4, every))


def test_rounding_follows_the_size_of_the_vectors() -> None:
    given = np.array([[100.0, 3.3], [0.01, -77.7]])
    assert np.abs(rounded(given) - given).max() <= 128 / 2**13


def test_incoherence_by_its_definition() -> None:
    points = embeddings("gaussian", 40, 12, 1).astype(float)
    edges = graph("hubs-4", 40, 0)
    found = incoherence(points, edges)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    squares = (unit @ unit.T) ** 2
    np.fill_diagonal(squares, 0)
    ends = [set(edges.edges[:, side].tolist()) for side in (0, 1)]
    rho = max(sum(squares[a, i] for i in end) for a in range(40) for end in ends)
    assert found.rho == pytest.approx(rho)
    assert found.mu == pytest.approx(np.sqrt(squares.max()))
    assert found.rank == 12
    assert not found.common_mean


def test_whitening_tames_a_common_mean() -> None:
    points = embeddings("gaussian", 200, 16, 0) + 0.8 * np.eye(16)[3]
    found = incoherence(points, graph("permutation", 200, 0))
    assert found.common_mean
    assert found.mean > 0.5
    assert found.rho > 4 * found.rho_whitened
    white = points @ whitening(points)
    assert np.allclose(white.T @ white / 200, np.eye(16) / 16, atol=1e-6)


def test_whitening_leaves_missing_directions_alone() -> None:
    points = np.hstack([embeddings("gaussian", 30, 5, 0), np.zeros((30, 3))])
    white = points @ whitening(points)
    assert np.isfinite(white).all()
    assert (white[:, 5:] == 0).all()
