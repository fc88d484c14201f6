"""``superproof experiment unlearning``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.unlearning.unlearning import UnlearningResult
    from . import Request


def run(request: Request) -> None:
    """Unlearn clauses by every method and print whether they are removed or only silenced."""
    from ...empirics.unlearning.unlearning import FULL, QUICK, unlearning
    from ..compilation import announce_compilation
    from ..progress import ProgressBar

    with announce_compilation(), ProgressBar("networks") as bar:
        result = unlearning(
            request.folder,
            QUICK if request.quick else FULL,
            seed=request.seed,
            resume=request.resume,
            device=request.device,
            progress=bar,
        )
    _print(result)


def _print(result: UnlearningResult) -> None:
    from ...empirics.unlearning.methods import REFERENCE
    from ...empirics.unlearning.unlearning_files import TESTS, plain_order, summary
    from ...empirics.unlearning.unlearning_table import answer, method_rows
    from ..terminal import console, print_text, table

    rows = method_rows(result)
    reference = next(row for row in rows if row.name == REFERENCE)
    headings = ("clean", "stay%", "coll%", "rate", "hidden", "target", "unrel.")
    shown = table(
        ("method", "whole"), ("answer", "whole"), *((heading, "right") for heading in headings)
    )
    for row in rows:
        times = []
        for regime in ("target", "unrelated"):
            middle = row.medians[regime]
            times.append(f">{result.plan.steps}" if middle is None else str(middle))
        spreads = [(row.stay, 100), (row.coll, 100), (row.rate, 1)]
        shown.add_row(
            row.name,
            answer(row, reference, TESTS),
            f"{row.clean}/{row.measured}",
            *("-" if s is None else _short(factor * s.median) for s, factor in spreads),
            str(row.hidden),
            *(times if row.measured else ["-"] * 2),
        )
    out = console()
    out.print("Removed, or only silenced?")
    out.print(shown)
    print_text(
        "clean: target gone and nothing else changed, proved on every input. stay: share of the "
        "target's inputs still true, coll: share of all inputs changed elsewhere, both exact; "
        "rate: stay sampled, 500 inputs; hidden: networks whose rate is 0 though inputs stay. "
        "target, unrel.: median steps until the clause is back, trained on it, or on all others. "
        "Medians over networks. returns: sooner than the reference, at 5 % for all tests together. "
        "Reconstruction."
    )
    print_text(summary(result, rows))
    print_text(plain_order(rows))
    print_text(f"seed {result.seed}, {result.seconds:.0f} s")
    for kind in ("svg", "csv", "finding", "runs"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)


def _short(value: float) -> str:
    """Two digits, in at most five characters."""
    return "<0.01" if 0 < value < 0.01 else f"{value:.2g}"
