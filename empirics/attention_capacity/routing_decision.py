"""Whether the output of one head is nearest to its target in every context, decided exactly.

With ``B_ck = <value of c, x_k>`` target j beats k in a context C exactly if the sum over C of
``exp(S_ic) (B_cj - B_ck)`` is positive, since the weights of a head have one denominator. So the
worst context of i and k is i, j, k and the items with the most negative terms, as many as fit.
Floats with a bound on their error decide what is clear, integers the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...verify.attention.contexts.exponential import PRECISIONS, exponential
from ...verify.attention.contexts.exponents import Exponents
from ...verify.attention.contexts.float_exponential import RANGE, exponentials
from ...verify.attention.graph import RelationalGraph
from ...verify.attention.layer import AttentionLayer
from ...verify.attention.scores import Scores
from ...verify.attention.softmax_readout import SoftmaxReadout
from ...verify.dyadic import power_of_two
from .routing_model import RoutedLayer

#: Relative rounding of a term, and of a sum of so many terms for each of them, doubled.
ROUNDING = 2.0**-51
#: Weights below this, relative to the largest of an item, are cut off in floats.
TINY = float(np.exp(-RANGE)) * (1 + 2.0**-20)


@dataclass(frozen=True)
class ExactRouting:
    """What is decided about all contexts of at most so many items that hold item and target.

    Attributes:
        right: items whose target is strictly nearest in every such context.
        wrong: items for which another member is as near, or nearer, in some such context.
        open: items for which the last precision did not tell.
    """

    right: int
    wrong: int
    open: int


def decide_routing(layer: RoutedLayer, graph: RelationalGraph, context: int) -> ExactRouting:
    """Decide every item of a layer of one head whose output is ``identity`` or ``values``.

    Costs about ``items^3`` operations.
    """
    verdicts = [one for one, _ in _Decision(layer, graph, context).items()]
    return ExactRouting(
        sum(one is True for one in verdicts),
        sum(one is False for one in verdicts),
        sum(one is None for one in verdicts),
    )


def wrong_contexts(
    layer: RoutedLayer, graph: RelationalGraph, context: int
) -> dict[int, tuple[int, ...]]:
    """For every item that is wrong in some context, one of these, in increasing order."""
    found = _Decision(layer, graph, context).items()
    return {i: members for i, (right, members) in enumerate(found) if right is False}


class _Decision:
    """Exact scores S of keys and B of values, and the search for a wrong context of every item."""

    def __init__(self, layer: RoutedLayer, graph: RelationalGraph, context: int) -> None:
        if layer.output == "identity":
            eye = np.eye(layer.vectors.shape[1])[None]
            value = out = eye
        else:
            value = layer.weights["value"].transpose(1, 0, 2)
            out = layer.weights["out"].transpose(0, 2, 1)
        query, key = (layer.weights[name].transpose(1, 0, 2) for name in ("query", "key"))
        self.scores = Scores(AttentionLayer(layer.vectors, query, key))
        self.values = Scores(AttentionLayer(layer.vectors, value, out))
        self.exponents = Exponents(self.scores, SoftmaxReadout(Fraction(1), context, None))
        self.targets = graph.edges[np.argsort(graph.edges[:, 0]), 1]
        self.context = context
        self.responses = np.concatenate([block.values[0] for block in self.values.blocks()])
        self.errors = np.concatenate([block.error[0] for block in self.values.blocks()])

    def items(self) -> list[tuple[bool | None, tuple[int, ...]]]:
        """Right, wrong or open, and a context where it is wrong, for every item."""
        found = []
        for block in self.scores.blocks():
            for place, row in enumerate(block.values[0]):
                item = block.rows.start + place
                found.append(self._item(item, row, float(block.error[0, place])))
        return found

    def _item(self, i: int, row: np.ndarray, error: float) -> tuple[bool | None, tuple[int, ...]]:
        j = int(self.targets[i])
        rivals = np.array([k for k in range(len(row)) if k != j and self._room(i, j, k) >= 0])
        least, most = self._floats(i, j, rivals, row, error)
        if (most <= 0).any():
            k = int(rivals[np.argmin(most)])
            return self._exactly(i, j, k)
        right: bool | None = True
        for k in rivals[~(least > 0)].tolist():
            beaten, members = self._exactly(i, j, k)
            if beaten is False:
                return False, members
            right = right and beaten
        return right, ()

    def _room(self, i: int, j: int, k: int) -> int:
        """Further members that fit into a context; negative where i, j and k do not."""
        return self.context - len({i, j, k})

    def _floats(
        self, i: int, j: int, rivals: np.ndarray, row: np.ndarray, error: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bounds on the least sum over the contexts of each rival."""
        if not self.exponents.usable:
            return np.full(len(rivals), -np.inf), np.full(len(rivals), np.inf)
        items = len(row)
        weights = exponentials((row - row.max()) * self.exponents.scale)
        spread = float(self.exponents.error(np.array(2 * error))) + (items + 8) * ROUNDING
        gain = self.responses[:, j : j + 1] - self.responses[:, rivals]
        doubt = 2 * self.errors[:, None] + np.abs(gain) * ROUNDING
        terms = weights[:, None] * gain
        with np.errstate(invalid="ignore"):
            slack = np.abs(terms) * spread + (weights[:, None] * (1 + spread) + TINY) * doubt
        slack = (slack + TINY * np.abs(gain)) * (1 + 2.0**-20)
        low = terms - slack
        forced = np.zeros(low.shape, dtype=bool)
        forced[[i, j]] = True
        forced[rivals, np.arange(len(rivals))] = True
        # forced members stand before all others, and those that would help the target behind
        order = np.where(forced, -np.inf, np.where(low < 0, low, np.inf)).argsort(axis=0)
        room = np.array([self._room(i, j, k) for k in rivals.tolist()])
        counts = forced.sum(axis=0) + np.minimum(room, (~forced & (low < 0)).sum(axis=0))
        member = np.arange(items)[:, None] < counts
        ordered = np.take_along_axis(low, order, axis=0)
        upper = np.take_along_axis(terms + slack, order, axis=0)
        return np.where(member, ordered, 0).sum(axis=0), np.where(member, upper, 0).sum(axis=0)

    def _exactly(self, i: int, j: int, k: int) -> tuple[bool | None, tuple[int, ...]]:
        """Whether j beats k in every context of i, j and k; if not, a context where not."""
        every = np.arange(len(self.targets))
        scores = self.scores.integers(np.full(len(every), i), every)[0].tolist()
        towards = [
            self.values.integers(every, np.full(len(every), end))[0].tolist() for end in (j, k)
        ]
        gains = [int(a) - int(b) for a, b in zip(*towards, strict=True)]
        forced = {i, j, k}
        room = self._room(i, j, k)
        others = [c for c in every.tolist() if c not in forced and gains[c] < 0] if room else []
        # terms above this one cannot be members, so none of the exponents is above 0
        top = max(scores[c] for c in [*forced, *others])
        rate = power_of_two(self.scores.exponent)
        for bits in PRECISIONS:
            ends = {}
            for c in [*forced, *others]:
                pair = [end * gains[c] for end in exponential((scores[c] - top) * rate, bits)]
                ends[c] = (min(pair), max(pair))
            chosen = [*forced, *sorted(others, key=lambda c: ends[c])[:room]]
            if sum(ends[c][0] for c in chosen) > 0:
                return True, ()
            by_score: dict[int, int] = {}
            for c in chosen:
                by_score[scores[c]] = by_score.get(scores[c], 0) + gains[c]
            # exponentials of different rationals are independent: a sum is 0 only term by term
            if sum(ends[c][1] for c in chosen) <= 0 or not any(by_score.values()):
                return False, tuple(sorted(chosen))
        return None, ()
