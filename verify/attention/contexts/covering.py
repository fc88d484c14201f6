"""The complete decision for one edge with several heads: Lagrangian bound, branch and bound.

No set of further items beats every head if a weighted mean of the heads' shares never exceeds 1,
and the largest mean of a set is the sum of its heaviest items: one sort for each choice of the
weights. Where no choice will do, an item is put into the context, or kept out of it, and both
halves are asked again. The tree with the weights of its leaves is a proof.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from .edge_cover import MULTIPLIER, EdgeCover

Outcome = Literal["proved", "missed", "unknown"]
Node = dict[str, Any]

#: Steps of the search for multipliers.
STEPS = 80
#: A mean of at most this is taken at once, a smaller one is not looked for.
ENOUGH = 0.999
#: Shares of a room are cut to this.
HEAVY = 2.0**200
_PAIRS = 48


@dataclass
class Budget:
    """What may still be spent: nodes, and time until a deadline of ``time.monotonic``."""

    nodes: int
    deadline: float | None = None

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.nodes <= 0 or self.late

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline


@dataclass(frozen=True)
class CoverResult:
    """What became of one edge.

    Attributes:
        outcome: reported in every context, missed in some context, or not decided.
        method: ``sorting``, ``no live head``, ``one live head``, ``Lagrangian`` or
            ``branch and bound``.
        nodes: nodes of the tree that were visited.
        tree: the proof, nodes in preorder: ``multipliers``, or ``branch`` and both halves.
        further: items that with the pair make a context in which the edge is missed.
    """

    outcome: Outcome
    method: str
    nodes: int
    tree: list[Node] | None = None
    further: tuple[int, ...] | None = None


@dataclass
class _Point:
    """A node of the search: places that are in, places that may be, where multipliers begin."""

    included: list[int]
    allowed: np.ndarray
    start: np.ndarray | None = None


@dataclass
class _Means:
    """What the search for multipliers found."""

    shares: np.ndarray
    value: float
    presence: np.ndarray
    sets: list[np.ndarray] = field(default_factory=list)


def cover_edge(cover: EdgeCover, budget: Budget) -> CoverResult:
    """Decide whether some set of further items beats every head at once."""
    if cover.further < 0:
        return CoverResult("proved", "sorting", 0, [_unit(cover, 0)])
    return _Search(cover, budget).run()


def _unit(cover: EdgeCover, head: int) -> Node:
    return {"multipliers": [int(a == head) for a in range(cover.heads)]}


class _Search:
    def __init__(self, cover: EdgeCover, budget: Budget) -> None:
        self.cover, self.budget = cover, budget
        self.nodes = 0
        self.tree: list[Node] = []
        self.unsure = False

    def run(self) -> CoverResult:
        cover = self.cover
        stack = [_Point([], np.arange(len(cover.items)))]
        method = "sorting"
        while stack:
            if self.budget.spent:
                return CoverResult("unknown", method, self.nodes)
            point = stack.pop()
            self.budget.nodes -= 1
            self.nodes += 1
            found = self._decide(point)
            if isinstance(found, str):
                if found != "sorting":
                    method = found
                continue
            if isinstance(found, list):
                alive = int(cover.live.sum())
                method = ("no live head", "one live head")[alive] if alive < 2 else "Lagrangian"
                if self.nodes > 1:
                    method = "branch and bound"
                further = tuple(sorted(cover.items[found].tolist()))
                return CoverResult("missed", method, self.nodes, None, further)
            if found is None:
                self.unsure = True
                continue
            inside, outside = found
            stack += [outside, inside]
        if self.unsure:
            return CoverResult("unknown", "branch and bound", self.nodes)
        if len(self.tree) > 1:
            method = "branch and bound"
        return CoverResult("proved", method, self.nodes, self.tree)

    def _decide(self, point: _Point) -> str | list[int] | tuple[_Point, _Point] | None:
        """A method that proved the node, a witness, the two halves, or None: cannot be told."""
        cover = self.cover
        rest = min(cover.further - len(point.included), len(point.allowed))
        if not rest:
            head = cover.reported(point.included)
            if head is not None:
                self.tree.append(_unit(cover, head))
                return "sorting"
            return list(point.included) if cover.beaten(point.included) else None
        room = cover.limit - cover.own - cover.weights[:, point.included].sum(axis=1)
        live = np.flatnonzero(cover.live & (room > 0))
        if not len(live):
            full = [*point.included, *point.allowed[:rest].tolist()]
            return full if cover.beaten(full) else self._halves(point, None)
        with np.errstate(over="ignore"):
            shares = cover.weights[np.ix_(live, point.allowed)] / room[live, None]
        shares = np.minimum(shares, HEAVY)
        tops = np.sort(shares, axis=1)[:, shares.shape[1] - rest :].sum(axis=1)
        best = int(live[tops.argmin()])
        if tops.min() <= 1 + 1e-9 and cover.leaf(
            np.eye(cover.heads, dtype=np.int64)[best], point.included, point.allowed
        ):
            self.tree.append(_unit(cover, best))
            return "sorting"
        start = None if point.start is None else point.start[live]
        means = find_means(shares, rest, start)
        for chosen in self._candidates(shares, means, rest):
            full = [*point.included, *point.allowed[chosen].tolist()]
            if cover.beaten(full):
                return full
        if means.value <= 1 + 1e-9:
            factors = np.zeros(cover.heads)
            factors[live] = means.shares / room[live]
            # few digits where they suffice
            for bits in (8, 16, 31):
                whole = np.rint(factors * (min(MULTIPLIER, (1 << bits) - 1) / factors.max()))
                multipliers = whole.astype(np.int64)
                if cover.leaf(multipliers, point.included, point.allowed):
                    self.tree.append({"multipliers": multipliers.tolist()})
                    return "Lagrangian"
        point.start = np.zeros(cover.heads)
        point.start[live] = means.shares
        return self._halves(point, self._branch(shares, means))

    def _halves(self, point: _Point, place: int | None) -> tuple[_Point, _Point]:
        chosen = int(point.allowed[0 if place is None else place])
        rest = point.allowed[point.allowed != chosen]
        self.tree.append({"branch": int(self.cover.items[chosen])})
        inside = _Point([*point.included, chosen], rest, point.start)
        return inside, _Point(point.included, rest, point.start)

    def _branch(self, shares: np.ndarray, means: _Means) -> int:
        """An item that is often in the heaviest set and often not, and that divides the heads."""
        doubt = np.minimum(means.presence, 1 - means.presence)
        spread = np.minimum(shares, 1).max(axis=0) - shares.min(axis=0)
        near = doubt * spread
        return int(near.argmax()) if near.max() > 0 else int((means.shares @ shares).argmax())

    def _candidates(self, shares: np.ndarray, means: _Means, rest: int) -> list[np.ndarray]:
        """Sets that beat every head in floats, the likeliest after some exchanges."""
        sets = [top for top in means.sets if (shares[:, top].sum(axis=1) > 1 - 1e-9).all()]
        if not sets and means.value > 1 and means.sets:
            best = max(means.sets, key=lambda top: shares[:, top].sum(axis=1).min())
            better = _exchange(shares, best, means.shares)
            if (shares[:, better].sum(axis=1) > 1 - 1e-9).all():
                sets.append(better)
        return sets[:3]


def find_means(shares: np.ndarray, rest: int, start: np.ndarray | None = None) -> _Means:
    """Weights of the heads for which the heaviest set has a small mean share.

    Exponentiated gradient steps, as long as the linear model needs to come to its aim.

    Args:
        shares: (heads, items), weights over rooms.
        rest: items of a set.
    """
    heads, items = shares.shape
    logits = np.zeros(heads) if start is None else np.log(np.maximum(start, 1e-6))
    best, best_value = np.full(heads, 1 / heads), np.inf
    presence = np.zeros(items)
    mean = np.zeros(heads)
    sets: list[np.ndarray] = []
    total = 0.0
    for step in range(STEPS):
        weights = np.exp(logits - logits.max())
        weights /= weights.sum()
        with np.errstate(over="ignore"):
            combined = weights @ shares
        top = (
            np.argpartition(combined, items - rest)[items - rest :]
            if rest < items
            else np.arange(items)
        )
        loads = shares[:, top].sum(axis=1)
        value = float(weights @ loads)
        if value < best_value:
            best, best_value = weights, value
        if best_value <= ENOUGH:
            break
        if (loads > 1).all():
            sets.append(top)
            break
        sets.append(top)
        # heads far over their room say no more than that they are over it
        capped = np.minimum(loads, 50.0)
        now = float(weights @ capped)
        variance = float(weights @ (capped - now) ** 2)
        length = min((now - ENOUGH + 0.05) / max(variance, 1e-3), 4.0) / (1 + step / 10)
        logits = np.maximum(logits - length * capped, logits.max() - 60)
        total += length
        presence[top] += length
        mean += length * capped
        # the sets' own mixture shows that no weights will do
        if step >= 20 and (mean > 1.001 * total).all():
            break
    return _Means(best, best_value, presence / max(total, 1e-300), sets)


def _exchange(shares: np.ndarray, chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One-for-one exchanges that raise the least load, as long as there are any."""
    inside = chosen.copy()
    for _ in range(2 * len(inside)):
        loads = shares[:, inside].sum(axis=1)
        low = float(loads.min())
        if low > 1:
            break
        # lean towards the heads that are not yet beaten
        need = np.exp(-np.minimum(8 * (loads - low), 50.0)) * np.maximum(weights, 1e-3)
        worth = need @ np.minimum(shares, 1)
        free = np.ones(shares.shape[1], dtype=bool)
        free[inside] = False
        others = np.flatnonzero(free)
        if not len(others):
            break
        into = others[np.argsort(-worth[others], kind="stable")[:_PAIRS]]
        away = np.argsort(worth[inside], kind="stable")[:_PAIRS]
        after = loads[:, None, None] - shares[:, inside[away]][:, :, None]
        least = (after + shares[:, into][:, None, :]).min(axis=0)
        out, new = np.unravel_index(int(least.argmax()), least.shape)
        if least[out, new] <= low * (1 + 1e-12):
            break
        inside[away[out]] = into[new]
    return inside
