"""``superproof invariant``: does one input ever change, or lower, what a network says?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import CertificatePath, EngineName, Fractions, Json, Model, Threads, Timeout


def invariant(
    model: Model,
    specification: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SPEC.toml]",
            help="Specification; not needed with a folder. Formulas are not used.",
        ),
    ] = None,
    flip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Flipping this input changes no output. For a member of a one-hot group: "
            "exchanging it for another; members a,b,c: exchanging any two. May be repeated.",
        ),
    ] = None,
    monotone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="No output falls when this input becomes true (~NAME: false). For a member of a "
            "one-hot group: when it takes another's place; members low,middle,high: when a later "
            "one takes the place of an earlier. May be repeated.",
        ),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Ask about this output only; may be repeated."),
    ] = None,
    engine: EngineName = "auto",
    count: Annotated[
        bool, typer.Option("--count", help="Count the pairs of inputs that break a property.")
    ] = False,
    counterexamples: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=1_000_000, help="Show at most N such pairs a property."
        ),
    ] = 1,
    fractions: Fractions = False,
    timeout: Timeout = None,
    threads: Threads = None,
    certificate: CertificatePath = None,
    json: Json = False,
) -> int:
    """Decide whether an input ever changes, or lowers, what a network says.

    The answer is about all pairs of inputs of the domain that differ in nothing else: individual
    fairness, dead inputs, monotonicity. Outputs may be a list of names in the specification.
    Exit code 0: every property holds. 1: one is violated, with a pair. 3: unknown.
    """
    from ..verify.invariance.invariant import invariant as decide
    from .compilation import announce_compilation
    from .exit import ExitCode
    from .problem_files import read_files
    from .progress import ProgressBar

    network, spec, _ = read_files(model, specification)
    with announce_compilation(unless=engine == "z3"), ProgressBar("inputs") as bar:
        answer = decide(
            network,
            spec,
            flip=flip or [],
            monotone=monotone or [],
            outputs=output or [],
            engine=engine,
            count=count,
            counterexamples=counterexamples,
            timeout=timeout,
            threads=threads,
            certificate=certificate,
            progress=bar,
        )
    if json:
        from .terminal import print_json

        print_json(answer.to_json())
    else:
        from .invariant_table import print_invariance

        print_invariance(answer, spec.domain, fractions=fractions)
    return ExitCode.of(answer.status, answer.interrupted)
