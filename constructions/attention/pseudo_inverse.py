"""Pseudo-inverse blocks: in each head the ends of its edges have exact, well separated signatures.

Scores within a block carry no noise, so that heads can be narrow; items outside the block see noise
that grows with the block's share of the dimensions (docs/attention-constructions.md, section 4).
"""

from __future__ import annotations

import math

import numpy as np

from ...verify.attention.graph import RelationalGraph
from .blocks import edge_blocks
from .hub_heads import HubSplit, split_hubs, star_head

#: Key dimensions of a head, and the reserve on the number of heads.
KEY_DIM, RESERVE = 4, 1.4
#: Steps by which signatures repel each other, and how sharply near ones do.
STEPS, SHARPNESS = 300, 12.0


def pseudo_inverse_heads(graph: RelationalGraph, embedding_dim: int, key_dim: int) -> int:
    """The design rule: a reserve times (m'/d) 2 ln(2 m^2) / d_k heads, at least m'/(d - 1).

    Hubs have heads of their own, of one key dimension each.
    """
    split = _split(graph, embedding_dim, key_dim)
    return len(split.stars) + _block_heads(split.rest, embedding_dim, key_dim)


def _split(
    graph: RelationalGraph, embedding_dim: int, key_dim: int, reserve: float = 1.0
) -> HubSplit:
    noise = 2 * math.log(2 * graph.items**2)
    # with one key dimension every block is a star anyway
    cost = RESERVE * noise / embedding_dim if key_dim > 1 else 0.0
    return split_hubs(graph, embedding_dim, cost, reserve)


def _block_heads(graph: RelationalGraph | None, embedding_dim: int, key_dim: int) -> int:
    if graph is None:
        return 0
    noise = 2 * math.log(2 * graph.items**2)
    heads = math.ceil(RESERVE * len(graph) / embedding_dim * noise / key_dim)
    return max(heads, -(-len(graph) // max(embedding_dim - 1, 1)))


def hub_heads(graph: RelationalGraph, embedding_dim: int, key_dim: int) -> int:
    """Number of heads of one key dimension, for hubs."""
    return len(_split(graph, embedding_dim, key_dim).stars)


def law(graph: RelationalGraph, embedding_dim: int, key_dim: int) -> float:
    """D_K* = (m'/d) 2 ln(2 m^2) / (1 - beta), beta = d_k / (d_k + 2 ln(2 m^2)); an estimate.

    Edges of hubs count one for each of their heads instead.
    """
    noise = 2 * math.log(2 * graph.items**2)
    split = _split(graph, embedding_dim, key_dim)
    edges = 0 if split.rest is None else len(split.rest)
    return len(split.stars) + edges / embedding_dim * (noise + key_dim)


def pseudo_inverse(
    embeddings: np.ndarray, graph: RelationalGraph, heads: int, key_dim: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Query and key of pseudo-inverse blocks, float64 (heads, embedding_dim, key_dim).

    There are more heads than asked for where leaves of one star repeat, and with one key dimension
    every head holds a single star. Heads of hubs use one key dimension; their others are zero.
    """
    dim = embeddings.shape[1]
    reserve = max(heads / pseudo_inverse_heads(graph, dim, key_dim), 1.0)
    split = _split(graph, dim, key_dim, reserve)
    blocks = []
    if split.rest is not None:
        number = max(1, heads - len(split.stars))
        size = max(1, min(-(-len(split.rest) // number), dim))
        blocks = edge_blocks(split.rest, size, seed, centres=1 if key_dim == 1 else None)
    points = embeddings.astype(np.float64)
    query = np.zeros((len(blocks) + len(split.stars), dim, key_dim))
    key = np.zeros_like(query)
    for head, block in enumerate(blocks):
        signatures = repelled(len(block.centres), key_dim, seed)
        centres = np.linalg.pinv(points[block.centres]) @ signatures
        leaves = np.linalg.pinv(points[block.leaves]) @ signatures[block.owner]
        sides = (leaves, centres) if block.inward else (centres, leaves)
        query[head], key[head] = sides
    for head, (hub, ends) in enumerate(split.stars, len(blocks)):
        query[head, :, 0], key[head, :, 0] = star_head(points, hub, ends, split.inward)
    return query, key


def repelled(number: int, dim: int, seed: int) -> np.ndarray:
    """Unit vectors that keep away from each other, (number, dim); a circle in two dimensions."""
    if dim == 1:
        return np.ones((number, 1)) if number < 2 else np.resize([[1.0], [-1.0]], (number, 1))
    if dim == 2:
        angles = 2 * np.pi * np.arange(number) / max(number, 1)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    vectors = np.random.default_rng([seed, 34, number]).standard_normal((number, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if number == 1:
        return vectors
    for step in range(STEPS):
        near = vectors @ vectors.T
        np.fill_diagonal(near, -np.inf)
        force = np.exp(SHARPNESS * (near - near.max()))
        force /= np.maximum(force.sum(axis=1, keepdims=True), 1e-12)
        vectors = vectors - 0.3 * (1 - step / STEPS) * (force @ vectors)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
