"""Certificates: evidence for a verdict that :mod:`.recheck` accepts without the solver."""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from . import recheck, recheck_linear, recheck_sparse, recheck_superposed
from .attention import recheck as recheck_attention
from .errors import InputError, ProofError
from .problem import Problem
from .recheck import BOUND, EMPTY, SMALL, WHOLE, Node, Region
from .verdict import CertificateFile, Verdict
from .verdict_text import amount

#: The independent checkers, by how their certificates begin.
CHECKERS: dict[bytes, ModuleType] = {
    module.MAGIC: module
    for module in (recheck, recheck_sparse, recheck_superposed, recheck_linear, recheck_attention)
}
#: Building a tree stops after this many seconds or nodes.
SECONDS = 60.0
#: ... and may take that long where the time limit of the verdict is used up.
LEAST_SECONDS = 1.0
NODES = 200_000
#: Seconds after which a tree that would take far too long is given up.
PATIENCE = 3.0
#: Domains with at most this many candidates are evaluated as a whole: nothing is quicker.
ENUMERATED = 1 << 12
#: Leaves with at most this many lanes are evaluated rather than bounded.
CHEAP = 1 << 7
#: At most this many wrong inputs, with the values of all outputs, are listed.
POINTS, VALUES = 10_000, 100_000


@dataclass(frozen=True)
class Certificate:
    """A claim about a problem and the evidence for it.

    Attributes:
        sha256: hashes of network, specification and domain.
        claim: status, violations and violations_by_output; None where nothing is claimed.
        evidence: see the checker.
        magic: how the file begins, which says whose certificate it is.
    """

    sha256: dict[str, str]
    claim: dict[str, Any]
    evidence: dict[str, Any]
    magic: bytes = recheck.MAGIC

    @property
    def content(self) -> str:
        """What the evidence is, in a few words."""
        kind = self.evidence["kind"]
        if kind == "tree":
            return f"tree of {amount(len(self.evidence['codes']), 'node')}"
        if kind == "points":
            return amount(len(self.evidence["inputs"]), "input")
        return {"point": "1 input", "criterion": "criterion"}.get(kind, "all inputs evaluated")

    @property
    def data(self) -> dict[str, Any]:
        """The content as JSON data."""
        return {"sha256": self.sha256, "claim": self.claim, "evidence": self.evidence}

    def to_bytes(self) -> bytes:
        """The file: a magic line and compressed JSON."""
        return _packed(self.data, self.magic)

    def save(self, path: str | Path) -> CertificateFile:
        """Write the file; returns what a verdict says about it."""
        data = self.to_bytes()
        Path(path).write_bytes(data)
        return CertificateFile(str(path), len(data), self.content)


def checker_of(data: bytes) -> ModuleType:
    """The checker that a certificate is for; the general one if it is none."""
    return next((c for magic, c in CHECKERS.items() if data.startswith(magic)), recheck)


def _packed(data: dict[str, Any], magic: bytes = recheck.MAGIC) -> bytes:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return magic + zlib.compress(text.encode("ascii"), 9)


def certify(problem: Problem, verdict: Verdict, *, seconds: float = SECONDS) -> Certificate:
    """Build a certificate for the verdict's claim.

    Args:
        problem: what the verdict is about.
        verdict: ``holds`` or ``violated``. Counts are claimed where the evidence bears them out.
        seconds: give up on a tree after this long.

    Raises:
        ProofError: there is none, and why. It says nothing against the verdict.
    """
    if verdict.status == "unknown":
        raise ProofError("the verdict is unknown")
    try:
        checked = recheck.Problem(problem.canonical())
    except RecursionError:
        raise ProofError("a formula is nested too deeply for the checker") from None
    counted = verdict.violations_by_output
    claim: dict[str, Any] = dict.fromkeys(("violations", "violations_by_output"))
    claim["status"] = verdict.status
    if verdict.status == "violated" and counted is None:
        return Certificate(problem.sha256, claim, _points(problem, verdict))
    assert counted is not None
    by_output = [counted[name] for name in problem.specification.outputs]
    claim |= {"violations": verdict.violations, "violations_by_output": by_output}
    evidence, reason = _full_evidence(problem, checked, by_output, seconds)
    if evidence is not None:
        if evidence["kind"] == "tree" and sum(map(bool, by_output)) > 1:
            claim["violations"] = None
        elif evidence["kind"] == "tree":
            claim["violations"] = sum(by_output)
        return Certificate(problem.sha256, claim, evidence)
    if verdict.status == "holds":
        raise ProofError(reason)
    claim |= {"violations": None, "violations_by_output": None}
    return Certificate(problem.sha256, claim, _points(problem, verdict))


