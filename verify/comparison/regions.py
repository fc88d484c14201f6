"""Parts of a domain by what a specification's clauses say, and what an edit was to forget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..domain import Domain
from ..errors import InputError
from ..formula import FALSE, TRUE, And, AtLeast, Constant, Formula, Not, Or
from ..specification import Specification
from ..verdict_text import amount

#: The inputs on which no clause of an output is true, and those with two or more true.
NO_CLAUSE, SEVERAL = "no clause", "several clauses"
_CLAUSE = re.compile(r"(.+):([0-9]{1,9})\Z", re.DOTALL)


class Region(NamedTuple):
    """The inputs of the domain on which a formula about one output's clauses is true.

    Attributes:
        clause: number of the clause that alone is true there, or None.
        name: the clause as text, or NO_CLAUSE or SEVERAL.
        formula: true exactly on the region.
    """

    clause: int | None
    name: str
    formula: Formula


def regions(formula: Formula) -> list[Region]:
    """One region a clause (only this clause is true), then SEVERAL if there can be, NO_CLAUSE.

    They do not overlap and cover everything.
    """
    clauses = formula.clauses()
    found = [Region(i, str(clause), only(clauses, {i})) for i, clause in enumerate(clauses)]
    if len(clauses) > 1:
        found.append(Region(None, SEVERAL, AtLeast(2, tuple(clauses))))
    return [*found, Region(None, NO_CLAUSE, negated(formula))]


def only(clauses: Sequence[Formula], chosen: set[int] | frozenset[int]) -> Formula:
    """Some chosen clause is true and no other one."""
    inside = disjunction([clause for i, clause in enumerate(clauses) if i in chosen])
    others = [negated(clause) for i, clause in enumerate(clauses) if i not in chosen]
    return conjunction([inside, *others])


def disjunction(parts: Sequence[Formula]) -> Formula:
    """The or of some formulas; false for none."""
    if not parts:
        return FALSE
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def conjunction(parts: Sequence[Formula]) -> Formula:
    """The and of some formulas, without constants that say nothing; true for none."""
    kept = [part for part in parts if part != TRUE]
    if not kept:
        return TRUE
    return kept[0] if len(kept) == 1 else And(tuple(kept))


def negated(formula: Formula) -> Formula:
    """The opposite, without a double negation."""
    if isinstance(formula, Not):
        return formula.operand
    return Constant(not formula.truth) if isinstance(formula, Constant) else Not(formula)


def narrowed(domain: Domain, formula: Formula) -> Domain:
    """The inputs of the domain on which the formula is true; there may be none."""
    if formula == TRUE:
        return domain
    where = formula if domain.where is None else And((domain.where, formula))
    return replace(domain, where=where)


@dataclass(frozen=True)
class Forgotten:
    """Clauses, or whole outputs, that an edited network should not compute any more.

    Attributes:
        specification: what was computed before.
        clauses: for each output number concerned the clauses, or None for the whole output.
    """

    specification: Specification
    clauses: dict[int, frozenset[int] | None]

    @classmethod
    def parse(cls, texts: Sequence[str], specification: Specification) -> Forgotten:
        """Read ``y0:2`` (a clause, numbered from 0 as written) and ``y0`` (a whole output).

        Raises InputError for names and numbers that the specification does not have.
        """
        found: dict[int, frozenset[int] | None] = {}
        for text in texts:
            output, clause = _place(text, specification)
            before = found.get(output, frozenset())
            if clause is None or before is None:
                found[output] = None
            else:
                found[output] = before | {clause}
        return cls(specification, dict(sorted(found.items())))

    @property
    def names(self) -> tuple[str, ...]:
        """As given on the command line, without repetitions."""
        outputs = self.specification.outputs
        return tuple(
            f"{outputs[j]}:{i}" if i >= 0 else outputs[j]
            for j, chosen in self.clauses.items()
            for i in (sorted(chosen) if chosen is not None else [-1])
        )

    def region(self, output: int) -> Formula:
        """Where the output must read false now; false for an output that keeps its clauses."""
        if output not in self.clauses:
            return FALSE
        chosen = self.clauses[output]
        if chosen is None:
            return TRUE
        return only(self.specification.formulas[output].clauses(), chosen)

    @property
    def remaining(self) -> Specification:
        """The specification without what is forgotten."""
        spec = self.specification
        formulas = list(spec.formulas)
        for output, chosen in self.clauses.items():
            clauses = formulas[output].clauses()
            kept = [c for i, c in enumerate(clauses) if chosen is not None and i not in chosen]
            formulas[output] = disjunction(kept)
        outputs = dict(zip(spec.outputs, formulas, strict=True))
        return Specification(spec.inputs, outputs, domain=spec.domain, readout=spec.readout)

    def __str__(self) -> str:
        """For example ``clauses 1 and 2 of y0, and y1``."""
        parts = []
        for output, chosen in self.clauses.items():
            name = self.specification.outputs[output]
            if chosen is not None:
                numbers = " and ".join(map(str, sorted(chosen)))
                name = f"clause{'s' if len(chosen) > 1 else ''} {numbers} of {name}"
            parts.append(name)
        return ", and ".join(parts)


def _place(text: str, specification: Specification) -> tuple[int, int | None]:
    """Output number and clause number; an output's own name may hold a colon."""
    if text in specification.outputs:
        return specification.outputs.index(text), None
    match = _CLAUSE.match(text)
    name = match.group(1) if match else text
    if name not in specification.outputs:
        known = ", ".join(specification.outputs[:8])
        more = ", ..." if len(specification.outputs) > 8 else ""
        raise InputError(
            f"--forgotten {text}: write OUTPUT or OUTPUT:CLAUSE; the specification's outputs are "
            f"{known}{more}"
        )
    assert match is not None
    output, clause = specification.outputs.index(name), int(match.group(2))
    count = len(specification.formulas[output].clauses())
    if clause >= count:
        raise InputError(
            f"--forgotten {text}: {name} has {amount(count, 'clause')}, numbered from 0"
        )
    return output, clause
