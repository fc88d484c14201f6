"""``superproof experiment sparsification-floor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.floor.sparsification import FloorResult
    from . import Request


def run(request: Request) -> None:
    """Make certified networks smaller until the first violation, and print where they end."""
    from ...empirics.floor.sparsification import FULL, NAME, QUICK, sparsification_floor
    from ..progress import ProgressBar

    request.require_processor(NAME)
    with ProgressBar("ways") as bar:
        result = sparsification_floor(
            request.folder,
            QUICK if request.quick else FULL,
            seed=request.seed,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: FloorResult) -> None:
    """The last exact network of every way, and where the files are."""
    from ..terminal import console, print_text, sign, table

    headings = ("ANDs", "neurons", "nonzeros", "bits", "bits / bound", "then wrong")
    rows = table(
        ("start", "whole"), ("way", "whole"), *((heading, "right") for heading in headings)
    )
    before = None
    for way in result.finished:
        last, wrong = way.last, way.facts["wrong_inputs"]
        here = (way.kind, way.outputs, way.seed)
        if here != before:
            _row(rows, way.kind, "start", way.outputs, way.begin, "")
            before = here
        _row(rows, "", way.way, way.outputs, last, "-" if wrong is None else f"{wrong:,}")
    out = console()
    out.print("The last exact network of every way, at most 2 inputs active:")
    out.print(rows)
    at_most = sign("≤", "<=")
    print_text(
        "bits: places of the nonzero weights that hold the function, their values, and the "
        "levels; bound: the counting bound, for superposed forms and free weights alike. then "
        f"wrong: inputs with {at_most} 2 ones on which the next network is wrong."
    )
    for reason in result.missing:
        out.print(f"not found: {reason}", soft_wrap=True)
    steps = sum(len(way.steps) for way in result.finished)
    out.print(
        f"{len(result.finished)} ways, {steps:,} networks decided exactly, "
        f"{result.plan.seeds} seeds from {result.seed}, {result.seconds:.0f} s"
    )
    for kind in ("svg", "png", "csv", "json", "finding", "networks"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)


def _row(
    rows: object, kind: str, way: str, outputs: int, step: dict[str, object], end: str
) -> None:
    rows.add_row(  # type: ignore[attr-defined]
        kind,
        way,
        f"{outputs:,}",
        f"{step['neurons']:,}",
        f"{step['nonzeros']:,} of {step['places']:,}",
        f"{step['bits']:,.0f}",
        f"{step['ratio']:.2f}",
        end,
    )
