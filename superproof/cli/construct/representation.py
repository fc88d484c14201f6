"""``superproof construct representation``: inputs compressed into few numbers and read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Active, Draws, Json, Neurons, Out, Picture, Resume, Seed, Seeds, Smallest

if TYPE_CHECKING:
    from ...constructions.construction import Construction


def representation(
    inputs: Annotated[int, typer.Option(metavar="M", help="Number of inputs.")],
    out: Out,
    active: Active = 2,
    code: Annotated[
        str,
        typer.Option(
            metavar="signs|polynomials",
            help="Random signs, or the points of polynomials, whose size follows.",
        ),
    ] = "signs",
    neurons: Neurons = None,
    draws: Draws = None,
    seed: Seed = 0,
    smallest: Smallest = False,
    seeds: Seeds = None,
    resume: Resume = False,
    picture: Picture = True,
    json: Json = False,
) -> int:
    """Inputs compressed, and read off again.

    Nothing is computed, so the width grows like the logarithm of the inputs.
    """
    from ...constructions.representation import CODES, represented
    from ...constructions.sizing import representation_width
    from ...verify.errors import InputError
    from .delivery import Delivery, deliver
    from .report_table import values_line
    from .task import Task, instance_of, require_only

    delivery = Delivery(out, seed, picture, json, smallest, seeds, resume)
    if code not in CODES:
        raise InputError(f"unknown code '{code}'; use one of {', '.join(CODES)}")
    drawn = code == "signs"
    if not drawn:
        given = {"--neurons": neurons, "--draws": draws}
        require_only(given, "goes with --code signs; the size of polynomials follows")
    if inputs < 2:
        raise InputError(f"a representation needs 2 inputs or more, not {inputs}")
    delivery.require_room()

    def build(neurons: int | None, seed: int, draws: int, tick: Callable[[], None]) -> Construction:
        return represented(inputs, active, neurons, seed, code=code, draws=draws)

    task = Task(
        f"{inputs:,} inputs, compressed and read",
        build,
        instance_of("representation", [], inputs=inputs, active=active, code=code),
        (lambda: representation_width(inputs, active)) if drawn else None,
        neurons,
        draws,
        "" if drawn else "the size of a code of polynomials follows from the inputs",
        facts=values_line,
    )
    return deliver(task, delivery)
