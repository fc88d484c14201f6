"""The softmax read-out, decided exactly over all contexts of at most so many items.

Pairs that are no edges have one worst context each. Edges are decided by sorting where that is
complete or enough, and otherwise one by one by a covering search. Every verdict rests on proved
bounds on exponentials; docs/attention-softmax.md has the theorems.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError, ReplayError
from ...verdict import Status
from ...verdict_text import decimal
from ..recognition import RecognitionProblem
from ..scores import Scores
from ..softmax_readout import SoftmaxReadout
from .covering import Budget, CoverResult, Node, cover_edge
from .edge_cover import EdgeCover
from .exponents import Exponents
from .quiet_pairs import reported_non_edges
from .worst_context import (
    ABSENT,
    LEVELS,
    NO_LIVE_HEAD,
    ONE_LIVE_HEAD,
    OPEN,
    SORTED,
    ScoredRows,
    sort_edges,
)
from .wrong_context import WrongContext, missed_edge, reported_pair

Progress = Callable[[int, int], object]

#: Nodes of all covering searches together.
NODES = 100_000
#: How edges were decided, easiest first.
METHODS = (
    "in no context",
    "levels",
    "sorting",
    "no live head",
    "one live head",
    "Lagrangian",
    "branch and bound",
)
_NAMES = {
    ABSENT: "in no context",
    LEVELS: "levels",
    SORTED: "sorting",
    NO_LIVE_HEAD: "no live head",
    ONE_LIVE_HEAD: "one live head",
}


@dataclass(frozen=True)
class SoftmaxDecision:
    """Whether a layer reports exactly the edges in every context.

    Attributes:
        status: ``holds``, ``violated`` or ``unknown``.
        softmax: the read-out that was asked about.
        missed: edges that are missed in some context; None where the search did not finish.
        reported: other pairs that are reported in some context; None likewise.
        undecided: pairs that were not decided.
        counterexamples: wrong pairs, each with a context in which it is wrong, replayed.
        methods: for each way to decide an edge, how many edges it decided.
        nodes: nodes of the covering searches.
        evidence: what the independent checker needs: for ``holds`` a tree for each edge, for
            ``violated`` a pair and a context; None for ``unknown``.
        notes: sentences about what was not delivered, and why.
        seconds: what it took.
    """

    status: Status
    softmax: SoftmaxReadout
    missed: int | None
    reported: int | None
    undecided: int
    counterexamples: tuple[WrongContext, ...]
    methods: dict[str, int]
    nodes: int
    evidence: dict[str, Any] | None
    notes: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """True only for a proved ``holds``."""
        return self.status == "holds"

    @property
    def violations(self) -> int | None:
        """Pairs that are wrong in some context; None where they were not counted to the end."""
        if self.missed is None or self.reported is None:
            return None
        return self.missed + self.reported

    def __bool__(self) -> bool:
        raise TypeError("a decision has three values; test decision.holds or decision.status")

    def __str__(self) -> str:
        asked = (
            f"in every context of at most {self.softmax.context:,} items at temperature "
            f"{decimal(self.softmax.temperature)}"
        )
        words = {
            "holds": f"holds: the edges and no other pairs are reported {asked}",
            "violated": f"violated: not the edges alone are reported {asked}",
            "unknown": f"unknown: not decided {asked}",
        }
        lines = [words[self.status]]
        if self.status == "violated" and self.violations is not None:
            lines.append(
                f"wrong in some context: {self.missed:,} edges missed, {self.reported:,} other "
                "pairs reported"
            )
        lines += [f"for example {example}" for example in self.counterexamples]
        decided = ", ".join(f"{name} {n:,}" for name, n in self.methods.items() if n)
        lines.append(f"edges decided by: {decided or 'none'}")
        lines += self.notes
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The decision as JSON data, without the evidence."""
        return {
            "status": self.status,
            "temperature": str(self.softmax.temperature),
            "context": self.softmax.context,
            "violations": self.violations,
            "missed_edges": self.missed,
            "reported_non_edges": self.reported,
            "undecided": self.undecided,
            "counterexamples": [example.to_json() for example in self.counterexamples],
            "edges_decided_by": dict(self.methods),
            "nodes": self.nodes,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 6),
        }


def decide_softmax(
    problem: RecognitionProblem,
    *,
    timeout: float | None = None,
    nodes: int = NODES,
    counterexamples: int = 1,
    progress: Progress | None = None,
    scores: Scores | None = None,
) -> SoftmaxDecision:
    """Decide whether every pair reads as it should in every context.

    Costs ``items^2 * total_key_dim`` multiplications and a partial sort for each edge and live
    head; edges that sorting leaves open are searched, which may take exponential time.

    Args:
        problem: with a softmax read-out.
        timeout: seconds; afterwards what is not decided stays open.
        nodes: of all searches together; the same afterwards.
        counterexamples: list at most so many wrong pairs (at least one where any was found).
        progress: called with the edges decided and their number.
        scores: of the layer, where they have been computed already.

    Raises:
        InputError: the problem has no softmax read-out, or an option is out of range.
        ReplayError: a counterexample that is none (an internal fault).
    """
    begun = time.monotonic()
    if problem.softmax is None:
        raise InputError("the problem has no softmax read-out; give a temperature and a context")
    if nodes < 1:
        raise InputError(f"nodes {nodes}: the search needs at least one")
    if timeout is not None and timeout <= 0:
        raise InputError(f"timeout {timeout}: must be above 0 seconds")
    if counterexamples < 0:
        raise InputError(f"counterexamples {counterexamples}: must not be negative")
    budget = Budget(nodes, None if timeout is None else begun + timeout)
    exponents = Exponents(scores or Scores(problem.layer), problem.softmax)
    search = _Decision(problem, exponents, budget, progress or (lambda done, total: None))
    search.sort()
    search.cover()
    return search.decision(max(1, counterexamples), begun)


