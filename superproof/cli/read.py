"""``superproof read``: the formula that a network computes, with a proof that it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Json, Model, Threads, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ..empirics.reading.interpretation import Interpretation, OutputInterpretation

#: Names of the files in the folder.
FORMULA, CERTIFICATE, READING = "formula.toml", "certificate", "reading.json"
#: Clauses, exceptions and outputs that are printed.
SHOWN = 12
#: Characters of a formula that are printed.
LONGEST = 1200


def read(
    model: Model,
    specification: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SPEC.toml]",
            help="Names, domain and read-out; its formulas are compared with what was read.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="New folder for formula.toml, its certificate, reading.json and figures.",
        ),
    ] = None,
    clauses: Annotated[
        int, typer.Option(metavar="N", min=1, help="Give up a formula beyond N clauses.")
    ] = 160,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of all samples.")] = 0,
    timeout: Timeout = None,
    threads: Threads = None,
    json: Json = False,
) -> int:
    """Read a formula off a network and prove that it is all that the network does.

    Clauses are decoded from the weights, tested on samples, repaired with exact counterexamples
    and proved. Where no short formula is found: an intended formula (the specification's, or a
    guess) with the exact cubes of inputs on which it fails. Exit code 0: complete, with a
    certificate that `superproof recheck` accepts. 3: unknown or incomplete.
    """
    from ..empirics.reading.learn import Limits
    from ..empirics.reading.output import Reader
    from ..empirics.reading.read import read_network
    from ..verify.errors import InputError
    from .compilation import announce_compilation
    from .exit import ExitCode
    from .problem_files import SPECIFICATION_FILE, read_files
    from .problem_files import read_network as read_model
    from .progress import ProgressBar

    if specification is None and not (model.is_dir() and (model / SPECIFICATION_FILE).exists()):
        network, spec = read_model(model), None
    else:
        network, spec, _ = read_files(model, specification)
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout must be positive, not {timeout}")
    if out is not None:
        _require_new(out)
    reader = Reader(Limits(clauses=clauses, timeout=timeout), seed, threads)
    certificate = None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        certificate = out / CERTIFICATE
    with announce_compilation(), ProgressBar("outputs") as bar:
        found = read_network(network, spec, reader=reader, certificate=certificate, progress=bar)
    files = {} if out is None else _delivered(found, out)
    if json:
        from .terminal import print_json

        print_json(found.to_json() | {"files": files})
    else:
        from .terminal import print_parts

        print_parts(_rendered(found, files))
    if found.complete:
        return ExitCode.DONE
    return ExitCode.INTERRUPTED if _stopped(found) else ExitCode.UNKNOWN


def _stopped(found: Interpretation) -> bool:
    """Whether a person ended the proof; what was read by then is shown."""
    return found.certificate is not None and found.certificate.content == "interrupted"


def _require_new(out: Path) -> None:
    from ..verify.errors import InputError

    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: it is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / READING).is_file():
        raise InputError(f"--out {out}: the folder holds other files; name a new one")


def _delivered(found: Interpretation, out: Path) -> dict[str, str]:
    """Write formula, report and figures; the certificate is there already."""
    import json

    from ..empirics.reading.reading_figure import draw_reading
    from ..verify.errors import MissingExtraError

    files: dict[str, str] = {}
    # an earlier reading may have left a formula that is not this network's
    (out / FORMULA).unlink(missing_ok=True)
    if found.specification is not None:
        files["formula"] = str(found.specification.save(out / FORMULA))
    if found.certificate is not None and found.certificate.path is not None:
        files["certificate"] = found.certificate.path
    try:
        for one in found.outputs:
            for what, (svg, _) in draw_reading(one, found.inputs, out).items():
                files[f"{one.name} {what}"] = str(svg)
    except MissingExtraError as error:
        files["figures"] = f"not drawn: {error}"
    report = out / READING
    text = json.dumps(found.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
    report.write_text(text + "\n", encoding="utf-8")
    files["report"] = str(report)
    return files


def _rendered(found: Interpretation, files: dict[str, str]) -> Iterator[RenderableType]:
    from rich.text import Text

    for stage in found.stages:
        which = f"layers {stage.first} to {stage.last}"
        if stage.first == stage.last:
            which = f"layer {stage.first}"
        yield Text(f"{which}, every unit 0 or 1:", "bold")
        for unit, formula in list(zip(stage.units, stage.formulas, strict=True))[:SHOWN]:
            yield Text(f"  {unit} = {_short(str(formula))}")
        if len(stage.units) > SHOWN:
            yield Text(f"  and {len(stage.units) - SHOWN} more units; --json lists all", "dim")
        yield Text("")
    for one in found.outputs[:SHOWN]:
        yield from _output(one, found)
    if len(found.outputs) > SHOWN:
        yield Text(f"and {len(found.outputs) - SHOWN} more outputs; --json lists all", "dim")
    if found.complete:
        yield Text(f"complete: accepted by the independent checker: {found.accepted}", "bold green")
    elif found.specification is not None:
        why = "no certificate" if found.certificate is None else found.certificate.content
        yield Text(f"incomplete: decided by the engine, but not certified: {why}", "yellow")
    else:
        open_ = [one for one in found.outputs if not one.decided]
        many = f"{len(open_)} of {len(found.outputs)} outputs have no proved formula"
        yield Text("unknown: " + (open_[0].why if len(found.outputs) == 1 else many), "yellow")
    questions = found.questions
    nodes = sum(stage.usage.nodes for stage in found.stages)
    nodes += sum(one.usage.nodes for one in found.outputs)
    yield Text(
        f"{questions:,} exact question{'s' * (questions != 1)}, {nodes:,} nodes, "
        f"{found.seconds:.2f} s, seed {found.seed}",
        "dim",
    )
    for what, path in files.items():
        yield Text(f"{what:>12}  {path}")


def _output(one: OutputInterpretation, found: Interpretation) -> Iterator[RenderableType]:
    from rich.text import Text

    if one.formula is not None and one.kind != "exceptions":
        yield Text(f"{one.name} = {_short(str(one.formula))}", "bold")
        for pattern in one.patterns:
            yield Text(f"the pattern {pattern}")
        said = {"dnf": "DNF", "cnf": "CNF", "layers": "layer by layer"}.get(one.kind, one.kind)
        parts = [f"{said}, decided exactly"]
        if one.static is not None:
            parts.append(f"the decode alone was {'right' if one.static else 'not yet right'}")
        if one.as_specified is not None:
            parts.append(f"{'equal to' if one.as_specified else 'not'} the specification's formula")
        yield Text("; ".join(parts))
    if one.exceptions is not None:
        yield from _intended(one, found)
    if one.codes is not None:
        yield from _codes(one, found)
    counting = [(r, f) for r, f in enumerate(one.neurons) if f is not None and f.names()]
    if counting and one is found.outputs[0]:
        yield Text("")
        yield Text("neurons that count literals, each proved on all inputs:")
        for r, formula in counting[:SHOWN]:
            yield Text(f"  neuron {r} is active exactly where {formula}")
        if len(counting) > SHOWN:
            yield Text(f"  and {len(counting) - SHOWN} more", "dim")
    yield Text("")


def _intended(one: OutputInterpretation, found: Interpretation) -> Iterator[RenderableType]:
    """What was meant, as far as anybody knows, and where the network does otherwise."""
    from rich.text import Text

    from ..empirics.reading.interpretation import cube_text
    from ..verify.verdict_text import amount
    from .terminal import table

    wrong = one.exceptions
    origin = "as specified" if wrong is not None and wrong.given else "a guess from the clauses"
    yield Text(f"{one.name}, intended ({origin}): {_short(str(one.guess))}", "bold")
    if wrong is None:
        return
    if wrong.complete and not wrong.cubes:
        yield Text("it fails on no input")
    elif wrong.complete:
        yield Text(
            f"it fails on exactly {amount(wrong.violations, 'input')}, in "
            f"{amount(len(wrong.cubes), 'disjoint cube')}:"
        )
    else:
        known, cubes = amount(wrong.violations, "input"), amount(len(wrong.cubes), "disjoint cube")
        total = f"at least {known}" if wrong.total is None else f"exactly {wrong.total:,} inputs"
        yield Text(
            f"it fails on {total}; the search ended before it had listed more than {known} in "
            f"{cubes}:"
        )
    rows = table(("inputs", "right"), ("reads", "whole"), ("where", "left"))
    for cube in wrong.cubes[:SHOWN]:
        where = cube_text(cube.literals, found.inputs)
        reads = "true" if cube.reads else "false"
        if wrong.unsettled:
            reads = "not false" if cube.reads else "not true"
        rows.add_row(f"{cube.size:,}", reads, Text(where))
    if wrong.cubes:
        yield rows
    if len(wrong.cubes) > SHOWN:
        yield Text(f"and {len(wrong.cubes) - SHOWN:,} more cubes", "dim")
    if wrong.losses:
        lost = "not read true on" if wrong.unsettled else "reads false on"
        rows = table(("clause", "left"), (lost, "right"), ("of inputs", "right"))
        for loss in wrong.losses[:SHOWN]:
            counts = ("-" if n is None else f"{n:,}" for n in (loss.wrong, loss.size))
            rows.add_row(Text(loss.clause), *counts)
        yield rows


def _short(formula: str) -> str:
    """The beginning of a formula too long to be looked at."""
    if len(formula) <= LONGEST:
        return formula
    return f"{formula[:LONGEST]} ... ({len(formula):,} characters; --json or --out has all)"


def _codes(one: OutputInterpretation, found: Interpretation) -> Iterator[RenderableType]:
    from rich.text import Text

    from ..empirics.reading.interpretation import cube_text
    from .terminal import table

    assert one.codes is not None
    rows = table(
        ("", "right"),
        ("clause" if one.kind != "cnf" else "false where", "left"),
        ("code", "left"),
        ("ANDs", "right"),
        ("coherence", "right"),
        ("signal/noise", "right"),
        ("shared", "right"),
    )
    for number, row in enumerate(one.codes.rows[: 2 * SHOWN]):
        code = " ".join([*map(str, row.positive), *(f"-{r}" for r in row.negative)])
        ratio = f"{row.ratio:.3g}" if row.size else "-"
        whole = f"{row.coherence:.2f}" if row.size else "-"
        rows.add_row(
            str(number),
            Text(cube_text(row.clause, found.inputs)),
            Text(code or "none"),
            str(row.detectors),
            whole,
            ratio,
            str(row.shared),
        )
    yield Text("")
    yield rows
    facts = one.codes.summary()
    yield Text(
        f"{facts['neurons']} neurons: {facts['positive_witnesses']} positive and "
        f"{facts['negative_witnesses']} negative witnesses, {facts['dead']} dead, "
        f"{facts['in_no_code']} in no code, {facts['polysemantic']} in several",
        "dim",
    )
