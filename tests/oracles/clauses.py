"""Violations of threshold networks as clauses, for an exact model counter from elsewhere.

Every auxiliary variable is defined by the inputs, so that the models are the wrong inputs.
"""

from __future__ import annotations

from collections.abc import Sequence


class Clauses:
    """A growing CNF over variables 1, 2, ...; literals are signed numbers.

    Attributes:
        inputs: variables 1 to ``inputs``.
        clauses: lists of literals.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = self.variables = inputs
        self.clauses: list[list[int]] = []
        self.true = self.fresh()
        self.clauses.append([self.true])

    def fresh(self) -> int:
        """A new variable."""
        self.variables += 1
        return self.variables

    def conjunction(self, literals: Sequence[int]) -> int:
        """A variable that is true where all the literals are."""
        result = self.fresh()
        self.clauses += [[-result, literal] for literal in literals]
        self.clauses.append([result, *(-literal for literal in literals)])
        return result

    def disjunction(self, literals: Sequence[int]) -> int:
        """A literal that is true where one of the literals is."""
        return -self.conjunction([-literal for literal in literals])

    def choice(self, test: int, high: int, low: int) -> int:
        """A literal with the value of ``high`` where ``test`` is true, else of ``low``."""
        if high == low:
            return high
        result = self.fresh()
        for condition, value in ((-test, high), (test, low)):
            self.clauses += [[condition, -value, result], [condition, value, -result]]
        return result

    def exclusive(self, a: int, b: int) -> int:
        """A literal that is true where exactly one of the two is."""
        return self.choice(a, -b, b)

    def above(self, weights: Sequence[int], literals: Sequence[int], bound: int) -> int:
        """A literal that is true where the weights of the true literals add up to more.

        A binary decision diagram over the partial sums, one variable a node.
        """
        known: dict[tuple[int, int], int] = {}

        def node(position: int, left: int) -> int:
            rest = weights[position:]
            if sum(w for w in rest if w < 0) > left:
                return self.true
            if sum(w for w in rest if w > 0) <= left:
                return -self.true
            key = position, left
            if key not in known:
                high = node(position + 1, left - weights[position])
                low = node(position + 1, left)
                known[key] = self.choice(literals[position], high, low)
            return known[key]

        return node(0, bound)
