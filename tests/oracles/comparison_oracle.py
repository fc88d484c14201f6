"""What two networks do differently, by plain Fractions, one input vector at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .fraction_oracle import Bits, forward, members, reading, truth

Row = Counter[str]


@dataclass(frozen=True)
class Answer:
    """Counts of inputs.

    Attributes:
        a_wrong, b_wrong: inputs on which each network breaks the specification.
        differing: inputs on which some output reads differently.
        by_output: for each output the counts of a Change, by name.
        regions: the same for each region of its clauses: a number, ``several`` or ``no``.
        residual, damage: inputs with each kind of failure in some output.
        residual_by_output, damage_by_output: the same by output.
    """

    a_wrong: int
    b_wrong: int
    differing: int
    by_output: list[Row]
    regions: list[dict[int | str, Row]]
    residual: int
    damage: int
    residual_by_output: list[int]
    damage_by_output: list[int]


def readings(network: Any, specification: Any, bits: Bits) -> list[bool | None]:
    """What every output reads at an input."""
    false, true = specification.domain.values
    values = forward(network, [Fraction(true if bit else false) for bit in bits])
    return [reading(specification.readout, values, j) for j in range(len(values))]


def answer(a: Any, b: Any, specification: Any, forgotten: Mapping[int, set[int] | None]) -> Answer:
    """Compare on every vector of the domain.

    ``forgotten``: for some outputs the numbers of clauses, or None for the whole output.
    """
    outputs = range(len(specification.formulas))
    by_output: list[Row] = [Counter() for _ in outputs]
    regions: list[dict[int | str, Row]] = [{} for _ in outputs]
    single = {kind: [0 for _ in outputs] for kind in ("residual", "damage")}
    total: Counter[str] = Counter()
    for j in outputs:
        clauses = _clauses(specification.formulas[j])
        regions[j] = {name: Counter() for name in [*range(len(clauses)), "several", "no"]}
    for bits in members(specification.domain):
        assignment = dict(zip(specification.inputs, bits, strict=True))
        reads = [readings(network, specification, bits) for network in (a, b)]
        seen = set()
        for j in outputs:
            x, y = reads[0][j], reads[1][j]
            true = [truth(clause, assignment) for clause in _clauses(specification.formulas[j])]
            expected = truth(specification.formulas[j], assignment)
            names = [i for i, value in enumerate(true) if value]
            place: int | str = names[0] if len(names) == 1 else "several" if names else "no"
            for row in (by_output[j], regions[j][place]):
                row.update(_kinds(x, y))
            told = j in forgotten and _told(forgotten[j], names)
            if told and y is not False:
                single["residual"][j] += 1
                seen.add("residual")
            if not told and x is not y:
                single["damage"][j] += 1
                seen.add("damage")
            seen |= {"differing"} if x is not y else set()
            seen |= {"a_wrong"} if x is not expected else set()
            seen |= {"b_wrong"} if y is not expected else set()
        total.update(seen)
    return Answer(
        a_wrong=total["a_wrong"],
        b_wrong=total["b_wrong"],
        differing=total["differing"],
        by_output=by_output,
        regions=regions,
        residual=total["residual"],
        damage=total["damage"],
        residual_by_output=single["residual"],
        damage_by_output=single["damage"],
    )


def _clauses(formula: Any) -> tuple[Any, ...]:
    return tuple(formula.parts) if type(formula).__name__ == "Or" else (formula,)


def _told(chosen: set[int] | None, true: list[int]) -> bool:
    """Whether the output must read false now."""
    return True if chosen is None else bool(true) and set(true) <= chosen


def _kinds(x: bool | None, y: bool | None) -> set[str]:
    kinds = {"inputs"}
    if x is True and y is True:
        kinds.add("both")
    elif x is True:
        kinds.add("lost")
    elif y is True:
        kinds.add("gained")
    elif x is not y:
        kinds.add("other")
    if {x, y} == {True, False}:
        kinds.add("opposite")
    return kinds
