"""Repairs of a layer on the grid: one weight at a time to a neighbouring value.

Of the weights whose gradient promises most, the one with the least exact loss is changed, and then
rests for a while, so that the search leaves hollows that are not deep enough (tabu search).
"""

from __future__ import annotations

import time

import numpy as np

from ...verify.attention.graph import RelationalGraph

#: Weights compared for a change, and changes for which a changed weight rests.
COMPARED, RESTS = 256, 60
#: Bracket of the loss, and how far below it non-edges are watched, as shares of the edges' mean.
BRACKET, WATCHED = 0.1, 0.25
#: Changes between two looks at all pairs; changes without a better loss after which it ends.
LOOK_EVERY, PATIENCE = 20, 400


def repair(
    embeddings: np.ndarray,
    graph: RelationalGraph,
    integers: np.ndarray,
    scale: float,
    *,
    changes: int,
    until: float | None,
    seed: int,
) -> tuple[np.ndarray, int]:
    """Change single weights until every pair is on its side, or the changes are used up.

    Args:
        embeddings, graph: the instance.
        integers: odd, (2, heads, embedding_dim, key_dim); the largest magnitude ends the grid.
        scale: of the scores at weights in [-1, 1], so that edges score about 1.
        changes: at most so many.
        until: a time of the monotonic clock.
        seed: breaks ties.

    Returns the weights of least loss that were seen, and the number of changes.
    """
    search = _Search(embeddings, graph, integers, scale, seed)
    best, best_loss, since = integers, np.inf, 0
    done = 0
    for done in range(changes + 1):
        if done % LOOK_EVERY == 0:
            search.look()
        loss = search.loss()
        if search.separated and search.confirmed():
            return search.integers, done
        since = 0 if loss < best_loss * (1 - 1e-6) else since + 1
        if loss < best_loss:
            best, best_loss = search.integers.copy(), loss
        late = until is not None and time.monotonic() > until
        if late or since > PATIENCE or not search.change(done):
            break
    return best, done


class _Search:
    """The current weights, and the pairs near or beyond the boundary."""

    def __init__(
        self,
        embeddings: np.ndarray,
        graph: RelationalGraph,
        integers: np.ndarray,
        scale: float,
        seed: int,
    ) -> None:
        self.points = embeddings.astype(np.float64)
        self.graph, self.integers = graph, integers.copy()
        self.most = int(np.abs(integers).max())
        self.unit = scale / self.most**2
        self.rested = np.full(integers.shape, -RESTS - 1)
        self.rng = np.random.default_rng([seed, 22])

    def look(self) -> None:
        """All scores anew; watch the non-edges near the level, and each edge in its best head."""
        self.queries = np.matmul(self.points, self.integers[0].astype(np.float64))
        self.keys = np.matmul(self.points, self.integers[1].astype(np.float64))
        scores = np.matmul(self.queries, self.keys.transpose(0, 2, 1)) * self.unit
        sources, targets = self.graph.edges.T
        edges = scores[:, sources, targets]
        self.serving = edges.argmax(axis=0)
        on = edges.max(axis=0)
        # the scale that makes edges fill the bracket, and where the boundary is best put
        self.size = float(on.mean())
        scores[:, sources, targets] = -np.inf
        self.top = float(scores.max())
        self.level = float(np.quantile(on, 0.02) + self.top) / 2
        near = np.argwhere(scores > self.level - (WATCHED + BRACKET) * self.size)
        self.heads = np.concatenate([self.serving, near[:, 0]])
        self.left = np.concatenate([sources, near[:, 1]])
        self.right = np.concatenate([targets, near[:, 2]])
        self.sign = np.repeat([1.0, -1.0], [len(on), len(near)])
        self.values = np.concatenate([on, scores[tuple(near.T)]])

    @property
    def separated(self) -> bool:
        """Whether the watched pairs are on two sides."""
        edges = self.sign > 0
        others = self.values[~edges]
        return bool(self.values[edges].min() > others.max(initial=-np.inf) + 1e-9 * self.size)

    def confirmed(self) -> bool:
        """The same after a look at all pairs."""
        self.look()
        return self.separated

    def _short(self, values: np.ndarray) -> np.ndarray:
        margin = BRACKET / 2 * self.size
        return np.maximum(margin - self.sign * (values - self.level), 0)

    def loss(self) -> float:
        """Sum of squared shortfalls of the watched pairs."""
        short = self._short(self.values)
        return float(short @ short)

    def change(self, now: int) -> bool:
        """Change the weight with the least loss among the promising ones; False if none is."""
        short = self._short(self.values)
        active = np.flatnonzero(short)
        weight = -short[active] * self.sign[active]
        slopes = np.empty(self.integers.shape)
        for head in range(len(self.queries)):
            mine = self.heads[active] == head
            left, right = self.left[active][mine], self.right[active][mine]
            pull = weight[mine][:, None]
            slopes[0, head] = self.points[left].T @ (pull * self.keys[head, right])
            slopes[1, head] = self.points[right].T @ (pull * self.queries[head, left])
        step = -2 * np.sign(slopes)
        ends = self.integers + step
        allowed = (np.abs(ends) <= self.most) & (now - self.rested > RESTS) & (slopes != 0)
        promise = np.where(allowed, np.abs(slopes), -1.0).reshape(-1)
        number = min(COMPARED, int(allowed.sum()))
        if not number:
            return False
        chosen = np.argpartition(-promise, number - 1)[:number]
        sides, heads, rows, columns = np.unravel_index(chosen, self.integers.shape)
        steps = step.reshape(-1)[chosen]
        moves = self._moves(sides, heads, rows, columns, steps)
        after = np.maximum(
            BRACKET / 2 * self.size
            - self.sign[:, None] * (self.values[:, None] + moves - self.level),
            0,
        )
        losses = (after * after).sum(axis=0)
        pick = int(np.argmin(losses * (1 + 1e-9 * self.rng.random(len(losses)))))
        side, head, row, column = sides[pick], heads[pick], rows[pick], columns[pick]
        self.integers[side, head, row, column] += int(steps[pick])
        self.rested[side, head, row, column] = now
        self.values = self.values + moves[:, pick]
        images = self.queries if side == 0 else self.keys
        images[head, :, column] += steps[pick] * self.points[:, row]
        return True

    def _moves(
        self,
        sides: np.ndarray,
        heads: np.ndarray,
        rows: np.ndarray,
        columns: np.ndarray,
        steps: np.ndarray,
    ) -> np.ndarray:
        """By how much each change moves each watched score: (watched, changes)."""
        moves = np.empty((len(self.values), len(steps)))
        for side, (own, images) in enumerate(((self.left, self.keys), (self.right, self.queries))):
            other = self.right if side == 0 else self.left
            some = np.flatnonzero(sides == side)
            points = self.points[:, rows[some]][own]
            seen = images[self.heads[:, None], other[:, None], columns[some][None]]
            moves[:, some] = points * seen * (self.unit * steps[some])
        if self.integers.shape[1] > 1:
            moves *= self.heads[:, None] == heads[None]
        return moves
