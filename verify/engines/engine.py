"""The interface of a deciding engine: what it is asked and what it hands back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np

from ..errors import ContradictionError
from ..problem import Problem
from ..verdict import Attempt, Status

#: Called with (work done, total work); must be cheap, engines call it a few times a second.
Progress = Callable[[int, int], None]


class DeadlineError(Exception):
    """The deadline passed within a piece of work, whose results are dropped."""


@dataclass(frozen=True)
class Request:
    """What to find out about a problem.

    Attributes:
        count: the number of violating inputs, in all and by output.
        margin: the exact margin.
        counterexamples: how many violating inputs to return at most (at least one is always
            returned with ``violated``).
        deadline: ``time.monotonic()`` value at which to give up, or None.
        threads: processor threads to use.
        device: torch device for enumeration, None for the processor's own kernels.
        progress: reporting function.
        stop: says that nobody wants the answer any more, or None; must be cheap.
    """

    count: bool = False
    margin: bool = False
    counterexamples: int = 1
    deadline: float | None = None
    threads: int = 1
    device: str | None = None
    progress: Progress = lambda done, total: None
    stop: Callable[[], bool] | None = None

    @property
    def exhaustive(self) -> bool:
        """True when finding one counterexample does not end the search."""
        return self.count or self.margin or self.counterexamples > 1

    def expired(self) -> bool:
        """True once the deadline has passed or the answer is not wanted any more."""
        if self.stop is not None and self.stop():
            return True
        return self.deadline is not None and time.monotonic() >= self.deadline

    def require_time(self) -> None:
        """Raise DeadlineError once the deadline has passed."""
        if self.expired():
            raise DeadlineError


@dataclass
class Outcome:
    """What an engine knows so far; filled in as it goes, so an interrupt loses nothing.

    Attributes:
        status: ``unknown`` until proved otherwise.
        points: violating inputs found, each a 0/1 array (inputs,). The driver replays every
            one in exact arithmetic.
        violations, by_output: counts, set only when complete.
        margin: exact, set only when complete.
        wrong_so_far: violating inputs seen by an enumeration that may not be complete.
        visited: domain points visited, or search nodes.
        domain_size: exact size, when the engine has seen the whole domain.
        notes: sentences for the verdict, e.g. why a count was not finished.
        detail: how far it came, for the list of engines tried.
        engine: who decided, where several engines were tried.
        attempts: what each of several engines did, in turn.
        startup: seconds spent on loading or compiling code, which no time in a verdict contains.
    """

    status: Status = "unknown"
    points: list[np.ndarray] = field(default_factory=list)
    violations: int | None = None
    by_output: list[int] | None = None
    margin: Fraction | None = None
    wrong_so_far: int = 0
    visited: int = 0
    domain_size: int | None = None
    notes: list[str] = field(default_factory=list)
    detail: str = ""
    engine: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    startup: float = 0.0

    def take(self, other: Outcome) -> None:
        """Take over what another engine found out about the same question.

        Raises ContradictionError when the two cannot both be right.
        """
        for name in ("violations", "by_output", "margin", "domain_size"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine is not None and theirs is not None and mine != theirs:
                raise ContradictionError(f"engines disagree: {name} is {mine} and {theirs}")
            setattr(self, name, mine if theirs is None else theirs)
        if "unknown" not in (self.status, other.status) and self.status != other.status:
            raise ContradictionError(f"engines disagree: {self.status} and {other.status}")
        if other.status != "unknown":
            self.status = other.status
        if len(other.points) >= len(self.points):
            self.points = other.points
        self.wrong_so_far, self.visited = other.wrong_so_far, other.visited
        self.notes += other.notes
        self.startup += other.startup
        self.detail = other.detail

    def leave_unfinished(self, request: Request, why: str, margin: str = "") -> None:
        """Say what was asked for and stays unanswered, and why.

        ``margin`` is what is known about the margin all the same: "it is at most ...".
        """
        if request.count:
            self.notes.append(f"the count was not finished: {why}")
        if request.margin:
            known = f"; {margin}" if margin else ""
            self.notes.append(f"the margin was not finished: {why}{known}")


class Engine(Protocol):
    """Decides problems; one instance serves many."""

    name: str

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """Fill in ``outcome``. Returns early at the deadline; raises InputError if unsuited."""
        ...
