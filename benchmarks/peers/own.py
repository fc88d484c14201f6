"""The engines of superproof, as `check` runs them."""

from __future__ import annotations

import time

from superproof.verify.check import decide
from superproof.verify.engines.engine import Request

from . import Decide
from .answer import Answer, Limit, Problem


def engine(name: str) -> Decide:
    """The engine of that name (``--engine``)."""

    def run(problem: Problem, limit: Limit) -> Answer:
        start = time.monotonic()
        request = Request(count=limit.count, deadline=start + limit.seconds, threads=limit.threads)
        verdict = decide(problem, request, name, start)
        detail = "; ".join(attempt.result for attempt in verdict.tried)
        if name == "auto":
            detail = " then ".join(attempt.engine for attempt in verdict.tried)
        return Answer(verdict.status, detail, verdict.violations, verdict.nodes)

    return run
