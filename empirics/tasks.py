"""Tasks to train on: random Boolean functions with a known ground truth, seeded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..verify.errors import InputError
from ..verify.formula import And, Formula, Or, Variable
from ..verify.specification import Specification

#: A literal is (input index, polarity), a clause the AND of its literals.
Literal = tuple[int, bool]
Clause = tuple[Literal, ...]

#: Draws of overlapping clauses before giving up on a prime, irredundant formula.
DRAWS = 1000


@dataclass(frozen=True)
class DnfTask:
    """One output that is an OR of clauses, on all inputs.

    Attributes:
        inputs: number of inputs.
        clauses: literals of every clause, by input index.
        seed: that the clauses were drawn with.
    """

    inputs: int
    clauses: tuple[Clause, ...]
    seed: int

    @cached_property
    def formula(self) -> Formula:
        """The DNF over x0, x1, ..."""
        parts = tuple(_conjunction(clause) for clause in self.clauses)
        return parts[0] if len(parts) == 1 else Or(parts)

    @cached_property
    def specification(self) -> Specification:
        """Output y0 reads true above 0 exactly where the formula is true."""
        return Specification(self.inputs, {"y0": self.formula})


@dataclass(frozen=True)
class CnfTask:
    """One output that is an AND of clauses, each an OR of literals, on all inputs.

    Attributes:
        inputs: number of inputs.
        clauses: literals of every clause, by input index.
        seed: that the clauses were drawn with.
    """

    inputs: int
    clauses: tuple[Clause, ...]
    seed: int

    @cached_property
    def opposite(self) -> DnfTask:
        """The DNF that is true exactly where this is false: its literals are negated."""
        clauses = tuple(tuple((i, not sign) for i, sign in clause) for clause in self.clauses)
        return DnfTask(self.inputs, clauses, self.seed)

    @cached_property
    def formula(self) -> Formula:
        """The CNF over x0, x1, ..."""
        parts = tuple(_disjunction(clause) for clause in self.clauses)
        return parts[0] if len(parts) == 1 else And(parts)

    @cached_property
    def specification(self) -> Specification:
        """Output y0 reads true above 0 exactly where the formula is true."""
        return Specification(self.inputs, {"y0": self.formula})


def random_dnf(
    inputs: int,
    clauses: int,
    width: int,
    seed: int,
    *,
    disjoint: bool = True,
    mixed: bool = False,
) -> DnfTask:
    """Draw a DNF whose clauses are prime implicants, none of them redundant.

    Args:
        inputs: number of inputs.
        clauses: number of clauses.
        width: literals a clause.
        seed: of the draw.
        disjoint: no input occurs in two clauses; else clauses are drawn independently.
        mixed: literals are negated with probability 1/2; else all are positive.

    Raises:
        InputError: sizes that do not fit, or no such formula in 1,000 draws.
    """
    if inputs < 1 or clauses < 1 or not 1 <= width <= inputs:
        raise InputError(
            f"a DNF needs at least one clause and 1 to {inputs} literals a clause, "
            f"not {clauses} clauses of {width}"
        )
    if disjoint and clauses * width > inputs:
        raise InputError(
            f"{clauses} disjoint clauses of {width} literals need {clauses * width} inputs, "
            f"not {inputs}; ask for fewer clauses, or let them overlap"
        )
    rng = np.random.default_rng(seed)
    for _ in range(DRAWS):
        if disjoint:
            rows = rng.permutation(inputs)[: clauses * width].reshape(clauses, width)
        else:
            rows = np.stack([rng.choice(inputs, width, replace=False) for _ in range(clauses)])
        signs = rng.random(rows.shape) < 0.5 if mixed else np.ones(rows.shape, dtype=bool)
        drawn = tuple(
            tuple(sorted((int(i), bool(s)) for i, s in zip(row, sign, strict=True)))
            for row, sign in zip(rows, signs, strict=True)
        )
        if _irredundant(drawn) and all(_prime(clause, drawn) for clause in drawn):
            return DnfTask(inputs, drawn, seed)
    raise InputError(
        f"no DNF of {clauses} prime clauses of width {width} over {inputs} inputs was found in "
        f"{DRAWS} draws; ask for fewer or wider clauses"
    )


def random_cnf(
    inputs: int,
    clauses: int,
    width: int,
    seed: int,
    *,
    disjoint: bool = True,
    mixed: bool = False,
) -> CnfTask:
    """Draw a CNF whose clauses are prime implicates, none of them redundant.

    Arguments, literals and errors are those of :func:`random_dnf`.
    """
    drawn = random_dnf(inputs, clauses, width, seed, disjoint=disjoint, mixed=mixed)
    # swapping AND and OR, and flipping all literals, keep clauses prime and needed
    return CnfTask(inputs, drawn.clauses, seed)


def _conjunction(clause: Clause) -> Formula:
    parts = tuple(Variable(f"x{i}") if sign else ~Variable(f"x{i}") for i, sign in clause)
    return parts[0] if len(parts) == 1 else And(parts)


def _disjunction(clause: Clause) -> Formula:
    parts = tuple(Variable(f"x{i}") if sign else ~Variable(f"x{i}") for i, sign in clause)
    return parts[0] if len(parts) == 1 else Or(parts)


def _irredundant(clauses: tuple[Clause, ...]) -> bool:
    """No clause implies the OR of the others."""
    return not any(
        _implied(clause, clauses[:i] + clauses[i + 1 :]) for i, clause in enumerate(clauses)
    )


def _prime(clause: Clause, clauses: tuple[Clause, ...]) -> bool:
    """No literal can be left out: the shorter clause would be true where the DNF is false."""
    return not any(_implied(clause[:i] + clause[i + 1 :], clauses) for i in range(len(clause)))


def _implied(premise: Clause, clauses: tuple[Clause, ...]) -> bool:
    """Every point of the premise satisfies a clause, by branching on inputs that matter."""
    fixed = dict(premise)
    left = []
    for clause in clauses:
        if any(fixed.get(i, sign) != sign for i, sign in clause):
            continue
        rest = tuple(literal for literal in clause if literal[0] not in fixed)
        if not rest:
            return True
        left.append(rest)
    if not left:
        return False
    split = left[0][0][0]
    return all(_implied((*premise, (split, value)), tuple(left)) for value in (False, True))
