"""``superproof construct channel``: the designs of the papers, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run


@pytest.mark.parametrize(
    ("options", "form"),
    [
        (["--pattern", "matching"], "superposition"),
        (["--pattern", "star"], "plain"),
        (["--outputs", "8", "--kind", "clean", "--no-picture"], None),
        (["--kind", "universal", "--neurons", "400"], "superposition"),
    ],
)
def test_channels_are_proved(
    superproof: Run, tmp_path: Path, options: list[str], form: str | None
) -> None:
    folder = tmp_path / "channel"
    answer = superproof(
        "construct", "channel", "--inputs", "16", *options, "--out", folder, "--json"
    )
    assert answer.code == 0, answer.err
    report = json.loads(answer.out)
    assert report["certified"] is True
    assert form in (None, report["form"])
    assert (folder / "picture.png").is_file() == ("--no-picture" not in options)
    if report["neurons"] * report["outputs"] < 50_000:
        assert superproof("check", folder).code == 0
        if report["certificate"]["file"]:
            assert superproof("recheck", folder, folder / "certificate").code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kind", "x"], "unknown kind 'x'; use one of one-shot, clean, universal"),
        (["--inputs", "20000"], "20,000 inputs are too many for a channel"),
        (
            ["--kind", "universal", "--neurons", "9", "--outputs", "3"],
            "--outputs says nothing where all pairs are served",
        ),
        (["--active", "1"], "active must lie between 2 and the 16 inputs, not 1"),
    ],
)
def test_bad_options(superproof: Run, tmp_path: Path, options: list[str], message: str) -> None:
    answer = superproof("construct", "channel", "--inputs", "16", "--out", tmp_path / "c", *options)
    assert answer.code == 2
    assert message in answer.err


def test_a_width_for_all_pairs_is_found(superproof: Run, tmp_path: Path) -> None:
    words = ("construct", "channel", "--inputs", "8", "--kind", "universal", "--no-picture")
    answer = superproof(*words, "--out", tmp_path / "c")
    assert answer.code == 0, answer.err
    assert "width from" in answer.out
    assert "m^(2/3) 4.0 (an estimate) x 50 + 0" in answer.out
    assert superproof("check", tmp_path / "c").code == 0


def test_too_few_neurons(superproof: Run, tmp_path: Path) -> None:
    arguments = ["--inputs", "16", "--neurons", "40", "--out", tmp_path / "c"]
    answer = superproof("construct", "channel", *arguments)
    assert answer.code == 3
    assert "give more neurons, a higher density or another seed" in answer.err
