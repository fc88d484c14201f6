"""``superproof unlearn``: remove one clause from a network, proved or refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import EngineName, Json, Model, Specification, Threads, Timeout

if TYPE_CHECKING:
    from ..constructions.editing.edit import Edit
    from ..constructions.editing.target import Target
    from ..verify.network import Network

METHODS = ("column", "columns", "gate", "relabel")


def unlearn(
    model: Model,
    clause: Annotated[
        str,
        typer.Option(metavar="OUTPUT:CLAUSE", help="Clause to remove, numbered from 0 as written."),
    ],
    method: Annotated[
        str,
        typer.Option(
            metavar="|".join(METHODS),
            help="Cut off one input of the clause (column) or all of them (columns), overrule it "
            "by added neurons (gate), or train it away on counterexamples (relabel).",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for the network and its proof.")
    ],
    specification: Specification = None,
    rounds: Annotated[
        int, typer.Option(metavar="N", min=1, help="relabel: rounds of training at most.")
    ] = 20,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="relabel: of all choices.")] = 0,
    engine: EngineName = "auto",
    timeout: Timeout = None,
    threads: Threads = None,
    json: Json = False,
) -> int:
    """Remove one clause of a specification from a network, and prove that nothing else changed.

    FOLDER gets the edited network, spec.toml without the clause, certificates and report.json.
    Exit code 0: proved, on every input of the domain. 1: refused, with the reason, and nothing is
    written. 3: unknown.
    """
    from ..constructions.editing.edit import NETWORK_FILES, require_room
    from ..constructions.editing.target import RefusedError, Target
    from ..verify.errors import InputError
    from .compilation import announce_compilation
    from .exit import ExitCode
    from .problem_files import network_file, read_problem
    from .progress import ProgressBar
    from .terminal import print_json, print_text

    if method not in METHODS:
        raise InputError(f"unknown method '{method}'; use one of {', '.join(METHODS)}")
    problem = read_problem(model, specification)
    target = Target.parse(clause, problem.specification)
    read = network_file(model)
    suffix = read.suffix.lower()
    require_room(out, suffix)
    if read.resolve() == (out / NETWORK_FILES[suffix]).resolve():
        raise InputError(f"{read}: would be written over; name another folder with --out")
    try:
        with announce_compilation(unless=engine == "z3"), ProgressBar("inputs") as bar:
            edit = _edited(method, problem.network, target, rounds, seed)
            judged = edit.prove(engine=engine, timeout=timeout, threads=threads, progress=bar)
    except RefusedError as error:
        if json:
            names = {"kind": "unlearn", "method": method, "clause": clause}
            print_json(names | {"status": "refused", "reason": str(error)})
        else:
            print_text(f"refused: {error}; nothing is written")
        return ExitCode.VIOLATED
    report = judged.write(out, suffix) if judged.proved else judged.report()
    if json:
        print_json(report | ({"folder": str(out)} if judged.proved else {}))
    else:
        _print(report, out)
    return ExitCode.of(judged.claim.status, judged.comparison.interrupted)


def _edited(method: str, network: Network, target: Target, rounds: int, seed: int) -> Edit:
    if method == "relabel":
        from ..empirics.unlearning.relabelling import relabelling_edit

        return relabelling_edit(network, target, rounds=rounds, seed=seed)
    from ..constructions.editing.columns import all_columns_edit, column_edit
    from ..constructions.editing.gate import gate_edit

    edits = {"column": column_edit, "columns": all_columns_edit, "gate": gate_edit}
    return edits[method](network, target)


def _print(report: dict[str, Any], out: Path) -> None:
    from ..verify.verdict_text import amount, quantity
    from .terminal import console, print_text, table

    name, formula = report["clause"], report["formula"]
    size = report["domain_size"]
    on = "every input of the domain" if size is None else f"all {quantity(size)} inputs"
    if report["status"] != "proved":
        print_text(f"{report['status']}: {report['reason']}; nothing is written")
        return
    print_text(f"proved: {name} ({formula}) is gone and nothing else changed, on {on}")
    before, after = report["neurons"]
    target = report["target_inputs"]
    rows = table(("", "whole"), ("", "left"), head=False)
    rows.add_row("method", report["method"])
    for fact, value in report["facts"].items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"
        rows.add_row(fact.replace("_", " "), text or "none")
    rows.add_row("neurons", f"{before:,} before, {after:,} after")
    if target is not None:
        rows.add_row("read false now", f"{amount(target, 'input')} where only {name} is true")
    rows.add_row("decided by", f"{report['decided_by']}, {report['seconds']:.2f} s")
    for key in ("certificate", "claim_certificate"):
        file = report[key]
        text = f"none ({file.get('reason')})"
        if file["file"]:
            text = f"{file['file']}, {file['bytes']:,} bytes, {file['evidence']}"
        rows.add_row(key.replace("_", " "), text)
    console().print(rows)
    print_text(f"written to {out}; next: superproof check {out}")
