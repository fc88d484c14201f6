"""One look at the scores of all pairs: loss, gradient and the two sides, in bounded memory.

Scores of non-edges above a level and scores of edges below 1 make up the loss; each edge counts in
the head that serves it best. Few non-edges exceed the level once a layer is nearly right, so that
they are kept as lists, and a look costs little more than the product of queries and keys.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError, MissingExtraError

#: Scores computed at once on the host, and on a device.
BLOCK, DEVICE_BLOCK = 1 << 19, 1 << 26
#: A block with a larger share of scores above the level is multiplied as a whole.
SPARSE = 0.08


class Look(NamedTuple):
    """What all pairs say.

    Attributes:
        gradient: of the loss by the weights, (2, heads, embedding_dim, key_dim): query, key.
        least: smallest over the edges of the largest score over the heads.
        top: largest score of another pair in any head.
        loss: half the sum of squares.
        curvature: second derivative of the loss by the logarithm of a common factor of all
            scores, without the share of the residuals.
    """

    gradient: np.ndarray
    least: float
    top: float
    loss: float
    curvature: float

    @property
    def gap(self) -> float:
        """(least - top) / least, or a number below 0 where an edge scores 0 or less."""
        return (self.least - self.top) / max(self.least, 1e-9) if self.least > 0 else -np.inf


class ScorePasses(Protocol):
    """Who looks."""

    def look(self, weights: np.ndarray, level: float) -> Look:
        """Scores under float32 weights (2, heads, embedding_dim, key_dim)."""
        ...


class HostPasses:
    """Looks with BLAS in single precision.

    Args:
        points: X, (items, embedding_dim), float32.
        graph: its edges.
        even: edges above 1 count as much as those below, so that all edges come to score alike.
    """

    def __init__(self, points: np.ndarray, graph: RelationalGraph, even: bool = False) -> None:
        self.even = even
        self.points = np.ascontiguousarray(points, dtype=np.float32)
        self.graph = graph
        self.sources, self.targets = graph.edges.T
        self.rows = max(1, BLOCK // graph.items)

    def look(self, weights: np.ndarray, level: float) -> Look:
        """See :class:`ScorePasses`."""
        items, heads = len(self.points), weights.shape[1]
        queries, keys = np.matmul(self.points, weights[0]), np.matmul(self.points, weights[1])
        edges = _edge_scores(queries, keys, self.sources, self.targets)
        serving = edges.argmax(axis=0)
        best = edges[serving, np.arange(len(serving))]
        short = 1 - best if self.even else np.maximum(1 - best, 0)
        by_query, by_key = np.zeros_like(queries), np.zeros_like(keys)
        top, loss = -np.inf, 0.5 * float(short @ short)
        late = short != 0
        curvature = float(best[late] @ best[late])
        _pull(by_query, by_key, queries, keys, self.sources, self.targets, serving, short)
        scores = np.empty((self.rows, items), dtype=np.float32)
        for start in range(0, items, self.rows):
            rows = slice(start, min(start + self.rows, items))
            known = self.graph.neighbours(rows)
            for head in range(heads):
                q, k = queries[head, rows], keys[head]
                block = scores[: len(q)]
                np.matmul(q, k.T, out=block)
                block[known] = -np.inf
                places = np.flatnonzero(block > level)
                if not len(places):
                    if top <= level:
                        top = max(top, float(block.max()))
                    continue
                high = block.reshape(-1)[places]
                top = max(top, float(high.max()))
                curvature += float(high @ high)
                excess = high - np.float32(level)
                loss += 0.5 * float(excess @ excess)
                if len(places) < SPARSE * block.size:
                    _push(by_query[head, rows], by_key[head], q, k, places, excess)
                else:
                    block -= np.float32(level)
                    np.maximum(block, 0, out=block)
                    by_query[head, rows] += block @ k
                    by_key[head] += block.T @ q
        turned = self.points.T
        gradient = np.stack([np.matmul(turned, by_query), np.matmul(turned, by_key)])
        return Look(gradient, float(best.min()), top, loss, curvature)


class DevicePasses:
    """Looks with torch on a device, in single precision.

    Raises MissingExtraError without torch, and InputError for a device that is not there.
    """

    def __init__(
        self, points: np.ndarray, graph: RelationalGraph, device: str, even: bool = False
    ) -> None:
        try:
            import torch
        except ImportError:
            raise MissingExtraError("torch", "experiments", "--device") from None
        self.torch, self.even = torch, even
        try:
            self.device = torch.device(device)
            self.points = self._there(points.astype(np.float32))
        except (RuntimeError, AssertionError) as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"device '{device}' cannot be used: {reason}") from None
        self.graph = graph
        self.edges = self._there(graph.edges)
        self.rows = max(1, DEVICE_BLOCK // graph.items)

    def _there(self, array: np.ndarray) -> Any:
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def look(self, weights: np.ndarray, level: float) -> Look:
        """See :class:`ScorePasses`."""
        torch, items = self.torch, len(self.points)
        with torch.no_grad():
            there = self._there(weights.astype(np.float32))
            queries, keys = self.points @ there[0], self.points @ there[1]
            sources, targets = self.edges.T
            edges = (queries[:, sources] * keys[:, targets]).sum(dim=2)
            best, serving = edges.max(dim=0)
            short = 1 - best if self.even else torch.clamp(1 - best, min=0)
            by_query, by_key = torch.zeros_like(queries), torch.zeros_like(keys)
            loss = 0.5 * (short * short).sum()
            curvature = (best[short != 0] ** 2).sum()
            for head in range(len(queries)):
                mine = serving == head
                q, k, pull = sources[mine], targets[mine], short[mine][:, None]
                by_query[head].index_add_(0, q, -pull * keys[head, k])
                by_key[head].index_add_(0, k, -pull * queries[head, q])
            tops = []
            for start in range(0, items, self.rows):
                stop = min(start + self.rows, items)
                rows = slice(start, stop)
                known = tuple(self._there(part) for part in self.graph.neighbours(rows))
                for head in range(len(queries)):
                    block = queries[head, rows] @ keys[head].T
                    block[known] = -torch.inf
                    tops.append(block.max())
                    active = block > level
                    curvature += torch.where(active, block, 0.0).square().sum()
                    block = torch.clamp(block - level, min=0)
                    loss += 0.5 * (block * block).sum()
                    by_query[head, rows] += block @ keys[head]
                    by_key[head] += block.T @ queries[head, rows]
            gradient = torch.stack([self.points.T @ by_query, self.points.T @ by_key])
            return Look(
                gradient.cpu().numpy(),
                float(best.min()),
                float(torch.stack(tops).max()),
                float(loss),
                float(curvature),
            )


def passes(
    points: np.ndarray, graph: RelationalGraph, device: str | None, even: bool = False
) -> ScorePasses:
    """Passes on the host, or on the device that is named."""
    if device is None:
        return HostPasses(points, graph, even)
    return DevicePasses(points, graph, device, even)


def _edge_scores(
    queries: np.ndarray, keys: np.ndarray, sources: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """(heads, edges)."""
    return np.stack(
        [np.einsum("ek,ek->e", q[sources], k[targets]) for q, k in zip(queries, keys, strict=True)]
    )


def _pull(
    by_query: np.ndarray,
    by_key: np.ndarray,
    queries: np.ndarray,
    keys: np.ndarray,
    sources: np.ndarray,
    targets: np.ndarray,
    serving: np.ndarray,
    short: np.ndarray,
) -> None:
    """Edges below 1 pull in the head that serves them."""
    from scipy.sparse import coo_array

    items = queries.shape[1]
    for head in range(len(queries)):
        mine = np.flatnonzero((serving == head) & (short != 0))
        places = sources[mine], targets[mine]
        pull = coo_array((-short[mine].astype(np.float32), places), shape=(items, items)).tocsr()
        by_query[head] += pull @ keys[head]
        by_key[head] += pull.T @ queries[head]


def _push(
    by_query: np.ndarray,
    by_key: np.ndarray,
    q: np.ndarray,
    k: np.ndarray,
    places: np.ndarray,
    excess: np.ndarray,
) -> None:
    """Non-edges above the level push; they are few."""
    from scipy.sparse import csr_array

    shape = (len(q), len(k))
    rows, columns = np.divmod(places, shape[1])
    starts = np.searchsorted(rows, np.arange(shape[0] + 1))
    push = csr_array((excess, columns, starts), shape=shape)
    by_query += push @ k
    by_key += push.T @ q
