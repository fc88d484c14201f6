"""How often the output is nearest to the target: sampled, and in all contexts where decidable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ...constructions.smallest import success_interval
from ...verify.attention.graph import RelationalGraph
from .routing_contexts import contexts, hardest
from .routing_decision import ExactRouting, decide_routing
from .routing_model import RoutedLayer

#: Contexts of each item that are sampled.
SAMPLED = 64


@dataclass(frozen=True)
class RoutingVerdict:
    """Sampled and exact counts.

    Attributes:
        right, sampled: of random contexts, those in which the target is nearest to the output.
        low, high: Clopper-Pearson interval of that chance; the share itself where every item has
            one context only, which is then no sample.
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
    def status(self) -> Literal["holds", "violated", "unknown"]:
        """Whether every item is right in every context, where that is decided exactly."""
        if self.exact is None or (self.exact.open and not self.exact.wrong):
            return "unknown"
        return "violated" if self.exact.wrong else "holds"

    @property
    def holds(self) -> bool:
        """True only where every item is proved to be right in every context."""
        return self.status == "holds"

    def to_json(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self) | {"status": self.status}


def check_routing(
    layer: RoutedLayer, graph: RelationalGraph, context: int, seed: int
) -> RoutingVerdict:
    """Sample contexts, try the hardest ones, and decide all of them where that is possible.

    Ties count as wrong. The exact decision needs one head without a block around it. Items differ
    in their chance to be right; a sum over items that are sampled equally often spreads less than
    draws of one chance would, so the interval is on the safe side.
    """
    targets = graph.edges[:, 1]
    scores = layer.scores()
    # with all items in it there is only one context
    number = SAMPLED if context < len(targets) else 1
    right = sum(
        _nearest(layer, members, scores)
        for members in sampled_contexts(targets, context, number, seed)
    )
    sampled = number * len(targets)
    interval = (right / sampled,) * 2 if number == 1 else success_interval(right, sampled)
    worst = hardest(layer.rivalry(scores), targets, context)
    hard = _nearest(layer, worst, scores)
    exact = None
    if layer.heads == 1 and layer.output != "block":
        exact = decide_routing(layer, graph, context)
    return RoutingVerdict(right, sampled, *interval, hard, len(targets), exact)


def sampled_contexts(targets: np.ndarray, context: int, number: int, seed: int) -> np.ndarray:
    """The contexts in which accuracy is sampled, (number, items, context); no training has them."""
    return contexts(targets, context, number, [seed, 43])


def _nearest(layer: RoutedLayer, members: np.ndarray, scores: np.ndarray) -> int:
    """For how many items the target, which stands first, is strictly nearest."""
    found = layer.chosen(members, scores)
    return int((found[:, :1] > found[:, 1:]).all(axis=1).sum())
