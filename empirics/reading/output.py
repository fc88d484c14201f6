"""Reading one output: counted literals, a DNF or CNF, or an intended formula with exceptions."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from ...verify.comparison.formula_count import RegionSizes
from ...verify.engines.branching.cubes import cubes_of
from ...verify.formula import And, Formula, Not, Xor
from ...verify.verdict import Verdict
from ..tasks import Clause
from .code_table import CodeTable
from .decoders import candidates
from .dnf import clause_of, cnf_formula, dnf_formula, equivalent
from .exceptions import PROVABLE, Exceptions, exceptions, guess_intended
from .hidden_layer import HiddenLayer
from .interpretation import Kind, OutputInterpretation
from .learn import Learned, Learner, Limits
from .pattern import patterns
from .target import Target
from .threshold import propose_count

#: Shares of agreement are compared to so many digits.
DIGITS = 4
#: With more clauses than this, the other side is tried as well, and exceptions are looked for.
FEW = 24
#: Clauses of a formula, written in another form, whose codes are looked up.
CUBES = 64
#: Share of the time limit that the search for a plain formula may take.
PLAIN = 0.5
#: Seconds that every part of a reading has at least.
SHORTEST = 0.1


@dataclass(frozen=True)
class Reader:
    """Settings of a reading.

    Attributes:
        limits: of the loop for one output; the seconds are for all that is read with it, the
            proof of a certificate has as many again.
        seed: of all samples.
        threads: of the exact engines.
        decode: propose clauses from the weights; without it, from samples alone.
        certificates: prove the whole once more with a certificate.
    """

    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    threads: int | None = 1
    decode: bool = True
    certificates: bool = True

    def within(self, deadline: float | None, parts: int) -> Reader:
        """The same for one of so many parts that are left until a ``time.monotonic()`` value."""
        if deadline is None:
            return self
        share = max(deadline - time.monotonic(), 0.0) / parts
        return replace(self, limits=replace(self.limits, timeout=max(share, SHORTEST)))


def read_output(
    target: Target,
    layer: HiddenLayer | None,
    reader: Reader,
    *,
    given: Formula | None = None,
    proposed: Formula | None = None,
    neurons: tuple[Formula | None, ...] = (),
) -> tuple[OutputInterpretation, Verdict | None]:
    """Read one output.

    Args:
        target: the output.
        layer: the hidden layer behind it, if there is one.
        reader: settings.
        given: what the output should be; takes no part in decoding.
        proposed: a formula that is proved already, layer by layer. It is asked about as a whole,
            for the verdict, and stands where that is not decided in time.
        neurons: formulas of the neurons, handed on.

    Returns:
        What was read, and the verdict that proves its formula; None where there is none, or
        where layers prove it and the whole was not decided in time.
    """
    start = time.monotonic()
    names = target.domain.names
    decoded = layer if reader.decode else None
    kind: Kind = "unknown"
    formula: Formula | None = None
    verdict: Verdict | None = None
    learned: Learned | None = None
    agreement: float | None = None
    why = ""
    counted = None if decoded is None else propose_count(target, decoded, reader.seed)
    tries: tuple[tuple[Kind, Formula | None], ...] = (("layers", proposed), ("threshold", counted))
    for form, trial in tries:
        if trial is not None and formula is None:
            answer = target.verify(trial, timeout=_left(reader, start))
            if answer.verdict.holds:
                kind, formula, verdict = form, trial, answer.verdict
            elif form == "layers" and answer.verdict.status == "unknown":
                kind, formula = form, trial
    if formula is None:
        learned, agreement = _learn(target, decoded, reader)
        why = learned.why
        if learned.proved:
            kind = "dnf" if learned.truth else "cnf"
            formula, verdict = learned.formula(names), learned.verdict
    same = None
    if given is not None and formula is not None:
        same = _as_specified(target, given, formula)
    found: Exceptions | None = None
    guess: Formula | None = None
    clauses = learned.clauses if learned is not None and learned.proved else ()
    if formula is None or len(clauses) > FEW or same is False:
        intended = given
        if intended is None:
            intended = _guess(target, decoded, learned, reader)
        found = exceptions(target, intended, given=given is not None, timeout=_left(reader, start))
        guess = intended
        if formula is None and found is not None and found.complete:
            corrected = found.formula(names)
            if len(found.cubes) <= PROVABLE:
                answer = target.verify(corrected, timeout=_left(reader, start))
                if answer.verdict.holds:
                    kind, formula, verdict, why = "exceptions", corrected, answer.verdict, ""
                    found = replace(found, unsettled=False)
                    same = not found.cubes if given is not None else None
            if formula is None:
                why = f"{why}; the formula with its exceptions was not proved"
    codes = None
    coded, truth = (clauses, learned is None or learned.truth)
    if found is not None:
        coded, truth = _clauses_of(found.intended, target)
    if layer is not None and coded and all(coded):  # the clause `true` has no literals to carry
        codes = CodeTable(layer if truth else layer.negated, coded)
    one = OutputInterpretation(
        target.name,
        kind,
        formula,
        clauses,
        found,
        equivalent(learned.static, clauses) if clauses and learned is not None else None,
        guess,
        agreement,
        codes,
        patterns(clauses)[0],
        neurons,
        target.usage,
        0 if learned is None else learned.rounds,
        why,
        time.monotonic() - start,
        same,
    )
    return one, verdict


def _clauses_of(formula: Formula, target: Target) -> tuple[tuple[Clause, ...], bool]:
    """Clauses of a formula that is written as a DNF or a CNF, and whether it is a DNF."""
    for truth, written in ((True, formula), (False, Not(formula))):
        cubes = cubes_of(written, target.domain.index, CUBES)
        if cubes is not None and (truth or isinstance(formula, And)):
            return tuple(clause_of((i, bool(v)) for i, v in c.items()) for c in cubes), truth
    return (), True


def _guess(
    target: Target, layer: HiddenLayer | None, learned: Learned | None, reader: Reader
) -> Formula:
    truth = learned is None or learned.truth
    own = () if layer is None else _candidates(layer, truth)
    clauses = guess_intended(target, own, truth=truth, seed=reader.seed)
    return (dnf_formula if truth else cnf_formula)(clauses, target.domain.names)


def _learn(target: Target, layer: HiddenLayer | None, reader: Reader) -> tuple[Learned, float]:
    """Clauses of the output or of its negation, whichever say it in fewer literals."""
    limits = reader.limits
    if limits.timeout is not None:
        limits = replace(limits, timeout=limits.timeout * PLAIN)
    learners = []
    for truth in (True, False):
        learner = Learner(target, truth=truth, seed=reader.seed, limits=limits)
        learner.decode(() if layer is None else _candidates(layer, truth))
        learners.append(learner)
    # the weights say which side has the clauses; where they are silent, it is the true one
    learners.sort(key=lambda one: (-round(one.agreement(), DIGITS), not one.truth))
    first, second = learners
    first.search()
    agreement = round(first.agreement(), DIGITS)
    if agreement < 1 or len(first.clauses) > FEW:
        second.search()
        other = round(second.agreement(), DIGITS)
        size = sum(map(len, second.clauses)), sum(map(len, first.clauses))
        if (-other, size[0]) < (-agreement, size[1]):
            first, agreement = second, other
    return first.prove(), agreement


def _candidates(layer: HiddenLayer, truth: bool) -> tuple[Clause, ...]:
    return candidates(layer if truth else layer.negated)


def _as_specified(target: Target, given: Formula, formula: Formula) -> bool | None:
    """Whether two formulas are the same on the domain; where diagrams fail, the output is asked."""
    different = RegionSizes(target.domain).size(Xor((given, formula)))
    if different is not None:
        return different == 0
    verdict = target.verify(given).verdict
    return None if verdict.status == "unknown" else verdict.holds


def _left(reader: Reader, start: float) -> float | None:
    if reader.limits.timeout is None:
        return None
    least = min(reader.limits.timeout, 1.0)
    return max(reader.limits.timeout - (time.monotonic() - start), least)
