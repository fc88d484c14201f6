"""Contexts in which a pair is wrong, replayed with proved bounds on every weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import ReplayError
from .edge_cover import ROUGH, EdgeCover
from .exponential import exponential
from .exponents import Row

_BITS = 128


@dataclass(frozen=True)
class WrongContext:
    """A pair and a context in which it is read wrongly.

    Attributes:
        pair: (i, j).
        edge: whether it is an edge, and so missed; otherwise it is reported.
        context: items, ascending.
        weights: for each head, rationals that enclose the pair's weight there.
    """

    pair: tuple[int, int]
    edge: bool
    context: tuple[int, ...]
    weights: tuple[tuple[Fraction, Fraction], ...]

    @property
    def largest(self) -> float:
        """The largest weight of the heads, for showing."""
        return max(float(high) for _, high in self.weights)

    @property
    def evidence(self) -> dict[str, Any]:
        """What the independent checker needs."""
        return {"kind": "context", "pair": list(self.pair), "context": list(self.context)}

    def __str__(self) -> str:
        what = "edge ({}, {}) is missed" if self.edge else "({}, {}), no edge, is reported"
        listed = ", ".join(map(str, self.context[:12]))
        if len(self.context) > 12:
            listed += f", ... ({len(self.context):,} items)"
        pair = what.format(*self.pair)
        # enclosures this wide are those of weights that are next to nothing
        weight = f"weight {self.largest:.6g}" if self.largest > 2.0**-120 else "next to no weight"
        return f"{pair} with {weight} in the context {{{listed}}}"

    def to_json(self) -> dict[str, Any]:
        """The same as JSON data; weights rounded."""
        return {
            "pair": list(self.pair),
            "edge": self.edge,
            "context": list(self.context),
            "weights": [float(low + high) / 2 for low, high in self.weights],
        }


def missed_edge(cover: EdgeCover, further: Sequence[int]) -> WrongContext:
    """The edge of a cover in the context with these items, lessened while it stays missed.

    Raises ReplayError where some head reports the edge.
    """
    places = np.searchsorted(cover.items, sorted(further))
    places = places[np.argsort(cover.weights[:, places].max(axis=0), kind="stable")]
    weights = cover.weights[:, places]
    # with the heavier ones to come; differences of sums would be wrong by their roundings
    heavier = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    total, kept = cover.own.copy(), []
    for n, place in enumerate(places.tolist()):
        less = total + heavier[:, n + 1] if n + 1 < len(places) else total
        # floats with room to spare: nothing is near the level
        if not (less > cover.limit * (1 + 4 * ROUGH)).all():
            kept.append(place)
            total = total + weights[:, n]
    items = cover.items[kept].tolist()
    row = cover.row
    if any(row.excess(head, items) != 1 for head in range(cover.heads)):
        raise ReplayError(f"edge {row.pair} is not missed in the context that was found")
    return _wrong(row, True, items)


def reported_pair(row: Row) -> WrongContext:
    """A pair that is no edge, in the context of the two items.

    Raises ReplayError where no head reports it.
    """
    if not any(row.excess(head, ()) in (-1, 0) for head in range(len(row.scores))):
        raise ReplayError(f"the pair {row.pair} is not reported in the context of its items")
    return _wrong(row, False, [])


def _wrong(row: Row, edge: bool, further: Sequence[int]) -> WrongContext:
    context = tuple(sorted({*row.pair, *further}))
    weights = tuple(weight(row, head, further) for head in range(len(row.scores)))
    return WrongContext(row.pair, edge, context, weights)


def weight(row: Row, head: int, further: Sequence[int]) -> tuple[Fraction, Fraction]:
    """Rationals that enclose the pair's weight in a context with these further items."""
    one = 1 << _BITS
    low = high = one
    for exponent in [*row.own(head), *(row.exponent(head, k) for k in further)]:
        if exponent > _BITS:
            # above 2^128: the weight is next to nothing
            return Fraction(0), Fraction(1, one)
        below, above = exponential(exponent, _BITS)
        low, high = low + below, high + above
    return Fraction(one, high), Fraction(one, low)
