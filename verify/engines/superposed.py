"""Deciding pairwise ANDs in superposition completely, without visiting inputs one by one.

What is recognised is stated in :mod:`.superposition.form`; docs/constructions.md derives the
criteria. At most two active inputs: one exact matrix product gives every value. At most three:
pair bounds, and exact values of the triples that they leave open. More: branch and bound.
"""

from __future__ import annotations

import math
import time

from ..errors import InputError
from ..problem import Problem
from .engine import DeadlineError, Outcome, Request
from .plain_network import UnrecognisedError
from .superposition.extremes import scan_of
from .superposition.form import SuperposedForm, superposed_form
from .superposition.record import Record

#: Why there is no count although all outputs were decided.
UNCOUNTED = (
    "the count was not finished: there are too many inputs to mark the violating ones, "
    "whose outputs overlap"
)


#: With more than three active inputs, sets times outputs that branch and bound may have to visit
#: before other engines are preferred, and the most active inputs for which that is estimated.
MOST_SETS, MOST_ACTIVE = 1 << 32, 16


class Superposed:
    """Extreme values of every output on the inputs where it should be true, and elsewhere."""

    name = "superposed"

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """See :class:`Engine`. Raises InputError for problems of another kind."""
        try:
            form = superposed_form(problem)
        except UnrecognisedError as error:
            raise InputError(
                f"--engine superposed: not pairwise ANDs in superposition: {error}; "
                "use --engine auto"
            ) from None
        decide_superposed(form, request, outcome)


def form_in_reach(problem: Problem) -> SuperposedForm | None:
    """The problem in its form; None where it has none, or where the search might take too long."""
    domain = problem.specification.domain
    active = min(domain.at_most, domain.inputs)
    if active > 3:
        # the last input of a set is chosen at once
        sizes = range(min(active, MOST_ACTIVE + 1))
        sets = sum(math.comb(domain.inputs, size) for size in sizes)
        if active > MOST_ACTIVE or sets * len(problem.specification.outputs) > MOST_SETS:
            return None
    try:
        return superposed_form(problem)
    except UnrecognisedError:
        return None


def decide_superposed(form: SuperposedForm, request: Request, outcome: Outcome) -> None:
    """Fill in the outcome for a recognised problem; see :class:`Engine`."""
    record = Record(form, request.count, max(request.counterexamples, 1))
    complete = False
    try:
        _scan(form, record, request, outcome)
        complete = not record.done(request) or not record.supports
    except DeadlineError:
        outcome.detail = "time limit"
    finally:
        outcome.points = record.points()
        if outcome.points:
            outcome.status = "violated"
        if complete:
            _answer(record, request, outcome)
        elif not record.done(request):
            outcome.leave_unfinished(request, "time limit")


def _scan(form: SuperposedForm, record: Record, request: Request, outcome: Outcome) -> None:
    record.add_below_two()
    if form.active < 2 or form.inputs < 2 or record.done(request):
        return
    start = time.monotonic()
    scan = scan_of(form)(form, record, request)
    outcome.startup += time.monotonic() - start
    try:
        scan.run()
    finally:
        outcome.visited = scan.nodes


def _answer(record: Record, request: Request, outcome: Outcome) -> None:
    """Everything was visited or proved not to matter."""
    if not record.supports:
        outcome.status = "holds"
        outcome.violations, outcome.by_output = 0, [0] * record.form.outputs
    elif request.count:
        outcome.by_output = record.by_output.tolist()
        outcome.violations = record.violations
        if outcome.violations is None:
            outcome.notes.append(UNCOUNTED)
    if request.margin:
        outcome.margin = record.form.margin(record.low, record.high)
