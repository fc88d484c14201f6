from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.noise import noise_radius
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.threshold import decide_threshold

from .layers import adjacency, problems, scores_of


def separated(problem: RecognitionProblem) -> RecognitionProblem | None:
    """The problem read at the middle of its gap, if it has one."""
    layer = problem.layer.with_threshold(None)
    found = decide_threshold(RecognitionProblem(layer, problem.graph))
    if found.status != "holds":
        return None
    return RecognitionProblem(layer.with_threshold(found.threshold), problem.graph)


@given(problems)
@settings(max_examples=200, deadline=None)
def test_no_move_within_the_radius_is_read_wrong(problem: RecognitionProblem) -> None:
    asked = separated(problem) or problem
    if asked.layer.threshold is None:
        return
    radius = noise_radius(asked)
    found = decide_threshold(asked)
    if found.status != "holds":
        assert radius == 0
        return
    if radius in (0, np.inf):
        return
    layer, generator = asked.layer, np.random.default_rng(1)
    edges = adjacency(asked.graph)
    for trial in range(6):
        moves = generator.standard_normal(layer.embeddings.shape)
        if trial >= 3:  # towards the nearest wrong reading of one pair, for a head
            a = generator.integers(layer.heads)
            matrix = layer.query[a].astype(float) @ layer.key[a].astype(float).T
            items = layer.embeddings.astype(float)
            i, j = generator.integers(layer.items, size=2)
            moves[:] = 0
            moves[j] = matrix.T @ items[i]
            moves[i] += matrix @ items[j]
            moves *= -1 if edges[i, j] else 1
        lengths = np.linalg.norm(moves, axis=1, keepdims=True)
        step = np.where(lengths > 0, moves / np.maximum(lengths, 1e-300), 0) * radius * 0.999999
        values = layer.exact[0].fractions()
        moved = values + np.vectorize(Fraction, otypes=[object])(step)
        scores = scores_of_items(moved, layer)
        assert ((scores > layer.threshold) == edges).all()


def scores_of_items(items: np.ndarray, layer: AttentionLayer) -> np.ndarray:
    """Combined scores of other embeddings: Fractions (items, items)."""
    _, query, key = (array.fractions() for array in layer.exact)
    by_head = np.array([(items @ q) @ (items @ k).T for q, k in zip(query, key, strict=True)])
    return np.asarray(by_head.sum(axis=0) if layer.aggregation == "sum" else by_head.max(axis=0))


def test_the_radius_is_sharp_in_one_dimension() -> None:
    # scores x_i x_j with x = 1, 2: the pair (1, 1) is above 3 until x = sqrt 3
    layer = AttentionLayer(
        np.array([[1.0], [2.0]]), np.ones((1, 1, 1)), np.ones((1, 1, 1)), threshold=Fraction(3)
    )
    problem = RecognitionProblem(layer, RelationalGraph(2, np.array([[1, 1]])))
    # e^2 + 4 e = 1 for the edge, e^2 + 3 e = 1 for the pair (0, 1), which is at 2
    assert noise_radius(problem) == pytest.approx(np.sqrt(5) - 2, rel=1e-8)
    assert scores_of(layer)[0, 1] == 2


def test_no_threshold_no_radius_and_scores_without_embeddings() -> None:
    layer = AttentionLayer(np.ones((2, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1, 1)))
    problem = RecognitionProblem(layer, RelationalGraph(2, np.argwhere(np.ones((2, 2)))))
    with pytest.raises(ValueError, match="a layer without a threshold has no radius"):
        noise_radius(problem)
    below = RecognitionProblem(layer.with_threshold(Fraction(-1)), problem.graph)
    assert noise_radius(below) > 1e50


def radius_of(
    items: Any, query: Any, key: Any, edges: Any, threshold: Fraction = Fraction(0)
) -> float:
    layer = AttentionLayer(
        np.array(items), np.array(query)[None], np.array(key)[None], threshold=threshold
    )
    return noise_radius(RecognitionProblem(layer, RelationalGraph(len(items), edges)))


@pytest.mark.parametrize("unit", [2.0**-500, 1.0, 2.0**300])
@pytest.mark.parametrize("weight", [2.0**-1000, 1.0, 2.0**1000])
def test_units_do_not_matter(unit: float, weight: float) -> None:
    found = radius_of([[unit], [unit]], [[weight]], [[1.0]], np.argwhere(np.ones((2, 2))))
    # e^2 + 2 e = 1
    assert found == pytest.approx(unit * (np.sqrt(2) - 1), rel=1e-8)


def test_products_below_the_range_of_floats_still_count() -> None:
    # half of the one entry of item 1 takes the edge away, but X W_Q is 0 in floats
    items = [[2.0**-300, 0.0], [0.0, 2.0**-310]]
    query, key = [[2.0**-800], [0.0]], [[0.0], [2.0**1023]]
    found = radius_of(items, query, key, [[0, 1]], Fraction(1, 2**388))
    assert 2.0**-313 < found < 2.0**-311


def test_numbers_that_no_float_holds() -> None:
    everything = np.argwhere(np.ones((2, 2)))
    assert radius_of([[1.0], [2.0]], [[1.0]], [[1.0]], everything, -(Fraction(10) ** 400)) > 1e50
    assert radius_of([[1.0], [2.0]], [[1.0]], [[1.0]], [[1, 1]], Fraction(10) ** 400) == 0
    # mantissas of more than 1,300 bits: scores 1 and 0
    items, query, key = [[1e200, 0.0], [0.0, 1e-200]], [[1e-200], [0.0]], [[1e-200], [1.0]]
    found = radius_of(items, query, key, [[0, 0]], Fraction(1, 2))
    assert 0.4 < found < 0.5
    assert radius_of([[1e-300], [0.0]], [[1e-300]], [[1e-300]], [[0, 0]]) == 0
