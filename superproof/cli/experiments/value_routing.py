"""``superproof experiment value-routing``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...empirics.attention_capacity.routing import RoutingResult
    from . import Request


def run(request: Request) -> None:
    """Train attention with values and blocks, and print where they route."""
    from ...empirics.attention_capacity.routing import FULL, QUICK, value_routing
    from ..progress import ProgressBar

    with ProgressBar("layers") as bar:
        result = value_routing(
            request.folder,
            QUICK if request.quick else FULL,
            embeddings=request.embeddings,
            seed=request.seed,
            device=request.device,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: RoutingResult) -> None:
    """Least sizes by kind of vectors and output, and where the files are."""
    from ...empirics.attention_capacity.routing_files import (
        control_columns,
        control_rows,
        size_columns,
        size_rows,
    )
    from ..terminal import console, print_text

    plan = result.plan
    out = console()
    out.print("Least D_K from which on the seeds together route 99 % of their sampled contexts:")
    _table(size_columns(result), size_rows(result))
    sizes = ", ".join(map(str, plan.sizes))
    print_text(
        f"{plan.embedding_dim} dimensions, contexts of {plan.context} items (all items: of m). "
        f"Trained: D_K = {sizes}; seeds: {plan.seeds}; '-': none of these sizes is enough. Always "
        "right: items whose target wins in every context of at most so many items, decided "
        "exactly."
    )
    out.print("Sampled accuracy of the block's network without attention, worst seed:")
    _table(control_columns(result), control_rows(result))
    out.print(
        f"{len(result.routed):,} layers, {result.trained:,} of them trained now, seed "
        f"{result.seed}, {result.device}, {result.seconds:.0f} s"
    )
    for kind in ("svg", "png", "least svg", "least png", "csv", "json", "finding", "runs"):
        out.print(f"{kind:>9}  {result.files[kind]}", soft_wrap=True)


def _table(columns: list[str], rows: list[list[Any]]) -> None:
    """The first column is printed where it changes."""
    from ..terminal import console, table

    first, second, *others = columns
    found = table((first, "whole"), (second, "whole"), *((title, "right") for title in others))
    before = None
    for row in rows:
        cells = [str(cell) for cell in row]
        found.add_row("" if cells[0] == before else cells[0], *cells[1:])
        before = cells[0]
    console().print(found)
