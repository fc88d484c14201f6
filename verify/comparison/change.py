"""What became of one output on one region of the domain: counts, and the word for them.

The words are defined in docs/compare.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from ..verdict_text import quantity
from .regions import NO_CLAUSE

#: How much of a region reads in some way; None where it is not known.
Share = Literal["all", "none", "some"] | None


@dataclass(frozen=True)
class Change:
    """How two networks A and B read one output on a set of inputs; None where not counted.

    Attributes:
        inputs: size of the set.
        both: inputs on which both read true.
        lost: A reads true and B does not.
        gained: B reads true and A does not.
        other: neither reads true, and they read differently: false and neither.
        opposite: one reads true and the other false.
    """

    inputs: int | None = None
    both: int | None = None
    lost: int | None = None
    gained: int | None = None
    other: int | None = None
    opposite: int | None = None

    @property
    def differing(self) -> int | None:
        """Inputs on which the output reads differently."""
        if self.lost is None or self.gained is None or self.other is None:
            return None
        return self.lost + self.gained + self.other

    @property
    def turned(self) -> Change:
        """The same with A and B exchanged."""
        return replace(self, lost=self.gained, gained=self.lost)

    def __add__(self, more: Change) -> Change:
        """Both sets together, if they have no input in common."""
        names = ("inputs", "both", "lost", "gained", "other", "opposite")
        sums = {}
        for name in names:
            x, y = getattr(self, name), getattr(more, name)
            sums[name] = None if x is None or y is None else x + y
        return Change(**sums)

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON data."""
        return {
            "inputs": self.inputs,
            "still_true": self.both,
            "lost": self.lost,
            "gained": self.gained,
            "other": self.other,
        }


@dataclass(frozen=True)
class RegionChange:
    """One row of the explanation.

    Attributes:
        output: its name.
        clause: number of the clause that alone is true in the region, or None.
        region: the clause as text, ``no clause`` or ``several clauses``.
        change: the counts.
        status: what happened there, in the words of docs/compare.md.
    """

    output: str
    clause: int | None
    region: str
    change: Change
    status: str

    def to_json(self) -> dict[str, Any]:
        """The row as JSON data."""
        return {
            "output": self.output,
            "clause": self.clause,
            "region": "clause" if self.clause is not None else self.region,
            "formula": self.region if self.clause is not None else None,
            "status": self.status,
            **self.change.to_json(),
        }


def word(region: str, change: Change, before: Share = None, after: Share = None) -> str:
    """The status of a region but for ``inverted``, which depends on two regions.

    Args:
        region: its name.
        change: the counts, as far as they are known.
        before, after: how much of the region A and B read as true, known without counting; used
            where counts are missing.
    """
    if change.inputs == 0:
        return "empty"
    lost, gained, both, differing = change.lost, change.gained, change.both, change.differing
    if differing == 0 and both is not None and change.inputs is not None:
        return _unchanged(region, both, change.inputs)
    if differing == 0 or lost is None or gained is None or both is None or differing is None:
        return _word_of_shares(region, change, before, after)
    if lost and gained:
        return f"changed ({quantity(lost)} lost, {quantity(gained)} gained)"
    if lost:
        if not both:
            return "lost"
        return f"partly lost ({quantity(lost)} of {quantity(lost + both)})"
    if gained:
        rest = None if change.inputs is None else change.inputs - both
        share = quantity(gained) + ("" if rest is None else f" of {quantity(rest)}")
        if region == NO_CLAUSE:
            return f"false alarms ({share})"
        return "gained" if gained == rest and not both else f"partly gained ({share})"
    return f"changed ({quantity(differing)} between false and neither)"


def _unchanged(region: str, both: int, inputs: int) -> str:
    if both == inputs:
        return "unchanged" if region == NO_CLAUSE else "still computed"
    return "still false" if region == NO_CLAUSE and not both else "unchanged"


def _word_of_shares(region: str, change: Change, before: Share, after: Share) -> str:
    """At least one of the networks reads true on all of the region, or on none of it."""
    if change.differing == 0 and before is None:
        return "unchanged"
    lost = f" ({quantity(change.lost)})" if change.lost else ""
    gained = f" ({quantity(change.gained)})" if change.gained else ""
    if (before, after) == ("all", "all"):
        return _unchanged(region, 1, 1)
    if (before, after) == ("none", "none") and change.other == 0:
        return _unchanged(region, 0, 1)
    if after == "none" and before in ("all", "some"):
        return "lost"
    if (before, after) == ("all", "some"):
        return f"partly lost{lost}"
    if before == "none" and after in ("all", "some"):
        if region == NO_CLAUSE:
            return f"false alarms{gained}"
        return "gained" if after == "all" else f"partly gained{gained}"
    if (before, after) == ("some", "all"):
        return f"partly gained{gained}"
    return "not decided"


def inverted(clause: Change, outside: Change) -> bool:
    """B reads the opposite of A on every input of a clause's region and of the no-clause region."""
    return all(
        change.inputs is not None and change.inputs > 0 and change.opposite == change.inputs
        for change in (clause, outside)
    )
