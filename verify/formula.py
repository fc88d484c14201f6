"""Boolean formulas over named inputs: the tree, its printed form and its evaluation.

Text is read by :func:`superproof.verify.grammar.parse_formula`; vectorised evaluation lives
in :mod:`superproof.verify.bitprogram`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
#: Words with a meaning of their own: as input names they need backticks.
KEYWORDS = frozenset({"true", "false", "atleast", "atmost", "majority"})


class Formula(ABC):
    """A Boolean expression. Immutable; equal when written the same way.

    Combine formulas with ``~ & ^ | >>`` as in the text form.
    """

    #: Binding strength, for printing with as few parentheses as possible.
    _strength = 6

    @property
    def operands(self) -> tuple[Formula, ...]:
        """Direct subformulas."""
        return ()

    @abstractmethod
    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        """Kleene value of the connective on operand values, where None is unknown."""

    def evaluate(self, assignment: Mapping[str, bool | None]) -> bool | None:
        """Three-valued value: inputs that are missing or None are unknown.

        Sound, not complete: an answer is right for every completion, while None may also
        be returned for a formula that happens to be constant (``a | ~a``).
        """
        return self.value(tuple(operand.evaluate(assignment) for operand in self.operands))

    def names(self) -> tuple[str, ...]:
        """Input names in order of first appearance."""
        return tuple(dict.fromkeys(self._walk_names()))

    def clauses(self) -> tuple[Formula, ...]:
        """Operands of the top-level ``|``, numbered from 0 as written."""
        return (self,)

    def _walk_names(self) -> Iterator[str]:
        for operand in self.operands:
            yield from operand._walk_names()

    def _wrap(self, operand: Formula) -> str:
        text = str(operand)
        return text if operand._strength > self._strength else f"({text})"

    def __and__(self, other: Formula) -> Formula:
        return And((self, other))

    def __or__(self, other: Formula) -> Formula:
        return Or((self, other))

    def __xor__(self, other: Formula) -> Formula:
        return Xor((self, other))

    def __rshift__(self, other: Formula) -> Formula:
        return Implies(self, other)

    def __invert__(self) -> Formula:
        return Not(self)


@dataclass(frozen=True)
class Constant(Formula):
    """``true`` or ``false``."""

    truth: bool

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        return self.truth

    def __str__(self) -> str:
        return "true" if self.truth else "false"


@dataclass(frozen=True)
class Variable(Formula):
    """One input, by name."""

    name: str

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        return None

    def evaluate(self, assignment: Mapping[str, bool | None]) -> bool | None:
        return assignment.get(self.name)

    def _walk_names(self) -> Iterator[str]:
        yield self.name

    def __str__(self) -> str:
        return quote_name(self.name)


@dataclass(frozen=True)
class Not(Formula):
    """``~a``."""

    operand: Formula
    _strength = 5

    @property
    def operands(self) -> tuple[Formula, ...]:
        return (self.operand,)

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        return None if operands[0] is None else not operands[0]

    def _wrap(self, operand: Formula) -> str:
        text = str(operand)
        return text if operand._strength >= self._strength else f"({text})"

    def __str__(self) -> str:
        return "~" + self._wrap(self.operand)


@dataclass(frozen=True)
class And(Formula):
    """``a & b & ...``; true when empty."""

    parts: tuple[Formula, ...]
    _strength = 4

    @property
    def operands(self) -> tuple[Formula, ...]:
        return self.parts

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        if any(v is False for v in operands):
            return False
        return None if any(v is None for v in operands) else True

    def __str__(self) -> str:
        return " & ".join(map(self._wrap, self.parts)) if self.parts else "true"


@dataclass(frozen=True)
class Xor(Formula):
    """``a ^ b ^ ...``: an odd number of operands is true."""

    parts: tuple[Formula, ...]
    _strength = 3

    @property
    def operands(self) -> tuple[Formula, ...]:
        return self.parts

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        return None if any(v is None for v in operands) else sum(map(bool, operands)) % 2 == 1

    def __str__(self) -> str:
        return " ^ ".join(map(self._wrap, self.parts)) if self.parts else "false"


@dataclass(frozen=True)
class Or(Formula):
    """``a | b | ...``; false when empty."""

    parts: tuple[Formula, ...]
    _strength = 2

    @property
    def operands(self) -> tuple[Formula, ...]:
        return self.parts

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        if any(v is True for v in operands):
            return True
        return None if any(v is None for v in operands) else False

    def clauses(self) -> tuple[Formula, ...]:
        return self.parts

    def __str__(self) -> str:
        return " | ".join(map(self._wrap, self.parts)) if self.parts else "false"


@dataclass(frozen=True)
class Implies(Formula):
    """``a >> b``: b is true whenever a is; groups to the right."""

    premise: Formula
    conclusion: Formula
    _strength = 1

    @property
    def operands(self) -> tuple[Formula, ...]:
        return (self.premise, self.conclusion)

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        premise, conclusion = operands
        if premise is False or conclusion is True:
            return True
        return False if premise is True and conclusion is False else None

    def __str__(self) -> str:
        right = str(self.conclusion)
        if self.conclusion._strength < self._strength:
            right = f"({right})"
        return f"{self._wrap(self.premise)} >> {right}"


@dataclass(frozen=True)
class AtLeast(Formula):
    """``atleast(k, a, b, ...)``: at least k operands are true (``majority`` is stored so too)."""

    count: int
    parts: tuple[Formula, ...]

    @property
    def operands(self) -> tuple[Formula, ...]:
        return self.parts

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        true = sum(v is True for v in operands)
        unknown = sum(v is None for v in operands)
        if true >= self.count:
            return True
        return False if true + unknown < self.count else None

    def __str__(self) -> str:
        return f"atleast({', '.join([str(self.count), *map(str, self.parts)])})"


@dataclass(frozen=True)
class AtMost(Formula):
    """``atmost(k, a, b, ...)``: at most k operands are true."""

    count: int
    parts: tuple[Formula, ...]

    @property
    def operands(self) -> tuple[Formula, ...]:
        return self.parts

    def value(self, operands: tuple[bool | None, ...]) -> bool | None:
        true = sum(v is True for v in operands)
        unknown = sum(v is None for v in operands)
        if true > self.count:
            return False
        return True if true + unknown <= self.count else None

    def __str__(self) -> str:
        return f"atmost({', '.join([str(self.count), *map(str, self.parts)])})"


TRUE = Constant(True)
FALSE = Constant(False)


def quote_name(name: str) -> str:
    """The name as formulas write it: plain, or in backticks when it is not an identifier."""
    if _PLAIN_NAME.match(name) and name not in KEYWORDS:
        return name
    return f"`{name}`"
