"""Noise of random signatures: Monte Carlo with fixed seeds, and the published leading orders."""

from __future__ import annotations

import math

import numpy as np
import pytest

from superproof.theory import RegimeError

from .direct import checks, value

DRAWS = 40_000


def _units(generator: np.random.Generator, *shape: int) -> np.ndarray:
    vectors = generator.normal(size=shape)
    units: np.ndarray = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return units


def _agrees(scores: np.ndarray, variance: object) -> None:
    """The mean is 0 and the mean square as stated, both within five standard errors."""
    squares = scores**2
    assert abs(scores.mean()) < 5 * scores.std() / math.sqrt(len(scores))
    error = squares.std() / math.sqrt(len(scores))
    assert abs(squares.mean() - float(variance)) < 5 * error  # type: ignore[arg-type]


@pytest.mark.parametrize(("block", "dim", "key_dim"), [(2, 3, 1), (4, 5, 3), (6, 4, 8)])
@checks(*(f"signature-noise-two-sided-{ends}" for ends in ("in-in", "in-out", "out-out")))
def test_two_sided(block: int, dim: int, key_dim: int) -> None:
    generator = np.random.default_rng(block)
    sources, targets = _units(generator, 2, DRAWS, block + 1, dim)  # the last one is outside
    signs = generator.choice([-1, 1], size=(DRAWS, block, key_dim)) / math.sqrt(key_dim)
    queries = np.einsum("zid,zed,zek->zik", sources, sources[:, :block], signs)
    keys = np.einsum("zjd,zed,zek->zjk", targets, targets[:, :block], signs)
    scores = np.einsum("zik,zjk->zij", queries, keys)
    sizes = {"block": block, "embedding_dim": dim, "key_dim": key_dim}
    for ends, i, j in (("in-in", 0, 1), ("in-out", 0, block), ("out-out", block, block)):
        _agrees(scores[:, i, j], value(f"signature-noise-two-sided-{ends}", **sizes))
    # the reverse of in-out has the same variance
    _agrees(scores[:, block, 1], value("signature-noise-two-sided-in-out", **sizes))
    _agrees(scores[:, 0, 0] - 1, scores[:, 0, 0].var())  # an edge scores 1 on average


@pytest.mark.parametrize(("block", "dim", "key_dim"), [(2, 3, 1), (4, 5, 3), (5, 4, 4)])
@checks(*(f"signature-noise-one-sided-{e}" for e in ("in-in", "in-out", "out-in", "out-out")))
def test_one_sided(block: int, dim: int, key_dim: int) -> None:
    generator = np.random.default_rng(10 + block)
    sources, targets = _units(generator, 2, DRAWS, block + 1, dim)
    basis = np.linalg.qr(generator.normal(size=(DRAWS, dim, key_dim)))[0]
    reach = np.einsum("zid,zed->zie", sources, sources[:, :block])
    found = np.einsum("zed,zdk,zck,zjc->zej", targets[:, :block], basis, basis, targets)
    scores = dim / key_dim * np.einsum("zie,zej->zij", reach, found)
    sizes = {"block": block, "embedding_dim": dim, "key_dim": key_dim}
    for ends, i, j in (
        ("in-in", 0, 1), ("in-out", 0, block), ("out-in", block, 1), ("out-out", block, block),
    ):  # fmt: skip
        _agrees(scores[:, i, j], value(f"signature-noise-one-sided-{ends}", **sizes))
    assert abs(scores[:, 0, 0].mean() - 1) < 5 * scores[:, 0, 0].std() / math.sqrt(DRAWS)


def test_leading_orders_of_the_notes() -> None:
    block, dim, key_dim = 40_000, 100_000, 3_000
    a, d, k = block / dim, 1 / dim, 1 / key_dim
    e = k - d
    notes = {
        "two-sided-in-in": (1 + a) ** 2 * k + (2 + a) * d,
        "two-sided-in-out": a * (1 + a) * k + (1 + a) * d,
        "two-sided-out-out": a * a * k + a * d,
        "one-sided-in-in": (1 + a) * e + (2 + a) * d,
        "one-sided-in-out": (1 + a) * k,
        "one-sided-out-in": a * e + (1 + a) * d,
        "one-sided-out-out": a * k,
    }
    for ends, stated in notes.items():
        found = value(f"signature-noise-{ends}", block=block, embedding_dim=dim, key_dim=key_dim)
        assert math.isclose(float(found), stated, rel_tol=2e-3), ends


def test_the_end_of_the_regime() -> None:
    with pytest.raises(RegimeError, match="block >= 2"):
        value("signature-noise-two-sided-in-in", block=1, embedding_dim=4, key_dim=2)
    with pytest.raises(RegimeError, match="key_dim <= embedding_dim"):
        value("signature-noise-one-sided-out-out", block=3, embedding_dim=4, key_dim=5)
