"""Counting the inputs on which a formula is true, by a binary decision diagram.

Reduced ordered diagrams of Bryant (1986), with the inputs in their own order. No network takes
part, so that the size of a region of a domain does not depend on what is asked about it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ..domain import Domain
from ..formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor

#: A diagram with more nodes than this is given up.
NODES = 400_000
FALSE, TRUE = 0, 1


class TooLargeError(Exception):
    """The diagram has too many nodes, or takes too long."""


class Diagram:
    """Decision diagrams that share their nodes.

    Args:
        index: number of each input name; smaller numbers are decided first.
        deadline: ``time.monotonic()`` value at which to give up, or None.
    """

    def __init__(self, index: Mapping[str, int], deadline: float | None = None) -> None:
        self._index, self.deadline = index, deadline
        self._last = len(index)
        # node n: its input, and where a false and a true input lead; the constants come after all
        self._nodes: list[tuple[int, int, int]] = [(self._last, 0, 0), (self._last, 1, 1)]
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._choices: dict[tuple[int, int, int], int] = {}
        self._formulas: dict[Formula, int] = {}

    def count(self, node: int) -> int:
        """Number of assignments of all inputs on which a diagram is true."""
        counts = {FALSE: 0, TRUE: 1}
        # children have smaller numbers than their parents
        for number in sorted(self._below(node)):
            level, low, high = self._nodes[number]
            counts[number] = sum(
                counts[child] << (self._nodes[child][0] - level - 1) for child in (low, high)
            )
        return counts[node] << self._nodes[node][0]

    def _below(self, node: int) -> set[int]:
        found: set[int] = set()
        waiting = [node]
        while waiting:
            number = waiting.pop()
            if number > TRUE and number not in found:
                found.add(number)
                waiting += self._nodes[number][1:]
        return found

    def formula(self, formula: Formula) -> int:
        """The diagram of a formula. Raises TooLargeError."""
        if formula not in self._formulas:
            self._formulas[formula] = self._built(formula)
        return self._formulas[formula]

    def _built(self, formula: Formula) -> int:
        if isinstance(formula, Constant):
            return int(formula.truth)
        if isinstance(formula, Variable):
            return self._node(self._index[formula.name], FALSE, TRUE)
        parts = [self.formula(operand) for operand in formula.operands]
        if isinstance(formula, Not):
            return self.choice(parts[0], FALSE, TRUE)
        if isinstance(formula, Implies):
            return self.choice(parts[0], parts[1], TRUE)
        if isinstance(formula, AtLeast):
            return self._at_least(formula.count, parts)
        if isinstance(formula, AtMost):
            return self.choice(self._at_least(formula.count + 1, parts), FALSE, TRUE)
        result = FALSE if isinstance(formula, Or | Xor) else TRUE
        # deep diagrams first: the result grows from the bottom
        for part in sorted(parts, key=lambda node: -self._nodes[node][0]):
            if isinstance(formula, And):
                result = self.choice(part, result, FALSE)
            elif isinstance(formula, Or):
                result = self.choice(part, TRUE, result)
            elif isinstance(formula, Xor):
                result = self.choice(part, self.choice(result, FALSE, TRUE), result)
            else:
                raise TypeError(f"unknown formula node {type(formula).__name__}")
        return result

    def _at_least(self, count: int, parts: Sequence[int]) -> int:
        """Of some diagrams so many or more are true."""
        if count > len(parts):
            return FALSE
        # reached[k]: k or more of the parts so far
        reached = [TRUE] + [FALSE] * max(count, 0)
        for part in sorted(parts, key=lambda node: -self._nodes[node][0]):
            for k in range(len(reached) - 1, 0, -1):
                reached[k] = self.choice(part, reached[k - 1], reached[k])
        return reached[-1]

    def choice(self, test: int, then: int, otherwise: int) -> int:
        """Where ``test`` is true ``then``, elsewhere ``otherwise``. Raises TooLargeError."""
        if test <= TRUE:
            return then if test else otherwise
        if then == otherwise:
            return then
        if then == TRUE and otherwise == FALSE:
            return test
        key = (test, then, otherwise)
        if key not in self._choices:
            level = min(self._nodes[node][0] for node in key)
            low, high = (
                self.choice(*(self._child(node, level, side) for node in key)) for side in (1, 2)
            )
            self._choices[key] = self._node(level, low, high)
        return self._choices[key]

    def _child(self, node: int, level: int, side: int) -> int:
        return self._nodes[node][side] if self._nodes[node][0] == level else node

    def _node(self, level: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = (level, low, high)
        if key not in self._numbers:
            number = len(self._nodes)
            if number >= NODES:
                raise TooLargeError
            late = self.deadline is not None and not number % 1024
            if late and time.monotonic() >= (self.deadline or 0):
                raise TooLargeError
            self._numbers[key] = number
            self._nodes.append(key)
        return self._numbers[key]


class RegionSizes:
    """Sizes of parts of one domain.

    Args:
        domain: without a list of points.
        seconds: for each size at most.
    """

    def __init__(self, domain: Domain, seconds: float = 5.0) -> None:
        self.domain, self._seconds = domain, seconds
        self._diagram: Diagram | None = None
        self._inside = TRUE

    def size(self, formula: Formula) -> int | None:
        """Number of inputs of the domain on which a formula is true; None where it is too much."""
        if self.domain.points is not None:
            return None
        deadline = time.monotonic() + self._seconds
        try:
            if self._diagram is None:
                self._diagram = Diagram(self.domain.index, deadline)
                constraint = self.domain.constraint()
                self._inside = TRUE if constraint is None else self._diagram.formula(constraint)
            self._diagram.deadline = deadline
            part = self._diagram.formula(formula)
            return self._diagram.count(self._diagram.choice(part, self._inside, FALSE))
        except (TooLargeError, RecursionError):
            self._diagram = None
            return None
