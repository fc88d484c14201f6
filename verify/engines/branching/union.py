"""Counting inputs that are wrong in some output, each once.

An input is counted at the first output in which it is wrong:

    |W_1 u W_2 u ...| = sum_j |W_j without (W_1 u ... u W_(j-1))|.

The search for the wrong inputs W_j of an output lists points and whole cubes. A point is looked
at in the outputs before; of a cube the same union, over the outputs before and restricted to the
cube, is taken away. The recursion ends at the first output, where nothing is to be taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...formula import And
from ..engine import Request
from .cubes import Cube
from .points import COUNT
from .pursuit import Desk, Models, Pursuit
from .sides import Side, clause_arrays

#: Nodes between two looks at the clock.
STRETCH = 1 << 14


@dataclass(frozen=True)
class Region:
    """A part of the domain: a cube without the forbidden cubes, where a program may have to hold.

    Attributes:
        within: constraints as a side of some output, or None for the whole domain.
        cube: fixed inputs besides.
    """

    within: Side | None
    cube: Cube

    def part(self, side: Side) -> Side | None:
        """The side within the region, None where they have nothing in common."""
        cube = dict(self.cube)
        for i, value in side.cube.items():
            if cube.setdefault(i, value) != value:
                return None
        if self.within is None:
            return replace(side, cube=cube)
        other = self.within
        forbidden = list(side.forbidden)
        forbidden += [clause for clause in other.forbidden if clause not in forbidden]
        programs = tuple(p for p in (side.program, other.program) if p is not None)
        least = max(side.cardinality[0], other.cardinality[0])
        most = min(side.cardinality[1], other.cardinality[1])
        if least > most:
            return None
        return Side(
            side.output,
            side.expected,
            cube,
            forbidden,
            And(programs) if programs else None,
            clause_arrays(forbidden),
            (least, most),
        )


class Union:
    """Counts the union of the violations of several outputs.

    Args:
        sides: the sides of each output.
        search: a new count of a side; the class says what becomes of wrong points and cubes.
        desk: working space for a search of the given side.
        request: deadline and who wants the answer.
    """

    def __init__(
        self,
        sides: Mapping[int, Sequence[Side]],
        search: Callable[[type[Pursuit], int, Side], Pursuit],
        desk: Callable[[Side], Desk],
        request: Request,
    ) -> None:
        self._sides, self._search, self._desk, self._request = sides, search, desk, request
        self.visited = 0

    def count(self, outputs: Sequence[int], region: Region) -> int:
        """Points of the region that are wrong in one of the outputs at least.

        Raises ExpiredError at the deadline.
        """
        return sum(
            self.first_wrong(output, outputs[:position], region)
            for position, output in enumerate(outputs)
        )

    def first_wrong(self, output: int, before: Sequence[int], region: Region) -> int:
        """Points of the region that are wrong in the output and in none of those before."""
        total = 0
        for side in self._sides[output]:
            part = region.part(side)
            if part is None:
                continue
            pursuit = self._begin(part, before)
            desk = self._desk(part)
            try:
                while not pursuit.done:
                    pursuit.run(desk, STRETCH, self._request)
            finally:
                self.visited += pursuit.nodes
            total += pursuit.count
        return total

    def _begin(self, side: Side, before: Sequence[int]) -> Pursuit:
        """The search of a side for points that are right in the outputs before."""
        pursuit = self._search(Sieve if before else Pursuit, COUNT, side)
        if isinstance(pursuit, Sieve):
            pursuit.before, pursuit.union = before, self
        return pursuit


class Sieve(Pursuit):
    """Counts the wrong points of a side that are right in all outputs before."""

    before: Sequence[int] = ()
    union: Union

    @property
    def count(self) -> int:
        """Points that passed; what the kernel counted has not been looked at."""
        return self.extra

    def _wants_points(self) -> bool:
        return True

    def _book_points(self, points: np.ndarray, undecided: int) -> None:
        _, violated = self.problem.margins(points)
        self.extra += int((~violated[:, list(self.before)].any(axis=1)).sum())

    def _book_cube(self, models: Models) -> None:
        cube = {i: int(s) for i, s in enumerate(models.state) if s != 2}
        # a program, if the side has one, is true on all of a cube that is listed as a whole
        within = Region(replace(self.side, program=None), cube)
        self.extra += self.counter.count(*models.problem)
        self.extra -= self.union.count(self.before, within)
