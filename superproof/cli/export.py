"""``superproof export``: the problem in forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    Against,
    Context,
    Flip,
    Forgotten,
    Model,
    Monotone,
    Output,
    Specification,
    Temperature,
)

if TYPE_CHECKING:
    from ..verify.problem import Problem

#: Seconds for deciding whether a network that is compared computes its specification.
PATIENCE = 300.0


def export(
    model: Model,
    specification: Specification = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the JSON to FILE instead of standard output."),
    ] = None,
    smtlib: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write an SMT-LIB 2 script, for Z3, cvc5 and others."),
    ] = None,
    vnnlib: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a VNN-LIB 2.0 query, and the network as ONNX beside it."
        ),
    ] = None,
    vnnlib_type: Annotated[
        str | None,
        typer.Option(
            metavar="real|float32|float64",
            help="Element type of the query, default real. A float type is refused unless every "
            "execution is proved to read the same bits.",
        ),
    ] = None,
    against: Against = None,
    forgotten: Forgotten = None,
    flip: Flip = None,
    monotone: Monotone = None,
    output: Output = None,
    context: Context = None,
    temperature: Temperature = None,
) -> None:
    """Write the problem for other programs: JSON, SMT-LIB, VNN-LIB.

    Without options, canonical JSON on standard output: integers and text only, keys sorted;
    numbers are integer mantissas and one power of two an array, so that nothing is rounded.
    The other two ask for an input that breaks the specification: unsat means that it holds.
    With the options of compare or invariant, JSON with the questions that their certificates
    answer; whether MODEL computes the specification is decided first, for it decides which. Of a
    layer of attention, JSON of the layer, its graph and read-out.
    """
    from ..verify.errors import InputError
    from .problem_files import SPECIFICATION_FILE, network_file, read_problem
    from .question_files import Asked
    from .recognition_files import asks_recognition, read_files, refuse_questions, refuse_softmax
    from .recognition_files import read_problem as read_recognition
    from .terminal import print_text

    if vnnlib_type is not None and vnnlib is None:
        raise InputError("--vnnlib-type says what --vnnlib FILE declares; give both")
    asked = Asked(against, forgotten or [], flip or [], monotone or [], output or [])
    if asks_recognition(model, specification):
        if smtlib is not None or vnnlib is not None:
            raise InputError(
                "--smtlib and --vnnlib are for networks, and this specification asks about a graph"
            )
        refuse_questions(asked)
        recognition = read_recognition(model, specification, context, temperature)
        _write(recognition.canonical(), out, read_files(model, specification))
        return
    refuse_softmax(context, temperature)
    if not asked.plain:
        if smtlib is not None or vnnlib is not None:
            raise InputError(
                "--smtlib and --vnnlib write one problem, and compare and invariant ask several "
                "questions: leave them out, or use write_smtlib and write_vnnlib from Python"
            )
        from ..verify.question import canonical_questions

        questions = asked.questions(model, specification, _computes)
        read = [network_file(model), specification or model / SPECIFICATION_FILE]
        read += [] if against is None else [network_file(against)]
        _write(canonical_questions(questions), out, read)
        return
    problem = read_problem(model, specification)
    source = network_file(model)
    read = [source, specification or model / SPECIFICATION_FILE]
    _require_distinct({"--out": out, "--smtlib": smtlib, "--vnnlib": vnnlib}, read)
    if smtlib is not None:
        from ..verify.formats.smtlib import write_smtlib

        write_smtlib(problem, smtlib)
    if vnnlib is not None:
        from ..verify.formats.vnnlib import NETWORK, write_vnnlib

        given = source if source.suffix.lower() == ".onnx" else None
        written = write_vnnlib(problem, vnnlib, vnnlib_type or "real", network_file=given)
        print_text(f"{written.query}: for solvers, with --network {NETWORK}={written.network}")
    if out is None and (smtlib is not None or vnnlib is not None):
        return
    _write(problem.canonical(), out, [])


def _write(data: dict[str, Any], out: Path | None, read: list[Path]) -> None:
    import json

    from .terminal import print_text

    _require_distinct({"--out": out, "--vnnlib": None}, read)
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    if out is None:
        print_text(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")


def _computes(problem: Problem) -> bool:
    """Whether the network computes its specification. Raises InputError where that is unknown."""
    from ..verify.check import check
    from ..verify.errors import InputError

    status = check(problem.network, problem.specification, timeout=PATIENCE, dtypes=()).status
    if status == "unknown":
        raise InputError(
            f"whether MODEL computes the specification was not decided in {PATIENCE:g} seconds, "
            "and decides which questions compare asks; use `superproof recheck --against` instead"
        )
    return status == "holds"


def _require_distinct(written: dict[str, Path | None], read: list[Path]) -> None:
    """Raise InputError where a file would be written twice, or over one that was read."""
    from ..verify.errors import InputError

    taken = {path.resolve(): "that is read" for path in read}
    query = written["--vnnlib"]
    if query is not None and query.name:
        taken.setdefault(query.with_suffix(".onnx").resolve(), "for the network of --vnnlib")
    for option, path in written.items():
        if path is None:
            continue
        if path.resolve() in taken:
            raise InputError(
                f"{option} {path}: is also the file {taken[path.resolve()]}; name another"
            )
        taken[path.resolve()] = f"of {option}"
