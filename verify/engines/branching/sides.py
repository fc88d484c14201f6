"""Splitting a problem by its specification into disjoint regions with one expected value.

With clauses C_0, C_1, ... the domain is the disjoint union of side F (no clause true, expected
false) and the cubes of C_q with C_0 .. C_{q-1} false (expected true). Regions are disjoint, so
counts add. A formula with a small normal form of its negation exchanges the sides; one that
counts conjunctions is split by which of them are true; any other formula is two sides whose
program must be true.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from ...bitprogram import BitProgram
from ...domain import Ball, Domain
from ...formula import And, AtLeast, AtMost, Formula, Not, Variable
from ...problem import Problem
from ...readout import Argmax, Levels, Readout, Threshold
from .cubes import Cube, cubes_of, negated_cubes
from .float_network import FloatNetwork, Forms
from .memory import Region
from .operands import counted_regions
from .points import ALL, ANY

#: Formulas that are not written as one are expanded to at most this many cubes.
LARGEST_EXPANSION = 64


@dataclass(frozen=True)
class Frame:
    """The domain as the search sees it: inputs negated so that a Hamming ball is centred at 0.

    Attributes:
        flips: (inputs,) bool.
        cardinality: (least, greatest) number of ones after flipping.
        forbidden: cubes outside the domain, over flipped inputs.
        program: what else must hold, over the inputs as named, or None.
    """

    domain: Domain
    flips: np.ndarray
    cardinality: tuple[int, int]
    forbidden: list[Cube]
    program: Formula | None

    @classmethod
    def of(cls, domain: Domain) -> Frame:
        flips = np.zeros(domain.inputs, dtype=bool)
        cardinality = (domain.at_least, min(domain.at_most, domain.inputs))
        balls = list(domain.balls)
        # one-hot groups are about the inputs as named, so nothing is negated beside them
        if balls and not domain.has_cardinality and not domain.one_hot:
            ball = min(balls, key=lambda ball: ball.radius)
            balls.remove(ball)
            flips[:] = ball.centre
            cardinality = (0, min(ball.radius, domain.inputs))
        parts = [_ball_formula(domain, ball) for ball in balls if ball.radius < domain.inputs]
        forbidden: list[Cube] = []
        if domain.where is not None:
            outside = negated_cubes(domain.where, domain.index, LARGEST_EXPANSION)
            if outside is None:
                parts.append(domain.where)
            else:
                forbidden = [flipped(cube, flips) for cube in outside]
        program = And(tuple(parts)) if parts else None
        return cls(domain, flips, cardinality, forbidden, program)


def _ball_formula(domain: Domain, ball: Ball) -> Formula:
    variables = [Variable(name) for name in domain.names]
    changed = (Not(v) if bit else v for v, bit in zip(variables, ball.centre, strict=True))
    return AtMost(ball.radius, tuple(changed))


def flipped(cube: Cube, flips: np.ndarray) -> Cube:
    """The cube over flipped inputs."""
    return {v: value ^ int(flips[v]) for v, value in cube.items()}


@dataclass
class Side:
    """A region of one output on which the formula has one value.

    Attributes:
        output, expected: what the side is about.
        cube: fixed inputs; forbidden: cubes of which none may be true; both flipped.
        program: formula that must hold besides, or None.
        clauses: the forbidden cubes as arrays, see :func:`clause_arrays`.
        cardinality: least and greatest number of ones.
    """

    output: int
    expected: bool
    cube: Cube
    forbidden: list[Cube]
    program: Formula | None
    clauses: tuple[np.ndarray, np.ndarray] = field(repr=False)
    cardinality: tuple[int, int]


def sides_of(problem: Problem, frame: Frame, output: int) -> list[Side]:
    """The disjoint regions of one output."""
    formula = problem.specification.formulas[output]
    index = frame.domain.index
    regions = counted_regions(formula, index)
    if regions is not None:
        sides = []
        for truth, cube, others in regions:
            forbidden = [*frame.forbidden, *(flipped(other, frame.flips) for other in others)]
            arrays = clause_arrays(forbidden)
            cube = flipped(cube, frame.flips)
            sides.append(
                Side(output, truth, cube, forbidden, frame.program, arrays, frame.cardinality)
            )
        return sides
    expected = True
    cubes = cubes_of(formula, index, LARGEST_EXPANSION)
    if cubes is None:
        cubes = negated_cubes(formula, index, LARGEST_EXPANSION)
        expected = False
    if cubes is None:
        clauses = clause_arrays(frame.forbidden)
        shells = _shells(formula, frame)
        if shells is not None:
            return [
                Side(output, value, {}, frame.forbidden, frame.program, clauses, shell)
                for value, shell in shells
                if shell[0] <= shell[1]
            ]
        return [
            Side(
                output,
                value,
                {},
                frame.forbidden,
                _both(frame.program, part),
                clauses,
                frame.cardinality,
            )
            for value, part in ((False, Not(formula)), (True, formula))
        ]
    cubes = [flipped(cube, frame.flips) for cube in cubes]
    known = len(frame.forbidden)
    forbidden = [*frame.forbidden, *cubes]
    variable, value = clause_arrays(forbidden)
    sides = []
    shell = frame.cardinality
    if {} not in forbidden:
        arrays = (variable, value)
        sides.append(Side(output, not expected, {}, forbidden, frame.program, arrays, shell))
    for q, cube in enumerate(cubes):
        before = forbidden[: known + q]
        if {} in before:
            break
        arrays = (variable[: known + q], value[: known + q])
        sides.append(Side(output, expected, cube, before, frame.program, arrays, shell))
    return sides


def _shells(formula: Formula, frame: Frame) -> list[tuple[bool, tuple[int, int]]] | None:
    """A formula that only counts the ones of all inputs, as ranges of their number."""
    value = True
    while isinstance(formula, Not):
        formula, value = formula.operand, not value
    if not isinstance(formula, AtLeast | AtMost) or frame.flips.any():
        return None
    names = [part.name for part in formula.parts if isinstance(part, Variable)]
    inputs = frame.domain.inputs
    if not len(names) == len(set(names)) == len(formula.parts) == inputs:
        return None
    count = formula.count
    if isinstance(formula, AtMost):
        count, value = count + 1, not value
    least, most = frame.cardinality
    low, high = (least, min(most, count - 1)), (max(least, count), most)
    return [(not value, low), (value, high)]


def _both(first: Formula | None, second: Formula) -> Formula:
    return second if first is None else And((first, second))


def clause_arrays(cubes: list[Cube]) -> tuple[np.ndarray, np.ndarray]:
    """Padded literal arrays (clauses, width): int32 inputs (-1 is padding) and int8 values."""
    width = max((len(cube) for cube in cubes), default=0)
    variable = np.full((len(cubes), max(width, 1)), -1, dtype=np.int32)
    value = np.zeros((len(cubes), max(width, 1)), dtype=np.int8)
    for c, cube in enumerate(cubes):
        variable[c, : len(cube)] = list(cube)
        value[c, : len(cube)] = list(cube.values())
    return variable, value


class RegionBuilder:
    """Regions of sides; what all sides share is built once."""

    def __init__(self, frame: Frame, rows: np.ndarray) -> None:
        self.frame = frame
        domain = frame.domain
        inputs = domain.inputs
        self.group = np.full(inputs, -1, dtype=np.int32)
        for number, group in enumerate(domain.one_hot):
            self.group[list(group)] = number
        sizes = np.cumsum([0, *map(len, domain.one_hot)])
        self.group_start = sizes.astype(np.int64)
        self.member = np.array([i for g in domain.one_hot for i in g], dtype=np.int32)
        self.flip = frame.flips.astype(np.int8)
        self._rows = rows
        self._programs: dict[Formula | None, tuple[np.ndarray, ...]] = {}

    def program(self, formula: Formula | None) -> tuple[np.ndarray, ...]:
        """operation, left, right, result and support of a formula."""
        if formula not in self._programs:
            support = np.zeros(self.frame.domain.inputs, dtype=bool)
            if formula is None:
                empty = np.zeros(0, dtype=np.int64)
                arrays = (empty, empty, empty, np.array([-1], dtype=np.int64), support)
            else:
                program = BitProgram.compile([formula], self.frame.domain.index)
                support[[self.frame.domain.index[name] for name in formula.names()]] = True
                arrays = (program.operation, program.left, program.right, program.results, support)
            self._programs[formula] = arrays
        return self._programs[formula]

    def region(self, side: Side) -> Region:
        """The arrays that the kernels read."""
        operation, left, right, result, support = self.program(side.program)
        limited = side.cardinality != (0, len(self.flip))
        return Region(
            *side.clauses,
            self.group,
            self.group_start,
            self.member,
            operation,
            left,
            right,
            result,
            self.flip,
            support,
            np.array(side.cardinality, dtype=np.int64),
            self._order if limited else np.zeros((1, 0), dtype=np.int32),
        )

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(-self._rows, axis=1, kind="stable").astype(np.int32)

    def registers(self, side: Side) -> int:
        """Registers that the side's program needs."""
        return len(self.flip) + len(self.program(side.program)[0])


