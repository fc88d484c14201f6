"""``superproof check``: decide whether a network computes its specification on every input."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import (
    CertificatePath,
    EngineName,
    Fractions,
    Json,
    Model,
    Specification,
    Threads,
    Timeout,
)


def check(
    model: Model,
    specification: Specification = None,
    engine: EngineName = "auto",
    count: Annotated[
        bool, typer.Option("--count", help="Count the violating inputs, in all and by output.")
    ] = False,
    margin: Annotated[
        bool, typer.Option("--margin", help="Find the least distance to the wrong side, exactly.")
    ] = False,
    counterexamples: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=1_000_000, help="Show at most N violating inputs (a million)."
        ),
    ] = 1,
    fractions: Fractions = False,
    timeout: Timeout = None,
    threads: Threads = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="torch device for enumeration, such as cuda."),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Also say whether execution in float64, bfloat16 or float16 reads the same "
            "bits, as is said of float32; may be repeated.",
        ),
    ] = None,
    probability: Annotated[
        str | None,
        typer.Option(
            metavar="LAW",
            help="Also find the exact probability of error when inputs follow a law: 'uniform' "
            "(on the domain), 1/10 (each is true with that probability), 'subsets 3' (exactly "
            "three are true) or a .toml or .json file with a probability for each.",
        ),
    ] = None,
    certificate: CertificatePath = None,
    json: Json = False,
) -> int:
    """Decide whether a network computes its specification.

    The verdict is about the exact function of the stored weights, on every input of the
    domain. Exit code 0: it holds. 1: violated, with a counterexample. 3: unknown.
    """
    from ..verify.check import check as decide
    from ..verify.engines.enumeration import SMALL, predicted_seconds
    from ..verify.engines.portfolio import LOADING
    from ..verify.errors import InputError
    from ..verify.rounding.number_type import number_type
    from .compilation import announce_compilation
    from .exit import ExitCode
    from .problem_files import read_problem
    from .progress import ProgressBar

    if device is not None and engine not in ("auto", "enumerate"):
        raise InputError(
            f"--device {device}: the engine '{engine}' runs on the processor only; leave --device "
            "out, or use --engine enumerate"
        )
    for name in dtype or []:
        number_type(name)
    problem = read_problem(model, specification)
    # z3 and small domains use no kernels, and need not wait for numba to load
    small = problem.specification.domain.candidates <= SMALL
    small = small and engine != "tree" and predicted_seconds(problem, 1) < LOADING
    small = small and certificate is None
    with announce_compilation(unless=small or engine == "z3"), ProgressBar("inputs") as bar:
        verdict = decide(
            problem.network,
            problem.specification,
            engine=engine,
            count=count,
            margin=margin,
            counterexamples=counterexamples,
            timeout=timeout,
            threads=threads,
            device=device,
            progress=bar,
            dtypes=["float32", *(dtype or [])],
            certificate=certificate,
            probability=probability,
        )
    if json:
        from .terminal import print_json

        print_json(verdict.to_json())
    else:
        from .verdict_table import print_verdict

        print_verdict(verdict, problem.specification, fractions=fractions)
    return ExitCode.of(verdict.status, verdict.interrupted)
