"""Which size suffices: success by size, tried where it changes, with intervals and a curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..constructions.smallest import success_interval
from ..verify.errors import InputError
from .transition import Transition, transition

#: Sizes of the first round are this factor apart, from half to twice the guess.
STRIDE = 1.35
#: A size of the next round beyond the last one is larger, or smaller, by this factor.
STEP = 1.5


@dataclass(frozen=True)
class SizeRate:
    """How often a size succeeded, with the Clopper-Pearson interval of the chance."""

    size: int
    successes: int
    tried: int
    low: float
    high: float


@dataclass(frozen=True)
class Sufficient:
    """What a search found.

    Attributes:
        curve: success by size, ascending.
        least: the least size with a success; None where none succeeded.
        reliable: the least size from which on every run succeeded; None where the largest failed.
        fit: where the fitted chance is one half, in the natural logarithm of the size; None where
            all runs agree.
    """

    curve: tuple[SizeRate, ...]
    least: int | None
    reliable: int | None
    fit: Transition | None

    @property
    def half(self) -> float | None:
        """The size at which the fitted chance is one half."""
        return None if self.fit is None else float(np.exp(self.fit.half))


def sufficient(rates: Mapping[int, Sequence[bool]]) -> Sufficient:
    """What the outcomes say, by size."""
    curve = tuple(
        SizeRate(size, sum(rates[size]), len(rates[size]),
                 *success_interval(sum(rates[size]), len(rates[size])))
        for size in sorted(rates)
    )  # fmt: skip
    reliable = None
    for rate in reversed(curve):
        if rate.successes < rate.tried:
            break
        reliable = rate.size
    fit = transition(
        [float(np.log(rate.size)) for rate in curve],
        [rate.tried - rate.successes for rate in curve],
        [rate.successes for rate in curve],
    )
    least = next((rate.size for rate in curve if rate.successes), None)
    return Sufficient(curve, least, reliable, fit)


def search_sizes(
    run: Callable[[Sequence[int]], Mapping[int, Sequence[bool]]],
    guess: float,
    *,
    low: int = 1,
    high: int,
    step: int = 1,
    resolution: float = 0.0,
) -> Sufficient:
    """Try sizes in rounds, each round at once, until the change-over is known.

    The first round spans half to twice the guess. Later ones fill the range between the largest
    size below which nothing succeeds and the least from which everything does; where all sizes
    succeed or fail, the range is widened.

    Args:
        run: of some sizes; the outcomes of all seeds by size.
        guess: about where success begins.
        low, high: the least and the largest size to try.
        step: sizes are multiples of it.
        resolution: sizes closer than this, relatively, need not both be tried.

    Raises InputError for a range without sizes.
    """
    first, last = -(-low // step), high // step
    if not 1 <= first <= last:
        raise InputError(f"no multiples of {step} lie between {low} and {high}")
    rates: dict[int, Sequence[bool]] = {}
    wanted = _first_round(guess / step, first, last)
    while wanted:
        rates |= run([size * step for size in wanted])
        wanted = _next_round({size // step: rates[size] for size in rates}, first, last, resolution)
    return sufficient(rates)


def _first_round(guess: float, first: int, last: int) -> list[int]:
    middle = min(max(guess, first), last)
    sizes = {round(middle * STRIDE**power) for power in (-2, -1, 0, 1, 2)}
    return sorted(size for size in sizes if first <= size <= last)


def _next_round(
    rates: Mapping[int, Sequence[bool]], first: int, last: int, resolution: float
) -> list[int]:
    """Sizes to try now; none when the change-over lies between neighbours."""
    tried = sorted(rates)
    some = [size for size in tried if any(rates[size])]
    if not some:
        return [min(last, max(tried[-1] + 1, round(tried[-1] * STEP)))] if tried[-1] < last else []
    if not all(rates[tried[-1]]) and tried[-1] < last:
        return [min(last, max(tried[-1] + 1, round(tried[-1] * STEP)))]
    if some[0] == tried[0] and tried[0] > first:
        return [max(first, min(tried[0] - 1, round(tried[0] / STEP)))]
    # below the least success, and up to where all succeed
    below = max((size for size in tried if size < some[0]), default=first - 1)
    above = next(
        (size for size in tried if all(all(rates[s]) for s in tried if s >= size)), tried[-1]
    )
    inside = [below, *(size for size in tried if below < size < above), above]
    wanted = []
    for left, right in pairwise(inside):
        if right - left > max(1, resolution * right) and right > left + 1:
            wanted.append((left + right) // 2)
    return wanted
