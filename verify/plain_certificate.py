"""Certificates for verdicts by the criterion of plain codes; :mod:`.recheck_sparse` checks them."""

from __future__ import annotations

from typing import Any

from . import recheck_sparse
from .certificate import Certificate
from .errors import ProofError
from .problem import Problem
from .verdict import Verdict


def certify_plain(problem: Problem, verdict: Verdict) -> Certificate:
    """The certificate for a verdict of the engine ``sparse``.

    Raises ProofError for an unknown verdict and for one without a counterexample.
    """
    if verdict.status == "unknown":
        raise ProofError("the verdict is unknown")
    claim: dict[str, Any] = dict.fromkeys(("violations", "violations_by_output"))
    claim["status"] = verdict.status
    if verdict.status == "holds":
        claim["violations"] = 0
        evidence: dict[str, Any] = {"kind": "criterion"}
        return Certificate(problem.sha256, claim, evidence, recheck_sparse.MAGIC)
    if not verdict.counterexamples:
        raise ProofError("the verdict has no counterexample")
    example = verdict.counterexamples[0]
    output, reading = next(
        (j, reading) for j, reading in enumerate(example.outputs.values()) if reading.wrong
    )
    true = [i for i, bit in enumerate(example.bits) if bit]
    evidence = {"kind": "point", "true": true, "output": output, "value": str(reading.value)}
    return Certificate(problem.sha256, claim, evidence, recheck_sparse.MAGIC)
