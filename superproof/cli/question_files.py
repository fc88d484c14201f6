"""The questions that ``compare`` and ``invariant`` ask, read again from their files and options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..verify.problem import Problem
    from ..verify.question import Question


@dataclass(frozen=True)
class Asked:
    """The options that say what was asked about a model.

    Attributes:
        against, forgotten: of ``compare``; the edited model, and what it should have forgotten.
        flip, monotone, output: of ``invariant``.
    """

    against: Path | None = None
    forgotten: Sequence[str] = ()
    flip: Sequence[str] = ()
    monotone: Sequence[str] = ()
    output: Sequence[str] = ()

    def __post_init__(self) -> None:
        from ..verify.errors import InputError

        if self.output and not self._pairs:
            raise InputError("--output: give --flip or --monotone as well, as given to invariant")
        if self.against is not None and self._pairs:
            raise InputError(
                "--against is for compare, --flip and --monotone for invariant: not both"
            )
        if self.forgotten and self.against is None:
            raise InputError("--forgotten: give the edited model with --against MODEL_B too")

    @property
    def _pairs(self) -> bool:
        return bool(self.flip or self.monotone)

    @property
    def plain(self) -> bool:
        """True when the question is that of ``check``."""
        return self.against is None and not self._pairs

    def questions(
        self, model: Path, specification: Path | None, computes: Callable[[Problem], bool]
    ) -> list[Question]:
        """What was asked, in the order of a certificate's parts.

        Args:
            model, specification: as for :func:`.problem_files.read_problem`.
            computes: whether the model computes the specification, which decides how a
                comparison is asked.
        """
        if self._pairs:
            from ..verify.invariance.invariant import questions as pairs
            from .problem_files import read_files

            network, spec, _ = read_files(model, specification)
            return pairs(network, spec, self.flip, self.monotone, self.output)
        from ..verify.comparison.compare import claim_of, fitting
        from ..verify.comparison.questions import questions
        from .problem_files import read_network, read_problem

        problem = read_problem(model, specification)
        spec = problem.specification
        assert self.against is not None
        edited = fitting("B", read_network(self.against), spec)
        claim = claim_of(self.forgotten, spec)
        return questions(problem.network, edited, spec, claim, computes(problem))
