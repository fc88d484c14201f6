"""How often the output is nearest to the target: sampled, and for all contexts where provable."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...constructions.smallest import success_interval
from ...verify.attention.contexts.softmax import decide_softmax
from ...verify.attention.graph import RelationalGraph
from ...verify.attention.layer import AttentionLayer
from ...verify.attention.recognition import RecognitionProblem
from ...verify.attention.softmax_readout import SoftmaxReadout
from ...verify.errors import InputError
from .routing_contexts import contexts, hardest
from .routing_model import RoutedLayer

#: Contexts of each item that are sampled.
SAMPLED = 64
#: Seconds for the exact decision.
SECONDS = 20.0
#: The least weight is rounded up to a multiple of this.
GRAIN = 1 << 20


@dataclass(frozen=True)
class ExactRouting:
    """What is proved about all contexts of at most so many items that hold item and target.

    Attributes:
        level: a target with at least this weight wins the argmax, whatever else is in the context;
            None where no weight below 1 is enough.
        proved: items whose target has at least this weight in every such context.
        open: items for which that is not so, or was not decided; the argmax may be right there.
        reason: why nothing was decided.
    """

    level: str | None
    proved: int
    open: int
    reason: str = ""


@dataclass(frozen=True)
class RoutingVerdict:
    """Sampled and exact counts.

    Attributes:
        right, sampled: of random contexts, those in which the target is nearest to the output.
        low, high: Clopper-Pearson interval of that chance.
        hard_right, hard: the same for one context an item, of the keys that score highest.
        exact: the decision over all contexts; None where there is none for this kind of output.
    """

    right: int
    sampled: int
    low: float
    high: float
    hard_right: int
    hard: int
    exact: ExactRouting | None

    @property
    def accuracy(self) -> float:
        """Share of the sampled contexts."""
        return self.right / self.sampled

    @property
    def holds(self) -> bool:
        """True only where every item's target is proved to win in every context."""
        return self.exact is not None and self.exact.open == 0

    def to_json(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self) | {"status": "holds" if self.holds else "unknown"}


def check_routing(
    layer: RoutedLayer, graph: RelationalGraph, context: int, seed: int
) -> RoutingVerdict:
    """Sample contexts, try the hardest ones, and decide all of them where that is possible.

    Ties count as wrong. The exact decision needs one head without a block around it.
    """
    targets = graph.edges[:, 1]
    scores = layer.scores()
    right = 0
    for members in contexts(targets, context, SAMPLED, [seed, 43]):
        right += _nearest(layer, members, scores)
    sampled = SAMPLED * len(targets)
    worst = hardest(scores.max(axis=0), targets, context)
    hard = _nearest(layer, worst, scores)
    exact = None
    if layer.heads == 1 and layer.output != "block":
        exact = decide_routing(layer, graph, context)
    interval = success_interval(right, sampled)
    return RoutingVerdict(right, sampled, *interval, hard, len(targets), exact)


def _nearest(layer: RoutedLayer, members: np.ndarray, scores: np.ndarray) -> int:
    """For how many items the target, which stands first, is strictly nearest."""
    found = layer.chosen(members, scores)
    return int((found[:, :1] > found[:, 1:]).all(axis=1).sum())


def decide_routing(layer: RoutedLayer, graph: RelationalGraph, context: int) -> ExactRouting:
    """Prove routing through the least weight that the target has in any context.

    The output is linear in the weights, so there is a weight from which on the target wins
    whatever the others are (docs/value-routing.md, section 3); whether the target has it in every
    context is what the verifier decides.
    """
    targets = graph.edges[:, 1]
    level = enough_weight(layer, targets)
    if level is None:
        return ExactRouting(None, 0, len(targets), "no weight below 1 makes every target win")
    query, key = (layer.weights[name].transpose(1, 0, 2) for name in ("query", "key"))
    readout = SoftmaxReadout(Fraction(1), context, None, level)
    problem = RecognitionProblem(AttentionLayer(layer.vectors, query, key), graph, readout)
    try:
        found = decide_softmax(problem, timeout=SECONDS)
    except InputError as error:  # scores beyond what the verifier takes
        return ExactRouting(str(level), 0, len(targets), str(error))
    if found.missed is None:
        return ExactRouting(str(level), 0, len(targets), "; ".join(found.notes))
    return ExactRouting(str(level), len(targets) - found.missed, found.missed)


def enough_weight(layer: RoutedLayer, targets: np.ndarray) -> Fraction | None:
    """A weight of the target that makes it win the argmax for certain; None if none below 1 does.

    With ``B_ck = <value of c, x_k>``, target j beats k when ``A_j (B_jj - B_jk)`` exceeds what
    the other items c, of weight ``1 - A_j`` together, can add to k against j, at most
    ``max_c (B_ck - B_cj)`` a unit of weight. Products are in float64, their errors bounded.
    """
    gram, error = _responses(layer)
    level = 0.0
    for j in np.unique(targets).tolist():
        against = gram - gram[:, j : j + 1]
        wrong = error + error[:, j : j + 1]
        gain = -(against[j] + wrong[j])
        harm = np.delete(against + wrong, j, axis=0).max(axis=0)
        gain, harm = np.delete(gain, j), np.delete(harm, j)
        if (gain <= 0).any():
            return None
        level = max(level, float((np.maximum(harm, 0) / (np.maximum(harm, 0) + gain)).max()))
    rounded = Fraction(math.floor(level * GRAIN) + 2, GRAIN)
    return rounded if rounded < 1 else None


def _responses(layer: RoutedLayer) -> tuple[np.ndarray, np.ndarray]:
    """B of all pairs and bounds of its rounding errors."""
    factors = [layer.vectors]
    if layer.output == "values":
        factors += [layer.weights["value"][:, 0], layer.weights["out"][0]]
    factors.append(layer.vectors.T)
    value, size = factors[0], np.abs(factors[0])
    terms = 0
    for factor in factors[1:]:
        terms += factor.shape[0]
        value, size = value @ factor, size @ np.abs(factor)
    # (1 + 2^-53)^(terms + 3) - 1, with room for the rounding of the bound itself
    return value, size * ((terms + 4 * len(factors)) * 2.0**-52)
