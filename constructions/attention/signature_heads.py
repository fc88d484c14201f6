"""Heads of random signatures: the sum of edges' outer products, squeezed through few dimensions.

Two-sided: both ends of an edge carry one signature, random signs or vectors that keep apart.
One-sided: keys are a random projection, and queries carry the projected keys of their neighbours.
Nothing is trained.
"""

from __future__ import annotations

import math

import numpy as np

from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError
from .blocks import Block, edge_blocks
from .pseudo_inverse import repelled


def two_sided(
    embeddings: np.ndarray,
    graph: RelationalGraph,
    heads: int,
    key_dim: int,
    seed: int,
    *,
    spread: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """W_Q = sum x_i s_e^T and W_K = sum x_j s_e^T over the edges of each head's block.

    Signatures s_e are random signs, or with ``spread`` unit vectors that keep apart, orthonormal
    where they fit. Edges of one star share a signature. Returns float64 (heads, embedding_dim,
    key_dim) each; more heads than asked for where leaves repeat.
    """
    blocks = edge_blocks(graph, -(-len(graph) // heads), seed)
    rng = np.random.default_rng([seed, 32])
    points = embeddings.astype(np.float64)
    query = np.zeros((len(blocks), points.shape[1], key_dim))
    key = np.zeros_like(query)
    for head, block in enumerate(blocks):
        number = len(block.centres)
        if not spread:
            signs = rng.choice([-1.0, 1.0], (number, key_dim)) / math.sqrt(key_dim)
        elif number <= key_dim:
            signs = np.linalg.qr(rng.standard_normal((key_dim, number)))[0].T
        else:
            signs = repelled(number, key_dim, seed)
        _place(
            (query[head], key[head]),
            block,
            points[block.centres].T @ signs,
            points[block.leaves].T @ signs[block.owner],
        )
    return query, key


def one_sided(
    embeddings: np.ndarray, graph: RelationalGraph, heads: int, key_dim: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """W_K = R with orthogonal columns, W_Q = (sum x_i x_j^T) R over the edges of each block.

    Raises InputError for more key dimensions than the embeddings have.
    """
    points = embeddings.astype(np.float64)
    dim = points.shape[1]
    if key_dim > dim:
        raise InputError(
            f"one-sided heads have at most {dim} key dimensions, as many as the embeddings, "
            f"not {key_dim}"
        )
    blocks = edge_blocks(graph, -(-len(graph) // heads), seed)
    rng = np.random.default_rng([seed, 33])
    query = np.zeros((len(blocks), dim, key_dim))
    key = np.zeros_like(query)
    for head, block in enumerate(blocks):
        projection = np.linalg.qr(rng.standard_normal((dim, key_dim)))[0]
        projection *= math.sqrt(dim / key_dim)
        centres, leaves = block.centres[block.owner], block.leaves
        asking, answering = (leaves, centres) if block.inward else (centres, leaves)
        query[head] = points[asking].T @ (points[answering] @ projection)
        key[head] = projection
    return query, key


def one_edge_heads(embeddings: np.ndarray, graph: RelationalGraph) -> tuple[np.ndarray, np.ndarray]:
    """A head of one key dimension for each edge: W_Q = x_i, W_K = x_j, for unit vectors."""
    points = embeddings.astype(np.float64)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    points = points / np.where(lengths > 0, lengths, 1.0) ** 2
    sources, targets = graph.edges.T
    return points[sources][:, :, None], points[targets][:, :, None]


def _place(
    sides: tuple[np.ndarray, np.ndarray], block: Block, centres: np.ndarray, leaves: np.ndarray
) -> None:
    query, key = sides
    query[...], key[...] = (leaves, centres) if block.inward else (centres, leaves)
