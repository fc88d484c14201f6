"""How a command ends: exit codes, and every error as one line on stderr."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from enum import IntEnum
from typing import IO, Any

import typer

from .terminal import discard

#: Set to 1 to see the traceback of an internal error.
DEBUG_VARIABLE = "SUPERPROOF_DEBUG"


class ExitCode(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    VIOLATED = 1
    BAD_INPUT = 2
    UNKNOWN = 3
    INTERNAL = 4
    INTERRUPTED = 130

    @classmethod
    def of(cls, status: str, interrupted: bool) -> ExitCode:
        """The code of an answer: a verdict's, a comparison's or a claim's."""
        if interrupted:
            return cls.INTERRUPTED
        if status in ("holds", "equal"):
            return cls.DONE
        return cls.VIOLATED if status in ("violated", "differs", "fails") else cls.UNKNOWN


def run(command: Any, arguments: Sequence[str]) -> int:
    """Run a typer command and turn every way out of it into an exit code.

    The command's own answer is the integer that it returns or passes to ``typer.Exit``.
    No exception leaves with 1, which means *violated* and nothing else.
    """
    # exact integers may be longer than the interpreter's default limit on printed digits
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    for stream in (sys.stdout, sys.stderr):
        # a name that the terminal's encoding lacks is shown escaped instead of failing
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _invoke(command, arguments)
    except BrokenPipeError:
        # the reader of our output went away, as `| head` does, before the command was done
        code = ExitCode.UNKNOWN
    except BaseException as error:
        code = report(error)
    finally:
        sys.set_int_max_str_digits(digits)
    for stream in (sys.stdout, sys.stderr):
        _flush(stream)
    return int(code)


def _invoke(command: Any, arguments: Sequence[str]) -> int:
    try:
        with command.make_context("superproof", list(arguments)) as context:
            answer = command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    if answer is None:
        return ExitCode.DONE
    if isinstance(answer, int) and not isinstance(answer, bool):
        return answer
    raise TypeError(f"a command returned {type(answer).__name__} instead of an exit code")


def report(error: BaseException) -> ExitCode:
    """Print one line on stderr that says what happened and what to do; return the exit code."""
    from ..theory.errors import TheoryError
    from ..verify.errors import InputError

    if isinstance(error, KeyboardInterrupt | typer.Abort):
        complain("interrupted")
        return ExitCode.INTERRUPTED
    if isinstance(error, InputError | TheoryError):
        complain(f"error: {error}")
        return ExitCode.BAD_INPUT
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        complain(f"error: {_usage(error)}")
        return ExitCode.BAD_INPUT
    if isinstance(error, OSError) and (error.filename is not None or error.errno == errno.ENOSPC):
        place = f"{error.filename}: " if error.filename is not None else ""
        complain(f"error: {place}{error.strerror or error}")
        return ExitCode.BAD_INPUT
    if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
        traceback.print_exception(error)
    if isinstance(error, MemoryError):
        complain("internal error: out of memory; try a smaller domain or fewer counterexamples")
    else:
        complain(
            f"internal error: {type(error).__name__}: {error}; please report it "
            f"({DEBUG_VARIABLE}=1 shows the traceback)"
        )
    return ExitCode.INTERNAL


def complain(message: str) -> None:
    """Write the message to stderr as exactly one line."""
    # where nobody reads stderr any more, the exit code still tells
    with contextlib.suppress(OSError):
        print(one_line(message), file=sys.stderr, flush=True)


def one_line(message: str) -> str:
    """The message with lines joined and control characters made visible; spaces stay."""
    joined = " ".join(line.strip() for line in message.splitlines() if line.strip())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)


def _usage(error: Any) -> str:
    """A usage error of the command-line parser, with the way to the right help page."""
    context = getattr(error, "ctx", None)
    page = context.command_path if context is not None else "superproof"
    message = str(error.format_message()).strip().rstrip(".")
    return f"{message}; see {page} --help"


def _flush(stream: IO[str]) -> None:
    """Write out what is buffered; a reader that went away is no error."""
    try:
        stream.flush()
    except BrokenPipeError:
        discard(stream)
    except (OSError, ValueError):
        pass
