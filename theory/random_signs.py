"""Permutations by random signs: a width that is proved to suffice, and the estimate beside it.

The network reads ``<d_j, W e> / n^2 > 1/2`` with ``W = sum_i d_pi(i) c_i^T`` and
``e = sum of c_a over the active inputs``, all vectors of random signs. Proof: docs/theory.md,
section 7.1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from mpmath import iv  # type: ignore[import-untyped]

from .enclosure import enclose, interval, whole_number

#: The free numbers of the proof, x and s, are taken from grids; any of them gives a proof.
X_GRID = 2048
S_GRID = np.arange(1, 129) / 64


@lru_cache(maxsize=256)
def proved_neurons(inputs: int, active: int, failure_odds: int) -> int:
    """Neurons at which random signs route every permutation, except with probability 1/odds.

    Right for every input with at most ``active`` ones. The width is proposed in floating
    point and then proved in interval arithmetic.
    """
    low, high = 0, 1
    while not _likely(high, inputs, active, failure_odds):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        good = _likely(middle, inputs, active, failure_odds)
        low, high = (low, middle) if good else (middle, high)
    while not _proved(high, inputs, active, failure_odds):
        high += 1
    return high


def failure(neurons: int, inputs: int, active: int, x: Fraction, s: Fraction) -> Any:
    """An interval with the bound on the failure probability, for free numbers x and s.

    ``0 < x`` with ``x^2 v s < 1``, and ``s > 1`` unless v = 1. The working precision is set
    by the caller.
    """
    v, m, n = active, inputs, neurons
    subsets = sum(math.comb(m, k) for k in range(1, v + 1))
    xs, ss = interval(x), interval(s)
    exponent = -xs * n / 2 + xs**2 * n * v * ss * (1 + ss) / 2
    exponent -= iv.mpf(m) / 2 * iv.log(1 - xs**2 * v * ss)
    total = iv.mpf(m) * subsets * iv.exp(exponent)
    if v > 1:
        total += iv.mpf(m) * (m - 1) * iv.exp(-n * ((ss - 1) / (v - 1)) ** 2 / 2)
    return total


def _choice(neurons: int, inputs: int, active: int) -> tuple[float, Fraction, Fraction]:
    """The least log of the failure bound over the grids, and the x and s that attain it."""
    v, m, n = active, inputs, neurons
    subsets = sum(math.comb(m, k) for k in range(1, v + 1))
    s = np.array([1.0]) if v == 1 else 1 + (v - 1) * S_GRID
    x = np.arange(1, X_GRID)[:, None] / X_GRID / np.sqrt(v * s)[None, :]
    # rationals with few digits, so that the proof works with the very same numbers
    x = np.floor(x * 2**24) / 2**24
    logs = -x * n / 2 + x**2 * n * v * s * (1 + s) / 2 - m / 2 * np.log1p(-(x**2) * v * s)
    logs += math.log(m) + math.log(subsets)
    if v > 1:
        logs = np.logaddexp(logs, math.log(m * (m - 1)) - n * ((s - 1) / (v - 1)) ** 2 / 2)
    row, column = np.unravel_index(int(np.argmin(logs)), logs.shape)
    return (
        float(logs[row, column]),
        Fraction(float(x[row, column])),
        Fraction(float(s[column])),
    )


def _likely(neurons: int, inputs: int, active: int, odds: int) -> bool:
    return _choice(neurons, inputs, active)[0] <= -math.log(odds)


def _proved(neurons: int, inputs: int, active: int, odds: int) -> bool:
    _, x, s = _choice(neurons, inputs, active)
    return enclose(lambda: failure(neurons, inputs, active, x, s)).high <= Fraction(1, odds)


def estimated_neurons(inputs: int, active: int, failure_odds: int, one_bit: bool = False) -> int:
    """The closed form that treats the interference as Gaussian: an estimate, not a theorem.

    ``8 A v + sqrt((8 A v)^2 + 8 A v m)`` with ``A = ln(2 m C(m,v) odds)``, times sqrt(pi/2)
    when only the signs of W are kept.
    """

    def compute() -> Any:
        scale = 8 * active * iv.log(iv.mpf(2 * inputs * math.comb(inputs, active) * failure_odds))
        found = scale + iv.sqrt(scale**2 + scale * inputs)
        return found * iv.sqrt(iv.pi / 2) if one_bit else found

    return whole_number(compute, "up")
