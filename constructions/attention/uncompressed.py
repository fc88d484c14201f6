"""One head for independent vectors: codes that every item carries exactly.

With as many dimensions as items any codes can be prescribed: item j answers with its own code, and
item i asks with the code of its neighbour. For graphs in which every item has at most one
neighbour, or is at most one item's neighbour.
"""

from __future__ import annotations

import numpy as np

from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError


def sign_codes(items: int) -> np.ndarray:
    """Different sign vectors, (items, ceil(lg items)): the binary digits of the numbers."""
    width = max((items - 1).bit_length(), 1)
    digits = np.arange(items)[:, None] >> np.arange(width)
    return np.asarray(2.0 * (digits & 1) - 1)


def circle(items: int) -> np.ndarray:
    """Equidistant points of the unit circle, (items, 2)."""
    angles = 2 * np.pi * np.arange(items) / items
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def coded_head(
    embeddings: np.ndarray, graph: RelationalGraph, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Query and key of one head, float64 (1, embedding_dim, key_dim).

    Items that ask nothing (or answer nothing, in graphs with several neighbours) have zeros.

    Raises InputError for dependent vectors, and for graphs of other kinds.
    """
    points = embeddings.astype(np.float64)
    if np.linalg.matrix_rank(points) < len(points):
        raise InputError(
            f"{len(points)} items in {points.shape[1]} dimensions are not independent; codes need "
            "as many dimensions as items: use the method hinge"
        )
    out, into = graph.degrees
    edges = graph.edges
    if out.max() > 1 and into.max() > 1:
        raise InputError(
            "codes are for graphs in which no item has two neighbours, or none is a neighbour of "
            "two; use the method hinge"
        )
    asking, answering = np.zeros_like(codes), np.zeros_like(codes)
    if out.max() == 1:
        asking[edges[:, 0]] = codes[edges[:, 1]]
        answering[:] = codes
    else:
        answering[edges[:, 1]] = codes[edges[:, 0]]
        asking[:] = codes
    inverse = np.linalg.pinv(points)
    if (points == np.eye(*points.shape)).all():
        inverse = points.T
    return (inverse @ asking)[None], (inverse @ answering)[None]
