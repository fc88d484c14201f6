"""``superproof construct``: from the command to files that ``superproof check`` accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run


def test_what_is_built_passes_the_check(superproof: Run, tmp_path: Path) -> None:
    folder = tmp_path / "ands"
    options = ("--pattern", "random", "--inputs", 30, "--outputs", 40, "--active", 2)
    answer = superproof("construct", "pairwise-and", *options, "--form", "plain", "--out", folder)
    assert answer.code == 0, answer.err
    assert f"superproof check {folder}" in answer.out
    assert "lower bound" in answer.out
    checked = superproof("check", folder, "--json")
    assert checked.code == 0
    verdict = json.loads(checked.out)
    assert verdict["domain_size"] == 1 + 30 + 435
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert verdict["sha256"] == report["sha256"]


def test_json_is_the_report(superproof: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("0 1\n1 2\n2 0\n", encoding="utf-8")
    words = ("construct", "pairwise-and", "--inputs", 3, "--pairs", pairs, "--active", 3)
    answer = superproof(*words, "--seed", 5, "--out", tmp_path / "out", "--json")
    assert answer.code == 0, answer.err
    report = json.loads(answer.out)
    assert {"kind", "inputs", "outputs", "active", "neurons", "weight_bits", "total_bits"} <= set(
        report
    )
    assert {"bits", "neurons"} <= set(report["lower_bound"])
    assert (report["outputs"], report["active"], report["seed"]) == (3, 3, 5)
    assert report["certified"] is True
    assert superproof("check", tmp_path / "out").code == 0


def test_too_few_neurons_are_not_a_refutation(superproof: Run, tmp_path: Path) -> None:
    words = ("construct", "pairwise-and", "--inputs", 40, "--outputs", 40, "--neurons", 3)
    answer = superproof(*words, "--out", tmp_path / "out")
    assert answer.code == 3
    assert "no exact code of 3 neurons" in answer.complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["triple-and", "--inputs", "9"], "unknown construction 'triple-and'; use one of"),
        (["pairwise-and", "--inputs", "9", "--form", "odd"], "unknown form 'odd'"),
        (["pairwise-and", "--inputs", "9", "--pattern", "odd"], "unknown pattern 'odd'"),
        (["pairwise-and", "--inputs", "9", "--outputs", "37"], "9 inputs have 36 pairs"),
        (["pairwise-and", "--inputs", "9", "--active", "1"], "active must lie between 2"),
        (["pairwise-and", "--inputs", "9", "--neurons", "0"], "neurons must be 1 or more"),
        (["pairwise-and", "--inputs", "9", "--pairs", "none.txt"], "none.txt"),
        (["pairwise-and", "--inputs", "1000000000"], "1,000,000,000 inputs are too many"),
        (
            ["pairwise-and", "--inputs", "5000000", "--outputs", "3"],
            "at most 1,000,000 can be handled",
        ),
        (["pairwise-and", "--inputs", "1000000"], "1e+12 times a round"),
        (["pairwise-and", "--inputs", "10000", "--pattern", "complete"], "49,995,000 outputs"),
        (
            ["pairwise-and", "--inputs", "9", "--pairs", "none.txt", "--pattern", "star"],
            "not both",
        ),
        (["pairwise-and"], "--inputs"),
    ],
)
def test_mistakes(superproof: Run, tmp_path: Path, words: list[str], complaint: str) -> None:
    answer = superproof("construct", *words, "--out", tmp_path / "out")
    assert answer.code == 2
    assert complaint in answer.complaint
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way(superproof: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    answer = superproof("construct", "pairwise-and", "--inputs", 9, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "in the way" in answer.complaint
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_pairs_and_outputs_must_agree(superproof: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("0 1\n", encoding="utf-8")
    words = ("construct", "pairwise-and", "--inputs", 3, "--pairs", pairs, "--outputs", 2)
    answer = superproof(*words, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "holds 1 pair, but --outputs says 2" in answer.complaint
