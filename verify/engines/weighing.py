"""Exact weights of the wrong inputs and of the domain: which way of summing is taken."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..domain import Domain
from ..errors import InputError
from ..formula import And, AtLeast, AtMost, Formula, Variable
from ..network import Network
from ..problem import Problem
from ..specification import Specification
from .engine import DeadlineError, Outcome, Request
from .enumeration import LIMIT, SMALL, predicted_seconds
from .measure import Measure
from .portfolio import AT_ONCE, LEAST_CAP

#: An engine's answer to a counting question.
Ask = Callable[[Problem, Request], Outcome]
#: Domains with at most this many candidates are summed one by one where no formula does it.
VISITED = 1 << 26
#: Counting questions that one sum may be made of.
QUESTIONS = 1 << 12


class UnfinishedError(Exception):
    """A sum has not been found; the text says why."""


def weigh(
    problem: Problem, measure: Measure, request: Request, engine: str, ask: Ask
) -> tuple[int, list[int], str]:
    """Weight of the wrong inputs, in all and by output, and who found it.

    Args:
        engine: ``auto``, ``enumerate``, ``sparse``, ``tree`` or ``z3``.
        ask: that engine, for what a count answers.

    Raises:
        UnfinishedError: the time was up, or no way leads there.
        InputError: the engine cannot take the problem.
    """
    if measure.plain:
        return _counted(problem, request, ask)
    if engine == "z3":
        return _by_classes(problem, measure, request, ask)
    if engine == "sparse":
        raise UnfinishedError("the engine 'sparse' sums no weights; use --engine auto")
    problem = problem.dense
    try:
        if engine == "auto":
            return _cheapest(problem, measure, request)
        if engine == "tree" and problem.specification.domain.points is None:
            return _by_tree(problem, measure, request)
        return _by_enumeration(problem, measure, request)
    except DeadlineError:
        raise UnfinishedError("the time was up") from None


def _cheapest(problem: Problem, measure: Measure, request: Request) -> tuple[int, list[int], str]:
    """The tree, for at most the price of enumerating where that is possible."""
    domain = problem.specification.domain
    price = 2 * predicted_seconds(problem, request.threads)
    if domain.points is not None or price <= 2 * AT_ONCE or domain.candidates <= SMALL:
        return _by_enumeration(problem, measure, request)
    capped = request
    if price < math.inf:
        cap = time.monotonic() + max(price, LEAST_CAP)
        capped = replace(request, deadline=min(cap, request.deadline or math.inf))
    try:
        return _by_tree(problem, measure, capped)
    except (DeadlineError, InputError):
        if price == math.inf or request.expired():
            raise
    return _by_enumeration(problem, measure, request)


def _by_enumeration(
    problem: Problem, measure: Measure, request: Request
) -> tuple[int, list[int], str]:
    from .weighed_scan import weigh_by_enumeration

    if problem.specification.domain.candidates > LIMIT:
        raise UnfinishedError("the domain is too large to be enumerated")
    return (*weigh_by_enumeration(problem, measure, request), "enumerate")


def _by_tree(problem: Problem, measure: Measure, request: Request) -> tuple[int, list[int], str]:
    from .branching.weighed import weigh_by_tree

    return (*weigh_by_tree(problem, measure, request), "tree")


def _counted(problem: Problem, request: Request, ask: Ask) -> tuple[int, list[int], str]:
    """One counting question."""
    outcome = ask(problem, replace(request, count=True, margin=False, counterexamples=0))
    if outcome.status == "holds":
        return 0, [0] * len(problem.specification.outputs), outcome.engine
    if outcome.violations is None or outcome.by_output is None:
        raise UnfinishedError("; ".join(outcome.notes) or "the count was not finished")
    return outcome.violations, outcome.by_output, outcome.engine


def _by_classes(
    problem: Problem, measure: Measure, request: Request, ask: Ask
) -> tuple[int, list[int], str]:
    """Counts for every number of ones in each class of inputs with the same weights."""
    spec = problem.specification
    classes = list(measure.classes.items())
    questions = math.prod(len(inputs) + 1 for _, inputs in classes)
    if questions > QUESTIONS:
        raise UnfinishedError(
            f"{len(classes)} different probabilities would take {questions:,} counts; use "
            "--engine auto"
        )
    total, by_output, engine = 0, [0] * len(spec.outputs), ""
    for ones in np.ndindex(*(len(inputs) + 1 for _, inputs in classes)):
        pairs = zip(classes, ones, strict=True)
        weight = math.prod(f ** (len(i) - k) * t**k for ((f, t), i), k in pairs)
        if not weight:
            continue
        domain = _with_ones(spec.domain, [inputs for _, inputs in classes], ones)
        if domain is None or domain.is_empty():
            continue
        part = Problem(problem.network, _on(spec, domain))
        wrong, each, engine = _counted(part, request, ask)
        total += weight * wrong
        by_output = [s + weight * c for s, c in zip(by_output, each, strict=True)]
    return total, by_output, engine


def _with_ones(domain: Domain, classes: list[list[int]], ones: tuple[int, ...]) -> Domain | None:
    """The vectors of the domain with so many ones in each class; None: plainly none."""
    if domain.points is not None:
        kept = np.ones(len(domain.points), dtype=bool)
        for inputs, count in zip(classes, ones, strict=True):
            kept &= domain.points[:, inputs].sum(axis=1) == count
        return replace(domain, points=domain.points[kept]) if kept.any() else None
    count = sum(ones)
    if not domain.at_least <= count <= domain.at_most:
        return None
    parts: list[Formula] = [] if domain.where is None else [domain.where]
    for inputs, number in zip(classes, ones, strict=True):
        members = tuple(Variable(domain.names[i]) for i in inputs)
        if len(classes) > 1:
            parts += [AtLeast(number, members), AtMost(number, members)]
    where = And(tuple(parts)) if parts else None
    return replace(domain, at_least=count, at_most=count, where=where)


def _on(spec: Specification, domain: Domain) -> Specification:
    """The specification on another domain."""
    if spec.family is not None:
        return Specification(spec.inputs, family=spec.family, domain=domain, readout=spec.readout)
    outputs = dict(zip(spec.outputs, spec.formulas, strict=True))
    return Specification(spec.inputs, outputs, domain=domain, readout=spec.readout)


def restricted(problem: Problem, domain: Domain) -> Problem:
    """The problem on another domain; raises InputError when that is known to be empty."""
    if domain is problem.specification.domain:
        return problem
    return Problem(problem.network, _on(problem.specification, domain))


def domain_weight(domain: Domain, measure: Measure, request: Request) -> int:
    """Weight of all vectors of the domain.

    Raises UnfinishedError when the time is up first.
    """
    if measure.plain and domain.size is not None:
        return domain.size
    # a network that is wrong everywhere: its errors are the domain
    names = domain.names
    wrong = Network.from_arrays([np.zeros((1, len(names)), dtype=np.int8)], [[-1]])
    everywhere = Problem(wrong, Specification(names, ["true"], domain=domain))
    try:
        if domain.points is not None or domain.candidates <= SMALL:
            from .weighed_scan import weigh_domain

            return weigh_domain(everywhere, measure, request)
        formula = _constraints(domain)
        if formula is not None:
            return formula(measure)
        if domain.candidates <= VISITED:
            from .weighed_scan import weigh_domain

            return weigh_domain(everywhere, measure, request)
        return _by_tree(everywhere, measure, request)[0]
    except DeadlineError:
        raise UnfinishedError("the weight of the domain was not found in time") from None


def _constraints(domain: Domain) -> Callable[[Measure], int] | None:
    """The weight of a domain whose constraints are few forbidden cubes, groups and a range."""
    from .branching.models import ModelCounter
    from .branching.sides import Frame

    frame = Frame.of(domain)
    if frame.program is not None:
        return None

    def count(measure: Measure) -> int:
        forbidden = [frozenset(cube.items()) for cube in frame.forbidden]
        groups = [frozenset(group) for group in domain.one_hot]
        counter = ModelCounter(measure.flipped(frame.flips))
        return counter.count(range(domain.inputs), forbidden, groups, *frame.cardinality)

    return count
