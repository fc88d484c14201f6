"""Theorem 1: when a plain 0/1 code computes ANDs exactly, decided without enumerating inputs.

A plain network has h = ReLU(Tx - (t-1)) with a 0/1 code T, and output j reads true when the
sum of h over K_j is at least |K_j|, where K_j holds the neurons that all t members of its
tuple feed. Statement and proof: docs/theory.md, section 4.
"""

from __future__ import annotations

import numpy as np

from ..theory.concentration import intruders

#: Outputs handled at a time, so that the overlaps of a block stay in memory.
BLOCK = 1024


def shared_neurons(code: np.ndarray, tuples: np.ndarray) -> np.ndarray:
    """The sets K_j as Booleans (outputs, neurons).

    Args:
        code: T, Booleans (neurons, inputs).
        tuples: input indices (outputs, arity).
    """
    columns = np.ascontiguousarray(code.T)
    return np.asarray(np.logical_and.reduce([columns[member] for member in tuples.T], axis=0))


def overlaps(code: np.ndarray, tuples: np.ndarray) -> np.ndarray:
    """|K_j & T_c| for every output and input, and -1 for members of the tuple.

    Returns integers held exactly in float32, shape (outputs, inputs).
    """
    shared = shared_neurons(code, tuples)
    # a sum of at most 2^24 ones is exact in float32 in every order; int32 has no fast product
    if code.shape[0] >= 1 << 24:
        raise ValueError("codes of 2^24 neurons and more are not supported")
    counts = shared.astype(np.float32) @ code.astype(np.float32)
    counts[np.arange(len(tuples))[:, None], tuples] = -1
    return np.asarray(counts)


def slacks(code: np.ndarray, tuples: np.ndarray, active: int) -> np.ndarray:
    """By how much each output clears its read-out: |K_j| minus the largest imitation.

    The network is exact on all inputs with at most ``active`` ones if and only if every slack
    is 1 or more (Theorem 1, docs/theory.md, section 4).

    Args:
        code: T, 0/1 or Booleans (neurons, inputs).
        tuples: distinct input indices (outputs, arity).
        active: v, 0 or more.

    Returns:
        int64 array (outputs,).
    """
    return weakest_points(code, tuples, active)[0]


def violated_outputs(code: np.ndarray, tuples: np.ndarray, active: int) -> np.ndarray:
    """Indices of the outputs that some input with at most ``active`` ones gets wrong."""
    return np.flatnonzero(slacks(code, tuples, active) < 1)


def weakest_points(
    code: np.ndarray, tuples: np.ndarray, active: int
) -> tuple[np.ndarray, np.ndarray]:
    """The slacks of :func:`slacks`, and the inputs that imitate a missing member best.

    Returns int64 arrays (outputs,) and (outputs, r), r = min(active - arity + 1, outside
    inputs), at least 0; the second holds input indices, in no particular order.
    """
    code = np.asarray(code).astype(bool)
    r = intruders(code.shape[1], active, tuples.shape[1])
    slack = np.empty(len(tuples), dtype=np.int64)
    worst = np.empty((len(tuples), r), dtype=np.int64)
    for start in range(0, len(tuples), BLOCK):
        block = tuples[start : start + BLOCK]
        size = shared_neurons(code, block).sum(axis=1)
        counts = overlaps(code, block)
        if r == 0:
            top = np.zeros((len(block), 0), dtype=np.int64)
        elif r == 1:
            top = counts.argmax(axis=1)[:, None]
        else:
            top = np.argpartition(counts, counts.shape[1] - r, axis=1)[:, -r:]
        worst[start : start + BLOCK] = top
        imitation = np.take_along_axis(counts, top, axis=1).astype(np.int64).sum(axis=1)
        slack[start : start + BLOCK] = size - imitation
    return slack, worst
