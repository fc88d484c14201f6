"""``superproof experiment value-routing``."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from ...empirics.attention_capacity.routing_files import size_columns, size_rows
    from ..terminal import console, print_text, table

    plan = result.plan
    first, second, *others = size_columns(result)
    rows = table((first, "whole"), (second, "whole"), *((title, "right") for title in others))
    before = None
    for row in size_rows(result):
        cells = [str(cell) for cell in row]
        rows.add_row("" if cells[0] == before else cells[0], *cells[1:])
        before = cells[0]
    out = console()
    out.print("Least D_K from which on every seed routes 99 % of its sampled contexts:")
    out.print(rows)
    sampled = result.routed[0].sampled if result.routed else 0
    print_text(
        f"{plan.items} items in {plan.embedding_dim} dimensions, contexts of {plan.context} items "
        f"(all items: of {plan.items}), {sampled:,} sampled contexts a layer. Proved: items whose "
        "target wins in every such context, decided exactly; the others may be right as well."
    )
    out.print(
        f"{len(result.routed):,} layers, {result.trained:,} of them trained now, seed "
        f"{result.seed}, {result.device}, {result.seconds:.0f} s"
    )
    for kind in ("svg", "png", "csv", "json", "finding", "runs"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)
