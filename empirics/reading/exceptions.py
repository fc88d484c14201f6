"""Networks with errors: an intended formula, the exact cubes where it fails, the loss a clause.

A DNF of such a network can have hundreds of clauses that nobody meant. The intended formula is
given, or guessed from clauses that are true of most of their points; the cubes are exact, and
disjoint.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...verify.check import check
from ...verify.comparison.formula_count import RegionSizes
from ...verify.engines.leaves import wrong_cubes
from ...verify.errors import InputError
from ...verify.formula import And, Formula, Not, Or
from ...verify.readout import Levels
from ..tasks import Clause
from .dnf import contains, dnf_formula, maximal, satisfied
from .target import Target

#: A clause is meant where at most this share of its points reads otherwise.
TOLERANCE = 0.08
#: Points of a clause that are looked at, and of the domain.
ROWS, SEARCH = 256, 8192
#: A clause that alone explains fewer of those is not meant, nor one that explains less than this
#: share of what the first does.
LEAST, SHARE = 24, 0.15
#: Points that no candidate covers and that are made into clauses, at most.
TRIED = 64
#: Cubes that are listed, and search nodes that may be spent on them.
CUBES, NODES = 20_000, 2_000_000
#: Seconds for a count where the cubes are too many, at most and at least.
COUNTING, LEAST_COUNTING = 60.0, 2.0
#: A formula with its exceptions is proved as a whole up to this many cubes.
PROVABLE = 1500


@dataclass(frozen=True)
class WrongInputs:
    """A cube of inputs on which the network does not read what the formula says.

    Attributes:
        literals: of the cube.
        reads: what the network reads on all of it; see :attr:`Exceptions.unsettled`.
        size: inputs of the domain in it.
    """

    literals: Clause
    reads: bool
    size: int


@dataclass(frozen=True)
class Loss:
    """What a clause of the intended formula loses.

    Attributes:
        clause: as text.
        wrong: inputs on which it is true and the network does not read so; None where not counted.
        size: inputs of the domain on which it is true.
    """

    clause: str
    wrong: int | None
    size: int | None


@dataclass(frozen=True)
class Exceptions:
    """An intended formula and where it fails.

    Attributes:
        intended: the formula.
        given: it was given, not guessed.
        cubes: disjoint, largest first.
        complete: there are no others.
        violations: inputs in them; of all where complete.
        total: number of all inputs where it fails, if the cubes are not all and it was counted.
        unsettled: the read-out has two levels, so that inputs of a cube may read as neither
            instead; False where the formula with its exceptions was proved.
        losses: one for each operand of the top-level or (and) of the formula, if complete.
        nodes, seconds: of the search.
    """

    intended: Formula
    given: bool
    cubes: tuple[WrongInputs, ...]
    complete: bool
    violations: int
    losses: tuple[Loss, ...]
    nodes: int
    seconds: float
    total: int | None = None
    unsettled: bool = False

    def formula(self, names: Sequence[str]) -> Formula:
        """The intended formula, corrected on every cube."""
        missing = [cube.literals for cube in self.cubes if cube.reads]
        spurious = [cube.literals for cube in self.cubes if not cube.reads]
        formula = self.intended
        if spurious:
            formula = And((formula, Not(dnf_formula(spurious, names))))
        if missing:
            clauses = formula.clauses() if not spurious else (formula,)
            formula = Or((*clauses, *dnf_formula(missing, names).clauses()))
        return formula


def exceptions(
    target: Target,
    intended: Formula,
    *,
    given: bool,
    cubes: int = CUBES,
    nodes: int = NODES,
    timeout: float | None = None,
) -> Exceptions | None:
    """Find where the output is not the intended formula, as disjoint cubes.

    Args:
        target: the output.
        intended: the formula.
        given: whether somebody gave it.
        cubes, nodes, timeout: when to stop; the seconds are those of the search.

    Returns:
        The cubes, complete or not; None for weights that float64 cannot bound.
    """
    start = time.monotonic()
    deadline = None if timeout is None else start + timeout
    problem = target.problem(intended)
    try:
        found = wrong_cubes(problem, most=cubes, nodes=nodes, deadline=deadline)
    except InputError:
        return None
    listed = sorted(
        (WrongInputs(c.literals, not c.expected, c.size) for c in found.cubes),
        key=lambda cube: (-cube.size, cube.literals),
    )
    losses = _losses(target, intended, listed) if found.complete else ()
    total = found.size if found.complete else _counted(target, intended, timeout, deadline)
    seconds = time.monotonic() - start
    target.usage.verify += 1
    target.usage.nodes += found.nodes
    target.usage.seconds += seconds
    return Exceptions(
        intended,
        given,
        tuple(listed),
        found.complete,
        found.size,
        losses,
        found.nodes,
        seconds,
        total,
        isinstance(target.readout, Levels),
    )


def _counted(
    target: Target, intended: Formula, timeout: float | None, deadline: float | None
) -> int | None:
    """How many inputs are wrong, by whatever engine counts them; a count lists no cubes."""
    left = COUNTING
    if timeout is not None and deadline is not None:
        left = max(deadline - time.monotonic(), min(LEAST_COUNTING, timeout))
    problem = target.problem(intended)
    verdict = check(
        problem.network,
        problem.specification,
        count=True,
        timeout=left,
        threads=target.threads,
        dtypes=(),
    )
    if verdict.interrupted:
        raise KeyboardInterrupt
    return verdict.violations


def guess_intended(
    target: Target, candidates: Sequence[Clause], *, truth: bool = True, seed: int = 0
) -> tuple[Clause, ...]:
    """Clauses that are true of most of their points and explain many points by themselves.

    Args:
        target: the output.
        candidates: proposed clauses.
        truth: clauses of the output, or of its negation.
        seed: of the samples.
    """
    rng = np.random.default_rng([seed, 7])

    def meant(clause: Clause) -> bool:
        points = target.sample(clause, ROWS, rng)
        if not len(points):
            return False
        return bool((target.truth(points) == truth).mean() >= 1 - TOLERANCE)

    def shortened(clause: Clause) -> Clause:
        left = list(clause)
        for place in rng.permutation(len(clause)):
            rest = tuple(literal for literal in left if literal != clause[place])
            if meant(rest):
                left = list(rest)
        return tuple(left)

    clauses: tuple[Clause, ...] = ()
    for clause in candidates:
        if not any(contains(known, clause) for known in clauses) and meant(clause):
            clauses = maximal([*clauses, shortened(clause)])
    points = target.sample((), SEARCH, rng)
    reads = target.truth(points) == truth
    if not len(points) or reads.all() or not reads.any():
        return clauses
    for point in points[reads][:TRIED]:
        if not satisfied(clauses, point[None]).any():
            clauses = maximal(
                [*clauses, shortened(tuple((i, bool(b)) for i, b in enumerate(point)))]
            )
    # greedily: the clause that explains most of what is left, as long as that is many points
    table = satisfied(clauses, points)
    chosen: list[Clause] = []
    left, least = reads.copy(), float(LEAST)
    while len(chosen) < len(clauses):
        gain = (table & left[:, None]).sum(axis=0) - (table & ~reads[:, None]).sum(axis=0)
        best = int(gain.argmax())
        if gain[best] < least:
            break
        if not chosen:
            least = max(least, SHARE * float(gain[best]))
        chosen.append(clauses[best])
        left &= ~table[:, best]
    return tuple(sorted(chosen, key=lambda clause: (len(clause), clause)))


def _losses(target: Target, intended: Formula, cubes: Sequence[WrongInputs]) -> tuple[Loss, ...]:
    """Exact counts of wrong inputs on every clause; they may share some."""
    sizes = RegionSizes(target.domain)
    names = target.domain.names
    lost = [dnf_formula([cube.literals], names) for cube in cubes if cube.reads is False]
    losses = []
    for clause in intended.clauses():
        size = sizes.size(clause)
        wrong: int | None = 0
        if lost:
            # the cubes are disjoint: one region, however many they are
            wrong = sizes.size(And((clause, Or(tuple(lost)))))
        losses.append(Loss(str(clause), wrong, size))
    return tuple(losses)