def write_certificate(
    problem: Problem, verdict: Verdict, path: str | Path, *, seconds: float = SECONDS
) -> CertificateFile:
    """Certify the verdict into a file; the result says what is in it, or why there is none.

    Args:
        path: an older certificate of that name is removed where no new one is written.
        seconds: give up on a tree after this long.
    """
    try:
        if verdict.engine == "sparse":
            from .plain_certificate import certify_plain

            return certify_plain(problem, verdict).save(path)
        if verdict.engine == "superposed" and verdict.status == "holds":
            from .superposed_certificate import certify_superposed, in_reach

            if in_reach(problem):
                return certify_superposed(problem, verdict).save(path)
        if verdict.status == "holds":
            linear = _certify_linear(problem)
            if linear is not None:
                return linear.save(path)
        return certify(problem, verdict, seconds=seconds).save(path)
    except ProofError as error:
        return no_certificate(path, str(error))
    except KeyboardInterrupt:
        return no_certificate(path, "interrupted")


def _certify_linear(problem: Problem) -> Certificate | None:
    """By the criterion of linear read-outs, where evaluating the domain would take longer."""
    from .linear_certificate import certify_linear, linear_form

    if problem.specification.domain.candidates <= ENUMERATED or not linear_form(problem):
        return None
    try:
        return certify_linear(problem)
    except ProofError:
        return None


def write_certificates(
    parts: Sequence[tuple[str, Problem, Verdict]], path: str | Path, *, seconds: float = SECONDS
) -> CertificateFile:
    """Certify the verdicts on several questions into one file, all of them or none.

    Args:
        parts: sentence, problem and verdict of one or more questions, in the order in which the
            checker gets them (:func:`superproof.verify.question.canonical_questions`).
        path, seconds: as for :func:`write_certificate`; the seconds are for all together.
    """
    deadline = time.monotonic() + seconds
    made: list[Certificate] = []
    for sentence, problem, verdict in parts:
        try:
            left = max(deadline - time.monotonic(), LEAST_SECONDS)
            made.append(certify(problem, verdict, seconds=left))
        except ProofError as error:
            return no_certificate(path, f"'{sentence}': {error}")
        except KeyboardInterrupt:
            return no_certificate(path, "interrupted")
    data = _packed({"parts": [part.data for part in made]})
    Path(path).write_bytes(data)
    content = "; ".join(dict.fromkeys(part.content for part in made))
    return CertificateFile(str(path), len(data), f"{amount(len(made), 'part')}: {content}")


def check_destination(path: str | Path) -> None:
    """Raise InputError unless a certificate can be written there."""
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"certificate: there is no folder {path.parent}")
    if path.is_dir():
        raise InputError(f"certificate: {path} is a folder; name a file")
    if path.is_file() and path.stat().st_size and not _holds_certificate(path):
        raise InputError(
            f"certificate: {path} exists and is no certificate; name another file, or remove it"
        )


def seconds_left(deadline: float | None) -> float:
    """How long building may take when the verdict had to be there by then (time.monotonic)."""
    if deadline is None:
        return SECONDS
    return min(max(deadline - time.monotonic(), LEAST_SECONDS), SECONDS)


def no_certificate(path: str | Path, reason: str) -> CertificateFile:
    """No certificate. An older one at its place would be taken for it."""
    path = Path(path)
    if path.is_file() and _holds_certificate(path):
        path.unlink()
    return CertificateFile(None, 0, reason)


def _holds_certificate(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(max(map(len, CHECKERS)))
    return start.startswith(tuple(CHECKERS))


def _full_evidence(
    problem: Problem, checked: recheck.Problem, by_output: list[int], seconds: float
) -> tuple[dict[str, Any] | None, str]:
    """A table or a tree, or None and the reason."""
    domain = checked.domain()
    root = checked.root(domain)
    size = 0 if root is None else checked.size(domain, root)
    table: dict[str, Any] = {"kind": "table"}
    # a tree does not tell how many inputs are wrong in several outputs at once
    union = sum(map(bool, by_output)) > 1
    if checked.points is not None or size <= (recheck.TABLE if union else ENUMERATED):
        return table, ""
    try:
        return Grower(problem, checked, any(by_output), seconds).tree(), ""
    except ProofError as error:
        if size <= recheck.TABLE:
            return table, ""
        return None, f"{error}, and {amount(size, 'input')} are too many to evaluate one by one"


def _points(problem: Problem, verdict: Verdict) -> dict[str, Any]:
    """The verdict's counterexamples with the exact values of all outputs."""
    if not verdict.counterexamples:
        raise ProofError("the verdict has no counterexample")
    most = max(min(POINTS, VALUES // len(problem.specification.outputs)), 1)
    listed = verdict.counterexamples[:most]
    values = [[str(reading.value) for reading in one.outputs.values()] for one in listed]
    return {"kind": "points", "inputs": [one.text for one in listed], "values": values}


class Grower:
    """Grows the tree of a certificate: along the engine's search, further where that is not enough.

    Every leaf has been proved with the checker's own functions. (The checker knows nothing of
    this module.)

    Args:
        counting: whether there are wrong points, which must all be counted.
        seconds: time limit.
    """

    def __init__(
        self, problem: Problem, checked: recheck.Problem, counting: bool, seconds: float
    ) -> None:
        from .engines.trace import Tracer

        self._checked, self._counting, self._seconds = checked, counting, seconds
        self._deadline = time.monotonic() + seconds
        self._tracer = Tracer(problem, checked, counting, self._deadline)
        self._codes: list[int] = []
        self._last = [self._lost(output) for output in range(len(checked.formulas))]
        self._expected, self._begun = 0, 0.0

    def tree(self) -> dict[str, Any]:
        """The evidence, with codes of all regions; raises ProofError when a limit is reached."""
        traces = []
        for region in self._regions():
            started = self._checked.root(region) is not None
            traces.append(self._tracer.trace(region, self._room()) if started else [])
            if traces[-1] is None:
                raise self._failure
            self._expected += len(traces[-1])
        self._begun = time.monotonic()
        for region, trace in zip(self._regions(), traces, strict=True):
            assert trace is not None
            self._grow(region, trace)
        evidence = {"kind": "tree", "codes": self._codes}
        return evidence | {"last": self._last} if any(self._last) else evidence

    def _lost(self, output: int) -> list[int]:
        """Cubes of the formula on which the network may be wrong; none when all may be so.

        They come last: points of their regions are in no other cube, and whole nodes are wrong.
        """
        checked = self._checked
        regions = [region for region in checked.regions(output) if region.cube]
        if not self._counting or len(regions) < 2:
            return []
        lost = []
        for q, region in enumerate(regions):
            if time.monotonic() > self._deadline:
                raise self._failure
            alone = region._replace(clauses=checked.forbidden)
            node = checked.root(alone)
            if node is not None and not checked.proved(alone, node):
                lost.append(q)
        return lost if len(lost) < len(regions) else []

    def _regions(self) -> Iterator[Region]:
        return (
            region
            for output in range(len(self._checked.formulas))
            for region in self._checked.regions(output, self._last[output])
        )

    @property
    def _failure(self) -> ProofError:
        return ProofError(f"no tree within {NODES:,} nodes and {self._seconds:g} s")

    def _room(self) -> int:
        """How many more nodes there may be; raises ProofError when there is no hope."""
        now, done = time.monotonic(), len(self._codes)
        left = NODES - max(done, self._expected if not done else 0)
        if left <= 0 or now > self._deadline:
            raise self._failure
        elapsed = now - self._begun
        if done and elapsed > PATIENCE and elapsed * self._expected > 2 * done * self._seconds:
            raise ProofError(
                f"a tree of about {self._expected:,} nodes takes more than {self._seconds:g} s"
            )
        return left

    def _grow(self, region: Region, proposed: list[int]) -> None:
        trace = iter(proposed)
        # nodes with True are those of the trace
        stack: list[tuple[Node | None, bool]] = [(self._checked.root(region), bool(proposed))]
        while stack:
            self._room()
            node, traced = stack.pop()
            code = next(trace) if traced else None
            chosen = self._close(region, node, code)
            self._codes.append(chosen)
            if code is not None and code >= 0 and chosen != code:
                _skip(trace)
            if chosen >= 0 and node is not None:
                # where only the engine closes a node there is no guide below it
                below = chosen == code
                for y in (0, 1):
                    stack.append((self._checked.fixed(region, node, [2 * chosen + y]), below))

    def _close(self, region: Region, node: Node | None, code: int | None) -> int:
        """The code of a leaf that the checker accepts, or the input to split by."""
        checked = self._checked
        if node is None:
            return EMPTY
        true, false = checked.status(region, node)
        if false:
            return EMPTY
        lanes = math.prod(map(len, checked.choices(region, node)))
        if lanes <= CHEAP:
            return SMALL
        if code is not None and code >= 0 and node.state[code] == recheck.FREE:
            return code
        if checked.proved(region, node):
            return BOUND
        wrong = self._counting and checked.proved(region, node, wrong=True)
        if wrong and true and self._countable(region, node):
            return WHOLE
        if lanes <= recheck.LANES:
            return SMALL
        return self._frequent(node) if wrong and node.alive else self._influential(region, node)

    def _countable(self, region: Region, node: Node) -> bool:
        """Whether the checker counts the points where no clause is true."""
        try:
            self._checked.size(region, node, node.alive)
        except recheck.RejectedError:
            return False
        return True

    @staticmethod
    def _frequent(node: Node) -> int:
        """The input that most clauses wait for."""
        inputs = [part >> 1 for clause in node.alive for part in clause]
        return max(node.free, key=inputs.count)

    def _influential(self, region: Region, node: Node) -> int:
        """The free input with the largest weights into neurons whose sign is open."""
        checked = self._checked
        lines = checked.lines(region, node)
        form = checked.forms(region.output, region.expected)[0][0]
        back = [abs(form.get(o, 0)) for o in range(len(checked.formulas))]
        layers = list(zip(checked.layers, lines, strict=True))
        for (kind, rows, _, _), (scale, around, _) in reversed(layers):
            # a line of full slope on both sides is the neuron itself: half the weight
            same = [up == down == scale for up, _, down, _ in around]
            off = [up == down == 0 for up, _, down, _ in around]
            back = [
                0 if none and kind != "step" else (w if exact else 2 * w)
                for w, exact, none in zip(back, same, off, strict=True)
            ]
            columns = zip(*rows, strict=True)
            back = [
                sum(w * abs(c) for w, c in zip(back, column, strict=True)) for column in columns
            ]
        inputs = [part >> 1 for clause in node.alive for part in clause]
        return max(node.free, key=lambda i: back[i] * (5 + inputs.count(i)))


def _skip(trace: Iterator[int]) -> None:
    """Pass over both subtrees of a node of the trace."""
    left = 2
    while left:
        left += 1 if next(trace) >= 0 else -1
