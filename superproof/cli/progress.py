"""A progress bar with rate and time left, for anything that lasts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from ..verify.verdict_text import quantity

if TYPE_CHECKING:
    from rich.progress import Progress

#: Seconds of work before a bar appears.
PATIENCE = 2.0


class ProgressBar:
    """Called with (done, total); draws on stderr after two seconds if that is a terminal.

    Args:
        unit: what is counted, in the plural: ``inputs``.
        stream: where to draw, default ``sys.stderr``.
        clock: seconds, default ``time.monotonic``.
    """

    def __init__(
        self,
        unit: str,
        stream: IO[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unit = unit
        self.stream = sys.stderr if stream is None else stream
        self.clock = clock
        self.start = clock()
        self.shown = self.stream.isatty()
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Report the work done of the work in all; a total of 0 is not known."""
        if not self.shown:
            return
        if self._bar is None:
            if self.clock() - self.start < PATIENCE:
                return
            self._bar = self._open()
        # fractions of one: totals beyond float range would upset the bar
        share = done / total if total > 0 else None
        elapsed = self.clock() - self.start
        rate = f"{_speed(done / elapsed)} {self.unit}/s" if elapsed > 0 else ""
        self._bar.update(
            self._bar.task_ids[0], total=None if share is None else 1.0, completed=share, rate=rate
        )

    def _open(self) -> Progress:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        bar = Progress(
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(file=self.stream),
            transient=True,
        )
        bar.add_task("", total=None, rate="")
        bar.start()
        return bar

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _speed(rate: float) -> str:
    """In whole units where that says something."""
    return quantity(int(rate)) if rate >= 10 else f"{rate:.2g}"
