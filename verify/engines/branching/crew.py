"""Threads that work through the sides of a problem and split what is left when one runs dry."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..engine import Request
from .pursuit import Desk, Pursuit
from .sides import Side

#: Nodes a side gets in the first round of a search for a counterexample; later rounds get more.
FIRST_ROUND = 400
#: Nodes between two looks at the clock where every side is searched to its end.
STRETCH = 1 << 14
#: Paths that are kept between rounds take at most this many bytes; more sides start afresh.
KEPT_BYTES = 1 << 28
#: Seconds before a second thread is started: small problems are done by then.
ALONE = 0.02


@dataclass
class Job:
    """A side and how far its search has come; ``nodes`` is what its next turn may visit."""

    side: Side
    pursuit: Pursuit | None
    nodes: int


class Crew:
    """Works through sides in one or more threads.

    Args:
        make: the search of a side, from its beginning.
        desk: working space for one more thread.
        request: deadline, number of threads and progress reports.
        rounds: search every side a little, then every open side longer, and stop at the first
            wrong point; otherwise every side to its end.
        finished: called, by one thread at a time, with every pursuit that is done.
        enough: called between slices; True ends the work early.

    Attributes:
        visited: nodes visited.
    """

    def __init__(
        self,
        make: Callable[[Side], Pursuit],
        desk: Callable[[], Desk],
        request: Request,
        *,
        rounds: bool,
        finished: Callable[[Pursuit], None] = lambda pursuit: None,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        self._make, self._desk, self._finished, self._enough = make, desk, finished, enough
        self._rounds, self._asked = rounds, request
        self._request = replace(request, stop=self._is_over)
        self._queue: deque[Job] = deque()
        self._changed = threading.Condition()
        self._running = self._idle = 0
        self._kept = 0
        self._stopped = self._found = False
        self._error: BaseException | None = None
        self._others: list[threading.Thread] = []
        self._closed = 0.0
        self._active: dict[Pursuit, float] = {}
        self.visited = 0

    @property
    def closed(self) -> float:
        """Number of sides done; of those in work, the share of their cube that is closed."""
        active = list(self._active.items())
        return self._closed + sum(pursuit.share - before for pursuit, before in active)

    def run(self, sides: Sequence[Side]) -> bool:
        """Work until all sides are done or no more is needed.

        Returns:
            True when it ended early: a first wrong point, or ``enough`` said so.

        Raises ExpiredError at the deadline.
        """
        nodes = FIRST_ROUND if self._rounds else STRETCH
        self._queue.extend(Job(side, None, nodes) for side in sides)
        self._start, self._sides = time.monotonic(), max(len(sides), 1)
        try:
            self._work(leading=True)
        except BaseException as error:
            self._stop(error)
        finally:
            self._stop(None)
            for thread in self._others:
                thread.join()
        if self._error is not None:
            raise self._error
        return self._found

    def _is_over(self) -> bool:
        return self._stopped or (self._asked.stop is not None and self._asked.stop())

    def _stop(self, error: BaseException | None, found: bool = False) -> None:
        with self._changed:
            # threads that are told to stop say that they expired: only the cause counts
            if error is not None and not self._stopped:
                self._error = error
            self._found = self._found or found
            self._stopped = True
            self._changed.notify_all()

    def _work(self, leading: bool) -> None:
        desk = self._desk()
        while (job := self._take()) is not None:
            self._advance(job, desk)
            if leading:
                self._asked.progress(int(self.closed * 1024), self._sides * 1024)
                if not self._others and time.monotonic() - self._start > ALONE:
                    self._hire()

    def _follow(self) -> None:
        try:
            self._work(leading=False)
        except BaseException as error:
            self._stop(error)

    def _hire(self) -> None:
        for _ in range(self._asked.threads - 1):
            thread = threading.Thread(target=self._follow, daemon=True)
            self._others.append(thread)
            thread.start()

    def _take(self) -> Job | None:
        with self._changed:
            while not self._stopped:
                if self._queue:
                    self._running += 1
                    return self._queue.popleft()
                if not self._running:
                    break
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            self._changed.notify_all()
            return None

    def _hungry(self) -> bool:
        """More threads wait for work than there is."""
        return self._idle > len(self._queue)

    def _advance(self, job: Job, desk: Desk) -> None:
        pursuit = job.pursuit or self._make(job.side)
        if job.pursuit is not None and self._rounds:
            self._keep(-pursuit.nbytes)
        nodes, share = pursuit.nodes, pursuit.share if job.pursuit else 0.0
        self._active[pursuit] = share
        found = False
        try:
            found = pursuit.run(desk, job.nodes, self._request, self._hungry)
        finally:
            with self._changed:
                self.visited += pursuit.nodes - nodes
                self._closed += pursuit.share - share
                del self._active[pursuit]
        if (found and self._rounds) or self._enough():
            self._stop(None, found=True)
            return
        part = pursuit.split() if self._hungry() else None
        with self._changed:
            # in one step with the queue: nobody may see it empty while work is left
            self._running -= 1
            if pursuit.done:
                self._finished(pursuit)
            elif self._rounds:
                if self._kept > KEPT_BYTES and not pursuit.given:
                    self._closed -= pursuit.share
                    self._queue.append(Job(job.side, None, 4 * job.nodes))
                else:
                    self._kept += pursuit.nbytes
                    self._queue.append(Job(job.side, pursuit, 4 * job.nodes))
            else:
                self._queue.appendleft(Job(job.side, pursuit, STRETCH))
            if part is not None:
                self._queue.append(Job(job.side, part, job.nodes))
            self._changed.notify_all()

    def _keep(self, size: int) -> None:
        with self._changed:
            self._kept += size
