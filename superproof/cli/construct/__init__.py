"""``superproof construct``: build a network that provably computes its specification.

Every family is one file in this folder with a function of its name, registered in
:data:`FAMILIES`. It says what is to be built (:class:`.task.Task`); all that families share, from
the search for a width to the files, is in :mod:`.delivery`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

#: The families in the order of the help page. Each is the function of that name, with ``_`` for
#: ``-``, in the file of that name in this folder.
FAMILIES: tuple[str, ...] = (
    "pairwise-and",
    "channel",
    "gates",
    "circuit",
    "permutation",
    "representation",
    "attention",
)


class _Families(TyperGroup):
    """The group of families, which says which there are when another one is asked for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            raise _input_error(f"say what to build before {args[0]}: one of {', '.join(FAMILIES)}")
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise _input_error(f"unknown construction '{args[0]}'; use one of {known}")
        return super().resolve_command(ctx, args)


def _input_error(message: str) -> Exception:
    from ...verify.errors import InputError

    return InputError(message)


def _front(context: typer.Context) -> None:
    """Build a network that is proved right.

    Every family writes network.onnx, spec.toml, certificate, report.json and picture.png into
    --out FOLDER, ready for superproof check FOLDER and for
    superproof recheck FOLDER FOLDER/certificate. Sparse networks go into network.npz. With
    --smallest the least width that is found is built.

    Exit code 3: no network of that size was found (which does not prove that there is none).
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def _group() -> typer.Typer:
    group = typer.Typer(
        cls=_Families,
        add_completion=False,
        rich_markup_mode=None,
        subcommand_metavar="FAMILY [OPTIONS]",
    )
    group.callback(invoke_without_command=True)(_front)
    for name in FAMILIES:
        function = name.replace("-", "_")
        group.command(name)(getattr(import_module(f".{function}", __name__), function))
    return group


construct = _group()
