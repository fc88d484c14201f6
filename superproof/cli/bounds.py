"""``superproof bounds``: list the bounds, and evaluate them exactly on an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..theory.bound import Bound
    from ..theory.catalog import Row


def bounds(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A family such as pairwise-and, or one bound."),
    ] = None,
    inputs: Annotated[int | None, typer.Option(metavar="M", help="Number of inputs.")] = None,
    outputs: Annotated[int | None, typer.Option(metavar="M2", help="Number of outputs.")] = None,
    active: Annotated[
        int | None, typer.Option(metavar="V", help="Most inputs active at once (2).")
    ] = None,
    bits: Annotated[int | None, typer.Option(metavar="B", help="Bits a weight (1).")] = None,
    layers: Annotated[
        int | None, typer.Option(metavar="L", help="Square layers that hold the function (1).")
    ] = None,
    wrong: Annotated[
        int | None, typer.Option(metavar="T", help="Answers that may be wrong (0).")
    ] = None,
    failure_odds: Annotated[
        int | None, typer.Option(metavar="K", help="A random draw may fail 1 time in K (2).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """List what is proved about sizes, or evaluate it on an instance.

    Without sizes it shows the statements, with formula, regime and source.
    """
    from ..theory.bound import RegimeError
    from ..theory.catalog import BOUNDS, lookup, table
    from ..verify.errors import InputError
    from .exit import ExitCode
    from .terminal import print_json

    values = {
        "inputs": inputs,
        "outputs": outputs,
        "active": active,
        "bits": bits,
        "layers": layers,
        "wrong": wrong,
        "failure_odds": failure_odds,
    }
    given = {key: value for key, value in values.items() if value is not None}
    try:
        chosen = BOUNDS if name is None else lookup(name)
        if not given:
            if json:
                print_json({"bounds": [bound.to_json() for bound in chosen]})
            else:
                _print_statements(chosen, brief=name is None)
            return ExitCode.DONE
        if name is None:
            raise InputError(
                "name a bound for these sizes, such as: superproof bounds pairwise-and"
            )
        unused = [k for k in given if all(k not in _parameters(bound) for bound in chosen)]
        if unused:
            raise InputError(f"{name} takes no --{unused[0].replace('_', '-')}")
        rows = table(name, **given)
        for option in given:
            taking = [row for row in rows if option in _parameters(row.bound)]
            if all(row.value is None for row in taking):
                raise RegimeError(taking[0].reason)
    except RegimeError as error:
        raise InputError(str(error)) from None
    if json:
        print_json({"name": name, "instance": given, "bounds": [_row_json(row) for row in rows]})
    else:
        _print_rows(name, rows)
    return ExitCode.DONE


def _parameters(bound: Bound) -> set[str]:
    return {parameter.name for parameter in bound.parameters}


def _row_json(row: Row) -> dict[str, Any]:
    return {
        **row.bound.to_json(),
        "instance": row.instance,
        "value": row.value,
        "reason": row.reason or None,
    }


def _print_statements(chosen: Sequence[Bound], brief: bool) -> None:
    """All bounds, one a line; or the full entries of a few."""
    from rich.text import Text

    from .terminal import console, print_text, table

    if brief:
        titles = ("bounds", "needs", "proof")
        rows = table(("name", "whole"), *((title, "left") for title in titles))
        for bound in chosen:
            sizes = " ".join(p.name for p in bound.parameters if p.default is None)
            rows.add_row(bound.name, f"{bound.quantity}, {bound.direction}", sizes, bound.derived)
        console().print(rows)
        print_text("superproof bounds NAME shows a statement; add --inputs ... to evaluate it")
        return
    for number, bound in enumerate(chosen):
        print_text(f"\n{bound.name}" if number else bound.name)
        rows = table(("", "whole"), ("", "left"), head=False)
        for heading, text in (
            ("statement", bound.statement),
            ("formula", bound.latex),
            ("bounds", f"{bound.quantity}, {bound.direction}"),
            ("networks", bound.networks),
            ("regime", "; ".join(condition.words for condition in bound.regime)),
            ("takes", ", ".join(f"{p.name} ({p.meaning})" for p in bound.parameters)),
            ("source", bound.source),
            ("proof", bound.derived),
        ):
            rows.add_row(heading, Text(text or "-"))
        console().print(rows)


def _print_rows(name: str, rows: Sequence[Row]) -> None:
    from .terminal import console, print_text, sign, table

    at_least, at_most = sign("≥", ">="), sign("≤", "<=")
    instance: dict[str, int] = {}
    for row in rows:
        instance |= row.instance
    title = f"{name}: " + ", ".join(f"{key} = {value:,}" for key, value in instance.items())
    print_text(title.replace("_", " "))
    shown = table(("bound", "whole"), ("value", "right"), ("of", "whole"), ("networks", "left"))
    for row in rows:
        relation = at_least if row.bound.direction == "lower" else at_most
        value = "-" if row.value is None else f"{relation} {row.value:,}"
        shown.add_row(row.bound.name, value, row.bound.quantity, row.bound.networks)
    console().print(shown)
    for row in rows:
        if row.value is None:
            print_text(row.reason)
    if {row.bound.direction for row in rows} == {"lower", "upper"}:
        print_text(
            f"{at_least}: every network of that kind needs so many; "
            f"{at_most}: one with so many exists. "
            "Compare only rows about the same kind of networks."
        )
