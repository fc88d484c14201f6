from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.attention.execution import execution
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.threshold import decide_threshold
from superproof.verify.rounding.execution import Execution

from .layers import adjacency, numbers


def trained_like(seed: int, kind: str, aggregation: str) -> RecognitionProblem | None:
    """A random layer with the graph of its own scores above their widest gap."""
    generator = np.random.default_rng(seed)
    items, dim, heads, key_dim = (int(n) for n in generator.integers(2, (8, 6, 4, 5)))
    layer = AttentionLayer(
        numbers(generator, kind, (items, dim)),
        numbers(generator, kind, (heads, dim, key_dim)),
        numbers(generator, kind, (heads, dim, key_dim)),
        aggregation,  # type: ignore[arg-type]
    )
    from .layers import scores_of

    scores = scores_of(layer)
    ordered = sorted(set(scores.ravel()))
    if len(ordered) < 2:
        return None
    place = int(np.argmax([b - a for a, b in itertools.pairwise(ordered)]))
    threshold = (ordered[place] + ordered[place + 1]) / 2
    if generator.random() < 0.5:
        threshold = Fraction(float(np.float32(float(threshold))))
    edges = np.argwhere(scores > threshold)
    if not len(edges):
        return None
    return RecognitionProblem(layer.with_threshold(threshold), RelationalGraph(items, edges))


def executed(problem: RecognitionProblem, generator: np.random.Generator) -> np.ndarray:
    """Which pairs one float32 execution reports; sums in random order."""

    def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        order = generator.permutation(left.shape[1])
        total = np.zeros((left.shape[0], right.shape[1]), dtype=np.float32)
        for k in order:
            total = total + left[:, k, None] * right[None, k]
        return total

    layer = problem.layer
    items = layer.embeddings.astype(np.float32)
    by_head = [
        product(product(items, q.astype(np.float32)), product(items, k.astype(np.float32)).T)
        for q, k in zip(layer.query, layer.key, strict=True)
    ]
    combined = by_head[0]
    for other in by_head[1:]:
        combined = np.maximum(combined, other) if layer.aggregation == "max" else combined + other
    assert layer.threshold is not None
    return np.asarray(combined > np.float32(float(layer.threshold)))


def stated(problem: RecognitionProblem, dtype: str = "float32") -> Execution:
    return execution(problem, decide_threshold(problem), dtype)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["small", "float32"]),
    st.sampled_from(["max", "sum"]),
)
@settings(max_examples=200, deadline=None)
def test_guaranteed_executions_read_the_same(seed: int, kind: str, aggregation: str) -> None:
    problem = trained_like(seed, kind, aggregation)
    if problem is None:
        return
    found = stated(problem)
    if kind == "small" and Fraction(float(problem.layer.threshold)) == problem.layer.threshold:  # type: ignore[arg-type]
        assert found.guaranteed
        assert found.error == 0
    if found.guaranteed:
        generator = np.random.default_rng(seed)
        for _ in range(4):
            assert (executed(problem, generator) == adjacency(problem.graph)).all()


def one_pair(
    item: float, threshold: Fraction, dtype: type = np.float32, graph: bool = True
) -> RecognitionProblem:
    one = np.ones((1, 1, 1), dtype)
    layer = AttentionLayer(np.array([[item], [0.0]], dtype), one, one, threshold=threshold)
    edges = np.array([[0, 0]]) if graph else np.array([[0, 1]])
    return RecognitionProblem(layer, RelationalGraph(2, edges))


def test_images_beyond_the_range_of_floats() -> None:
    # X W_Q is 2^1100, and the scores are 2^300
    layer = AttentionLayer(
        np.array([[2.0**200], [0.0]]),
        np.full((1, 1, 1), 2.0**900),
        np.full((1, 1, 1), 2.0**-1000),
        threshold=Fraction(1),
    )
    problem = RecognitionProblem(layer, RelationalGraph(2, [[0, 0]]))
    found = stated(problem, "float64")
    assert (found.guaranteed, found.reason) == (False, "a score may overflow in float64")


@pytest.mark.parametrize(
    ("problem", "dtype", "reason"),
    [
        (one_pair(3.0, Fraction(4)), "float32", None),
        (one_pair(3.0, Fraction(4)), "bfloat16", None),
        (one_pair(1 / 3, Fraction(1, 20)), "float32", None),
        (one_pair(3.0, Fraction(4), graph=False), "float32", "do not recognise the graph"),
        (one_pair(1 / 3, Fraction(1, 20), np.float64), "float32", "embeddings is not stored exact"),
        (one_pair(1e30, Fraction(4)), "float32", "a score may overflow in float32"),
        (one_pair(3.0, Fraction(10**40), graph=False), "float32", "do not recognise"),
        (one_pair(3.0, 9 - Fraction(1, 2**40)), "float32", "the threshold, it no longer separates"),
        (one_pair(0.1, Fraction(9999999, 10**9)), "float32", "the error bound reaches the margin"),
        (
            one_pair(2.0**200, Fraction(1), np.float64),
            "float32",
            "embeddings is not stored exactly",
        ),
    ],
)
def test_reasons(problem: RecognitionProblem, dtype: str, reason: str | None) -> None:
    found = stated(problem, dtype)
    assert found.guaranteed == (reason is None), found
    if reason is not None:
        assert reason in found.reason
