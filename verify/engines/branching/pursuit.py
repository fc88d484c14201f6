"""One side's search: its arrays, its slices, and the exact treatment of what it leaves open."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ...errors import ContradictionError
from ...problem import Problem
from ..engine import Request
from .findings import Findings, Incumbent
from .float_network import FloatNetwork
from .memory import (
    COUNTED,
    DEPTH,
    LISTING,
    NODES,
    POINTS,
    SETTLED,
    SNAPSHOTS,
    TRACED,
    Scratch,
    Tree,
    new_scratch,
    new_tree,
)
from .models import ModelCounter, list_models
from .path import plant
from .points import COUNT, FIRST, MARGIN, UNDECIDED
from .search import DONE, FOUND, FULL, search
from .sides import Aim, Frame, RegionBuilder, Side

#: Largest number of free inputs of a leaf, by purpose: counts close few nodes by bounds.
LEAF = {FIRST: 10, COUNT: 14, MARGIN: 10}
LARGEST_LEAF = max(LEAF.values())
#: Points a tree can hold; at least 2 ** LARGEST_LEAF.
CAPACITY = 1 << 14
SNAPSHOT_CAPACITY = 1 << 11
#: Seconds that a kernel call should take: signals and deadlines are seen between calls.
SLICE = 0.04
#: The first calls take about this long.
SHORTEST = 0.001
#: Neurons a second that leaves evaluate, about; for slices that must not depend on the clock.
RATE = 1e9


class ExpiredError(Exception):
    """The deadline has passed, or nobody wants the answer any more."""


class Desk:
    """Working space of one thread: scratch for one node and lists that a slice fills.

    Attributes:
        points, kinds: (CAPACITY, inputs) uint8 and (CAPACITY,) int8.
        snapshots: (SNAPSHOT_CAPACITY, inputs) int8.
    """

    def __init__(self, network: FloatNetwork, clauses: int, registers: int) -> None:
        layers = network.layers
        inputs, widest = layers.columns.shape
        self.scratch: Scratch = new_scratch(
            inputs, len(layers.kind), widest, clauses, registers, LARGEST_LEAF
        )
        self.points = np.empty((CAPACITY, inputs), dtype=np.uint8)
        self.kinds = np.empty(CAPACITY, dtype=np.int8)
        self.snapshots = np.empty((SNAPSHOT_CAPACITY, inputs), dtype=np.int8)


class Models(NamedTuple):
    """The points of a region within a cube, as a formula to be counted.

    Attributes:
        state: (inputs,) int8 fixed values, 2 where free.
        free, clauses, groups, least, most: see :class:`ModelCounter`.
    """

    state: np.ndarray
    free: list[int]
    clauses: list[frozenset[tuple[int, int]]]
    groups: list[frozenset[int]]
    least: int
    most: int

    @property
    def problem(self) -> tuple[Any, ...]:
        """The arguments of a model counter."""
        return self[1:]


class Pursuit:
    """The search of one side, or of a subcube of it.

    The answer is the first wrong point, all of them, or the least margin. One thread at a time
    may work on a pursuit, each on its own desk; :meth:`split` makes work for another thread.

    Args:
        fixed: inputs and values at the root, default the side's cube.
    """

    def __init__(
        self,
        problem: Problem,
        frame: Frame,
        network: FloatNetwork,
        builder: RegionBuilder,
        side: Side,
        aim: Aim,
        purpose: int,
        findings: Findings,
        incumbent: Incumbent,
        fixed: dict[int, int] | None = None,
    ) -> None:
        self.problem, self.frame, self.network, self.builder = problem, frame, network, builder
        self.side, self.aim, self.purpose = side, aim, purpose
        self.findings, self.incumbent = findings, incumbent
        self.region = builder.region(side)
        layers = network.layers
        inputs, widest = layers.columns.shape
        self.tree: Tree = new_tree(
            inputs,
            len(layers.kind),
            widest,
            len(aim.forms.constant),
            np.zeros((inputs + 1, inputs + 1) if purpose == COUNT else (1, 1), dtype=np.int64),
        )
        cube = side.cube if fixed is None else fixed
        variables = np.array(list(cube), dtype=np.int32)
        values = np.array(list(cube.values()), dtype=np.int8)
        self.done = not plant(layers, self.region, self.tree, variables, values)
        self.leaf = min(LEAF[purpose], inputs)
        self.extra = 0
        #: nodes of the next slice; those of a count end in large leaves
        self.budget = 64 if purpose == FIRST else 8
        self._spent = 0.0
        self.counter = ModelCounter()
        #: Share of the side that the root is, and what has been given away of it.
        self.weight, self.given = 1.0, 0.0

    @property
    def share(self) -> float:
        """Share of the side that this pursuit has closed (as a volume of its cube), at most 1."""
        if self.done:
            return self.weight - self.given
        depth = int(self.tree.control[DEPTH])
        turns = self.tree.turn[1 : min(depth, 60) + 1].tolist()
        closed = float(sum(turn / (2 << k) for k, turn in enumerate(turns)))
        return max(self.weight * closed - self.given, 0.0)

    @property
    def nbytes(self) -> int:
        """Size of the path that is kept between slices."""
        return sum(array.nbytes for array in self.tree[: Tree._fields.index("control")])

    def split(self) -> Pursuit | None:
        """Give away the largest subcube that has not been begun, or None when there is none."""
        control, tree = self.tree.control, self.tree
        last = int(control[DEPTH]) if control[SETTLED] < 0 else int(control[SETTLED])
        open_ = np.flatnonzero(tree.turn[1 : last + 1] == 0)
        if self.done or not len(open_):
            return None
        depth = int(open_[0]) + 1
        fixed = {int(i): int(tree.state[i]) for i in tree.trail[: tree.mark[depth]]}
        fixed[int(tree.variable[depth])] = 0
        tree.turn[depth] = 1
        part = Pursuit(
            self.problem,
            self.frame,
            self.network,
            self.builder,
            self.side,
            self.aim,
            self.purpose,
            self.findings,
            self.incumbent,
            fixed,
        )
        part.weight = self.weight / 2.0 ** min(depth, 1000)
        self.given += part.weight
        return part

    @property
    def nodes(self) -> int:
        """Nodes visited."""
        return int(self.tree.control[NODES])

    @property
    def count(self) -> int:
        """Wrong points counted, complete once ``done``."""
        total = int(self.tree.control[COUNTED]) + self.extra
        least, most = self.side.cardinality
        for free, ones in np.argwhere(self.tree.histogram):
            times = int(self.tree.histogram[free, ones])
            if least == 0 and most >= free + ones:
                total += times << int(free)
            else:
                span = range(max(least - int(ones), 0), min(most - int(ones), int(free)) + 1)
                total += times * sum(math.comb(int(free), q) for q in span)
        return total

    def run(
        self, desk: Desk, nodes: int, request: Request, pause: Callable[[], bool] = lambda: False
    ) -> bool:
        """Visit about ``nodes`` more nodes, fewer when ``pause`` says so between slices.

        Returns True when a first-point search has its point. Raises ExpiredError at the deadline.
        """
        left = nodes
        aim = self.aim
        tree = self.tree = self.tree._replace(
            points=desk.points, point_kind=desk.kinds, snapshots=desk.snapshots
        )
        margin = self.purpose == MARGIN
        while left > 0 and not self.done:
            if self.purpose == COUNT:
                tree.control[LISTING] = int(self._wants_points())
            if margin:
                self._set_cut()
            chunk = min(self.budget, left)
            if len(tree.trace):
                chunk = min(chunk, len(tree.trace) - int(tree.control[TRACED]))
                if not chunk:
                    break
            before = self.nodes
            start = time.perf_counter()
            status = search(
                self.network.layers,
                aim.forms,
                aim.combine,
                margin or aim.zero_is_right,
                self.region,
                tree,
                desk.scratch,
                self.leaf,
                self.purpose,
                chunk,
            )
            seconds = time.perf_counter() - start
            self._spent += seconds
            left -= max(self.nodes - before, 1)
            if status not in (FULL, FOUND) and self.nodes - before == chunk:
                self.budget = self._next_budget(seconds, request)
            if status == DONE:
                self.done = True
            if self._take_points() and self.purpose == FIRST:
                self.done = True
                return True
            if self.purpose == COUNT:
                self._take_snapshots()
            if status == FOUND:
                raise ContradictionError("a certain counterexample failed its exact evaluation")
            if request.expired():
                raise ExpiredError
            if pause():
                break
        return False

    def _next_budget(self, seconds: float, request: Request) -> int:
        """Nodes of the next slice, after one that took so many seconds."""
        if self.purpose == COUNT and request.threads == 1 and not request.count:
            # points are listed before cubes in every slice, and the search ends once there are
            # enough: which ones are found first must not depend on how busy the machine is
            leaf = int(self.network.layers.width.sum()) << self.leaf
            return min(2 * self.budget, max(int(SLICE * RATE / leaf), 1))
        # no slice is much longer than what went before: caps are kept from the start
        aim_at = min(SLICE, max(SHORTEST, self._spent / 2))
        factor = min(max(aim_at / max(seconds, 1e-6), 0.25), 4.0)
        return max(int(self.budget * factor), 1)

    def _set_cut(self) -> None:
        best = self.incumbent.margin
        network = self.network
        for r, shift in enumerate(self.aim.shifts):
            if best is None:
                self.tree.cut[r] = -math.inf
                continue
            cut = (-best - shift) / network.scale
            if network.exact:
                steps = cut.numerator * network.unit.denominator
                steps //= cut.denominator * network.unit.numerator
                if abs(steps) >= 1 << 52:
                    self.tree.cut[r] = math.inf if steps > 0 else -math.inf
                else:
                    self.tree.cut[r] = float(steps * network.unit)
            else:
                self.tree.cut[r] = _below(cut)

    def _unflipped(self, states: np.ndarray) -> np.ndarray:
        return np.asarray(states ^ self.frame.flips.astype(states.dtype))

    def _take_points(self) -> bool:
        """Settle the listed points exactly; True when one of them is wrong."""
        control = self.tree.control
        number = int(control[POINTS])
        if not number:
            return False
        control[POINTS] = 0
        points = self._unflipped(self.tree.points[:number])
        kinds = self.tree.point_kind[:number].copy()
        found = False
        for start in range(0, number, 4096):
            part, kind = points[start : start + 4096], kinds[start : start + 4096]
            if self.purpose == MARGIN:
                margins, _ = self.problem.margins(part)
                best = min(range(len(part)), key=lambda row: margins[row, self.side.output])
                self.incumbent.offer(margins[best, self.side.output])
                continue
            wrong = np.ones(len(part), dtype=bool)
            open_ = (kind == UNDECIDED) | (self.purpose == FIRST)
            if open_.any():
                _, violated = self.problem.margins(part[open_])
                wrong[open_] = violated[:, self.side.output]
            found = found or bool(wrong.any())
            self._book_points(part[wrong], int(wrong[open_].sum()))
        return found

    def _take_snapshots(self) -> None:
        """Book the wholly wrong cubes."""
        control = self.tree.control
        states = self.tree.snapshots[: int(control[SNAPSHOTS])].copy()
        control[SNAPSHOTS] = 0
        least, most = self.side.cardinality
        for state in states:
            values = state.tolist()
            ones = values.count(1)
            self._book_cube(
                Models(
                    state,
                    [i for i, s in enumerate(values) if s == 2],
                    [
                        frozenset((v, value) for v, value in cube.items() if values[v] == 2)
                        for cube in self.side.forbidden
                        if all(values[v] in (2, value) for v, value in cube.items())
                    ],
                    [
                        frozenset(i for i in group if values[i] == 2)
                        for group in self.frame.domain.one_hot
                        if not any(values[i] == 1 for i in group)
                    ],
                    max(least - ones, 0),
                    most - ones,
                )
            )

    # what becomes of wrong points and cubes: a plain count here

    def _wants_points(self) -> bool:
        """Whether certainly wrong points are to be listed, and not only counted."""
        if not self.findings.room:
            self.findings.omit()
            return False
        return True

    def _book_points(self, points: np.ndarray, undecided: int) -> None:
        """Take in wrong points, of which the kernel has not counted the undecided ones."""
        self.extra += undecided
        room = self.findings.room
        for point in points[:room]:
            self.findings.add(point.copy())
        if len(points) > room:
            self.findings.omit()

    def _book_cube(self, models: Models) -> None:
        """Take in a cube all of whose points in the region are wrong."""
        self.extra += self.counter.count(*models.problem)
        if not self.findings.room:
            self.findings.omit()
            return
        for model in list_models(*models.problem):
            point = models.state.astype(np.uint8)
            for v, value in model.items():
                point[v] = value
            self.findings.add(self._unflipped(point))
            if not self.findings.room:
                self.findings.omit()
                break


def _below(value: Fraction) -> float:
    """A float of at most the value."""
    try:
        return math.nextafter(float(value), -math.inf)
    except OverflowError:
        return -math.inf if value < 0 else 1e308
