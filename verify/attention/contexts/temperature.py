"""The largest temperature at which a layer still reports exactly its edges, between two proofs.

For levels of at least 1/2 the temperatures at which all edges are reported in every context reach
from 0 up to a largest one, and other pairs that are quiet at a temperature are so at all higher
ones (docs/attention-softmax.md, section 5). So two proofs enclose the largest temperature.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import InputError
from ...verdict_text import decimal
from ..recognition import RecognitionProblem
from ..scores import Scores
from .covering import Budget, cover_edge
from .edge_cover import EdgeCover
from .exponents import Exponents
from .quiet_pairs import reported_non_edges
from .sufficient import SufficientCondition, sufficient_conditions
from .worst_context import ScoredRows, sort_edges

#: Nodes of the covering searches at one temperature.
NODES = 20_000
#: Float scores that are kept from one temperature to the next.
KEPT = 1 << 25
_TURNS = 60


@dataclass(frozen=True)
class TemperatureRange:
    """Where a property of a layer ends when the temperature rises.

    Attributes:
        low: it holds here; None where no temperature was found at which it does.
        high: it does not hold here; None where none was found.
    """

    low: Fraction | None
    high: Fraction | None

    def __str__(self) -> str:
        if self.low is None:
            return "none found" if self.high is None else f"none down to {decimal(self.high)}"
        if self.high is None:
            return f"at least {decimal(self.low)}"
        return f"{decimal(self.low)} (not {decimal(self.high)})"

    def to_json(self) -> dict[str, Any]:
        """Both ends as text."""
        return {
            "holds_at": None if self.low is None else str(self.low),
            "fails_at": None if self.high is None else str(self.high),
        }


@dataclass(frozen=True)
class Temperatures:
    """The largest temperatures of a layer, by increasingly complete arguments.

    Attributes:
        conditions: S1 and S2, where they apply.
        sorting: all edges proved by sorting, other pairs quiet.
        exact: the edges and no other pairs are reported in every context.
        monotone: whether the theorem applies (a level of at least 1/2); if not, ``exact`` is a
            temperature at which the answer changes, and may not be the largest.
        notes: sentences about what was not delivered.
        seconds: what it took.
    """

    conditions: tuple[SufficientCondition, ...]
    sorting: TemperatureRange
    exact: TemperatureRange
    monotone: bool
    notes: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        lines = [f"largest temperature: {self.exact}", f"by sorting alone: {self.sorting}"]
        for condition in self.conditions:
            ends = TemperatureRange(condition.low, None)
            met = "none" if condition.low is None else decimal(condition.low)
            lines.append(f"by {condition.name}: {met if condition.high is not None else ends}")
        return "\n".join([*lines, *self.notes])

    def to_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        return {
            "exact": self.exact.to_json(),
            "sorting": self.sorting.to_json(),
            "conditions": {
                c.name: TemperatureRange(c.low, c.high).to_json() for c in self.conditions
            },
            "monotone": self.monotone,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 6),
        }


def largest_temperature(
    problem: RecognitionProblem,
    *,
    digits: int = 4,
    timeout: float | None = None,
    nodes: int = NODES,
    progress: Callable[[Fraction], object] | None = None,
    scores: Scores | None = None,
) -> Temperatures:
    """Enclose the largest temperature at which the layer is right in every context.

    Args:
        problem: its own temperature does not matter.
        digits: both ends are decimals of so many digits and differ by one unit of the last.
        timeout: seconds; afterwards the ends are farther apart.
        nodes: of the covering searches at each temperature.
        progress: called with every temperature that is tried.
        scores: of the layer, where they have been computed already.

    Raises InputError for a problem without a softmax read-out, or options out of range.
    """
    begun = time.monotonic()
    if problem.softmax is None:
        raise InputError("the problem has no softmax read-out; give a context")
    if not 1 <= digits <= 12:
        raise InputError(f"digits {digits}: between 1 and 12")
    if timeout is not None and timeout <= 0:
        raise InputError(f"timeout {timeout}: must be above 0 seconds")
    scores = scores or Scores(problem.layer)
    deadline = None if timeout is None else begun + timeout
    trial = _Trial(problem, scores, nodes, deadline, progress or (lambda temperature: None))
    sorting, _ = trial.search(digits)
    exact, finished = trial.search_on(digits, sorting)
    notes = []
    if not finished:
        notes.append("stopped early: the ends are as far apart as the search got")
    if not trial.monotone:
        notes.append("level below 1/2: higher temperatures may be right again")
    reported = {}
    for end in {sorting.low, exact.low} - {None}:
        assert end is not None
        reported[end] = trial.loud(end)
        if reported[end]:
            notes.append(f"at {decimal(end)} and below, pairs that are no edges are reported")
    if sorting.low is not None and reported[sorting.low]:
        sorting = TemperatureRange(None, sorting.low)
    if exact.low is not None and reported[exact.low]:
        exact = TemperatureRange(None, exact.low)
    return Temperatures(
        tuple(sufficient_conditions(problem, scores)),
        sorting,
        exact,
        trial.monotone,
        tuple(dict.fromkeys(notes)),
        time.monotonic() - begun,
    )


class _Trial:
    """Edges at one temperature after another; only those that may fail first stay in."""

    def __init__(
        self,
        problem: RecognitionProblem,
        scores: Scores,
        nodes: int,
        deadline: float | None,
        progress: Callable[[Fraction], object],
    ) -> None:
        assert problem.softmax is not None
        self.softmax, self.graph, self.scores = problem.softmax, problem.graph, scores
        self.nodes, self.deadline, self.progress = nodes, deadline, progress
        self.monotone = 2 * problem.softmax.level >= 1
        self.left = np.arange(len(self.graph))
        self.kept: ScoredRows | None = None

    def exponents(self, temperature: Fraction) -> Exponents:
        return Exponents(self.scores, replace(self.softmax, temperature=temperature))

    def search(self, digits: int) -> tuple[TemperatureRange, bool]:
        """Where sorting ends to prove all edges."""
        best = self.scores.combined(*self.graph.edges.T)
        guess = _round(abs(self.scores.fraction(best.min())) / 8 or Fraction(1), 1)
        return self._between(digits, TemperatureRange(None, None), guess, complete=False)

    def search_on(self, digits: int, sorting: TemperatureRange) -> tuple[TemperatureRange, bool]:
        """Where the edges end to be reported in every context, and whether that was found."""
        if sorting.high is None:
            return sorting, sorting.low is not None
        if self.monotone and sorting.low is not None:
            # the edges that sorting proved at some temperature above are out of the question
            answer = self.right(sorting.high, complete=True)
            if answer is not True:
                high = sorting.high if answer is False else None
                return TemperatureRange(sorting.low, high), answer is not None
            sorting = TemperatureRange(sorting.high, None)
        self._restart()
        guess = sorting.low or sorting.high
        assert guess is not None
        if sorting.low is not None:
            guess *= Fraction(5, 4)
        known = TemperatureRange(sorting.low, None)
        return self._between(digits, known, guess, complete=True)

    def _restart(self) -> None:
        self.left = np.arange(len(self.graph))
        if self.kept is not None and len(self.kept.items) < len(np.unique(self.graph.edges[:, 0])):
            self.kept = None

    def _between(
        self, digits: int, known: TemperatureRange, at: Fraction, *, complete: bool
    ) -> tuple[TemperatureRange, bool]:
        """A range, and whether it is as narrow as it was asked for."""
        low, high = known.low, known.high
        for _ in range(_TURNS):
            answer = self.right(at, complete)
            if answer is None:
                return TemperatureRange(low, high), False
            if answer:
                low = at
            else:
                high = at
            if low is not None and high is not None:
                break
            at = at * 2 if answer else at / 2
        if low is None or high is None:
            return TemperatureRange(low, high), True
        unit = _unit(low, digits)
        first, last = math.floor(low / unit), math.ceil(high / unit)
        while last - first > 1:
            middle = (first + last) // 2
            answer = self.right(middle * unit, complete)
            if answer is None:
                return TemperatureRange(low, high), False
            if answer:
                first, low = middle, middle * unit
            else:
                last, high = middle, middle * unit
        return TemperatureRange(low, high), True

    def _scored(self) -> Iterator[ScoredRows]:
        """The scores of the edges that are left, kept once they are few enough."""
        rows = np.unique(self.graph.edges[self.left, 0])
        heads, items = self.scores.heads, self.graph.items
        if self.kept is None and heads * items * len(rows) <= KEPT:
            values = np.empty((heads, len(rows), items))
            error = np.empty((heads, len(rows)))
            for block in self.scores.blocks():
                first, last = np.searchsorted(rows, [block.rows.start, block.rows.stop])
                inside = rows[first:last] - block.rows.start
                values[:, first:last] = block.values[:, inside]
                error[:, first:last] = block.error[:, inside]
            self.kept = ScoredRows(rows, values, error)
        if self.kept is not None:
            yield self.kept
        else:
            yield from map(ScoredRows.of, self.scores.blocks())

    def right(self, temperature: Fraction, complete: bool) -> bool | None:
        """Whether all edges are reported in every context, or proved so by sorting.

        For levels below 1/2 also whether no other pair is reported: those may be the ones that
        end it. For others they only become quieter.
        """
        self.progress(temperature)
        if not self.monotone and self.loud(temperature):
            return False
        exponents = self.exponents(temperature)
        proved = np.zeros(len(self.left), dtype=bool)
        missed = np.zeros(len(self.left), dtype=bool)
        rows = self.graph.edges[self.left, 0]
        for scored in self._scored():
            if self.deadline is not None and time.monotonic() > self.deadline:
                return None
            inside = np.flatnonzero(np.isin(rows, scored.items))
            found = sort_edges(exponents, self.graph, scored, self.left[inside])
            proved[inside], missed[inside] = found.proved, found.missed
        undecided = np.flatnonzero(~proved & ~missed)
        if not complete:
            missed[undecided] = True
        elif not missed.any():
            # no edge is known to fail: look at the open ones until one does
            budget = Budget(self.nodes, self.deadline)
            for place in undecided.tolist():
                i, j = self.graph.edges[self.left[place]].tolist()
                result = cover_edge(EdgeCover(exponents, i, j), budget)
                proved[place] = result.outcome == "proved"
                if result.outcome == "missed":
                    missed[place] = True
                    break
                if result.outcome == "unknown" and budget.spent:
                    return None
        if missed.any():
            if self.monotone:
                # the edges proved here hold at every lower temperature too
                self.left = self.left[~proved]
            return False
        return True if proved.all() else None

    def loud(self, temperature: Fraction) -> bool:
        """Whether pairs that are no edges are reported, or cannot be told from the level."""
        exponents = self.exponents(temperature)
        return any(
            len(part)
            for block in self.scores.blocks()
            for part in reported_non_edges(exponents, self.graph, block)
        )


def _unit(number: Fraction, digits: int) -> Fraction:
    """The power of ten that is the last of so many digits of a number."""
    large = number >= 1
    length = len(str(math.floor(number if large else 1 / number)))
    return Fraction(10) ** ((length if large else 1 - length) - digits)


def _round(number: Fraction, digits: int) -> Fraction:
    unit = _unit(number, digits)
    return max(math.floor(number / unit), 1) * unit
