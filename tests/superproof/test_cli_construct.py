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


def test_large_networks_are_written_sparsely(superproof: Run, tmp_path: Path) -> None:
    folder, proof = tmp_path / "wide", tmp_path / "proof"
    words = ("construct", "pairwise-and", "--inputs", 2000, "--pattern", "random-low-influence")
    words = (*words, "--neurons", 1500, "--active", 3)
    answer = superproof(*words, "--out", folder)
    assert answer.code == 0, answer.err
    assert "channel, sets of" in answer.out
    files = {path.name for path in folder.iterdir()}
    assert files == {"network.npz", "spec.toml", "spec.members.npz", "report.json"}
    assert "family" in (folder / "spec.toml").read_text(encoding="utf-8")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["parameters"]["nonzeros"] < report["total_bits"] / 20
    answer = superproof("check", folder, "--margin", "--json", "--certificate", proof)
    assert answer.code == 0, answer.err
    verdict = json.loads(answer.out)
    assert (verdict["engine"], verdict["margin"]["exact"]) == ("sparse", "1/2")
    assert verdict["float32"] == "same in every summation order"
    assert verdict["sha256"] == report["sha256"]
    answer = superproof("recheck", folder, proof)
    assert (answer.code, answer.out) == (0, "accepted: holds (criterion of 2,000 outputs)\n")
    # more active inputs than were proved
    spec = (folder / "spec.toml").read_text(encoding="utf-8").replace("at most 3", "at most 9")
    (folder / "more.toml").write_text(spec, encoding="utf-8")
    given = (folder / "network.npz", folder / "more.toml")
    answer = superproof("check", *given, "--count", "--certificate", proof)
    assert answer.code == 1
    assert "without counting" in answer.out
    answer = superproof("recheck", *given, proof)
    assert answer.out.startswith("accepted: violated (1 input evaluated")
    answer = superproof("recheck", folder, proof)
    assert (answer.code, answer.out.count("\n")) == (1, 1)
    assert "another domain" in answer.out
    # the same folder cannot hold a dense network as well
    answer = superproof("construct", "pairwise-and", "--inputs", 9, "--out", folder)
    assert answer.code == 2
    assert "holds network.npz already" in answer.complaint


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--code", "odd"], "unknown code 'odd'; use one of auto, random, channel"),
        (["--code", "channel", "--density", "0.5"], "a channel has no density to choose"),
        (["--code", "channel", "--neurons", "4"], "4 neurons are too few for 50 outputs"),
    ],
)
def test_bad_codes(superproof: Run, tmp_path: Path, words: list[str], complaint: str) -> None:
    answer = superproof(
        "construct", "pairwise-and", "--inputs", 50, *words, "--out", tmp_path / "out"
    )
    assert answer.code == 2
    assert complaint in answer.complaint


def test_a_channel_may_be_small(superproof: Run, tmp_path: Path) -> None:
    words = ("construct", "pairwise-and", "--inputs", 50, "--pattern", "matching")
    answer = superproof(*words, "--code", "channel", "--active", 3, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert (tmp_path / "out" / "network.onnx").exists()
    assert superproof("check", tmp_path / "out", "--engine", "enumerate").code == 0
