"""Exact integer matrix products through floating-point ones.

A floating-point product is exact in every order of summation when every partial sum is an integer
that the number type holds: below 2^24 in float32, below 2^53 in float64. Partial sums of a row are
at most the sum of its magnitudes times the largest magnitude on the other side.
"""

from __future__ import annotations

import numpy as np

#: Integers of a smaller magnitude than these are exact in float32 and float64.
SINGLE, DOUBLE = 1 << 24, 1 << 53
#: Results of a larger magnitude are not computed in 64 bits.
LARGEST = 1 << 62


def reach(rows: np.ndarray) -> int:
    """The largest sum of magnitudes of a row of integers, as a Python integer; 0 for no rows."""
    if not rows.size:
        return 0
    largest = max(-int(rows.min()), int(rows.max()), 0)
    if rows.dtype == object or largest * rows.shape[1] >= LARGEST:
        return max(sum(abs(int(entry)) for entry in row) for row in rows)
    return int(np.abs(rows.astype(np.int64)).sum(axis=1).max())


def float_type(bound: int) -> type[np.float32] | type[np.float64] | None:
    """The narrowest float type whose products are exact when partial sums are at most bound."""
    if bound < SINGLE:
        return np.float32
    return np.float64 if bound < DOUBLE else None


def exact_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``left @ right`` of integer matrices (rows, terms) and (terms, columns), exactly.

    Returns int64, or Python integers in an object array where 62 bits may not suffice.
    """
    if not left.size or not right.size:
        return np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    largest = max(-int(right.min()), int(right.max()), 0)
    bound = reach(left) * largest
    if bound >= LARGEST or left.dtype == object or right.dtype == object:
        return np.asarray(left.astype(object) @ right.astype(object))
    kind = float_type(max(bound, largest, _largest(left)))
    if kind is not None:
        return np.asarray(_float_product(left.astype(kind), right.astype(kind)))
    if largest * left.shape[1] < 1 << 26:
        # left = high * 2^26 + low with 0 <= low < 2^26; both products are exact in float64
        high, low = left >> 26, left & ((1 << 26) - 1)
        if max(reach(high), reach(low)) * largest < DOUBLE:
            factor = right.astype(np.float64)
            upper = _float_product(high.astype(np.float64), factor)
            lower = _float_product(low.astype(np.float64), factor)
            return np.asarray(upper * (1 << 26) + lower)
    return np.asarray(left.astype(np.int64) @ right.astype(np.int64))


def _largest(matrix: np.ndarray) -> int:
    return max(-int(matrix.min()), int(matrix.max()), 0)


def _float_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray(left @ right).astype(np.int64)
