"""Deciding by visiting every input of the domain."""

from __future__ import annotations

import math
import sys
from types import ModuleType

import numpy as np

from ..errors import InputError
from ..problem import Problem
from .batch_scan import BatchScan
from .engine import Outcome, Request

#: More candidate inputs than this are refused: at 3e8 a second they would take an hour.
LIMIT = 1 << 40
#: Up to this many candidates matrix products are quick enough, and nothing has to be compiled;
#: where the kernels of the tables are loaded already, up to the second number.
SMALL, TINY = 1 << 16, 1 << 12

#: Measured: set-up of a scan and of matrix products in seconds; neurons (of a hidden layer, an
#: output counted apart) a second in tables; multiplications a second and seconds an input in
#: matrix products. They choose an order of trial, so a factor of two does no harm.
TABLE_SETUP, TABLE_RATE = 0.002, 1e10
BATCH_SETUP, BATCH_RATE, BATCH_INPUT = 0.0004, 1e9, 2e-7


def predicted_seconds(problem: Problem, threads: int) -> float:
    """About how long visiting the whole domain takes, infinity beyond the limit."""
    candidates = problem.specification.domain.candidates
    if candidates > LIMIT:
        return math.inf
    try:
        problem = problem.dense
    except InputError:  # too large to be made dense
        return math.inf
    layers = problem.network.layers
    if candidates > _small() and (table_scan := _tables()).suits(problem):
        columns = sum(np.count_nonzero(layer.exact_weight.mantissa) for layer in layers[1:])
        rate = TABLE_RATE * min(threads, max(candidates // table_scan.RUN, 1))
        return float(TABLE_SETUP + candidates * max(columns, 4) / rate)
    products = sum(layer.weight.size + 8 * layer.width for layer in layers)
    return float(BATCH_SETUP + candidates * (products / BATCH_RATE + BATCH_INPUT))


def _small() -> int:
    """Domains above this size are worth the tables."""
    return min(SMALL, TINY) if f"{__package__}.table_scan" in sys.modules else SMALL


def _tables() -> ModuleType:
    """The scan by tables; importing it loads (or compiles, at first use) its kernels."""
    from . import table_scan

    return table_scan


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
        if domain.candidates > _small() and (table_scan := _tables()).suits(problem):
            scan = table_scan.TableScan(problem, request, outcome)
            if scan.usable:
                scan.run()
                return
        BatchScan(problem, request, outcome).run()
