"""Every way out of the command line: one line on stderr, and never 1 for an accident."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from superproof.cli import COMMANDS
from superproof.cli import exit as leaving
from superproof.verify.errors import InputError, MissingExtraError, ProofError, ReplayError

from .conftest import Run


def _raising(error: BaseException) -> int:
    """The exit code of a command that raises the error."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def command() -> None:
        raise error

    return leaving.run(typer.main.get_command(app), [])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("spec.toml: no outputs"), 2),
        (MissingExtraError("torch", "experiments", "training"), 2),
        (PermissionError(13, "Permission denied", "/nowhere/out.json"), 2),
        (OSError(28, "No space left on device"), 2),
        (OSError(5, "Input/output error"), 4),
        (ReplayError("a counterexample failed"), 4),
        (ProofError("a step failed"), 4),
        (ValueError("shapes\nof two lines"), 4),
        (AssertionError(), 4),
        (RecursionError("too deep"), 4),
        (MemoryError(), 4),
        (SystemExit(1), 4),
        (SystemExit("a library gave up"), 4),
        (SystemExit(0), 4),
        (GeneratorExit(), 4),
        (KeyboardInterrupt(), 130),
        (typer.Abort(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_every_exception_has_its_code_and_one_line(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _raising(error) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert "Traceback" not in captured.err
    told = error.strerror if isinstance(error, OSError) else str(error)
    assert told.split("\n")[0] in captured.err


@pytest.mark.parametrize(
    ("answer", "code"), [(None, 0), (0, 0), (1, 1), (3, 3), (True, 4), ("done", 4)]
)
def test_what_a_command_returns(
    answer: object, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer(add_completion=False)

    @app.command()
    def command() -> object:
        return answer

    assert leaving.run(typer.main.get_command(app), []) == code


def test_exit_is_passed_on() -> None:
    assert _raising(typer.Exit(3)) == 3
    assert _raising(typer.Exit(0)) == 0


def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(leaving.DEBUG_VARIABLE, "1")
    assert _raising(ValueError("why")) == 4
    captured = capsys.readouterr().err
    assert "Traceback" in captured
    assert captured.splitlines()[-1].startswith("internal error: ValueError: why")


def test_control_characters_cannot_reach_the_terminal() -> None:
    assert leaving.one_line("name \x1b[31m\r\n\ttwo\x07") == r"name \x1b[31m two\x07"


@pytest.mark.parametrize(
    "words",
    [
        ["chekc"],
        ["--colour"],
        ["check"],
        ["check", "a", "b", "c"],
        ["check", "a", "--engnie", "z3"],
        ["check", "a", "--counterexamples", "many"],
        ["check", "a", "--counterexamples", "-1"],
        ["check", "a", "--threads", "0"],
        ["check", "a", "--timeout", "soon"],
        ["check", "a", "--engine"],
        ["info"],
        ["export"],
    ],
    ids=" ".join,
)
def test_usage_errors_are_one_line_with_the_way_to_help(superproof: Run, words: list[str]) -> None:
    answer = superproof(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.complaint.startswith("error: ")
    assert answer.complaint.endswith("--help")


def test_a_mistyped_command_is_suggested(superproof: Run) -> None:
    assert "check" in superproof("chekc").complaint


def test_help_of_everything(superproof: Run) -> None:
    page = superproof("--help")
    assert page.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in page.out
        own = superproof(command, "--help")
        assert own.code == 0
        assert f"Usage: superproof {command} " in own.out
    assert superproof().code == 2


def test_version(superproof: Run) -> None:
    answer = superproof("--version")
    assert answer.code == 0
    assert answer.out.startswith("superproof ")


def test_module_and_console_script_agree(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "superproof", "info", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert "4 inputs, 2 hidden neurons, 2 outputs" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="pipes of a POSIX system")
@pytest.mark.parametrize(("model", "code"), [("damaged", 1), ("folder", 0)])
def test_a_reader_that_leaves_does_not_change_the_answer(
    model: str, code: int, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(model)
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        [sys.executable, "-m", "superproof", "check", str(folder)],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    os.close(writing)
    _, errors = process.communicate()
    assert process.returncode == code
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors
