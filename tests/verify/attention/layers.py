"""Random small layers and graphs, and their scores by the definition."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem


def numbers(generator: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Arrays of one of the kinds that models hold, and of one that strains the exact ones."""
    if kind == "small":
        return generator.integers(-2, 3, shape)
    if kind == "large":
        return generator.integers(-(2**52), 2**52, shape)
    values = generator.standard_normal(shape)
    if kind == "float32":
        return values.astype(np.float32)
    return values * 10.0 ** generator.integers(-3, 3, shape)


KINDS = ("small", "large", "float32", "spread")


def random_problem(seed: int, kind: str, aggregation: Any = "max") -> RecognitionProblem:
    """A layer of a few items with a random graph, and a threshold that is often a score."""
    generator = np.random.default_rng(seed)
    items, dim, heads, key_dim = (int(n) for n in generator.integers(1, (7, 4, 4, 4)))
    layer = AttentionLayer(
        numbers(generator, kind, (items, dim)),
        numbers(generator, kind, (heads, dim, key_dim)),
        numbers(generator, kind, (heads, dim, key_dim)),
        aggregation,
    )
    edges = np.argwhere(generator.random((items, items)) < generator.choice([0.2, 0.5, 1.0]))
    if not len(edges):
        edges = np.array([[0, items - 1]])
    choice = generator.integers(4)
    scores = scores_of(layer)
    threshold = [None, Fraction(0), Fraction(1, 3), scores.flat[generator.integers(scores.size)]]
    return RecognitionProblem(
        layer.with_threshold(threshold[choice]), RelationalGraph(items, edges)
    )


def head_scores(layer: AttentionLayer) -> np.ndarray:
    """Fractions (heads, items, items)."""
    items, query, key = (array.fractions() for array in layer.exact)
    return np.array([(items @ q) @ (items @ k).T for q, k in zip(query, key, strict=True)])


def scores_of(layer: AttentionLayer) -> np.ndarray:
    """Combined scores: Fractions (items, items)."""
    by_head = head_scores(layer)
    return np.asarray(by_head.sum(axis=0) if layer.aggregation == "sum" else by_head.max(axis=0))


def adjacency(graph: RelationalGraph) -> np.ndarray:
    table = np.zeros((graph.items, graph.items), dtype=bool)
    table[tuple(graph.edges.T)] = True
    return table


problems = st.builds(
    random_problem,
    st.integers(0, 2**32 - 1),
    st.sampled_from(KINDS),
    st.sampled_from(("max", "sum")),
)
