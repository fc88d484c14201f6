"""``superproof bounds``: list the bounds, evaluate, invert and draw them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..theory.bound import Bound


def _size(metavar: str, text: str) -> Any:
    return typer.Option(metavar=metavar, help=text)


def bounds(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="A task such as pairwise-and, a subject, or one bound."
        ),
    ] = None,
    inputs: Annotated[int | None, _size("M", "Number of inputs.")] = None,
    outputs: Annotated[int | None, _size("M2", "Number of outputs.")] = None,
    active: Annotated[int | None, _size("V", "Most inputs active at once (2).")] = None,
    arity: Annotated[int | None, _size("K", "Inputs of one AND (2).")] = None,
    bits: Annotated[int | None, _size("B", "Bits a weight (1).")] = None,
    layers: Annotated[int | None, _size("L", "Square layers that hold the function (1).")] = None,
    neurons: Annotated[int | None, _size("N", "Number of neurons.")] = None,
    wrong: Annotated[int | None, _size("T", "Answers that may be wrong (0).")] = None,
    failure_odds: Annotated[
        int | None, _size("K", "A random draw may fail 1 time in K (2).")
    ] = None,
    items: Annotated[int | None, _size("M", "Items of a relational graph.")] = None,
    edges: Annotated[int | None, _size("M2", "Edges of a relational graph.")] = None,
    embedding_dim: Annotated[int | None, _size("D", "Dimension of item vectors.")] = None,
    key_dim: Annotated[int | None, _size("DK", "Key dimension of one head.")] = None,
    heads: Annotated[int | None, _size("H", "Number of heads (1).")] = None,
    context: Annotated[int | None, _size("L", "Most items in a context.")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other parameter; may be repeated."),
    ] = None,
    solve: Annotated[
        str | None,
        typer.Option(metavar="PARAM", help="Largest or smallest PARAM that --budget allows."),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="VALUE", help="Value of the bound for --solve.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Count with exact integers, not with logarithms.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw to FILE (.png, .svg, .pdf).")
    ] = None,
    over: Annotated[
        str | None, typer.Option(metavar="PARAM", help="What varies in the picture.")
    ] = None,
    span: Annotated[
        str | None, typer.Option("--range", metavar="LOW:HIGH", help="Range of the picture.")
    ] = None,
    quantity: Annotated[
        str | None, typer.Option(metavar="Q", help="What the picture shows, such as neurons.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """List what is known about sizes, or evaluate it on an instance.

    Without sizes it shows the statements, with formula, regime and source. With sizes it
    prints every bound of the task: exact integers and rationals, or digits that are proved.
    """
    sizes = dict(locals())
    from ..theory.catalog import BOUNDS, lookup, table
    from ..theory.errors import RegimeError
    from ..verify.errors import InputError
    from . import bounds_table
    from .exit import ExitCode
    from .terminal import print_json

    given = _given(sizes, more or [])
    chosen = BOUNDS if name is None else lookup(name)
    if not given and solve is None and plot is None:
        if json:
            print_json({"bounds": [bound.to_json() for bound in chosen]})
        elif name is None:
            bounds_table.print_list(chosen)
        else:
            bounds_table.print_statements(chosen)
        return ExitCode.DONE
    if name is None:
        raise InputError("name a bound for these sizes, such as: superproof bounds pairwise-and")
    known = {p.name for bound in chosen for p in bound.parameters}
    for option in given:
        if option not in known:
            raise InputError(f"{name} takes no --{option.replace('_', '-')}")
    if (solve is None) != (budget is None):
        raise InputError("--solve PARAM and --budget VALUE belong together")
    if solve is not None:
        bounds_table.print_inverse(chosen, solve, _number(str(budget), "--budget"), given, json)
        return ExitCode.DONE
    if plot is not None:
        drawn = _draw(chosen, plot, over, span, quantity, given)
        if json:
            print_json({"plot": str(drawn)})
        else:
            bounds_table.print_drawn(drawn)
        return ExitCode.DONE
    rows = table(name, **given)
    for option in given:
        taking = [r for r in rows if option in {p.name for p in r.bound.parameters}]
        leading = [r for r in taking if r.bound.exactness == "exact"] or taking
        reasons = [r.reason for r in leading if r.reason]
        if reasons and all(r.value is None for r in leading):
            raise RegimeError(reasons[0])
    if json:
        entries = [bounds_table.row_json(row, exact) for row in rows]
        shown = {key: bounds_table.plain(value) for key, value in given.items()}
        print_json({"name": name, "instance": shown, "bounds": entries})
    else:
        bounds_table.print_rows(name, rows, exact)
    return ExitCode.DONE


def _given(sizes: dict[str, Any], more: Sequence[str]) -> dict[str, Any]:
    """The parameters that the command line names, whole numbers and rationals."""
    from ..theory.parameters import PARAMETERS
    from ..verify.errors import InputError

    given = {key: sizes[key] for key in PARAMETERS if sizes.get(key) is not None}
    for entry in more:
        key, equals, text = entry.partition("=")
        key = key.strip().replace("-", "_")
        if not equals or key not in PARAMETERS:
            raise InputError(
                f"--set '{entry}': write NAME=VALUE, with NAME one of {', '.join(PARAMETERS)}"
            )
        value = _number(text, f"--set {key}")
        if PARAMETERS[key].kind == "integer" and isinstance(value, Fraction):
            raise InputError(f"--set {key}: '{text}' is not a whole number")
        given[key] = value
    return given


def _number(text: str, option: str) -> int | Fraction:
    """A number exactly as written: 12, 0.25, 1e-3 or 1/3."""
    from ..verify.errors import InputError

    try:
        found = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{option}: '{text}' is not a number such as 12, 0.25 or 1/3") from None
    return int(found) if found.denominator == 1 else found


#: What varies in a picture when the command does not say, first match.
_OVER = ("outputs", "inputs", "items", "edges", "features", "context", "clause", "neurons")


def _draw(
    chosen: Sequence[Bound],
    file: Path,
    over: str | None,
    span: str | None,
    quantity: str | None,
    given: dict[str, Any],
) -> Path:
    from ..theory.picture import draw
    from ..verify.errors import InputError

    known = {p.name for bound in chosen for p in bound.parameters}
    varied = over.replace("-", "_") if over else next((o for o in _OVER if o in known), None)
    if varied is None or varied not in known:
        raise InputError(f"--over: name one of the parameters {', '.join(sorted(known))}")
    takers = [b for b in chosen if b.has_value and varied in {p.name for p in b.parameters}]
    counts: dict[str, int] = {}
    for bound in takers:
        counts[bound.quantity] = counts.get(bound.quantity, 0) + 1
    if not counts:
        raise InputError(f"--over: no bound with a value takes '{varied}'")
    wanted = quantity or max(counts, key=lambda key: counts[key])
    if wanted not in counts:
        raise InputError(f"--quantity: the quantities here are {', '.join(counts)}")
    rest = {key: value for key, value in given.items() if key != varied}
    ends = _span(span, given.get(varied))
    return draw([b for b in takers if b.quantity == wanted], file, varied, ends, rest)


def _span(text: str | None, middle: int | None) -> tuple[int, int]:
    from ..verify.errors import InputError

    if text is None:
        return (max(1, middle // 16), 16 * middle) if middle else (16, 65536)
    low, colon, high = text.partition(":")
    if not colon or not low.strip().isdigit() or not high.strip().isdigit():
        raise InputError(f"--range: write LOW:HIGH in whole numbers, not '{text}'")
    return int(low), int(high)
