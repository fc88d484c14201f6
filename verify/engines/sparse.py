"""Deciding plain 0/1 code networks by a complete criterion, without visiting inputs.

What is recognised is stated in :mod:`.plain_network`; the criterion is Theorem 1 of
docs/theory.md, section 4: output j is right on all inputs with at most v ones if and only if
the r = v - t + 1 largest overlaps of K_j with columns of other inputs are too small together
to be read as true. It costs time polynomial in the size of the network, for every v.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..problem import Problem
from .engine import Outcome, Request
from .plain_network import PlainNetwork, UnrecognisedError, plain_network

#: Bytes that a piece of work reads: about 10 ms.
PIECE = 1e8
#: Why there is no count.
UNCOUNTED = (
    "the count was not finished: the criterion proves outputs right or wrong without counting"
)


class Sparse:
    """Compares the largest imitation of every output with what its read-out bears."""

    name = "sparse"

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """See :class:`Engine`. Raises InputError for problems of another kind."""
        try:
            plain = plain_network(problem)
        except UnrecognisedError as error:
            raise InputError(
                f"--engine sparse: not a plain code network: {error}; use --engine auto"
            ) from None
        decide_plain(plain, request, outcome)
        if request.count and outcome.status == "violated":
            outcome.notes.append(UNCOUNTED)


def decide_plain(plain: PlainNetwork, request: Request, outcome: Outcome) -> None:
    """Fill in the outcome for a recognised problem; see :class:`Engine`."""
    search = _Search(plain, request, outcome)
    outcome.startup += search.load()
    try:
        search.run()
    finally:
        search.report()


class _Search:
    """Goes through the outputs in pieces, on all threads.

    Without a margin asked for it ends when there are enough counterexamples.
    """

    def __init__(self, plain: PlainNetwork, request: Request, outcome: Outcome) -> None:
        self.plain, self.request, self.outcome = plain, request, outcome
        code = plain.code
        self.most_false = plain.most_false()
        self.wrongly_false = plain.wrongly_false()
        self.top = np.full(code.outputs, -1, dtype=np.int64)
        self.wanted = max(request.counterexamples, 1)
        self.lock = threading.Lock()
        self.stopped = False
        self.wrong = 0

    def load(self) -> float:
        """Load (or compile) what the criterion needs; the seconds that took."""
        return self.plain.code.prepare()

    def run(self) -> None:
        pieces = self._pieces()
        threads = self.request.threads
        if threads == 1:
            self._work(pieces)
            return
        with ThreadPoolExecutor(threads) as pool:
            try:
                for future in [pool.submit(self._work, pieces) for _ in range(threads)]:
                    future.result()
            finally:
                self.stopped = True

    def _pieces(self) -> Iterator[tuple[int, int]]:
        size = int(np.clip(PIECE / max(self.plain.code.bytes_an_output, 1), 16, 1 << 16))
        outputs = self.plain.code.outputs
        for start in range(0, outputs, size):
            yield start, min(start + size, outputs)

    def _work(self, pieces: Iterator[tuple[int, int]]) -> None:
        while True:
            with self.lock:
                piece = None if self.stopped else next(pieces, None)
            if piece is None:
                return
            first, last = piece
            top, _ = self.plain.code.imitations(self.plain.active, first, last)
            with self.lock:
                self.top[first:last] = top
                self.wrong += int(self._is_wrong(slice(first, last)).sum())
                self.outcome.visited += last - first
                enough = self.wrong >= self.wanted and not self.request.margin
                self.stopped = self.stopped or enough or self.request.expired()
                self.request.progress(self.outcome.visited, self.plain.code.outputs)

    def _is_wrong(self, part: slice) -> np.ndarray:
        too_high = self.top[part] > self.most_false[part]
        seen = self.top[part] >= 0
        return np.asarray(seen & (too_high | self.wrongly_false[part]))

    def report(self) -> None:
        """Say what is known: all of it, or what the outputs seen so far show."""
        outcome, outputs = self.outcome, self.plain.code.outputs
        complete = outcome.visited == outputs
        wrong = np.flatnonzero(self._is_wrong(slice(None)))
        if wrong.size:
            outcome.status = "violated"
            outcome.points = self._points(wrong)
        elif complete:
            outcome.status = "holds"
            outcome.violations, outcome.by_output = 0, [0] * outputs
        else:
            outcome.detail = f"{outcome.visited:,} of {outputs:,} outputs were proved right"
        if complete and self.request.margin:
            outcome.margin = self.plain.margin(self.top)
        elif not complete and not self.wrong >= self.wanted:
            missing = replace(self.request, count=self.request.count and not wrong.size)
            outcome.leave_unfinished(missing, "time limit")

    def _points(self, wrong: np.ndarray) -> list[np.ndarray]:
        """Counterexamples, each once: the tuple alone, or all but one of it and its imitators."""
        found: dict[bytes, np.ndarray] = {}
        for j in wrong[: 2 * self.wanted].tolist():
            point = np.zeros(self.plain.code.inputs, dtype=np.uint8)
            members = self.plain.code.tuples.row(j)
            if self.wrongly_false[j]:
                point[members] = 1
            elif len(members) - 1 <= self.plain.active:
                point[members[1:]] = 1
                _, worst = self.plain.code.imitations(self.plain.active, j, j + 1, witnesses=True)
                point[worst[worst >= 0]] = 1
            found.setdefault(point.tobytes(), point)
            if len(found) == self.wanted:
                break
        return list(found.values())
