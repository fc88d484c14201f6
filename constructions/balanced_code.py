"""Balanced constant-weight 0/1 codes: every column equally heavy, all overlaps nearly equal."""

from __future__ import annotations

import numpy as np

from ..verify.errors import InputError, require_seed

#: Passes over all columns; hardly anything moves after so many.
SWEEPS = 60
#: Weight of equal row sums against equal overlaps.
ROW_WEIGHT = 0.6


def balanced_code(
    neurons: int, inputs: int, density: float, seed: int = 0, *, sweeps: int = SWEEPS
) -> np.ndarray:
    """Draw a constant-weight code and even out its overlaps and row sums by swaps.

    Every column has ``round(density * neurons)`` ones. A step takes a one of a column and moves
    it to the row where the sum of the squared differences of all overlaps from their mean value,
    plus a share of the squared row sums, falls most, if it falls anywhere. Depends on nothing
    but the arguments, so a network may hold the code without holding its function.

    Args:
        neurons, inputs: shape of the code.
        density: share of ones, strictly between 0 and 1.
        seed: the same seed gives the same code.
        sweeps: passes over the columns at most.

    Returns:
        Booleans (neurons, inputs).

    Raises:
        InputError: sizes or a density that do not fit.
    """
    if neurons < 1 or inputs < 1:
        raise InputError(f"a code needs neurons and inputs, not {neurons} x {inputs}")
    if not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    require_seed(seed)
    rng = np.random.default_rng(seed)
    weight = min(max(round(density * neurons), 1), neurons)
    code = np.zeros((neurons, inputs), dtype=np.float32)
    for column in range(inputs):
        code[rng.permutation(neurons)[:weight], column] = 1
    if weight == neurons:
        return code.astype(bool)
    row_sums = code.sum(axis=1)
    mean = weight * weight / neurons
    for _ in range(sweeps):
        swaps = 0
        for column in rng.permutation(inputs):
            bits = code[:, column].copy()
            excess = bits @ code - mean
            excess[column] = 0
            ones, zeros = np.flatnonzero(bits), np.flatnonzero(bits == 0)
            row = ones[rng.integers(len(ones))]
            # the change of the squared overlaps and row sums when the one moves from row to other
            pull = code @ excess
            others = row_sums + (row_sums[row] - 1) - 2 * (code @ code[row])
            cost = 2 * (pull - pull[row]) + others
            cost += ROW_WEIGHT * (row_sums - row_sums[row] + 1)
            best = zeros[np.argmin(cost[zeros])]
            if cost[best] < 0:
                code[row, column], code[best, column] = 0, 1
                row_sums[row] -= 1
                row_sums[best] += 1
                swaps += 1
        if not swaps:
            break
    return code.astype(bool)
