"""Standard output: a console that shows text as it is, and JSON."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType
    from rich.table import Table

#: Width of tables in a file or pipe, where there is no terminal to ask.
PIPE_WIDTH = 100
#: Tables are never squeezed below this width, where rich drops columns; the terminal wraps them.
LEAST_WIDTH = 80


def console() -> Console:
    """A console on standard output without markup, so that names in brackets stay as they are."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            # rich would leave with exit code 1 here
            discard(sys.stdout)

    terminal = sys.stdout.isatty()
    width = None if terminal or "COLUMNS" in os.environ else PIPE_WIDTH
    made = Output(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)
    made.width = max(made.width, LEAST_WIDTH)
    return made


def table(*columns: tuple[str, str], head: bool = True) -> Table:
    """An empty table in the style of all commands: a line under its head, and no other.

    Args:
        columns: (title, how to align: ``left``, ``right``, or ``whole`` for left and unbroken).
        head: show the titles.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    style = box.SIMPLE_HEAD if head else None
    made = Table(box=style, pad_edge=False, show_edge=False, padding=(0, 1), show_header=head)
    for title, align in columns:
        made.add_column(
            Text(title),
            justify="right" if align == "right" else "left",
            no_wrap=align == "whole",
            overflow="fold",
        )
    return made


def sign(text: str, plain: str) -> str:
    """The text where the encoding of standard output has it, else the plain one."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return plain
    return text


def print_parts(parts: Iterable[RenderableType]) -> None:
    """Print tables, fitted to the width, and sentences, which the terminal itself wraps.

    A reader of the output that went away is no error.
    """
    from rich.text import Text

    out = console()
    try:
        for part in parts:
            out.print(part, soft_wrap=isinstance(part, Text))
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)


def print_text(text: str) -> None:
    """Write text and a line break to standard output; a reader that went away is no error."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)


def print_json(data: Any) -> None:
    """Write data as indented JSON, alone, to standard output."""
    print_text(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def discard(stream: IO[str]) -> None:
    """Drop what is still written to a stream whose reader left.

    The command can then finish with its own exit code, and the interpreter can close the stream.
    """
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
