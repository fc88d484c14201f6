"""Recognition problems answered from their JSON, pair by pair and context by context.

Scores are Fractions. Exponentials come from mpmath, to 1,800 bits; a sum of some that differs from
the level by less than 2^-1700 is taken to be equal to it, which can only be where all exponents are
0 (exponentials of distinct rationals are linearly independent over the rationals).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any

import mpmath

BITS = 1800
NEAR = 1 << 60


class Recognition:
    """The truth about a problem."""

    def __init__(self, data: dict[str, Any]) -> None:
        layer, graph, self.readout = data["layer"], data["graph"], data["readout"]
        x, query, key = (self._matrix(layer[name]) for name in ("embeddings", "query", "key"))
        self.items = len(x)
        pairs = [(i, j) for i in range(self.items) for j in range(self.items)]
        self.scores = []
        for q, k in zip(query, key, strict=True):
            left, right = _product(x, q), _product(x, k)
            self.scores.append({(i, j): _dot(left[i], right[j]) for i, j in pairs})
        if layer["aggregation"] == "sum":
            self.scores = [
                {pair: sum((s[pair] for s in self.scores), Fraction(0)) for pair in pairs}
            ]
        self.edges = {(i, j) for i, j in graph["edges"]}
        self.pairs = pairs
        self._exp: dict[Fraction, int] = {}
        self._weights: dict[tuple[int, int, int, int | None], int] = {}

    @staticmethod
    def _matrix(data: dict[str, Any]) -> Any:
        unit = Fraction(2) ** data["exponent"]

        def scaled(part: Any) -> Any:
            return [scaled(p) for p in part] if isinstance(part, list) else part * unit

        return scaled(data["mantissa"])

    def combined(self, pair: tuple[int, int]) -> Fraction:
        return max(scores[pair] for scores in self.scores)

    @cached_property
    def gap(self) -> Fraction | None:
        """The least edge less the greatest other pair."""
        others = [self.combined(pair) for pair in self.pairs if pair not in self.edges]
        return min(map(self.combined, self.edges)) - max(others) if others else None

    def wrong(self) -> list[tuple[int, int]]:
        """Pairs that read wrongly at the threshold."""
        level = Fraction(self.readout["threshold"])
        return [p for p in self.pairs if (self.combined(p) > level) != (p in self.edges)]

    @cached_property
    def holds(self) -> bool:
        if self.readout["kind"] == "softmax":
            return next(self.failures(), None) is None
        if self.readout["threshold"] is None:
            return self.gap is None or self.gap > 0
        return not self.wrong()

    # softmax

    def contexts(self) -> Iterator[tuple[int, ...]]:
        for size in range(1, self.readout["context"] + 1):
            yield from combinations(range(self.items), size)

    def failures(self) -> Iterator[tuple[tuple[int, int], tuple[int, ...]]]:
        """Pairs and contexts where they read wrongly."""
        for context in self.contexts():
            for pair in ((i, j) for i in context for j in context):
                if self.reported(pair, context) != (pair in self.edges):
                    yield pair, context

    def reported(self, pair: tuple[int, int], context: tuple[int, ...]) -> bool:
        return any(self.room(a, pair, context) >= -NEAR for a in range(len(self.scores)))

    def room(self, a: int, pair: tuple[int, int], context: tuple[int, ...]) -> int:
        """1 / level - 1 less what weighs against the pair in head a, times 2^BITS."""
        j = pair[1]
        total = self.weight(a, pair, None) + sum(self.weight(a, pair, k) for k in context if k != j)
        return self.level - total

    @cached_property
    def level(self) -> int:
        return int((1 / Fraction(self.readout["level"]) - 1) * 2**BITS)

    def weight(self, a: int, pair: tuple[int, int], k: int | None) -> int:
        """What item k, or the null key, weighs over the pair in head a, times 2^BITS."""
        if (a, *pair, k) not in self._weights:
            null = self.readout["null"]
            score = self.scores[a][pair[0], k] if k is not None else Fraction(null or 0)
            none = k is None and null is None
            weight = 0 if none else self._over(score - self.scores[a][pair])
            self._weights[a, *pair, k] = weight
        return self._weights[a, *pair, k]

    def _over(self, difference: Fraction) -> int:
        x = difference / Fraction(self.readout["temperature"])
        if x not in self._exp:
            with mpmath.workprec(BITS + 400):
                exact = mpmath.exp(mpmath.mpf(x.numerator) / x.denominator)
                self._exp[x] = int(mpmath.floor(exact * mpmath.mpf(2) ** BITS))
        return self._exp[x]

    def tree(self, pair: tuple[int, int], candidates: list[list[int]]) -> list[dict[str, Any]]:
        """A tree that proves an edge, branching wherever no candidate will do."""
        pair_items = set(pair)
        further = self.readout["context"] - len(pair_items)
        heads = range(len(self.scores))

        def grow(included: tuple[int, ...], out: tuple[int, ...]) -> list[dict[str, Any]]:
            free = [k for k in range(self.items) if k not in {*pair_items, *included, *out}]
            for n in candidates:
                base = sum(n[a] * self.room(a, pair, (*pair_items, *included)) for a in heads)
                loads = [sum(n[a] * self.weight(a, pair, k) for a in heads) for k in free]
                top = sorted(loads, reverse=True)[: max(further - len(included), 0)]
                if base - sum(top) >= -NEAR:
                    return [{"multipliers": n}]
            assert len(included) < further, "the edge is missed in some context"
            k = max(free, key=lambda k: max(self.weight(a, pair, k) for a in heads))
            return [{"branch": k}, *grow((*included, k), out), *grow(included, (*out, k))]

        return grow((), ()) if further >= 0 else [{"multipliers": [1] * len(self.scores)}]


def _dot(left: list[Fraction], right: list[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def _product(left: list[list[Fraction]], right: list[list[Fraction]]) -> list[list[Fraction]]:
    return [[_dot(row, list(column)) for column in zip(*right, strict=True)] for row in left]
