"""``superproof runs``: list, filter and export the runs of an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Json

if TYPE_CHECKING:
    from ..empirics.run_table import Row

#: Rows that a terminal is shown.
SHOWN = 40
#: Columns that a terminal is not shown; --json and --csv have them.
HIDDEN = ("finished", "weights", "key", "device")
#: Columns that come before others where there is not room for all.
FIRST = ("experiment", "seed", "status", "verdict", "violations")
#: Between two columns; the longest value that is named for all runs at once.
GAP, WIDEST = 3, 24
#: So many columns without room are named.
NAMED = 12


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of an experiment, with runs.sqlite.")
    ],
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only runs with, for example, width>=8 or status=finished; may be repeated.",
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all columns as CSV.")
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all columns as Parquet.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List all runs, not the last 40.")] = False,
    json: Json = False,
) -> None:
    """List the finished runs of an experiment with their configuration and exact verdicts.

    Works while the experiment is running. Every entry of a run's configuration and result is a
    column, for --where and for the files.
    """
    from ..empirics.run_table import columns, csv_text, row, select, write_parquet
    from ..empirics.store import StoredRuns
    from .terminal import print_json, print_text

    with StoredRuns(folder) as store:
        rows = select([row(run) for run in store.runs()], where or [])
    if csv is not None:
        csv.write_text(csv_text(rows), encoding="utf-8", newline="")
    if parquet is not None:
        write_parquet(rows, parquet)
    if json:
        print_json(rows)
    elif csv is None and parquet is None:
        _print(rows, columns(rows), every)
    else:
        written = " and ".join(str(path) for path in (csv, parquet) if path is not None)
        print_text(f"{len(rows)} runs written to {written}")


def _print(rows: list[Row], names: list[str], every: bool) -> None:
    from .terminal import console, table

    shown = rows if every else rows[-SHOWN:]
    out = console()
    if shown:
        texts = {name: [_cell(entry.get(name)) for entry in shown] for name in names}
        alike, kept, left = _arranged(texts, out.width)
        if alike:
            fixed = ", ".join(f"{name} {texts[name][0]}" for name in alike)
            out.print(f"In all of them: {fixed}", soft_wrap=True)
        sides = ("experiment", "status", "verdict")
        made = table(*((name, "left" if name in sides else "right") for name in kept))
        for cells in zip(*(texts[name] for name in kept), strict=True):
            made.add_row(*cells)
        out.print(made)
        if left:
            more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
            named = ", ".join(left[:NAMED])
            out.print(f"No room here, see --csv or --json: {named}{more}", soft_wrap=True)
    cut = "" if len(shown) == len(rows) else f", the last {len(shown)} shown; --all lists them"
    out.print(f"{len(rows)} runs{cut}")


def _arranged(texts: dict[str, list[str]], width: int) -> tuple[list[str], list[str], list[str]]:
    """Columns with one value only, those that the table shows, and those it has no room for.

    Verdicts come first and columns that few runs have come last. A column of few values that
    tells apart the same runs as one before it is left out.
    """
    told = {name: cells for name, cells in texts.items() if name not in HIDDEN}
    alike = [n for n, cells in told.items() if len(cells) > 1 and len(set(cells)) == 1]
    ranked = sorted(
        (name for name in told if name not in alike),
        key=lambda name: (name not in FIRST, 2 * told[name].count("-") > len(told[name])),
    )
    distinct: dict[tuple[object, ...], str] = {}
    for name in ranked:
        cells = told[name]
        first = {cell: place for place, cell in reversed(list(enumerate(cells)))}
        few = 4 * len(first) <= len(cells)
        distinct.setdefault(tuple(first[c] for c in cells) if few else tuple(cells), name)
    room, fitting = width, set[str]()
    for name in distinct.values():
        needed = max(map(len, (name, *told[name]))) + GAP
        if needed <= room:
            room -= needed
            fitting.add(name)
    kept = [name for name in told if name in fitting]
    return (
        [name for name in alike if len(told[name][0]) <= WIDEST and told[name][0] != "-"],
        kept,
        [name for name in distinct.values() if name not in fitting],
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    # a line break would tear the table
    return text if text.isprintable() else repr(text)
