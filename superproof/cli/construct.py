"""``superproof construct``: build a network that provably computes its specification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np

    from ..constructions.construction import Construction

#: What can be built, and in which forms.
KINDS = {"pairwise-and": ("plain",)}


def construct(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to build: pairwise-and.")],
    inputs: Annotated[int, typer.Option(metavar="M", help="Number of inputs.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the files.")],
    outputs: Annotated[
        int | None, typer.Option(metavar="M2", help="Number of outputs; default: the pattern's.")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Which pairs: random (default), random-low-influence, matching, star, complete.",
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Edge list instead of a pattern: two indices a line."),
    ] = None,
    active: Annotated[int, typer.Option(metavar="V", help="Most inputs active at once.")] = 2,
    form: Annotated[
        str, typer.Option(metavar="FORM", help="Form of the network: plain.")
    ] = "plain",
    neurons: Annotated[
        int | None, typer.Option(metavar="N", help="Hidden neurons; default: search for few.")
    ] = None,
    density: Annotated[
        float | None,
        typer.Option(metavar="P", help="Share of ones in the code; default: best in theory."),
    ] = None,
    code: Annotated[
        str,
        typer.Option(
            metavar="auto|random|channel",
            help="How the code is drawn: random has few neurons, channel few ones.",
        ),
    ] = "auto",
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of every random choice.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> int:
    """Build a network with as few neurons as the method finds, prove it, and write it.

    FOLDER gets network.onnx, spec.toml and report.json, ready for superproof check FOLDER; with
    more than 4 million weights network.npz, which keeps the nonzero ones, and members.npz.
    Exit code 3: no network of that size was found (which does not prove that there is none).
    A thousand inputs take seconds, ten thousand with a hundred thousand outputs a few minutes.
    """
    from ..constructions.conjunction import plain_pairwise_and
    from ..verify.errors import InputError, ProofError
    from .exit import ExitCode, complain
    from .progress import ProgressBar
    from .terminal import print_json, print_text

    if name not in KINDS:
        raise InputError(f"unknown construction '{name}'; use one of {', '.join(KINDS)}")
    if form not in KINDS[name]:
        raise InputError(f"unknown form '{form}' of {name}; use one of {', '.join(KINDS[name])}")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file of that name is in the way; name a folder")
    chosen = _pairs(pattern, pairs, inputs, outputs, seed)
    try:
        with ProgressBar("rounds") as bar:
            built = plain_pairwise_and(inputs, chosen, active, seed, neurons, density, bar, code)
    except ProofError as error:
        complain(f"error: {error}")
        return ExitCode.UNKNOWN
    folder = built.write(out)
    if json:
        print_json({**built.report(), "folder": str(folder)})
    else:
        _print_report(built, str(pairs) if pairs else pattern or "random")
        print_text(f"written to {folder}; next: superproof check {folder}")
    return ExitCode.DONE


def _pairs(
    pattern: str | None, file: Path | None, inputs: int, outputs: int | None, seed: int
) -> np.ndarray:
    from ..constructions.patterns import pattern as draw
    from ..constructions.patterns import read_pairs
    from ..verify.errors import InputError
    from ..verify.verdict_text import amount

    if file is None:
        return draw(pattern or "random", inputs, outputs, seed)
    if pattern is not None:
        raise InputError("give --pattern or --pairs, not both")
    pairs = read_pairs(file, inputs)
    if outputs is not None and outputs != len(pairs):
        held = amount(len(pairs), "pair")
        raise InputError(f"{file}: holds {held}, but --outputs says {outputs}")
    return pairs


def _print_report(built: Construction, pattern: str) -> None:
    from .terminal import console, table

    report, lower = built.report(), built.lower_bound
    ratio = built.neurons / max(lower["neurons"], 1)
    rows = table(("", "whole"), ("", "left"), head=False)
    computes = (
        f"{report['outputs']:,} ANDs of {report['inputs']:,} inputs ({pattern}), "
        f"at most {built.active} active"
    )
    for heading, text in (
        ("computes", computes),
        ("neurons", f"{built.neurons:,} ({built.form} form, {built.parameters['code']})"),
        ("bits", f"{built.total_bits:,} ({built.weight_bits} a weight)"),
        (
            "lower bound",
            f"{lower['bits']:,} bits; {lower['neurons']:,} neurons: {lower['networks']}",
        ),
        (
            "ratio",
            f"{ratio:.1f} in neurons, {built.total_bits / max(lower['bits'], 1):.1f} in bits",
        ),
        (
            "random code",
            f"{built.parameters['theory_neurons']:,} neurons suffice by the union bound",
        ),
        ("certified", built.certified_how),
        ("seed", str(built.seed)),
    ):
        rows.add_row(heading, text)
    console().print(rows)
