"""``superproof experiment fixed-parameter-expansion``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.expansion.sweep import SweepResult
    from . import Request


def run(request: Request) -> None:
    """Train dense and expanded networks of equal budgets, and print what expansion gained."""
    from ...empirics.expansion.sweep import FULL, QUICK, fixed_parameter_expansion
    from ..progress import ProgressBar

    with ProgressBar("networks") as bar:
        result = fixed_parameter_expansion(
            request.folder,
            QUICK if request.quick else FULL,
            seed=request.seed,
            device=request.device,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: SweepResult) -> None:
    from ...empirics.expansion.published import DENSE
    from ...empirics.expansion.sweep_files import arms, improvements, published
    from ..terminal import console, print_text, table

    out = console()
    out.print("Settings, by dense networks alone (mean accuracy; published in the heading):")
    dense = table(
        ("", "right"),
        *((f"{c} clauses, {n} neurons: {value:g}", "right") for (c, n), value in DENSE.items()),
        ("mean gap", "right"),
    )
    for number, (label, means) in enumerate(result.dense.items(), 1):
        cells = [f"{means[cell]:.3f}" for cell in DENSE]
        dense.add_row(str(number), *cells, f"{result.gaps[label]:.3f}")
    out.print(dense)
    for number, label in enumerate(result.dense, 1):
        mark = "  <- chosen, and frozen before any split" if label == result.setting.label else ""
        out.print(f"{number:>2}  {label}{mark}", soft_wrap=True)
    out.print("")
    out.print("Relative improvement over the dense network of equal budget, % (published):")
    names = list(arms(result))
    gains = table(
        ("clauses", "right"),
        ("neurons", "right"),
        *((f"{split} {factor}", "right") for split, factor in names),
    )
    for cell in result.plan.cells:
        cells = []
        for arm in names:
            theirs = published(cell, arm)
            own = f"{improvements(result, cell, arm).mean():+.0f}"
            cells.append(own if theirs is None else f"{own} ({theirs:+.0f})")
        gains.add_row(*map(str, cell), *cells)
    out.print(gains)
    print_text(
        f"{len(result.runs)} networks, {result.plan.seeds} seeds from {result.seed}, "
        f"{result.seconds:.0f} s. A reconstruction: the published protocol is not known."
    )
    for kind in ("svg", "png", "csv", "json", "finding"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)
