"""The answer to questions of invariance: verdicts on exchanges, counts of pairs and examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from ..question import Question
from ..verdict import CertificateFile, Status, Verdict, package_version
from .exchange import Exchange, Kind
from .pairing import FALLS, RISES


class Part(NamedTuple):
    """One exchange with the question that decides it."""

    exchange: Exchange
    question: Question


@dataclass(frozen=True)
class Property:
    """What one option claims: an exchange, or every two of several members of a group.

    Attributes:
        kind: ``flip`` or ``monotone``.
        text: the option as given.
        sentence, opposite: the claim in words, and what is said where it is false.
        parts: the exchanges for which there are pairs in the domain.
        skipped: exchanges for which there are none.
    """

    kind: Kind
    text: str
    sentence: str
    opposite: str
    parts: tuple[Part, ...]
    skipped: tuple[Exchange, ...] = ()


class Reading(NamedTuple):
    """One output on both sides of a pair: what it reads (None for neither), its exact value."""

    before: bool | None
    after: bool | None
    value_before: Fraction
    value_after: Fraction


@dataclass(frozen=True)
class Example:
    """A pair that breaks a property, evaluated again in exact arithmetic by the network itself.

    Attributes:
        exchange: what differs.
        names: the input names.
        before, after: the two inputs.
        outputs: every output by name.
        wrong: names of the outputs that break the property.
    """

    exchange: Exchange
    names: tuple[str, ...]
    before: tuple[bool, ...]
    after: tuple[bool, ...]
    outputs: dict[str, Reading]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The verdict on one exchange; its violations are pairs of inputs."""

    part: Part
    verdict: Verdict
    examples: tuple[Example, ...] = ()

    def count(self, pattern: str, output: str) -> int | None:
        """How many pairs there are where the output does that; None where nobody counted."""
        counts = self.verdict.violations_by_output
        return None if counts is None else counts.get(pattern.format(output), 0)


@dataclass(frozen=True)
class PropertyAnswer:
    """The verdicts on all exchanges of a property."""

    asked: Property
    answers: tuple[Answer, ...]

    @property
    def status(self) -> Status:
        """``violated`` where one exchange is, ``holds`` where all are proved."""
        return _together([answer.verdict.status for answer in self.answers])

    @property
    def pairs(self) -> int | None:
        """Number of pairs of inputs that differ in this way, None where it is not known."""
        return _sum(answer.verdict.domain_size for answer in self.answers)

    @property
    def violations(self) -> int | None:
        """Number of pairs that break the property, None where they were not counted."""
        return _sum(answer.verdict.violations for answer in self.answers)

    def count(self, pattern: str, output: str) -> int | None:
        """The same by output and by what happens to it."""
        return _sum(answer.count(pattern, output) for answer in self.answers)

    @property
    def examples(self) -> tuple[Example, ...]:
        """All examples."""
        return tuple(example for answer in self.answers for example in answer.examples)


@dataclass(frozen=True)
class Invariance:
    """Whether the properties hold.

    Attributes:
        outputs: names of the outputs that were asked about.
        properties: one for each option.
        seconds: from the network in memory to the answer.
        sha256: of the network, the specification and the domain that were asked about.
        certificate: what became of the certificate, if one was asked for.
    """

    outputs: tuple[str, ...]
    properties: tuple[PropertyAnswer, ...]
    seconds: float
    sha256: dict[str, str]
    certificate: CertificateFile | None = None

    @property
    def status(self) -> Status:
        """``violated`` where one property is, ``holds`` where all are proved."""
        return _together([one.status for one in self.properties])

    @property
    def holds(self) -> bool:
        """True only where every property is proved."""
        return self.status == "holds"

    @property
    def interrupted(self) -> bool:
        """A person stopped the run."""
        return any(a.verdict.interrupted for p in self.properties for a in p.answers)

    def __bool__(self) -> bool:
        raise TypeError("an answer has three values; test .holds or .status")

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON data; the keys are part of the public contract."""
        return {
            "status": self.status,
            "pairs": _sum(one.pairs for one in self.properties),
            "violations": _sum(one.violations for one in self.properties),
            "outputs": list(self.outputs),
            "properties": [_property_json(one, self.outputs) for one in self.properties],
            "examples": [_example_json(e) for one in self.properties for e in one.examples],
            "certificate": None if self.certificate is None else self.certificate.to_json(),
            "interrupted": self.interrupted,
            "seconds": round(self.seconds, 6),
            "sha256": self.sha256,
            "version": package_version(),
        }


def _together(statuses: Sequence[Status]) -> Status:
    if "violated" in statuses:
        return "violated"
    return "unknown" if "unknown" in statuses else "holds"


def _sum(numbers: Iterable[int | None]) -> int | None:
    listed = list(numbers)
    return None if None in listed else sum(number or 0 for number in listed)


def _property_json(one: PropertyAnswer, outputs: Sequence[str]) -> dict[str, Any]:
    return {
        "kind": one.asked.kind,
        "inputs": one.asked.text,
        "sentence": one.asked.sentence,
        "status": one.status,
        "pairs": one.pairs,
        "violations": one.violations,
        "by_output": _counts_json(one, one.asked.kind, outputs),
        "exchanges": [
            {
                "exchange": answer.part.exchange.words,
                "sentence": answer.part.question.sentence,
                "status": answer.verdict.status,
                "pairs": answer.verdict.domain_size,
                "violations": answer.verdict.violations,
                "by_output": _counts_json(answer, one.asked.kind, outputs),
                "engine": answer.verdict.engine,
                "nodes": answer.verdict.nodes,
                "seconds": round(answer.verdict.seconds, 6),
                "notes": list(answer.verdict.notes),
            }
            for answer in one.answers
        ],
        "without_pairs": [exchange.words for exchange in one.asked.skipped],
    }


def _counts_json(
    one: PropertyAnswer | Answer, kind: Kind, outputs: Sequence[str]
) -> dict[str, Any] | None:
    counts: dict[str, Any] = {}
    for name in outputs:
        counts[name] = {"falls": one.count(FALLS, name)}
        if kind == "flip":
            counts[name]["rises"] = one.count(RISES, name)
    return None if any(None in count.values() for count in counts.values()) else counts


def _example_json(example: Example) -> dict[str, Any]:
    return {
        "exchange": example.exchange.words,
        "before": "".join("01"[bit] for bit in example.before),
        "after": "".join("01"[bit] for bit in example.after),
        "wrong": list(example.wrong),
        "outputs": {
            name: {
                "before": {"read": reading.before, "value": str(reading.value_before)},
                "after": {"read": reading.after, "value": str(reading.value_after)},
            }
            for name, reading in example.outputs.items()
        },
    }
