"""``superproof check``: decide whether a network computes its specification on every input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    CertificatePath,
    Context,
    EngineName,
    Fractions,
    Json,
    Model,
    Specification,
    Temperature,
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
    context: Context = None,
    temperature: Temperature = None,
    certificate: CertificatePath = None,
    json: Json = False,
) -> int:
    """Decide whether a network computes its specification.

    The verdict is about the exact function of the stored weights, on every input of the
    domain. Exit code 0: it holds. 1: violated, with a counterexample. 3: unknown.

    Also for layers of attention (layer.safetensors, and [graph] in spec.toml): whether exactly
    the edges of a graph are reported, by scores above a threshold or by softmax.
    """
    from .recognition_files import asks_recognition, refuse_softmax

    if asks_recognition(model, specification):
        _refuse_network_options(engine, device, probability)
        return _check_recognition(
            model, specification, context, temperature, counterexamples, timeout,
            dtype or [], certificate, fractions, json,
        )  # fmt: skip
    refuse_softmax(context, temperature)
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


def _refuse_network_options(engine: str, device: str | None, probability: str | None) -> None:
    from ..verify.errors import InputError

    given = {"--engine": engine != "auto", "--device": device, "--probability": probability}
    for option, present in given.items():
        if present:
            raise InputError(f"{option} is for networks, and this specification asks about a graph")


def _check_recognition(
    model: Path,
    specification: Path | None,
    context: int | None,
    temperature: str | None,
    counterexamples: int,
    timeout: float | None,
    dtypes: list[str],
    certificate: Path | None,
    fractions: bool,
    json: bool,
) -> int:
    from ..verify.attention.check import check_recognition
    from .exit import ExitCode
    from .progress import ProgressBar
    from .recognition_files import read_problem
    from .recognition_table import print_recognition
    from .terminal import print_json

    problem = read_problem(model, specification, context, temperature)
    with ProgressBar("items") as bar:
        verdict = check_recognition(
            problem,
            counterexamples=counterexamples,
            timeout=timeout,
            dtypes=["float32", *dtypes],
            certificate=certificate,
            progress=bar,
        )
    if json:
        print_json(verdict.to_json())
    else:
        print_recognition(verdict, problem, fractions=fractions)
    return ExitCode.of(verdict.status, False)
