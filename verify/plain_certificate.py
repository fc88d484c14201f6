"""Certificates for verdicts by the criterion of plain codes; :mod:`.recheck_sparse` checks them."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import recheck_sparse
from .errors import ProofError
from .problem import Problem
from .verdict import CertificateFile, Verdict


@dataclass(frozen=True)
class PlainCertificate:
    """A claim about a plain code network and the evidence for it.

    Attributes:
        sha256: hashes of network, specification and domain.
        claim: status, violations and violations_by_output; None where nothing is claimed.
        evidence: see :mod:`.recheck_sparse`.
    """

    sha256: dict[str, str]
    claim: dict[str, Any]
    evidence: dict[str, Any]

    @property
    def content(self) -> str:
        """What the evidence is, in a few words."""
        return "criterion" if self.evidence["kind"] == "criterion" else "1 input"

    def to_bytes(self) -> bytes:
        """The file: a magic line and compressed JSON."""
        data = {"sha256": self.sha256, "claim": self.claim, "evidence": self.evidence}
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return recheck_sparse.MAGIC + zlib.compress(text.encode("ascii"), 9)

    def save(self, path: str | Path) -> CertificateFile:
        """Write the file; returns what a verdict says about it."""
        data = self.to_bytes()
        Path(path).write_bytes(data)
        return CertificateFile(str(path), len(data), self.content)


def certify_plain(problem: Problem, verdict: Verdict) -> PlainCertificate:
    """The certificate for a verdict of the engine ``sparse``.

    Raises ProofError for an unknown verdict and for one without a counterexample.
    """
    if verdict.status == "unknown":
        raise ProofError("the verdict is unknown")
    claim = {"status": verdict.status, "violations": None, "violations_by_output": None}
    if verdict.status == "holds":
        evidence: dict[str, Any] = {"kind": "criterion"}
        return PlainCertificate(problem.sha256, claim | {"violations": 0}, evidence)
    if not verdict.counterexamples:
        raise ProofError("the verdict has no counterexample")
    example = verdict.counterexamples[0]
    output, reading = next(
        (j, reading) for j, reading in enumerate(example.outputs.values()) if reading.wrong
    )
    true = [i for i, bit in enumerate(example.bits) if bit]
    evidence = {"kind": "point", "true": true, "output": output, "value": str(reading.value)}
    return PlainCertificate(problem.sha256, claim, evidence)
