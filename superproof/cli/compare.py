"""``superproof compare``: decide whether two networks are the same function, and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import CertificatePath, EngineName, Json, Threads, Timeout

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..verify.comparison.comparison import Comparison


def compare(
    a: Annotated[
        Path,
        typer.Argument(metavar="MODEL_A", help="Model before the edit, or a folder that holds it."),
    ],
    b: Annotated[
        Path,
        typer.Argument(metavar="MODEL_B", help="Model after the edit, or a folder that holds it."),
    ],
    specification: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SPEC.toml]", help="What A should compute; not needed if MODEL_A is a folder."
        ),
    ] = None,
    forgotten: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OUTPUT[:CLAUSE]",
            help="Clause (numbered from 0) or output that B should not compute any more; may be "
            "repeated. Decides whether B forgot this and nothing else.",
        ),
    ] = None,
    engine: EngineName = "auto",
    counterexamples: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=1000, help="Show at most N inputs of each kind (a thousand)."
        ),
    ] = 1,
    timeout: Timeout = None,
    threads: Threads = None,
    certificate: CertificatePath = None,
    json: Json = False,
) -> int:
    """Decide whether two networks read the same on every input, and say what an edit changed.

    The specification's clauses (the operands of an output's top-level |) name the differences.
    Exit code 0: equal, or with --forgotten: B forgot this and nothing else. 1: not so, with
    counts and examples. 3: unknown.
    """
    from ..verify.comparison.compare import compare as decide
    from .compilation import announce_compilation
    from .exit import ExitCode
    from .problem_files import SPECIFICATION_FILE, read_network, read_problem
    from .progress import ProgressBar

    if specification is None:
        specification = _in_folder(a, SPECIFICATION_FILE)
    problem = read_problem(a, specification)
    with announce_compilation(unless=engine == "z3"), ProgressBar("inputs") as bar:
        comparison = decide(
            problem.network,
            read_network(b),
            problem.specification,
            forgotten=forgotten or [],
            engine=engine,
            timeout=timeout,
            counterexamples=counterexamples,
            threads=threads,
            progress=bar,
            certificate=certificate,
        )
    if json:
        from .terminal import print_json

        print_json(comparison.to_json())
    else:
        from .terminal import print_parts

        print_parts(_rendered(comparison))
    claim = comparison.claim
    status = comparison.status if claim is None else claim.status
    return ExitCode.of(status, comparison.interrupted)


def _in_folder(model: Path, name: str) -> Path:
    from ..verify.errors import InputError
    from .problem_files import network_file

    if not model.is_dir():
        network_file(model)
        raise InputError(
            f"{model}: a model file needs a specification beside it; write MODEL_A MODEL_B "
            f"SPEC.toml, or name a folder for MODEL_A that holds {name}"
        )
    return model / name


def _rendered(comparison: Comparison) -> Iterator[RenderableType]:
    from rich.text import Text

    from ..verify.comparison.report import Sentence, parts
    from .terminal import table

    styles = {"good": "bold green", "bad": "bold red", "open": "yellow", "plain": "", "dim": "dim"}
    gap = True
    for part in parts(comparison):
        if isinstance(part, Sentence):
            yield Text(part.text, styles[part.tone])
            gap = True
            continue
        rows = table(*part.titles)
        for row in part.rows:
            rows.add_row(*map(Text, row))
        if gap:
            yield Text("")
        yield rows
        yield Text("")
        gap = False