class _Decision:
    """The state of a decision: what is known of every edge, and which other pairs are reported."""

    def __init__(
        self,
        problem: RecognitionProblem,
        exponents: Exponents,
        budget: Budget,
        progress: Progress,
    ) -> None:
        self.problem, self.exponents, self.graph = problem, exponents, problem.graph
        self.budget, self.allowance, self.progress = budget, budget.nodes, progress
        edges = len(self.graph)
        self.states = np.full(edges, OPEN)
        self.heads = np.zeros(edges, dtype=np.int64)
        self.searched: dict[int, CoverResult] = {}
        self.reported: list[np.ndarray] = []
        self.unsure = 0
        self.unseen = 0

    def sort(self) -> None:
        """All pairs that are no edges, and the edges as far as sorting goes."""
        graph, exponents = self.graph, self.exponents
        for block in exponents.scores.blocks():
            if self.budget.late:
                self.unseen = graph.items - block.rows.start
                return
            first, last = np.searchsorted(graph.edges[:, 0], [block.rows.start, block.rows.stop])
            wanted = np.arange(first, last)
            found = sort_edges(exponents, graph, ScoredRows.of(block), wanted)
            self.states[wanted], self.heads[wanted] = found.states, found.heads
            reported, unsure = reported_non_edges(exponents, graph, block)
            self.reported.append(reported)
            self.unsure += len(unsure)
            self.progress(int((self.states != OPEN).sum()), len(graph))

    def cover(self) -> None:
        """The edges that sorting left open, one by one."""
        if self.unseen:
            return
        left = np.flatnonzero(self.states == OPEN)
        for done, edge in enumerate(left.tolist()):
            if self.budget.spent:
                return
            i, j = self.graph.edges[edge].tolist()
            self.searched[edge] = cover_edge(EdgeCover(self.exponents, i, j), self.budget)
            self.progress(len(self.graph) - len(left) + done + 1, len(self.graph))

    def decision(self, counterexamples: int, begun: float) -> SoftmaxDecision:
        missed = np.isin(self.states, (NO_LIVE_HEAD, ONE_LIVE_HEAD))
        for edge, result in self.searched.items():
            missed[edge] = result.outcome == "missed"
        found = [edge for edge, r in self.searched.items() if r.outcome != "unknown"]
        open_edges = int((self.states == OPEN).sum()) - len(found)
        examples = self._examples(np.flatnonzero(missed).tolist(), counterexamples)
        non_edges = sum(len(part) for part in self.reported)
        undecided = open_edges + self.unsure
        notes = []
        if self.unseen:
            notes.append(f"out of time: the pairs of {self.unseen:,} items were not looked at")
        elif open_edges:
            reason = "out of time" if self.budget.late else "out of nodes"
            if not self.budget.spent:
                reason = "too near to the level to be told from it"
            notes.append(f"{open_edges:,} edges not decided: {reason}")
        if self.unsure:
            notes.append(f"{self.unsure:,} other pairs not decided: too near to the level")
        status: Status = "unknown" if undecided or self.unseen else "holds"
        if examples:
            status = "violated"
        evidence: dict[str, Any] | None = None
        if status == "holds":
            evidence = {"kind": "contexts", "edges": self._trees()}
        elif examples:
            evidence = examples[0].evidence
        return SoftmaxDecision(
            status,
            self.exponents.softmax,
            None if open_edges or self.unseen else int(missed.sum()),
            None if self.unsure or self.unseen else non_edges,
            undecided,
            tuple(examples),
            self._methods(),
            self.allowance - self.budget.nodes,
            evidence,
            tuple(notes),
            time.monotonic() - begun,
        )

    def _methods(self) -> dict[str, int]:
        counts = dict.fromkeys(METHODS, 0)
        for state, name in _NAMES.items():
            counts[name] += int((self.states == state).sum())
        for result in self.searched.values():
            if result.outcome != "unknown":
                counts[result.method] += 1
        return counts

    def _trees(self) -> list[list[Node]]:
        heads = self.exponents.scores.heads
        trees: list[list[Node]] = [
            [{"multipliers": [int(a == head) for a in range(heads)]}] for head in self.heads
        ]
        for edge, result in self.searched.items():
            assert result.tree is not None
            trees[edge] = result.tree
        return trees

    def _examples(self, missed: list[int], most: int) -> list[WrongContext]:
        """The first wrong pairs: edges and others, as many of each as there are."""
        examples: list[WrongContext] = []
        others = [tuple(pair) for part in self.reported for pair in part[:most].tolist()]
        for edge in missed:
            if len(examples) >= most - min(len(others), most // 2):
                break
            i, j = self.graph.edges[edge].tolist()
            cover = EdgeCover(self.exponents, i, j)
            result = self.searched.get(edge)
            if result is None:
                # sorting knows the answer; this finds the context
                result = cover_edge(cover, Budget(1000))
            if result.further is None:
                raise ReplayError(f"edge ({i}, {j}) is missed in no context after all")
            examples.append(missed_edge(cover, result.further))
        for i, k in others[: most - len(examples)]:
            examples.append(reported_pair(self.exponents.row(i, k)))
        return sorted(examples, key=lambda example: example.pair)
