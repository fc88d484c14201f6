"""The questions that a comparison's certificate answers, and the verdicts on them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import numpy as np

from ..check import decide, replay
from ..engines.engine import Request
from ..formula import TRUE
from ..network import Network
from ..problem import Problem
from ..product import difference
from ..question import Question
from ..specification import Specification
from ..verdict import Verdict
from .bit_problem import differ, reads
from .inquiry import Inquiry
from .regions import Forgotten, negated

#: Domains with at most this many candidates are visited again, so that counts are certified too.
VISITED = 1 << 16


def questions(
    a: Network,
    b: Network,
    specification: Specification,
    forgotten: Forgotten,
    a_computes: bool,
) -> list[Question]:
    """What a certificate of a comparison has to answer, in this order.

    Args:
        a, b: the networks.
        specification: of A.
        forgotten: what B should not compute any more; with no clauses, B should equal A.
        a_computes: whether A computes the specification. Then the other question is about B
            alone; else it is about both networks side by side, in one part or several.

    Returns:
        First whether A computes the specification; the claim holds when all others hold.
    """
    a, b = a.dense, b.dense
    first = Question("A computes the specification", Problem(a, specification))
    if a_computes:
        sentence = "B computes the specification"
        if forgotten.clauses:
            sentence += f" without {forgotten}"
        return [first, Question(sentence, Problem(b, forgotten.remaining))]
    if not forgotten.clauses:
        side_by_side = difference(a, b, specification)
        return [first, Question("B reads every output as A does", side_by_side)]
    found: list[tuple[str, Problem | None]] = []
    for j in forgotten.clauses:
        name, region = specification.outputs[j], forgotten.region(j)
        whole = region == TRUE
        place = "" if whole else " where only forgotten clauses are true"
        found.append((f"B reads {name} as false{place}", reads(b, specification, j, False, region)))
        if not whole:
            apart = differ(a, b, specification, [j], negated(region))
            found.append((f"B reads {name} as A does everywhere else", apart))
    rest = [j for j in range(len(specification.outputs)) if j not in forgotten.clauses]
    if rest:
        apart = differ(a, b, specification, rest, TRUE)
        found.append(("B reads every other output as A does", apart))
    return [first, *(Question(sentence, problem) for sentence, problem in found if problem)]


def verdicts(
    asked: Sequence[Question], a_verdict: Verdict, points: np.ndarray, holds: bool, inquiry: Inquiry
) -> list[tuple[str, Problem, Verdict]]:
    """The questions with verdicts for a certificate.

    Args:
        asked: from :func:`questions`.
        a_verdict: on the first one.
        points: inputs among which there are some that answer a question with no.
        holds: whether the others are known to hold, all of them.
        inquiry: who decides what is left.
    """
    parts = [(asked[0].sentence, asked[0].problem, a_verdict)]
    for sentence, problem in asked[1:]:
        parts.append((sentence, problem, _verdict(problem, points, holds, inquiry)))
    return parts


def _verdict(problem: Problem, points: np.ndarray, holds: bool, inquiry: Inquiry) -> Verdict:
    domain = problem.specification.domain
    if domain.candidates <= VISITED:
        now = time.monotonic()
        request = Request(count=True, threads=inquiry.threads or os.cpu_count() or 1)
        return decide(problem, request, "enumerate", now)
    if holds:
        names = problem.specification.outputs
        counts = dict.fromkeys(names, 0)
        return Verdict("holds", inquiry.engine, domain.size, 0, counts, sha256=problem.sha256)
    inside = points[domain.contains(points)] if len(points) else points
    if len(inside):
        _, violated = problem.margins(inside)
        wrong = inside[violated.any(axis=1)]
        if len(wrong):
            examples = tuple(replay(problem, list(wrong)))
            return Verdict(
                "violated",
                inquiry.engine,
                domain.size,
                counterexamples=examples,
                sha256=problem.sha256,
            )
    return inquiry.decide(problem)
