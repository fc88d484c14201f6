"""One side's search: its arrays, its slices, and the exact treatment of what it leaves open."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np

from ...problem import Problem
from ..engine import Request
from .float_network import FloatNetwork
from .memory import (
    COUNTED,
    LISTING,
    NODES,
    POINTS,
    SNAPSHOTS,
    Scratch,
    Tree,
    new_tree,
)
from .models import ModelCounter, list_models
from .path import plant
from .points import COUNT, FIRST, MARGIN, UNDECIDED
from .search import DONE, FOUND, FULL, search
from .sides import Aim, Frame, RegionBuilder, Side

#: Largest number of free inputs of a leaf, by purpose: counts close few nodes by bounds.
LEAF = {FIRST: 10, COUNT: 12, MARGIN: 10}
LARGEST_LEAF = max(LEAF.values())
#: Points a tree can hold; at least 2 ** LARGEST_LEAF.
CAPACITY = 1 << 14
SNAPSHOT_CAPACITY = 1 << 11
#: Seconds that a kernel call should take: signals and deadlines are seen between calls.
SLICE = 0.04


class ExpiredError(Exception):
    """The deadline has passed."""


class Findings:
    """Wrong points found so far, and what the search still wants of them.

    Attributes:
        wanted: number of points to return.
        keep: keep listing up to LARGEST_LIST points, because outputs must be united.
        points: wrong inputs by their bytes.
        complete: no wrong point has been left out.
    """

    LARGEST_LIST = 1 << 17

    def __init__(self, wanted: int, keep: bool) -> None:
        self.wanted = max(wanted, 1)
        self.keep = keep
        self.points: dict[bytes, np.ndarray] = {}
        self.complete = True

    @property
    def room(self) -> int:
        """How many more points are of use."""
        limit = max(self.wanted, self.LARGEST_LIST) if self.keep and self.complete else self.wanted
        return max(limit - len(self.points), 0)

    def add(self, point: np.ndarray) -> None:
        """Take in a wrong input (as named, not flipped)."""
        if self.room:
            self.points.setdefault(point.tobytes(), point)
        elif point.tobytes() not in self.points:
            self.complete = False


class Incumbent:
    """The least exact margin met so far over all sides."""

    def __init__(self) -> None:
        self.margin: Fraction | None = None
        self.point: np.ndarray | None = None


class Pursuit:
    """The search of one side for the first wrong point, all of them, or the least margin."""

    def __init__(
        self,
        problem: Problem,
        frame: Frame,
        network: FloatNetwork,
        builder: RegionBuilder,
        side: Side,
        aim: Aim,
        purpose: int,
        scratch: Scratch,
        lists: tuple[np.ndarray, np.ndarray, np.ndarray],
        findings: Findings,
        incumbent: Incumbent,
    ) -> None:
        self.problem, self.frame, self.network = problem, frame, network
        self.side, self.aim, self.purpose = side, aim, purpose
        self.findings, self.incumbent, self.scratch = findings, incumbent, scratch
        self.region = builder.region(side)
        layers = network.layers
        inputs, widest = layers.columns.shape
        self.tree: Tree = new_tree(
            inputs,
            len(layers.kind),
            widest,
            len(aim.forms.constant),
            np.zeros((inputs + 1, inputs + 1) if purpose == COUNT else (1, 1), dtype=np.int64),
            *lists,
        )
        fixed = np.array(list(side.cube), dtype=np.int32)
        values = np.array(list(side.cube.values()), dtype=np.int8)
        self.done = not plant(layers, self.region, self.tree, fixed, values)
        self.leaf = min(LEAF[purpose], inputs)
        self.extra = 0
        self.budget = 64
        self.counter = ModelCounter()

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

    def run(self, nodes: int, request: Request) -> bool:
        """Visit about ``nodes`` more nodes; True when a first-point search has its point.

        Raises ExpiredError at the deadline.
        """
        left = nodes
        tree, aim = self.tree, self.aim
        margin = self.purpose == MARGIN
        while left > 0 and not self.done:
            if self.purpose == COUNT:
                tree.control[LISTING] = int(self.findings.room > 0)
            if margin:
                self._set_cut()
            chunk = min(self.budget, left)
            before = self.nodes
            start = time.perf_counter()
            status = search(
                self.network.layers,
                aim.forms,
                aim.combine,
                margin or aim.zero_is_right,
                self.region,
                tree,
                self.scratch,
                self.leaf,
                self.purpose,
                chunk,
            )
            seconds = time.perf_counter() - start
            left -= max(self.nodes - before, 1)
            if status not in (FULL, FOUND) and self.nodes - before == chunk:
                factor = min(max(SLICE / max(seconds, 1e-6), 0.25), 4.0)
                self.budget = max(int(self.budget * factor), 1)
            if status == DONE:
                self.done = True
            if self._take_points() and self.purpose == FIRST:
                self.done = True
                return True
            if self.purpose == COUNT:
                self._take_snapshots()
            if status == FOUND:
                raise AssertionError("a certain counterexample failed its exact evaluation")
            if request.expired():
                raise ExpiredError
        return False

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
                value = margins[best, self.side.output]
                if self.incumbent.margin is None or value < self.incumbent.margin:
                    self.incumbent.margin, self.incumbent.point = value, part[best].copy()
                continue
            wrong = np.ones(len(part), dtype=bool)
            open_ = kind == UNDECIDED
            if self.purpose == FIRST:
                open_[:] = True
            if open_.any():
                _, violated = self.problem.margins(part[open_])
                wrong[open_] = violated[:, self.side.output]
                if self.purpose == COUNT:
                    self.extra += int(wrong[open_].sum())
            for point in part[wrong]:
                found = True
                self.findings.add(point.copy())
        return found

    def _take_snapshots(self) -> None:
        """Count (and list, while that is wanted) the wholly wrong cubes."""
        control = self.tree.control
        states = self.tree.snapshots[: int(control[SNAPSHOTS])]
        control[SNAPSHOTS] = 0
        least, most = self.side.cardinality
        for state in states:
            values = state.tolist()
            free = [i for i, s in enumerate(values) if s == 2]
            clauses = [
                frozenset((v, value) for v, value in cube.items() if values[v] == 2)
                for cube in self.side.forbidden
                if all(values[v] in (2, value) for v, value in cube.items())
            ]
            groups = [
                frozenset(i for i in group if values[i] == 2)
                for group in self.frame.domain.one_hot
                if not any(values[i] == 1 for i in group)
            ]
            ones = values.count(1)
            bounds = max(least - ones, 0), most - ones
            self.extra += self.counter.count(free, clauses, groups, *bounds)
            if self.findings.room:
                for model in list_models(free, clauses, groups, *bounds):
                    point = state.astype(np.uint8)
                    for v, value in model.items():
                        point[v] = value
                    self.findings.add(self._unflipped(point))
                    if not self.findings.room:
                        self.findings.complete = False
                        break


def _below(value: Fraction) -> float:
    """A float of at most the value."""
    try:
        return math.nextafter(float(value), -math.inf)
    except OverflowError:
        return -math.inf if value < 0 else 1e308
