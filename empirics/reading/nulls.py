"""Which decoded clauses are more than chance: decoding the same weights without their places.

The family is all that a decoder returns; its error is that any clause of a layer without
structure passes. The threshold is the quantile of the largest evidence over layers whose first
weights have been shuffled, which bounds that error by the stated rate for shuffled weights and
for independent weights of one law, such as those of a random start. It says nothing about weights
of another kind: what it does with networks trained on shuffled labels is measured, not proved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...verify.errors import InputError
from ..tasks import Clause
from .codes import aligned, witnesses
from .decoders import Decoder
from .hidden_layer import HiddenLayer

#: Shuffles of a null, and the family-wise error.
SHUFFLES, RATE = 99, 0.05


def evidence(layer: HiddenLayer, clause: Clause) -> float:
    """How far a clause stands out from the rows that carry it; 0 where it does not.

    Sum over positive witnesses of ``(k - 1) log(least aligned weight / largest other weight)``
    where that is positive: every literal and every neuron adds to it.
    """
    outside = np.ones(layer.first.shape[1], dtype=bool)
    outside[[i for i, _ in clause]] = False
    least = aligned(layer.first, clause).min(axis=1)
    rest = np.abs(layer.first[:, outside]).max(axis=1, initial=0.0)
    rows = (witnesses(layer.second) > 0) & (least > rest)
    if len(clause) < 2 or not rows.any():
        return 0.0
    with np.errstate(divide="ignore"):
        ratios = np.log(least[rows]) - np.log(rest[rows])
    # a row of nothing else would count without bound
    return float((len(clause) - 1) * np.minimum(ratios, 20.0).sum())


def shuffled(layer: HiddenLayer, rng: np.random.Generator) -> HiddenLayer:
    """The layer with the entries of its first weight in random places."""
    flat = rng.permutation(layer.first.ravel())
    return layer._replace(first=flat.reshape(layer.first.shape))


def threshold(
    layer: HiddenLayer,
    decoder: Decoder,
    *,
    rate: float = RATE,
    shuffles: int = SHUFFLES,
    seed: int = 0,
) -> float:
    """The evidence that a clause must exceed.

    Args:
        layer: the hidden layer.
        decoder: whose clauses are the family.
        rate: family-wise error, in (0, 1).
        shuffles: layers that are decoded; at least ``1 / rate - 1``.
        seed: of the shuffles.

    Raises InputError for a rate that so many shuffles cannot hold.
    """
    if not 0 < rate < 1 or shuffles + 1 < 1 / rate - 1e-9:
        raise InputError(
            f"a family-wise error of {rate:g} takes {math.ceil(1 / rate) - 1 if rate > 0 else 1} "
            f"shuffles or more, not {shuffles}"
        )
    rng = np.random.default_rng([seed, 9])
    largest = []
    for _ in range(shuffles):
        null = shuffled(layer, rng)
        largest.append(max((evidence(null, clause) for clause in decoder(null)), default=0.0))
    # the layer itself is one of the exchangeable ones
    place = math.ceil((1 - rate) * (shuffles + 1)) - 1
    return float(np.sort(largest)[place])


def significant(
    layer: HiddenLayer,
    decoder: Decoder,
    *,
    rate: float = RATE,
    shuffles: int = SHUFFLES,
    seed: int = 0,
) -> tuple[Clause, ...]:
    """The decoder's clauses with more evidence than chance gives any; see :func:`threshold`."""
    clauses: Sequence[Clause] = decoder(layer)
    if not clauses:
        return ()
    least = threshold(layer, decoder, rate=rate, shuffles=shuffles, seed=seed)
    return tuple(clause for clause in clauses if evidence(layer, clause) > least)
