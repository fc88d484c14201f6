"""Inverting a bound: the largest or smallest parameter that a budget allows, by exact search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .bound import Monotone, Number, Value
from .enclosure import Enclosure
from .errors import RegimeError

if TYPE_CHECKING:
    from .bound import Bound

#: Parameters beyond this are not tried; every size of interest is far below.
LARGEST = 1 << 62
#: So many small values are tried one by one when looking for the start of the regime.
SMALL = 4096


def invert(bound: Bound, target: str, budget: Number, values: Mapping[str, Number | None]) -> int:
    """The extreme ``target`` at which ``bound`` is at most ``budget``; see :meth:`Bound.invert`.

    The values of ``target`` in the regime, the others fixed, must form an interval, as they do
    for every bound of the catalogue.
    """
    if target not in {p.name for p in bound.parameters if p.kind == "integer"}:
        raise RegimeError(f"{bound.name}: has no whole-number parameter '{target}' to solve for")

    def inside(candidate: int) -> bool:
        return _inside(bound, {**values, target: candidate})

    def fits(candidate: int) -> bool:
        return at_most(bound.evaluate(**{**values, target: candidate}), budget)

    least = next(p.least for p in bound.parameters if p.name == target)
    start = _regime_start(inside, least)
    if start is None:
        bound.evaluate(**{**values, target: least})  # names the condition that fails
        raise RegimeError(f"{bound.name}: no {target} lies in its regime")
    direction = _direction(bound, target, {**values, target: start})
    if direction.rises:
        return _last_fit(bound, target, budget, start, lambda t: inside(t) and fits(t))
    return _first_fit(bound, target, budget, start, inside, fits)


def at_most(value: Value, budget: Number) -> bool:
    """Whether a value is at most the budget. Raises RegimeError where an enclosure is too wide."""
    if not isinstance(value, Enclosure):
        return value <= budget
    answer = value.at_most(budget)
    if answer is None:
        raise RegimeError(f"the value {value} cannot be told from the budget {budget}")
    return answer


def _direction(bound: Bound, target: str, values: Mapping[str, Number | None]) -> Monotone:
    found = [m for m in bound.monotone if m.parameter == target]
    if not found:
        known = ", ".join(m.parameter for m in bound.monotone) or "none"
        raise RegimeError(
            f"{bound.name}: no direction is proved for '{target}'; it can be solved for: {known}"
        )
    instance = bound.instance(**values)
    for direction in found:
        if direction.only_if is None or direction.only_if.holds(instance):
            return direction
    condition = found[0].only_if
    assert condition is not None
    raise RegimeError(f"{bound.name}: can be solved for {target} only for {condition.words}")


def _inside(bound: Bound, values: Mapping[str, Number | None]) -> bool:
    try:
        bound.instance(**values)
    except RegimeError:
        return False
    return True


def _regime_start(inside: Callable[[int], bool], least: int) -> int | None:
    """The first value in the regime."""
    for candidate in range(least, least + SMALL):
        if inside(candidate):
            return candidate
    low, high = least + SMALL - 1, least + SMALL
    while not inside(high):
        if high > LARGEST:
            return None
        low, high = high, 2 * high
    return _bisect(low, high, inside)


def _bisect(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least number with the property, which ``high`` has and ``low`` has not."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _last_fit(
    bound: Bound, target: str, budget: Number, start: int, good: Callable[[int], bool]
) -> int:
    if not good(start):
        raise RegimeError(
            f"{bound.name}: even {target} = {start} exceeds a {bound.quantity} of {budget}"
        )
    low, step = start, 1
    while good(low + step):
        low, step = low + step, 2 * step
        if low > LARGEST:
            raise RegimeError(f"{bound.name}: every {target} fits a {bound.quantity} of {budget}")
    return _bisect(low, low + step, lambda t: not good(t)) - 1


def _first_fit(
    bound: Bound,
    target: str,
    budget: Number,
    start: int,
    inside: Callable[[int], bool],
    fits: Callable[[int], bool],
) -> int:
    if fits(start):
        return start
    low, step = start, 1
    while True:
        high = low + step
        if not inside(high):
            high = _bisect(low, high, lambda t: not inside(t)) - 1
            if high == low or not fits(high):
                break
        if high > LARGEST:
            break
        if fits(high):
            return _bisect(low, high, fits)
        low, step = high, 2 * step
    raise RegimeError(f"{bound.name}: no {target} fits a {bound.quantity} of {budget}")
