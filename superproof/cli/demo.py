"""``superproof demo``: the main job, end to end, in numbered steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..demo import StepResult


def demo(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for everything.")] = Path(
        "out/demo"
    ),
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of every random choice.")] = 0,
    step: Annotated[
        int | None, typer.Option(metavar="K", help="Only step K; earlier ones must be done.")
    ] = None,
) -> int:
    """Train, prove, damage, build, measure, draw and report: everything once, in minutes.

    Exit code 4: a step contradicts what it must find. 3: the network did not become exact.
    """
    from ..demo import STEPS, ContradictionError, Demo
    from ..verify.errors import InputError
    from ..verify.verdict_text import seconds as duration
    from .exit import ExitCode, complain
    from .terminal import console

    if seed < 0:
        raise InputError(f"--seed must be 0 or more, not {seed}")
    if step is not None and not 1 <= step <= len(STEPS):
        raise InputError(f"--step must lie between 1 and {len(STEPS)}, not {step}")
    _require_extras()
    import time

    from .progress import ProgressBar

    screen = console()
    chosen = range(1, len(STEPS) + 1) if step is None else [step]
    done: list[tuple[int, StepResult]] = []
    begin = time.monotonic()
    for number in chosen:
        title, action = STEPS[number - 1]
        screen.print(f"{number}. {title}", style="bold")
        start = time.monotonic()
        try:
            with ProgressBar("examples") as bar:
                result = action(Demo(out, seed, bar))
        except ContradictionError as error:
            complain(f"error: step {number}: {error}")
            return ExitCode.UNKNOWN if number == 1 else ExitCode.INTERNAL
        _print_step(result)
        screen.print(f"   done in {duration(time.monotonic() - start)}\n", style="dim")
        done.append((number, result))
    _print_summary(done)
    screen.print(f"\nAll {len(done)} steps as they must be, " if step is None else "", end="")
    screen.print(f"{duration(time.monotonic() - begin)} in all.")
    return ExitCode.DONE


def _require_extras() -> None:
    """Fail before the first step when a package is missing, not in the middle."""
    from ..empirics.figures import require_matplotlib
    from ..empirics.training.device import require_torch

    require_torch()
    require_matplotlib()


def _print_step(result: StepResult) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from .terminal import console
    from .verdict_table import render

    screen = console()
    for fact in result.facts:
        screen.print(Padding(Text(fact), (0, 0, 0, 3), expand=False))
    if result.verdict is not None and result.specification is not None:
        for part in render(result.verdict, result.specification):
            screen.print(Padding(part, (0, 0, 0, 3), expand=False))


def _print_summary(done: list[tuple[int, StepResult]]) -> None:
    """Where everything is, and the command for each step."""
    import shlex

    from .terminal import console, table

    screen = console()
    files = table(("step", "left"), ("what", "left"), ("where", "left"))
    for number, result in done:
        for what, path in result.files:
            files.add_row(str(number), what, str(path))
    if files.row_count:
        screen.print(files)
        screen.print("")
    screen.print("The same step by step:", style="bold")
    name = program_name()
    for number, result in done:
        for words in result.commands:
            # one unbroken line each, so that it can be copied
            screen.print(f"  {number}  {name} {shlex.join(words)}", soft_wrap=True)


def program_name() -> str:
    """How this command was started, in a form that can be typed again."""
    import os
    import shlex
    import shutil
    import sys

    started = Path(sys.argv[0])
    if started.name != "superproof":
        return f"{shlex.quote(_short(Path(sys.executable)))} -m superproof"
    found = shutil.which("superproof")
    if found is not None and os.path.samefile(found, started):
        return "superproof"
    return shlex.quote(_short(started))


def _short(path: Path) -> str:
    """The path, relative where it lies below the present folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
