"""``superproof experiment``: measure what training reaches, decided exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .experiments import EXPERIMENTS, Request


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(EXPERIMENTS)}.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="A small version, a minute or two.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of every random choice.")] = 0,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where to train.")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the finished runs of the folder, do the rest.")
    ] = False,
    embeddings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Item vectors (.npy, .safetensors) for value-routing."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of results; default out/NAME.")
    ] = None,
) -> int:
    """Train or build networks, decide each exactly, and draw the results.

    On two processor cores a quick run takes half a minute to two minutes, a full one ten minutes to
    an hour, of construction-scaling some hours.

    FOLDER gets the runs as they finish, a figure (SVG, PNG) and all numbers with their seeds
    (JSON); most add a table (CSV).
    """
    from ..verify.errors import InputError
    from .exit import ExitCode, complain

    if name not in EXPERIMENTS:
        raise InputError(f"unknown experiment '{name}'; the known ones: {', '.join(EXPERIMENTS)}")
    if embeddings is not None and not EXPERIMENTS[name].embeddings:
        raise InputError(
            f"--embeddings: {name} draws its own vectors; only value-routing takes any"
        )
    folder = Path("out") / name if out is None else out
    try:
        EXPERIMENTS[name].run(Request(folder, quick, seed, device, resume, embeddings))
    except KeyboardInterrupt:
        complain(f"interrupted; finished runs are in {folder}, go on with --resume")
        return ExitCode.INTERRUPTED
    return ExitCode.DONE
