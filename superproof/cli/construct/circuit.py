"""``superproof construct circuit``: layers of gates in superposition, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    Active,
    Draws,
    Json,
    Out,
    Picture,
    Resume,
    Seconds,
    Seed,
    Seeds,
    Smallest,
)

#: What layers are proved on, in words.
SCOPE_TEXT = {
    "reached": "every state that inputs lead to; proved for this circuit from end to end",
    "all": "every set of so few features, so they may be stacked in any order",
}

if TYPE_CHECKING:
    from ...constructions.construction import Construction


def circuit(
    out: Out,
    file: Annotated[
        Path | None,
        typer.Option(
            "--circuit",
            metavar="FILE",
            help='TOML: inputs = 4 and layers = [["x0 & x1", "x2 ^ x3"], ["x0 | x1"]]; x0, x1, ... '
            "are the gates of the layer before.",
        ),
    ] = None,
    inputs: Annotated[
        int | None, typer.Option(metavar="M", help="Instead, a random circuit of so many inputs.")
    ] = None,
    gates: Annotated[
        int | None,
        typer.Option(metavar="G", help="Random: ANDs of the first layer, at least; default M."),
    ] = None,
    layers: Annotated[
        int | None, typer.Option(metavar="L", help="Random: number of layers, default 2.")
    ] = None,
    active: Active = 3,
    scope: Annotated[
        str,
        typer.Option(
            metavar="reached|all",
            help="What a layer is proved on: what inputs lead to, or all sets of V features.",
        ),
    ] = "reached",
    activation: Annotated[
        str, typer.Option(metavar="relu|step", help="The neurons that make a state.")
    ] = "relu",
    weights: Annotated[
        list[int] | None,
        typer.Option(
            "--ones",
            metavar="K",
            help="Ones of a codeword: once for the inputs, and once for every layer.",
        ),
    ] = None,
    bits: Annotated[
        int, typer.Option(metavar="B", help="Bits of an entry of the square matrices.")
    ] = 13,
    density: Annotated[
        float, typer.Option(metavar="P", help="Share of neurons that a codeword feeds.")
    ] = 0.45,
    neurons: Annotated[
        int | None,
        typer.Option(metavar="N", help="Width of a state; default: by an estimate, enlarged."),
    ] = None,
    draws: Draws = None,
    seconds: Seconds = None,
    seed: Seed = 0,
    smallest: Smallest = False,
    seeds: Seeds = None,
    resume: Resume = False,
    picture: Picture = True,
    json: Json = False,
) -> int:
    """Layers of gates, exact at any depth.

    Between layers there is a state in superposition that is exactly 0/1. Gates are formulas over
    the layer before. A random circuit has the ANDs of all pairs in random triples of inputs,
    then, layer by layer, those of the pairs of each triple's gates: three active inputs make every
    gate true somewhere, and at most three of a layer at once.
    """
    from ...constructions.circuit import read_circuit, triangle_circuit, triangles_for
    from ...constructions.sizing import circuit_width
    from ...constructions.stack import SCOPES, superposed_circuit
    from ...verify.errors import InputError
    from .delivery import Delivery, deliver
    from .task import Task, instance_of, require_only, require_seconds

    delivery = Delivery(out, seed, picture, json, smallest, seeds, resume)
    if (file is None) == (inputs is None):
        raise InputError("give either --inputs M, for a random circuit, or --circuit FILE")
    if scope not in SCOPES:
        raise InputError(f"unknown scope '{scope}'; use one of {', '.join(SCOPES)}")
    require_seconds(seconds)
    delivery.require_room(file)
    if file is not None:
        given = {"--gates": gates, "--layers": layers}
        require_only(given, f"goes with --inputs; {file} says what is to be built")
        wanted = read_circuit(file)
    else:
        assert inputs is not None
        triangles = triangles_for(inputs, inputs if gates is None else gates, seed)
        wanted = triangle_circuit(inputs, triangles, 2 if layers is None else layers, seed)
    if not 1 <= active <= wanted.inputs:
        raise InputError(f"active must lie between 1 and the {wanted.inputs} inputs, not {active}")

    def build(neurons: int | None, seed: int, draws: int, tick: Callable[[], None]) -> Construction:
        assert neurons is not None
        return superposed_circuit(
            wanted, neurons, active, seed, weights=weights or None, scope=scope,
            activation=activation, density=density, bits=bits, draws=draws, seconds=seconds,
            progress=lambda step, gap: tick(),
        )  # fmt: skip

    sizes = " -> ".join(f"{size:,}" for size in wanted.sizes)
    instance = instance_of("circuit", wanted.layers, inputs=wanted.inputs, active=active,
                           scope=scope, activation=activation, weights=weights or None, bits=bits,
                           density=density, seconds=seconds)  # fmt: skip
    task = Task(
        f"a circuit of {sizes} features ({file or 'random triangles'})",
        build,
        instance,
        lambda: circuit_width(wanted.sizes, active, scope),
        neurons,
        draws,
        facts=_facts,
    )
    return deliver(task, delivery)


def _facts(built: Construction) -> list[tuple[str, str]]:
    facts = built.parameters
    ones = ", ".join(map(str, facts["weights"]))
    true = ", ".join(map(str, facts["most_true"]))
    return [
        ("state", f"{facts['state_width']:,} bits, exactly 0 or 1 between layers"),
        ("codewords", f"{ones} ones, by layer"),
        ("layers", "each right on " + SCOPE_TEXT[facts["scope"]]),
        ("true at once", f"at most {true}, by layer"),
    ]
