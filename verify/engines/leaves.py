"""Which inputs are wrong, as disjoint cubes: the leaves at which a search closes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..problem import Problem
from .branching.cubes import Cube
from .branching.points import COUNT
from .branching.pursuit import Desk, ExpiredError, Models, Pursuit
from .branching.sides import Side
from .engine import Outcome, Request
from .tree import Decision, Tree

#: Nodes between two looks at what has been found.
STRETCH = 1 << 12
#: Wrong inputs of a listed domain that are looked at together.
ROWS = 1 << 12


@dataclass(frozen=True)
class WrongCube:
    """Inputs of the domain that share some values, on all of which one output is wrong.

    Attributes:
        output: its number.
        expected: what the formula says on all of them.
        literals: (input, value), by input.
        size: how many inputs of the domain there are in it.
    """

    output: int
    expected: bool
    literals: tuple[tuple[int, bool], ...]
    size: int


@dataclass(frozen=True)
class WrongCubes:
    """Disjoint cubes of wrong inputs (disjoint for each output).

    Attributes:
        cubes: as found.
        complete: every wrong input lies in one of them.
        nodes: search nodes.
    """

    cubes: tuple[WrongCube, ...]
    complete: bool
    nodes: int

    @property
    def size(self) -> int:
        """Wrong inputs in the cubes, counted once an output."""
        return sum(cube.size for cube in self.cubes)


def wrong_cubes(
    problem: Problem,
    *,
    most: int = 1 << 14,
    nodes: int | None = None,
    deadline: float | None = None,
) -> WrongCubes:
    """Search for the wrong inputs by bounds alone, so that they come in as large cubes as these.

    Args:
        problem: network and specification; weights that float64 can bound.
        most: stop after about so many cubes.
        nodes: stop after about so many search nodes.
        deadline: ``time.monotonic()`` value at which to stop.

    Returns:
        The cubes, and whether they are all.

    Raises:
        InputError: the weights span too many orders of magnitude for float bounds.
    """
    if problem.specification.domain.points is not None:
        return _listed(problem, most)
    decision = Tree().begin(problem.dense, Request(deadline=deadline), Outcome())
    found: list[WrongCube] = []
    visited, complete = 0, True
    for side in decision.sides:
        pursuit = _begin(decision, side, most - len(found))
        desk = Desk(decision.network, len(side.clauses[0]), decision.builder.registers(side))
        try:
            while not (pursuit.done or pursuit.full):
                left = STRETCH
                if nodes is not None:
                    left = min(left, nodes - visited - pursuit.nodes)
                if left <= 0:
                    break
                pursuit.run(desk, left, decision.request, pursuit.enough)
        except ExpiredError:
            pass
        visited += pursuit.nodes
        found += pursuit.cubes
        complete = complete and pursuit.done and not pursuit.left_out
    return WrongCubes(tuple(found), complete, visited)


def _begin(decision: Decision, side: Side, most: int) -> LeafPursuit:
    pursuit = decision.pursuit(LeafPursuit, COUNT, side)
    assert isinstance(pursuit, LeafPursuit)
    # no leaf is enumerated: every node is closed by bounds, single points at last
    pursuit.leaf, pursuit.cubes, pursuit.most = 0, [], most
    return pursuit


def _listed(problem: Problem, most: int) -> WrongCubes:
    """Every wrong input of a list is a cube of its own."""
    found: list[WrongCube] = []
    for points in problem.specification.domain.chunks(ROWS):
        _, violated = problem.margins(points)
        expected = problem.specification.expected(points)
        for row, output in np.argwhere(violated):
            literals = tuple((i, bool(bit)) for i, bit in enumerate(points[row]))
            truth = bool(expected[row, output])
            found.append(WrongCube(int(output), truth, literals, 1))
        if len(found) >= most:
            return WrongCubes(tuple(found), False, 0)
    return WrongCubes(tuple(found), True, 0)


class LeafPursuit(Pursuit):
    """Lists all wrong points of a side as disjoint cubes.

    Attributes:
        cubes: found so far.
        most: so many are enough.
        left_out: a leaf had too many parts to be listed.
    """

    cubes: list[WrongCube]
    most: int
    left_out = False

    @property
    def full(self) -> bool:
        """No more cubes are wanted."""
        return len(self.cubes) >= self.most

    def enough(self) -> bool:
        """The same, for a search that asks between its slices."""
        return self.full

    def _wants_points(self) -> bool:
        return True

    def _book_points(self, points: np.ndarray, undecided: int) -> None:
        for point in points:
            literals = tuple((i, bool(bit)) for i, bit in enumerate(point))
            self.cubes.append(WrongCube(self.side.output, self.side.expected, literals, 1))

    def _book_cube(self, models: Models) -> None:
        fixed = {i: int(s) for i, s in enumerate(models.state) if s != 2}
        outside = self.frame.forbidden
        clauses = [clause for clause in self.side.forbidden if clause not in outside]
        for cube in without(fixed, clauses):
            if self.full:
                self.left_out = True
                return
            size = self._size(cube)
            if size:
                literals = sorted((i, bool(v ^ self.frame.flips[i])) for i, v in cube.items())
                self.cubes.append(
                    WrongCube(self.side.output, self.side.expected, tuple(literals), size)
                )

    def _size(self, cube: Cube) -> int:
        """Points of the domain in a cube over flipped inputs on which the program holds."""
        least, most = self.side.cardinality
        ones = sum(cube.values())
        groups = self.frame.domain.one_hot
        decided = [group for group in groups if any(cube.get(i) for i in group)]
        if any(sum(cube.get(i, 0) for i in group) > 1 for group in decided):
            return 0
        cube = {i: 0 for group in decided for i in group} | cube
        return self.counter.count(
            [i for i in range(len(self.frame.flips)) if i not in cube],
            [
                frozenset((i, v) for i, v in clause.items() if i not in cube)
                for clause in self.frame.forbidden
                if all(cube.get(i, v) == v for i, v in clause.items())
            ],
            [
                frozenset(i for i in group if i not in cube)
                for group in groups
                if group not in decided
            ],
            max(least - ones, 0),
            most - ones,
        )


def without(cube: Cube, clauses: Sequence[Cube]) -> Iterator[Cube]:
    """Disjoint cubes that make up a cube without some others."""
    for number, clause in enumerate(clauses):
        if any(cube.get(i, v) != v for i, v in clause.items()):
            continue
        before = dict(cube)
        for i, v in clause.items():
            if i not in cube:
                yield from without({**before, i: 1 - v}, clauses[number + 1 :])
                before[i] = v
        return
    yield cube
