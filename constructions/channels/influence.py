"""Influence: how many outputs depend on an input, and the split of the inputs by it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...verify.errors import InputError
from ..patterns import as_pairs


@dataclass(frozen=True, eq=False)
class Influence:
    """The influence of every input, and which inputs are heavy.

    Attributes:
        pairs: int64 (outputs, 2).
        counts: int64 (inputs,), outputs that depend on each input.
        threshold: inputs of more influence are heavy.
    """

    pairs: np.ndarray
    counts: np.ndarray
    threshold: float

    @cached_property
    def heavy(self) -> np.ndarray:
        """Booleans (inputs,): influence above the threshold."""
        return np.asarray(self.counts > self.threshold, dtype=bool)

    @cached_property
    def members(self) -> np.ndarray:
        """Number of heavy members of each output, 0 to 2: int64 (outputs,)."""
        return np.asarray(self.heavy[self.pairs].sum(axis=1, dtype=np.int64))

    @property
    def case(self) -> str:
        """``low``: no output has a heavy member; ``high``: all have two; ``mixed``: the rest."""
        if not self.members.any():
            return "low"
        return "high" if (self.members == 2).all() else "mixed"


def influence(pairs: Any, inputs: int, threshold: float | None = None) -> Influence:
    """Count the influence of every input, and split the inputs by it.

    Args:
        pairs: (outputs, 2) distinct pairs of different input indices.
        inputs: number of inputs.
        threshold: inputs of more influence are heavy; None for the fourth root of the number of
            outputs, where arXiv 2409.15318 splits (docs/channels.md, section 2, says why).

    Raises InputError for pairs or a threshold that do not fit.
    """
    tuples = as_pairs(pairs, inputs)
    if threshold is not None and not threshold >= 0:
        raise InputError(f"the threshold of influence must be 0 or more, not {threshold}")
    limit = fourth_root(len(tuples)) if threshold is None else float(threshold)
    counts = np.bincount(tuples.ravel(), minlength=inputs).astype(np.int64)
    return Influence(tuples, counts, limit)


def fourth_root(number: int) -> float:
    """The fourth root, exact where it is an integer."""
    return math.sqrt(math.sqrt(number))
