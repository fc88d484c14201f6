"""What is left of a clause: the cubes inside it on which a network still says true, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ...constructions.editing.literals import Literal
from ...constructions.editing.target import Target
from ...verify.bitprogram import BitProgram
from ...verify.comparison.readings import TRUE, Readings
from ...verify.formula import Formula
from ...verify.network import Network

#: Clauses with more free inputs than this are not looked into: there are 3^free cubes.
FREE = 15


class Remnant(NamedTuple):
    """Where the target still reads true though no other clause says so.

    Attributes:
        stay: number of such inputs.
        target: number of inputs where only the clause is true.
        fewest: literals beside the clause in the largest cube; None where nothing stays.
        cube: these literals, of the first such cube.
        primes: maximal cubes that hold such an input.
    """

    stay: int
    target: int
    fewest: int | None
    cube: tuple[Literal, ...]
    primes: int


def remnant(network: Network, target: Target) -> Remnant | None:
    """Look at every cube inside the clause; None where there are too many, or with a domain.

    A cube counts where the network reads true on all of it, or another clause is true; so that
    the clause with the literals of the cube is an implicant of what the network computes.
    """
    spec = target.specification
    fixed = {literal.input for literal in target.literals}
    free = [i for i in range(len(spec.inputs)) if i not in fixed]
    if len(free) > FREE or not spec.domain.is_all:
        return None
    points = _points(target, free)
    others = [other.formula for other in target.others() if other.output == target.output]
    covered = _any_true(others, spec.domain.index, points)
    readings = Readings(network, spec)
    read = np.concatenate(
        [
            readings(points[start : start + readings.rows])[:, target.output] == TRUE
            for start in range(0, len(points), readings.rows)
        ]
    )
    stay = read & ~covered
    left, total = int(np.count_nonzero(stay)), int(np.count_nonzero(~covered))
    if not left:
        return Remnant(0, total, None, (), 0)
    shape = (2,) * len(free)
    whole = _cubes((read | covered).reshape(shape), np.logical_and)
    whole &= _cubes(stay.reshape(shape), np.logical_or)
    prime = whole.copy()
    for axis in range(len(free)):
        # not maximal where the same cube without this literal is one, too
        wider = np.take(whole, [2], axis=axis)
        narrower = [slice(None)] * len(free)
        narrower[axis] = slice(0, 2)
        prime[tuple(narrower)] &= ~wider
    index = np.argwhere(prime)
    literals = np.count_nonzero(index != 2, axis=1)
    best = index[int(literals.argmin())]
    cube = tuple(Literal(free[axis], bool(v)) for axis, v in enumerate(best) if v != 2)
    return Remnant(left, total, len(cube), cube, len(index))


def _any_true(formulas: list[Formula], index: Mapping[str, int], points: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.zeros(len(points), dtype=bool)
    if formulas:
        found |= BitProgram.compile(formulas, index).run_points(points).any(axis=1)
    return found


def _cubes(table: np.ndarray, both: np.ufunc) -> np.ndarray:
    """A truth table of shape (2, 2, ...) extended to all cubes, shape (3, 3, ...): 2 is free."""
    for axis in range(table.ndim):
        low, high = np.take(table, [0], axis=axis), np.take(table, [1], axis=axis)
        table = np.concatenate([low, high, both(low, high)], axis=axis)
    return table


def _points(target: Target, free: list[int]) -> np.ndarray:
    """All inputs on which the clause is true, the first free input slowest."""
    rank = np.arange(1 << len(free))
    points = np.zeros((len(rank), len(target.specification.inputs)), dtype=np.uint8)
    for place, i in enumerate(free):
        points[:, i] = rank >> (len(free) - 1 - place) & 1
    for literal in target.literals:
        points[:, literal.input] = literal.positive
    return points


def cube_text(cube: tuple[Literal, ...], names: tuple[str, ...]) -> str:
    """The literals as a formula writes them; ``true`` for none."""
    return " & ".join(literal.text(names) for literal in cube) or "true"
