"""Patterns in bit strings: one clause at every place, as a one-dimensional vision task has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...verify.errors import InputError
from ..tasks import Clause, DnfTask

#: Fewer places than this are clauses like any others.
PLACES = 3


@dataclass(frozen=True)
class Pattern:
    """The same clause at consecutive places.

    Attributes:
        text: ``0`` and ``1`` as the bits must be, ``?`` for any.
        first, last: places of its first bit.
    """

    text: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"'{self.text}' beginning anywhere from input {self.first} to {self.last}"


def pattern_task(inputs: int, text: str) -> DnfTask:
    """The task whether a pattern occurs anywhere in a bit string.

    Args:
        inputs: length of the string.
        text: ``0``, ``1`` and ``?``, beginning and ending with a bit that matters.

    Raises InputError for another text, or one that does not fit.
    """
    if not text or set(text) - set("01?") or "?" in (text[0], text[-1]):
        raise InputError(f"a pattern has 0, 1 and inner ? only, not '{text}'")
    if len(text) > inputs:
        raise InputError(f"the pattern '{text}' does not fit into {inputs} inputs")
    offsets = [(k, character == "1") for k, character in enumerate(text) if character != "?"]
    clauses = tuple(
        tuple((place + k, bit) for k, bit in offsets) for place in range(inputs - len(text) + 1)
    )
    return DnfTask(inputs, clauses, 0)


def patterns(clauses: Sequence[Clause]) -> tuple[tuple[Pattern, ...], tuple[Clause, ...]]:
    """The patterns among some clauses, and the clauses that belong to none."""
    places: dict[tuple[tuple[int, bool], ...], list[int]] = {}
    for clause in clauses:
        if clause:
            place = clause[0][0]
            places.setdefault(tuple((i - place, sign) for i, sign in clause), []).append(place)
    found: list[Pattern] = []
    taken: set[Clause] = set()
    for shape, starts in places.items():
        for first, last in _stretches(sorted(starts)):
            if last - first + 1 >= PLACES:
                bits = dict(shape)
                length = shape[-1][0] + 1
                text = "".join("?" if k not in bits else str(int(bits[k])) for k in range(length))
                found.append(Pattern(text, first, last))
                taken |= {
                    tuple((place + k, sign) for k, sign in shape)
                    for place in range(first, last + 1)
                }
    return tuple(found), tuple(clause for clause in clauses if clause not in taken)


def _stretches(places: Sequence[int]) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for place in places:
        if stretches and stretches[-1][1] == place - 1:
            stretches[-1] = stretches[-1][0], place
        else:
            stretches.append((place, place))
    return stretches
