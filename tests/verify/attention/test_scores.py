from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.attention import scores as scores_module
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.scores import Scores, exact_product
from superproof.verify.errors import InputError

from .layers import head_scores, problems, scores_of


@given(problems)
@settings(max_examples=150, deadline=None)
def test_integers_and_floats_against_fractions(problem: RecognitionProblem) -> None:
    layer = problem.layer
    scores = Scores(layer)
    expected = head_scores(layer) if layer.aggregation == "max" else scores_of(layer)[None]
    first, second = np.divmod(np.arange(layer.items**2), layer.items)
    found = scores.integers(first, second)
    exact = np.array([[scores.fraction(n) for n in row] for row in found])
    assert (exact.reshape(expected.shape) == expected).all()
    assert [scores.fraction(n) for n in scores.combined(first, second)] == list(
        scores_of(layer).ravel()
    )
    unit = Fraction(2) ** scores.unit
    for block in scores.blocks():
        for (a, i, j), value in np.ndenumerate(block.values):
            away = abs(Fraction(float(value)) * unit - expected[a, block.rows.start + i, j])
            assert away <= Fraction(float(block.error[a, i])) * unit
    low, high = scores.floats(int(found.flat[0]))
    assert Fraction(low) * unit <= exact.flat[0] <= Fraction(high) * unit


def test_blocks_cover_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores_module, "BLOCK", 40)
    monkeypatch.setattr(scores_module, "PAIRS", 3)
    generator = np.random.default_rng(0)
    layer = AttentionLayer(
        generator.integers(-3, 4, (10, 3)),
        generator.integers(-3, 4, (2, 3, 2)),
        generator.integers(-3, 4, (2, 3, 2)),
    )
    blocks = list(Scores(layer).blocks())
    assert [block.rows for block in blocks] == [slice(n, n + 2) for n in range(0, 10, 2)]
    values = np.concatenate([block.values for block in blocks], axis=1)
    assert (values == head_scores(layer).astype(float)).all()
    pairs = np.arange(10)
    assert (Scores(layer).integers(pairs, pairs[::-1]) == values[:, pairs, pairs[::-1]]).all()
    assert Scores(layer).integers(pairs[:0], pairs[:0]).shape == (2, 0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 130), st.integers(1, 130), st.integers(1, 9000))
@settings(max_examples=40, deadline=None)
def test_products_of_long_integers(seed: int, left: int, right: int, inner: int) -> None:
    generator = np.random.default_rng(seed)

    def matrix(rows: int, columns: int, bits: int) -> np.ndarray:
        values = np.zeros((rows, columns), dtype=object)
        for _ in range(0, bits, 30):
            values = (values << 30) + generator.integers(0, 1 << 30, (rows, columns)).astype(object)
        values = (values >> max(0, 30 * -(-bits // 30) - bits)) - (1 << (bits - 1))
        return values.astype(np.int64) if bits <= 62 else values

    a, b = matrix(2, inner, left), matrix(inner, 2, right)
    expected = a.astype(object) @ b.astype(object)
    assert (exact_product(a, b) == expected).all()


def test_total_key_dim_leaves_padding_out() -> None:
    query = np.ones((2, 3, 4))
    query[1, :, 2:] = 0
    layer = AttentionLayer(np.ones((5, 3)), query, np.ones((2, 3, 4)))
    assert (layer.total_key_dim, layer.heads, layer.key_dim) == (6, 2, 4)
    assert repr(layer) == "AttentionLayer(5 items, 3 dimensions, 2 heads of 4)"


NAN = np.array([[0.0, 1.0], [np.nan, 0.0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embeddings": np.ones(3)}, r"embeddings: shape \(3,\), not \(items, embedding_dim\)"),
        ({"query": np.ones((2, 2))}, r"query: shape \(2, 2\), not \(heads, embedding_dim, key_d"),
        ({"query": np.ones((1, 2, 0))}, r"query: shape \(1, 2, 0\), not"),
        ({"key": np.ones((1, 2, 4))}, r"query has shape \(1, 2, 3\), key \(1, 2, 4\); they must"),
        ({"embeddings": np.ones((2, 5))}, "embeddings have 5 dimensions, but query and key take 2"),
        ({"embeddings": NAN}, r"embeddings: entry \[1, 0\] is nan, not finite"),
        ({"key": np.full((1, 2, 3), np.inf)}, r"key: entry \[0, 0, 0\] is inf, not finite"),
        ({"aggregation": "mean"}, "unknown aggregation 'mean'; use max or sum"),
        ({"embeddings": np.array([["a", "b"]])}, "embeddings: values of type <U1 are not numbers"),
    ],
)
def test_bad_layers(changes: dict[str, Any], message: str) -> None:
    given = {
        "embeddings": np.ones((2, 2)),
        "query": np.ones((1, 2, 3)),
        "key": np.ones((1, 2, 3)),
    }
    with pytest.raises(InputError, match=message):
        AttentionLayer(**(given | changes))
