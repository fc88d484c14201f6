"""Weights of one to five bits: trained in a box, frozen on the grid entry by entry, then repaired.

While training goes on, the free weights that lie nearest to a grid value are frozen there, a few
more at every stage; the others make up for it. Weights are kept in [-1, 1], whose corners are grid
values: near the end most of the free ones lie there by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...verify.attention.graph import RelationalGraph
from .hinge import MOMENTA, TIGHT_LEVEL, hinge
from .repairs import repair
from .score_passes import HostPasses

#: Levels r0 that are tried in turn, by bits; near the least sizes only a narrow bracket is met.
LEVELS = {1: (0.8, 0.7), 2: (0.8, 0.9, 0.7), 3: (0.8, 0.9)}
FINE_LEVELS = (0.9, 0.95, 0.8)
#: Stages, steps at each, steps before the first, and the step length before and during freezing.
STAGES, STEPS, FIRST = 400, 20, 300
RATE, FREEZING_RATE = 0.05, 0.025
#: Free share after a share x of the stages: (1 - x)^POWER.
POWER = 1.5
#: The box is this many standard deviations of the real weights wide, on either side.
SPREAD = 2.0


@dataclass(frozen=True, eq=False)
class Frozen:
    """Weights on the grid.

    Attributes:
        query, key: odd integers, int64 (heads, embedding_dim, key_dim).
        gap: relative, in floating point; above 0 where every pair is on its side.
        steps: of training.
        changes: of single entries afterwards.
        seconds: what it took.
    """

    query: np.ndarray
    key: np.ndarray
    gap: float
    steps: int
    changes: int
    seconds: float


def freeze(
    embeddings: np.ndarray,
    graph: RelationalGraph,
    heads: int,
    key_dim: int,
    bits: int,
    *,
    seed: int = 0,
    level: float = 0.8,
    stages: int = STAGES,
    changes: int = 2000,
    seconds: float | None = None,
    tick: Callable[[int, float], None] = lambda step, gap: None,
) -> Frozen:
    """Find weights of few bits.

    Args:
        embeddings, graph, heads, key_dim: the instance and the size.
        bits: of a weight, 1 to 5 where this pays.
        seed: of the rotation of the key dimensions and of ties.
        level: r0 of the hinge.
        stages: of freezing; longer schedules do better.
        changes: of single entries, at most, while some pair is on the wrong side.
        seconds: repairs end after about so long.
        tick: called with the steps and the relative gap after every stage.
    """
    begun = time.monotonic()
    fall = _Fall(embeddings, graph, bits, level)
    fall.start(_real(embeddings, graph, heads, key_dim, seed))
    fall.run(FIRST, RATE)
    for stage in range(1, stages + 1):
        left = round(fall.weights.size * (1 - stage / stages) ** POWER)
        fall.freeze(left)
        gap = fall.run(STEPS if left else 1, FREEZING_RATE)
        tick(fall.step, gap)
    integers = fall.integers()
    done, changed = 0, integers
    if gap <= 0 and changes:
        limit = None if seconds is None else begun + seconds
        changed, done = repair(
            embeddings, graph, integers, fall.scale, changes=changes, until=limit, seed=seed
        )
    return Frozen(changed[0], changed[1], gap, fall.step, done, time.monotonic() - begun)


def _real(
    embeddings: np.ndarray, graph: RelationalGraph, heads: int, key_dim: int, seed: int
) -> np.ndarray:
    """Real weights to begin with, key dimensions mixed by a random rotation."""
    found = hinge(
        embeddings, graph, heads, min(key_dim, embeddings.shape[1]), level=TIGHT_LEVEL, steps=600
    )
    rng = np.random.default_rng([seed, 21])
    weights = np.zeros((2, heads, embeddings.shape[1], key_dim))
    for head in range(heads):
        turn = np.linalg.qr(rng.standard_normal((key_dim, key_dim)))[0]
        for side, array in enumerate((found.query, found.key)):
            weights[side, head] = array[head] @ turn[: array.shape[2]]
    return weights


class _Fall:
    """Real weights on their way to the grid."""

    def __init__(
        self, embeddings: np.ndarray, graph: RelationalGraph, bits: int, level: float
    ) -> None:
        self.passes = HostPasses(embeddings.astype(np.float32), graph)
        self.levels, self.level = 1 << bits, level
        self.scale, self.step = 1.0, 0
        self.weights = self.mean = self.square = np.zeros(0, dtype=np.float32)
        self.free = np.zeros(0, dtype=bool)

    def start(self, weights: np.ndarray) -> None:
        """Scale to the box; all weights are free."""
        spread = SPREAD * weights.std(axis=(1, 2, 3), keepdims=True)
        self.weights = np.clip(weights / spread, -1, 1).astype(np.float32)
        self.free = np.ones(weights.shape, dtype=bool)
        self.mean, self.square = np.zeros_like(self.weights), np.zeros_like(self.weights)
        self.scale = float(np.prod(spread))

    def nearest(self) -> np.ndarray:
        """The nearest values of the grid."""
        top = self.levels - 1
        places = np.clip(np.rint((self.weights + 1) / 2 * top), 0, top)
        return np.asarray((2 * places / top - 1).astype(np.float32))

    def integers(self) -> np.ndarray:
        """Odd integers, once all weights are frozen."""
        return np.rint(self.weights * (self.levels - 1)).astype(np.int64)

    def freeze(self, left: int) -> None:
        """Freeze the weights nearest to the grid until so many are free."""
        places = np.flatnonzero(self.free)
        number = len(places) - left
        if number <= 0:
            return
        grid = self.nearest().reshape(-1)
        apart = np.abs(self.weights.reshape(-1) - grid)[places]
        chosen = places[np.argsort(apart, kind="stable")[:number]]
        self.weights.reshape(-1)[chosen] = grid[chosen]
        self.free.reshape(-1)[chosen] = False

    def run(self, steps: int, rate: float) -> float:
        """Train the free weights; the relative gap before the last step."""
        slow, fast = MOMENTA
        gap = -np.inf
        for _ in range(steps):
            root = np.float32(np.sqrt(self.scale))
            look = self.passes.look(self.weights * root, self.level)
            gap = look.gap
            gradient = look.gradient * root
            # scores are linear in either side, so this is the loss's slope by log(scale)
            slope = float((self.weights[0] * gradient[0]).sum())
            self.scale *= float(np.exp(np.clip(-slope / (look.curvature + 1e-9), -0.05, 0.05)))
            self.step += 1
            self.mean += np.float32(1 - slow) * (gradient - self.mean)
            self.square += np.float32(1 - fast) * (gradient**2 - self.square)
            mean = self.mean / (1 - slow**self.step)
            square = self.square / (1 - fast**self.step)
            moved = self.weights - np.float32(rate) * mean / (np.sqrt(square) + 1e-12)
            self.weights = np.where(self.free, np.clip(moved, -1, 1), self.weights)
        return float(gap)
