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
#: Columns too wide for a terminal; --json and --csv have them.
HIDDEN = ("finished", "weights", "key", "device")


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
    from ..empirics.store import RunStore, is_store
    from ..verify.errors import InputError
    from .terminal import print_json, print_text

    if not is_store(folder):
        raise InputError(f"{folder}: holds no runs.sqlite; name the folder of an experiment")
    with RunStore(folder) as store:
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
    wide = {n for n in names if any(len(_cell(entry.get(n))) > 24 for entry in shown)}
    names = [n for n in names if n not in HIDDEN and n not in wide]
    made = table(*((n, "left" if n in ("experiment", "status", "verdict") else "right")
                   for n in names))  # fmt: skip
    for entry in shown:
        made.add_row(*(_cell(entry.get(name)) for name in names))
    out = console()
    if shown:
        out.print(made)
    left = "" if len(shown) == len(rows) else f", the last {len(shown)} shown; --all lists them"
    out.print(f"{len(rows)} runs{left}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
