"""Deciding by visiting every input of the domain."""

from __future__ import annotations

from ..errors import InputError
from ..problem import Problem
from .batch_scan import BatchScan
from .engine import Outcome, Request

#: More candidate inputs than this are refused: at 3e8 a second they would take an hour.
LIMIT = 1 << 40
#: Up to this many candidates matrix products are quick enough, and nothing has to be compiled.
SMALL = 1 << 16


class Enumeration:
    """Visits the domain in batches; integers decide, floats only filter."""

    name = "enumerate"

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        """See :class:`Engine`. Raises InputError beyond 2**40 candidate inputs."""
        domain = problem.specification.domain
        if domain.candidates > LIMIT:
            raise InputError(
                f"--engine enumerate: the domain '{domain}' over {domain.inputs} inputs has more "
                "than 2^40 candidates; use --engine auto or a smaller domain"
            )
        if request.device is not None:
            from .device_scan import DeviceScan

            DeviceScan(problem, request, outcome).run()
            return
        if domain.candidates > SMALL:
            from . import table_scan

            if table_scan.suits(problem):
                scan = table_scan.TableScan(problem, request, outcome)
                if scan.usable:
                    scan.run()
                    return
        BatchScan(problem, request, outcome).run()
