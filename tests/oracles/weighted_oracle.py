"""The probability of error by the slow oracle: one Fraction an input vector.

A law is read off its own fields here; nothing of the package's weights is used.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import Any

from . import fraction_oracle as oracle


def probability(law: Any, bits: oracle.Bits) -> Fraction:
    """Probability of one vector under a law about all vectors."""
    kind = type(law).__name__
    if kind == "Uniform":
        return Fraction(1, 2 ** len(bits))
    if kind == "Subsets":
        return Fraction(int(sum(bits) == law.active), comb(len(bits), law.active))
    assert kind == "Product"
    result = Fraction(1)
    for p, bit in zip(law.p, bits, strict=True):
        result *= p if bit else 1 - p
    return result


def errors(problem: Any, law: Any) -> tuple[Fraction, tuple[Fraction, ...], Fraction] | None:
    """Probability of error given the domain, by output too, and that of the domain.

    None where the domain has probability 0. For the uniform law the last one is 1, as it is a
    law on the domain.
    """
    specification = problem.specification
    domain = oracle.members(specification.domain)
    whole = sum((probability(law, bits) for bits in domain), start=Fraction(0))
    if not whole:
        return None
    somewhere = Fraction(0)
    by_output = [Fraction(0)] * len(specification.formulas)
    for bits in domain:
        values = oracle.outputs(problem, bits)
        assignment = dict(zip(specification.inputs, bits, strict=True))
        wrong = [
            oracle.reading(specification.readout, values, j) is not oracle.truth(f, assignment)
            for j, f in enumerate(specification.formulas)
        ]
        share = probability(law, bits) / whole
        somewhere += share * any(wrong)
        by_output = [total + share * bad for total, bad in zip(by_output, wrong, strict=True)]
    return somewhere, tuple(by_output), 1 if type(law).__name__ == "Uniform" else whole
