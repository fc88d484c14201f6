"""Decision by Z3: the network and the specification as constraints, solved exactly."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import z3

from ..errors import InputError, ReplayError
from ..problem import Problem
from .encodings.arithmetic import IntegerEncoding, RationalEncoding
from .encodings.encoding import Encoding
from .encodings.formula_terms import domain_terms
from .encodings.presolve import Presolved, presolve
from .encodings.pseudo_boolean import AUTO_LEVELS, PseudoBoolean, neuron_levels
from .encodings.violations import Violations
from .engine import Outcome, Request

ENCODINGS: dict[str, type[Encoding]] = {
    encoding.name: encoding for encoding in (IntegerEncoding, RationalEncoding, PseudoBoolean)
}
#: Z3 lists violating inputs one at a time; beyond this many it stops counting.
COUNT_UP_TO = 100_000
#: The margin search tries single flips of an input while inputs * parameters stays below this.
_FLIPS_UP_TO = 1 << 20


class Smt:
    """Decides problems of any size, depth and domain with the solver Z3.

    Args:
        encoding: ``integer`` or ``rational`` arithmetic, ``pseudo-boolean`` for networks whose
            neurons take few different values, or ``auto``: pseudo-boolean where the values are
            very few, else integer.

    ``decide`` raises InputError when the chosen encoding does not apply, or when no input
    satisfies the domain.
    """

    name = "z3"

    def __init__(self, encoding: str = "auto") -> None:
        if encoding != "auto" and encoding not in ENCODINGS:
            raise InputError(
                f"unknown encoding '{encoding}'; use one of auto, {', '.join(ENCODINGS)}"
            )
        self.encoding = encoding

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """Fill in ``outcome``; see :class:`superproof.verify.engines.engine.Engine`."""
        search = _Search(problem, request, outcome)
        try:
            search.prepare(self.encoding)
            search.run()
        except _StoppedError as stop:
            search.stopped(str(stop))
        except KeyboardInterrupt:
            search.stopped("interrupted")
            raise


class _StoppedError(Exception):
    """The search ended early: the time limit, or Z3 gave up; the text says which."""


class _Search:
    """One run: the solver with the network in it, and what is known so far."""

    def __init__(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        self.problem = problem
        self.request = request
        self.outcome = outcome
        self.outputs = len(problem.specification.outputs)
        self.wanted = max(request.counterexamples, 1)
        self.proved = 0
        self.found = 0
        self.switches = 0
        self.phase = "encoding"
        self.least: Fraction | None = None

    def prepare(self, encoding: str) -> None:
        """Put the network and the domain into a solver."""
        presolved = presolve(self.problem, self.tick)
        self.encoding = _choose(encoding, presolved, self)
        self.encoding.encode(self.tick)
        self.solver = self.encoding.solver
        domain = self.problem.specification.domain
        bits, context = self.encoding.bits, self.encoding.context
        constraints = domain_terms(domain, bits, context, self.tick)
        self.solver.add(*constraints)
        self.violations = Violations(self.problem, self.encoding, self.tick)
        self.phase = "deciding"
        if constraints and self.solve() is None:
            raise InputError(f"domain: empty, no input satisfies '{domain}'")

    def tick(self) -> None:
        """Stop at the time limit, or when the answer is not wanted any more."""
        if self.request.expired():
            stopped = self.request.stop is not None and self.request.stop()
            raise _StoppedError("stopped" if stopped else "time limit")

    def solve(self, *constraints: z3.BoolRef) -> np.ndarray | None:
        """An input that satisfies the solver's content and the constraints, or None."""
        switch = self.switch()
        for constraint in constraints:
            self.solver.add(z3.Or(z3.Not(switch), constraint))
        point = self.check(switch)
        self.solver.add(z3.Not(switch))
        return point

    def switch(self) -> z3.BoolRef:
        """A new Boolean that turns constraints on for some checks.

        Scopes would do the same, but Z3 propagates when one is opened and undoes a large simplex
        tableau when one is closed, both without regard to the time limit (measured: minutes).
        """
        self.switches += 1
        return z3.Bool(f"on{self.switches}", self.encoding.context)

    def check(self, switch: z3.BoolRef) -> np.ndarray | None:
        """An input that satisfies the solver's content with the switch on, or None."""
        self.tick()
        if self.request.deadline is not None:
            remaining = self.request.deadline - time.monotonic()
            self.solver.set("timeout", max(math.ceil(1000 * remaining), 1))
        with _interruptible(self.encoding.context, self.request):
            result = self.solver.check(switch)
        self.outcome.visited = _decisions(self.solver)
        if result == z3.sat:
            return self.encoding.point(self.solver.model())
        if result == z3.unsat:
            return None
        reason = self.solver.reason_unknown()
        # while Z3 works it catches Ctrl-C itself and answers "unknown"
        if "interrupted" in reason or (reason == "canceled" and not self.request.expired()):
            raise KeyboardInterrupt
        self.tick()
        raise _StoppedError(f"Z3 gave up: {reason}")

    def run(self) -> None:
        """Decide every output, then count, collect and minimise as far as asked."""
        for output in range(self.outputs):
            point = self.solve(self.violations.wrong(output))
            if point is not None:
                break
            self.proved += 1
            self.report(self.proved)
        outcome, request = self.outcome, self.request
        if self.proved == self.outputs:
            outcome.status = "holds"
            outcome.violations, outcome.by_output = 0, [0] * self.outputs
        else:
            assert point is not None
            self.record(point)
            if request.count or request.counterexamples > 1:
                self.enumerate(point)
        if request.margin:
            # when all violating inputs are known, so is the least margin
            if outcome.status == "holds" or outcome.violations is None:
                self.minimise()
            outcome.margin = self.least
        outcome.detail = self.describe()

    def record(self, point: np.ndarray) -> np.ndarray:
        """Keep a violating input after an exact check; returns which outputs are wrong."""
        margins, wrong = self.problem.margins(point[None])
        if not wrong.any() or not self.problem.specification.domain.contains(point[None])[0]:
            text = "".join(map(str, point))
            raise ReplayError(f"Z3 ({self.encoding.name}) proposed {text}, which breaks nothing")
        self.lower(margins)
        self.found += 1
        self.outcome.status = "violated"
        if len(self.outcome.points) < self.wanted:
            self.outcome.points.append(point)
        return np.asarray(wrong[0])

    def lower(self, margins: np.ndarray) -> None:
        """Take exact margins at inputs of the domain into account."""
        least = margins.min()
        if self.least is None or least < self.least:
            self.least = least

    def enumerate(self, first: np.ndarray) -> None:
        """Collect violating inputs, each excluded in turn, until none is left or they suffice."""
        self.phase = "counting" if self.request.count else "collecting counterexamples"
        enough = COUNT_UP_TO if self.request.count else self.wanted
        by_output = self.problem.margins(first[None])[1][0].astype(int)
        open_outputs = range(self.proved, self.outputs)
        wrong = [self.violations.wrong(output) for output in open_outputs]
        switch = self.switch()
        self.solver.add(z3.Or(z3.Not(switch), *wrong))
        last = first
        while self.found < enough:
            self.solver.add(z3.Or(z3.Not(switch), self.encoding.differs(last)))
            point = self.check(switch)
            if point is None:
                self.outcome.violations = self.found
                self.outcome.by_output = by_output.tolist()
                break
            by_output += self.record(point)
            last = point
            self.report(self.proved)
        self.solver.add(z3.Not(switch))
        if self.request.count and self.outcome.violations is None:
            self.outcome.notes.append(
                f"count: stopped at {self.found} violating inputs, which Z3 lists one by one; "
                f"the enumeration engine counts more"
            )

    def minimise(self) -> None:
        """Lower ``least`` until no output has a smaller margin anywhere in the domain."""
        self.phase = "margin"
        if self.outcome.points:
            self.descend(self.outcome.points[0])
        else:
            point = self.solve()
            assert point is not None, "the domain was found to hold an input"
            self.descend(point)
        for output in range(self.outputs):
            while True:
                assert self.least is not None
                point = self.solve(self.violations.below(output, self.least))
                if point is None:
                    break
                before = self.least
                self.descend(point)
                if self.least >= before:
                    text = "".join(map(str, point))
                    raise ReplayError(f"Z3 ({self.encoding.name}): no smaller margin at {text}")
            self.report(self.outputs + output + 1)

    def descend(self, point: np.ndarray) -> None:
        """Lower ``least`` at the input and, on small networks, while single flips help."""
        self.lower(self.problem.margins(point[None])[0])
        inputs = len(point)
        if inputs * self.problem.network.parameters > _FLIPS_UP_TO:
            return
        domain = self.problem.specification.domain
        while not self.request.expired():
            flipped = point ^ np.eye(inputs, dtype=np.uint8)
            flipped = flipped[domain.contains(flipped)]
            if not len(flipped):
                return
            margins = self.problem.margins(flipped)[0].min(axis=1)
            best = int(np.argmin(margins))
            if margins[best] >= self.least:
                return
            self.lower(margins[best : best + 1])
            point = flipped[best]

    def report(self, done: int) -> None:
        """Progress in outputs; the margin goes through them a second time."""
        self.request.progress(done, self.outputs * (2 if self.request.margin else 1))

    def describe(self) -> str:
        """How far the search came, in a few words."""
        if self.phase == "encoding":
            return "encoding"
        text = f"{self.encoding.name} encoding, {self.proved} of {self.outputs} outputs proved"
        if self.found:
            text += f", {self.found} violating input{'s' * (self.found > 1)} found"
        return text

    def stopped(self, reason: str) -> None:
        """Say in the outcome what was reached and what is missing."""
        outcome, request = self.outcome, self.request
        outcome.detail = f"{reason} while {_PHASES.get(self.phase, self.phase)}: {self.describe()}"
        if request.count and outcome.violations is None:
            outcome.notes.append(
                f"count: not finished ({reason}), at least {self.found} violating inputs"
            )
        if request.margin:
            bound = "" if self.least is None else f", it is at most {self.least}"
            outcome.notes.append(f"margin: not finished ({reason}){bound}")


@contextmanager
def _interruptible(context: z3.Context, request: Request) -> Iterator[None]:
    """Interrupt Z3 within the block as soon as ``request.stop`` says so."""
    if request.stop is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        # again and again: an interrupt that comes before Z3 has begun is lost
        while not over.wait(0.02):
            if request.expired():
                context.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


_PHASES = {"margin": "minimising the margin"}


def _choose(name: str, presolved: Presolved, search: _Search) -> Encoding:
    if name != "auto":
        return ENCODINGS[name](presolved)
    levels = neuron_levels(presolved, search.tick)
    if levels is None or sum(map(len, levels.values())) > AUTO_LEVELS * len(levels):
        return IntegerEncoding(presolved)
    return PseudoBoolean(presolved, levels)


def _decisions(solver: z3.Solver) -> int:
    """Decisions of this solver so far, by the name under which it counts them."""
    statistics = solver.statistics()
    names = set(statistics.keys())
    for name in ("decisions", "sat decisions"):
        if name in names:
            return int(statistics.get_key_value(name))
    return 0
