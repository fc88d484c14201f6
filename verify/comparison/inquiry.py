"""Asking an engine many small questions within one time limit."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

import numpy as np

from ..check import decide
from ..domain import COUNTABLE
from ..engines.engine import DeadlineError, Progress, Request
from ..formula import Formula
from ..problem import Problem
from ..specification import Specification
from ..verdict import Verdict
from .formula_count import RegionSizes
from .regions import narrowed

#: Seconds for all counts together where no time limit is given; the answer itself may take longer.
COUNTING = 60.0
#: One count may take this share of what is left for counts, so that others get their turn.
SHARE = 0.25
#: Wrong inputs that are listed at most, and exact values with them.
LISTED, VALUES = 4096, 1 << 18
#: As many are listed however many values that is.
LEAST = 16


@dataclass
class Inquiry:
    """Questions to one engine, with a deadline for all.

    Attributes:
        engine: its name.
        timeout: seconds for everything, None for no limit.
        threads, progress: handed on.
        interrupted: a person stopped the run; nothing is asked any more.
    """

    engine: str
    timeout: float | None = None
    threads: int | None = None
    progress: Progress = lambda done, total: None
    interrupted: bool = False
    _start: float = field(default_factory=time.monotonic)
    _counted: float = 0.0
    _known: dict[str, Verdict] = field(default_factory=dict)
    _sizes: RegionSizes | None = None

    @property
    def deadline(self) -> float | None:
        """``time.monotonic()`` value by which the answers must be there."""
        return None if self.timeout is None else self._start + self.timeout

    @property
    def seconds(self) -> float:
        """Since the first question."""
        return time.monotonic() - self._start

    def expired(self) -> bool:
        """True once nothing should be asked any more."""
        if self.interrupted:
            return True
        return self.deadline is not None and time.monotonic() >= self.deadline

    def require_time(self) -> None:
        """Raise DeadlineError once nothing should be asked any more."""
        if self.expired():
            raise DeadlineError

    def decide(self, problem: Problem, *, brief: bool = False) -> Verdict:
        """Whether a problem holds, without counting.

        ``brief``: the answer is only wanted for details, and may take as long as a count.
        """
        key = " ".join(problem.sha256.values())
        known = self._known.get(f"decide {key}")
        if known is None and brief:
            known = self._known.get(f"brief {key}")
        if known is None:
            begun = time.monotonic()
            known = self._ask(problem, self._turn() if brief else self.deadline)
            self._counted += (time.monotonic() - begun) * brief
            final = known.status != "unknown"
            self._known[f"decide {key}" if final or not brief else f"brief {key}"] = known
        return known

    def count(self, problem: Problem, listed: int = 1, *, brief: bool = False) -> Verdict:
        """How many inputs break a problem, with as many of them; None where time ran out."""
        before = self.decide(problem, brief=brief)
        key = " ".join([f"count {listed}", *problem.sha256.values()])
        if before.status != "violated" or self.expired():
            return before
        if key not in self._known:
            begun = time.monotonic()
            counted = self._ask(problem, self._turn(), count=True, counterexamples=listed)
            self._counted += time.monotonic() - begun
            # where not even the status came again in time, what is known already stands
            self._known[key] = counted if counted.status == "violated" else before
        return self._known[key]

    def _turn(self) -> float:
        """When a count has to end."""
        now = time.monotonic()
        left = COUNTING - self._counted if self.deadline is None else self.deadline - now
        return now + max(left, 0) * SHARE

    def examine(self, problem: Problem) -> Verdict:
        """Decide, count, and list the wrong inputs if there are not too many."""
        outputs = len(problem.specification.outputs)
        return self.count(problem, listed=min(LISTED, max(VALUES // outputs, LEAST)))

    def _ask(
        self,
        problem: Problem,
        deadline: float | None,
        *,
        count: bool = False,
        counterexamples: int = 1,
    ) -> Verdict:
        now = time.monotonic()
        if self.expired():
            deadline = now
        request = Request(
            count=count,
            counterexamples=counterexamples,
            deadline=deadline,
            threads=self.threads or os.cpu_count() or 1,
            progress=self.progress,
        )
        verdict = decide(problem, request, self.engine, now)
        self.interrupted |= verdict.interrupted
        return verdict

    def size(self, specification: Specification, formula: Formula) -> int | None:
        """Number of inputs of the domain on which a formula is true; None where it is too much."""
        domain = specification.domain
        if self._sizes is None or self._sizes.domain is not domain:
            self._sizes = RegionSizes(domain)
        size = self._sizes.size(formula)
        if size is None and domain.candidates <= COUNTABLE:
            return narrowed(domain, formula).size
        return size


def complete_list(verdict: Verdict, inputs: int) -> np.ndarray | None:
    """All wrong inputs as a 0/1 matrix, or None where the verdict does not list them all."""
    if verdict.status == "holds":
        return np.zeros((0, inputs), dtype=np.uint8)
    if verdict.violations is None or len(verdict.counterexamples) != verdict.violations:
        return None
    return points_of(verdict, inputs)


def points_of(verdict: Verdict, inputs: int) -> np.ndarray:
    """The listed wrong inputs as a 0/1 matrix."""
    bits = [example.bits for example in verdict.counterexamples]
    return np.array(bits, dtype=np.uint8).reshape(len(bits), inputs)


def without_repetitions(matrices: list[np.ndarray], inputs: int) -> np.ndarray:
    """All rows once, in the order of their first appearance."""
    rows = {row.tobytes(): row for matrix in matrices for row in matrix.astype(np.uint8)}
    return np.array(list(rows.values()), dtype=np.uint8).reshape(len(rows), inputs)
