"""Comparing two networks: are they the same Boolean function, and what did an edit change?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..check import ENGINES, replay
from ..domain import COUNTABLE
from ..engines.engine import Progress
from ..errors import ContradictionError, InputError
from ..network import Network
from ..problem import Problem
from ..specification import Specification
from ..verdict import CertificateFile, Verdict
from ..verdict_text import amount
from .comparison import BothReadings, Comparison, Example, ForgottenClaim
from .differences import Differences
from .explanation import Explanation
from .findings import Findings, findings_of_scan, scan
from .inquiry import Inquiry, without_repetitions
from .questions import questions, verdicts
from .regions import Forgotten
from .tally import DAMAGE, DIFFERING, RESIDUAL, WRONG, Tally

if TYPE_CHECKING:
    import torch

    NetworkLike = Network | torch.nn.Module | str | Path

#: Up to this many multiplications, one scan of the domain answers everything.
QUICK = 600_000_000
#: Engines for which a scan is as good as what they would do.
SCANNING = ("auto", "enumerate")
#: More outputs than this have no table of clauses.
OUTPUTS = 4096


def compare(
    a: NetworkLike,
    b: NetworkLike,
    specification: Specification | str | Path,
    *,
    forgotten: Sequence[str] = (),
    engine: str = "auto",
    timeout: float | None = None,
    counterexamples: int = 1,
    threads: int | None = None,
    progress: Progress | None = None,
    certificate: str | Path | None = None,
) -> Comparison:
    """Decide whether two networks read the same on every input of a domain, and say what differs.

    Args:
        a, b: networks before and after an edit, of any widths and depths: Networks, model files or
            torch modules. Both have the inputs and outputs of the specification.
        specification: what A should compute: its clauses name the differences.
        forgotten: clauses (``y0:2``) or outputs (``y0``) that B should not compute any more. Then
            it is also decided whether B reads false where only these are true, and as A elsewhere.
        engine: ``auto``, ``enumerate``, ``tree`` or ``z3``.
        timeout: give up after this many seconds, with what is known by then. Without it the answer
            takes as long as it takes, and the counts a minute.
        counterexamples: show at most this many inputs of each kind.
        threads: processor threads, default all.
        progress: called with (done, total).
        certificate: write evidence to this file, for :mod:`superproof.verify.recheck`.

    Raises:
        InputError: sizes do not fit, no such clause, or the engine cannot take the problem.
    """
    if isinstance(specification, str | Path):
        specification = Specification.load(specification)
    networks = [fitting(name, given, specification) for name, given in (("A", a), ("B", b))]
    if counterexamples < 0:
        raise InputError(f"counterexamples must be 0 or more, not {counterexamples}")
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout must be positive, not {timeout}")
    if threads is not None and threads < 1:
        raise InputError(f"threads must be 1 or more, not {threads}")
    if engine not in ENGINES:
        raise InputError(f"unknown engine '{engine}'; use one of {', '.join(ENGINES)}")
    specification.require_formulas()
    if len(specification.outputs) > OUTPUTS:
        raise InputError(
            f"networks with {amount(len(specification.outputs), 'output')} cannot be compared, "
            f"only with up to {OUTPUTS:,}"
        )
    if certificate is not None:
        from ..certificate import check_destination

        check_destination(certificate)
    chosen = claim_of(forgotten, specification)
    inquiry = Inquiry(engine, timeout, threads, progress or (lambda done, total: None))
    return _Comparing(networks[0], networks[1], specification, chosen, inquiry).compare(
        counterexamples, certificate
    )


def claim_of(forgotten: Sequence[str], specification: Specification) -> Forgotten:
    """What was to be forgotten. Raises InputError for what the specification does not have."""
    from ..readout import Argmax

    chosen = Forgotten.parse(forgotten, specification)
    if chosen.clauses and isinstance(specification.readout, Argmax):
        raise InputError(
            "--forgotten: with an argmax read-out an output that reads false makes another one the "
            "largest, so that not everything else can stay; compare without it, or check B against "
            "a specification of what it should say instead"
        )
    return chosen


def fitting(name: str, given: NetworkLike, specification: Specification) -> Network:
    """The network, read if need be, with dense weights.

    Raises InputError where its sizes are not the specification's; ``name`` is A or B.
    """
    if isinstance(given, str | Path):
        given = Network.load(given)
    elif not isinstance(given, Network):
        given = Network.from_torch(given)
    for what, has, wants in (
        ("input", given.input_size, len(specification.inputs)),
        ("output", given.output_size, len(specification.outputs)),
    ):
        if has != wants:
            raise InputError(
                f"network {name} has {amount(has, what)}, but the specification names {wants}"
            )
    return given.dense


class _Comparing:
    """One comparison on its way."""

    def __init__(
        self,
        a: Network,
        b: Network,
        specification: Specification,
        forgotten: Forgotten,
        inquiry: Inquiry,
    ) -> None:
        self.a, self.b, self.specification = a, b, specification
        self.forgotten, self.inquiry = forgotten, inquiry
        self.problems = Problem(a, specification), Problem(b, specification)

    def compare(self, counterexamples: int, certificate: str | Path | None) -> Comparison:
        """Everything, by a scan where that is quick, else by the engine."""
        tally = Tally(self.a, self.b, self.specification, self.forgotten, max(counterexamples, 1))
        domain = self.specification.domain
        quick = domain.candidates <= min(COUNTABLE, QUICK // tally.work)
        size: int | None
        if quick and self.inquiry.engine in SCANNING and scan(tally, self.inquiry):
            findings, verdict, size = findings_of_scan(tally), self._scanned(tally), tally.size
        else:
            findings, verdict, tally = self._asked(max(counterexamples, 1))
            size = verdict.domain_size
        self._consistent(findings, tally)
        notes = [*findings.notes, *self._missing(findings)]
        networks = [problem.sha256 for problem in self.problems]
        answer = Comparison(
            status=findings.status,
            a=verdict,
            domain_size=size,
            differing=findings.differing,
            by_output=dict(zip(self.specification.outputs, findings.by_output, strict=True)),
            regions=tuple(findings.rows),
            examples=self._examples(tally, DIFFERING, counterexamples),
            claim=self._claim(findings, tally, counterexamples),
            how=findings.how,
            notes=tuple(notes),
            seconds=self.inquiry.seconds,
            sha256={
                "a": networks[0]["network"],
                "b": networks[1]["network"],
                "specification": networks[0]["specification"],
                "domain": networks[0]["domain"],
            },
            interrupted=self.inquiry.interrupted,
        )
        if certificate is None:
            return answer
        return self._certified(answer, tally, certificate)

    def _scanned(self, tally: Tally) -> Verdict:
        """Whether A computes the specification, as the scan saw it."""
        problem = self.problems[0]
        wrong = tally.counts[WRONG]
        counts = map(int, tally.counts_by_output[WRONG])
        return Verdict(
            status="violated" if wrong else "holds",
            engine="enumerate",
            domain_size=tally.size,
            violations=wrong,
            violations_by_output=dict(zip(self.specification.outputs, counts, strict=True)),
            counterexamples=tuple(replay(problem, tally.points[WRONG][:1])),
            nodes=tally.size,
            seconds=self.inquiry.seconds,
            sha256=problem.sha256,
        )

    def _asked(self, keep: int) -> tuple[Findings, Verdict, Tally]:
        """The engine's answers, and a tally of the inputs that it showed."""
        asking = Differences(self.a, self.b, self.specification, self.forgotten, self.inquiry)
        findings = asking.find()
        seen = Tally(self.a, self.b, self.specification, self.forgotten, keep)
        seen.add(without_repetitions(asking.seen, len(self.specification.inputs)))
        if findings.status == "unknown" and seen.counts[DIFFERING]:
            findings.status = "differs"
        if findings.status != "unknown":
            Explanation(asking, findings).explain()
        findings.notes += dict.fromkeys(asking.notes)
        tally = Tally(self.a, self.b, self.specification, self.forgotten, keep)
        tally.add(without_repetitions(asking.seen, len(self.specification.inputs)))
        return findings, asking.a_verdict, tally

    def _consistent(self, findings: Findings, tally: Tally) -> None:
        """Refuse an answer that exact evaluation contradicts."""
        if findings.status == "equal" and tally.counts[DIFFERING]:
            raise ContradictionError("the engine said equal, and an input says otherwise")
        failing = tally.counts[RESIDUAL] or tally.counts[DAMAGE]
        if self.forgotten.clauses and findings.claim.status == "holds" and failing:
            raise ContradictionError("the engine said forgotten, and an input says otherwise")
        if self.forgotten.clauses and findings.claim.status == "unknown" and failing:
            findings.claim.status = "fails"

    def _missing(self, findings: Findings) -> list[str]:
        """Sentences about what is null, and why."""
        why = "interrupted" if self.inquiry.interrupted else "it takes too long"
        if self.inquiry.timeout is not None and self.inquiry.expired():
            why = "time limit"
        missing = []
        if findings.status == "unknown":
            missing.append(f"whether A and B differ was not decided: {why}")
        if findings.status == "differs" and findings.differing is None:
            missing.append(
                f"the number of inputs that A and B read differently: not counted, {why}"
            )
        open_rows = [row for row in findings.rows if row.change.differing is None]
        if open_rows:
            missing.append(f"{amount(len(open_rows), 'row')} of the clauses not counted: {why}")
        claim = findings.claim
        if self.forgotten.clauses and claim.status != "holds":
            for name, count, parts in (
                ("residual", claim.residual, claim.residual_by_output),
                ("damage", claim.damage, claim.damage_by_output),
            ):
                if count is None:
                    known = None not in parts
                    reason = "only counted output by output" if known else f"not counted, {why}"
                    missing.append(f"the number of inputs with {name}: {reason}")
        return missing

    def _claim(
        self, findings: Findings, tally: Tally, counterexamples: int
    ) -> ForgottenClaim | None:
        if not self.forgotten.clauses:
            return None
        claim, names = findings.claim, self.specification.outputs
        return ForgottenClaim(
            forgotten=self.forgotten.names,
            words=str(self.forgotten),
            status=claim.status,
            inputs={names[j]: claim.inputs.get(j) for j in self.forgotten.clauses},
            residual=claim.residual,
            damage=claim.damage,
            residual_by_output=dict(zip(names, claim.residual_by_output, strict=True)),
            damage_by_output=dict(zip(names, claim.damage_by_output, strict=True)),
            residual_examples=self._examples(tally, RESIDUAL, counterexamples),
            damage_examples=self._examples(tally, DAMAGE, counterexamples),
        )

    def _examples(self, tally: Tally, kind: str, count: int) -> tuple[Example, ...]:
        """Inputs of a kind with the exact values of both networks."""
        points = tally.points[kind][:count]
        if not points:
            return ()
        matrix = np.array(points, dtype=np.uint8)
        values = [problem.values(matrix) for problem in self.problems]
        expected = self.specification.expected(matrix)
        readout, names = self.specification.readout, self.specification.outputs
        examples = []
        for row, bits in enumerate(matrix):
            a_reads, b_reads = (readout.reads(lines[row]) for lines in values)
            outputs = {
                name: BothReadings(
                    a_reads[j],
                    values[0][row, j],
                    b_reads[j],
                    values[1][row, j],
                    bool(expected[row, j]),
                )
                for j, name in enumerate(names)
            }
            marked = tally.pairs(matrix[row : row + 1])[kind][0]
            shown = tuple(name for name, mark in zip(names, marked, strict=True) if mark)
            assert shown, "an example of nothing"
            told = tuple(map(bool, bits))
            examples.append(Example(self.specification.inputs, told, outputs, shown))
        return tuple(examples)

    def _certified(self, answer: Comparison, tally: Tally, certificate: str | Path) -> Comparison:
        from ..certificate import seconds_left, write_certificates

        computes = answer.a_computes is True
        try:
            asked = questions(self.a, self.b, self.specification, self.forgotten, computes)
        except InputError as error:
            return replace(answer, certificate=CertificateFile(None, 0, str(error)))
        holds = answer.equal if answer.claim is None else answer.claim.status == "holds"
        points = np.array(
            [row for kind in (DIFFERING, RESIDUAL, DAMAGE) for row in tally.points[kind]],
            dtype=np.uint8,
        ).reshape(-1, len(self.specification.inputs))
        parts = verdicts(asked, answer.a, points, holds, self.inquiry)
        left = seconds_left(self.inquiry.deadline)
        written = write_certificates(parts, certificate, seconds=left)
        return replace(answer, certificate=written)
