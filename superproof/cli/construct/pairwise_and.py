"""``superproof construct pairwise-and``: ANDs of pairs of inputs."""

from __future__ import annotations

from collections.abc import Callable
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
from .pairs import Edges, Outputs, PatternName, chosen_pairs

if TYPE_CHECKING:
    import numpy as np

    from ...constructions.construction import Construction
    from .task import Task

FORMS = ("plain", "superposition")
#: Options that only one of the forms knows.
OWN = {
    "plain": ("--code",),
    "superposition": ("--method", "--bits", "--draws", "--seconds", "--device"),
}
POLYNOMIALS = "polynomials"


def pairwise_and(
    inputs: Annotated[int, typer.Option(metavar="M", help="Number of inputs.")],
    out: Out,
    outputs: Outputs = None,
    pattern: PatternName = None,
    pairs: Edges = None,
    active: Active = 2,
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
            metavar="auto|random|channel|polynomials",
            help="Plain: how the code is drawn. Random has few neurons, channel few ones; "
            "polynomials are deterministic and serve every pair.",
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
    draws: Draws = None,
    seconds: Seconds = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Superposition: torch device to train on.")
    ] = None,
    seed: Seed = 0,
    smallest: Smallest = False,
    seeds: Seeds = None,
    resume: Resume = False,
    picture: Picture = True,
    json: Json = False,
) -> int:
    """ANDs of pairs of inputs, plain or superposed.

    Plain networks have one hidden layer, and their read-out holds the function. In superposition
    one square matrix holds it (--draws, --seconds, --method, --bits and --device are about that
    form). Plain networks with more than 4 million weights go into network.npz, which keeps the
    nonzero ones, with the pairs in spec.members.npz.

    In the plain form a thousand inputs take seconds, ten thousand with a hundred thousand outputs
    a few minutes; in superposition a thousand outputs take seconds, twenty thousand minutes.
    """
    from ...verify.errors import InputError
    from .delivery import Delivery, deliver
    from .task import require_only, require_seconds

    delivery = Delivery(out, seed, picture, json, smallest, seeds, resume)
    if form not in FORMS:
        raise InputError(f"unknown form '{form}' of pairwise-and; use one of {', '.join(FORMS)}")
    given = dict(zip(("--code", *OWN["superposition"]),
                     (code, method, bits, draws, seconds, device), strict=True))  # fmt: skip
    for other, options in OWN.items():
        if other != form:
            own = {option: given[option] for option in options}
            require_only(own, f"goes with --form {other}, not with --form {form}")
    require_seconds(seconds)
    delivery.require_room(pairs)
    chosen = chosen_pairs(pattern, pairs, inputs, outputs, seed)
    what = f"{len(chosen):,} ANDs of {inputs:,} inputs ({pairs or pattern or 'random'})"
    if form == "plain":
        task = _plain(what, inputs, chosen, active, neurons, density, code or "auto")
    else:
        task = _superposed(what, inputs, chosen, active, neurons, density, _method(method, bits),
                           draws, seconds, device)  # fmt: skip
    return deliver(task, delivery)


def _plain(
    what: str,
    inputs: int,
    pairs: np.ndarray,
    active: int,
    neurons: int | None,
    density: float | None,
    code: str,
) -> Task:
    from ...constructions.conjunction import CODES, plain_pairwise_and
    from ...constructions.polynomial_code import deterministic_pairwise_and
    from ...verify.errors import InputError
    from .task import Task, instance_of, require_only

    if code not in (*CODES, POLYNOMIALS):
        known = ", ".join((*CODES, POLYNOMIALS))
        raise InputError(f"unknown code '{code}'; use one of {known}")

    def build(neurons: int | None, seed: int, draws: int, tick: Callable[[], None]) -> Construction:
        if code == POLYNOMIALS:
            return deterministic_pairwise_and(inputs, pairs, active)
        return plain_pairwise_and(
            inputs, pairs, active, seed, neurons, density, lambda done, total: tick(), code
        )

    def facts(built: Construction) -> list[tuple[str, str]]:
        if code == POLYNOMIALS:
            held = built.parameters
            field = (
                f"{held['coefficients']} coefficients over the field of {held['field']} elements"
            )
            return [("code", f"{field}, {held['places']} places; the same for every pair")]
        suffice = built.parameters["theory_neurons"]
        return [("random code", f"{suffice:,} neurons suffice by the union bound")]

    fixed = ""
    if code == "channel":
        fixed = "a channel is built where few failures are expected; leave --code channel out"
    if code == POLYNOMIALS:
        require_only(
            {"--neurons": neurons, "--density": density},
            "goes with a code that is drawn; the size of polynomials follows from the inputs",
        )
        fixed = "the size of a code of polynomials follows from the inputs"
    instance = instance_of("pairwise-and", pairs, inputs=inputs, active=active, form="plain",
                           density=density, code=code)  # fmt: skip
    return Task(what, build, instance, None, neurons, None, fixed, "rounds", facts, pairs)


def _superposed(
    what: str,
    inputs: int,
    pairs: np.ndarray,
    active: int,
    neurons: int | None,
    density: float | None,
    how: tuple[str, int],
    draws: int | None,
    seconds: float | None,
    device: str | None,
) -> Task:
    """The task of the superposed form; every method has its builder here."""
    from ...constructions.sizing import first_width
    from .report_table import values_line
    from .task import Task, instance_of

    method, bits = how

    def build(neurons: int | None, seed: int, draws: int, tick: Callable[[], None]) -> Construction:
        from ...constructions.superposed import superposed_pairwise_and

        assert neurons is not None
        return superposed_pairwise_and(
            inputs, pairs, neurons, active, seed, method=method, bits=bits, density=density,
            draws=draws, seconds=seconds, device=device, progress=lambda step, gap: tick(),
        )  # fmt: skip

    instance = instance_of("pairwise-and", pairs, inputs=inputs, active=active,
                           form="superposition", density=density, method=method, bits=bits,
                           seconds=seconds)  # fmt: skip
    return Task(
        what, build, instance, lambda: first_width(inputs, len(pairs), active, method),
        neurons, draws, facts=values_line, pairs=pairs,
    )  # fmt: skip


def _method(method: str | None, bits: int | None) -> tuple[str, int]:
    """The method and the bits of an entry that the options mean together."""
    from ...constructions.superposed import ENTRY_BITS, METHODS
    from ...verify.errors import InputError

    chosen = ("one-bit" if bits == 1 else "trained") if method is None else method
    if chosen not in METHODS:
        raise InputError(f"unknown method '{chosen}'; use one of {', '.join(METHODS)}")
    if chosen in ENTRY_BITS and bits is not None and not (chosen == "one-bit" and bits == 1):
        own = "one bit" if chosen == "one-bit" else "three values"
        raise InputError(f"--method {chosen} has {own} an entry; leave --bits {bits} out")
    return chosen, 14 if bits is None or chosen in ENTRY_BITS else bits
