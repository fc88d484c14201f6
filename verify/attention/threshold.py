"""The threshold read-out, decided exactly over all pairs of items, hence over all contexts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..dyadic import power_of_two
from ..verdict import Status
from .graph import RelationalGraph
from .recognition import RecognitionProblem
from .scores import Scores

#: Wrong pairs are listed up to here.
LISTED = 1_000_000


@dataclass(frozen=True)
class ScoredPair:
    """A pair of items with its exact score, and whether it is an edge."""

    query: int
    key: int
    edge: bool
    score: Fraction

    def __str__(self) -> str:
        kind = "edge" if self.edge else "no edge"
        return f"({self.query}, {self.key}), {kind}, scores {self.score}"


@dataclass(frozen=True)
class ThresholdDecision:
    """What the scores of all pairs say.

    Attributes:
        status: ``holds`` when every edge scores above the threshold and no other pair does;
            without a given threshold, when some threshold does that. ``unknown`` after a timeout.
        threshold: the given one, else the middle of the gap; None where there is no gap.
        gap: the least score of an edge minus the greatest of another pair, exactly; None where
            every pair is an edge, or after a timeout.
        weakest: an edge of least score. ``strongest``: another pair of greatest score.
        violations: number of wrong pairs; None without a threshold to say which are wrong.
        wrong: the first of them, by query, then key.
        seconds: what it took.
    """

    status: Status
    threshold: Fraction | None
    gap: Fraction | None
    weakest: ScoredPair | None
    strongest: ScoredPair | None
    violations: int | None
    wrong: tuple[ScoredPair, ...]
    seconds: float

    @property
    def margin(self) -> Fraction | None:
        """Least signed distance of a score to its side of the threshold."""
        if self.threshold is None or self.weakest is None:
            return None
        edges = self.weakest.score - self.threshold
        if self.strongest is None:
            return edges
        return min(edges, self.threshold - self.strongest.score)


def decide_threshold(
    problem: RecognitionProblem,
    *,
    counterexamples: int = 1,
    timeout: float | None = None,
    progress: Callable[[int, int], object] | None = None,
    scores: Scores | None = None,
) -> ThresholdDecision:
    """Decide whether a layer recognises its graph by scores above a threshold.

    Floats with a rigorous bound see all pairs; integers decide those near the limit, and give the
    gap. Costs ``items^2 * total_key_dim`` multiplications.

    Args:
        problem: the layer and its graph; a soft read-out is left aside.
        counterexamples: list at most so many wrong pairs.
        timeout: seconds; ``unknown`` afterwards.
        progress: called with the items seen and their number.
        scores: of the layer, where they have been computed already.
    """
    begun = time.perf_counter()
    scores = scores or Scores(problem.layer)
    graph, threshold = problem.graph, problem.layer.threshold
    first, second = graph.edges.T
    strengths = scores.combined(first, second)
    least = int(np.argmin(strengths))
    weakest = ScoredPair(
        int(first[least]), int(second[least]), True, scores.fraction(strengths[least])
    )
    others = _Others(scores, graph, limit_of(scores, threshold), counterexamples)
    for block in scores.blocks():
        others.see(block.rows, block.values, block.error)
        if progress is not None:
            progress(block.rows.stop, graph.items)
        seconds = time.perf_counter() - begun
        if timeout is not None and seconds > timeout and block.rows.stop < graph.items:
            return ThresholdDecision("unknown", threshold, None, None, None, None, (), seconds)
    strongest = others.strongest()
    gap = None if strongest is None else weakest.score - strongest.score
    violations, wrong = None, list[ScoredPair]()
    if threshold is None:
        status: Status = "holds" if gap is None or gap > 0 else "violated"
        if strongest is None:
            threshold = weakest.score - 1
        elif status == "holds":
            threshold = (weakest.score + strongest.score) / 2
        violations = 0 if status == "holds" else None
    else:
        missed = np.flatnonzero(strengths <= others.limit)
        violations = len(missed) + others.count
        status = "violated" if violations else "holds"
        wrong = [
            ScoredPair(int(first[n]), int(second[n]), True, scores.fraction(strengths[n]))
            for n in missed[:counterexamples]
        ]
        wrong = sorted(wrong + others.listed, key=lambda pair: (pair.query, pair.key))
    return ThresholdDecision(
        status,
        threshold,
        gap,
        weakest,
        strongest,
        violations,
        tuple(wrong[:counterexamples]),
        time.perf_counter() - begun,
    )


def limit_of(scores: Scores, threshold: Fraction | None) -> int | None:
    """The integer with: a score is above the threshold iff its integer is above this one."""
    if threshold is None:
        return None
    scaled = threshold * power_of_two(-scores.exponent)
    return scaled.numerator // scaled.denominator


class _Others:
    """The pairs that are no edges, seen block by block."""

    def __init__(
        self, scores: Scores, graph: RelationalGraph, limit: int | None, listed: int
    ) -> None:
        self.scores, self.graph, self.limit = scores, graph, limit
        self.room = min(listed, LISTED)
        self.count = 0
        self.listed: list[ScoredPair] = []
        #: No pair of greatest score has a float below.
        self.floor = -np.inf
        #: Queries, keys and upper ends of the pairs that may have the greatest score.
        self.near: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.bounds = (0.0, 0.0) if limit is None else scores.floats(limit)

    def see(self, rows: slice, values: np.ndarray, error: np.ndarray) -> None:
        """Take in the scores of some items with all; ``values`` is overwritten."""
        best = values[0] if len(values) == 1 else values.max(axis=0)
        best[self.graph.neighbours(rows)] = -np.inf
        # the largest of several numbers moves by no more than the largest of their errors
        slack = error.max(axis=0)
        self._keep_greatest(rows, best, slack)
        if self.limit is not None:
            self._find_wrong(rows, best, slack)

    def _keep_greatest(self, rows: slice, best: np.ndarray, slack: np.ndarray) -> None:
        tops = best.max(axis=1)
        self.floor = max(self.floor, float((tops - slack).max()))
        for row in np.flatnonzero((tops + slack >= self.floor) & (tops > -np.inf)):
            if slack[row] == 0:  # the float is the score: one pair of a row will do
                keys = np.array([np.argmax(best[row])])
            else:
                keys = np.flatnonzero(best[row] + slack[row] >= self.floor)
            queries = np.full(len(keys), rows.start + row)
            self.near.append((queries, keys, best[row, keys] + slack[row]))

    def strongest(self) -> ScoredPair | None:
        """A pair of greatest score; None where all pairs are edges."""
        if not self.near:
            return None
        queries, keys, ends = (np.concatenate(part) for part in zip(*self.near, strict=True))
        close = ends >= self.floor
        queries, keys = queries[close], keys[close]
        exact = self.scores.combined(queries, keys)
        return self._scored(queries, keys, exact, int(np.argmax(exact)))

    def _find_wrong(self, rows: slice, best: np.ndarray, slack: np.ndarray) -> None:
        below, above = self.bounds
        queries, keys = np.nonzero((best + slack[:, None] >= below) & (best > -np.inf))
        if not queries.size:
            return
        sure = best[queries, keys] - slack[queries] > above
        self.count += int(sure.sum())
        wrong = sure.copy()
        doubtful = np.flatnonzero(~sure)
        exact = self.scores.combined(queries[doubtful] + rows.start, keys[doubtful])
        wrong[doubtful] = exact > self.limit
        self.count += int(wrong[doubtful].sum())
        places = np.flatnonzero(wrong)[: self.room - len(self.listed)]
        queries, keys = queries[places] + rows.start, keys[places]
        exact = self.scores.combined(queries, keys)
        self.listed += [self._scored(queries, keys, exact, n) for n in range(len(places))]

    def _scored(
        self, queries: np.ndarray, keys: np.ndarray, exact: np.ndarray, n: int
    ) -> ScoredPair:
        return ScoredPair(int(queries[n]), int(keys[n]), False, self.scores.fraction(exact[n]))
