"""Certificates that :mod:`.recheck_superposed` checks: pairwise ANDs in superposition hold."""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import recheck_superposed
from .errors import ProofError
from .problem import Problem
from .verdict import CertificateFile, Verdict


@dataclass(frozen=True)
class SuperposedCertificate:
    """The claim that a network computes its pairwise ANDs; all values are evidence enough.

    Attributes:
        sha256: hashes of network, specification and domain.
        claim: status, violations and violations_by_output; None where nothing is claimed.
    """

    sha256: dict[str, str]
    claim: dict[str, Any]

    @property
    def content(self) -> str:
        """What the evidence is, in a few words."""
        return "all inputs evaluated"

    def to_bytes(self) -> bytes:
        """The file: a magic line and compressed JSON."""
        data = {"sha256": self.sha256, "claim": self.claim, "evidence": {"kind": "values"}}
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return recheck_superposed.MAGIC + zlib.compress(text.encode("ascii"), 9)

    def save(self, path: str | Path) -> CertificateFile:
        """Write the file; returns what a verdict says about it."""
        data = self.to_bytes()
        Path(path).write_bytes(data)
        return CertificateFile(str(path), len(data), self.content)


def certify_superposed(problem: Problem, verdict: Verdict) -> SuperposedCertificate:
    """The certificate for a verdict ``holds`` of the engine ``superposed``.

    Raises ProofError for another verdict, and where the checker would take too long.
    """
    if verdict.status != "holds":
        raise ProofError(f"the verdict is {verdict.status}")
    if not in_reach(problem):
        raise ProofError("there are too many values for the checker to compute")
    return SuperposedCertificate(problem.sha256, recheck_superposed.HOLDS)


def in_reach(problem: Problem) -> bool:
    """Whether the checker computes all values of a problem that the engine recognised."""
    domain, network = problem.specification.domain, problem.network
    cost, total = network.output_size * network.layers[0].width, 0
    for size in range(min(domain.at_most, domain.inputs) + 1):
        total += math.comb(domain.inputs, size)
        if total * cost > recheck_superposed.WORK:
            return False
    return not network.sparse
