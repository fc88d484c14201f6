"""Which pairs a layer reports, by the definition, in rational numbers."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from superproof.verify.attention.layer import AttentionLayer


def scores(layer: AttentionLayer) -> np.ndarray:
    """Largest score over the heads of every pair: Fractions (items, items)."""
    exact = np.vectorize(lambda value: Fraction(float(value)), otypes=[object])
    points, query, key = (exact(a) for a in (layer.embeddings, layer.query, layer.key))
    tables = [(points @ q) @ (points @ k).T for q, k in zip(query, key, strict=True)]
    return np.maximum.reduce(tables)


def reported(layer: AttentionLayer) -> set[tuple[int, int]]:
    """Pairs above the threshold."""
    table = scores(layer)
    pairs = itertools.product(range(layer.items), repeat=2)
    return {(i, j) for i, j in pairs if table[i, j] > layer.threshold}
