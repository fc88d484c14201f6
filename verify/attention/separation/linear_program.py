"""The largest gap of one head as a linear program: slower than the hinge, for what that leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Entries of the dense program that is still attempted.
ENTRIES = 6_000_000


@dataclass(frozen=True)
class Multipliers:
    """What a solve proposes.

    Attributes:
        matrix: M, (embedding_dim, embedding_dim).
        values: (items, items), multipliers of the pairs, >= 0.
        separates: whether M separates, in floating point.
    """

    matrix: np.ndarray
    values: np.ndarray
    separates: bool


def in_reach(items: int, embedding_dim: int) -> bool:
    """Whether the program is small enough to be attempted."""
    return items**2 * (embedding_dim**2 + 1) <= ENTRIES


def linear_program(embeddings: np.ndarray, table: np.ndarray) -> Multipliers:
    """Maximise g with ``y_p (x_i M x_j - t) >= g`` for all pairs and entries of M within 1.

    Args:
        embeddings: floats (items, embedding_dim).
        table: booleans (items, items), the edges.

    Returns:
        M and the multipliers of the pairs in an optimal dual solution; all zero where the solver
        fails.
    """
    from scipy.optimize import linprog

    items, dim = embeddings.shape
    sign = np.where(table, 1.0, -1.0).reshape(-1, 1)
    products = (embeddings[:, None, :, None] * embeddings[None, :, None, :]).reshape(-1, dim**2)
    scale = float(np.abs(products).max()) or 1.0
    ones = np.ones_like(sign)
    rows = np.concatenate([-sign * products / scale, sign * ones, ones], axis=1)
    goal = np.zeros(dim**2 + 2)
    goal[-1] = -1.0
    bounds = [(-1.0, 1.0)] * dim**2 + [(None, None), (None, 1.0)]
    solved = linprog(goal, A_ub=rows, b_ub=np.zeros(len(rows)), bounds=bounds, method="highs")
    if solved.x is None:
        return Multipliers(np.zeros((dim, dim)), np.zeros((items, items)), False)
    matrix = solved.x[: dim**2].reshape(dim, dim)
    values = np.maximum(-solved.ineqlin.marginals, 0.0).reshape(items, items)
    # an optimum of 0 may come out as a gap of 1e-9: integers decide
    return Multipliers(matrix, values, bool(solved.x[-1] > 1e-9))
