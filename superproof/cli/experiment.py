"""``superproof experiment``: measure what training reaches, decided exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..empirics.capacity import CapacityResult
    from ..empirics.construction_scaling import ScalingResult

#: The experiments by name, with what each measures.
EXPERIMENTS = {
    "boolean-capacity": "ANDs that trained networks compute exactly, by number of neurons",
    "construction-scaling": "neurons of certified constructions, by number of ANDs",
}


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(EXPERIMENTS)}.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="A small version, about a minute.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of every random choice.")] = 0,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where to train.")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the finished runs of the folder, do the rest.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of results; default out/NAME.")
    ] = None,
) -> int:
    """Train or build networks, decide each exactly, and draw the results.

    On two processor cores a quick run takes one to two minutes, a full one of boolean-capacity up
    to twenty minutes, of construction-scaling some hours.

    FOLDER gets the runs as they finish, a figure (SVG, PNG) and all numbers with their seeds
    (JSON); boolean-capacity adds a table (CSV).
    """
    from ..verify.errors import InputError
    from .exit import ExitCode, complain
    from .progress import ProgressBar

    if name not in EXPERIMENTS:
        raise InputError(f"unknown experiment '{name}'; the known ones: {', '.join(EXPERIMENTS)}")
    folder = Path("out") / name if out is None else out
    try:
        if name == "construction-scaling":
            _scaling(folder, quick, seed, device, resume)
        else:
            from ..empirics.capacity import FULL, QUICK, boolean_capacity

            with ProgressBar("examples") as bar:
                result = boolean_capacity(
                    folder,
                    QUICK if quick else FULL,
                    seed=seed,
                    device=device,
                    resume=resume,
                    progress=bar,
                )
            print_capacity(result)
    except KeyboardInterrupt:
        complain(f"interrupted; finished runs are in {folder}, go on with --resume")
        return ExitCode.INTERRUPTED
    return ExitCode.DONE


def _scaling(folder: Path, quick: bool, seed: int, device: str, resume: bool) -> None:
    from ..empirics.construction_scaling import FULL, QUICK, construction_scaling
    from ..verify.errors import InputError
    from .progress import ProgressBar

    if device not in ("auto", "cpu"):
        raise InputError(f"--device {device}: construction-scaling runs on the processor only")
    with ProgressBar("networks") as bar:
        plan = QUICK if quick else FULL
        result = construction_scaling(folder, plan, seed=seed, resume=resume, progress=bar)
    print_scaling(result)


def print_scaling(result: ScalingResult) -> None:
    """The least certified widths as a table, their growth, and where the files are."""
    from .terminal import console, sign, table

    headings = ("outputs", "inputs", "neurons", "all seeds", "c", "bits", "bits / bound")
    rows = table(("form", "whole"), *((heading, "right") for heading in headings))
    for p in result.points:
        reliable = "-" if p.reliable is None else f"{p.reliable:,}"
        numbers = (f"{p.outputs:,}", f"{p.inputs:,}", f"{p.neurons:,}", reliable)
        rows.add_row(p.series, *numbers, f"{p.constant:.3f}", f"{p.bits:,}", f"{p.ratio:.2f}")
    out = console()
    out.print("Least neurons of a construction proved exact, at most 2 inputs active:")
    out.print(rows)
    root, times = sign("√", "sqrt"), sign("±", "+-")
    out.print(f"c = n / {root}(m' ln m'); all seeds: from this width on every seed was exact")
    for fit in result.fits:
        half = fit.high - fit.slope
        out.print(f"{fit.series}: n ~ m'^{fit.slope:.3f} {times} {half:.3f} ({fit.points} sizes)")
    for reason in result.missing:
        out.print(f"not found: {reason}", soft_wrap=True)
    out.print(f"{result.plan.seeds} seeds from {result.seed}, {result.seconds:.0f} s")
    for kind in ("svg", "png", "json", "searches"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)


def print_capacity(result: CapacityResult) -> None:
    """The measured capacities as a table, and where the files are."""
    from ..empirics.capacity_lines import caveat
    from .terminal import console, print_text, sign, table

    bounds = {
        line.name: dict(line.points) for line in result.lines if line.name.startswith("counting")
    }
    square = f"n{sign('×', ' x ')}n weights"
    headings = ("neurons", "by seed", "median", f"bound: {square}, 32 bits")
    rows = table(*((heading, "right") for heading in headings))
    at_least = sign("≥", ">=")
    for c in result.capacities:
        by_seed = " ".join(
            f"{at_least if top else ''}{value}"
            for value, top in zip(c.by_seed, c.at_top, strict=True)
        )
        bound = bounds["counting-superposed-32"].get(c.width)
        rows.add_row(str(c.width), by_seed, f"{c.median:g}", "-" if bound is None else f"{bound:,}")
    out = console()
    out.print("Pairwise ANDs computed without any error, by trained networks of n neurons:")
    out.print(rows)
    print_text(" ".join(caveat(result.lines)).replace("n×n weights", square))
    out.print(
        f"{len(result.runs)} networks decided exactly, {result.trained} of them trained now, "
        f"seed {result.seed}, {result.device}, {result.seconds:.0f} s"
    )
    for kind in ("svg", "png", "csv", "json", "results"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)
