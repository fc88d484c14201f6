"""Formulas as disjunctions of cubes (conjunctions of literals) over input numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import comb

from ...formula import (
    And,
    AtLeast,
    AtMost,
    Constant,
    Formula,
    Implies,
    Not,
    Or,
    Variable,
    Xor,
)

#: Input number to required value; inputs that do not occur are free.
Cube = dict[int, int]

#: More choices than this of operands of a counting connective are not looked at.
LARGEST_CHOICE = 4096


class TooManyCubesError(Exception):
    """The disjunction would have more cubes than allowed."""


def cubes_of(formula: Formula, index: Mapping[str, int], limit: int) -> list[Cube] | None:
    """A disjunctive normal form of the formula, None when it has more than ``limit`` cubes.

    A formula that is written as one (an Or of Ands of literals) is taken as it stands, in its
    own order, whatever its size. Contradictory cubes are dropped; no cube contains another.
    """
    written = _written(formula, index)
    if written is not None:
        return written
    try:
        return _expand(formula, True, index, limit)
    except TooManyCubesError:
        return None


def negated_cubes(formula: Formula, index: Mapping[str, int], limit: int) -> list[Cube] | None:
    """The same for the negation of the formula."""
    return cubes_of(formula.operand if isinstance(formula, Not) else Not(formula), index, limit)


def _written(formula: Formula, index: Mapping[str, int]) -> list[Cube] | None:
    cubes = []
    for clause in formula.clauses():
        cube: Cube | None = {}
        for literal in clause.parts if isinstance(clause, And) else (clause,):
            inner = literal.operand if isinstance(literal, Not) else literal
            value = int(inner is literal)
            if isinstance(inner, Constant):
                if inner.truth != bool(value):
                    cube = None
            elif isinstance(inner, Variable):
                variable = index[inner.name]
                if cube is not None and cube.setdefault(variable, value) != value:
                    cube = None
            else:
                return None
        if cube is not None:
            cubes.append(cube)
    return cubes


def _expand(formula: Formula, sign: bool, index: Mapping[str, int], limit: int) -> list[Cube]:
    if isinstance(formula, Constant):
        return [{}] if formula.truth is sign else []
    if isinstance(formula, Variable):
        return [{index[formula.name]: int(sign)}]
    if isinstance(formula, Not):
        return _expand(formula.operand, not sign, index, limit)
    if isinstance(formula, And | Or):
        parts = [_expand(part, sign, index, limit) for part in formula.parts]
        if isinstance(formula, And) is sign:
            return _product(parts, limit)
        return _union(parts, limit)
    if isinstance(formula, Implies):
        premise = _expand(formula.premise, not sign, index, limit)
        conclusion = _expand(formula.conclusion, sign, index, limit)
        return (_union if sign else _product)([premise, conclusion], limit)
    if isinstance(formula, Xor):
        return _parity(formula, sign, index, limit)
    if isinstance(formula, AtLeast):
        return _at_least(formula.count, formula.parts, sign, index, limit)
    if isinstance(formula, AtMost):
        return _at_least(formula.count + 1, formula.parts, not sign, index, limit)
    raise TypeError(f"unknown formula node {type(formula).__name__}")


def _parity(formula: Xor, sign: bool, index: Mapping[str, int], limit: int) -> list[Cube]:
    odd: list[Cube] = []
    even: list[Cube] = [{}]
    for part in formula.parts:
        true = _expand(part, True, index, limit)
        false = _expand(part, False, index, limit)
        odd, even = (
            _union([_product([odd, false], limit), _product([even, true], limit)], limit),
            _union([_product([even, false], limit), _product([odd, true], limit)], limit),
        )
    return odd if sign else even


def _at_least(
    count: int, parts: tuple[Formula, ...], sign: bool, index: Mapping[str, int], limit: int
) -> list[Cube]:
    if not sign:  # fewer than count true: more than len - count false
        count = len(parts) - count + 1
    if count <= 0:
        return [{}]
    if count > len(parts):
        return []
    operands = [_expand(part, sign, index, limit) for part in parts]
    if comb(len(parts), count) > LARGEST_CHOICE:
        raise TooManyCubesError
    result: list[Cube] = []
    for chosen in combinations(operands, count):
        result = _union([result, _product(list(chosen), limit)], limit)
    return result


def _product(parts: list[list[Cube]], limit: int) -> list[Cube]:
    result: list[Cube] = [{}]
    for part in parts:
        joined = (_join(a, b) for a in result for b in part)
        result = _union([[cube for cube in joined if cube is not None]], limit)
    return result


def _join(a: Cube, b: Cube) -> Cube | None:
    if any(a.get(variable, value) != value for variable, value in b.items()):
        return None
    return {**a, **b}


def _union(parts: Iterable[Iterable[Cube]], limit: int) -> list[Cube]:
    """All cubes without those that another one contains; raises TooManyCubesError."""
    kept: list[Cube] = []
    for part in parts:
        for cube in part:
            items = cube.items()
            if any(other.items() <= items for other in kept):
                continue
            kept = [other for other in kept if not items <= other.items()]
            kept.append(cube)
            if len(kept) > limit:
                raise TooManyCubesError
    return kept
