"""Formulas and domains as Z3 terms over the input bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import z3

from ...domain import Domain
from ...formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor


def formula_term(
    formula: Formula, bits: Sequence[z3.BoolRef], domain: Domain, context: z3.Context
) -> z3.BoolRef:
    """The formula over ``bits``, one Z3 Boolean an input in the domain's order."""
    if isinstance(formula, Variable):
        return bits[domain.index[formula.name]]
    if isinstance(formula, Constant):
        return z3.BoolVal(formula.truth, context)
    terms = [formula_term(operand, bits, domain, context) for operand in formula.operands]
    if isinstance(formula, Not):
        return z3.Not(terms[0])
    if isinstance(formula, And):
        return conjunction(terms, context)
    if isinstance(formula, Or):
        return disjunction(terms, context)
    if isinstance(formula, Xor):
        parity = z3.BoolVal(False, context)
        for term in terms:
            parity = z3.Xor(parity, term)
        return parity
    if isinstance(formula, Implies):
        return z3.Implies(*terms)
    if isinstance(formula, AtLeast):
        return at_least(terms, formula.count, context)
    if isinstance(formula, AtMost):
        return at_most(terms, formula.count, context)
    raise TypeError(f"unknown formula node {type(formula).__name__}")


def domain_terms(
    domain: Domain,
    bits: Sequence[z3.BoolRef],
    context: z3.Context,
    tick: Callable[[], None],
) -> list[z3.BoolRef]:
    """Constraints whose conjunction says that ``bits`` lie in the domain (none for 'all').

    ``tick`` is called now and then and may raise to stop.
    """
    terms: list[z3.BoolRef] = []
    if domain.at_least > 0:
        terms.append(at_least(bits, domain.at_least, context))
    if domain.at_most < domain.inputs:
        terms.append(at_most(bits, domain.at_most, context))
    for ball in domain.balls:
        flips = [z3.Not(bit) if c else bit for bit, c in zip(bits, ball.centre, strict=True)]
        terms.append(at_most(flips, ball.radius, context))
    for group in domain.one_hot:
        members = [bits[i] for i in group]
        terms.append(disjunction(members, context))
        terms.append(at_most(members, 1, context))
    if domain.where is not None:
        terms.append(formula_term(domain.where, bits, domain, context))
    if domain.points is not None:
        terms.append(_listed(domain.points.astype(bool), 0, bits, context, tick))
    return terms


def _listed(
    points: np.ndarray,
    start: int,
    bits: Sequence[z3.BoolRef],
    context: z3.Context,
    tick: Callable[[], None],
) -> z3.BoolRef:
    """``bits[start:]`` equal one of the rows: literals that all rows share, then a case split."""
    tick()
    if not len(points):
        return z3.BoolVal(False, context)
    literals: list[z3.BoolRef] = []
    for column in range(start, len(bits)):
        ones = points[:, column]
        if ones.all():
            literals.append(bits[column])
        elif not ones.any():
            literals.append(z3.Not(bits[column]))
        else:
            first = _listed(points[ones], column + 1, bits, context, tick)
            second = _listed(points[~ones], column + 1, bits, context, tick)
            literals.append(z3.If(bits[column], first, second))
            break
    return conjunction(literals, context)


def conjunction(terms: Sequence[z3.BoolRef], context: z3.Context) -> z3.BoolRef:
    """All terms; true for none."""
    return z3.And(list(terms)) if terms else z3.BoolVal(True, context)


def disjunction(terms: Sequence[z3.BoolRef], context: z3.Context) -> z3.BoolRef:
    """Some term; false for none."""
    return z3.Or(list(terms)) if terms else z3.BoolVal(False, context)


def at_least(terms: Sequence[z3.BoolRef], count: int, context: z3.Context) -> z3.BoolRef:
    """At least ``count`` of the terms (repeated terms count repeatedly)."""
    if count <= 0 or count > len(terms):
        return z3.BoolVal(count <= 0, context)
    if count == 1:
        return disjunction(terms, context)
    if count == len(terms):
        return conjunction(terms, context)
    return z3.PbGe(_weighted(terms), count)


def at_most(terms: Sequence[z3.BoolRef], count: int, context: z3.Context) -> z3.BoolRef:
    """At most ``count`` of the terms."""
    if count >= len(terms) or count < 0:
        return z3.BoolVal(count >= 0, context)
    return z3.PbLe(_weighted(terms), count)


def _weighted(terms: Sequence[z3.BoolRef]) -> list[tuple[z3.BoolRef, int]]:
    """Each different term once, with the number of times that it occurs."""
    times: dict[int, tuple[z3.BoolRef, int]] = {}
    for term in terms:
        times[term.get_id()] = term, times.get(term.get_id(), (term, 0))[1] + 1
    return list(times.values())
