"""Options that the families of ``superproof construct`` share, with one wording each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the files.")]
Active = Annotated[int, typer.Option(metavar="V", help="Most inputs active at once.")]
Neurons = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Neurons; default: by an estimate, enlarged until the proof succeeds."
    ),
]
Draws = Annotated[
    int | None, typer.Option(metavar="K", help="Seeds to try at each width, default 3.")
]
Seconds = Annotated[
    float | None, typer.Option(metavar="S", help="Time for training a draw, about.")
]
Seed = Annotated[int, typer.Option(metavar="S", help="Seed of every random choice.")]
Smallest = Annotated[
    bool,
    typer.Option("--smallest", help="Search for the least width; attempts go into search.json."),
]
Seeds = Annotated[
    int | None,
    typer.Option(metavar="K", help="With --smallest: seeds tried at every width, default 3."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="With --smallest: keep the attempts in search.json.")
]
Picture = Annotated[bool, typer.Option(help="Draw picture.png (needs matplotlib).")]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
