"""``superproof experiment boolean-capacity``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.capacity import CapacityResult
    from . import Request


def run(request: Request) -> None:
    """Train, decide exactly, and print the measured capacities."""
    from ...empirics.capacity import FULL, QUICK, boolean_capacity
    from ..progress import ProgressBar

    with ProgressBar("examples") as bar:
        result = boolean_capacity(
            request.folder,
            QUICK if request.quick else FULL,
            seed=request.seed,
            device=request.device,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: CapacityResult) -> None:
    """The measured capacities as a table, and where the files are."""
    from ...empirics.capacity_lines import caveat
    from ..terminal import console, print_text, sign, table

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
