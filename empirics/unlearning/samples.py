"""Inputs that unlearning trains on and is measured on, drawn around the clauses of an output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from ...constructions.editing.literals import Literal, contradictory
from ...constructions.editing.target import Target
from ...verify.bitprogram import BitProgram
from ...verify.errors import InputError

#: Draws before it is said that there are no such inputs.
DRAWS = 200
#: Domains with at most so many candidates are listed; of larger ones random inputs are tried.
LISTED = 1 << 16


class Samples:
    """Random inputs of the domain by which clauses of the target's output are true there.

    Args:
        target: the clause to unlearn. Clauses that are no conjunction of literals are respected,
            but no inputs are drawn around them.
    """

    def __init__(self, target: Target) -> None:
        self.target, self.domain = target, target.specification.domain
        formulas = target.specification.formulas[target.output].clauses()
        self._truth = BitProgram.compile(formulas, self.domain.index)
        drawable = {target.clause: target.literals}
        for other in target.others():
            if other.output != target.output or other.literals is None:
                continue
            if not contradictory(other.literals):
                drawable[other.clause] = other.literals
        #: Literals of the clauses that inputs can be drawn around, by number.
        self.drawable: dict[int, frozenset[Literal]] = dict(sorted(drawable.items()))

    @property
    def others(self) -> list[int]:
        """Numbers of the other clauses that inputs can be drawn around."""
        return [number for number in self.drawable if number != self.target.clause]

    def only(
        self,
        chosen: Sequence[int],
        count: int,
        rng: np.random.Generator,
        kept: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Inputs on which exactly one clause is true, one of those chosen: uint8 (count, inputs).

        Args:
            chosen: clauses.
            count: of inputs.
            rng: source of randomness.
            kept: which of some inputs may be among them, Booleans; None for all.

        Raises InputError where none is found.
        """

        def draw(rows: int) -> np.ndarray:
            points, (numbers,) = self._background(rows, rng), rng.choice(chosen, (1, rows))
            for number in chosen:
                self._satisfy(points, np.flatnonzero(numbers == number), number)
            truth = self.truth(points)
            alone = truth[np.arange(rows), numbers] & (truth.sum(axis=1) == 1)
            if kept is not None:
                alone &= kept(points)
            found: np.ndarray = points[alone]
            return found

        return self._collect(draw, count, "only a chosen clause")

    def none(
        self, near: Sequence[int], count: int, rng: np.random.Generator, share: float = 0.5
    ) -> np.ndarray:
        """Inputs on which no clause is true: uint8 (count, inputs).

        Args:
            near: clauses of which a share of the inputs misses one literal.
            count: of inputs.
            rng: source of randomness.
            share: of near misses, where ``near`` names any clause.

        Raises InputError where none is found.
        """

        def draw(rows: int) -> np.ndarray:
            points = self._background(rows, rng)
            if len(near):
                numbers = np.where(rng.random(rows) < share, rng.choice(near, rows), -1)
                for number in near:
                    here = np.flatnonzero(numbers == number)
                    self._satisfy(points, here, number)
                    index = [literal.input for literal in self.drawable[number]]
                    if index:
                        points[here, rng.choice(index, len(here))] ^= 1
            return points[~self.truth(points).any(axis=1)]

        return self._collect(draw, count, "no clause")

    def around(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Inputs in and around all clauses, whatever is true there: uint8 (count, inputs).

        A quarter each: the target is true, another clause is, a clause misses a literal, noise.
        """
        numbers = list(self.drawable)

        def draw(rows: int) -> np.ndarray:
            points, kind = self._background(rows, rng), np.arange(rows) % 4
            chosen = rng.choice(self.others or numbers, rows)
            chosen[kind == 0] = self.target.clause
            missed = kind == 2
            chosen[missed] = rng.choice(numbers, int(missed.sum()))
            for number in numbers:
                self._satisfy(points, np.flatnonzero((chosen == number) & (kind < 3)), number)
                here = np.flatnonzero((chosen == number) & missed)
                index = [literal.input for literal in self.drawable[number]]
                if index:
                    points[here, rng.choice(index, len(here))] ^= 1
            return points

        return self._collect(draw, count, "anything")

    def truth(self, points: np.ndarray) -> np.ndarray:
        """Which clauses of the output are true: Booleans (points, clauses)."""
        return self._truth.run_points(points)

    @cached_property
    def _list(self) -> np.ndarray | None:
        if self.domain.is_all or self.domain.candidates > LISTED:
            return None
        return np.concatenate(list(self.domain.chunks()))

    def _background(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        if self._list is not None:
            return self._list[rng.integers(0, len(self._list), rows)]
        return rng.integers(0, 2, (rows, self.domain.inputs), dtype=np.uint8)

    def _satisfy(self, points: np.ndarray, rows: np.ndarray, number: int) -> None:
        for literal in self.drawable[number]:
            points[rows, literal.input] = literal.positive

    def _collect(self, draw: Callable[[int], np.ndarray], count: int, what: str) -> np.ndarray:
        parts, found = [], 0
        for _ in range(DRAWS):
            drawn = draw(max(count, 64))
            parts.append(drawn if self.domain.is_all else drawn[self.domain.contains(drawn)])
            found += len(parts[-1])
            if found >= count:
                return np.concatenate(parts)[:count]
        if found:
            points = np.concatenate(parts)
            return points[np.arange(count) % len(points)]
        raise InputError(
            f"{DRAWS} draws found no input of the domain where {what} of "
            f"{self.target.specification.outputs[self.target.output]} is true"
        )
