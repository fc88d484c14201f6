"""Certificates that :mod:`.recheck_superposed` checks: pairwise ANDs in superposition hold."""

from __future__ import annotations

import math

from . import recheck_superposed
from .certificate import Certificate
from .errors import ProofError
from .problem import Problem
from .verdict import Verdict


def certify_superposed(problem: Problem, verdict: Verdict) -> Certificate:
    """The certificate for a verdict ``holds`` of the engine ``superposed``.

    Raises ProofError for another verdict, and where the checker would take too long.
    """
    if verdict.status != "holds":
        raise ProofError(f"the verdict is {verdict.status}")
    if not in_reach(problem):
        raise ProofError("there are too many values for the checker to compute")
    return Certificate(
        problem.sha256, recheck_superposed.HOLDS, {"kind": "values"}, recheck_superposed.MAGIC
    )


def in_reach(problem: Problem) -> bool:
    """Whether the checker computes all values of a problem that the engine recognised."""
    domain, network = problem.specification.domain, problem.network
    cost, total = network.output_size * network.layers[0].width, 0
    for size in range(min(domain.at_most, domain.inputs) + 1):
        total += math.comb(domain.inputs, size)
        if total * cost > recheck_superposed.WORK:
            return False
    return not network.sparse
