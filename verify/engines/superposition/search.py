"""Inputs with any number of ones: branch and bound over sets of true inputs, output by output."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..engine import Request
from .form import SuperposedForm
from .kernels import supersets
from .record import Record

#: Sets that one call visits at most (about a second); beyond, the task is split.
BUDGET = 1 << 20
#: Violating sets that one call can hand over.
ROOM = 1 << 14
#: No own pair is forbidden.
NONE = np.array([-1, -1], dtype=np.int64)


class Task(NamedTuple):
    """The sets that add at most ``free`` inputs behind ``last`` to ``start``."""

    start: tuple[int, ...]
    last: int
    free: int


class SetSearch:
    """Visits every input with two and more ones, or proves that it does not matter."""

    def __init__(self, form: SuperposedForm, record: Record, request: Request) -> None:
        self.form, self.record, self.request = form, record, request
        self.feeds = np.ascontiguousarray(form.code)
        self.columns = np.ascontiguousarray(form.code.T)
        self.nodes = 0

    def run(self) -> None:
        """Visit all, or until nothing more is wanted. Raises DeadlineError at the deadline."""
        form, record, request = self.form, self.record, self.request
        active = min(form.active, form.inputs)
        for j in range(form.outputs):
            pair = form.pairs[j]
            own = int(pair[0]), int(pair[1])
            # where the output is true, the least value is the largest one of the negative
            self._side(j, -1, Task(own, -1, active - 2), NONE)
            self._side(j, 1, Task((), -1, active), pair)
            request.progress(j + 1, form.outputs)
            if record.done(request):
                return

    def _side(self, j: int, sign: int, first: Task, own: np.ndarray) -> None:
        form, record, request = self.form, self.record, self.request
        gain = np.ascontiguousarray(sign * form.gain[j])
        limit = int(form.most_false[j]) if sign > 0 else -int(form.least_true[j])
        tasks = [first]
        while tasks and not record.done(request):
            request.require_time()
            task = tasks.pop()
            threshold, ceiling = self._levels(j, sign, limit)
            counting = request.count or request.margin
            most = 0 if counting else record.wanted - len(record.supports)
            found = np.zeros((ROOM, len(task.start) + task.free + 1), dtype=np.int64)
            highest, count, nodes, finished = supersets(
                gain,
                self.feeds,
                self.columns,
                np.array(task.start, dtype=np.int64),
                task.last,
                task.free,
                own,
                threshold,
                ceiling,
                limit,
                most,
                BUDGET,
                found,
            )
            self.nodes += nodes
            if not finished or (count > ROOM and self._listing()):
                tasks += self._split(task, own)
                continue
            if highest > threshold:
                if sign > 0:
                    record.high[j] = max(record.high[j], highest)
                else:
                    record.low[j] = min(record.low[j], -highest)
            record.by_output[j] += count
            self._enter(found[: min(count, ROOM)])

    def _listing(self) -> bool:
        return self.request.count or not self.record.enough

    def _levels(self, j: int, sign: int, limit: int) -> tuple[int, int]:
        """Values up to the first number do not matter; it may rise to the second."""
        form, record = self.form, self.record
        if not self.request.margin:
            return limit, limit
        known = form.margin(record.low, record.high)
        row = slice(j, j + 1)
        if known is None:
            worse = -form.bound - 1
        elif sign > 0:
            worse = int(form.worse_false(Fraction(known), row)[0])
        else:
            worse = -int(form.worse_true(Fraction(known), row)[0])
        if self._listing():
            return min(limit, worse), limit
        return worse, form.bound + 1

    def _split(self, task: Task, own: np.ndarray) -> list[Task]:
        """The same sets in smaller tasks: the start alone, and each input added first."""
        tasks = [Task(task.start, task.last, 0)]
        for c in range(task.last + 1, self.form.inputs):
            start = (*task.start, c)
            completes = own[0] in start and own[1] in start
            if c not in task.start and not completes:
                tasks.append(Task(start, c, task.free - 1))
        return tasks

    def _enter(self, found: np.ndarray) -> None:
        for size in np.unique(found[:, 0]):
            rows = found[found[:, 0] == size, 1 : size + 1]
            self.record.add(np.sort(rows, axis=1))
