"""``superproof construct channel``: ANDs by channels of neurons, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Active, Draws, Json, Neurons, Out, Picture, Resume, Seed, Seeds, Smallest
from .pairs import Edges, Outputs, PatternName, chosen_pairs

if TYPE_CHECKING:
    from ...constructions.construction import Construction

KINDS = ("one-shot", "clean", "universal")


def channel(
    inputs: Annotated[int, typer.Option(metavar="M", help="Number of inputs.")],
    out: Out,
    outputs: Outputs = None,
    pattern: PatternName = None,
    pairs: Edges = None,
    active: Active = 2,
    kind: Annotated[
        str,
        typer.Option(
            metavar="one-shot|clean|universal",
            help="Read the noisy channel, clean it to 0 and 1 first, or serve all pairs at once.",
        ),
    ] = "one-shot",
    neurons: Neurons = None,
    density: Annotated[
        float | None, typer.Option(metavar="P", help="Share of neurons that a heavy input feeds.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(metavar="T", help="Inputs of more pairs than this are heavy; default m'^1/4."),
    ] = None,
    draws: Draws = None,
    seed: Seed = 0,
    smallest: Smallest = False,
    seeds: Seeds = None,
    resume: Resume = False,
    picture: Picture = True,
    json: Json = False,
) -> int:
    """ANDs of pairs by channels, in closed form.

    Inputs are compressed to random signs; every output has a set of neurons in which its pair is
    added up, and inputs of many pairs are treated apart. Reconstructions of the designs of arXiv
    2409.15318 and, for all pairs at once (universal), 2408.05451. Trained networks
    (pairwise-and --form superposition) need eight to nine times fewer neurons.
    """
    from ...constructions.channels import channel_pairwise_and, universal_and
    from ...constructions.sizing import universal_width
    from ...verify.errors import InputError
    from .delivery import Delivery, deliver
    from .task import Task, instance_of, require_only

    delivery = Delivery(out, seed, picture, json, smallest, seeds, resume)
    if kind not in KINDS:
        raise InputError(f"unknown kind '{kind}'; use one of {', '.join(KINDS)}")
    every = kind == "universal"
    if every:
        given = {"--outputs": outputs, "--pattern": pattern, "--edges": pairs}
        require_only(given | {"--threshold": threshold}, "says nothing where all pairs are served")
    delivery.require_room(pairs)
    chosen = chosen_pairs(pattern or ("complete" if every else None), pairs, inputs, outputs, seed)

    def build(neurons: int | None, seed: int, draws: int, tick: Callable[[], None]) -> Construction:
        if every:
            assert neurons is not None
            return universal_and(inputs, neurons, active, seed, density=density, draws=draws)
        return channel_pairwise_and(
            inputs, chosen, active, seed, neurons, kind=kind, density=density,
            threshold=threshold, draws=draws, failed=lambda neurons, error: tick(),
        )  # fmt: skip

    def facts(built: Construction) -> list[tuple[str, str]]:
        held = built.parameters
        return [("sets", f"{held['set_size']:,} neurons an output")] if "set_size" in held else []

    instance = instance_of("channel", chosen, inputs=inputs, active=active, kind=kind,
                           density=density, threshold=threshold)  # fmt: skip
    named = "all pairs" if every else str(pairs or pattern or "random")
    what = f"{len(chosen):,} ANDs of {inputs:,} inputs ({named})"
    drawn = None if every else chosen
    # the other kinds find a width by themselves
    first = (lambda: universal_width(inputs, active)) if every else None
    return deliver(
        Task(what, build, instance, first, neurons, draws, unit="widths", facts=facts,
             pairs=drawn),
        delivery,
    )  # fmt: skip
