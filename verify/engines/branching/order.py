"""The order of a formula's clauses when wrong points are counted.

The cube of a clause excludes the clauses before it. Where the network has lost a clause, whole
cubes are wrong only if all other clauses are excluded there, so such clauses come last; those
whose whole cube is right need no exclusions and come first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

from .sides import Side, clause_arrays

#: Nodes after which the cube of a clause is not taken to be right as a whole.
NODES = 16


def lost_last(sides: Sequence[Side], known: int, right: Callable[[Side], bool]) -> list[Side]:
    """The same regions cut in another order of the clauses.

    Args:
        sides: all sides of all outputs, see :func:`superproof.verify.engines.branching.sides`.
        known: number of forbidden cubes that belong to the domain.
        right: whether a side is found right at once.
    """
    result: list[Side] = []
    for _, group in itertools.groupby(sides, key=lambda side: (side.output, side.expected)):
        own = list(group)
        result += _reordered(own, known, right) if _is_chain(own, known) else own
    return result


def _is_chain(sides: Sequence[Side], known: int) -> bool:
    """Whether each side is a cube that excludes the cubes before it, and nothing else."""
    cubes = [side.cube for side in sides]
    return len(sides) > 1 and all(
        side.cube and side.forbidden[known:] == cubes[:q] for q, side in enumerate(sides)
    )


def _reordered(sides: Sequence[Side], known: int, right: Callable[[Side], bool]) -> list[Side]:
    base = sides[0].forbidden[:known]
    arrays = clause_arrays(base)
    alone = [replace(side, forbidden=base, clauses=arrays) for side in sides]
    late = [not right(side) for side in alone]
    if all(late) or not any(late):
        return list(sides)
    order = sorted(range(len(sides)), key=lambda q: late[q])
    variable, value = clause_arrays([*base, *(sides[q].cube for q in order)])
    return [
        replace(
            sides[q],
            forbidden=[*base, *(sides[p].cube for p in order[:position])],
            clauses=(variable[: known + position], value[: known + position]),
        )
        for position, q in enumerate(order)
    ]
