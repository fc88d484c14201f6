"""The bracketed squared hinge from a spectral start: query and key matrices without random numbers.

Edges are pushed above 1 in the head that serves them best, all other pairs below a level just
under 1, so that only pairs near or beyond the boundary contribute. Coordinates of the item vectors
are whitened first, which halves the steps and more than that near the least size
(docs/attention-constructions.md, section 2). Floats only propose: what is handed over is decided in
integers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...verify.attention.graph import RelationalGraph
from .embeddings import whitening
from .score_passes import Look, ScorePasses, passes

#: The level r0 below which non-edges should stay, where size is no concern, and at the least sizes.
LEVEL, TIGHT_LEVEL = 0.9, 0.98
#: Step length, and the steps over which it rises at first.
RATE, WARM_UP = 0.1, 10
#: Decay of the moments of the gradient.
MOMENTA = 0.9, 0.99
#: Without a gap asked for, training goes on for at most so many steps to widen what it found.
WIDEN = 60
#: Size of the noise of the spectral start, in the largest singular value.
NOISE = 0.01
#: Levels tried in turn for the widest gap.
WIDE_LEVELS = (0.8, 0.7, 0.6, 0.5, 0.4, 0.3)


@dataclass(frozen=True, eq=False)
class Found:
    """Query and key matrices.

    Attributes:
        query, key: float64 (heads, embedding_dim, key_dim), for the vectors as given.
        gap: (least edge - greatest other pair) / least edge, over all pairs; above 0 when every
            pair is on its side in floating point.
        steps: taken in all.
        level: the level of the last loss.
        seconds: what it took.
    """

    query: np.ndarray
    key: np.ndarray
    gap: float
    steps: int
    level: float
    seconds: float


def spectral_start(
    points: np.ndarray, graph: RelationalGraph, heads: int, key_dim: int
) -> np.ndarray:
    """Float32 (2, heads, embedding_dim, key_dim): the truncated sum of edges' outer products.

    Head a starts with every ``heads``-th edge; its edges score 1 on average. Edges of items of high
    degree count less, so that a star weighs as much as a single edge. A little fixed noise picks
    general directions where singular values are equal.
    """
    dim = points.shape[1]
    sources, targets = graph.edges.T
    out, into = graph.degrees
    shares = (1 / np.sqrt(out[sources] * into[targets])).astype(np.float32)[:, None]
    noise = np.random.default_rng(0).standard_normal((dim, dim)) * (NOISE / np.sqrt(dim))
    weights = np.zeros((2, heads, dim, key_dim), dtype=np.float32)
    for head in range(heads):
        # with more heads than edges, those that are left over start on edges again
        some = slice(head % len(graph), None, heads)
        left, right = points[sources[some]], points[targets[some]]
        total = (left.T @ (shares[some] * right)).astype(np.float64)
        u, s, vt = np.linalg.svd(total + noise * np.linalg.norm(total, 2))
        rank = min(key_dim, dim)
        query, key = u[:, :rank] * np.sqrt(s[:rank]), vt[:rank].T * np.sqrt(s[:rank])
        mean = float(np.einsum("ek,ek->e", left @ query, right @ key).mean())
        weights[0, head, :, :rank] = query / np.sqrt(max(mean, 1e-12))
        weights[1, head, :, :rank] = key / np.sqrt(max(mean, 1e-12))
    return weights


def hinge(
    embeddings: np.ndarray,
    graph: RelationalGraph,
    heads: int,
    key_dim: int,
    *,
    level: float = LEVEL,
    gap: float | None = None,
    steps: int = 400,
    rate: float = RATE,
    seconds: float | None = None,
    device: str | None = None,
    even: bool = False,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    tick: Callable[[int, float], None] = lambda step, gap: None,
) -> Found:
    """Train query and key matrices until all pairs are on their sides, or the steps are over.

    Args:
        embeddings: X, (items, embedding_dim).
        graph: which pairs should score high.
        heads, key_dim: h and d_k.
        level: r0, below 1.
        gap: relative gap to reach; None ends with the best of the first error-free steps.
        steps, seconds: at most so many, and about so long.
        rate: step length.
        device: torch device; None for the processor.
        even: bring all edges to one score, as softmax over several of them wants.
        start: query and key to begin with instead of the spectral start.
        tick: called with the step and the relative gap.

    Returns the best weights that were seen, error-free or not.
    """
    begun = time.monotonic()
    frame = whitening(embeddings)
    points = (embeddings.astype(np.float64) @ frame).astype(np.float32)
    if start is None:
        weights = spectral_start(points, graph, heads, key_dim)
    else:
        back = np.linalg.pinv(frame)
        weights = np.stack([back @ start[0], back @ start[1]]).astype(np.float32)
    descent = _Descent(passes(points, graph, device, even), weights, level, rate, steps)
    last = steps
    while descent.step < last:
        look = descent.advance()
        tick(descent.step, look.gap)
        if look.gap > 0 and gap is None:
            last = min(last, descent.step + min(max(descent.first, 10), WIDEN))
        if gap is not None and look.gap >= gap:
            break
        if seconds is not None and time.monotonic() - begun > seconds:
            break
    best = np.matmul(frame, descent.best.astype(np.float64))
    return Found(best[0], best[1], descent.best_gap, descent.step, level, time.monotonic() - begun)


def widest(
    embeddings: np.ndarray,
    graph: RelationalGraph,
    found: Found,
    *,
    gap: float | None = None,
    steps: int = 300,
    device: str | None = None,
    even: bool = False,
    tick: Callable[[int, float], None] = lambda step, gap: None,
) -> Found:
    """Widen the gap of an error-free layer: lower the level while the gap still grows.

    ``gap`` ends the search once reached; None looks for the widest.
    """
    best, taken, seconds = found, found.steps, found.seconds
    for level in WIDE_LEVELS:
        if gap is not None and best.gap >= gap:
            break
        now = hinge(
            embeddings, graph, *best.query.shape[::2], level=level,
            gap=1.0 if gap is None else gap, steps=steps, rate=RATE / 2, device=device,
            even=even, start=(best.query, best.key), tick=tick,
        )  # fmt: skip
        taken, seconds = taken + now.steps, seconds + now.seconds
        if now.gap <= best.gap:
            break
        best = now
    return Found(best.query, best.key, best.gap, taken, best.level, seconds)


class _Descent:
    """Adam on the hinge, with warm-up and a linear decay in the second half."""

    def __init__(
        self, passes: ScorePasses, weights: np.ndarray, level: float, rate: float, steps: int
    ) -> None:
        self.passes, self.weights, self.level = passes, weights, level
        self.rate, self.steps = rate, steps
        self.mean, self.square = np.zeros_like(weights), np.zeros_like(weights)
        self.step, self.first = 0, 0
        self.best, self.best_gap = weights, -np.inf

    def advance(self) -> Look:
        """Look at all pairs, remember the best weights, take a step."""
        look = self.passes.look(self.weights, self.level)
        if look.gap > self.best_gap:
            self.best, self.best_gap = self.weights, look.gap
        if look.gap > 0 and not self.first:
            self.first = self.step
        slow, fast = MOMENTA
        self.step += 1
        self.mean = slow * self.mean + (1 - slow) * look.gradient
        self.square = fast * self.square + (1 - fast) * look.gradient**2
        mean = self.mean / (1 - slow**self.step)
        square = self.square / (1 - fast**self.step)
        decay = min(1.0, self.step / WARM_UP, 2 * (1 - (self.step - 1) / self.steps))
        self.weights = self.weights - np.float32(self.rate * decay) * (
            mean / (np.sqrt(square) + np.float32(1e-10))
        )
        return look
