"""Margins of a network over its whole domain, input by input."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..verify.errors import InputError
from ..verify.problem import Problem

#: Candidate inputs of a domain that is evaluated input by input, at most.
LIMIT = 1 << 16


@dataclass(frozen=True)
class DomainMargins:
    """The least margin over the outputs, at every input of a domain.

    Attributes:
        values: floats (inputs,), rounded from the exact margins for drawing.
        wrong: Booleans (inputs,), decided exactly.
        least: the least margin of all, exact.
        by_output: number of violating inputs of every output.
    """

    values: np.ndarray
    wrong: np.ndarray
    least: Fraction
    by_output: tuple[int, ...]


def domain_margins(problem: Problem) -> DomainMargins:
    """Evaluate every input of the domain exactly.

    Raises InputError beyond 2**16 candidate inputs.
    """
    domain = problem.specification.domain
    if domain.candidates > LIMIT:
        raise InputError(
            f"margins of the domain '{domain}': more than {LIMIT:,} candidate inputs; "
            "use superproof check --margin for the least one"
        )
    values, wrong = [], []
    least: Fraction | None = None
    by_output = np.zeros(len(problem.specification.outputs), dtype=np.int64)
    for chunk in domain.chunks():
        if not len(chunk):  # candidates of which none lie in the domain
            continue
        margins, violated = problem.margins(chunk)
        by_point = margins.min(axis=1)
        smallest = min(by_point)
        least = smallest if least is None else min(least, smallest)
        values.append(by_point.astype(np.float64))
        wrong.append(violated.any(axis=1))
        by_output += violated.sum(axis=0)
    if least is None:
        raise InputError("the domain is empty")
    return DomainMargins(
        np.concatenate(values),
        np.concatenate(wrong),
        least,
        tuple(int(count) for count in by_output),
    )
