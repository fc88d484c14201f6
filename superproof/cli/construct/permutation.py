"""``superproof construct permutation``: inputs in another order, through few numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    Active,
    Draws,
    Json,
    Neurons,
    Out,
    Picture,
    Resume,
    Seconds,
    Seed,
    Seeds,
    Smallest,
)

if TYPE_CHECKING:
    from ...constructions.construction import Construction


def permutation(
    out: Out,
    inputs: Annotated[
        int | None, typer.Option(metavar="M", help="Number of inputs, for a random permutation.")
    ] = None,
    order: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Instead: the input of every output, numbers from 0."),
    ] = None,
    active: Active = 2,
    method: Annotated[
        str, typer.Option(metavar="trained|closed-form|one-bit", help="How the matrix is found.")
    ] = "trained",
    bits: Annotated[
        int | None, typer.Option(metavar="B", help="Trained: bits an entry, default 12.")
    ] = None,
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
    """Inputs in another order: neural permutation.

    The inputs are compressed into N numbers, one square matrix alone knows the permutation, and
    the outputs are read from as many numbers. The permutation is drawn by the seed, or read from
    a file. Trained matrices take the fewest neurons, up to about a hundred inputs at two active;
    closed-form and one-bit ones serve thousands.
    """
    from ...constructions.permutation import (
        METHODS,
        random_order,
        read_order,
        superposed_permutation,
    )
    from ...constructions.sizing import permutation_width
    from ...verify.errors import InputError
    from .delivery import Delivery, deliver
    from .report_table import values_line
    from .task import Task, instance_of, require_only, require_seconds

    delivery = Delivery(out, seed, picture, json, smallest, seeds, resume)
    if method not in METHODS:
        raise InputError(f"unknown method '{method}'; use one of {', '.join(METHODS)}")
    if method != "trained":
        trained = {"--bits": bits, "--seconds": seconds}
        require_only(trained, f"goes with --method trained, not with --method {method}")
    if (inputs is None) == (order is None):
        raise InputError("give either --inputs M, for a random permutation, or --order FILE")
    require_seconds(seconds)
    delivery.require_room(order)
    if order is not None:
        wanted = read_order(order)
    else:
        assert inputs is not None
        wanted = random_order(inputs, seed)

    def build(neurons: int | None, seed: int, draws: int, tick: Callable[[], None]) -> Construction:
        assert neurons is not None
        return superposed_permutation(
            wanted, neurons, active, seed, method=method, bits=12 if bits is None else bits,
            draws=draws, seconds=seconds, progress=lambda step, gap: tick(),
        )  # fmt: skip

    instance = instance_of("permutation", wanted, active=active, method=method, bits=bits,
                           seconds=seconds)  # fmt: skip
    task = Task(
        f"a permutation of {len(wanted):,} inputs ({order or 'random'})",
        build,
        instance,
        lambda: permutation_width(len(wanted), active, method),
        neurons,
        draws,
        facts=values_line,
    )
    return deliver(task, delivery)
