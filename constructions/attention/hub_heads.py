"""Hubs in heads of one key dimension: a few of a hub's leaves each, the other edges elsewhere.

In such a head the hub and its leaves score exactly 1; any other item has a key of variance
n / (d - n), n the leaves of the head, so that a head holds about d / (2 ln N) leaves, N the number
of pairs of hubs' heads and items (docs/attention-constructions.md, section 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...verify.attention.graph import RelationalGraph


@dataclass(frozen=True, eq=False)
class HubSplit:
    """Edges by the heads that will hold them.

    Attributes:
        stars: (hub, leaves) of a head each.
        rest: the other edges; None where there are none.
        inward: leaves ask and hubs answer; else the other way round.
    """

    stars: tuple[tuple[int, np.ndarray], ...]
    rest: RelationalGraph | None
    inward: bool


def most_leaves(graph: RelationalGraph, embedding_dim: int) -> int:
    """The leaves that a head can hold by its noise, 1 or more; an estimate."""
    items, edges = graph.items, len(graph)
    leaves = 1
    for _ in range(8):  # the number of heads, and so of noisy pairs, depends on the leaves
        noise = 2 * math.log(2 * items * max(edges / leaves, 1.0))
        leaves = max(1, int(embedding_dim / (1 + noise)))
    return leaves


def split_hubs(
    graph: RelationalGraph, embedding_dim: int, cost: float, reserve: float = 1.0
) -> HubSplit:
    """Put those items into heads of their own whose edges are cheaper there.

    Args:
        graph: the edges.
        embedding_dim: d.
        cost: key dimensions that an edge takes elsewhere.
        reserve: heads hold fewer leaves by this factor.
    """
    out, into = graph.degrees
    inward = bool(into.max() > out.max())
    edges = graph.edges[:, ::-1] if inward else graph.edges
    most = max(1, int(most_leaves(graph, embedding_dim) / reserve))
    degrees = np.bincount(edges[:, 0], minlength=graph.items)
    heads = -(-degrees // most)
    chosen = np.flatnonzero((degrees > 1) & (heads <= cost * degrees))
    stars = []
    for hub in chosen.tolist():
        leaves = edges[edges[:, 0] == hub, 1]
        stars += [(hub, part) for part in np.array_split(leaves, heads[hub])]
    left = edges[~np.isin(edges[:, 0], chosen)]
    rest = None
    if len(left):
        rest = RelationalGraph(graph.items, left[:, ::-1] if inward else left)
    return HubSplit(tuple(stars), rest, inward)


def star_head(
    points: np.ndarray, hub: int, leaves: np.ndarray, inward: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Query and key, (embedding_dim,) each, under which the hub and each leaf score 1."""
    centre = points[hub] / max(float(points[hub] @ points[hub]), 1e-30)
    others = np.linalg.pinv(points[leaves]) @ np.ones(len(leaves))
    return (others, centre) if inward else (centre, others)
