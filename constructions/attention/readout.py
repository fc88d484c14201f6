"""The soft read-out of a layer that was proved at a threshold: null key, temperature and level."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from ...verify.attention.contexts.sufficient import ScoreLevels, score_levels, sufficient_conditions
from ...verify.attention.contexts.temperature import largest_temperature
from ...verify.attention.recognition import RecognitionProblem
from ...verify.attention.scores import Scores
from ...verify.attention.softmax_readout import SoftmaxReadout
from ...verify.attention.threshold import ThresholdDecision
from ...verify.errors import ProofError

#: Heights of the null key that are compared, in the gap between non-edges and edges.
HEIGHTS = (Fraction(1, 32), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
#: Temperatures are kept to so many bits, and levels to denominators of so many.
BITS, LEVEL_BITS = 12, 16
#: Temperatures that are compared, from the largest downwards, each this much smaller.
STEPS, RATIO = 600, 0.98


def soft_readout(
    problem: RecognitionProblem, decision: ThresholdDecision, context: int
) -> tuple[SoftmaxReadout, str]:
    """Null key, temperature and level at which the layer is right in every context.

    The conditions S1 and S2 on the levels of the scores (docs/attention-softmax.md) give them at
    once. Where no item has two neighbours, weights of at least one half are reported; otherwise
    the level lies between what edges get and what others get by S2. Where neither applies, the
    largest temperature is searched.

    Args:
        problem: with a threshold at which it holds.
        decision: of the threshold read-out.
        context: the most items of a context.

    Returns the read-out and what it rests on. Raises InputError for a context that does not fit,
    ProofError where nothing was found.
    """
    scores = Scores(problem.layer)
    best: tuple[SoftmaxReadout, str] | None = None
    for height in HEIGHTS:
        readout = SoftmaxReadout(Fraction(1), context, _null(decision, height))
        readout.require_items(problem.graph.items)
        for found in _by_levels(replace(problem, softmax=readout), scores):
            if best is None or found[0].temperature > best[0].temperature:
                best = found
    if best is not None:
        return best
    readout = SoftmaxReadout(Fraction(1), context, _null(decision, HEIGHTS[0]))
    degree = min(int(problem.graph.degrees[0].max()), context)
    readout = replace(readout, level=Fraction(1, 1 + degree))
    searched = largest_temperature(replace(problem, softmax=readout), digits=2, scores=scores)
    if searched.exact.low is None:
        raise ProofError(
            f"no temperature was found at which softmax reads contexts of {context} items right: "
            "edges of one item compete; give a larger gap, more key dimensions or smaller contexts"
        )
    return replace(readout, temperature=searched.exact.low), "search"


def _by_levels(problem: RecognitionProblem, scores: Scores) -> list[tuple[SoftmaxReadout, str]]:
    """Read-outs by S1 and S2."""
    readout = problem.softmax
    assert readout is not None
    assert readout.null is not None
    levels = score_levels(scores, problem.graph, readout.null)
    if min(levels.degree, readout.context) > 1:
        found = _with_level(levels, readout)
        return [] if found is None else [(found, "S2")]
    return [
        (replace(readout, temperature=_below(condition.low)), condition.name)
        for condition in sufficient_conditions(problem, scores)
        if condition.low is not None and condition.low > 0
    ]


def _with_level(levels: ScoreLevels, readout: SoftmaxReadout) -> SoftmaxReadout | None:
    """The largest temperature at which S2 leaves room for a level; floats propose it."""
    above, spread = float(levels.above), float(levels.spread)
    below = float(levels.below) if levels.below is not None else above
    if above <= 0 or below <= 0:
        return None
    rivals = min(levels.degree, readout.context) - 1
    others = readout.context - 1 - rivals
    temperature = 4 * (above + below + spread)
    for _ in range(STEPS):
        terms = (
            -above / temperature,
            spread / temperature + math.log(rivals),
            -(above + below) / temperature + math.log(max(others, 1)),
        )
        odds = _log_sum(terms)
        if odds < below / temperature - 1e-3 and abs(odds) < 30:
            middle = math.exp((odds + below / temperature) / 2)
            limit = Fraction(round(middle * (1 << LEVEL_BITS)), 1 << LEVEL_BITS)
            return replace(
                readout, temperature=_below(Fraction(temperature)), level=1 / (1 + limit)
            )
        temperature *= RATIO
    return None


def _log_sum(terms: tuple[float, ...]) -> float:
    top = max(terms)
    return top + math.log(sum(math.exp(term - top) for term in terms))


def _null(decision: ThresholdDecision, height: Fraction) -> Fraction:
    if decision.strongest is None or decision.gap is None:
        assert decision.weakest is not None
        return decision.weakest.score - 1
    return decision.strongest.score + height * decision.gap


def _below(value: Fraction) -> Fraction:
    """A positive number of :data:`BITS` bits, not above."""
    shift = BITS - math.floor(math.log2(value))
    unit = Fraction(2) ** shift
    return Fraction(math.floor(value * unit)) / unit
