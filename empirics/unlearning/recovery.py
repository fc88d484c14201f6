"""Recovery: how many steps of training until an unlearned clause is true again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..training.schedule import Schedule
from .case import DRAWN, Case
from .survival import Time
from .tuning import Goal, Tuning
from .weights import Weights, read_true

#: Recovered: at least this share of the target's inputs reads true.
RECOVERED = 0.8
RATE, ROWS = 1e-3, 64
#: Of plain gradient descent, the check of Adam: that of 0.001, 0.003, 0.01, 0.03 and 0.1 whose
#: median recovery on the target is closest in ratio to Adam's (166 and 266 steps), for networks
#: trained from scratch without the clause at seeds 1000 to 1007 of the full plan's first kind.
PLAIN_RATE = 0.01
PLAIN_REGIMES = ("target", "unrelated")
#: What a network is trained on, by name.
REGIMES: Mapping[str, str] = {
    "target": "inputs of the clause, and inputs of no clause",
    "all": "inputs of all clauses, and of none",
    "unrelated": "inputs of the other clauses, and of none, those left out that miss the clause by "
    "one literal",
    "unrelated, near": "the same, those that miss the clause by one literal among them",
}


def lesson(case: Case, regime: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs to train on, and what is true there: uint8 (points, inputs) and Booleans (points,)."""
    rng = case.random(20 + list(REGIMES).index(regime))
    samples = case.samples
    quiet = samples.none(list(samples.drawable), 4 * DRAWN, rng)
    if regime == "unrelated":
        others = samples.none(samples.others, 16 * DRAWN, rng)
        quiet = others[missing(case, others) > 1][: 4 * DRAWN]
    parts = []
    if regime in ("target", "all"):
        parts.append(samples.only([case.clause], 2 * DRAWN, rng, case.learnt))
    if regime != "target":
        parts.append(samples.only(samples.others, 2 * DRAWN, rng))
    true = np.concatenate(parts)
    quiet = quiet[: len(true)]
    truth = np.repeat([True, False], [len(true), len(quiet)])
    return np.concatenate([true, quiet]), truth


def missing(case: Case, points: np.ndarray) -> np.ndarray:
    """Literals of the clause that are false, (points,)."""
    wrong = [points[:, lit.input] != lit.positive for lit in case.target.literals]
    count: np.ndarray = np.sum(wrong, axis=0)
    return count


def recovering(case: Case, weights: Weights, regime: str, steps: int, rate: float = RATE) -> Tuning:
    """The training that should bring the clause back; ends when it has."""
    goal = Goal(case.watched, RECOVERED, above=True)
    return _training(case, weights, regime, steps, goal, rate)


def drifting(case: Case, regime: str, steps: int) -> Tuning:
    """The same training of the network that never lost the clause, for so many steps."""
    return _training(case, case.weights, regime, steps, None, RATE)


def _training(
    case: Case, weights: Weights, regime: str, steps: int, goal: Goal | None, rate: float
) -> Tuning:
    points, truth = lesson(case, regime)
    return Tuning(
        weights,
        points.astype(np.float32),
        truth[:, None].astype(np.float32),
        np.ones(len(points)),
        case.seed,
        Schedule(steps, rate, patience=1, decay="none", warm_up=0.0),
        rows=ROWS,
        goal=goal,
    )


def at_once(case: Case, weights: Weights) -> Time | None:
    """Recovered after 0 steps: the clause was never silent."""
    true = read_true(weights, case.watched).mean()
    return Time(0, True) if true >= RECOVERED else None
