"""``superproof recheck``: check a certificate with a program that is not the solver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..verify.problem import Problem


def recheck(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Model (.onnx, .safetensors, .npz), or a folder with spec.toml."
        ),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[SPEC.toml] FILE", help="Specification (not with a folder) and certificate."
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL_B", help="FILE is from `compare MODEL MODEL_B`: the model compared with."
        ),
    ] = None,
    forgotten: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OUTPUT[:CLAUSE]", help="With --against: as given to compare; may be repeated."
        ),
    ] = None,
    flip: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="FILE is from `invariant`: --flip as given there."),
    ] = None,
    monotone: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="FILE is from `invariant`: --monotone as given there."),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="FILE is from `invariant`: --output as given there."),
    ] = None,
) -> int:
    """Check a certificate that `check --certificate FILE`, compare or invariant wrote.

    Exports the problem and runs verify/recheck.py, or verify/recheck_sparse.py for plain code
    networks decided by their criterion; neither shares code with the solver. Exit code 0:
    accepted. 1: rejected. The same without this package:
    superproof export MODEL SPEC.toml --out problem.json; python -I recheck.py problem.json FILE
    """
    from ..verify import recheck as checker
    from ..verify import recheck_sparse as sparse
    from ..verify.errors import InputError
    from .exit import ExitCode
    from .problem_files import read_problem
    from .terminal import print_text

    if len(files) > 2:
        raise InputError("give MODEL SPEC.toml FILE, or FOLDER FILE")
    certificate = files[-1]
    specification = files[0] if len(files) == 2 else None
    if output and not (flip or monotone):
        raise InputError("--output: give --flip or --monotone as well, as given to invariant")
    if against is not None and (flip or monotone):
        raise InputError("--against is for compare, --flip and --monotone for invariant: not both")
    if flip or monotone:
        asked = _pairs(model, specification, flip or [], monotone or [], output or [])
    else:
        problem = read_problem(model, specification)
    with certificate.open("rb") as file:
        data = file.read(checker.TEXT)
    if forgotten and against is None:
        raise InputError("--forgotten: give the edited model with --against MODEL_B too")
    try:
        if against is not None:
            asked = _questions(problem, against, forgotten or [], data)
        if against is not None or flip or monotone:
            for line in checker.recheck(asked, data).split("\n"):
                print_text(f"accepted: {line}")
        elif data.startswith(sparse.MAGIC):
            print_text(f"accepted: {sparse.recheck(problem.canonical(), data)}")
        else:
            print_text(f"accepted: {checker.recheck(problem.canonical(), data)}")
    except (checker.RejectedError, sparse.RejectedError) as error:
        print_text(f"rejected: {error}")
        return ExitCode.VIOLATED
    except (checker.UnreadableError, sparse.UnreadableError) as error:
        raise InputError(f"{model}: the checker cannot read the problem ({error})") from None
    return ExitCode.DONE


def _pairs(
    model: Path,
    specification: Path | None,
    flip: list[str],
    monotone: list[str],
    output: list[str],
) -> Any:
    """The questions that a certificate about pairs of inputs has to answer, as plain data."""
    from ..verify.invariance.invariant import questions
    from ..verify.question import canonical_questions
    from .problem_files import read_files

    network, spec, _ = read_files(model, specification)
    return canonical_questions(questions(network, spec, flip, monotone, output))


def _questions(problem: Problem, against: Path, forgotten: list[str], data: bytes) -> Any:
    """The questions that a comparison's certificate has to answer, as plain data.

    Which they are depends on whether A computes the specification: what the certificate says of
    that is its first part, and is checked with the others.
    """
    from ..verify import recheck as checker
    from ..verify.comparison.compare import claim_of, fitting
    from ..verify.comparison.questions import questions
    from ..verify.question import canonical_questions
    from .problem_files import read_network

    spec = problem.specification
    edited = fitting("B", read_network(against), spec)
    claim = claim_of(forgotten, spec)
    a_computes = checker.read(data)[0]["claim"]["status"] == "holds"
    return canonical_questions(questions(problem.network, edited, spec, claim, a_computes))
