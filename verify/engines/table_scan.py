"""Enumeration of one-hidden-layer networks through fixed-point tables, on all threads.

The cheapest machine type filters; the few points that it cannot decide go to 62-bit tables,
and what those cannot decide to exact arithmetic. All passes see every point of the domain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from ..bitprogram import BitProgram
from ..problem import Problem
from ..readout import Argmax, Levels, Threshold
from .engine import Outcome, Request
from .grid import Rows, make_grid
from .integer_network import IntegerNetwork
from .kernels import scan as kernels
from .tables import TYPES, Tables, TypedTables

#: Points in one run of rows: large enough to hide Python, small enough to stop quickly.
RUN = 1 << 22
#: Rows tried with each type before the scan, to see how much the type leaves undecided.
SAMPLE = 32
#: Measured cost of one neuron at one point: a byte of the machine type while scanning, and
#: settling an undecided point. Only their ratio matters.
SCAN_COST, SETTLE_COST = 0.014, 10.0
#: Undecided points are settled in batches of this many.
SETTLE = 1 << 14


#: Numbers in the folded weights beyond which matrix products are cheaper (many dense outputs).
FOLDED = 1 << 20


def suits(problem: Problem) -> bool:
    """True for networks with at most one hidden relu or step layer and a plain read-out.

    Every output has its own copy of the neurons that it reads, so there must not be too many.
    """
    layers = problem.network.layers
    hidden = [layer.activation for layer in layers[:-1]]
    columns = sum(np.count_nonzero(layer.exact_weight.mantissa) for layer in layers[1:])
    if columns * problem.network.input_size > FOLDED:
        return False
    return (
        len(layers) <= 2
        and layers[-1].activation == "identity"
        and hidden in ([], ["relu"], ["step"])
        and not isinstance(problem.specification.readout, Argmax)
        and problem.specification.domain.points is None
    )


@dataclass
class _Part:
    """Results of one run of rows."""

    points: int = 0
    wrong: int = 0
    undecided: int = 0
    by_output: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    found: list[np.ndarray] = field(default_factory=list)


class TableScan:
    """One scan of the whole domain for counts and counterexamples, one or two for the margin."""

    def __init__(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        self.problem, self.request, self.outcome = problem, request, outcome
        spec = problem.specification
        readout = spec.readout
        assert isinstance(readout, Threshold | Levels)
        self.readout = readout
        network = IntegerNetwork.of(problem)
        columns = sum(np.count_nonzero(layer.weight) for layer in network.layers[1:])
        lanes = int(np.clip((1 << 19) // max(columns, 1), 64, 4096))
        self.grid = make_grid(spec.domain, lanes, RUN)
        self.tables = Tables(network, readout, self.grid)
        self.types = self._usable_types()
        self._typed: dict[int, TypedTables] = {}
        formulas = list(spec.formulas)
        filtered = self.grid.remaining is not None
        if self.grid.remaining is not None:
            formulas.append(self.grid.remaining)
        self.program = BitProgram.compile(formulas, spec.domain.index)
        self.expected = np.ascontiguousarray(self.program.results[: len(spec.outputs)])
        self.filter = int(self.program.results[-1]) if filtered else -1
        self.lane_words = self.grid.lane_words
        self.flip_words = np.where(self.grid.flip, ~np.uint64(0), np.uint64(0)).astype(np.uint64)
        self.done = 0
        self.level = self._cheapest_level() if self.types else 0

    def _cheapest_level(self) -> int:
        """The type with the least expected cost, judged by a sample of the first rows."""
        if len(self.types) == 1:
            return 0
        rows = next(self.grid.rows(self.tables.row_weights))
        spread = np.unique(np.linspace(0, len(rows.bits) - 1, SAMPLE).astype(np.int64))
        sample = Rows(rows.bits[spread], rows.start[spread], rows.stop[spread], rows.sums[spread])
        costs = []
        for level, (dtype, _) in enumerate(self.types):
            part = self._scan(sample, level, settle=False)
            share = part.undecided / max(part.points, 1)
            costs.append(np.dtype(dtype).itemsize * SCAN_COST + share * SETTLE_COST)
        return int(np.argmin(costs))

    def _usable_types(self) -> list[tuple[type[np.signedinteger], int]]:
        """Types worth trying, cheapest first; the last one always works."""
        fitting = [t for t in TYPES if self.tables.fits(t[1])]
        if self.tables.step:
            return fitting[:1]
        widest = max((int(e - b) for b, _, e in self.tables.bounds), default=0)
        last = fitting[0] if fitting else TYPES[-1]
        # a rounded type needs room for the rounding of all columns
        return [t for t in TYPES if t[1] <= last[1] and (t == last or widest < 1 << (t[1] - 2))]

    @property
    def usable(self) -> bool:
        """False only for step neurons whose exact tables need more than 61 bits."""
        return bool(self.types)

    def run(self) -> None:
        """Scan until done, decided or out of time, keeping ``outcome`` up to date."""
        request, outcome = self.request, self.outcome
        # the margin takes a scan of its own, and one more where tables are rounded
        passes = 1 + (1 if self.tables.exact else 2) * request.margin
        total = self.grid.candidates * passes
        by_output = np.zeros(len(self.expected), dtype=np.int64)
        wrong = points = 0
        wanted = max(request.counterexamples, 1)
        for part in self._parallel(self._scan, total):
            points += part.points
            wrong += part.wrong
            by_output += part.by_output
            outcome.points += part.found[: max(wanted - len(outcome.points), 0)]
            outcome.visited, outcome.wrong_so_far = points, wrong
            enough = len(outcome.points) >= wanted if request.exhaustive else outcome.points
            if enough and not (request.count or request.margin):
                outcome.status = "violated"
                return
        if self.done < self.grid.candidates:
            outcome.detail = f"time limit after {points:,} inputs"
            outcome.leave_unfinished(request, "time limit")
            return
        outcome.domain_size = points
        outcome.status = "violated" if wrong else "holds"
        outcome.violations = wrong
        outcome.by_output = [int(count) for count in by_output]
        if request.margin and points:
            outcome.margin = self._margin(total)
            if outcome.margin is None:
                outcome.notes.append("the margin was not finished: time limit")

    def _parallel(self, work: Callable[[Rows], Any], total: int) -> Iterator[Any]:
        """``work`` on every run of rows, results in order; stops quietly at the deadline."""
        request = self.request
        with ThreadPoolExecutor(request.threads) as pool:
            waiting: deque[tuple[Future[Any], int]] = deque()
            try:
                for rows in self.grid.rows(self.tables.row_weights):
                    if request.expired():
                        break
                    size = int((rows.stop - rows.start).sum())
                    waiting.append((pool.submit(work, rows), size))
                    while len(waiting) > request.threads:
                        yield self._finish(waiting, total)
                while waiting:
                    yield self._finish(waiting, total)
            finally:
                for future, _ in waiting:
                    future.cancel()

    def _finish(self, waiting: deque[tuple[Future[Any], int]], total: int) -> Any:
        future, size = waiting.popleft()
        result = future.result()
        self.done += size
        self.request.progress(self.done, total)
        return result

    def _typed_tables(self, level: int) -> TypedTables:
        if level not in self._typed:
            self._typed[level] = self.tables.typed(*self.types[level])
        return self._typed[level]

    def _network(
        self, typed: TypedTables, rows: Rows, high: np.ndarray, high_sum: np.ndarray
    ) -> tuple[Any, ...]:
        return (
            0,
            len(rows.bits),
            typed.high(high),
            typed.high(high_sum),
            typed.low,
            typed.low_sum,
            self.tables.bounds,
            typed.weight,
            rows.start,
            rows.stop,
        )

    def _specification(self, rows: Rows) -> tuple[Any, ...]:
        program = self.program
        return (
            rows.bits,
            self.lane_words,
            self.flip_words,
            program.operation,
            program.left,
            program.right,
            self.expected,
            self.filter,
        )

    def _scan(self, rows: Rows, level: int | None = None, settle: bool = True) -> _Part:
        """Decide all points of some rows, with the given type or the chosen one."""
        if level is None:
            level = self.level
        typed = self._typed_tables(level)
        high, high_sum = self.tables.fine_rows(rows)
        part = _Part(by_output=np.zeros(len(self.expected), dtype=np.int64))
        limit = max(self.request.counterexamples, 1)
        counters = np.zeros(4, dtype=np.int64)
        undecided = np.empty((max(32 * typed.low.shape[1], SETTLE), 2), dtype=np.int64)
        points = int(np.maximum(rows.stop - rows.start, 0).sum())
        found = np.empty((min(limit, points), 2), dtype=np.int64)
        first = not (self.request.count or self.request.margin) and limit == 1
        network, program = self._network(typed, rows, high, high_sum), self._specification(rows)
        settled = []
        row = 0
        while row < len(rows.bits):
            before = row
            row = kernels.scan(
                row,
                *network[1:],
                typed.thresholds,
                *program,
                first,
                counters,
                part.by_output,
                undecided,
                found,
            )
            pairs = undecided[: counters[kernels.UNDECIDED]]
            if settle:
                settled += self._settle(rows, high, high_sum, pairs, part)
            part.undecided += len(pairs)
            counters[kernels.UNDECIDED] = 0
            if first and (counters[kernels.FOUND] or settled):
                break
            assert row > before, "the scan kernel made no progress"
        part.points = int(counters[kernels.POINTS])
        part.wrong += int(counters[kernels.WRONG])
        pairs = found[: counters[kernels.FOUND]]
        part.found = [*self.grid.points(rows.bits[pairs[:, 0]], pairs[:, 1]), *settled][:limit]
        return part

    def _settle(
        self,
        rows: Rows,
        high: np.ndarray,
        high_sum: np.ndarray,
        pairs: np.ndarray,
        part: _Part,
    ) -> list[np.ndarray]:
        """Decide (row, lane) pairs by the fine tables, then exactly; returns wrong inputs."""
        violating: list[np.ndarray] = []
        for begin in range(0, len(pairs), SETTLE):
            row, lane = pairs[begin : begin + SETTLE].T
            points = self.grid.points(rows.bits[row], lane)
            expected = self.problem.specification.expected(points)
            values = self.tables.fine_values(high[row], high_sum[row], lane)
            wrong, sure = self._fine_verdict(values, expected)
            open_ = ~sure.all(axis=1)
            if open_.any():
                _, violated = self.problem.margins(points[open_])
                wrong[open_] = violated
            bad = wrong.any(axis=1)
            part.wrong += int(bad.sum())
            part.by_output += wrong.sum(axis=0)
            violating += list(points[bad])
        return violating

    def _fine_verdict(
        self, values: np.ndarray, expected: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Wrong and certain (points, outputs) from fine values."""
        true_sure, true_maybe, false_maybe, false_sure = self.tables.fine_thresholds.T
        right = np.where(expected, values > true_sure, values <= false_sure)
        wrong = np.where(expected, values <= true_maybe, values > false_maybe)
        return wrong, right | wrong

    def _margin(self, total: int) -> Fraction | None:
        """The exact least margin; None at the deadline."""
        return _MarginScan(self, total).run()


