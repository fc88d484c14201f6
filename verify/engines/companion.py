"""Z3 beside a tree search: at the same time with two threads, in turns with one."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..errors import InputError
from ..problem import Problem
from ..verdict import Attempt
from .engine import Outcome, Request

#: Z3 is not asked about networks with more parameters, outputs counted separately.
PARAMETERS = 1 << 20


class Company(ABC):
    """Z3 on the same problem as a tree search; a context manager around the search.

    A count or a margin is left to the tree: Z3 is asked for the status alone, which answers a
    count too where nothing is wrong.

    Args:
        alone: seconds that the tree is left alone.

    Attributes:
        outcome: what Z3 found out, None if it has not begun.
        attempt: the same for the verdict.
    """

    def __init__(self, problem: Problem, request: Request, alone: float) -> None:
        self.problem, self.request, self.alone = problem, request, alone
        self.outcome: Outcome | None = None
        self._spent = 0.0
        outputs = len(problem.specification.outputs)
        self._suits = problem.network.parameters * outputs <= PARAMETERS
        self._over = threading.Event()
        self._begun = time.monotonic()

    def stop(self) -> bool:
        """Whether the tree's answer is not wanted any more; called between its slices."""
        return self.answered

    @property
    def answered(self) -> bool:
        """Z3 has said all that was asked."""
        outcome = self.outcome
        if outcome is None or outcome.status == "unknown":
            return False
        if outcome.status == "holds":
            return not self.request.margin
        return not self.request.exhaustive

    @property
    def attempt(self) -> Attempt:
        """How long Z3 ran and what came of it."""
        result = "not asked" if self.outcome is None else self.outcome.detail or self.outcome.status
        return Attempt("z3", self._spent, result)

    @abstractmethod
    def wait(self) -> None:
        """Let Z3 finish, where the tree cannot work at all."""

    def _ask(self, deadline: float | None, stop: Callable[[], bool] | None) -> None:
        from .smt import Smt

        bare = replace(
            self.request,
            count=False,
            margin=False,
            counterexamples=1,
            deadline=deadline,
            progress=lambda done, total: None,
            stop=stop,
        )
        outcome = Outcome()
        start = time.monotonic()
        try:
            Smt().decide(self.problem, bare, outcome)
        except InputError as error:
            outcome.detail = str(error)
        self._spent += time.monotonic() - start
        self.outcome = outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()


class Together(Company):
    """Z3 in a thread of its own."""

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        if self._suits:
            self._thread.start()
        return self

    def _run(self) -> None:
        if not self._over.wait(self.alone):
            self._ask(self.request.deadline, self._over.is_set)

    def wait(self) -> None:
        """See :class:`Company`."""
        if self._suits:
            self._thread.join()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._suits:
            self._thread.join()


class InTurns(Company):
    """Z3 from its beginning, each time for longer, in all never more than the tree has had."""

    def __init__(self, problem: Problem, request: Request, alone: float) -> None:
        super().__init__(problem, request, alone)
        self._next = alone

    def stop(self) -> bool:
        """See :class:`Company`; Z3's turns take place in here, while the tree stands still."""
        known = self.outcome is not None and self.outcome.status != "unknown"
        tree = time.monotonic() - self._begun - self._spent
        if self._suits and not known and tree >= self._next:
            end = time.monotonic() + tree / 2
            deadline = self.request.deadline
            self._ask(end if deadline is None else min(end, deadline), None)
            # encoding a problem does not end on time: what Z3 had too much, the tree gets first
            self._next = 2 * max(tree, self._spent)
        return self.answered

    def wait(self) -> None:
        """See :class:`Company`."""
        if self._suits:
            self._ask(self.request.deadline, None)
