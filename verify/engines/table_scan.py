"""Enumeration of one-hidden-layer networks through fixed-point tables, on all threads.

The cheapest machine type filters; the few points that it cannot decide go to 62-bit tables,
and what those cannot decide to exact arithmetic. All passes see every point of the domain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..bitprogram import BitProgram
from ..problem import Problem
from ..readout import Argmax, Levels, Threshold
from .engine import DeadlineError, Outcome, Request
from .grid import FEWEST_ROWS, WORD, Rows, make_grid
from .integer_network import IntegerNetwork
from .kernels import scan as kernels
from .least_margin import at_most
from .table_margin import TableMargin
from .tables import TYPES, Tables, TypedTables

#: Points in one run of rows: large enough to hide Python, small enough to stop quickly.
RUN = 1 << 22
#: Lanes at most: more would not stay in the second-level cache.
LANES = 1 << 12
#: Bytes that the sums of the runs on all threads may take; what is made of them takes a small
#: multiple. With thousands of columns this, not RUN, ends a run.
SUM_BYTES = 1 << 26
#: Rows tried with each type before the scan, to see how much the type leaves undecided.
SAMPLE = 32
#: Measured cost of one neuron at one point: a byte of the machine type while scanning, and
#: settling an undecided point. Only their ratio matters.
SCAN_COST, SETTLE_COST = 0.014, 10.0
#: Undecided points are settled in batches of at most this many.
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
    #: False when the deadline passed within: then only ``found`` counts
    finished: bool = True
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
        columns = sum(int(np.count_nonzero(layer.weight)) for layer in network.layers[1:])
        lanes = int(np.clip((1 << 19) // max(columns, 1), WORD, LANES))
        share = SUM_BYTES // request.threads // (8 * (columns + len(spec.outputs)))
        self.grid = make_grid(spec.domain, lanes, RUN, max(share, 2 * FEWEST_ROWS))
        self.batch = int(np.clip(share, FEWEST_ROWS, SETTLE))
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
        self.stopping = False
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
        # the margin takes a scan of its own, and one more where tables are rounded
        passes = 1 + (1 if self.tables.exact else 2) * self.request.margin
        total = self.grid.candidates * passes
        least = TableMargin(self, total)
        try:
            if self._count(total) and self.request.margin and self.outcome.visited:
                self.outcome.margin = least.run()
        except DeadlineError:
            self._stop_early("time limit", least)
        except KeyboardInterrupt:
            self._stop_early("interrupted", least)
            raise

    def _stop_early(self, why: str, least: TableMargin) -> None:
        """Record how far the scan came and what it leaves unanswered."""
        outcome = self.outcome
        if outcome.domain_size is None:
            outcome.detail = f"{why} after {outcome.visited:,} inputs"
        counted = outcome.violations is not None
        known = least.known()
        if not known and outcome.points and self.request.margin:
            margins, _ = self.problem.margins(np.array(outcome.points[:FEWEST_ROWS]))
            known = at_most(min(margins.flat), len(margins))
        open_ = replace(self.request, count=self.request.count and not counted)
        outcome.leave_unfinished(open_, why, known)

    def _count(self, total: int) -> bool:
        """Visit the domain; True when it was seen to its end, False when enough was found.

        Raises DeadlineError at the deadline.
        """
        request, outcome = self.request, self.outcome
        by_output = np.zeros(len(self.expected), dtype=np.int64)
        wrong = points = 0
        wanted = max(request.counterexamples, 1)
        for part in self.parallel(self._scan, total):
            outcome.points += part.found[: max(wanted - len(outcome.points), 0)]
            if not part.finished:
                raise DeadlineError
            points += part.points
            wrong += part.wrong
            by_output += part.by_output
            outcome.visited, outcome.wrong_so_far = points, wrong
            enough = len(outcome.points) >= wanted if request.exhaustive else outcome.points
            if enough and not (request.count or request.margin):
                outcome.status = "violated"
                return False
        outcome.domain_size = points
        outcome.status = "violated" if wrong else "holds"
        outcome.violations = wrong
        outcome.by_output = [int(count) for count in by_output]
        return True

    def parallel(self, work: Callable[[Rows], Any], total: int) -> Iterator[Any]:
        """``work`` on every run of rows, results in order; raises DeadlineError at the deadline.

        What was begun by then is finished and yielded first.
        """
        request = self.request
        with ThreadPoolExecutor(request.threads) as pool:
            waiting: deque[tuple[Future[Any], int]] = deque()
            try:
                late = request.expired()
                for rows in () if late else self.grid.rows(self.tables.row_weights):
                    late = request.expired()
                    if late:
                        break
                    size = int((rows.stop - rows.start).sum())
                    waiting.append((pool.submit(work, rows), size))
                    while len(waiting) > request.threads:
                        yield self._finish(waiting, total)
                while waiting:
                    yield self._finish(waiting, total)
                if late:
                    raise DeadlineError
            except BaseException:
                # the pool waits for what is running
                self.stopping = True
                raise
            finally:
                for future, _ in waiting:
                    future.cancel()

    def require_time(self) -> None:
        """Raise DeadlineError at the deadline, and when the results are wanted no more."""
        if self.stopping:
            raise DeadlineError
        self.request.require_time()

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

    def network_arguments(
        self, typed: TypedTables, rows: Rows, high: np.ndarray, high_sum: np.ndarray
    ) -> tuple[Any, ...]:
        """The tables as the kernels take them, for all of the rows."""
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

    def pair_list(self, typed: TypedTables) -> np.ndarray:
        """Room for (row, lane) pairs: enough for the kernel to make progress."""
        return np.empty((max(32 * typed.low.shape[1], SETTLE), 2), dtype=np.int64)

    def specification_arguments(self, rows: Rows) -> tuple[Any, ...]:
        """The formulas as the kernels take them."""
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
        undecided = self.pair_list(typed)
        points = int(np.maximum(rows.stop - rows.start, 0).sum())
        found = np.empty((min(limit, points), 2), dtype=np.int64)
        first = not (self.request.count or self.request.margin) and limit == 1
        network = self.network_arguments(typed, rows, high, high_sum)
        program = self.specification_arguments(rows)
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
                if not part.finished:
                    break
            part.undecided += len(pairs)
            counters[kernels.UNDECIDED] = 0
            if first and (counters[kernels.FOUND] or settled):
                break
            assert row > before, "the scan kernel made no progress"
        part.points = int(counters[kernels.POINTS])
        part.wrong += int(counters[kernels.WRONG])
        pairs = found[: counters[kernels.FOUND]]
        part.found = self._listed(rows, pairs, settled)[:limit]
        return part

    def _listed(self, rows: Rows, pairs: np.ndarray, settled: list[np.ndarray]) -> list[np.ndarray]:
        """Wrong inputs, from (row, lane) pairs and those that were settled one by one."""
        return [*self.grid.points(rows.bits[pairs[:, 0]], pairs[:, 1]), *settled]

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
        for begin in range(0, len(pairs), self.batch):
            if self.stopping or self.request.expired():
                part.finished = False
                break
            row, lane = pairs[begin : begin + self.batch].T
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
