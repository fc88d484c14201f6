"""Verdicts: the answer to a problem, with everything needed to believe or replay it."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    from .probability import ErrorProbability
    from .rounding.execution import Execution

Status = Literal["holds", "violated", "unknown"]

#: With more outputs than this the JSON form lists the wrong ones only.
LISTED_OUTPUTS = 1000


@dataclass(frozen=True)
class OutputReading:
    """One output at one input: the formula's value, what the network reads, the exact value."""

    expected: bool
    read: bool | None
    value: Fraction

    @property
    def wrong(self) -> bool:
        """True when the reading is not the expected one."""
        return self.read is not self.expected

    def __str__(self) -> str:
        words = {True: "true", False: "false", None: "neither"}
        return f"reads {words[self.read]} at {self.value}, expected {words[self.expected]}"


class OutputReadings(Mapping[str, OutputReading]):
    """The readings of the outputs at one input by name, each made when it is asked for.

    Args:
        names: output names; ``names.index`` should be quick.
        expected: Booleans (outputs,).
        read: what each output reads.
        values: exact values, Fractions (outputs,).
    """

    def __init__(
        self,
        names: Sequence[str],
        expected: np.ndarray,
        read: Sequence[bool | None],
        values: np.ndarray,
    ) -> None:
        self._names, self._expected, self._read, self._values = names, expected, read, values

    def __getitem__(self, name: str) -> OutputReading:
        try:
            return self._at(self._names.index(name))
        except ValueError:
            raise KeyError(name) from None

    def _at(self, place: int) -> OutputReading:
        return OutputReading(bool(self._expected[place]), self._read[place], self._values[place])

    def items(self) -> ItemsView[str, OutputReading]:
        """Names and readings, in order."""
        return _ItemsInOrder(self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _ItemsInOrder(ItemsView[str, OutputReading]):
    """Goes through readings by their place, which needs no look-up by name."""

    _mapping: OutputReadings

    def __iter__(self) -> Iterator[tuple[str, OutputReading]]:
        return ((name, self._mapping._at(place)) for place, name in enumerate(self._mapping))


@dataclass(frozen=True)
class Counterexample:
    """An input on which the network breaks the specification, replayed in exact arithmetic.

    ``outputs`` holds every output, right or wrong, by name.
    """

    names: tuple[str, ...]
    bits: tuple[bool, ...]
    outputs: Mapping[str, OutputReading]

    @property
    def text(self) -> str:
        """The input as a string of 0 and 1, in the order of the specification's inputs."""
        return "".join("1" if bit else "0" for bit in self.bits)

    def __str__(self) -> str:
        inputs = ", ".join(f"{n}={int(b)}" for n, b in zip(self.names, self.bits, strict=True))
        wrong = "; ".join(f"{name} {o}" for name, o in self.outputs.items() if o.wrong)
        return f"{inputs}: {wrong}"

    @property
    def assignment(self) -> dict[str, bool]:
        """The input by name."""
        return dict(zip(self.names, self.bits, strict=True))

    def _repr_html_(self) -> str:
        from .verdict_html import render_counterexample

        return render_counterexample(self)


@dataclass(frozen=True)
class Attempt:
    """What one engine did: how long it ran and what came of it."""

    engine: str
    seconds: float
    result: str


@dataclass(frozen=True)
class CertificateFile:
    """What became of a certificate that was asked for.

    Attributes:
        path: the file, or None when there is no certificate.
        size: its length in bytes.
        content: the kind of evidence in it, or why there is none.
    """

    path: str | None
    size: int
    content: str

    def __str__(self) -> str:
        if self.path is None:
            return f"none ({self.content})"
        return f"{self.path}, {self.size:,} bytes, {self.content}"

    def to_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        if self.path is None:
            return {"file": None, "reason": self.content}
        return {"file": self.path, "bytes": self.size, "evidence": self.content}


@dataclass(frozen=True)
class Verdict:
    """``holds``, ``violated`` or ``unknown``, about the exact rational function.

    Attributes:
        status: the answer.
        engine: the engine that decided (the last one tried for ``unknown``).
        domain_size: exact number of inputs of the domain, None where it is not known.
        violations: number of violating inputs; None when not counted to the end.
        violations_by_output: the same for each output by name, or None.
        counterexamples: replayed violating inputs.
        margin: least signed distance to the required side over inputs and outputs, if asked for.
        notes: sentences about anything asked for and not delivered.
        nodes: search nodes, or points visited by an enumeration.
        seconds: from the in-memory problem to the verdict, without loading the tree's kernels.
        interrupted: a person stopped the run; the rest is what was known by then.
        executions: for each number type asked for, whether every execution in it reads the same
            bits as the exact function.
        certificate: what became of the certificate, if one was asked for.
        probability: the probability of error under a law, if asked for and found.
    """

    status: Status
    engine: str
    domain_size: int | None
    violations: int | None = None
    violations_by_output: dict[str, int] | None = None
    counterexamples: tuple[Counterexample, ...] = ()
    margin: Fraction | None = None
    notes: tuple[str, ...] = ()
    nodes: int = 0
    seconds: float = 0.0
    tried: tuple[Attempt, ...] = ()
    sha256: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False
    executions: tuple[Execution, ...] = ()
    certificate: CertificateFile | None = None
    probability: ErrorProbability | None = None

    @property
    def holds(self) -> bool:
        """True only for a proved ``holds``."""
        return self.status == "holds"

    def __str__(self) -> str:
        from .verdict_report import report

        return report(self)

    def __bool__(self) -> bool:
        raise TypeError("a verdict has three values; test verdict.holds or verdict.status")

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON data; the keys are part of the public contract.

        With more than a thousand outputs, counts and counterexamples list the wrong ones only.
        """
        from .rounding.execution import number_json

        dtypes = {execution.dtype: execution.to_json() for execution in self.executions}
        single = dtypes.get("float32", {"statement": "not decided"})
        by_output = self.violations_by_output
        if by_output is not None and len(by_output) > LISTED_OUTPUTS:
            by_output = {name: count for name, count in by_output.items() if count}
        return {
            "status": self.status,
            "engine": self.engine,
            "domain_size": self.domain_size,
            "violations": self.violations,
            "violations_by_output": by_output,
            "counterexamples": [
                {
                    "input": example.text,
                    "outputs": {
                        name: {"expected": o.expected, "read": o.read, "value": str(o.value)}
                        for name, o in example.outputs.items()
                        if o.wrong or len(example.outputs) <= LISTED_OUTPUTS
                    },
                }
                for example in self.counterexamples
            ],
            "margin": number_json(self.margin),
            "probability": None if self.probability is None else self.probability.to_json(),
            "float32": single["statement"],
            "float32_margin": single.get("margin"),
            "float32_input": single.get("input"),
            "dtypes": dtypes,
            "nodes": self.nodes,
            "seconds": round(self.seconds, 6),
            "tried": [
                {"engine": a.engine, "seconds": round(a.seconds, 6), "result": a.result}
                for a in self.tried
            ],
            "certificate": None if self.certificate is None else self.certificate.to_json(),
            "notes": list(self.notes),
            "interrupted": self.interrupted,
            "sha256": self.sha256,
            "version": package_version(),
        }

    def _repr_html_(self) -> str:
        from .verdict_html import render

        return render(self)


def package_version() -> str:
    """Version of the installed package; '0+checkout' when it runs uninstalled."""
    try:
        return version("superproof")
    except PackageNotFoundError:
        return "0+checkout"
