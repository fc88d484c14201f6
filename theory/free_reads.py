"""ANDs read straight from a representation, where the read-out may depend on the function.

Proofs are in docs/theory.md, sections 8.5 and 8.6.
"""

from __future__ import annotations

from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .bound import Bound, Condition, Monotone
from .conjunctions import (
    ACTIVE_FITS,
    FREE,
    PAIRS_FIT,
    PAIRS_TESTED,
    TUPLES_FIT,
    TUPLES_TESTED,
)
from .enclosure import whole_number
from .parameters import parameters

_TWO_ACTIVE = Condition(
    "active = 2: with a third active input the read no longer tells",
    lambda i: i["active"] == 2,
)


def crossing(active: int, arity: int) -> int:
    """What a tuple's read needs of overlaps: their share must lie below one over this number."""
    return (2 * arity - 1) * (active - 1) + active


def sign_read_neurons(inputs: int, active: int, arity: int, failure_odds: int) -> int:
    """Neurons from whose random sign states all ANDs of a given arity are read at once.

    Source: docs/theory.md, section 8.5.
    """
    if inputs == 1:
        return 1  # a single vector has no overlaps
    events = inputs * (inputs - 1) * failure_odds
    return whole_number(lambda: 2 * crossing(active, arity) ** 2 * iv.log(iv.mpf(events)), "up")


def _formula(sp: Any, s: Any, arity: Any) -> Any:
    width = (2 * arity - 1) * (s.active - 1) + s.active
    width = 2 * width**2 * sp.log(s.inputs * (s.inputs - 1) * s.failure_odds)
    return sp.Piecewise((1, sp.Eq(s.inputs, 1)), (sp.ceiling(width), True))


_SIGNS = FREE + "; encoder of random signs, states shifted to be positive, read by sums of columns"
_MONOTONE = (
    Monotone("inputs", True, "the logarithm rises with m"),
    Monotone("active", True, "the square rises with v"),
    Monotone("failure_odds", True, "the logarithm rises with the odds"),
)

FREE_READ_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="pairwise-and-sign-reads",
        title="reads of random signs, proved",
        subject="superposition",
        task="pairwise-and",
        statement="With this many neurons, random sign states let free reads find all C(m, 2) ANDs "
        "of pairs at once, on at most v active inputs, except with probability 1/K.",
        latex=r"n \ge 2(4v-3)^2 \ln\left(m(m-1)K\right)",
        expression=lambda sp, s: _formula(sp, s, 2),
        direction="upper",
        quantity="neurons",
        networks=_SIGNS,
        form="free",
        weight_bits=lambda: 2,
        parameters=parameters("inputs", "outputs", "active", "failure_odds"),
        regime=(PAIRS_FIT, PAIRS_TESTED, ACTIVE_FITS),
        monotone=_MONOTONE,
        section="8.5",
        function=lambda inputs, active, failure_odds: sign_read_neurons(
            inputs, active, 2, failure_odds
        ),
    ),
    Bound(
        name="pairwise-and-four-real",
        title="four real neurons",
        subject="superposition",
        task="pairwise-and",
        statement="With real weights and free reads, 4 neurons compute all C(m, 2) ANDs of pairs "
        "on at most 2 active inputs, whatever m is.",
        latex=r"n = 4",
        expression=lambda sp, s: sp.Integer(4),
        direction="upper",
        quantity="neurons",
        networks=FREE + ", real weights",
        form="free",
        parameters=parameters("inputs", "outputs", "active"),
        regime=(PAIRS_FIT, ACTIVE_FITS, _TWO_ACTIVE),
        section="8.6",
        function=lambda: 4,
    ),
    Bound(
        name="k-and-sign-reads",
        title="reads of random signs, proved",
        subject="superposition",
        task="k-and",
        statement="With this many neurons, random sign states let free reads find all ANDs of k "
        "inputs at once, on at most v active inputs, except with probability 1/K.",
        latex=r"n \ge 2\left((2k-1)(v-1)+v\right)^2 \ln\left(m(m-1)K\right)",
        expression=lambda sp, s: _formula(sp, s, s.arity),
        direction="upper",
        quantity="neurons",
        networks=_SIGNS,
        form="free",
        weight_bits=lambda arity: arity.bit_length(),
        parameters=parameters("inputs", "outputs", "arity", "active", "failure_odds"),
        regime=(TUPLES_FIT, TUPLES_TESTED, ACTIVE_FITS),
        monotone=(*_MONOTONE, Monotone("arity", True, "the square rises with k")),
        section="8.5",
        function=lambda inputs, arity, active, failure_odds: sign_read_neurons(
            inputs, active, arity, failure_odds
        ),
    ),
)
