"""The exact probability that a network is wrong, when its inputs follow a law."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .domain import Domain
from .engines.engine import Request
from .engines.measure import Measure
from .engines.weighing import Ask, UnfinishedError, domain_weight, restricted, weigh
from .errors import ContradictionError, InputError
from .law import Law, Uniform
from .problem import Problem
from .verdict_text import whole_fraction

if TYPE_CHECKING:
    from .verdict import Verdict

#: Share of the time limit that finding the domain's probability may take.
SHARE = 0.25


@dataclass(frozen=True)
class ErrorProbability:
    """How likely a wrong output is under a law, given the domain.

    Attributes:
        law: the law in words.
        error: probability that some output is wrong, given that the input is in the domain.
        by_output: the same for each output by name.
        domain: the law's probability of the domain.
        engine: who found it.
        seconds: time taken, which is not part of the verdict's own.
    """

    law: str
    error: Fraction
    by_output: Mapping[str, Fraction]
    domain: Fraction
    engine: str
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        return {
            "law": self.law,
            **_number(self.error),
            "by_output": {name: _number(value) for name, value in self.by_output.items()},
            "domain": _number(self.domain),
            "engine": self.engine,
            "seconds": round(self.seconds, 6),
        }


def _number(value: Fraction) -> dict[str, Any]:
    return {"exact": whole_fraction(value), "value": float(value)}


class ErrorQuestion:
    """The question for the probability of error, asked beside a verdict.

    Args:
        problem: what the verdict is about.
        law: how likely each input is.
        request: deadline and threads.
        engine: ``auto``, ``enumerate``, ``sparse``, ``tree`` or ``z3``.
        ask: that engine, for what a count answers.

    Raises InputError for a law that gives the domain probability 0.
    """

    def __init__(self, problem: Problem, law: Law, request: Request, engine: str, ask: Ask) -> None:
        self.law, self.request, self.engine, self.ask = law, request, engine, ask
        self._begun = time.monotonic()
        domain = problem.specification.domain
        self._inputs = domain.inputs
        self._part = law.restricted(domain)
        self._open = ""
        self._weight: int | None = None
        if not isinstance(law, Uniform):
            self._weigh_domain(domain)
        self._whole = problem
        self._spent = time.monotonic() - self._begun

    def _weigh_domain(self, domain: Domain) -> None:
        """The weight of the domain, or why it stays open."""
        try:
            empty = self._part.is_empty()
            self._weight = 0 if empty else domain_weight(self._part, self.measure, self._hurried())
        except UnfinishedError as error:
            self._open = str(error)
        if self._weight == 0:
            raise InputError(
                f"probability: the domain '{domain}' has probability 0 when the law is "
                f"'{self.law}'; choose a law that reaches it"
            )

    def _hurried(self) -> Request:
        deadline = self.request.deadline
        if deadline is None:
            return self.request
        now = time.monotonic()
        return replace(self.request, deadline=now + SHARE * max(deadline - now, 0))

    @cached_property
    def measure(self) -> Measure:
        """The law as integer weights."""
        return Measure(self.law.weights(self._inputs))

    def answered(self, verdict: Verdict) -> Verdict:
        """The verdict with the probability, or with a note that says why there is none."""
        start = time.monotonic()
        try:
            found = self._answer(verdict)
        except (UnfinishedError, InputError) as error:
            return self._unanswered(verdict, str(error))
        except KeyboardInterrupt:
            verdict = replace(verdict, interrupted=True)
            return self._unanswered(verdict, "interrupted")
        seconds = self._spent + time.monotonic() - start
        return replace(verdict, probability=replace(found, seconds=seconds))

    def _unanswered(self, verdict: Verdict, why: str) -> Verdict:
        note = f"the probability of error was not found: {why}"
        return replace(verdict, notes=(*verdict.notes, note))

    def _answer(self, verdict: Verdict) -> ErrorProbability:
        names = self._whole.specification.outputs
        if self._open:
            raise UnfinishedError(self._open)
        whole = self._domain_weight(verdict)
        if verdict.interrupted:
            raise UnfinishedError("interrupted")
        counts = verdict.violations_by_output
        engine = verdict.engine
        if verdict.status == "holds":
            total, by_output = 0, [0] * len(names)
        elif isinstance(self.law, Uniform) and counts and verdict.violations is not None:
            total, by_output = verdict.violations, [counts[name] for name in names]
        else:
            part = restricted(self._whole, self._part)
            total, by_output, engine = weigh(
                part, self.measure, self.request, self.engine, self.ask
            )
        if not max(by_output, default=0) <= total <= min(whole, sum(by_output)):
            raise ContradictionError("the weights of outputs, union and domain do not fit")
        domain = Fraction(whole, self.law.total(self._inputs))
        return ErrorProbability(
            str(self.law),
            Fraction(total, whole),
            {name: Fraction(w, whole) for name, w in zip(names, by_output, strict=True)},
            Fraction(1) if isinstance(self.law, Uniform) else domain,
            engine or self.engine,
        )

    def _domain_weight(self, verdict: Verdict) -> int:
        if self._weight is None:
            size = verdict.domain_size
            self._weight = (
                size if size is not None else domain_weight(self._part, self.measure, self.request)
            )
        return self._weight
