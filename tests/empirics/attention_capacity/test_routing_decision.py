"""The decision over all contexts of one head, against every context in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from superproof.empirics.attention_capacity.routing_decision import decide_routing, wrong_contexts
from superproof.empirics.attention_capacity.routing_model import RoutedLayer
from superproof.verify.attention.contexts.exponential import exponential
from superproof.verify.attention.graph import RelationalGraph

Matrix = list[list[Fraction]]


def product(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0))
         for column in zip(*right, strict=True)]
        for row in left
    ]  # fmt: skip


def rationals(array: np.ndarray) -> Matrix:
    return [[Fraction(float(x)) for x in row] for row in array]


def transposed(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def positive(terms: dict[Fraction, Fraction]) -> bool:
    """Whether the sum of factors times exponentials, by exponent, is above 0."""
    terms = {exponent: factor for exponent, factor in terms.items() if factor}
    if not terms:
        return False
    top = max(terms)
    low = high = Fraction(0)
    for exponent, factor in terms.items():
        ends = [factor * end for end in exponential(exponent - top, 4096)]
        low, high = low + min(ends), high + max(ends)
    assert low > 0 or high < 0
    return low > 0


def right_everywhere(layer: RoutedLayer, targets: list[int], size: int) -> list[bool]:
    points = rationals(layer.vectors)
    query, key = (rationals(layer.weights[name][:, 0]) for name in ("query", "key"))
    scores = product(product(points, query), transposed(product(points, key)))
    values = points
    if layer.output == "values":
        values = product(points, rationals(layer.weights["value"][:, 0]))
        values = product(values, rationals(layer.weights["out"][0]))
    reads = product(values, transposed(points))
    return [all(_right(scores[i], reads, j, members)
                for members in _contexts(i, j, len(points), size))
            for i, j in enumerate(targets)]  # fmt: skip


def _contexts(i: int, j: int, items: int, size: int) -> list[list[int]]:
    fixed = sorted({i, j})
    rest = [c for c in range(items) if c not in fixed]
    return [
        [*fixed, *more]
        for count in range(size - len(fixed) + 1)
        for more in combinations(rest, count)
    ]


def _right(scores: list[Fraction], reads: Matrix, j: int, members: list[int]) -> bool:
    for k in members:
        terms: dict[Fraction, Fraction] = {}
        for c in members:
            terms[scores[c]] = terms.get(scores[c], Fraction(0)) + reads[c][j] - reads[c][k]
        if k != j and not positive(terms):
            return False
    return True


def layer_of(rng: np.random.Generator, style: str, output: str) -> RoutedLayer:
    items, dim, key_dim = (int(rng.integers(*ends)) for ends in ((3, 6), (2, 5), (1, 3)))

    def drawn(*shape: int) -> np.ndarray:
        if style == "ties":
            return rng.integers(-1, 2, shape).astype(np.float64)
        return rng.standard_normal(shape).astype(np.float32).astype(np.float64)

    while True:
        vectors = drawn(items, dim) + (2.0 * np.eye(items, dim) if rng.random() < 0.6 else 0.0)
        if len(np.unique(vectors, axis=0)) == items:
            break
    weights = {"query": drawn(dim, 1, key_dim), "key": drawn(dim, 1, key_dim)}
    if style == "ties" and rng.random() < 0.5:
        weights["query"] *= 0.0
    if style == "tiny":
        vectors = vectors * 2.0**-90
    if style == "huge":
        vectors = vectors * 2.0**90
        weights = {name: array * 2.0**-89 for name, array in weights.items()}
    if style == "sharp":
        weights["query"] = weights["query"] * rng.choice([30.0, 1e5])
    if style == "lengths":
        vectors = vectors * 2.0 ** rng.integers(-9, 9, (items, 1))
    if output == "values":
        weights |= {"value": drawn(dim, 1, dim), "out": drawn(1, dim, dim)}
    return RoutedLayer(output, vectors, weights)


@pytest.mark.parametrize("output", ["identity", "values"])
@pytest.mark.parametrize("style", ["plain", "ties", "tiny", "huge", "sharp", "lengths"])
def test_agrees_with_all_contexts(style: str, output: str) -> None:
    rng = np.random.default_rng([5, len(style), len(output)])
    seen = set()
    for _ in range(10):
        layer = layer_of(rng, style, output)
        items = len(layer.vectors)
        targets = rng.permutation(items).tolist()
        size = int(rng.integers(2, items + 1))
        graph = RelationalGraph.permutation(targets)
        expected = right_everywhere(layer, targets, size)
        found = decide_routing(layer, graph, size)
        assert (found.right, found.wrong, found.open) == (sum(expected), items - sum(expected), 0)
        wrong = wrong_contexts(layer, graph, size)
        assert set(wrong) == {i for i, right in enumerate(expected) if not right}
        for i, members in wrong.items():
            assert {i, targets[i]} <= set(members)
            assert len(members) <= size
        seen |= set(expected)
    assert seen == {False, True}


def test_wrong_contexts_are_wrong_in_floats() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((12, 6))
    weights = {name: rng.standard_normal((6, 1, 3)) for name in ("query", "key")}
    layer = RoutedLayer("identity", vectors, weights)
    targets = rng.permutation(12)
    wrong = wrong_contexts(layer, RelationalGraph.permutation(targets), 5)
    assert len(wrong) >= 3
    for i, members in wrong.items():
        ordered = [int(targets[i]), *(c for c in members if c != targets[i])]
        every = np.tile(np.array(ordered), (12, 1))
        found = layer.chosen(every, layer.scores())[i]
        assert found[0] <= found[1:].max() + 1e-9


def test_ties_are_wrong_and_the_least_more_is_right() -> None:
    weights = {name: np.eye(3)[:, None, :] for name in ("query", "key")}
    graph = RelationalGraph.permutation([0, 1, 2])
    # with equal weights two orthonormal items are equally near
    flat = RoutedLayer("identity", np.eye(3), {**weights, "query": 0 * weights["query"]})
    assert decide_routing(flat, graph, 2).wrong == 3
    assert wrong_contexts(flat, graph, 2)[1] == (0, 1)
    # item i weighs e^(2^-80) times as much as the other: beyond floats, not beyond integers
    near = RoutedLayer("identity", np.eye(3), {**weights, "query": 2.0**-80 * weights["query"]})
    assert decide_routing(near, graph, 3).right == 3


def test_scores_too_far_apart_for_floats_are_decided() -> None:
    # the third item outweighs the others by e^5000, but is not in the contexts of two
    vectors = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    query, key = np.ones((3, 1, 1)), np.array([0.0, 1.0, 5000.0]).reshape(3, 1, 1)
    layer = RoutedLayer("identity", vectors, {"query": query, "key": key})
    graph = RelationalGraph.permutation([1, 2, 0])
    # 0 finds 1 by a weight of e / (1 + e), 1 finds 2, and 2 loses 0 to itself
    assert wrong_contexts(layer, graph, 2) == {2: (0, 2)}
    assert set(wrong_contexts(layer, graph, 3)) == {0, 2}
