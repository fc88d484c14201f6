"""Theorem 1 for codes given as 0/1 matrices: when a plain network computes ANDs exactly.

Statement and proof: docs/theory.md, section 4. Decides without enumerating inputs.
"""

from __future__ import annotations

import numpy as np

from .plain_code import PlainCode, Rows

#: Outputs whose sets K are found at a time.
BLOCK = 1 << 13


def shared_neurons(code: np.ndarray, tuples: np.ndarray) -> np.ndarray:
    """The sets K_j as Booleans (outputs, neurons): neurons that all members feed.

    Args:
        code: T, Booleans (neurons, inputs).
        tuples: input indices (outputs, arity).
    """
    columns = np.ascontiguousarray(code.T)
    return np.asarray(np.logical_and.reduce([columns[member] for member in tuples.T], axis=0))


def plain_code(code: np.ndarray, tuples: np.ndarray) -> PlainCode:
    """The code of a matrix T, 0/1 or Booleans (neurons, inputs), with the largest sets K_j.

    ``tuples`` are distinct input indices (outputs, arity).
    """
    code = np.asarray(code).astype(bool)
    shared = shared_rows(np.packbits(code, axis=0).T.copy(), tuples, len(code))
    return PlainCode(code.shape[1], Rows.where(code), shared, Rows.table(np.asarray(tuples)))


def shared_rows(columns: np.ndarray, tuples: np.ndarray, neurons: int) -> Rows:
    """The sets K_j from columns with a bit a neuron: uint8 (inputs, bytes), first bit highest."""
    sizes, items = [np.zeros(1, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(tuples), BLOCK):
        block = tuples[start : start + BLOCK]
        both = np.bitwise_and.reduce([columns[member] for member in block.T], axis=0)
        found = Rows.where(np.unpackbits(both, axis=1, count=neurons).astype(bool))
        sizes.append(found.sizes)
        items.append(found.items)
    return Rows(np.cumsum(np.concatenate(sizes)), np.concatenate(items))


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
    plain = plain_code(code, tuples)
    return np.asarray(plain.shared.sizes - plain.imitations(active)[0])


def violated_outputs(code: np.ndarray, tuples: np.ndarray, active: int) -> np.ndarray:
    """Indices of the outputs that some input with at most ``active`` ones gets wrong."""
    return np.flatnonzero(slacks(code, tuples, active) < 1)


def weakest_points(
    code: np.ndarray, tuples: np.ndarray, active: int
) -> tuple[np.ndarray, np.ndarray]:
    """The slacks of :func:`slacks`, and the inputs that imitate a missing member best.

    Returns int64 arrays (outputs,) and (outputs, r), r = min(active - arity + 1, outside
    inputs), at least 0; the second holds input indices, in no particular order (-1: any).
    """
    plain = plain_code(code, tuples)
    top, worst = plain.imitations(active, witnesses=True)
    return np.asarray(plain.shared.sizes - top), worst
