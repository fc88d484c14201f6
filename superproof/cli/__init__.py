"""The ``superproof`` command: one file a command, registered by name.

A command's file imports only typer and the standard library at its top; everything heavy is
imported inside the function, so that ``superproof --help`` starts at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from .exit import run

#: The commands in the order of the help page. Each is the function of that name in the file
#: of that name in this folder, or a group of commands.
COMMANDS: tuple[str, ...] = (
    "check",
    "recheck",
    "compare",
    "unlearn",
    "invariant",
    "read",
    "expand",
    "info",
    "export",
    "construct",
    "bounds",
    "claims",
    "experiment",
    "runs",
    "report",
    "demo",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from ..verify.verdict import package_version

        typer.echo(f"superproof {package_version()}")
        raise typer.Exit


def _front(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", is_eager=True, callback=_show_version
    ),
) -> None:
    """Prove what small neural networks compute: exact checks, constructions and bounds.

    Exit codes: 0 holds or done, 1 violated, 2 bad input or usage, 3 unknown or incomplete,
    4 internal error, 130 interrupted.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def application() -> typer.Typer:
    """The typer application with every command of :data:`COMMANDS`."""
    # plain help: rich's boxes would triple the start-up time of --help
    app = typer.Typer(name="superproof", add_completion=False, rich_markup_mode=None)
    app.callback(invoke_without_command=True)(_front)
    for name in COMMANDS:
        command = getattr(import_module(f".{name}", __name__), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: the words after ``superproof``; default ``sys.argv[1:]``.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    return run(typer.main.get_command(application()), words)
