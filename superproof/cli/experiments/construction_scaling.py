"""``superproof experiment construction-scaling``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.construction_scaling import ScalingResult
    from . import Request


def run(request: Request) -> None:
    """Find the least certified widths and print them."""
    from ...empirics.construction_scaling import FULL, NAME, QUICK, construction_scaling
    from ..progress import ProgressBar

    request.require_processor(NAME)
    with ProgressBar("networks") as bar:
        result = construction_scaling(
            request.folder,
            QUICK if request.quick else FULL,
            seed=request.seed,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: ScalingResult) -> None:
    """The least certified widths as a table, their growth, and where the files are."""
    from ..terminal import console, sign, table

    headings = ("outputs", "inputs", "neurons", "by seed", "all seeds", "c", "bits", "bits / bound")
    rows = table(("form", "whole"), *((heading, "right") for heading in headings))
    for p in result.points:
        reliable = "-" if p.reliable is None else f"{p.reliable:,}"
        by_seed = " ".join("-" if width is None else f"{width:,}" for width in p.by_seed)
        ratio = "-" if p.ratio is None else f"{p.ratio:.2f}"
        numbers = (f"{p.outputs:,}", f"{p.inputs:,}", f"{p.neurons:,}", by_seed, reliable)
        rows.add_row(p.series, *numbers, f"{p.constant:.3f}", f"{p.bits:,}", ratio)
    out = console()
    out.print("Least neurons of a construction proved exact, at most 2 inputs active:")
    out.print(rows)
    root, times = sign("√", "sqrt"), sign("±", "+-")
    out.print("by seed: the least exact width of each; all-pairs: one network for every pair")
    out.print(f"c = n / {root}(m' ln m'); all seeds: from this width on every seed was exact")
    for fit in result.fits:
        half = fit.high - fit.slope
        seeds = " ".join(f"{slope:.3f}" for slope in fit.by_seed)
        said = f"({fit.points} sizes{'; by seed ' + seeds if seeds else ''})"
        out.print(f"{fit.series}: n ~ m'^{fit.slope:.3f} {times} {half:.3f} {said}")
    for reason in result.missing:
        out.print(f"not found: {reason}", soft_wrap=True)
    out.print(f"{result.plan.seeds} seeds from {result.seed}, {result.seconds:.0f} s")
    for kind in ("svg", "png", "csv", "json", "finding", "runs"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)
