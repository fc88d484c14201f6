"""The clause to remove, and what an edit may ask about the specification around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ...verify.comparison.compare import claim_of
from ...verify.comparison.regions import Forgotten
from ...verify.errors import InputError, SuperproofError
from ...verify.formula import Formula
from ...verify.specification import Specification
from .literals import Literal, contradictory, literals


class RefusedError(SuperproofError):
    """An edit that would not leave everything else as it is; the message says why."""


class Other(NamedTuple):
    """A clause that stays.

    Attributes:
        name: for example ``y0:3``.
        output: number of its output.
        clause: number of the clause.
        formula: the clause.
        literals: None where it is no conjunction of literals.
    """

    name: str
    output: int
    clause: int
    formula: Formula
    literals: frozenset[Literal] | None


@dataclass(frozen=True)
class Target:
    """One clause of one output, to be removed.

    Attributes:
        specification: what the network computes before.
        name: for example ``y0:2``.
        output: number of the output.
        clause: number of the clause, as written.
    """

    specification: Specification
    name: str
    output: int
    clause: int

    @classmethod
    def parse(cls, text: str, specification: Specification) -> Target:
        """Read ``y0:2``.

        Raises InputError where the specification has no such clause, says nothing of what its
        outputs compute, or reads the largest of them.
        """
        specification.require_formulas()
        try:
            forgotten = claim_of([text], specification)
        except InputError as error:
            raise InputError(str(error).replace("--forgotten", "--clause", 1)) from None
        ((output, chosen),) = forgotten.clauses.items()
        if chosen is None:
            raise InputError(
                f"--clause {text}: names a whole output; name one of its clauses, such as {text}:0"
            )
        (clause,) = chosen
        return cls(specification, text, output, clause)

    @cached_property
    def forgotten(self) -> Forgotten:
        """The same as the comparison of two networks takes it."""
        return claim_of([self.name], self.specification)

    @cached_property
    def remaining(self) -> Specification:
        """The specification without the clause."""
        return self.forgotten.remaining

    @property
    def formula(self) -> Formula:
        """The clause."""
        return self.specification.formulas[self.output].clauses()[self.clause]

    @cached_property
    def literals(self) -> frozenset[Literal]:
        """The literals of the clause.

        Raises RefusedError where it is no conjunction of literals, or never true.
        """
        found = literals(self.formula, self.specification.domain.index)
        if found is None:
            raise RefusedError(
                f"clause {self.name} ({self.formula}) is not a conjunction of inputs and negated "
                "inputs"
            )
        if contradictory(found):
            raise RefusedError(f"clause {self.name} ({self.formula}) is never true")
        return found

    def others(self) -> Iterator[Other]:
        """All other clauses, of this output and of the others."""
        spec = self.specification
        for output, formula in enumerate(spec.formulas):
            for number, clause in enumerate(formula.clauses()):
                if (output, number) != (self.output, self.clause):
                    yield Other(
                        f"{spec.outputs[output]}:{number}",
                        output,
                        number,
                        clause,
                        literals(clause, spec.domain.index),
                    )