class _MarginScan:
    """Least values where the specification is true, greatest where it is false, made exact."""

    def __init__(self, scan: TableScan, total: int) -> None:
        self.scan, self.total = scan, total
        tables = scan.tables
        bits = next((b for t, b in TYPES if tables.fits(b)), TYPES[-1][1])
        self.typed = tables.typed({b: t for t, b in TYPES}[bits], bits)
        self.target = scan.done + scan.grid.candidates

    def run(self) -> Fraction | None:
        scan, tables = self.scan, self.scan.tables
        outputs = len(scan.expected)
        sentinel = np.iinfo(np.int64)
        low = np.full(outputs, sentinel.max, dtype=np.int64)
        high = np.full(outputs, sentinel.min, dtype=np.int64)
        for least, greatest in scan._parallel(self._extremes, self.total):
            low, high = np.minimum(low, least), np.maximum(high, greatest)
        if scan.done < self.target:
            return None
        unit = tables.unit * (1 << self.typed.shift)
        true, false = _levels(scan.readout)
        sides = [(Fraction(int(v)) - true / unit, o) for o, v in enumerate(low) if v < sentinel.max]
        sides += [
            (false / unit - Fraction(int(v)), o) for o, v in enumerate(high) if v > sentinel.min
        ]
        best = min(margin for margin, _ in sides)
        if tables.exact and self.typed.shift == 0:
            return best * unit
        # the least margin may look greater by the error, and `best` may look smaller by it
        cutoff = best + 2 * max(self.typed.error)
        return self._exact(true / unit + cutoff, false / unit - cutoff)

    def _extremes(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        scan = self.scan
        high, high_sum = scan.tables.fine_rows(rows)
        sentinel = np.iinfo(np.int64)
        least = np.full(len(scan.expected), sentinel.max, dtype=np.int64)
        greatest = np.full(len(scan.expected), sentinel.min, dtype=np.int64)
        network = scan._network(self.typed, rows, high, high_sum)
        kernels.margin(*network, *scan._specification(rows), least, greatest)
        return least, greatest

    def _exact(self, below: Fraction, above: Fraction) -> Fraction | None:
        """Second pass: evaluate exactly every point whose rounded margin may be least."""
        scan = self.scan
        outputs = len(scan.expected)
        clip = 1 << 62
        low_limit = np.full(outputs, min(max(int(below), -clip), clip), dtype=np.int64)
        high_limit = np.full(outputs, min(max(int(above), -clip), clip), dtype=np.int64)
        thresholds = kernels.collect_thresholds(low_limit, high_limit)
        best: Fraction | None = None

        def collect(rows: Rows) -> Fraction | None:
            high, high_sum = scan.tables.fine_rows(rows)
            network = scan._network(self.typed, rows, high, high_sum)
            program = scan._specification(rows)
            counters = np.zeros(4, dtype=np.int64)
            by_output = np.zeros(outputs, dtype=np.int64)
            pairs = np.empty((max(32 * self.typed.low.shape[1], SETTLE), 2), dtype=np.int64)
            none = np.empty((0, 2), dtype=np.int64)
            least: Fraction | None = None
            row = 0
            while row < len(rows.bits):
                row = kernels.scan(
                    row, *network[1:], thresholds, *program, False, counters, by_output, pairs, none
                )
                for begin in range(0, counters[kernels.UNDECIDED], SETTLE):
                    if scan.request.expired():
                        return least
                    chosen = pairs[: counters[kernels.UNDECIDED]][begin : begin + SETTLE]
                    points = scan.grid.points(rows.bits[chosen[:, 0]], chosen[:, 1])
                    margins, _ = scan.problem.margins(points)
                    smallest = min(margins.flat)
                    least = smallest if least is None else min(least, smallest)
                counters[kernels.UNDECIDED] = 0
            return least

        self.target = scan.done + scan.grid.candidates
        for least in scan._parallel(collect, self.total):
            if least is not None:
                best = least if best is None else min(best, least)
        return best if scan.done >= self.target and not scan.request.expired() else None


def _levels(readout: Threshold | Levels) -> tuple[Fraction, Fraction]:
    if isinstance(readout, Levels):
        return readout.true_at_least, readout.false_at_most
    return readout.threshold, readout.threshold
