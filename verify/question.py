"""One sentence about networks, and the problem that decides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .problem import Problem
from .recheck import QUESTIONS


class Question(NamedTuple):
    """A claim in words and as a problem: the claim is true exactly where the problem holds.

    Attributes:
        sentence: what is claimed, as a certificate states it.
        problem: the network, specification and domain that decide it.
    """

    sentence: str
    problem: Problem


def canonical_questions(questions: Sequence[Question]) -> dict[str, Any]:
    """The questions as plain JSON data, for a certificate with a part for each."""
    data = [{"sentence": one.sentence, "problem": one.problem.canonical()} for one in questions]
    return {"format": QUESTIONS, "questions": data}
