"""Which pairs of inputs are ANDed: the options for it, and what they mean together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np

Outputs = Annotated[
    int | None, typer.Option(metavar="M2", help="Number of outputs; default: the pattern's.")
]
PatternName = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="Which pairs: random (default), random-low-influence, matching, star, complete.",
    ),
]
Edges = Annotated[
    Path | None,
    typer.Option(
        "--edges",
        "--pairs",
        metavar="FILE",
        help="Edge list instead of a pattern: two indices a line, or one array in a .npz.",
    ),
]


def chosen_pairs(
    pattern: str | None, file: Path | None, inputs: int, outputs: int | None, seed: int
) -> np.ndarray:
    """The pairs, int64 (outputs, 2). Raises InputError where the options contradict each other."""
    from ...constructions.patterns import pattern as draw
    from ...constructions.patterns import read_pairs
    from ...verify.errors import InputError
    from ...verify.verdict_text import amount

    if file is None:
        return draw(pattern or "random", inputs, outputs, seed)
    if pattern is not None:
        raise InputError("give --pattern or --edges, not both")
    pairs = read_pairs(file, inputs)
    if outputs is not None and outputs != len(pairs):
        held = amount(len(pairs), "pair")
        raise InputError(f"{file}: holds {held}, but --outputs says {outputs}")
    return pairs
