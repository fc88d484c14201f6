"""How often clauses collide or stay whole in a split: counted, to hold against theory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from .split import Split


def covered(split: Split, clause: Sequence[int]) -> np.ndarray:
    """In which neurons one child reads all inputs of a clause: Booleans (parents,)."""
    child = split.child[:, list(clause)]
    return np.asarray((child == child[:, :1]).all(axis=1))


def coverage(split: Split, clauses: Sequence[Sequence[int]]) -> float:
    """Share of (neuron, clause) pairs in which one child reads the whole clause."""
    return float(np.mean([covered(split, clause) for clause in clauses]))


def some_parent(split: Split, clauses: Sequence[Sequence[int]]) -> float:
    """Share of the clauses that some child of some neuron reads whole."""
    return float(np.mean([covered(split, clause).any() for clause in clauses]))


def collision(split: Split, clauses: Sequence[Sequence[int]]) -> float:
    """Share of (neuron, pair of clauses) in which one child reads both clauses whole."""
    pairs = [covered(split, [*first, *second]) for first, second in combinations(clauses, 2)]
    return float(np.mean(pairs)) if pairs else 0.0
