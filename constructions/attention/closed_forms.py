"""Layers in closed form, each by its own design rule, rounded and decided."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError
from .embeddings import has_common_mean, whitening
from .pseudo_inverse import hub_heads, law, pseudo_inverse
from .rounding import Rounded, rounded_layer
from .signature_heads import one_edge_heads, one_sided, two_sided
from .signature_law import expected_wrong
from .sizing import Size, closed_size, noise_of
from .uncompressed import circle, coded_head, sign_codes

#: Closed forms by name; ``paper`` is a reconstruction of the design of arXiv 2509.22840.
CLOSED = (
    "paper",
    "two-sided",
    "one-sided",
    "pseudo-inverse",
    "one-edge-heads",
    "sign-code",
    "circle",
)
#: Those whose size follows from the graph.
UNSIZED = ("one-edge-heads", "sign-code", "circle")
#: More heads after draws that fail, by this factor, so many times, unless heads were given.
GROWTH, ATTEMPTS = 1.15, 4
#: Most multiplications of a proof: pairs times key dimensions.
MOST_WORK = 4e12


def closed_form(
    method: str,
    points: np.ndarray,
    graph: RelationalGraph,
    heads: int | None,
    key_dim: int | None,
    bits: int | None,
    seed: int,
    draws: int,
) -> tuple[Rounded, dict[str, Any]]:
    """The layer of a closed form, or the best of its draws; and what is worth recording.

    Vectors with a common mean are whitened first, since plain sums would see little else.

    Raises InputError for sizes that do not fit the form.
    """
    if method in UNSIZED:
        if heads is not None or key_dim is not None:
            raise InputError(
                f"{method}: heads and key dimensions follow from the graph; leave them out"
            )
        return _unsized(method, points, graph, bits)
    size = closed_size(method, graph, points.shape[1], heads, key_dim)
    best: tuple[Rounded, dict[str, Any]] | None = None
    frame, whitened = _frame(points)
    seen = points.astype(np.float64) @ frame
    for attempt in range(1 if heads is not None else ATTEMPTS):
        for draw in range(seed, seed + draws):
            _require_work(graph, size.heads * size.key_dim)
            query, key = _sized(method, seen, graph, size, draw)
            query, key = np.matmul(frame, query), np.matmul(frame, key)
            found = rounded_layer(points, graph, query, key, bits=bits)
            facts = _facts(method, points, graph, size)
            facts |= {"draw": draw, "enlarged": attempt, "whitened": whitened}
            if found.proved:
                return found, facts
            if best is None or found.relative_gap > best[0].relative_gap:
                best = found, facts
        size = Size(int(np.ceil(size.heads * GROWTH)), size.key_dim, size.source)
    assert best is not None
    return best


def _sized(
    method: str, points: np.ndarray, graph: RelationalGraph, size: Size, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    heads, key_dim = size.heads, size.key_dim
    if method == "pseudo-inverse":
        return pseudo_inverse(points, graph, heads, key_dim, seed)
    if method == "one-sided":
        return one_sided(points, graph, heads, key_dim, seed)
    return two_sided(points, graph, heads, key_dim, seed, spread=method == "paper")


def _unsized(
    method: str, points: np.ndarray, graph: RelationalGraph, bits: int | None
) -> tuple[Rounded, dict[str, Any]]:
    if method == "one-edge-heads":
        _require_work(graph, len(graph))
        frame, whitened = _frame(points)
        query, key = one_edge_heads(points.astype(np.float64) @ frame, graph)
        query, key = np.matmul(frame, query), np.matmul(frame, key)
        found = rounded_layer(points, graph, query, key, bits=bits, mix=False)
        return found, {"whitened": whitened}
    codes = sign_codes(graph.items) if method == "sign-code" else circle(graph.items)
    query, key = coded_head(points, graph, codes)
    return rounded_layer(points, graph, query, key, bits=bits, mix=False), {}


def _frame(points: np.ndarray) -> tuple[np.ndarray, bool]:
    """Coordinates in which plain sums are taken, and whether they are whitened."""
    common = has_common_mean(points)
    return (whitening(points) if common else np.eye(points.shape[1])), common


def _facts(method: str, points: np.ndarray, graph: RelationalGraph, size: Size) -> dict[str, Any]:
    """What the form's own law says about its size."""
    dim = points.shape[1]
    facts: dict[str, Any] = {"size_by": size.source}
    if method == "pseudo-inverse":
        facts["law_total_key_dim"] = law(graph, dim, size.key_dim)
        facts["hub_heads"] = hub_heads(graph, dim, size.key_dim)
    else:
        block = -(-len(graph) // size.heads)
        noise = noise_of(method, dim, block, size.key_dim)
        facts["law_expected_wrong"] = expected_wrong(noise, graph.items, len(graph), size.heads)
    if method == "paper":
        facts["reconstruction"] = "edge blocks on heads that share D_K; arXiv 2509.22840, abstract"
        facts["edges_a_head"] = -(-len(graph) // size.heads)
    return facts


def _require_work(graph: RelationalGraph, total_key_dim: int) -> None:
    work = float(graph.items) ** 2 * total_key_dim
    if work > MOST_WORK:
        raise InputError(
            f"{total_key_dim} key dimensions on {graph.items} items take {work:.0e} "
            f"multiplications to prove; at most {MOST_WORK:.0e} can be handled: use hinge"
        )