@dataclass(frozen=True)
class Aim:
    """When a side's points are right.

    Attributes:
        forms, combine: a point is wrong when any (or all) of the forms are too high.
        zero_is_right: whether a form may be 0.
        shifts: exact real value of each form minus what the float form stands for.
    """

    forms: Forms
    combine: int
    zero_is_right: bool
    shifts: tuple[Fraction, ...]


def aim_of(
    network: FloatNetwork, readout: Readout, output: int, expected: bool, outputs: int
) -> Aim:
    """The linear forms that must not be high on a side of an output."""
    zero = readout.allows_zero(expected)
    combine = ANY
    if isinstance(readout, Argmax):
        others = [i for i in range(outputs) if i != output]
        if expected:
            made = [network.form(i, output, Fraction(0), zero) for i in others]
        else:
            made = [network.form(output, i, Fraction(0), zero) for i in others]
            combine = ALL
    elif isinstance(readout, Threshold | Levels):
        if isinstance(readout, Threshold):
            level = readout.threshold
        else:
            level = readout.true_at_least if expected else readout.false_at_most
        if expected:
            made = [network.form(-1, output, level, zero)]
        else:
            made = [network.form(output, -1, -level, zero)]
    else:
        raise TypeError(f"unknown read-out {type(readout).__name__}")
    weights, constants, losses, slacks, shifts = zip(*made, strict=True)
    unit = np.array([float(network.unit) if network.exact else 0.0])
    forms = Forms(np.array(weights), np.array(constants), np.array(losses), np.array(slacks), unit)
    return Aim(forms, combine, zero, shifts)
