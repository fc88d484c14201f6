"""The exact margin of one-hidden-layer networks, through fixed-point tables."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..readout import Levels, Threshold
from .grid import Rows
from .kernels import scan as kernels
from .least_margin import at_most, between
from .tables import TYPES

if TYPE_CHECKING:
    from .table_scan import TableScan

_LIMITS = np.iinfo(np.int64)


class TableMargin:
    """Least values where the specification is true, greatest where it is false, made exact.

    The first pass finds the extremes of the tables. Where those are rounded, a second one
    evaluates exactly every input that may lie below them (docs/exactness.md, "The exact margin").
    """

    def __init__(self, scan: TableScan, total: int) -> None:
        self.scan, self.total = scan, total
        tables = scan.tables
        bits = next((b for _, b in TYPES if tables.fits(b)), TYPES[-1][1])
        self.typed = tables.typed({b: t for t, b in TYPES}[bits], bits)
        self.unit = tables.unit * (1 << self.typed.shift)
        self.rounded = not tables.exact or self.typed.shift > 0
        self.low = np.full(len(scan.expected), _LIMITS.max, dtype=np.int64)
        self.high = np.full(len(scan.expected), _LIMITS.min, dtype=np.int64)
        self.seen = 0
        self.finished = False
        self.best: Fraction | None = None

    def run(self) -> Fraction | None:
        """The exact least margin. Raises DeadlineError at the deadline; then see `known`."""
        for least, greatest, points in self.scan.parallel(self._extremes, self.total):
            self.low, self.high = np.minimum(self.low, least), np.maximum(self.high, greatest)
            self.seen += points
        self.finished = True
        if not self.rounded:
            return min(self._margins()) * self.unit
        # the least margin may look greater by the error, and this one may look smaller by it
        cutoff = min(self._margins()) + 2 * max(self.typed.error)
        true, false = _levels(self.scan.readout)
        self._evaluate_below(true / self.unit + cutoff, false / self.unit - cutoff)
        return self.best

    def known(self) -> str:
        """What an unfinished search says about the margin; empty where it knows nothing."""
        greatest = [margin * self.unit for margin in self._margins(self.typed.error)]
        if not greatest:
            return ""
        if not self.finished:
            return at_most(min(greatest), self.seen)
        least = [margin * self.unit for margin in self._margins([-e for e in self.typed.error])]
        exact = [] if self.best is None else [self.best]
        return between(min(least), min(greatest + exact))

    def _margins(self, shifts: Sequence[Fraction] | None = None) -> list[Fraction]:
        """The extreme margins of each output and side so far, each with its output's shift."""
        true, false = _levels(self.scan.readout)
        shift = [Fraction(0)] * len(self.low) if shifts is None else shifts
        margins = [
            Fraction(int(v)) - true / self.unit + shift[o]
            for o, v in enumerate(self.low)
            if v < _LIMITS.max
        ]
        margins += [
            false / self.unit - Fraction(int(v)) + shift[o]
            for o, v in enumerate(self.high)
            if v > _LIMITS.min
        ]
        return margins

    def _extremes(self, rows: Rows) -> tuple[np.ndarray, np.ndarray, int]:
        scan = self.scan
        high, high_sum = scan.tables.fine_rows(rows)
        least = np.full(len(scan.expected), _LIMITS.max, dtype=np.int64)
        greatest = np.full(len(scan.expected), _LIMITS.min, dtype=np.int64)
        network = scan.network_arguments(self.typed, rows, high, high_sum)
        kernels.margin(*network, *scan.specification_arguments(rows), least, greatest)
        return least, greatest, int((rows.stop - rows.start).sum())

    def _evaluate_below(self, below: Fraction, above: Fraction) -> None:
        """Second pass: evaluate exactly every point whose rounded margin may be least."""
        scan = self.scan
        outputs = len(scan.expected)
        clip = 1 << 62
        low_limit = np.full(outputs, min(max(int(below), -clip), clip), dtype=np.int64)
        high_limit = np.full(outputs, min(max(int(above), -clip), clip), dtype=np.int64)
        thresholds = kernels.collect_thresholds(low_limit, high_limit)

        def collect(rows: Rows) -> Fraction | None:
            high, high_sum = scan.tables.fine_rows(rows)
            network = scan.network_arguments(self.typed, rows, high, high_sum)
            program = scan.specification_arguments(rows)
            counters = np.zeros(4, dtype=np.int64)
            by_output = np.zeros(outputs, dtype=np.int64)
            pairs = scan.pair_list(self.typed)
            none = np.empty((0, 2), dtype=np.int64)
            least: Fraction | None = None
            row = 0
            while row < len(rows.bits):
                row = kernels.scan(
                    row, *network[1:], thresholds, *program, False, counters, by_output, pairs, none
                )
                chosen = pairs[: counters[kernels.UNDECIDED]]
                for begin in range(0, len(chosen), scan.batch):
                    scan.require_time()
                    batch = chosen[begin : begin + scan.batch]
                    points = scan.grid.points(rows.bits[batch[:, 0]], batch[:, 1])
                    margins, _ = scan.problem.margins(points)
                    smallest = min(margins.flat)
                    least = smallest if least is None else min(least, smallest)
                counters[kernels.UNDECIDED] = 0
            return least

        for least in scan.parallel(collect, self.total):
            if least is not None:
                self.best = least if self.best is None else min(self.best, least)


def _levels(readout: Threshold | Levels) -> tuple[Fraction, Fraction]:
    if isinstance(readout, Levels):
        return readout.true_at_least, readout.false_at_most
    return readout.threshold, readout.threshold
