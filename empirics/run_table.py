"""Runs of a store as one table: flat columns, conditions, CSV and Parquet."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..verify.errors import InputError, MissingExtraError
from .store import Run

#: Columns that every run has, before those of its configuration and result.
FIXED = ("experiment", "seed", "status")
LAST = ("device", "seconds", "finished", "weights", "key")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONDITION = re.compile(r"\s*([^=!<>]*[^=!<>\s])\s*(!=|<=|>=|==|=|<|>)\s*([^=<>\s].*?)\s*")

Row = dict[str, Any]


def row(run: Run) -> Row:
    """A run as one row: numbers and text stay, lists become JSON text.

    The entries of configuration and result are columns of their own; nested ones get dotted names.
    An entry of the result that has the name of another column is prefixed with ``result.``. The
    verdict gives ``verdict`` (its status) and ``violations``.
    """
    flat: Row = {"experiment": run.experiment, "seed": run.seed, "status": run.status}
    for prefix, entries in (("configuration.", run.configuration), ("result.", run.result)):
        for name, value in _flat(entries):
            flat[prefix + name if name in flat or name in LAST else name] = value
    if run.verdict is not None:
        flat["verdict"] = run.verdict.get("status")
        flat["violations"] = run.verdict.get("violations")
    flat |= {"device": run.device, "seconds": run.seconds, "finished": run.finished}
    flat |= {"weights": run.weights, "key": run.key}
    return flat


def columns(rows: Sequence[Row]) -> list[str]:
    """All columns, in the order in which they are first seen; those of every run at the ends."""
    seen = dict.fromkeys(name for entry in rows for name in entry)
    middle = [name for name in seen if name not in FIXED and name not in LAST]
    return [*FIXED, *middle, *LAST]


def select(rows: Iterable[Row], conditions: Sequence[str]) -> list[Row]:
    """The rows that satisfy all conditions, such as ``width>=8`` or ``status=finished``.

    Numbers compare as numbers, everything else as text; a number is neither below nor above a
    text. A row without the column is left out. Raises InputError for a condition that is none, and
    for a column that no row has.
    """
    rows = list(rows)
    known = set(columns(rows)) if rows else None
    for condition in conditions:
        match = _CONDITION.fullmatch(condition)
        if match is None:
            raise InputError(
                f"--where {condition!r}: not a condition; write a column, one of "
                f"{' '.join(_OPERATORS)} and a value, such as width>=8"
            )
        name, sign, text = match.groups()
        if known is not None and name not in known:
            raise InputError(
                f"--where {condition!r}: no column '{name}'; there are {', '.join(sorted(known))}"
            )
        compare = _OPERATORS["=" if sign == "==" else sign]
        rows = [r for r in rows if r.get(name) is not None and _holds(compare, r[name], text)]
    return rows


def csv_text(rows: Sequence[Row]) -> str:
    """The rows as CSV, with a line of column names."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as Parquet; a column of mixed types becomes text.

    Raises MissingExtraError without pyarrow, and InputError where the file cannot be written.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "tables", "Parquet") from None
    arrays = {}
    for name in columns(rows):
        values = [entry.get(name) for entry in rows]
        try:
            arrays[name] = pyarrow.array(values)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
            arrays[name] = pyarrow.array([None if v is None else str(v) for v in values])
    try:
        parquet.write_table(pyarrow.table(arrays), path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _flat(entries: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in entries.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, json.dumps(value)
        else:
            yield prefix + name, value


def _holds(compare: Callable[[Any, Any], bool], value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return compare(str(value).lower(), text.lower())
    if isinstance(value, int | float):
        # a long integer, such as a seed, is more than a float holds
        for read in (int, float):
            with contextlib.suppress(ValueError):
                return compare(value, read(text))
        return compare is operator.ne
    return compare(str(value), text)
