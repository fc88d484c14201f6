"""``superproof experiment separation-curve``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.separation_curve import CurveResult
    from . import Request


def run(request: Request) -> None:
    """Decide instances around the threshold and print where half of them are impossible."""
    from ...empirics.separation_curve import FULL, NAME, QUICK, separation_curve
    from ..progress import ProgressBar

    request.require_processor(NAME)
    with ProgressBar("runs") as bar:
        result = separation_curve(
            request.folder,
            QUICK if request.quick else FULL,
            seed=request.seed,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: CurveResult) -> None:
    from ..terminal import console, print_text, table

    headings = ("dimensions", "instances", "undecided", "half point", "95 % interval")
    rows = table(*((heading, "right") for heading in headings))
    for dim, found in result.transitions.items():
        here = [c for c in result.counts if c.embedding_dim == dim]
        number = sum(c.separable + c.impossible + c.undecided for c in here)
        half = ("-", "-")
        if found is not None:
            half = (f"{found.half:.3f}", f"{found.low:.3f} to {found.high:.3f}")
        rows.add_row(str(dim), f"{number:,}", str(sum(c.undecided for c in here)), *half)
    out = console()
    out.print("From which m ln m / d^2 on half of all permutations are impossible for one head:")
    out.print(rows)
    print_text(f"every answer was proved; seed {result.seed}, {result.seconds:.0f} s")
    for kind in ("svg", "png", "json", "runs"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)
