"""``superproof construct``: build a network that provably computes its specification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np

    from ..constructions.construction import Construction

#: What can be built, and in which forms.
KINDS = {"pairwise-and": ("plain", "superposition")}
#: Options that only one of the forms knows.
OWN = {
    "plain": ("--code",),
    "superposition": ("--method", "--bits", "--draws", "--seconds", "--device"),
}
PICTURE = "picture.png"


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
        typer.Option(
            "--edges",
            "--pairs",
            metavar="FILE",
            help="Edge list instead of a pattern: two indices a line, or one array in a .npz.",
        ),
    ] = None,
    active: Annotated[int, typer.Option(metavar="V", help="Most inputs active at once.")] = 2,
    form: Annotated[
        str,
        typer.Option(
            metavar="plain|superposition",
            help="Form of the network: one hidden layer, or the function in one square matrix.",
        ),
    ] = "plain",
    neurons: Annotated[
        int | None, typer.Option(metavar="N", help="Hidden neurons; default: search for few.")
    ] = None,
    density: Annotated[
        float | None,
        typer.Option(metavar="P", help="Share of ones in the code; default: one that does well."),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(
            metavar="auto|random|channel",
            help="Plain: how the code is drawn. Random has few neurons, channel few ones.",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="Superposition: trained (default), key-value, least-squares, ternary, one-bit.",
        ),
    ] = None,
    bits: Annotated[
        int | None,
        typer.Option(metavar="B", help="Superposition: bits an entry, default 14; 1 is one-bit."),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(metavar="K", help="Superposition: seeds to try at each width, default 3."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Superposition: time for a draw, about.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Superposition: torch device to train on.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of every random choice.")] = 0,
    picture: Annotated[bool, typer.Option(help="Draw picture.png (needs matplotlib).")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> int:
    """Build a network with few neurons, prove it, and write it with its certificate.

    FOLDER gets network.onnx, spec.toml, certificate, report.json and picture.png, ready for
    superproof check FOLDER and superproof recheck FOLDER FOLDER/certificate. Plain networks with
    more than 4 million weights go into network.npz, which keeps the nonzero ones, with the pairs
    in spec.members.npz.
    Exit code 3: no network of that size was found (which does not prove that there is none).
    In the plain form a thousand inputs take seconds, ten thousand with a hundred thousand outputs
    a few minutes; in superposition a thousand outputs take seconds, twenty thousand minutes.
    """
    from ..verify.errors import InputError, ProofError
    from .construct_report import print_report
    from .exit import ExitCode, complain
    from .terminal import print_json, print_text

    if name not in KINDS:
        raise InputError(f"unknown construction '{name}'; use one of {', '.join(KINDS)}")
    if form not in KINDS[name]:
        raise InputError(f"unknown form '{form}' of {name}; use one of {', '.join(KINDS[name])}")
    given = dict(zip(("--code", *OWN["superposition"]),
                     (code, method, bits, draws, seconds, device), strict=True))  # fmt: skip
    for other, options in OWN.items():
        for option in options:
            if other != form and given[option] is not None:
                raise InputError(f"{option} goes with --form {other}, not with --form {form}")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file of that name is in the way; name a folder")
    chosen = _pairs(pattern, pairs, inputs, outputs, seed)
    width = ""
    try:
        if form == "plain":
            built = _plain(inputs, chosen, active, seed, neurons, density, code or "auto")
        else:
            how = _method(method, bits)
            built, width = _superposed(
                inputs, chosen, active, seed, neurons, density, how, draws, seconds, device
            )
    except ProofError as error:
        complain(f"error: {error}")
        return ExitCode.UNKNOWN
    folder = built.write(out)
    drawn = _draw(built, chosen, folder) if picture else "none (--no-picture)"
    if json:
        print_json({**built.report(), "folder": str(folder)})
    else:
        print_report(built, str(pairs) if pairs else pattern or "random", width, drawn)
        print_text(f"written to {folder}; next: superproof check {folder}")
        if (folder / "certificate").exists():
            print_text(f"and: superproof recheck {folder} {folder / 'certificate'}")
    return ExitCode.DONE


def _plain(
    inputs: int,
    pairs: np.ndarray,
    active: int,
    seed: int,
    neurons: int | None,
    density: float | None,
    code: str,
) -> Construction:
    from ..constructions.conjunction import plain_pairwise_and
    from .progress import ProgressBar

    with ProgressBar("rounds") as bar:
        return plain_pairwise_and(inputs, pairs, active, seed, neurons, density, bar, code)


def _method(method: str | None, bits: int | None) -> tuple[str, int]:
    """The method and the bits of an entry that the options mean together."""
    from ..constructions.superposed import ENTRY_BITS, METHODS
    from ..verify.errors import InputError

    chosen = ("one-bit" if bits == 1 else "trained") if method is None else method
    if chosen not in METHODS:
        raise InputError(f"unknown method '{chosen}'; use one of {', '.join(METHODS)}")
    if chosen in ENTRY_BITS and bits is not None and not (chosen == "one-bit" and bits == 1):
        own = "one bit" if chosen == "one-bit" else "three values"
        raise InputError(f"--method {chosen} has {own} an entry; leave --bits {bits} out")
    return chosen, 14 if bits is None or chosen in ENTRY_BITS else bits


def _superposed(
    inputs: int,
    pairs: np.ndarray,
    active: int,
    seed: int,
    neurons: int | None,
    density: float | None,
    how: tuple[str, int],
    draws: int | None,
    seconds: float | None,
    device: str | None,
) -> tuple[Construction, str]:
    """The network, and where its width comes from."""
    from ..constructions.sizing import enlarging, first_width, require_width
    from ..constructions.superposed import superposed_pairwise_and
    from ..verify.errors import InputError, ProofError
    from .exit import complain
    from .progress import ProgressBar

    if seconds is not None and not 0 < seconds < 1e9:
        raise InputError(f"--seconds must be above 0, not {seconds:g}")
    done = 0

    with ProgressBar("training steps") as bar:

        def step(number: int, gap: float) -> None:
            nonlocal done
            done += 1
            bar(done, 0)

        def build(width: int) -> Construction:
            return superposed_pairwise_and(
                inputs, pairs, width, active, seed, method=how[0], bits=how[1], density=density,
                draws=3 if draws is None else draws, seconds=seconds, device=device, progress=step,
            )  # fmt: skip

        if neurons is not None:
            require_width(neurons)
            return build(neurons), "as asked for"

        def failed(width: int, error: ProofError) -> None:
            if bar.shown:
                complain(f"{width} neurons do not suffice here; trying more")

        built, width = enlarging(build, first_width(inputs, len(pairs), active, how[0]), failed)
        return built, str(width)


def _draw(built: Construction, pairs: np.ndarray, folder: Path) -> str:
    """Draw the picture; its name, or why there is none."""
    from ..empirics.construction_picture import draw_construction
    from ..verify.errors import MissingExtraError

    try:
        return draw_construction(built, pairs, folder / PICTURE).name
    except MissingExtraError as error:
        return f"none ({error})"


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
        raise InputError("give --pattern or --edges, not both")
    pairs = read_pairs(file, inputs)
    if outputs is not None and outputs != len(pairs):
        held = amount(len(pairs), "pair")
        raise InputError(f"{file}: holds {held}, but --outputs says {outputs}")
    return pairs
