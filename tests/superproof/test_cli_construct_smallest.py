"""``superproof construct ... --smallest``: the search, its file, and going on with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from superproof.constructions import stack

from .conftest import Run

WORDS = ("gates", "--kind", "and2", "--inputs", 6, "--active", 2, "--smallest", "--seeds", 2)


def test_a_search_and_what_it_writes(superproof: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    answer = superproof("construct", *WORDS, "--out", folder)
    assert answer.code == 0, answer.err
    assert "95 % interval" in answer.out
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    found = report["parameters"]["smallest"]
    assert report["neurons"] == found["neurons"]
    assert f"least exact width {found['neurons']} (seed {found['seed']})" in answer.out
    widths = [rate["neurons"] for rate in found["curve"]]
    assert widths == sorted(widths)
    for rate in found["curve"]:
        assert 0 <= rate["low"] <= rate["exact"] / rate["tried"] <= rate["high"] <= 1
        assert rate["tried"] == 2
        assert rate["exact"] == 0 or rate["neurons"] >= found["neurons"]
    # the width below was tried and failed
    assert any(found["neurons"] - 1 <= w < found["neurons"] for w in widths)
    attempts = json.loads((folder / "search.json").read_text(encoding="utf-8"))["attempts"]
    assert len(attempts) == 2 * len(widths)
    assert superproof("check", folder).code == 0
    assert superproof("recheck", folder, folder / "certificate").code == 0
    # a second search is another one unless it goes on
    answer = superproof("construct", *WORDS, "--out", folder)
    assert answer.code == 2
    assert "holds the attempts of an earlier search; add --resume" in answer.complaint
    before = (folder / "network.onnx").read_bytes()
    answer = superproof("construct", *WORDS, "--resume", "--out", folder)
    assert answer.code == 0, answer.err
    again = json.loads((folder / "search.json").read_text(encoding="utf-8"))["attempts"]
    assert again == attempts
    assert (folder / "network.onnx").read_bytes() == before
    # of the same instance
    answer = superproof("construct", *WORDS, "--bits", 9, "--resume", "--out", folder)
    assert answer.code == 2
    assert "is about another search" in answer.complaint


@pytest.mark.parametrize(
    "words",
    [
        ("permutation", "--inputs", 8),
        ("representation", "--inputs", 12, "--active", 1),
        ("pairwise-and", "--inputs", 10),
        ("pairwise-and", "--inputs", 8, "--form", "superposition", "--method", "key-value"),
        ("circuit", "--inputs", 6, "--layers", 1, "--active", 2, "--neurons", 30),
    ],
)
def test_every_family_can_be_searched(
    superproof: Run, tmp_path: Path, words: tuple[object, ...]
) -> None:
    options = ("--smallest", "--seeds", 1, "--no-picture", "--json")
    answer = superproof("construct", *words, *options, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    report = json.loads(answer.out)
    found = report["parameters"]["smallest"]
    assert found["neurons"] <= found["first"]
    assert found["neurons"] == report["parameters"].get("state_width", report["neurons"])
    assert superproof("check", tmp_path / "out").code == 0


def test_nothing_at_any_width(superproof: Run, tmp_path: Path) -> None:
    words = ("permutation", "--inputs", 12, "--neurons", 2, "--smallest", "--seeds", 1)
    answer = superproof("construct", *words, "--out", tmp_path / "out")
    assert answer.code == 3
    assert "no exact network of up to" in answer.complaint
    # what was tried is kept
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"search.json"}


def test_an_interrupted_search_goes_on(
    superproof: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("circuit", "--inputs", 6, "--layers", 1, "--active", 2, "--neurons", 30)
    words = (*words, "--smallest", "--seeds", 1, "--out", tmp_path / "out")
    built = 0
    genuine = stack.superposed_circuit

    def interrupting(*given: object, **options: object) -> object:
        nonlocal built
        built += 1
        if built == 2:
            raise KeyboardInterrupt
        return genuine(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(stack, "superposed_circuit", interrupting)
    answer = superproof("construct", *words)
    assert answer.code == 130
    assert "search.json, go on with --resume" in answer.complaint
    answer = superproof("construct", *words, "--resume")
    assert answer.code == 0, answer.err
    attempts = json.loads((tmp_path / "out" / "search.json").read_text(encoding="utf-8"))
    # neither the interrupted attempt nor the one before it was lost or repeated
    widths = [attempt["neurons"] for attempt in attempts["attempts"]]
    assert widths[0] == 30
    assert len(set(widths)) == len(widths)
