"""What was read from a network: one formula an output, its proof, and its code in the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ...verify.formula import Formula
from ...verify.network import Network
from ...verify.specification import Specification
from ...verify.verdict import CertificateFile
from ..tasks import Clause
from .code_table import CodeTable
from .exceptions import Exceptions
from .pattern import Pattern
from .target import Usage

if TYPE_CHECKING:
    from .layers import Stage

#: Form of a formula that was read: a DNF, a CNF, counted literals, composed layer by layer, an
#: intended formula with exceptions, or none.
Kind = Literal["dnf", "cnf", "threshold", "layers", "exceptions", "unknown"]
#: Exceptions that the JSON form lists.
LISTED = 1000


@dataclass(frozen=True)
class OutputInterpretation:
    """One output.

    Attributes:
        name: of the output.
        kind: form of the formula.
        formula: the output is this formula on every input of the domain, decided exactly; None
            where that was not reached. Exceptions are part of it.
        clauses: of a DNF, or of the negation of a CNF.
        exceptions: an intended formula and where it fails, if there is no plain formula.
        static: the clauses that the weights alone gave were the formula already; None if there
            are no clauses.
        guess: where nothing is proved, the clauses of the best attempt.
        agreement: share of samples on which the guess is the output.
        codes: of the clauses in the hidden layer, where the network has two layers.
        patterns: among the clauses.
        neurons: when each neuron of the first layer is active, where it counts literals.
        usage: of the exact engines.
        rounds: exact answers of the loop.
        why: why there is no proof; empty with one.
        seconds: of everything.
        as_specified: the formula is that of the specification; None where nothing is known.
    """

    name: str
    kind: Kind
    formula: Formula | None
    clauses: tuple[Clause, ...]
    exceptions: Exceptions | None
    static: bool | None
    guess: Formula | None
    agreement: float | None
    codes: CodeTable | None
    patterns: tuple[Pattern, ...]
    neurons: tuple[Formula | None, ...]
    usage: Usage
    rounds: int
    why: str
    seconds: float
    as_specified: bool | None = None

    @property
    def decided(self) -> bool:
        """The output is known on every input of the domain."""
        return self.formula is not None

    def to_json(self, names: Sequence[str]) -> dict[str, Any]:
        """As JSON data."""
        found = self.exceptions
        return {
            "kind": self.kind,
            "formula": None if self.formula is None else str(self.formula),
            "clauses": len(self.clauses),
            "static_decode_was_right": self.static,
            "guess": None if self.guess is None else str(self.guess),
            "agreement_on_samples": self.agreement,
            "as_specified": self.as_specified,
            "patterns": [str(pattern) for pattern in self.patterns],
            "threshold_neurons": {
                str(r): str(formula)
                for r, formula in enumerate(self.neurons)
                if formula is not None
            },
            "codes": None if self.codes is None else self.codes.to_json(names),
            "exceptions": None if found is None else exceptions_json(found, names),
            "verify_calls": self.usage.verify,
            "nodes": self.usage.nodes,
            "why": self.why,
            "seconds": round(self.seconds, 6),
        }


@dataclass(frozen=True)
class Interpretation:
    """A whole network.

    Attributes:
        network: that was read.
        specification: the formulas that were read, over the same inputs, domain and read-out;
            None where some output has none.
        outputs: in order.
        certificate: what became of the certificate that network and formulas are the same.
        accepted: what the independent checker said of it; empty where it was not accepted.
        seed: of all samples.
        seconds: of everything.
        stages: of stacked layers, where the units between them are Boolean.
        certificate_seconds: of these, for the certificate and its check.
    """

    network: Network
    specification: Specification | None
    inputs: tuple[str, ...]
    outputs: tuple[OutputInterpretation, ...]
    certificate: CertificateFile | None
    accepted: str
    seed: int
    seconds: float
    stages: tuple[Stage, ...] = ()
    certificate_seconds: float = 0.0

    @property
    def questions(self) -> int:
        """Exact questions, those about the layers before the last included."""
        return sum(stage.usage.verify for stage in self.stages) + sum(
            one.usage.verify for one in self.outputs
        )

    @property
    def complete(self) -> bool:
        """A certificate says that the network is these formulas on every input."""
        return self.specification is not None and bool(self.accepted)

    def to_json(self) -> dict[str, Any]:
        """As JSON data; ``complete``, ``formula`` and ``exceptions`` are the public contract."""
        listed = {
            one.name: [] if one.exceptions is None else _cubes(one.exceptions, self.inputs)
            for one in self.outputs
        }
        return {
            "complete": self.complete,
            "formula": {
                one.name: None if one.formula is None else str(one.formula) for one in self.outputs
            },
            "exceptions": listed,
            "outputs": {one.name: one.to_json(self.inputs) for one in self.outputs},
            "certificate": None if self.certificate is None else self.certificate.to_json(),
            "accepted": self.accepted,
            "verify_calls": self.questions,
            "stages": [
                {
                    "layers": [stage.first, stage.last],
                    "units": {
                        unit: str(formula)
                        for unit, formula in zip(stage.units, stage.formulas, strict=True)
                    },
                    "verify_calls": stage.usage.verify,
                }
                for stage in self.stages
            ],
            "seed": self.seed,
            "seconds": round(self.seconds, 6),
        }


def cube_text(clause: Clause, names: Sequence[str]) -> str:
    """The literals of a cube as a conjunction."""
    return " & ".join(("" if sign else "~") + names[i] for i, sign in clause) or "true"


def _cubes(found: Exceptions, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "cube": cube_text(cube.literals, names),
            "expected": not cube.reads,
            "reads": None if found.unsettled else cube.reads,
            "inputs": cube.size,
        }
        for cube in found.cubes[:LISTED]
    ]


def exceptions_json(found: Exceptions, names: Sequence[str]) -> dict[str, Any]:
    """An intended formula with its exceptions as JSON data."""
    sizes = {
        side: sum(cube.size for cube in found.cubes if cube.reads is side) for side in (True, False)
    }
    return {
        "intended": str(found.intended),
        "given": found.given,
        "cubes": len(found.cubes),
        "complete": found.complete,
        "violations": found.total,
        "violations_at_least": found.violations,
        "reads_true": None if found.unsettled else sizes[True],
        "reads_false": None if found.unsettled else sizes[False],
        "losses": [
            {"clause": loss.clause, "wrong": loss.wrong, "inputs": loss.size}
            for loss in found.losses
        ],
    }
