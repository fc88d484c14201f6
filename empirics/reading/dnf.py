"""Disjunctive normal forms: what follows from what, decided on the formulas alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ...verify.formula import And, Constant, Formula, Not, Or, Variable
from ..tasks import Clause, Literal

#: A clause as two bit masks over the inputs: those that must be true, and those that must be false.
Mask = tuple[int, int]


def clause_of(literals: Iterable[Literal]) -> Clause:
    """A clause with its literals in the order of the inputs. Raises ValueError for x and not x."""
    chosen: dict[int, bool] = {}
    for i, sign in literals:
        if chosen.setdefault(int(i), bool(sign)) != bool(sign):
            raise ValueError(f"input {i} occurs with both signs")
    return tuple(sorted(chosen.items()))


def opposite(clause: Clause) -> Clause:
    """The clause of the negated literals."""
    return tuple((i, not sign) for i, sign in clause)


def contains(larger: Clause, smaller: Clause) -> bool:
    """Whether every point of the second cube lies in the first: its literals are all there."""
    return set(larger) <= set(smaller)


def implied(premise: Clause, clauses: Sequence[Clause]) -> bool:
    """Whether every point of a cube satisfies one of the clauses, by branching on its inputs."""
    true, false = _mask(premise)
    return _covered(true, false, [_mask(clause) for clause in clauses])


def implies(first: Sequence[Clause], second: Sequence[Clause]) -> bool:
    """Whether the first DNF is false wherever the second is."""
    masks = [_mask(clause) for clause in second]
    return all(_covered(*_mask(clause), masks) for clause in first)


def equivalent(first: Sequence[Clause], second: Sequence[Clause]) -> bool:
    """Whether two DNFs are the same function."""
    return implies(first, second) and implies(second, first)


def maximal(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """The clauses that no other one contains, in their order, each once."""
    kept: list[Clause] = []
    for clause in dict.fromkeys(clauses):
        if any(contains(other, clause) for other in kept):
            continue
        kept = [other for other in kept if not contains(clause, other)]
        kept.append(clause)
    return tuple(kept)


def primed(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The same function with every clause prime: no literal of it can be left out."""
    masks = [_mask(clause) for clause in clauses]
    shorter = []
    for clause in clauses:
        left = list(clause)
        for literal in clause:
            rest = [other for other in left if other != literal]
            if _covered(*_mask(tuple(rest)), masks):
                left = rest
        shorter.append(tuple(left))
    return maximal(shorter)


def irredundant(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The same function without clauses that the others imply, long ones dropped first."""
    kept = list(maximal(clauses))
    for clause in sorted(kept, key=len, reverse=True):
        others = [other for other in kept if other != clause]
        if implied(clause, others):
            kept = others
    return tuple(kept)


def minimised(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """An irredundant DNF of prime clauses of the same function, shortest clauses first.

    No network is asked: every step is a tautology test. It is irredundant, not the shortest
    of all.
    """
    return tuple(sorted(irredundant(primed(clauses)), key=lambda clause: (len(clause), clause)))


def satisfied(clauses: Sequence[Clause], points: np.ndarray) -> np.ndarray:
    """Which clauses are true at 0/1 points (points, inputs): Booleans (points, clauses)."""
    table = np.ones((len(points), len(clauses)), dtype=bool)
    bits = points.astype(bool)
    for number, clause in enumerate(clauses):
        for i, sign in clause:
            table[:, number] &= bits[:, i] == sign
    return table


def dnf_formula(clauses: Sequence[Clause], names: Sequence[str]) -> Formula:
    """The DNF over named inputs; ``false`` without clauses, ``true`` with an empty one."""
    return _joined(Or, [_joined(And, [_literal(x, names) for x in c]) for c in clauses], False)


def cnf_formula(clauses: Sequence[Clause], names: Sequence[str]) -> Formula:
    """The negation of the DNF of these clauses, as a CNF."""
    parts = [_joined(Or, [_literal((i, not sign), names) for i, sign in c], False) for c in clauses]
    return _joined(And, parts, True)


def _joined(kind: type[And] | type[Or], parts: list[Formula], empty: bool | None = None) -> Formula:
    if not parts:
        return Constant(kind is And if empty is None else empty)
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def _literal(literal: Literal, names: Sequence[str]) -> Formula:
    variable = Variable(names[literal[0]])
    return variable if literal[1] else Not(variable)


def _mask(clause: Clause) -> Mask:
    true = false = 0
    for i, sign in clause:
        if sign:
            true |= 1 << i
        else:
            false |= 1 << i
    return true, false


def _covered(true: int, false: int, clauses: Sequence[Mask]) -> bool:
    """Whether the cube of some fixed inputs lies in the union of clauses."""
    left: list[Mask] = []
    for t, f in clauses:
        if t & false or f & true:
            continue
        rest = t & ~true, f & ~false
        if rest == (0, 0):
            return True
        left.append(rest)
    if not left:
        return False
    # an input that occurs with one sign only is set against it: the rest must then suffice
    positive = negative = 0
    for t, f in left:
        positive |= t
        negative |= f
    pure_true, pure_false = positive & ~negative, negative & ~positive
    if pure_true or pure_false:
        return _covered(true | pure_false, false | pure_true, left)
    split = _most_frequent(left)
    return _covered(true | split, false, left) and _covered(true, false | split, left)


def _most_frequent(clauses: Sequence[Mask]) -> int:
    """The bit of the input that occurs in most of the clauses."""
    times: dict[int, int] = {}
    for t, f in clauses:
        both = t | f
        while both:
            bit = both & -both
            times[bit] = times.get(bit, 0) + 1
            both ^= bit
    return max(times, key=lambda bit: (times[bit], -bit))
