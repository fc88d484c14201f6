"""Worst contexts of edges by sorting: the heaviest further items of one head (S1, S2 and S3).

A head reports an edge in every context if even its heaviest further items fit into its room. With
one live head, one whose room is above 0, that is exact: no other head can report the edge once a
further item is there. See docs/attention-softmax.md, sections 3 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..graph import RelationalGraph
from ..scores import Block
from .exponents import ROUNDING, Exponents
from .float_exponential import exponentials

#: States of an edge.
OPEN, LEVELS, SORTED, NO_LIVE_HEAD, ONE_LIVE_HEAD, ABSENT = range(6)
#: Floats of the live heads of some edges that are sorted at once.
PART = 1 << 22


@dataclass(frozen=True)
class EdgeStates:
    """What sorting says of some edges.

    Attributes:
        states: one of the constants of this file for each edge: proved in every context by one
            number a head or two (LEVELS) or by sorting (SORTED), missed in some context (no live
            head, one live head), in no context at all (ABSENT), or OPEN.
        heads: the head that proves an edge.
    """

    states: np.ndarray
    heads: np.ndarray

    @property
    def proved(self) -> np.ndarray:
        """Which edges are reported in every context."""
        return np.isin(self.states, (LEVELS, SORTED, ABSENT))

    @property
    def missed(self) -> np.ndarray:
        """Which edges are missed in some context."""
        return np.isin(self.states, (NO_LIVE_HEAD, ONE_LIVE_HEAD))


class ScoredRows(NamedTuple):
    """Float scores of some items with all, from :meth:`Scores.blocks`.

    Attributes:
        items: which items ask, ascending.
        values: (heads, rows, items).
        error: (heads, rows), no value is farther from the exact one.
    """

    items: np.ndarray
    values: np.ndarray
    error: np.ndarray

    @classmethod
    def of(cls, block: Block) -> ScoredRows:
        """All rows of a block."""
        return cls(np.arange(block.rows.start, block.rows.stop), block.values, block.error)


def further_items(context: int, loop: bool) -> int:
    """Items of a context besides the pair; negative if the pair does not fit."""
    return context - (1 if loop else 2)


def sort_edges(
    exponents: Exponents, graph: RelationalGraph, scored: ScoredRows, wanted: np.ndarray
) -> EdgeStates:
    """Decide some edges, as far as sorting can.

    Args:
        scored: scores of their first items.
        wanted: indices of edges of the graph.
    """
    states = np.full(len(wanted), OPEN)
    heads = np.zeros(len(wanted), dtype=np.int64)
    edges = graph.edges[wanted]
    loops = edges[:, 0] == edges[:, 1]
    for loop in (False, True):
        places = np.flatnonzero(loops == loop)
        if not len(places):
            continue
        room_for = further_items(exponents.softmax.context, loop)
        if room_for < 0:
            states[places] = ABSENT
        elif exponents.usable:
            step = max(1, PART // exponents.scores.heads // graph.items)
            for start in range(0, len(places), step):
                some = places[start : start + step]
                part = _Part(exponents, graph, scored, edges[some], loop, room_for)
                states[some], heads[some] = part.decide()
    return EdgeStates(states, heads)


class _Part:
    """Edges that are all loops or none, with as many further items."""

    def __init__(
        self,
        exponents: Exponents,
        graph: RelationalGraph,
        scored: ScoredRows,
        edges: np.ndarray,
        loop: bool,
        further: int,
    ) -> None:
        self.exponents, self.graph, self.scored = exponents, graph, scored
        self.edges, self.loop, self.further = edges, loop, further
        self.rows = np.searchsorted(scored.items, edges[:, 0])
        self.target = scored.values[:, self.rows, edges[:, 1]]
        own = None if loop else scored.values[:, self.rows, edges[:, 0]]
        error = scored.error[:, self.rows]
        self.low, self.high = exponents.room(self.target, own, error)
        self.error = exponents.error(2 * error)

    def decide(self) -> tuple[np.ndarray, np.ndarray]:
        count = len(self.edges)
        states = np.full(count, OPEN)
        if not self.further:
            heads = self.low.argmax(axis=0)
            states[self.low[heads, np.arange(count)] >= 0] = SORTED
            states[(self.high < 0).all(axis=0)] = NO_LIVE_HEAD
            return states, heads
        live = self.high > 0
        alive = live.sum(axis=0)
        states[alive == 0] = NO_LIVE_HEAD
        # sums of the heaviest, as shares of the room: at most 1 proves the edge
        share = np.full(live.shape, np.inf)
        levels = np.full(live.shape, np.inf)
        beaten = ~live
        head, edge = np.nonzero(live)
        step = max(1, PART // self.graph.items)
        for start in range(0, len(head), step):
            a, e = head[start : start + step], edge[start : start + step]
            above, below, rough = self._sums(a, e)
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                room = self.low[a, e]
                share[a, e] = np.where(room > 0, above / room, np.inf)
                levels[a, e] = np.where(room > 0, rough / room, np.inf)
            beaten[a, e] = below > self.high[a, e]
        heads = share.argmin(axis=0)
        lone = (alive == 1) & beaten.all(axis=0)
        states[lone] = ONE_LIVE_HEAD
        # the quotient is rounded once more
        one = 1 - ROUNDING
        states[share.min(axis=0) < one] = SORTED
        rough_heads = levels.argmin(axis=0)
        easy = levels.min(axis=0) < one
        states[easy] = LEVELS
        heads[easy] = rough_heads[easy]
        return states, heads

    def _sums(self, a: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, ...]:
        """Bounds above and below on the heaviest sums, and the bound by levels."""
        scores = self.scored.values[a, self.rows[e]] - self.target[a, e][:, None]
        every = np.arange(len(a))
        scores[every, self.edges[e, 1]] = -np.inf
        scores[every, self.edges[e, 0]] = -np.inf
        error = self.error[a, e]
        spread = error + (self.further + 8) * ROUNDING
        rough = self._levels(scores, e) * (1 + spread)
        k, m = self.further, scores.shape[1]
        top = np.partition(scores, m - k, axis=1)[:, m - k :] if k < m else scores
        total = exponentials(top * self.exponents.scale).sum(axis=1)
        # weights clipped at the lower end may be too large by that end
        with np.errstate(invalid="ignore"):
            return total * (1 + spread), total * (1 - spread) - k * 2.0**-980, rough

    def _levels(self, scores: np.ndarray, e: np.ndarray) -> np.ndarray:
        """At most this much weight, by the largest score of other edges and of the rest."""
        scale, k = self.exponents.scale, self.further
        asking = self.edges[e, 0]
        first = np.searchsorted(self.graph.edges[:, 0], asking)
        count = np.searchsorted(self.graph.edges[:, 0], asking, side="right") - first
        if (count == 1).all():
            return np.asarray(exponentials(scores.max(axis=1) * scale) * k)
        adjacent = np.zeros(scores.shape, dtype=bool)
        places = np.arange(count.sum()) + np.repeat(first - np.cumsum(count) + count, count)
        adjacent[np.repeat(np.arange(len(e)), count), self.graph.edges[places, 1]] = True
        edge = np.where(adjacent, scores, -np.inf).max(axis=1)
        rest = np.where(adjacent, -np.inf, scores).max(axis=1)
        others = np.minimum((adjacent & (scores > -np.inf)).sum(axis=1), k)
        edge, rest = exponentials(edge * scale), exponentials(rest * scale)
        mixed = others * edge + (k - others) * rest
        return np.where(edge >= rest, mixed, k * rest)
