"""How many neurons to begin with when nobody says, and what to do when they do not suffice."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    "one-bit": ("pairwise-and-gardner-one-bit", 2.0),
}
#: The estimates are about two active inputs; every further one takes so many times the width.
FURTHER_ACTIVE = 2.7
#: Neurons that are added to a share, as small networks have less luck.
RESERVE = 4
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
        enlarged: how often the width was enlarged since.
    """

    neurons: int
    estimate: float
    source: str
    factor: float
    enlarged: int = 0

    def __str__(self) -> str:
        grown = f", enlarged {self.enlarged} times" if self.enlarged else ""
        reserve = f"x {self.factor:.3g} + {RESERVE}"
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
    factor *= FURTHER_ACTIVE ** (active - 2)
    # the estimate wants three inputs; fewer have one pair, for which the reserve suffices
    estimate = float(middle(bound.evaluate(inputs=max(inputs, 3), outputs=outputs, active=2)))
    width = FirstWidth(math.ceil(factor * estimate) + RESERVE, estimate, name, factor)
    require_width(width.neurons)
    return width


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
