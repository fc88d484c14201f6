"""Inputs with exactly three ones: pair bounds, and exact values where they do not suffice."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np

from .exact_product import exact_product
from .kernels import triples
from .pairs import PairScan

#: Sums of four numbers below this stay in 32 bits.
NARROW = 1 << 28
#: Triples of a block of outputs, so that the clock is looked at often enough.
TRIPLES = 1 << 26
#: Violating triples of a block that are kept at first; where there are more, it is done again.
ROOM = 1 << 16


class TripleScan(PairScan):
    """Visits every input with two or three ones: complete for at most three active inputs."""

    def run(self) -> None:
        """Visit all, or until nothing more is wanted. Raises DeadlineError at the deadline."""
        form = self.form
        columns = np.ascontiguousarray(form.code.T)
        threads = max(self.request.threads, 1)
        each = max(min(TRIPLES // max(math.comb(form.inputs, 3), 1), 512), 1)
        with ThreadPoolExecutor(threads) as pool:
            for first in range(0, form.outputs, each):
                self.request.require_time()
                outputs = slice(first, min(first + each, form.outputs))
                rows = form.gain[outputs]
                every = slice(0, self.products.pairs)
                moments = self.products.moments(rows, every)
                losses = self.products.moments(np.maximum(-rows, 0), every)
                kind = np.int32 if form.bound < NARROW else np.int64
                packed = moments.astype(kind), losses.astype(kind)
                self.nodes += moments.size
                self.enter(moments, outputs, every)
                self._own_and_third(rows, outputs)
                if not self.record.done(self.request):
                    self._others(*packed, columns, outputs, threads, pool)
                self.request.progress(outputs.stop, form.outputs)
                if self.record.done(self.request):
                    return

    def _own_and_third(self, rows: np.ndarray, outputs: slice) -> None:
        """The own pair and one other input: the value at the pair and one step."""
        form, record = self.form, self.record
        if form.inputs < 3:
            return
        a, b = form.pairs[outputs].T
        code = form.code.astype(np.int64)
        fed = (code[:, a] | code[:, b]).T
        pair = (rows * (code[:, a] & code[:, b]).T).sum(axis=1)
        values = pair[:, None] + exact_product(rows * fed, code)
        line = np.arange(len(values))
        for member in (a, b):
            values[line, member] = form.bound + 1
        record.low[outputs] = np.minimum(record.low[outputs], values.min(axis=1))
        wrong = values < form.least_true[outputs][:, None]
        record.by_output[outputs] += np.count_nonzero(wrong, axis=1)
        row, third = np.nonzero(wrong)
        record.add(np.sort(np.stack([a[row], b[row], third], axis=1), axis=1))

    def _others(
        self,
        moments: np.ndarray,
        losses: np.ndarray,
        columns: np.ndarray,
        outputs: slice,
        threads: int,
        pool: ThreadPoolExecutor,
    ) -> None:
        """The triples without the own pair."""
        form, record, request = self.form, self.record, self.request
        limit = form.most_false[outputs]
        listing = request.count or not record.enough
        threshold, ceiling = limit.copy(), limit.copy()
        if request.margin:
            known = form.margin(record.low, record.high)
            assert known is not None
            worse = form.worse_false(Fraction(known), outputs)
            threshold = np.minimum(limit, worse) if listing else worse
            ceiling = limit if listing else np.full(len(limit), form.bound + 1)
        most = 0 if request.count or request.margin else record.wanted - len(record.supports)
        edges = np.linspace(0, len(limit), threads + 1).astype(int)

        def part(k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
            some = slice(edges[k], edges[k + 1])
            room = min(ROOM, max(most, 0) or ROOM)
            while True:
                found = np.empty((room, 4), dtype=np.int64)
                highest, counts, evaluated = triples(
                    moments[some],
                    losses[some],
                    columns,
                    form.gain[outputs][some],
                    form.pairs[outputs][some],
                    threshold[some],
                    ceiling[some],
                    limit[some],
                    most,
                    found,
                )
                total = int(counts.sum())
                if total <= room or not listing:
                    return highest, counts, found[: min(total, room), 1:], int(evaluated)
                room = total

        for k, (highest, counts, found, evaluated) in enumerate(pool.map(part, range(threads))):
            some = slice(outputs.start + edges[k], outputs.start + edges[k + 1])
            above = highest > threshold[edges[k] : edges[k + 1]]
            seen = np.where(above, highest, -form.bound - 1)
            record.high[some] = np.maximum(record.high[some], seen)
            record.by_output[some] += counts
            self.nodes += evaluated
            record.add(found)
