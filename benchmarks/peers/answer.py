"""What a peer is asked and what it says."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from superproof.verify.engines.branching.cubes import Cube, cubes_of
from superproof.verify.problem import Problem
from superproof.verify.readout import Threshold

__all__ = ["Answer", "Limit", "NotEncodableError", "Problem", "breaks", "clauses_of"]


class NotEncodableError(Exception):
    """The peer's encoding cannot express the problem; the text says why."""


@dataclass(frozen=True)
class Limit:
    """The wall time and the threads that a decision may take.

    Attributes:
        seconds: from now.
        threads: for engines that can use several.
        count: also count the violating inputs.
    """

    seconds: float
    threads: int = 1
    count: bool = False
    start: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds left; a little above 0 when it is over, as solvers take 0 for no limit."""
        return max(self.start + self.seconds - time.monotonic(), 0.001)

    @property
    def over(self) -> bool:
        """True once the time is up."""
        return time.monotonic() >= self.start + self.seconds


@dataclass
class Answer:
    """Status ``holds``, ``violated``, ``unknown`` or ``refused``, and how it came about."""

    status: str
    detail: str = ""
    violations: int | None = None
    nodes: int | None = None


def clauses_of(problem: Problem) -> list[Cube]:
    """The clauses of the only output.

    Raises NotEncodableError for what the set does not contain: several outputs, other domains
    and read-outs, formulas that are not written as a disjunction of conjunctions.
    """
    spec = problem.specification
    plain = len(spec.outputs) == 1 and isinstance(spec.readout, Threshold)
    cubes = cubes_of(spec.formulas[0], spec.domain.index, 64) if plain else None
    if cubes is None or spec.domain.size != 1 << spec.domain.inputs:
        raise NotEncodableError("only one output with a threshold and a DNF, on all inputs")
    return cubes


def breaks(problem: Problem, point: np.ndarray) -> bool:
    """Whether the input violates the specification, in exact arithmetic."""
    return bool(problem.margins(point.astype(np.uint8)[None])[1].any())
