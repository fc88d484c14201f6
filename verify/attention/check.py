"""Asking whether a layer of attention recognises its graph, and the answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..certificate import check_destination, no_certificate
from ..errors import InputError, ProofError
from ..rounding.execution import Execution, number_json
from ..rounding.number_type import number_type
from ..verdict import CertificateFile, Status, package_version
from .contexts.softmax import SoftmaxDecision, decide_softmax
from .execution import execution
from .noise import noise_radius
from .recognition import RecognitionProblem
from .scores import Scores
from .threshold import ScoredPair, ThresholdDecision, decide_threshold


@dataclass(frozen=True)
class RecognitionVerdict:
    """``holds``, ``violated`` or ``unknown``, about the exact scores of the stored numbers.

    Attributes:
        status: the answer, for the problem's read-out.
        scores: what the scores of all pairs say, whatever the read-out.
        softmax: the decision over all contexts, for that read-out.
        radius: embeddings may move by this distance with all pairs still above or below the
            threshold as they should be; None where the threshold read-out does not hold.
        executions: for each number type asked for, whether every execution reads the same pairs;
            for the threshold read-out.
        certificate: what became of the certificate, if one was asked for.
        sha256: of layer, graph and read-out.
        seconds: from the problem in memory to the verdict.
    """

    status: Status
    scores: ThresholdDecision
    softmax: SoftmaxDecision | None
    radius: float | None
    executions: tuple[Execution, ...]
    certificate: CertificateFile | None
    sha256: dict[str, str]
    seconds: float

    @property
    def engine(self) -> str:
        """What decided: ``scores``, or ``contexts`` for softmax."""
        return "scores" if self.softmax is None else "contexts"

    @property
    def violations(self) -> int | None:
        """Pairs that are wrong (in some context); None where they were not counted."""
        decision = self.scores if self.softmax is None else self.softmax
        return decision.violations

    @property
    def holds(self) -> bool:
        """True only for a proved ``holds``."""
        return self.status == "holds"

    def __bool__(self) -> bool:
        raise TypeError("a verdict has three values; test verdict.holds or verdict.status")

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON data, with the keys of a network's verdict and some more."""
        found = {execution.dtype: execution.to_json() for execution in self.executions}
        single = found.get("float32", {"statement": "not decided"})
        scores = self.scores
        threshold = scores.threshold
        return {
            "status": self.status,
            "engine": self.engine,
            "violations": self.violations,
            "counterexamples": [
                {
                    "pair": [pair.query, pair.key],
                    "expected": pair.edge,
                    "read": not pair.edge,
                    "value": str(pair.score),
                }
                for pair in scores.wrong
            ]
            if self.softmax is None
            else [example.to_json() for example in self.softmax.counterexamples],
            "gap": number_json(scores.gap),
            "threshold": number_json(threshold),
            "margin": number_json(scores.margin),
            "weakest_edge": _pair_json(scores.weakest),
            "strongest_other": _pair_json(scores.strongest),
            "softmax": None if self.softmax is None else self.softmax.to_json(),
            "noise_radius": None if self.radius == math.inf else self.radius,
            "float32": single["statement"],
            "dtypes": found,
            "seconds": round(self.seconds, 6),
            "certificate": None if self.certificate is None else self.certificate.to_json(),
            "sha256": self.sha256,
            "version": package_version(),
        }


def check_recognition(
    problem: RecognitionProblem,
    *,
    counterexamples: int = 1,
    timeout: float | None = None,
    dtypes: Sequence[str] = ("float32",),
    certificate: str | Path | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> RecognitionVerdict:
    """Decide whether a layer reports exactly the edges of its graph.

    By scores above a threshold this is one exact look at all pairs; without a threshold any will
    do that separates edges from other pairs. By softmax it is about every context.

    Args:
        problem: layer, graph and read-out.
        counterexamples: list at most so many wrong pairs.
        timeout: seconds; ``unknown`` when they do not suffice.
        dtypes: number types to make a statement about executing the threshold read-out in.
        certificate: write a certificate to this file.
        progress: called with what is done and its total, about pairs or edges.

    Raises InputError for options out of range and a destination that cannot be written.
    """
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout must be positive, not {timeout}")
    for name in dtypes:
        number_type(name)
    if certificate is not None:
        check_destination(Path(certificate))
    begun = time.perf_counter()
    scores = Scores(problem.layer)
    found = decide_threshold(
        problem,
        counterexamples=counterexamples,
        timeout=timeout,
        progress=progress,
        scores=scores,
    )
    softmax, status = None, found.status
    if problem.softmax is not None:
        left = None
        if timeout is not None:
            left = max(timeout - (time.perf_counter() - begun), 1e-3)
        softmax = decide_softmax(
            problem, timeout=left, counterexamples=counterexamples, progress=progress, scores=scores
        )
        status = softmax.status
    seconds = time.perf_counter() - begun
    radius, executions = None, tuple[Execution, ...]()
    if found.status == "holds":
        read = problem if problem.layer.threshold is not None else _read_at(problem, found)
        radius = noise_radius(read, scores)
        if softmax is None:
            executions = tuple(execution(read, found, dtype, scores) for dtype in dtypes)
    verdict = RecognitionVerdict(
        status, found, softmax, radius, executions, None, problem.sha256, seconds
    )
    if certificate is None:
        return verdict
    return replace(verdict, certificate=_certified(problem, verdict, Path(certificate)))


def _read_at(problem: RecognitionProblem, found: ThresholdDecision) -> RecognitionProblem:
    layer = problem.layer.with_threshold(found.threshold)
    return RecognitionProblem(layer, problem.graph, problem.softmax)


def _certified(
    problem: RecognitionProblem, verdict: RecognitionVerdict, path: Path
) -> CertificateFile:
    from .certificate import certify_recognition

    try:
        return certify_recognition(problem, verdict).save(path)
    except ProofError as error:
        return no_certificate(path, str(error))


def _pair_json(pair: ScoredPair | None) -> dict[str, Any] | None:
    if pair is None:
        return None
    return {"pair": [pair.query, pair.key], "score": number_json(pair.score)}
