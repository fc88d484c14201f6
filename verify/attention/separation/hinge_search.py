"""A squared hinge over all pairs of items: one convex solve proposes a head or a refutation.

Floating point throughout; what is proposed here is decided elsewhere, in integers.
docs/attention-separation.md, section 3, derives what the solution means.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

#: Coefficient of the threshold: f_p = (x_i (x) x_j, -1/8).
BIAS = 0.125
#: Newton steps, and the least number of products with the Hessian allowed in one of them.
STEPS, PRODUCTS = 200, 100
#: Where conjugate gradients come to no end, steps are solved densely up to so many unknowns.
DENSE = 2400
#: A gap of scores that floating point takes for one; the hinge asks for 2.
GAP = 1e-7
#: Rows of the Hessian assembled at once.
ROWS = 4096
#: Relative size of the gradient at which the search ends.
STATIONARY = 1e-13


@dataclass(frozen=True)
class Proposal:
    """Where the search ended.

    Attributes:
        separates: whether every edge scores above every other pair, in floating point.
        matrix: M, (embedding_dim, embedding_dim): the score of i and j is ``x_i M x_j``.
        threshold: of the scores.
        multipliers: (items, items), ``c_p (1 - y_p z_p)_+`` of every pair, >= 0.
        residual: size of ``sum multipliers y f`` relative to the sum of the multipliers' terms.
        steps, products: Newton steps and products with the Hessian.
        finished: whether the search ended by itself.
    """

    separates: bool
    matrix: np.ndarray
    threshold: float
    multipliers: np.ndarray
    residual: float
    steps: int
    products: int
    finished: bool


def search(embeddings: np.ndarray, edges: np.ndarray, *, seconds: float = math.inf) -> Proposal:
    """Minimise ``sum c_p/2 (1 - y_p z_p)_+^2`` over a matrix and a threshold.

    Semismooth Newton steps with exact line search; each is solved by conjugate gradients with
    four matrix products a step, densely where these come to no end. Coordinates are whitened
    first, which changes no score.

    Args:
        embeddings: (items, embedding_dim), floats.
        edges: (edges, 2), distinct.
        seconds: time limit; what is there by then is returned.

    Source: docs/attention-separation.md, section 3.
    """
    u, s, vt = np.linalg.svd(embeddings, full_matrices=False)
    rank = int((s > s.max(initial=0.0) * max(embeddings.shape) * 1e-15).sum())
    hinge = _Hinge(u[:, :rank] * math.sqrt(len(u)), edges)
    end = hinge.minimise(time.monotonic() + seconds)
    # back to the given coordinates: X = U S V^T
    back = vt[:rank].T * (math.sqrt(len(u)) / s[:rank])
    matrix = back @ hinge.matrix @ back.T
    return Proposal(hinge.separates, matrix, hinge.level, hinge.multipliers, hinge.residual, *end)


class _Hinge:
    """The loss, its gradient and its Hessian at the current point."""

    def __init__(self, x: np.ndarray, edges: np.ndarray) -> None:
        self.x, items = x, len(x)
        self.y = np.full((items, items), -1.0)
        self.y[edges[:, 0], edges[:, 1]] = 1.0
        # edges weigh as much together as the others do, about
        self.c = np.where(self.y > 0, max(items / 4, 1.0), 1.0)
        self.w = np.zeros(x.shape[1] ** 2 + 1)
        self.z = np.zeros_like(self.y)

    @property
    def matrix(self) -> np.ndarray:
        rank = self.x.shape[1]
        return self.w[:-1].reshape(rank, rank)

    @property
    def level(self) -> float:
        """z = score - level, so this is the threshold that the loss chose."""
        return BIAS * float(self.w[-1])

    @property
    def slack(self) -> np.ndarray:
        return np.asarray(np.maximum(1.0 - self.y * self.z, 0.0))

    @property
    def multipliers(self) -> np.ndarray:
        return np.asarray(self.c * self.slack)

    @property
    def separates(self) -> bool:
        edges = self.y > 0
        if not edges.any() or edges.all():
            return True
        return bool(self.z[edges].min() - self.z[~edges].max() > GAP)

    @property
    def residual(self) -> float:
        weights = self.multipliers
        size = float(np.abs(self.adjoint(self.y * weights)).max(initial=0.0))
        terms = float(weights.sum()) * max(1.0, float((self.x**2).max(initial=0.0)))
        return size / terms if terms else 0.0

    def forward(self, w: np.ndarray) -> np.ndarray:
        rank = self.x.shape[1]
        scores = self.x @ w[:-1].reshape(rank, rank) @ self.x.T
        return np.asarray(scores - BIAS * w[-1])

    def adjoint(self, weights: np.ndarray) -> np.ndarray:
        matrix = self.x.T @ weights @ self.x
        return np.append(matrix.ravel(), -BIAS * weights.sum())

    def minimise(self, deadline: float) -> tuple[int, int, bool]:
        """Steps, products with the Hessian, and whether it came to an end."""
        products, first, stalled, hard = 0, 0.0, 0, False
        for step in range(STEPS):
            active = self.c * (self.slack > 0)
            downhill = self.adjoint(self.y * self.multipliers)
            size = float(np.linalg.norm(downhill))
            first = first or size
            if self.separates or size <= STATIONARY * first or stalled > 2:
                return step, products, True
            if time.monotonic() > deadline:
                return step, products, False
            if not hard:
                direction, used, ended = self._solve(active, downhill, size / first)
                products += used
                hard = not ended and len(self.w) <= DENSE
            if hard:
                direction = self._dense(active, downhill)
            before = float((self.c * self.slack**2).sum())
            self._move(direction)
            gain = before - float((self.c * self.slack**2).sum())
            stalled = stalled + 1 if gain <= 1e-15 * before else 0
        return STEPS, products, False

    def _solve(
        self, active: np.ndarray, right: np.ndarray, progress: float
    ) -> tuple[np.ndarray, int, bool]:
        """Conjugate gradients on the Hessian of the active pairs."""
        scale = math.sqrt(max(float(active.sum()), 1.0))
        shift = 1e-12 * scale
        solution, rest = np.zeros_like(right), right.copy()
        direction, square = rest.copy(), float(rest @ rest)
        goal = min(0.1, max(progress, 1e-6)) ** 2 * 1e-4 * square
        most = max(PRODUCTS, len(right) // (2 if len(right) <= DENSE else 1))
        for count in range(1, most + 1):
            image = self.adjoint(active * self.forward(direction)) + shift * direction
            curvature = float(direction @ image)
            if curvature <= 0.0:
                return solution, count, False
            length = square / curvature
            solution += length * direction
            rest -= length * image
            before, square = square, float(rest @ rest)
            if square <= goal:
                return solution, count, True
            direction = rest + square / before * direction
        return solution, most, False

    def _dense(self, active: np.ndarray, right: np.ndarray) -> np.ndarray:
        hessian = np.zeros((len(right), len(right)))
        i, j = np.nonzero(active)
        for start in range(0, len(i), ROWS):
            part = slice(start, start + ROWS)
            root = np.sqrt(active[i[part], j[part]])[:, None]
            products = self.x[i[part], :, None] * self.x[j[part], None, :]
            rows = np.concatenate([products.reshape(len(root), -1), -BIAS + 0 * root], axis=1)
            rows *= root
            hessian += rows.T @ rows
        shift = 1e-13 * float(np.trace(hessian)) / len(right)
        hessian[np.diag_indices_from(hessian)] += shift
        try:
            return np.asarray(np.linalg.solve(hessian, right))
        except np.linalg.LinAlgError:
            return right

    def _move(self, direction: np.ndarray) -> None:
        """To the least loss on the line: the root of a piecewise linear, rising slope."""
        ahead = self.forward(direction)
        turn = self.y * ahead

        def slope(t: float) -> tuple[float, float]:
            slack = 1.0 - self.y * self.z - t * turn
            live = self.c * (slack > 0)
            return -float((live * slack * turn).sum()), float((live * turn**2).sum())

        low, high, t = 0.0, math.inf, 1.0
        for _ in range(60):
            value, rise = slope(t)
            if value < 0:
                low = t
            else:
                high = t
            if abs(value) <= 1e-15 * rise * max(t, 1.0) or rise == 0.0:
                break
            t = t - value / rise
            if not low < t < high:
                t = (low + high) / 2 if math.isfinite(high) else 2 * low + 1e-6
            if high - low <= 1e-15 * high:
                break
        self.w = self.w + t * direction
        # not z + t ahead, whose errors add up
        self.z = self.forward(self.w)
