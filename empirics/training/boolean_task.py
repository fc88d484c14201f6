"""Boolean tasks by name and numbers: what a network should compute, and what it is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ...constructions.patterns import pattern
from ...verify.errors import InputError
from ...verify.family import Family
from ...verify.specification import Specification
from ..sampler import near_miss
from ..tasks import CnfTask, DnfTask, random_cnf, random_dnf
from .batches import Batches

#: Functions to compute, by name.
KINDS = ("and", "permutation", "dnf", "cnf")
#: Points that a task is trained on as a whole at most, unless told otherwise.
WHOLE = 1 << 13
#: How the points of larger domains are drawn.
SAMPLERS = ("auto", "domain", "near", "plain")


@dataclass(frozen=True)
class BooleanTask:
    """What to compute, drawn by a seed.

    Attributes:
        kind: ``and`` (every output is the AND of ``arity`` inputs), ``permutation`` (output i is
            input pi(i)), ``dnf`` or ``cnf`` (one output, ``clauses`` of ``arity`` literals).
        inputs: number of inputs.
        outputs: number of outputs; None: as many as inputs (for pairs, as many as the pattern
            has), or one for DNF and CNF.
        active: the domain holds the inputs with at most so many ones; None for all inputs.
        arity: members of an AND, or literals of a clause.
        clauses: of a DNF or CNF.
        disjoint: no input occurs in two clauses.
        mixed: half of the literals are negated.
        pattern: which pairs, for ANDs of two; see :mod:`superproof.constructions.patterns`.
        seed: of the draw.

    Raises InputError for values that do not fit.
    """

    kind: str
    inputs: int
    outputs: int | None = None
    active: int | None = None
    arity: int = 2
    clauses: int = 2
    disjoint: bool = True
    mixed: bool = False
    pattern: str = "random"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"unknown task '{self.kind}'; use one of {', '.join(KINDS)}")
        if self.seed < 0:
            raise InputError(f"the seed of a task must be 0 or more, not {self.seed}")
        if self.inputs < 1 or not 1 <= self.arity <= self.inputs:
            raise InputError(
                f"a task needs inputs from 1 and an arity from 1 to their number, "
                f"not {self.inputs} and {self.arity}"
            )
        if self.active is not None and not 1 <= self.active <= self.inputs:
            raise InputError(
                f"active must lie between 1 and the {self.inputs} inputs, not {self.active}"
            )
        if self.pattern != "random" and (self.kind, self.arity) != ("and", 2):
            raise InputError(f"the pattern '{self.pattern}' is one of pairs; use and with arity 2")
        if self.outputs is not None and self.outputs < 1:
            raise InputError(f"a task has at least one output, not {self.outputs}")
        if self.kind in ("dnf", "cnf") and self.outputs not in (None, 1):
            raise InputError(f"a {self.kind} has one output, not {self.outputs}")
        if self.kind == "permutation" and self.outputs not in (None, self.inputs):
            raise InputError(
                f"a permutation of {self.inputs} inputs has as many outputs, not {self.outputs}"
            )

    @cached_property
    def formula_task(self) -> DnfTask | CnfTask | None:
        """The clauses of a DNF or CNF."""
        if self.kind not in ("dnf", "cnf"):
            return None
        draw = random_dnf if self.kind == "dnf" else random_cnf
        task: DnfTask | CnfTask = draw(
            self.inputs,
            self.clauses,
            self.arity,
            self.seed,
            disjoint=self.disjoint,
            mixed=self.mixed,
        )
        return task

    @cached_property
    def members(self) -> np.ndarray:
        """Inputs of every output, int64 (outputs, arity), for ANDs and permutations."""
        rng = np.random.default_rng(self.seed)
        if self.kind == "permutation":
            return rng.permutation(self.inputs)[:, None]
        outputs = self.inputs if self.outputs is None else self.outputs
        if self.arity == 2:
            pairs = pattern(self.pattern, self.inputs, self.outputs, self.seed)
            return np.asarray(pairs, dtype=np.int64)
        return _distinct_sets(self.inputs, outputs, self.arity, rng)

    @cached_property
    def specification(self) -> Specification:
        """The outputs read true above 0; false feeds 0 and true 1."""
        domain = None if self.active is None else {"at_most": self.active}
        task = self.formula_task
        if task is not None:
            return Specification(self.inputs, {"y0": task.formula}, domain=domain)
        return Specification(self.inputs, family=Family("and", self.members), domain=domain)


@dataclass(frozen=True)
class Sampling:
    """Which points a run sees.

    Attributes:
        sampler: ``domain`` (all points), ``near`` or ``plain`` (drawn, for DNF and CNF on all
            inputs), or ``auto``: all points where they are few, else drawn.
        points: drawn in all, once.
        rows: points a step; None for all of them.
        density: probability of a one in the background of drawn points.

    Raises InputError for values out of range.
    """

    sampler: str = "auto"
    points: int = 4096
    rows: int | None = None
    density: float = 0.5

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise InputError(f"unknown sampler '{self.sampler}'; use one of {', '.join(SAMPLERS)}")
        if self.points < 1 or (self.rows is not None and self.rows < 1):
            raise InputError(
                f"sampling needs points and rows from 1, not {self.points} and {self.rows}"
            )
        if not 0 < self.density < 1:
            raise InputError(f"density must lie between 0 and 1, not {self.density}")

    def whole(self, task: BooleanTask) -> bool:
        """Whether a task is trained on all points of its domain.

        Raises InputError where neither way is open.
        """
        few = task.specification.domain.candidates <= WHOLE
        drawable = task.formula_task is not None and task.active is None
        if self.sampler == "domain" or (self.sampler == "auto" and few):
            return True
        if not drawable:
            raise InputError(
                f"a task '{task.kind}' on the domain '{task.specification.domain}' cannot be "
                f"sampled; use the sampler domain (up to {WHOLE:,} points by itself)"
            )
        return False

    def batches(self, task: BooleanTask) -> Batches:
        """How the points are dealt."""
        whole = self.whole(task)
        total = task.specification.domain.candidates if whole else self.points
        return Batches(total, self.rows)


class Points(NamedTuple):
    """Points and what is true there.

    Attributes:
        points: uint8 (points, inputs).
        truth: Booleans (points, outputs).
    """

    points: np.ndarray
    truth: np.ndarray


def draw_points(task: BooleanTask, sampling: Sampling, seed: int) -> Points:
    """The points of a run, in random order where they are dealt into several batches."""
    rng = np.random.default_rng([seed, 21])
    if sampling.whole(task):
        points, truth = whole_domain(task)
        if sampling.rows is None:
            return Points(points, truth)
        order = rng.permutation(len(points))
        return Points(points[order], truth[order])
    formula = task.formula_task
    assert formula is not None
    # a CNF is false where the DNF of the opposite literals is true: the same border
    border = formula if isinstance(formula, DnfTask) else formula.opposite
    near = sampling.sampler != "plain"
    points = near_miss(border, sampling.points, rng, density=sampling.density, near=near)
    return Points(points, task.specification.expected(points))


@lru_cache(maxsize=8)
def whole_domain(task: BooleanTask) -> Points:
    """All points of the domain of a task, which many runs share."""
    points = np.concatenate(list(task.specification.domain.chunks()))
    truth = task.specification.expected(points)
    for array in (points, truth):
        array.flags.writeable = False
    return Points(points, truth)


def _distinct_sets(inputs: int, outputs: int, arity: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct sets of so many inputs, drawn uniformly."""
    found: dict[tuple[int, ...], None] = {}
    for _ in range(64 * outputs + 1024):
        if len(found) == outputs:
            break
        found[tuple(sorted(rng.choice(inputs, arity, replace=False).tolist()))] = None
    else:
        raise InputError(
            f"{outputs} distinct ANDs of {arity} of {inputs} inputs were not found; "
            "ask for fewer outputs or more inputs"
        )
    return np.array(list(found), dtype=np.int64)
