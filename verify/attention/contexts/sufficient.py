"""Conditions on a few numbers of a layer that suffice for the softmax read-out (S1 and S2).

They need no look at single contexts: how far the edges score above the null key, how far the
other pairs stay below it, and how far apart the edges are. Proofs: docs/attention-softmax.md,
section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..graph import RelationalGraph
from ..recognition import RecognitionProblem
from ..scores import Scores
from ..softmax_readout import SoftmaxReadout
from .exponential import compare, logarithm

_BITS = 96


@dataclass(frozen=True)
class ScoreLevels:
    """Scores against the null key's, exactly.

    Attributes:
        above: how far every edge scores above the null key in its best head, at least (g).
        spread: how far an edge scores above that in any head, at most (delta).
        below: how far all other pairs score below the null key in all heads, at least (g');
            None where every pair is an edge.
        degree: the most edges of an item.
    """

    above: Fraction
    spread: Fraction
    below: Fraction | None
    degree: int


@dataclass(frozen=True)
class SufficientCondition:
    """A condition, whether it is met, and up to which temperature it is.

    Attributes:
        name: ``S1`` or ``S2``.
        met: whether it holds at the problem's own temperature.
        low, high: the largest temperature at which it holds lies between these, met at ``low``;
            both None where no temperature was found, ``high`` None where all large ones do.
    """

    name: str
    met: bool
    low: Fraction | None
    high: Fraction | None


def score_levels(scores: Scores, graph: RelationalGraph, null: Fraction) -> ScoreLevels:
    """The numbers that the conditions are about; exact, in one pass over all pairs."""
    first, second = graph.edges.T
    best = scores.combined(first, second)
    low, top = scores.fraction(best.min()), scores.fraction(best.max())
    largest: int | None = None
    for block in scores.blocks():
        masked = np.where(graph.adjacency(block.rows), -np.inf, block.values)
        reach = float((masked - block.error[:, :, None]).max())
        if not np.isfinite(reach):
            continue
        places = np.argwhere((masked + block.error[:, :, None] >= reach).any(axis=0))
        exact = scores.combined(places[:, 0] + block.rows.start, places[:, 1])
        largest = max(int(exact.max()), largest if largest is not None else int(exact.max()))
    below = None if largest is None else null - scores.fraction(largest)
    return ScoreLevels(low - null, top - low, below, int(graph.degrees[0].max()))


def sufficient_conditions(
    problem: RecognitionProblem, scores: Scores | None = None
) -> list[SufficientCondition]:
    """S1 and S2 for a problem with a null key; none of them without one.

    S1 is stated for graphs with at most one edge an item and left out for others.
    """
    softmax = problem.softmax
    if softmax is None or softmax.null is None:
        return []
    levels = score_levels(scores or Scores(problem.layer), problem.graph, softmax.null)
    limit = 1 / softmax.level - 1
    found = []
    if levels.degree <= 1:
        found.append(_one_level(levels, softmax, limit))
    found.append(_two_levels(levels, softmax, limit))
    return found


def _quiet(levels: ScoreLevels, limit: Fraction, temperature: Fraction) -> bool:
    """exp(g'/T) > 1/p - 1: no other pair has the level."""
    if levels.below is None:
        return True
    return levels.below > 0 and compare([(1, levels.below / temperature)], limit) == 1


def _one_level(
    levels: ScoreLevels, softmax: SoftmaxReadout, limit: Fraction
) -> SufficientCondition:
    # l exp(-g/T) <= 1/p - 1, that is T <= g / ln(l / (1/p - 1))
    def met(temperature: Fraction) -> bool:
        edges = compare([(softmax.context, -levels.above / temperature)], limit)
        return edges is not None and edges <= 0 and _quiet(levels, limit, temperature)

    ends: list[tuple[Fraction, Fraction]] = []
    share = softmax.context / limit
    if share > 1:
        ends.append(_quotient(levels.above, share))
    if limit > 1 and levels.below is not None:
        low, high = _quotient(levels.below, limit)
        # here the inequality is strict
        ends.append((low * (1 - Fraction(1, 1 << 80)), high))
    at = met(softmax.temperature)
    if not ends:
        return SufficientCondition("S1", at, softmax.temperature if at else None, None)
    low, high = min(end[0] for end in ends), min(end[1] for end in ends)
    if low <= 0 or not met(low):
        return SufficientCondition("S1", at, None, None)
    return SufficientCondition("S1", at, low, high)


def _quotient(gap: Fraction, number: Fraction) -> tuple[Fraction, Fraction]:
    """Bounds on gap / ln(number) for a positive gap and a number above 1."""
    bits = _BITS
    low, high = logarithm(number, bits)
    while low <= 0:  # a number very near to 1
        bits *= 2
        low, high = logarithm(number, bits)
    return gap * (1 << bits) / high, gap * (1 << bits) / low


def _two_levels(
    levels: ScoreLevels, softmax: SoftmaxReadout, limit: Fraction
) -> SufficientCondition:
    others = softmax.context - 1
    edges = min(levels.degree - 1, others)
    # without other pairs every further item is an edge
    rest = levels.above + (levels.below or 0)
    terms = [(1, -levels.above), (edges, levels.spread), (others - edges, -rest)]
    terms = [(count, gap) for count, gap in terms if count]

    def met(temperature: Fraction) -> bool:
        sign = compare([(count, gap / temperature) for count, gap in terms], limit)
        return sign is not None and sign <= 0 and _quiet(levels, limit, temperature)

    at = met(softmax.temperature)
    low = softmax.temperature if at else _somewhere(terms, limit)
    if low is None or not met(low):
        return SufficientCondition("S2", at, None, None)
    # the sum is convex in 1/T, so the temperatures where it is small form an interval
    high = 2 * low
    for _ in range(64):
        if not met(high):
            break
        low, high = high, 2 * high
    else:
        return SufficientCondition("S2", at, low, None)
    while high - low > low / (1 << 40):
        middle = (low + high) / 2
        low, high = (middle, high) if met(middle) else (low, middle)
    return SufficientCondition("S2", at, low, high)


def _somewhere(terms: list[tuple[int, Fraction]], limit: Fraction) -> Fraction | None:
    """A temperature at which the sum is within the limit, sought in floats over 1/T."""
    # in units of the largest, for they may be beyond the range of floats
    unit = max((abs(gap) for _, gap in terms), default=Fraction(0))
    gaps = [(count, float(gap / unit)) for count, gap in terms if unit]
    sizes = [abs(gap) for _, gap in gaps if gap]
    if not sizes or min(sizes) < 1e-250:
        return None
    best, best_value = None, math.inf
    low, high = math.log(1e-3), math.log(700 / min(sizes))
    for step in range(801):
        u = math.exp(low + (high - low) * step / 800)
        value = sum(count * math.exp(min(gap * u, 700.0)) for count, gap in gaps)
        if value <= float(limit):
            return Fraction(1 / u) * unit
        if value < best_value:
            best, best_value = u, value
    return None if best is None else Fraction(1 / best) * unit
