"""``auto``: engines in turn, each with a cap, by what they are measured and seen to cost.

The order rests on three observations. Enumeration has a predictable price. The tree's price
cannot be predicted, but it shows itself early: the share of the domain that it has closed.
Z3 decides some large problems that the tree does not. So:

1. Domains that are enumerated before a tree would be set up are enumerated.
2. Otherwise the tree starts. Where enumeration is possible, the tree may spend at most the
   predicted price of it, and less when a quarter of that has closed too little; then the domain
   is enumerated. Whoever would have been first, the answer takes at most about twice as long.
3. Where enumeration is out of reach, Z3 joins after a moment: beside the tree with two threads,
   in turns of growing length with one.

Before all of these comes the criterion for plain 0/1 code networks (:mod:`.sparse`), where it
applies; the others then only count, and list further counterexamples. After it comes the one for
pairwise ANDs in superposition (:mod:`.superposed`), which answers everything.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import InputError
from ..problem import Problem
from ..verdict import Attempt
from .engine import Outcome, Request
from .enumeration import BATCH_RATE, predicted_seconds
from .plain_network import UnrecognisedError, plain_network

if TYPE_CHECKING:
    from .tree import Decision

#: Seconds of enumeration that are cheaper than setting up a tree search.
AT_ONCE = 0.001
#: Seconds that importing the tree's kernels takes, and compiling them where that is not done yet.
LOADING, COMPILING = 0.6, 40.0
#: The tree gets at least this long.
LEAST_CAP = 0.004
#: Share of the cap after which a hopeless tree is left.
FIRST_LOOK = 0.25
#: Seconds before Z3 joins in a thread of its own; in turns, at least so long and as long as
#: encoding so many parameters takes, which does not stop on time.
ALONE, ALONE_IN_TURNS, ENCODING = 0.3, 1.0, 4e-4
#: Seconds that enumerating may take where only a count or more counterexamples are missing.
AFTERWARDS = 60.0


class Portfolio:
    """Chooses engines by cost and runs them in turn."""

    name = "auto"
    #: Seconds that this process has spent enumerating what a loaded tree engine might have
    #: decided at once; when they exceed the cost of loading it, it is loaded.
    _regret = 0.0

    def plan(self, problem: Problem, threads: int) -> tuple[str, ...]:
        """The engines that would be tried, in turn, once the tree engine is loaded."""
        try:
            price = predicted_seconds(problem.dense, threads)
        except InputError:  # weights too large to be made dense
            return ("sparse",)
        if problem.specification.domain.points is not None or price <= AT_ONCE:
            return ("enumerate",)
        return ("tree", "enumerate") if price < math.inf else ("tree", "z3")

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """See :class:`Engine`; ``outcome.attempts`` lists what was tried."""
        if request.device is None and self._by_criterion(problem, request, outcome):
            return
        if request.device is None and self._in_superposition(problem, request, outcome):
            return
        problem = problem.dense
        if outcome.status == "violated":
            request = replace(request, margin=False)
        domain = problem.specification.domain
        listed = domain.points is not None
        price = predicted_seconds(problem, request.threads)
        if request.device is not None or listed or price <= AT_ONCE or self._not_worth(price):
            self._enumerate(problem, request, outcome)
            return
        left = math.inf if request.deadline is None else request.deadline - time.monotonic()
        if price < left:
            if not self._tree(problem, request, outcome, price):
                self._enumerate(problem, request, outcome)
            return
        self._beside_z3(problem, request, outcome)

    @staticmethod
    def _by_criterion(problem: Problem, request: Request, outcome: Outcome) -> bool:
        """Decide a plain code network; True when nothing is left to do."""
        from .sparse import UNCOUNTED, decide_plain

        points = problem.specification.domain.candidates
        if points * problem.network.parameters <= AT_ONCE * BATCH_RATE:
            return False
        try:
            plain = plain_network(problem)
        except UnrecognisedError:
            return False
        with Turn("sparse", outcome) as part:
            decide_plain(plain, request, part)
        listed = len(outcome.points) >= request.counterexamples or request.counterexamples <= 1
        if outcome.status != "violated" or request.expired() or (listed and not request.count):
            return True
        if predicted_seconds(problem, request.threads) <= AFTERWARDS:
            return False
        if request.count:
            outcome.notes.append(UNCOUNTED)
        return True

    @staticmethod
    def _in_superposition(problem: Problem, request: Request, outcome: Outcome) -> bool:
        """Decide pairwise ANDs in superposition; True when nothing is left to do."""
        from .superposed import decide_superposed, form_in_reach

        points = problem.specification.domain.candidates
        if points * problem.network.parameters <= AT_ONCE * BATCH_RATE:
            return False
        form = form_in_reach(problem)
        if outcome.status != "unknown" or form is None:
            return False
        with Turn("superposed", outcome) as part:
            decide_superposed(form, request, part)
        return True

    @classmethod
    def _not_worth(cls, price: float) -> bool:
        """True while loading the tree engine costs more than has been lost without it."""
        from .startup import tree_startup

        startup = tree_startup(LOADING, COMPILING)
        if cls._regret + price >= startup:
            return False
        cls._regret += price
        return True

    def _enumerate(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        from .enumeration import Enumeration

        with Turn("enumerate", outcome) as part:
            Enumeration().decide(problem, request, part)

    def _tree(self, problem: Problem, request: Request, outcome: Outcome, price: float) -> bool:
        """Run the tree for at most the price of enumerating; True when nothing is left to do."""
        from .tree import Tree

        cap = max(price, LEAST_CAP)
        start = math.inf
        decision: Decision

        def hopeless() -> bool:
            spent = time.monotonic() - start
            if spent < FIRST_LOOK * cap:
                return False
            # at the pace seen so far, several times the price of enumerating
            return spent >= cap or decision.closed * 3 * cap < spent

        with Turn("tree", outcome) as part:
            try:
                decision = Tree().begin(problem, replace(request, stop=hopeless), part)
                start = time.monotonic()
                decision.run()
            except InputError as error:
                part.detail = str(error)
                return False
            answered = decision.answered
            if not answered and not request.expired():
                part.detail = (
                    f"left after {part.visited:,} nodes, {decision.closed:.1%} of the search done"
                )
                part.notes.clear()
        return answered or request.expired()

    def _beside_z3(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        from .companion import Company, InTurns, Together
        from .startup import started
        from .tree import Tree

        request = started(request, outcome)
        company: Company
        if request.threads > 1:
            company = Together(problem, request, ALONE)
        else:
            encoding = ENCODING * problem.network.parameters
            company = InTurns(problem, request, max(ALONE_IN_TURNS, encoding))
        with company, Turn("tree", outcome) as part:
            try:
                decision = Tree().begin(problem, replace(request, stop=company.stop), part)
            except InputError as error:
                part.detail = str(error)
                company.wait()
            else:
                decision.run()
                if company.answered:
                    part.detail = f"stopped after {part.visited:,} nodes: z3 was first"
                    part.notes.clear()
        if company.outcome is not None:
            outcome.attempts.append(company.attempt)
            if outcome.status == "unknown":
                outcome.take(company.outcome)
                outcome.engine = "z3"


class Turn:
    """One engine's turn: its own outcome, taken over into the whole one with the time it took."""

    def __init__(self, engine: str, whole: Outcome) -> None:
        self.engine, self.whole = engine, whole

    def __enter__(self) -> Outcome:
        self.start = time.monotonic()
        self.part = Outcome()
        return self.part

    def __exit__(self, *_: object) -> None:
        seconds = time.monotonic() - self.start - self.part.startup
        self.whole.take(self.part)
        self.whole.engine = self.engine
        result = self.part.detail or self.part.status
        self.whole.attempts.append(Attempt(self.engine, seconds, result))
