"""Decode, verify, repair, minimise: a DNF of an output with an exact proof that it is complete.

Candidates come from the weights. What looks true on samples is shortened on samples; the exact
engine then says whether the formula is the output. Where it is not, the leaves of its search are
cubes on which the formula is wrong: those that are missing join, what is refuted goes, and a
refuted point is never covered again. Pure DNF logic makes the clauses prime and none of them
redundant. Only the last exact answer counts; whatever proposed the clauses, it is right.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...verify.formula import Formula
from ...verify.verdict import Verdict
from ..tasks import Clause
from .dnf import cnf_formula, contains, dnf_formula, maximal, minimised, satisfied
from .target import Answer, Target

#: Points that a cube is tried on, and of a first look.
ROWS, FIRST_LOOK = 256, 24
#: Points of the domain at which clauses are looked for by sampling, and in every clause.
SEARCH, INSIDE = 8192, 512
#: Rounds of that.
SAMPLED_ROUNDS = 12


@dataclass(frozen=True)
class Limits:
    """When to give up.

    Attributes:
        clauses: more than so many.
        rounds: so many exact answers.
        timeout: seconds, of everything and of every exact answer.
        cubes: every shortened cube is decided exactly instead of on samples.
        sampled: clauses are looked for on samples before the first exact question.
        leaves: the exact engine answers no with cubes; without it, with one input.
    """

    clauses: int = 160
    rounds: int = 40
    timeout: float | None = None
    cubes: bool = False
    sampled: bool = True
    leaves: bool = True


@dataclass(frozen=True)
class Learned:
    """What came out.

    Attributes:
        clauses: of the output, or where ``truth`` is false of its negation.
        truth: whether the clauses say when the output is true.
        static: clauses that the weights alone gave, after shortening, before any sampling.
        verdict: the exact verdict on the formula; None where none was asked for.
        rounds: exact answers.
        why: why it ended without a proof; empty with one.
        seconds: of everything.
    """

    clauses: tuple[Clause, ...]
    truth: bool
    static: tuple[Clause, ...]
    verdict: Verdict | None
    rounds: int
    why: str
    seconds: float

    @property
    def proved(self) -> bool:
        """The formula is the output on every input of the domain."""
        return self.verdict is not None and self.verdict.holds

    def formula(self, names: Sequence[str]) -> Formula:
        """The DNF, or the CNF of a negation, over named inputs."""
        return (dnf_formula if self.truth else cnf_formula)(self.clauses, names)


class Learner:
    """Learns the clauses of one output.

    Args:
        target: the output.
        truth: learn where it is true; else where it is false.
        seed: of all samples.
        limits: when to give up.
    """

    def __init__(
        self, target: Target, *, truth: bool = True, seed: int = 0, limits: Limits | None = None
    ) -> None:
        self.target, self.truth, self.limits = target, truth, limits or Limits()
        self._rng = np.random.default_rng([seed, int(truth)])
        self._start = time.monotonic()
        self._pool = np.zeros((0, target.inputs), dtype=np.uint8)
        self.clauses: tuple[Clause, ...] = ()
        self.static: tuple[Clause, ...] = ()

    def decode(self, candidates: Sequence[Clause]) -> None:
        """Take in the candidates that look true, shortened; nothing is decided here."""
        for clause in candidates:
            if not any(contains(known, clause) for known in self.clauses) and self._true(clause):
                self._add(self.shortened(clause))
        self.static = self.clauses

    def agreement(self) -> float:
        """Share of fresh samples on which the clauses are the output."""
        points = self.target.sample((), SEARCH, self._rng)
        return float((self._covered(points) == self._reads(points)).mean()) if len(points) else 1.0

    def prove(self) -> Learned:
        """Ask, repair and ask again until the formula is proved or a limit is reached."""
        verdict: Verdict | None = None
        rounds, why = 0, f"not proved in {self.limits.rounds} exact answers"
        while rounds < self.limits.rounds:
            if len(self.clauses) > self.limits.clauses:
                why = f"more than {self.limits.clauses} clauses"
                break
            left = self._left()
            if left is not None and left <= 0:
                why = "the time was up"
                break
            self.clauses = minimised(self.clauses)
            answer = self.target.verify(self._formula(), timeout=left, leaves=self.limits.leaves)
            verdict, rounds = answer.verdict, rounds + 1
            if verdict.holds:
                why = ""
                break
            if verdict.status == "unknown":
                why = "the exact engine did not finish in time"
                break
            if answer.undecided is not None:
                why = f"the output reads as neither true nor false at {answer.undecided}"
                break
            self.repair(answer)
        seconds = time.monotonic() - self._start
        return Learned(self.clauses, self.truth, self.static, verdict, rounds, why, seconds)

    def repair(self, answer: Answer) -> None:
        """Drop what is refuted, then add what is missing."""
        for wrong in answer.wrong:
            if wrong.truth is not self.truth:
                self._refute(self.target.sample(wrong.clause, 1, self._rng))
        for wrong in answer.wrong:
            missing = wrong.truth is self.truth
            if missing and not any(contains(known, wrong.clause) for known in self.clauses):
                self._add(self.shortened(wrong.clause))

    def shortened(self, clause: Clause) -> Clause:
        """The clause without literals that it does not seem to need, tried one by one.

        Literals go in random order, so that none is preferred by its number.
        """
        left = list(clause)
        for place in self._rng.permutation(len(clause)):
            rest = tuple(literal for literal in left if literal != clause[place])
            if self._true(rest):
                left = list(rest)
        return tuple(left)

    def _true(self, clause: Clause) -> bool:
        """Whether the output looks like ``truth`` on a cube, or is so, if limits say exactly."""
        if len(self._pool) and satisfied([clause], self._pool).any():
            return False
        for rows in (FIRST_LOOK, ROWS):
            points = self.target.sample(clause, rows, self._rng)
            if not len(points) or not self._reads(points).all():
                return False
        return not self.limits.cubes or self.target.holds_on(clause, self.truth)

    def search(self) -> None:
        """Look on samples for points that no clause covers, and for points that one should not.

        Still nothing is decided.
        """
        for _ in range(SAMPLED_ROUNDS if self.limits.sampled else 0):
            left = self._left()
            if len(self.clauses) > self.limits.clauses or (left is not None and left <= 0):
                return
            points = self.target.sample((), SEARCH, self._rng)
            near = [self.target.sample(clause, INSIDE, self._rng) for clause in self.clauses]
            for inside, clause in zip(near, self.clauses, strict=True):
                half = inside[: len(inside) // 2]
                flips = self._rng.integers(0, max(len(clause), 1), len(half))
                index = np.array([i for i, _ in clause], dtype=np.int64)
                if len(clause):
                    half[np.arange(len(half)), index[flips]] ^= 1
            points = np.concatenate([points, *near])
            points = points[self.target.domain.contains(points)]
            reads, covered = self._reads(points), self._covered(points)
            missing, refuted = points[reads & ~covered], points[covered & ~reads]
            if not len(missing) and not len(refuted):
                return
            self._refute(refuted)
            for point in missing:
                left = self._left()
                if len(self.clauses) > self.limits.clauses or (left is not None and left <= 0):
                    break
                if not self._covered(point[None]).any():
                    self._add(self.shortened(tuple((i, bool(b)) for i, b in enumerate(point))))

    def _refute(self, points: np.ndarray) -> None:
        """No clause may cover these points, now or later."""
        if not len(points):
            return
        bad: np.ndarray = np.any(satisfied(self.clauses, points), axis=0)
        kept = zip(self.clauses, bad, strict=True)
        self.clauses = tuple(clause for clause, wrong in kept if not wrong)
        self._pool = np.concatenate([self._pool, points])

    def _add(self, clause: Clause) -> None:
        self.clauses = maximal([*self.clauses, clause])

    def _reads(self, points: np.ndarray) -> np.ndarray:
        reads: np.ndarray = self.target.truth(points) == self.truth
        return reads

    def _covered(self, points: np.ndarray) -> np.ndarray:
        covered: np.ndarray = np.any(satisfied(self.clauses, points), axis=1)
        return covered

    def _formula(self) -> Formula:
        join = dnf_formula if self.truth else cnf_formula
        return join(self.clauses, self.target.domain.names)

    def _left(self) -> float | None:
        if self.limits.timeout is None:
            return None
        return self.limits.timeout - (time.monotonic() - self._start)


def learn(
    target: Target,
    candidates: Sequence[Clause] = (),
    *,
    truth: bool = True,
    seed: int = 0,
    limits: Limits | None = None,
) -> Learned:
    """Learn the clauses of an output and prove them; see :class:`Learner`."""
    learner = Learner(target, truth=truth, seed=seed, limits=limits)
    learner.decode(candidates)
    learner.search()
    return learner.prove()
