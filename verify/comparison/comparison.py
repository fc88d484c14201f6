"""The answer to a comparison of two networks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from ..verdict import CertificateFile, Verdict, package_version
from .change import Change, RegionChange

Status = Literal["equal", "differs", "unknown"]
ClaimStatus = Literal["holds", "fails", "unknown"]


class BothReadings(NamedTuple):
    """One output at one input: what each network reads and its exact value."""

    a_read: bool | None
    a_value: Fraction
    b_read: bool | None
    b_value: Fraction
    expected: bool

    @property
    def differs(self) -> bool:
        """True when the networks read differently."""
        return self.a_read is not self.b_read


@dataclass(frozen=True)
class Example:
    """An input with what both networks read there, in exact arithmetic.

    Attributes:
        names: the input names.
        bits: the input.
        outputs: every output by name.
        shown: names of the outputs for which the input is an example.
    """

    names: tuple[str, ...]
    bits: tuple[bool, ...]
    outputs: dict[str, BothReadings]
    shown: tuple[str, ...]

    @property
    def text(self) -> str:
        """The input as a string of 0 and 1, in the order of the specification's inputs."""
        return "".join("1" if bit else "0" for bit in self.bits)

    @property
    def assignment(self) -> dict[str, bool]:
        """The input by name."""
        return dict(zip(self.names, self.bits, strict=True))

    def to_json(self) -> dict[str, Any]:
        """The example as JSON data."""
        outputs = {
            name: {
                "expected": o.expected,
                "a": {"read": o.a_read, "value": str(o.a_value)},
                "b": {"read": o.b_read, "value": str(o.b_value)},
            }
            for name, o in self.outputs.items()
        }
        return {"input": self.text, "for": list(self.shown), "outputs": outputs}


@dataclass(frozen=True)
class ForgottenClaim:
    """Does B read false where only forgotten clauses are true, and as A everywhere else?

    Residual and damage are about single outputs: an input may have both. None: not counted.

    Attributes:
        forgotten: ``y0:2`` or ``y0``, as asked.
        words: the same in words.
        status: the answer.
        inputs: for each output concerned, the number of inputs on which it must read false now.
        residual: inputs on which a forgotten output still does not read false.
        damage: inputs on which B differs from A in what was not forgotten.
        residual_by_output, damage_by_output: the same for each output.
        residual_examples, damage_examples: inputs of both kinds.
    """

    forgotten: tuple[str, ...]
    words: str
    status: ClaimStatus
    inputs: dict[str, int | None]
    residual: int | None
    damage: int | None
    residual_by_output: dict[str, int | None]
    damage_by_output: dict[str, int | None]
    residual_examples: tuple[Example, ...] = ()
    damage_examples: tuple[Example, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The claim as JSON data."""
        return {
            "clauses": list(self.forgotten),
            "status": self.status,
            "inputs": self.inputs,
            "residual": self.residual,
            "damage": self.damage,
            "residual_by_output": self.residual_by_output,
            "damage_by_output": self.damage_by_output,
            "residual_examples": [example.to_json() for example in self.residual_examples],
            "damage_examples": [example.to_json() for example in self.damage_examples],
        }


@dataclass(frozen=True)
class Comparison:
    """Are two networks the same Boolean function on a domain, and if not, where not?

    Attributes:
        status: ``equal``, ``differs`` or ``unknown``.
        a: the verdict on whether A computes the specification.
        domain_size: number of inputs of the domain, None where it is not known.
        differing: number of inputs on which some output reads differently; None if not counted.
        by_output: how each output changed on the whole domain, by name.
        regions: how each output changed where one clause, none, or several are true.
        examples: inputs that A and B read differently.
        claim: the answer to what was to be forgotten, if that was asked.
        how: what decided: ``one scan of the domain``, or an engine and on which question.
        notes: sentences about anything that was not finished.
        seconds: from the networks in memory to the answer, without the certificate.
        sha256: of both networks, the specification and the domain.
        certificate: what became of the certificate, if one was asked for.
        interrupted: a person stopped the run; the rest is what was known by then.
    """

    status: Status
    a: Verdict
    domain_size: int | None
    differing: int | None
    by_output: dict[str, Change]
    regions: tuple[RegionChange, ...]
    examples: tuple[Example, ...]
    claim: ForgottenClaim | None
    how: str
    notes: tuple[str, ...]
    seconds: float
    sha256: dict[str, str]
    certificate: CertificateFile | None = None
    interrupted: bool = False

    @property
    def equal(self) -> bool:
        """True only when it is proved."""
        return self.status == "equal"

    @property
    def a_computes(self) -> bool | None:
        """Whether A computes the specification; None if not decided."""
        return {"holds": True, "violated": False, "unknown": None}[self.a.status]

    def __bool__(self) -> bool:
        raise TypeError("a comparison has three answers; test .equal or .status")

    def __str__(self) -> str:
        from .report import report

        return report(self)

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON data; the keys are part of the public contract."""
        return {
            "status": self.status,
            "a_computes": self.a_computes,
            "a_violations": self.a.violations,
            "domain_size": self.domain_size,
            "differing": self.differing,
            "by_output": {
                name: {
                    "differing": change.differing,
                    "lost": change.lost,
                    "gained": change.gained,
                    "other": change.other,
                }
                for name, change in self.by_output.items()
            },
            "clauses": [row.to_json() for row in self.regions],
            "forgotten": None if self.claim is None else self.claim.to_json(),
            "examples": [example.to_json() for example in self.examples],
            "certificate": None if self.certificate is None else self.certificate.to_json(),
            "decided_by": self.how,
            "notes": list(self.notes),
            "interrupted": self.interrupted,
            "seconds": round(self.seconds, 6),
            "sha256": self.sha256,
            "version": package_version(),
        }
