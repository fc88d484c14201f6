"""``superproof experiment attention-constructions``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.attention_scaling import AttentionResult
    from . import Request


def run(request: Request) -> None:
    """Build and prove layers of several sizes, and print their key dimensions."""
    from ...empirics.attention_scaling import FULL, QUICK, attention_scaling
    from ..progress import ProgressBar

    with ProgressBar("layers") as bar:
        result = attention_scaling(
            request.folder,
            QUICK if request.quick else FULL,
            seed=request.seed,
            resume=request.resume,
            device=_device(request),
            progress=bar,
        )
    _print(result)


def _device(request: Request) -> str | None:
    """The torch device that trains; None for the processor, which needs no torch."""
    if request.device == "cpu":
        return None
    from ...empirics.training.device import choose_device

    chosen = choose_device(request.device)
    return None if chosen == "cpu" else chosen


def _print(result: AttentionResult) -> None:
    from ...empirics.attention_finding import shortened, spread
    from ...empirics.attention_scaling import SERIES
    from ...verify.verdict_text import amount
    from ..terminal import console, print_text, table

    headings = ("items m", "d", "u", *SERIES, "least / u", "bound, 8 bits")
    rows = table(*((heading, "right") for heading in headings))
    bound = next(line for name, line in result.lines.items() if name.startswith("counting"))
    for items, dim in result.plan.sizes:
        unit = result.lines["u = m lg m / d"][items, dim]
        least = result.middle("least", items, dim)
        rows.add_row(
            f"{items:,}",
            str(dim),
            f"{unit:.1f}",
            *(spread(result.built(series, items, dim)) or "-" for series in SERIES),
            "-" if least is None else f"{least / unit:.2f}",
            f"{bound[items, dim]:.0f}",
        )
    out = console()
    out.print("Total key dimension of layers proved to recognise a permutation:")
    out.print(rows)
    print_text("u = m lg m / d; a least size is the smallest that training found, an upper bound")
    for law in result.laws:
        print_text(
            f"{law.series}: D_K ~ {law.scale:.2f} u^{law.slope:.2f} "
            f"({law.low:.2f} to {law.high:.2f}) where d < m"
        )
    for reason in shortened(result.missing):
        out.print(f"not built: {reason}", soft_wrap=True)
    proved = sum(point.total_key_dim is not None for point in result.points)
    print_text(
        f"{proved} layers proved, {amount(result.plan.seeds, 'seed')} from {result.seed}, "
        f"{result.seconds:.0f} s"
    )
    for kind in ("svg", "png", "csv", "json", "finding", "runs"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)
