"""Certificates that :mod:`.recheck` checks: what a layer of attention recognises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..certificate import Certificate
from ..errors import ProofError
from ..verdict_text import amount
from . import recheck
from .recognition import RecognitionProblem

if TYPE_CHECKING:
    from .check import RecognitionVerdict
    from .contexts.softmax import SoftmaxDecision
    from .threshold import ThresholdDecision

#: With more pairs than this a wrong one is shown instead of counting all of them.
COUNTED = 1 << 26


@dataclass(frozen=True)
class RecognitionCertificate(Certificate):
    """A claim about a recognition problem and the evidence for it.

    Attributes:
        sha256: hashes of layer, graph and read-out.
        claim: status, gap and violations; None where nothing is claimed.
        evidence, magic: see the checker.
    """

    magic: bytes = recheck.MAGIC

    @property
    def content(self) -> str:
        """What the evidence is, in a few words."""
        evidence = self.evidence
        if evidence["kind"] == "contexts":
            nodes = sum(map(len, evidence["edges"]))
            return f"{amount(len(evidence['edges']), 'tree')} of {amount(nodes, 'node')}"
        if evidence["kind"] == "context":
            return f"1 context of {amount(len(evidence['context']), 'item')}"
        return {"pair": "1 pair", "crossing": "2 pairs"}.get(
            evidence["kind"], "all pairs evaluated"
        )


def certify_recognition(
    problem: RecognitionProblem, verdict: RecognitionVerdict
) -> RecognitionCertificate:
    """Build a certificate for the verdict's claim.

    Gap and number of wrong pairs are claimed for the threshold read-out where the checker computes
    all scores.

    Raises ProofError where the verdict is unknown, and where a proof does not fit the checker's
    limits.
    """
    if verdict.status == "unknown":
        raise ProofError("the verdict is unknown")
    claim: dict[str, Any] = recheck.HOLDS | {"status": verdict.status}
    if verdict.softmax is not None:
        evidence = _of_contexts(problem, verdict.softmax)
        return _sized(RecognitionCertificate(problem.sha256, claim, evidence))
    found = verdict.scores
    if verdict.status == "violated" and problem.graph.items**2 > COUNTED:
        return RecognitionCertificate(problem.sha256, claim, _of_pairs(problem, found))
    claim["gap"] = None if found.gap is None else str(found.gap)
    if problem.layer.threshold is not None:
        claim["violations"] = found.violations
    return RecognitionCertificate(problem.sha256, claim, {"kind": "scores"})


def _of_contexts(problem: RecognitionProblem, found: SoftmaxDecision) -> dict[str, Any]:
    evidence = found.evidence
    if evidence is None:
        raise ProofError("the decision has no evidence")
    if evidence["kind"] == "contexts":
        cost = sum(map(len, evidence["edges"])) * problem.layer.items * problem.layer.heads
        if cost > recheck.WORK:
            raise ProofError("there are too many contexts for the checker to go through")
    return evidence


def _of_pairs(problem: RecognitionProblem, found: ThresholdDecision) -> dict[str, Any]:
    if problem.layer.threshold is None:
        weakest, strongest = found.weakest, found.strongest
        assert weakest is not None
        assert strongest is not None
        edge, other = [weakest.query, weakest.key], [strongest.query, strongest.key]
        return {"kind": "crossing", "edge": edge, "other": other}
    if not found.wrong:
        raise ProofError("no wrong pair is listed, and there are too many to count; list one")
    return {"kind": "pair", "pair": [found.wrong[0].query, found.wrong[0].key]}


def _sized(certificate: RecognitionCertificate) -> RecognitionCertificate:
    """Within the limits on text and lists; trees reach those first."""
    if certificate.evidence["kind"] == "contexts":
        nodes = sum(map(len, certificate.evidence["edges"]))
        brackets = 2 * nodes + len(certificate.evidence["edges"]) + 8
        numbers = sum(
            len(n.get("multipliers", [0])) for t in certificate.evidence["edges"] for n in t
        )
        if brackets > recheck.BRACKETS or 40 * nodes + 13 * numbers > recheck.TEXT:
            raise ProofError("its trees are larger than the checker reads")
    return certificate
