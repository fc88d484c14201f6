"""Bounds as objects: what is bounded, for which networks, in which regime, and by which number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["lower", "upper"]


class RegimeError(ValueError):
    """A bound was asked about an instance for which it says nothing; the message names why."""


@dataclass(frozen=True)
class Parameter:
    """One integer that an instance consists of.

    Attributes:
        name: keyword under which :meth:`Bound.evaluate` takes it.
        meaning: a short phrase.
        least: the smallest sensible value.
        default: used when the instance does not say; None when it must.
    """

    name: str
    meaning: str
    least: int = 1
    default: int | None = None


@dataclass(frozen=True)
class Condition:
    """One condition of a regime, in words and as a predicate on the instance."""

    words: str
    holds: Callable[[Mapping[str, int]], bool]


@dataclass(frozen=True)
class Bound:
    """A bound with its statement, its regime and its source.

    Attributes:
        name: unique name in the catalogue, e.g. ``pairwise-and-bits``.
        family: the functions it is about, e.g. ``pairwise-and``.
        statement: one sentence.
        latex: the formula.
        direction: ``lower`` (every network needs at least this) or ``upper`` (one exists).
        quantity: what is bounded: ``neurons`` or ``parameter bits``.
        networks: the class of networks it speaks about, in words.
        parameters: what an instance must say; a default of None makes it required.
        regime: conditions under which the statement is a theorem.
        source: paper and theorem, or the words 'own derivation'.
        derived: the section of the documentation with the proof.
        function: the value as an exact integer, called with the parameters by keyword.
    """

    name: str
    family: str
    statement: str
    latex: str
    direction: Direction
    quantity: str
    networks: str
    parameters: tuple[Parameter, ...]
    regime: tuple[Condition, ...]
    source: str
    derived: str
    function: Callable[..., int] = field(repr=False)

    def __post_init__(self) -> None:
        wanted = list(inspect.signature(self.function).parameters)
        named = [parameter.name for parameter in self.parameters]
        if sorted(wanted) != sorted(named):
            raise ValueError(f"bound '{self.name}' names {named}, but its function takes {wanted}")

    def instance(self, **values: int | None) -> dict[str, int]:
        """The instance that ``values`` describe, with defaults filled in and the regime checked.

        Values that the bound does not use are ignored, None counts as not given.
        Raises RegimeError that names what is missing, not an integer or out of the regime.
        """
        instance: dict[str, int] = {}
        for parameter in self.parameters:
            value = values.get(parameter.name)
            value = parameter.default if value is None else value
            if value is None:
                raise RegimeError(f"{self.name}: needs {parameter.name} ({parameter.meaning})")
            if isinstance(value, bool) or not isinstance(value, int):
                raise RegimeError(
                    f"{self.name}: {parameter.name} must be an integer, not {value!r}"
                )
            if value < parameter.least:
                raise RegimeError(
                    f"{self.name}: {parameter.name} must be {parameter.least} or more, not {value}"
                )
            instance[parameter.name] = value
        for condition in self.regime:
            if not condition.holds(instance):
                shown = ", ".join(f"{name} = {value}" for name, value in instance.items())
                raise RegimeError(f"{self.name}: holds only for {condition.words}, not {shown}")
        return instance

    def evaluate(self, **values: int | None) -> int:
        """The bound on an instance, as an exact integer (already rounded to the safe side).

        Raises RegimeError as :meth:`instance` does.
        """
        return self.function(**self.instance(**values))

    def to_json(self) -> dict[str, Any]:
        """Everything but the function, as JSON data."""
        return {
            "name": self.name,
            "family": self.family,
            "statement": self.statement,
            "latex": self.latex,
            "direction": self.direction,
            "quantity": self.quantity,
            "networks": self.networks,
            "parameters": [
                {"name": p.name, "meaning": p.meaning, "least": p.least, "default": p.default}
                for p in self.parameters
            ],
            "regime": [condition.words for condition in self.regime],
            "source": self.source,
            "derived": self.derived,
        }
