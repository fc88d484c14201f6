"""How many neurons to begin with when nobody says, and what to do when they do not suffice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..theory.catalog import lookup, middle
from ..verify.errors import InputError, ProofError
from .construction import Construction

#: By method of the superposed form: the estimate of the catalogue, and how much wider networks
#: that were found are (docs/constructions.md, section 4), with a reserve.
ESTIMATES = {
    "trained": ("pairwise-and-gardner", 1.08),
    "least-squares": ("pairwise-and-gardner", 3.3),
    "key-value": ("pairwise-and-gardner", 3.9),
    "ternary": ("pairwise-and-gardner-ternary", 1.55),
    "one-bit": ("pairwise-and-gardner-one-bit", 1.75),
}
#: The estimates are about two active inputs; every further one takes so many times the width. The
#: closed form needs more: so many times for the third, and for every one after it.
FURTHER_ACTIVE, KEY_VALUE_ACTIVE = 2.7, (12, 4)
#: The same for permutations, where signs are read without training: their own estimates.
PERMUTATIONS = {
    "trained": ("pairwise-and-gardner", 0.8),
    "closed-form": ("permutation-random-signs-estimate", 0.5),
    "one-bit": ("permutation-one-bit-estimate", 0.5),
}
#: A representation by signs, of the width that suffices for every code but a few.
SIGNS = ("representation-all-inputs", 0.4)
#: All pairs at once take so many times the inputs to the power 2/3 (docs/channels.md, section 7).
ALL_PAIRS = 50
#: Random gates by kind, at three active inputs, in shares of the estimate for pairwise ANDs.
GATES = {
    **{"and2": 1.9, "and3": 1.6, "and-not": 2.5, "majority3": 2.4},
    **{"or2": 2.8, "dnf3x2": 3.4, "xor2": 4.5},
}
#: Gates of any other kind.
ANY_GATE = 2.8
#: Neurons that are added to a share, as small networks have less luck; the states of a circuit
#: need more, for every active input after the first.
RESERVE, STATE_RESERVE = 4, 16
#: A width that fails is enlarged by this factor, so many times.
GROWTH, ATTEMPTS = 1.12, 12
#: Widest square matrix: 2^28 entries.
WIDEST = 1 << 14


@dataclass(frozen=True)
class FirstWidth:
    """Where a search for a width begins.

    Attributes:
        neurons: the width.
        estimate: the width by the estimate alone.
        source: name of the estimate in the catalogue; none for a single guess.
        factor: the reserve on it.
        reserve: neurons that are added besides.
        enlarged: how often the width was enlarged since.
    """

    neurons: int
    estimate: float
    source: str
    factor: float
    reserve: int = RESERVE
    enlarged: int = 0

    def __str__(self) -> str:
        grown = f", enlarged {self.enlarged} times" if self.enlarged else ""
        reserve = f"x {self.factor:.3g} + {self.reserve}"
        return f"{self.source} {self.estimate:.1f} (an estimate) {reserve}{grown}"


def first_width(inputs: int, outputs: int, active: int, method: str) -> FirstWidth:
    """A width at which the method should succeed, from the catalogue's capacity estimate.

    Args:
        inputs, outputs, active: the instance.
        method: of the superposed form, a key of :data:`ESTIMATES`.

    Raises InputError for an unknown method, a number of active inputs that does not fit, and for
    instances whose width would be out of reach.
    """
    if method not in ESTIMATES:
        raise InputError(f"unknown method '{method}'; use one of {', '.join(ESTIMATES)}")
    if not 2 <= active <= inputs:
        raise InputError(f"active must lie between 2 and the {inputs} inputs, not {active}")
    name, factor = ESTIMATES[method]
    (bound,) = lookup(name)
    if method == "key-value" and active > 2:
        third, further = KEY_VALUE_ACTIVE
        factor *= third * further ** (active - 3)
    else:
        factor *= FURTHER_ACTIVE ** (active - 2)
    # the estimate wants three inputs; fewer have one pair, for which the reserve suffices
    estimate = float(middle(bound.evaluate(inputs=max(inputs, 3), outputs=outputs, active=2)))
    width = FirstWidth(math.ceil(factor * estimate) + RESERVE, estimate, name, factor)
    require_width(width.neurons)
    return width


def permutation_width(inputs: int, active: int, method: str) -> FirstWidth:
    """The same for a permutation of the inputs; methods are the keys of :data:`PERMUTATIONS`."""
    if method not in PERMUTATIONS:
        raise InputError(f"unknown method '{method}'; use one of {', '.join(PERMUTATIONS)}")
    _require_active(active, inputs)
    name, factor = PERMUTATIONS[method]
    if method == "trained":
        # one active input takes half of what two take, three take half as much again
        factor *= 1.9 if active > 1 else 1.0
        factor *= 1.45 ** max(active - 2, 0)
        return _pairwise(name, factor, inputs, inputs)
    return _first(name, factor, inputs=max(inputs, 2), active=active, failure_odds=2)


def representation_width(inputs: int, active: int) -> FirstWidth:
    """The same for a representation of the inputs by signs."""
    _require_active(active, inputs)
    name, factor = SIGNS
    return _first(name, factor, inputs=inputs, active=active, failure_odds=2)


def universal_width(inputs: int, active: int) -> FirstWidth:
    """The same for all pairs at once, by the order m^(2/3) of arXiv 2408.05451."""
    _require_active(active, inputs)
    estimate, factor = inputs ** (2 / 3), ALL_PAIRS * FURTHER_ACTIVE ** max(active - 2, 0)
    width = FirstWidth(math.ceil(factor * estimate), estimate, "m^(2/3)", factor, 0)
    require_width(width.neurons)
    return width


def gates_width(inputs: int, outputs: int, active: int, kind: str = "") -> FirstWidth:
    """The same for gates in superposition; other kinds than those of :data:`GATES` may be named."""
    factor = GATES.get(kind, ANY_GATE) * 1.45 ** (min(active, inputs) - 3)
    return _pairwise("pairwise-and-gardner", factor, inputs, outputs)


def circuit_width(sizes: Sequence[int], active: int, scope: str = "reached") -> FirstWidth:
    """The same for the states of a circuit, by its features: inputs, then the gates of layers."""
    name, factor = "pairwise-and-gardner", 2.0 if active > 2 else 1.2
    reserve = STATE_RESERVE * max(active - 1, 1)
    widths = [
        _pairwise(name, factor * (2 if scope == "all" else 1), before, gates, reserve)
        for before, gates in itertools.pairwise(sizes)
    ]
    return max(widths, key=lambda width: width.neurons)


def _pairwise(
    name: str, factor: float, inputs: int, outputs: int, reserve: int = RESERVE
) -> FirstWidth:
    """By an estimate for pairwise ANDs, of as many inputs at least as have so many pairs."""
    pairs = (3 + math.isqrt(8 * outputs)) // 2
    return _first(name, factor, reserve, inputs=max(inputs, pairs, 3), outputs=outputs, active=2)


def _first(name: str, factor: float, reserve: int = RESERVE, **values: int) -> FirstWidth:
    (bound,) = lookup(name)
    estimate = float(middle(bound.evaluate(**values)))
    width = FirstWidth(math.ceil(factor * estimate) + reserve, estimate, name, factor, reserve)
    require_width(width.neurons)
    return width


def _require_active(active: int, inputs: int) -> None:
    if not 1 <= active <= inputs:
        raise InputError(f"active must lie between 1 and the {inputs} inputs, not {active}")


def require_width(neurons: int) -> None:
    """Raise InputError for a square matrix that no machine would hold or train."""
    if neurons > WIDEST:
        raise InputError(
            f"a square matrix of {neurons:,} neurons is too large; at most {WIDEST:,} can be "
            "handled: ask for fewer outputs, or use --form plain"
        )


def enlarging(
    build: Callable[[int], Construction],
    first: FirstWidth,
    failed: Callable[[int, ProofError], None] = lambda neurons, error: None,
) -> tuple[Construction, FirstWidth]:
    """Build at the first width, or at wider ones where that fails.

    Args:
        build: the construction of so many neurons; raises ProofError when there is none.
        first: where to begin.
        failed: called with every width that failed.

    Raises ProofError when the last of :data:`ATTEMPTS` widths failed too.
    """
    width = first
    while True:
        try:
            return build(width.neurons), width
        except ProofError as error:
            failed(width.neurons, error)
            if width.enlarged + 1 >= ATTEMPTS:
                raise
            wider = max(math.ceil(width.neurons * GROWTH), width.neurons + 1)
            require_width(wider)
            width = replace(width, neurons=wider, enlarged=width.enlarged + 1)
