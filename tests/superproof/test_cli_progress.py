"""The progress bar: only on a terminal, only after two seconds."""

from __future__ import annotations

import io

import pytest

from superproof.cli.progress import PATIENCE, ProgressBar


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def test_quick_work_draws_nothing() -> None:
    stream, clock = Terminal(), Clock()
    with ProgressBar("inputs", stream, clock) as bar:
        for done in range(10):
            bar(done, 10)
            clock.now += PATIENCE / 20
    assert stream.getvalue() == ""


def test_long_work_shows_share_and_rate() -> None:
    stream, clock = Terminal(), Clock()
    with ProgressBar("inputs", stream, clock) as bar:
        clock.now += 4
        bar(2_000_000, 8_000_000)
    assert "25%" in stream.getvalue()
    assert "500,000 inputs/s" in stream.getvalue()
    assert "left" in stream.getvalue()


def test_slow_work_has_a_rate_too() -> None:
    stream, clock = Terminal(), Clock()
    with ProgressBar("networks", stream, clock) as bar:
        clock.now += 60
        bar(15, 100)
    assert "0.25 networks/s" in stream.getvalue()


def test_a_stream_that_is_no_terminal_stays_empty() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressBar("inputs", stream, clock) as bar:
        clock.now += 60
        bar(1, 2)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("total", [0, 1 << 2000])
def test_totals_that_no_float_holds(total: int) -> None:
    stream, clock = Terminal(), Clock()
    with ProgressBar("inputs", stream, clock) as bar:
        clock.now += 3
        bar(30, total)
    assert "10 inputs/s" in stream.getvalue()
