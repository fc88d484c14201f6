"""Splitting neurons into children: the chances that clauses collide or stay whole."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from .bound import Bound, Condition, Monotone
from .parameters import parameters

IID = "every input of every neuron goes to one of its children by an independent fair draw"
BALANCED = "the inputs of a neuron are dealt to its children at random, equally many to each"

_DIVIDES = Condition(
    "factor divides inputs: all children get equally many",
    lambda i: i["inputs"] % i["factor"] == 0,
)
_CLAUSES_FIT = Condition(
    "2 clause <= inputs: two clauses without a common variable",
    lambda i: 2 * i["clause"] <= i["inputs"],
)
_CLAUSE_FITS = Condition("clause <= inputs", lambda i: i["clause"] <= i["inputs"])
#: Exact powers are written out.
MOST_PARENTS = 100_000
MOST_LITERALS = 10_000
_WRITABLE = Condition(
    f"clause <= {MOST_LITERALS}: the exact power is written out",
    lambda i: i["clause"] <= MOST_LITERALS,
)
_FEW_PARENTS = Condition(
    f"parents * clause <= {MOST_PARENTS}: the exact power is written out",
    lambda i: i["parents"] * i["clause"] <= MOST_PARENTS,
)
_SOURCE = (
    "own derivation; arXiv 2510.04500 is about the same quantities, but its definitions were not "
    "available to us"
)


def together(inputs: int, factor: int, size: int) -> Fraction:
    """The chance that ``size`` given inputs fall to one child in a balanced random deal."""
    share = inputs // factor
    if size > share:
        return Fraction(0)
    return Fraction(factor * math.comb(inputs - size, share - size), math.comb(inputs, share))


def _together(sp: Any, s: Any, size: Any) -> Any:
    share = s.inputs / s.factor
    chance = s.factor * sp.binomial(s.inputs - size, share - size) / sp.binomial(s.inputs, share)
    return sp.Piecewise((chance, size <= share), (0, True))


_IID_FACTOR = Monotone("factor", False, "a negative power of the factor")
_IID_CLAUSE = Monotone("clause", False, "the exponent falls with k")

EXPANSION_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="expansion-collision",
        title="collision, independent draws",
        subject="expansion",
        task="expansion",
        statement="All 2k literals of two clauses fall to the same child with this probability.",
        latex=r"\alpha^{-(2k-1)}",
        expression=lambda sp, s: s.factor ** -(2 * s.clause - 1),
        direction="equal",
        quantity="collision probability",
        symbol="p",
        networks=IID,
        form="independent",
        parameters=parameters("factor", "clause"),
        regime=(_WRITABLE,),
        monotone=(_IID_FACTOR, _IID_CLAUSE),
        source=_SOURCE,
        section="10.1",
        confirms=("expansion-order-collision",),
        function=lambda factor, clause: Fraction(1, factor ** (2 * clause - 1)),
    ),
    Bound(
        name="expansion-collision-balanced",
        title="collision, balanced deal",
        subject="expansion",
        task="expansion",
        statement="All 2k literals of two clauses fall to the same child with this probability.",
        latex=r"\alpha \binom{d-2k}{q-2k} \Big/ \binom{d}{q}, \quad q = d/\alpha",
        expression=lambda sp, s: _together(sp, s, 2 * s.clause),
        direction="equal",
        quantity="collision probability",
        symbol="p",
        networks=BALANCED,
        form="balanced",
        parameters=parameters("factor", "clause", "inputs"),
        regime=(_DIVIDES, _CLAUSES_FIT),
        source=_SOURCE,
        section="10.1",
        function=lambda factor, clause, inputs: together(inputs, factor, 2 * clause),
    ),
    Bound(
        name="expansion-coverage",
        title="coverage, independent draws",
        subject="expansion",
        task="expansion",
        statement="All k literals of a clause fall to one child of a given neuron with this "
        "probability.",
        latex=r"\alpha^{-(k-1)}",
        expression=lambda sp, s: s.factor ** -(s.clause - 1),
        direction="equal",
        quantity="coverage probability",
        symbol="p",
        networks=IID,
        form="independent",
        parameters=parameters("factor", "clause"),
        regime=(_WRITABLE,),
        monotone=(_IID_FACTOR, _IID_CLAUSE),
        source=_SOURCE,
        section="10.2",
        function=lambda factor, clause: Fraction(1, factor ** (clause - 1)),
    ),
    Bound(
        name="expansion-coverage-balanced",
        title="coverage, balanced deal",
        subject="expansion",
        task="expansion",
        statement="All k literals of a clause fall to one child of a given neuron with this "
        "probability.",
        latex=r"\alpha \binom{d-k}{q-k} \Big/ \binom{d}{q}, \quad q = d/\alpha",
        expression=lambda sp, s: _together(sp, s, s.clause),
        direction="equal",
        quantity="coverage probability",
        symbol="p",
        networks=BALANCED,
        form="balanced",
        parameters=parameters("factor", "clause", "inputs"),
        regime=(_DIVIDES, _CLAUSE_FITS),
        source=_SOURCE,
        section="10.2",
        function=lambda factor, clause, inputs: together(inputs, factor, clause),
    ),
    Bound(
        name="expansion-some-parent",
        title="coverage by some neuron, independent draws",
        subject="expansion",
        task="expansion",
        statement="Some child of some of the h neurons gets all k literals of a clause with this "
        "probability.",
        latex=r"1 - \left(1 - \alpha^{-(k-1)}\right)^h",
        expression=lambda sp, s: 1 - (1 - s.factor ** -(s.clause - 1)) ** s.parents,
        direction="equal",
        quantity="probability that some neuron covers a clause",
        symbol="p",
        networks=IID + ", neurons independently",
        form="independent",
        parameters=parameters("factor", "clause", "parents"),
        regime=(_FEW_PARENTS,),
        monotone=(
            _IID_FACTOR,
            _IID_CLAUSE,
            Monotone("parents", True, "a further neuron is a further chance"),
        ),
        source=_SOURCE,
        section="10.2",
        function=lambda factor, clause, parents: (
            1 - (1 - Fraction(1, factor ** (clause - 1))) ** parents
        ),
    ),
)
