"""``superproof recheck``: check a certificate with a program that is not the solver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
) -> int:
    """Check a certificate that `check --certificate FILE` wrote.

    Exports the problem and runs verify/recheck.py, which shares no code with the solver. Exit
    code 0: accepted. 1: rejected. The same without this package:
    superproof export MODEL SPEC.toml --out problem.json; python -I recheck.py problem.json FILE
    """
    from ..verify import recheck as checker
    from ..verify.errors import InputError
    from .exit import ExitCode
    from .problem_files import read_problem
    from .terminal import print_text

    if len(files) > 2:
        raise InputError("give MODEL SPEC.toml FILE, or FOLDER FILE")
    certificate = files[-1]
    specification = files[0] if len(files) == 2 else None
    problem = read_problem(model, specification)
    with certificate.open("rb") as file:
        data = file.read(checker.TEXT)
    try:
        print_text(f"accepted: {checker.recheck(problem.canonical(), data)}")
    except checker.RejectedError as error:
        print_text(f"rejected: {error}")
        return ExitCode.VIOLATED
    except checker.UnreadableError as error:
        raise InputError(f"{model}: the checker cannot read the problem ({error})") from None
    return ExitCode.DONE
