"""Guessing the formula that a network computes, and having an engine decide whether it does.

An edit often removes clauses as a whole. A counterexample to the specification then says which:
the guess loses the clauses that are true there, and is checked like any specification. A guess
that is right tells everything about the network, and what is left is to count formulas.
"""

from __future__ import annotations

from ..formula import TRUE, Formula
from ..network import Network
from ..problem import Problem
from ..product import outputs_of
from ..readout import Argmax
from ..specification import Specification
from ..verdict import OutputReading, Verdict
from .inquiry import Inquiry
from .regions import disjunction, negated

#: Wrong guesses before giving up, for each output.
ROUNDS = 6


class _Guess:
    """The guess for one output: some clauses, then the opposite of all, then true."""

    def __init__(self, formula: Formula) -> None:
        self.formula: Formula | None = formula
        self._whole, self._clauses = formula, list(formula.clauses())
        self._later = [negated(formula), TRUE]
        self._rounds = 0

    def refute(self, reading: OutputReading, assignment: dict[str, bool]) -> None:
        """Guess again after a counterexample."""
        self._rounds += 1
        if self._rounds > ROUNDS + len(self._clauses) or reading.read is None:
            self.formula = None
            return
        if self._clauses and reading.expected and len(self._later) == 2:
            kept = [c for c in self._clauses if not c.evaluate(assignment)]
            self._clauses = kept
            self.formula = disjunction(kept)
            return
        self.formula = self._later.pop(0) if self._later else None


def computed_formulas(
    network: Network, specification: Specification, first: Verdict, inquiry: Inquiry
) -> list[Formula | None]:
    """For each output a formula that the network is proved to compute, or None.

    Args:
        network, specification: what is asked about.
        first: the verdict on whether the network computes the specification.
        inquiry: who decides; the time counts as time for counting.
    """
    if first.status == "holds":
        return list(specification.formulas)
    guesses = [_Guess(formula) for formula in specification.formulas]
    fixed = isinstance(specification.readout, Argmax)
    verdict = first
    while verdict.status == "violated":
        example = verdict.counterexamples[0]
        for name, reading in example.outputs.items():
            guess = guesses[specification.outputs.index(name)]
            if reading.wrong:
                guess.refute(reading, example.assignment)
        active = [j for j, guess in enumerate(guesses) if guess.formula is not None]
        if not active or (fixed and len(active) < len(guesses)):
            return [None] * len(guesses)
        formulas = {
            specification.outputs[j]: formula
            for j in active
            if (formula := guesses[j].formula) is not None
        }
        guessed = Specification(
            specification.inputs,
            formulas,
            domain=specification.domain,
            readout=specification.readout,
        )
        some = network if len(active) == len(guesses) else outputs_of(network, active)
        verdict = inquiry.decide(Problem(some, guessed), brief=True)
    if verdict.status != "holds":
        return [None] * len(guesses)
    return [guess.formula for guess in guesses]
