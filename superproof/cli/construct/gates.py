"""``superproof construct gates``: any formulas in full superposition."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Draws, Json, Neurons, Out, Picture, Resume, Seconds, Seed, Seeds, Smallest

if TYPE_CHECKING:
    from ...constructions.construction import Construction
    from ...verify.specification import Specification

#: Most active inputs, where nobody says.
ACTIVE = 3


def gates(
    out: Out,
    spec: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Specification with formulas and domain, as for check."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Instead, random gates: and2, and3, or2, and-not, majority3, xor2, dnf3x2 (an OR "
            "of three ANDs of 2), or and, or, xor, majority with 2 to 9 inputs.",
        ),
    ] = None,
    inputs: Annotated[
        int | None, typer.Option(metavar="M", help="Number of inputs of random gates.")
    ] = None,
    outputs: Annotated[
        int | None, typer.Option(metavar="M2", help="Number of gates; default: as many as inputs.")
    ] = None,
    active: Annotated[
        int | None,
        typer.Option(metavar="V", help="Random gates: most inputs active at once, default 3."),
    ] = None,
    bits: Annotated[
        int, typer.Option(metavar="B", help="Bits of an entry of the square matrix.")
    ] = 14,
    density: Annotated[float, typer.Option(metavar="P", help="Share of ones in the code.")] = 0.4,
    unbiased: Annotated[
        float, typer.Option(metavar="P", help="Share of neurons without bias.")
    ] = 0.25,
    neurons: Neurons = None,
    draws: Draws = None,
    seconds: Seconds = None,
    seed: Seed = 0,
    smallest: Smallest = False,
    seeds: Seeds = None,
    resume: Resume = False,
    picture: Picture = True,
    json: Json = False,
) -> int:
    """AND, OR, XOR, majority, DNF: any formulas.

    The network is in full superposition: only one square matrix and one level hold the gates.
    With --spec they are the formulas of a specification, with its names and its domain, whose
    inputs are all trained on: say at most 3 rather than all. The network reads true above 0.
    """
    from ...constructions.gates import superposed_formulas
    from ...constructions.sizing import gates_width
    from ...verify.errors import InputError
    from .delivery import Delivery, deliver
    from .report_table import values_line
    from .task import Task, instance_of, require_only, require_seconds

    delivery = Delivery(out, seed, picture, json, smallest, seeds, resume)
    if (spec is None) == (kind is None):
        raise InputError("give either --kind KIND, for random gates, or --spec FILE")
    require_seconds(seconds)
    delivery.require_room(spec)
    if spec is not None:
        given = {"--inputs": inputs, "--outputs": outputs, "--active": active}
        require_only(given, f"goes with --kind; {spec} says what is to be built, and its domain")
        wanted, called = _read(spec), f"formulas of {spec}, {{}} inputs"
    else:
        assert kind is not None
        wanted = _random(kind, inputs, outputs, ACTIVE if active is None else active, seed)
        called = f"{kind} gates of {{}} inputs (random)"
    m, m2 = len(wanted.inputs), len(wanted.outputs)
    most = wanted.domain.at_most

    def build(neurons: int | None, seed: int, draws: int, tick: Callable[[], None]) -> Construction:
        assert neurons is not None
        return superposed_formulas(
            wanted, neurons, seed, bits=bits, density=density, unbiased=unbiased, draws=draws,
            seconds=seconds, progress=lambda step, gap: tick(),
        )  # fmt: skip

    instance = instance_of("gates", wanted.formulas, inputs=m, domain=str(wanted.domain), bits=bits,
                           density=density, unbiased=unbiased, seconds=seconds)  # fmt: skip
    task = Task(
        f"{m2:,} {called.format(f'{m:,}')}",
        build,
        instance,
        lambda: gates_width(m, m2, most, kind or ""),
        neurons,
        draws,
        facts=values_line,
    )
    return deliver(task, delivery)


def _read(path: Path) -> Specification:
    """The specification of a file; what a network in superposition cannot serve is refused."""
    from ...constructions.gates import listed_inputs
    from ...verify.errors import InputError
    from ...verify.specification import Specification

    wanted = Specification.load(path)
    try:
        listed_inputs(wanted, 2)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return wanted


def _random(
    kind: str, inputs: int | None, outputs: int | None, active: int, seed: int
) -> Specification:
    from ...constructions.gates import random_gates
    from ...verify.errors import InputError
    from ...verify.specification import Specification

    if inputs is None:
        raise InputError("random gates need --inputs M")
    if not 1 <= active <= inputs:
        raise InputError(f"active must lie between 1 and the {inputs} inputs, not {active}")
    gates = random_gates(kind, inputs, inputs if outputs is None else outputs, seed)
    if kind.startswith("and") and kind[3:].isdigit() and active < int(kind[3:]):
        raise InputError(
            f"{kind} gates are never true with at most {active} active; give --active {kind[3:]}"
        )
    return Specification(inputs, gates, domain={"at_most": active})
