"""Single-use ANDs through a channel: two neurons for each output, shared by many outputs.

The function lives in ``W = M C^T`` with random signs C; output j reads the two ends of its own edge
of a fixed graph on the neurons. Proof: docs/theory.md, section 7.2.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from mpmath import iv  # type: ignore[import-untyped]

from .bound import Bound, Condition, Monotone
from .enclosure import enclose, interval
from .parameters import parameters

#: The free number of the proof is the largest noise times j / GRID; any j gives a proof.
GRID = 1024
#: Largest noise of a neuron's input that the two reads stand.
ONE_SHOT, CLEAN = Fraction(1, 4), Fraction(1, 2)

CHANNEL = "superposed: random sign encoder, W = M C^T of integers, outputs read two neurons each"


def row_sum(outputs: int, neurons: int) -> int:
    """Most inputs that feed one neuron: twice the largest degree of the balanced graph."""
    return 2 * -(-2 * outputs // neurons)


def channel_failure(neurons: int, inputs: int, outputs: int, noise: Fraction, tau: Fraction) -> Any:
    """An interval with the bound on the failure probability, ``0 < 2 tau < noise``.

    The working precision is set by the caller. Source: docs/theory.md, section 7.2.
    """
    n, m = neurons, inputs
    spread = (interval(noise) - 2 * interval(tau)) ** 2
    spread /= 4 * row_sum(outputs, n) * (1 + interval(tau))
    crossed = iv.mpf(m) * (m - 1) * iv.exp(-n * interval(tau) ** 2 / 2)
    return iv.mpf(n) * m * (m + 1) * iv.exp(-n * spread) + crossed


def channel_choice(
    neurons: int, inputs: int, outputs: int, noise: Fraction
) -> tuple[float, Fraction]:
    """The least log of the failure bound over the grid, and the tau that attains it."""
    n, m = neurons, inputs
    tau = float(noise) / 2 * np.arange(1, GRID) / GRID
    logs = math.log(n * m * (m + 1)) - n * (float(noise) - 2 * tau) ** 2 / (
        4 * row_sum(outputs, n) * (1 + tau)
    )
    if m > 1:
        logs = np.logaddexp(logs, math.log(m * (m - 1)) - n * tau**2 / 2)
    place = int(np.argmin(logs))
    return float(logs[place]), noise / 2 * Fraction(place + 1, GRID)


@lru_cache(maxsize=256)
def channel_width(inputs: int, outputs: int, failure_odds: int, noise: Fraction) -> int:
    """Rows of W at which the channel is right on every input with at most two ones.

    Except with probability 1/odds. Proposed in floating point, proved in interval arithmetic.
    """

    def likely(n: int) -> bool:
        if math.comb(n, 2) < outputs:
            return False  # different outputs read different pairs of neurons
        return channel_choice(n, inputs, outputs, noise)[0] <= -math.log(failure_odds)

    low, high = 1, 2
    while not likely(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if likely(middle) else (middle, high)
    while True:
        tau = channel_choice(high, inputs, outputs, noise)[1]
        at = high
        found = enclose(lambda: channel_failure(at, inputs, outputs, noise, tau))  # noqa: B023
        if found.high <= Fraction(1, failure_odds):
            return high
        high += 1


def _weight_bits(inputs: int, outputs: int, failure_odds: int, noise: Fraction) -> int:
    # a row with D terms holds D + 1 values, as its sums of signs have the parity of D
    width = channel_width(inputs, outputs, failure_odds, noise)
    return row_sum(outputs, width).bit_length()


def _failure(sp: Any, s: Any, noise: Fraction, rows: Any) -> Any:
    m, tau = s.inputs, sp.Symbol("tau", positive=True)
    fed = 2 * sp.ceiling(2 * s.outputs / rows)
    margin = sp.Rational(noise.numerator, noise.denominator) - 2 * tau
    first = rows * m * (m + 1) * sp.exp(-rows * margin**2 / (4 * fed * (1 + tau)))
    return sp.Le(first + m * (m - 1) * sp.exp(-rows * tau**2 / 2), 1 / s.failure_odds)


_SINGLE_USE = Condition(
    "2 outputs <= inputs: no input is used twice", lambda i: 2 * i["outputs"] <= i["inputs"]
)
_MONOTONE = (
    Monotone("inputs", True, "for fixed tau the failure bound rises with m"),
    Monotone("outputs", True, "D, and with it the failure bound, never falls as m' grows"),
    Monotone("failure_odds", True, "for fixed tau less failure takes more neurons"),
)
_LATEX = (
    r"n\,m(m+1)\,e^{-\frac{n(\eta-2\tau)^2}{4D(1+\tau)}} + m(m-1)\,e^{-n\tau^2/2} \le \tfrac1K, "
    r"\quad D = 2\left\lceil \tfrac{2m'}n \right\rceil, \quad \eta = "
)

CHANNEL_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="single-use-and-one-shot",
        title="channel, one shot, proved",
        subject="superposition",
        task="single-use-and",
        statement="With this many neurons, a channel of random signs computes m' ANDs of any one "
        "choice of disjoint pairs on all inputs with at most 2 ones, except with probability 1/K.",
        latex=_LATEX + r"\tfrac14",
        expression=lambda sp, s: _failure(sp, s, ONE_SHOT, s.value),
        direction="upper",
        quantity="neurons",
        networks=CHANNEL,
        form="superposed",
        weight_bits=lambda inputs, outputs, failure_odds: _weight_bits(
            inputs, outputs, failure_odds, ONE_SHOT
        ),
        parameters=parameters("inputs", "outputs", "failure_odds"),
        regime=(_SINGLE_USE,),
        monotone=_MONOTONE,
        section="7.2",
        confirms=("pairwise-and-order-neurons",),
        function=lambda inputs, outputs, failure_odds: channel_width(
            inputs, outputs, failure_odds, ONE_SHOT
        ),
    ),
    Bound(
        name="single-use-and-clean",
        title="channel, clean 0/1 states, proved",
        subject="superposition",
        task="single-use-and",
        statement="The same with exact 0/1 states behind two neurons a row, so that a further "
        "layer can follow.",
        latex=_LATEX + r"\tfrac12, \quad 2n \text{ neurons}",
        expression=lambda sp, s: _failure(sp, s, CLEAN, s.value / 2),
        direction="upper",
        quantity="neurons",
        networks=CHANNEL + ", two ReLUs a row",
        form="superposed",
        weight_bits=lambda inputs, outputs, failure_odds: _weight_bits(
            inputs, outputs, failure_odds, CLEAN
        ),
        parameters=parameters("inputs", "outputs", "failure_odds"),
        regime=(_SINGLE_USE,),
        monotone=_MONOTONE,
        section="7.2",
        confirms=("pairwise-and-order-neurons",),
        function=lambda inputs, outputs, failure_odds: (
            2 * channel_width(inputs, outputs, failure_odds, CLEAN)
        ),
    ),
)
