"""Arguments and options that several commands share, with one wording each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="Model (.onnx, .safetensors, .npz), or a folder with spec.toml."
    ),
]
Specification = Annotated[
    Path | None,
    typer.Argument(metavar="[SPEC.toml]", help="Specification; not needed with a folder."),
]
EngineName = Annotated[
    str,
    typer.Option(
        metavar="auto|enumerate|tree|z3",
        help="Engine that decides; auto tries several. Also sparse and superposed, for the "
        "networks that they recognise.",
    ),
]
Fractions = Annotated[bool, typer.Option("--fractions", help="Show values as exact fractions.")]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="S", help="Give up after S seconds, with what is known by then."),
]
Threads = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Processor threads; all by default.")
]
Context = Annotated[
    int | None,
    typer.Option(metavar="L", help="Attention: softmax over every context of at most L items."),
]
Temperature = Annotated[
    str | None, typer.Option(metavar="T", help="Attention: temperature of the softmax.")
]
CertificatePath = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write evidence for `superproof recheck` to FILE."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]

# what a certificate of compare or invariant answers, where it is read again
Against = Annotated[
    Path | None,
    typer.Option(metavar="MODEL_B", help="As in `compare MODEL MODEL_B`: the edited model."),
]
Forgotten = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OUTPUT[:CLAUSE]", help="With --against: as given to compare; may be repeated."
    ),
]
Flip = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="As given to invariant; may be repeated.")
]
Monotone = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="As given to invariant; may be repeated.")
]
Output = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="As given to invariant; may be repeated.")
]
