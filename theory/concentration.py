"""Widths at which a random 0/1 code works: union bounds with exact exponents.

Proofs are in docs/theory.md, section 5.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .enclosure import endpoints, interval_precision
from .errors import RegimeError

#: Densities are chosen among the multiples of 1/GRID: any of them gives a valid bound.
GRID = 1000


def intruders(inputs: int, active: int, arity: int = 2) -> int:
    """How many inputs outside a tuple can imitate its missing member: ``active - arity + 1``.

    Never more than the inputs outside the tuple. Source: docs/theory.md, section 4.
    """
    return max(0, min(active - arity + 1, inputs - arity))


@lru_cache(maxsize=64)
def plain_code_density(intruding: int, arity: int = 2) -> Fraction:
    """The density of ones that needs the fewest neurons, to the nearest 1/1000.

    ``intruding`` is the number of :func:`intruders`, 1 or more. It is 2/3 for one intruder and
    pairs. Source: docs/theory.md, section 5.
    """
    best = max(
        range(1, math.ceil(GRID / intruding)),
        key=lambda k: (k / GRID) ** arity * (1 - _imitation(k / GRID, intruding)),
    )
    return Fraction(best, GRID)


def plain_code_neurons(
    inputs: int,
    outputs: int,
    active: int,
    arity: int = 2,
    failure_odds: int = 2,
    density: Fraction | None = None,
) -> int:
    """Neurons at which a random code is exact with probability ``1 - 1/failure_odds`` or more.

    It is ``ln(outputs C(inputs - arity, r) failure_odds) / -ln(1 - p^arity (1 - rho))``, rounded
    up, with r intruders, density p and the imitation factor rho; evaluated in interval
    arithmetic, so the integer is exact. Source: docs/theory.md, section 5.

    Raises RegimeError unless ``inputs > arity``, ``active >= arity``, ``failure_odds >= 2`` and
    ``0 < density < 1/r``.
    """
    if inputs <= arity or active < arity or outputs < 1 or failure_odds < 2:
        raise RegimeError(
            "random codes need more inputs than the arity, at least as many active inputs as "
            "the arity, an output and failure odds of 2 or more"
        )
    r = intruders(inputs, active, arity)
    p = plain_code_density(r, arity) if density is None else density
    if not 0 < p < Fraction(1, r):
        raise RegimeError(f"the density must lie strictly between 0 and 1/{r}, not {p}")
    events = outputs * math.comb(inputs - arity, r) * failure_odds
    for precision in (96, 192, 384, 768):
        with interval_precision(precision):
            exact = iv.mpf(p.numerator) / p.denominator
            rate = -iv.log(1 - exact**arity * (1 - _imitation(exact, r)))
            low, high = endpoints(iv.log(iv.mpf(events)) / rate)
        if math.ceil(low) == math.ceil(high):
            break
    return math.ceil(high)  # the upper end is a width that suffices even when undecided


def _imitation(p: Any, r: int) -> Any:
    """rho = min over lambda >= 0 of E exp(lambda (X - 1)), X binomial(r, p), p < 1/r.

    Equal to exp(-r KL(1/r || p)) = r p (r (1-p) / (r-1))^(r-1). Works on floats and intervals.
    """
    if r == 1:
        return p
    return r * p * (r * (1 - p) / (r - 1)) ** (r - 1)
