"""The lines to compare measured capacity with: counting bounds and certified constructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..constructions.conjunction import plain_pairwise_and
from ..theory.catalog import lookup
from ..theory.errors import RegimeError
from .tasks import random_pairwise_and

#: Counting bounds are inverted up to so many outputs; beyond, they say nothing of interest.
MOST_OUTPUTS = 1 << 20
#: The smallest m' with m' distinct pairs among m' inputs.
LEAST_OUTPUTS = 3


@dataclass(frozen=True)
class Line:
    """Points (neurons, outputs) with a statement of what they mean.

    Attributes:
        name: short and unique.
        statement: one sentence.
        points: (neurons, outputs) pairs; outputs None where they exceed :data:`MOST_OUTPUTS`.
    """

    name: str
    statement: str
    points: tuple[tuple[int, int | None], ...]


def largest_outputs(bound: str, neurons: int, bits: int) -> int | None:
    """The largest m' for which a lower bound on neurons still allows ``neurons``.

    The family is m' random pairs among m = m' inputs. Found by bisection, as the bounds grow
    with m'. Returns 0 when not even the smallest instance fits, None beyond
    :data:`MOST_OUTPUTS`.
    """
    (chosen,) = lookup(bound)

    def fits(outputs: int) -> bool:
        return bool(chosen.evaluate(inputs=outputs, outputs=outputs, bits=bits) <= neurons)

    low, high = LEAST_OUTPUTS - 1, LEAST_OUTPUTS
    while fits(high):
        low, high = high, 2 * high
        if low >= MOST_OUTPUTS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low if low >= LEAST_OUTPUTS else 0


def counting_line(form: str, bits: int, widths: Sequence[int]) -> Line:
    """A counting bound as the most outputs that it allows so many neurons.

    Args:
        form: ``superposed`` (the function lives in one n x n matrix and its biases) or ``free``
            (every weight and bias may depend on the function, as in trained networks).
        bits: bits a weight.
        widths: numbers of neurons.
    """
    if form not in ("superposed", "free"):
        raise RegimeError(f"no counting bound for the form '{form}'")
    bound = "pairwise-and-neurons" if form == "superposed" else "pairwise-and-neurons-free"
    where = (
        "the function in one n x n matrix and n biases, encoder and decoder fixed"
        if form == "superposed"
        else "all n (2m' + 1) + m' weights and biases may depend on the function"
    )
    return Line(
        f"counting-{form}-{bits}",
        f"no network of n neurons computes more: {where}, {bits} bits each "
        f"(bound '{bound}', m = m' inputs)",
        tuple((n, largest_outputs(bound, n, bits)) for n in widths),
    )


def plain_construction_line(sizes: Sequence[int], seed: int) -> Line:
    """Certified widths of the plain construction on random pairs, at most 2 active."""
    points = []
    for outputs in sizes:
        task = random_pairwise_and(outputs, outputs, seed)
        built = plain_pairwise_and(outputs, task.pairs, active=2, seed=seed)
        points.append((built.neurons, outputs))
    return Line(
        "plain-construction",
        "built without training: random 0/1 code with repair, proved exact, width found by "
        f"bisection (seed {seed})",
        tuple(points),
    )


def caveat(lines: Sequence[Line]) -> tuple[str, str]:
    """What the counting bounds in a picture or table of trained networks do not say, in two lines.

    Args:
        lines: among them ``counting-free-32``, at the trained widths.
    """
    free = next(line for line in lines if line.name == "counting-free-32")
    beyond = all(outputs is None for _, outputs in free.points)
    limit = f"allows over {MOST_OUTPUTS:,}" if beyond else "is in the table of numbers"
    return (
        "Trained weights are float32 and all free (the read-out too): the bound for n×n weights "
        "does not bind them,",
        f"and the one that does, for free weights of 32 bits, {limit} at every trained width.",
    )
