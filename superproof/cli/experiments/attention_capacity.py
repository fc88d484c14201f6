"""``superproof experiment attention-capacity``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.attention_capacity.capacity import AttentionResult
    from . import Request


def run(request: Request) -> None:
    """Train, decide exactly, and print the least key dimensions."""
    from ...empirics.attention_capacity.capacity import FULL, LARGE, QUICK, attention_capacity
    from ...empirics.training.device import choose_device
    from ..progress import ProgressBar

    plan = LARGE if choose_device(request.device) == "cuda" else FULL
    with ProgressBar("million pairs") as bar:
        result = attention_capacity(
            request.folder,
            QUICK if request.quick else plan,
            seed=request.seed,
            device=request.device,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: AttentionResult) -> None:
    """The least sizes by cell, those of the earlier implementation, and where the files are."""
    from ...empirics.attention_capacity.capacity_files import law_rows, size_rows
    from ..terminal import console, print_text, table

    out = console()
    out.print("Least total key dimension D_K: from it on every seed succeeded (some seed):")
    titles = ("u", "load", "F1 .99", "h", "no error", "h", "hinge", "h", "certified")
    rows = table(("m, d", "whole"), *((title, "right") for title in titles))
    for row in size_rows(result):
        rows.add_row(*("-" if cell is None else str(cell) for cell in row))
    out.print(rows)
    print_text(
        "u = m lg m / d; load = m ln m / d^2; F1 .99, no error: logistic training, micro-F1 of at "
        "least .99, no wrong pair; hinge: no wrong pair; h: heads; certified: the construction."
    )
    out.print("Without an error, beside laws and bounds:")
    laws = ("least", "h", "/ u", "bits/dof", "law of dof", "1 bit", "32 bits", "real")
    rows = table(("m, d", "whole"), *((title, "right") for title in laws))
    for row in law_rows(result):
        rows.add_row(*("-" if cell is None else str(cell) for cell in row))
    out.print(rows)
    print_text(
        "bits/dof: lg C(m^2, m) over the degrees of freedom of the score matrices; law of dof: "
        "D_K for 2.2 to 1.4 of them; the rest: counting bounds at so many bits a weight and for "
        "real weights."
    )
    if result.comparisons:
        print_text("Beside the sizes of an earlier implementation of the same recipes:")
        beside = table(
            ("m, d", "whole"), ("recipe", "whole"),
            *((title, "right") for title in ("h", "earlier", "ours", "verdict")),
        )  # fmt: skip
        for c in result.comparisons:
            ours = "-" if c.reliable is None else str(c.reliable)
            cell = f"{c.items}, {c.embedding_dim}"
            beside.add_row(cell, c.about, str(c.heads), str(c.earlier), ours, c.verdict)
        out.print(beside)
    out.print(
        f"{result.layers:,} layers decided exactly, {result.trained:,} of them trained now, seed "
        f"{result.seed}, {result.device}, {result.seconds:.0f} s"
    )
    for kind in (
        "svg",
        "heads",
        "chances",
        "thresholds",
        "success",
        "trade_off",
        "json",
        "finding",
        "runs",
    ):
        out.print(f"{kind:>10}  {result.files[kind]}", soft_wrap=True)
