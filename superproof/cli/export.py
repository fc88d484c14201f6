"""``superproof export``: the problem as plain JSON, for other programs to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Model (.onnx, .safetensors, .npz), or a folder with spec.toml."
        ),
    ],
    specification: Annotated[
        Path | None,
        typer.Argument(metavar="[SPEC.toml]", help="Specification; not needed with a folder."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write to FILE instead of standard output."),
    ] = None,
) -> None:
    """Write the problem as canonical, exact JSON.

    Integers and text only, keys sorted: numbers are integer mantissas and one power of two
    an array, so that nothing is rounded.
    """
    import json

    from .problem_files import read_problem
    from .terminal import print_text

    problem = read_problem(model, specification)
    text = json.dumps(problem.canonical(), sort_keys=True, separators=(",", ":"))
    if out is None:
        print_text(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
