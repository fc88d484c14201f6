"""``superproof check``: decide whether a network computes its specification on every input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Model (.onnx, .safetensors, .npz), or a folder with spec.toml."
        ),
    ],
    specification: Annotated[
        Path | None,
        typer.Argument(metavar="[SPEC.toml]", help="Specification; not needed with a folder."),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="auto|enumerate|sparse|tree|z3",
            help="Engine that decides; auto tries several. Also sparse and superposed, for the "
            "networks that they recognise.",
        ),
    ] = "auto",
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
    fractions: Annotated[
        bool, typer.Option("--fractions", help="Show values as exact fractions.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="S", help="Give up after S seconds, with what is known by then."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processor threads; all by default."),
    ] = None,
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
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write evidence for `superproof recheck` to FILE."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
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
    if verdict.interrupted:
        return ExitCode.INTERRUPTED
    codes = {
        "holds": ExitCode.DONE,
        "violated": ExitCode.VIOLATED,
        "unknown": ExitCode.UNKNOWN,
    }
    return codes[verdict.status]
