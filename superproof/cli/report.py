"""``superproof report``: one page about the experiments of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Results of one experiment, or of several.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page; default FOLDER/report.html.")
    ] = None,
) -> None:
    """Write one self-contained HTML page: figures, tables, and how to do it all again."""
    from ..empirics.report import write_report
    from .terminal import print_text

    path = write_report(folder, out)
    print_text(f"{path} ({path.stat().st_size:,} bytes); open it in a browser")
