"""Where two networks differ, from an engine's answers about each of them alone if possible.

If the inputs W on which A breaks the specification can be listed (there may be none), A reads as
the specification says on all others, so that B differs from A outside W exactly where B breaks
the specification. What happens on W is evaluated. Only where neither network's wrong inputs can
be listed does an engine get both networks side by side, which is much harder: docs/compare.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..formula import FALSE, TRUE, And, Formula, Not, Variable, Xor
from ..network import Network
from ..problem import Problem
from ..readout import Threshold
from ..specification import Specification
from ..verdict import Verdict
from .bit_problem import differ, reads
from .change import Change
from .comparison import ClaimStatus, Status
from .computed_formulas import computed_formulas
from .findings import ClaimFindings, Findings
from .inquiry import Inquiry, complete_list, points_of
from .regions import Forgotten, conjunction, disjunction, narrowed, negated
from .tally import DAMAGE, DIFFERING, FAILING, RESIDUAL, Tally

#: At most this many listed inputs are cut out of a domain to ask about the rest of it.
CUT_OUT = 64
#: Answers to other questions in the words of a comparison, and of a claim.
EQUAL: dict[str, Status] = {"holds": "equal", "violated": "differs", "unknown": "unknown"}
CLAIMED: dict[str, ClaimStatus] = {
    "equal": "holds",
    "holds": "holds",
    "differs": "fails",
    "violated": "fails",
    "unknown": "unknown",
}


class Differences:
    """Asks an engine about two networks.

    Attributes:
        a, b, specification, forgotten, inquiry: what is asked, and by whom it is answered.
        same: whether both networks hold the same numbers.
        a_verdict, b_verdict: do they compute the specification (B: asked if it helps)?
        a_formulas, b_formulas: what each output is proved to compute; None where that is not known.
        a_wrong, b_wrong: all inputs on which they do not, if they could be listed.
        seen: inputs worth showing as examples.
        notes: why something could not be asked.
    """

    def __init__(
        self,
        a: Network,
        b: Network,
        specification: Specification,
        forgotten: Forgotten,
        inquiry: Inquiry,
    ) -> None:
        self.a, self.b, self.specification, self.inquiry = a, b, specification, inquiry
        self.forgotten = forgotten
        self.nothing = Forgotten(specification, {})
        self.inputs = len(specification.inputs)
        self.binary = isinstance(specification.readout, Threshold)
        self.seen: list[np.ndarray] = []
        self.notes: list[str] = []
        problems = [Problem(network, specification) for network in (a, b)]
        self.same = problems[0].sha256["network"] == problems[1].sha256["network"]
        self.a_verdict, self.b_verdict = (self.decided(problem) for problem in problems)
        self.a_formulas = computed_formulas(a, specification, self.a_verdict, inquiry)
        self.b_formulas = computed_formulas(b, specification, self.b_verdict, inquiry)
        self.a_wrong = self.b_wrong = None
        if not self.known:
            self.a_verdict, self.b_verdict = (self.examined(problem) for problem in problems)
            self.a_wrong = complete_list(self.a_verdict, self.inputs)
            self.b_wrong = complete_list(self.b_verdict, self.inputs)

    @property
    def known(self) -> bool:
        """Whether it is known what formulas both networks compute."""
        return None not in self.a_formulas and None not in self.b_formulas

    def decided(self, problem: Problem) -> Verdict:
        """The verdict on a problem, without counts."""
        verdict = self.inquiry.decide(problem)
        self.seen.append(points_of(verdict, self.inputs))
        return verdict

    def examined(self, problem: Problem) -> Verdict:
        """The verdict on a problem, its wrong inputs noted as possible examples."""
        verdict = self.inquiry.examine(problem)
        self.seen.append(points_of(verdict, self.inputs))
        return verdict

    def find(self) -> Findings:
        """Decide whether the networks differ, and what was to be forgotten."""
        findings = Findings(by_output=[Change()] * len(self.specification.outputs))
        if self.same:
            findings.status, findings.differing = "equal", 0
            findings.how = "the networks hold the same numbers"
        elif self.known:
            self._by_formulas(findings)
        elif self.a_wrong is not None:
            self._by_specification(findings, self.a, self.b, self.a_wrong, self.b_verdict)
        elif self.b_wrong is not None:
            self._by_specification(findings, self.b, self.a, self.b_wrong, self.a_verdict)
        else:
            self._by_product(findings)
        if findings.status == "equal":
            self._say_equal(findings)
        if self.forgotten.clauses:
            self._claim(findings)
        return findings

    def _say_equal(self, findings: Findings) -> None:
        nothing = Change(lost=0, gained=0, other=0, opposite=0)
        findings.differing = 0
        findings.by_output = [nothing] * len(self.specification.outputs)

    def _by_formulas(self, findings: Findings) -> None:
        """It is known what both compute."""
        findings.how = f"{self.a_verdict.engine}: the formulas that A and B compute are known"
        pairs = self.formula_pairs
        if all(x == y for x, y in pairs):
            findings.status = "equal"
            return
        a_formulas = dict(zip(self.specification.outputs, (x for x, _ in pairs), strict=True))
        spec = self.specification
        asked = Specification(spec.inputs, a_formulas, domain=spec.domain, readout=spec.readout)
        verdict = self.decided(Problem(self.b, asked))
        findings.status = EQUAL[verdict.status]
        apart = disjunction([Xor(pair) for pair in pairs if pair[0] != pair[1]])
        findings.differing = self.inquiry.size(spec, apart)

    @property
    def formula_pairs(self) -> list[tuple[Formula, Formula]]:
        """What A and what B computes, by output."""
        pairs = zip(self.a_formulas, self.b_formulas, strict=True)
        return [(x, y) for x, y in pairs if x is not None and y is not None]

    def _by_specification(
        self, findings: Findings, sure: Network, other: Network, wrong: np.ndarray, verdict: Verdict
    ) -> None:
        """``wrong`` is where ``sure`` breaks the specification, the verdict is on ``other``."""
        tally = Tally(sure, other, self.specification, self.nothing, keep=0)
        tally.add(wrong)
        problem = Problem(other, self.specification)
        findings.status, findings.differing = self._outside(
            wrong, verdict, tally.counts[DIFFERING], tally.b_wrong, problem
        )
        findings.how = f"{verdict.engine}, against the specification"
        if verdict.violations_by_output is not None:
            for j, name in enumerate(self.specification.outputs):
                outside = verdict.violations_by_output[name] - int(tally.b_wrong_by_output[j])
                if outside + int(tally.counts_by_output[DIFFERING][j]) == 0:
                    findings.by_output[j] = Change(lost=0, gained=0, other=0, opposite=0)

    def _outside(
        self, wrong: np.ndarray, verdict: Verdict, apart: int, broken: int, problem: Problem
    ) -> tuple[Status, int | None]:
        """Join what is counted on the listed inputs with a verdict on all of them.

        Args:
            wrong: the listed inputs.
            verdict: on the problem, whose violations outside the list are the differences there.
            apart, broken: of the listed inputs, how many differ and how many break the problem.
        """
        if verdict.status == "unknown":
            return ("differs" if apart else "unknown"), None
        if verdict.status == "holds":
            return ("differs" if apart else "equal"), apart
        if verdict.violations is not None:
            total = verdict.violations - broken + apart
            return ("differs" if total else "equal"), total
        listed = {row.tobytes() for row in wrong.astype(np.uint8)}
        others = [row for row in points_of(verdict, self.inputs) if row.tobytes() not in listed]
        if apart or others:
            return "differs", None
        if len(wrong) > CUT_OUT:
            return "unknown", None
        spec = problem.specification
        domain = narrowed(spec.domain, conjunction([Not(self._point(row)) for row in wrong]))
        if domain.is_empty():
            return "equal", 0
        outputs = dict(zip(spec.outputs, spec.formulas, strict=True))
        rest = Specification(spec.inputs, outputs, domain=domain, readout=spec.readout)
        answer = self.inquiry.decide(Problem(problem.network, rest))
        self.seen.append(points_of(answer, self.inputs))
        if answer.status == "holds":
            return "equal", 0
        return ("differs" if answer.status == "violated" else "unknown"), None

    def _point(self, row: np.ndarray) -> Formula:
        names = zip(self.specification.inputs, row, strict=True)
        return And(tuple(Variable(name) if bit else Not(Variable(name)) for name, bit in names))

    def _by_product(self, findings: Findings) -> None:
        """Both networks side by side."""
        every = list(range(len(self.specification.outputs)))
        status, count, by_output = self.product(every, TRUE)
        findings.status, findings.differing = status, count
        findings.how = f"{self.a_verdict.engine}, both networks side by side"
        for j in every:
            if by_output is not None and not any(by_output[j]):
                findings.by_output[j] = Change(lost=0, gained=0, other=0, opposite=0)

    def product(
        self, outputs: list[int], region: Formula
    ) -> tuple[Status, int | None, list[list[int]] | None]:
        """Whether some outputs are read alike on a part of the domain.

        Returns the status, the number of inputs on which they are not, and for each output the
        number by A only, by B only (read true), and the same for true or neither.
        """
        none = [[0, 0] if self.binary else [0, 0, 0, 0]] * len(outputs)
        if self.same or not outputs:
            return "equal", 0, none
        try:
            problem = differ(self.a, self.b, self.specification, outputs, region)
        except InputError as error:
            self.notes.append(str(error))
            return "unknown", None, None
        if problem is None:
            return "equal", 0, none
        verdict = self.examined(problem)
        if verdict.status == "holds":
            return "equal", 0, none
        if verdict.status == "unknown":
            return "unknown", None, None
        counts = verdict.violations_by_output
        if counts is None:
            return "differs", None, None
        flat = [counts[name] for name in problem.specification.outputs]
        bits = len(flat) // len(outputs)
        grouped = [flat[i : i + bits] for i in range(0, len(flat), bits)]
        return "differs", verdict.violations, grouped

    def not_reading(
        self, network: Network, output: int, truth: bool, region: Formula
    ) -> tuple[bool | None, int | None]:
        """Whether an output reads otherwise somewhere on a part of the domain; on how many."""
        problem = reads(network, self.specification, output, truth, region)
        if problem is None:
            return False, 0
        verdict = self.inquiry.count(problem, brief=True)
        self.seen.append(points_of(verdict, self.inputs))
        if verdict.status == "unknown":
            return None, None
        return verdict.status == "violated", 0 if verdict.status == "holds" else verdict.violations

    def _claim(self, findings: Findings) -> None:
        claim = findings.claim
        outputs = range(len(self.specification.outputs))
        claim.residual_by_output = [0] * len(outputs)
        claim.damage_by_output = [None] * len(outputs)
        for j in self.forgotten.clauses:
            claim.inputs[j] = self.inquiry.size(self.specification, self.forgotten.region(j))
        if self.a_verdict.status == "holds" or self.a_wrong is not None:
            wrong = self.a_wrong
            if wrong is None:
                wrong = np.zeros((0, self.inputs), dtype=np.uint8)
            self._claim_by_specification(claim, wrong)
        elif self.known:
            self._claim_by_formulas(claim)
        else:
            self._claim_by_product(claim)
        if claim.status == "holds":
            claim.residual = claim.damage = 0
            claim.residual_by_output = [0] * len(outputs)
            claim.damage_by_output = [0] * len(outputs)

    def _claim_by_formulas(self, claim: ClaimFindings) -> None:
        spec = self.specification
        residual, damage = [], []
        for j, (x, y) in enumerate(self.formula_pairs):
            region = self.forgotten.region(j)
            residual.append(conjunction([region, y]))
            damage.append(conjunction([negated(region), Xor((x, y))]))
        claim.residual_by_output = [self.inquiry.size(spec, part) for part in residual]
        claim.damage_by_output = [self.inquiry.size(spec, part) for part in damage]
        claim.residual = self.inquiry.size(spec, disjunction(residual))
        claim.damage = self.inquiry.size(spec, disjunction(damage))
        if claim.residual is not None and claim.damage is not None:
            claim.status = "fails" if claim.residual or claim.damage else "holds"

    def _claim_by_specification(self, claim: ClaimFindings, wrong: np.ndarray) -> None:
        """Away from ``wrong``, B has to compute the specification without what is forgotten."""
        problem = Problem(self.b, self.forgotten.remaining)
        if self.known and not len(wrong):
            answer = self.decided(problem).status
            self._claim_by_formulas(claim)
            if answer != "unknown":
                claim.status = CLAIMED[answer]
            return
        verdict = self.examined(problem)
        if verdict.status != "holds":
            for j in self.forgotten.clauses:
                region = self.forgotten.region(j)
                _, claim.residual_by_output[j] = self.not_reading(self.b, j, False, region)
        tally = Tally(self.a, self.b, self.specification, self.forgotten, keep=0)
        tally.add(wrong)
        status, total = self._outside(wrong, verdict, tally.counts[FAILING], tally.b_wrong, problem)
        claim.status = CLAIMED[status]
        counts = verdict.violations_by_output
        for j, name in enumerate(self.specification.outputs):
            residual = claim.residual_by_output[j]
            if counts is not None and residual is not None:
                # of the listed inputs those that are counted with the residual are no matter
                on_list = int(tally.counts_by_output[FAILING][j] - tally.b_wrong_by_output[j])
                claim.damage_by_output[j] = counts[name] + on_list - residual
        self._totals(claim, wrong, total, verdict)

    def _totals(
        self, claim: ClaimFindings, wrong: np.ndarray, total: int | None, verdict: Verdict
    ) -> None:
        """Inputs with residual and with damage, in any output."""
        broken = complete_list(verdict, self.inputs)
        if broken is not None:
            both = {row.tobytes(): row for part in (wrong, broken) for row in part}
            tally = Tally(self.a, self.b, self.specification, self.forgotten, keep=0)
            tally.add(np.array(list(both.values()), dtype=np.uint8).reshape(-1, self.inputs))
            claim.residual, claim.damage = tally.counts[RESIDUAL], tally.counts[DAMAGE]
            for kind, counts in (
                (RESIDUAL, claim.residual_by_output),
                (DAMAGE, claim.damage_by_output),
            ):
                counts[:] = [int(count) for count in tally.counts_by_output[kind]]
            return
        claim.residual = _union(claim.residual_by_output)
        claim.damage = _union(claim.damage_by_output)
        if claim.residual == 0:
            claim.damage = total
        elif claim.damage == 0:
            claim.residual = total

    def _claim_by_product(self, claim: ClaimFindings) -> None:
        """Each forgotten output by itself outside its region, the others together."""
        chosen = self.forgotten.clauses
        left = []
        for j in chosen:
            region = self.forgotten.region(j)
            some, claim.residual_by_output[j] = self.not_reading(self.b, j, False, region)
            left.append(some)
        rest = [j for j in range(len(self.specification.outputs)) if j not in chosen]
        parts = [([j], negated(self.forgotten.region(j))) for j in chosen] + [(rest, TRUE)]
        states: list[Status] = []
        for outputs, region in parts:
            if region == FALSE or not outputs:
                states.append("equal")
                for j in outputs:
                    claim.damage_by_output[j] = 0
                continue
            status, count, by_output = self.product(outputs, region)
            states.append(status)
            for place, j in enumerate(outputs):
                if len(outputs) == 1:
                    claim.damage_by_output[j] = count
                elif by_output is not None and (self.binary or not any(by_output[place])):
                    claim.damage_by_output[j] = sum(by_output[place])
        if "differs" in states or any(left):
            claim.status = "fails"
        elif "unknown" not in states and None not in left:
            claim.status = "holds"
        claim.residual = _union(claim.residual_by_output)
        claim.damage = _union(claim.damage_by_output)


def _union(counts: Sequence[int | None]) -> int | None:
    """Inputs counted in some output, where at most one output has any."""
    if any(count is None for count in counts):
        return None
    some = [count for count in counts if count]
    if len(some) > 1:
        return None
    return some[0] if some else 0
