"""Layers with any scores at all, and problems about them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.softmax_readout import SoftmaxReadout


def problem_of(
    scores: Any,
    edges: Any,
    context: int,
    *,
    temperature: Fraction | int | str = 1,
    null: Fraction | int | None = 0,
    level: Fraction = Fraction(1, 2),
) -> RecognitionProblem:
    """A problem whose layer has these scores (heads, items, items)."""
    values = np.asarray(scores)
    heads, items, _ = values.shape
    key = np.broadcast_to(np.eye(items, dtype=np.int64), (heads, items, items)).copy()
    layer = AttentionLayer(np.eye(items, dtype=np.int64), values, key)
    softmax = SoftmaxReadout(
        Fraction(temperature), context, None if null is None else Fraction(null), level
    )
    return RecognitionProblem(layer, RelationalGraph(items, edges), softmax)


def random_softmax(seed: int) -> RecognitionProblem:
    """A few items and heads, with ties, missing null keys, loops and extreme temperatures."""
    generator = np.random.default_rng(seed)
    items, heads = int(generator.integers(1, 7)), int(generator.integers(1, 5))
    scores = generator.standard_normal((heads, items, items))
    kind = generator.integers(4)
    if kind == 0:
        scores = np.round(scores * 2) / 2
    elif kind == 1:
        scores = generator.integers(-1, 2, scores.shape).astype(float)
    if generator.integers(2):
        edges = np.column_stack([np.arange(items), generator.permutation(items)])
    else:
        count = int(generator.integers(1, items * items + 1))
        chosen = generator.permutation(items * items)[:count]
        edges = np.column_stack([chosen // items, chosen % items])
    for i, j in edges[: generator.integers(len(edges) + 1)]:
        scores[generator.integers(heads), i, j] += 3
        scores[generator.integers(heads), i, j] += 3 * generator.integers(2)
    scores -= generator.integers(3)
    nulls = [None, Fraction(0), Fraction(1, 3), Fraction(-5), Fraction(1)]
    levels = [Fraction(1, 2), Fraction(1, 3), Fraction(2, 3), Fraction(1, 5), Fraction(9, 10)]
    temperature = Fraction(*generator.integers(1, 9, 2).tolist())
    if not generator.integers(8):
        temperature *= Fraction(10) ** int(generator.choice([-400, -6, 6, 400]))
    return problem_of(
        scores,
        edges,
        int(generator.integers(1, items + 1)),
        temperature=temperature,
        null=nulls[generator.integers(5)],
        level=levels[generator.choice(5, p=[0.4, 0.15, 0.15, 0.15, 0.15])],
    )


def redundant_heads(
    seed: int,
    items: int,
    heads: int,
    context: int,
    load: float,
    *,
    null: Fraction = Fraction(-2),
    spread: float = 1.2,
    **options: Any,
) -> RecognitionProblem:
    """One edge, high in all heads, each of which has distractors of its own.

    The heaviest further items fill this share of the rooms on an average over the heads: near 1
    neither is the edge safe nor does one item after another show that it is missed.
    """
    generator = np.random.default_rng(seed)
    weights = np.exp(spread * generator.standard_normal((heads, items - 2)))
    top = np.sort(weights.mean(axis=0))[2 - context :].sum()
    scores = np.full((heads, items, items), -6.0)
    scores[:, 0, 2:] = np.log(weights * load * (1 - np.exp(float(null))) / top)
    scores[:, 0, 1] = 0.0
    scores[:, 0, 0] = -9.0
    scores = np.round(scores * 2**20) / 2**20
    return problem_of(scores, [[0, 1]], context, null=null, **options)
