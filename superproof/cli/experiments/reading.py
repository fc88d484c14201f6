"""``superproof experiment reading``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.reading.experiment import ReadingResult
    from . import Request


def run(request: Request) -> None:
    """Train networks, read them with proof, and print what it took."""
    from ...empirics.reading.experiment import reading
    from ...empirics.reading.plan import FULL, QUICK
    from ..progress import ProgressBar

    with ProgressBar("networks") as bar:
        result = reading(
            request.folder,
            QUICK if request.quick else FULL,
            quick=request.quick,
            seed=request.seed,
            device=request.device,
            resume=request.resume,
            progress=bar,
        )
    _print(result)


def _print(result: ReadingResult) -> None:
    from ...empirics.reading.experiment_finding import sentences
    from ...empirics.reading.summary import by_form, decoder_rows
    from ..terminal import console, print_text, table

    columns = ("trained", "exact", "proved", "certified", "decode", "asked", "described")
    rows = table(("task", "whole"), *((column, "right") for column in columns))
    for form, one in by_form(result.part("read")).items():
        mean = f"{sum(one.questions) / len(one.questions):.2f}" if one.questions else "-"
        counts = (one.trained, one.exact, one.proved, one.certified, one.static)
        rows.add_row(form, *map(str, counts), mean, str(one.described))
    out = console()
    out.print("Networks read with a proof, by task:")
    out.print(rows)
    print_text(
        "decode: exact networks whose formula the weights gave without any search; asked: exact "
        "questions, mean; described: networks with errors that are known exactly"
    )
    headings = ("right", "of", "recall", "precision")
    rows = table(("decoder alone", "whole"), *((heading, "right") for heading in headings))
    for name, right, whole, recall, precision in decoder_rows(result.part("read")):
        numbers = ("-" if v is None else f"{v:.2f}" for v in (recall, precision))
        rows.add_row(name, str(right), str(whole), *numbers)
    out.print(rows)
    for sentence in sentences(result):
        print_text(sentence)
    out.print(f"seed {result.seed}, {result.device}, {result.seconds:.0f} s")
    for kind, path in result.files.items():
        out.print(f"{kind:>9}  {path}", soft_wrap=True)
