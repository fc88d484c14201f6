"""``superproof recheck``: check a certificate with a program that is not the solver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Against, Context, Flip, Forgotten, Model, Monotone, Output, Temperature

if TYPE_CHECKING:
    from ..verify.problem import Problem


def recheck(
    model: Model,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[SPEC.toml] FILE", help="Specification (not with a folder) and certificate."
        ),
    ],
    against: Against = None,
    forgotten: Forgotten = None,
    flip: Flip = None,
    monotone: Monotone = None,
    output: Output = None,
    context: Context = None,
    temperature: Temperature = None,
) -> int:
    """Check a certificate that `check --certificate FILE`, compare or invariant wrote.

    Exports the problem and runs verify/recheck.py, or verify/recheck_sparse.py for plain code
    networks, verify/recheck_superposed.py for pairwise ANDs in superposition and
    verify/recheck_linear.py for large permutations and representations, where those
    were decided by their criteria, or verify/attention/recheck.py for layers of attention; none
    shares code with the solver. Exit code 0: accepted.
    1: rejected. The same without this package:
    superproof export MODEL SPEC.toml --out problem.json; python -I recheck.py problem.json FILE
    """
    from ..verify import recheck as checker
    from ..verify.certificate import CHECKERS, checker_of
    from ..verify.errors import InputError
    from ..verify.question import canonical_questions
    from .exit import ExitCode, complain
    from .problem_files import read_problem
    from .question_files import Asked
    from .recognition_files import asks_recognition, refuse_questions, refuse_softmax
    from .terminal import print_text

    if len(files) > 2:
        raise InputError("give MODEL SPEC.toml FILE, or FOLDER FILE")
    certificate = files[-1]
    specification = files[0] if len(files) == 2 else None
    asked = Asked(against, forgotten or [], flip or [], monotone or [], output or [])
    with certificate.open("rb") as file:
        data = file.read(checker.TEXT)

    if asks_recognition(model, specification):
        refuse_questions(asked)
        return _recheck_recognition(model, specification, data, context, temperature)
    refuse_softmax(context, temperature)

    def computes(problem: Problem) -> bool:
        """What the certificate says of that is its first part, and is checked with the others."""
        return bool(checker.read(data)[0]["claim"]["status"] == "holds")

    try:
        if not asked.plain:
            questions = asked.questions(model, specification, computes)
            for line in checker.recheck(canonical_questions(questions), data).split("\n"):
                print_text(f"accepted: {line}")
            return ExitCode.DONE
        problem = read_problem(model, specification).canonical()
        print_text(f"accepted: {checker_of(data).recheck(problem, data)}")
    except tuple(module.RejectedError for module in CHECKERS.values()) as error:
        print_text(f"rejected: {error}")
        if not asked.plain or "number of questions" in str(error):
            complain("give recheck the same options as compare or invariant, in the same order")
        return ExitCode.VIOLATED
    except tuple(module.UnreadableError for module in CHECKERS.values()) as error:
        raise InputError(f"{model}: the checker cannot read the problem ({error})") from None
    return ExitCode.DONE


def _recheck_recognition(
    model: Path,
    specification: Path | None,
    certificate: bytes,
    context: int | None,
    temperature: str | None,
) -> int:
    from ..verify.attention import recheck as checker
    from ..verify.errors import InputError
    from .exit import ExitCode, complain
    from .recognition_files import read_problem
    from .terminal import print_text

    problem = read_problem(model, specification, context, temperature).canonical()
    try:
        print_text(f"accepted: {checker.recheck(problem, certificate)}")
    except checker.RejectedError as error:
        print_text(f"rejected: {error}")
        if "another readout" in str(error):
            complain("give recheck the --context and --temperature that check had")
        return ExitCode.VIOLATED
    except checker.UnreadableError as error:
        raise InputError(f"{model}: the checker cannot read the problem ({error})") from None
    return ExitCode.DONE
