"""``superproof construct``: from the command to files that ``superproof check`` accepts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from superproof.constructions import sizing
from superproof.verify import recheck_sparse, recheck_superposed

from .conftest import Run

SUPERPOSED = ["pairwise-and", "--inputs", "9", "--form", "superposition"]


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
        (["pairwise-and", "--inputs", "9", "--bits", "3"], "--bits goes with --form superposition"),
        (["pairwise-and", "--inputs", "9", "--method", "trained"], "--method goes with --form"),
        (["pairwise-and", "--inputs", "9", "--draws", "2"], "not with --form plain"),
        ([*SUPERPOSED, "--code", "random"], "--code goes with --form plain, not with --form super"),
        ([*SUPERPOSED, "--method", "magic"], "unknown method 'magic'; use one of trained"),
        ([*SUPERPOSED, "--method", "ternary", "--bits", "2"], "ternary has three values an entry"),
        ([*SUPERPOSED, "--method", "one-bit", "--bits", "2"], "one-bit has one bit an entry"),
        ([*SUPERPOSED, "--method", "trained", "--bits", "1"], "bits must lie between 2 and 24"),
        ([*SUPERPOSED, "--bits", "25"], "bits must lie between 2 and 24"),
        ([*SUPERPOSED, "--active", "1"], "active must lie between 2 and the 9 inputs"),
        ([*SUPERPOSED, "--active", "10"], "active must lie between 2 and the 9 inputs"),
        (["pairwise-and", "--inputs", "20000", *SUPERPOSED[3:]], "too many for the superposed"),
        (["pairwise-and", "--inputs", "9", "--neurons", "99999999999"], "9 always suffice"),
        ([*SUPERPOSED, "--neurons", "1"], "neurons must be 2 or more"),
        ([*SUPERPOSED, "--neurons", "99999"], "99,999 neurons is too large"),
        ([*SUPERPOSED, "--draws", "0"], "draws must be 1 or more"),
        ([*SUPERPOSED, "--seconds", "0"], "--seconds must be above 0"),
        ([*SUPERPOSED, "--density", "1.5"], "density must lie between 0 and 1"),
        ([*SUPERPOSED, "--seed", "-1"], "seed"),
        ([*SUPERPOSED, "--device", "abacus"], "device abacus"),
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
    assert files == {
        *("network.npz", "spec.toml", "spec.members.npz", "report.json"),
        *("certificate", "picture.png"),
    }
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


@pytest.mark.parametrize(
    ("words", "method"),
    [
        ((), "trained"),
        (("--bits", 6), "trained"),
        (("--bits", 1), "one-bit"),
        (("--method", "ternary"), "ternary"),
        (("--method", "key-value", "--active", 3, "--neurons", 700), "key-value"),
    ],
)
def test_superposition_end_to_end(
    superproof: Run, tmp_path: Path, words: tuple[object, ...], method: str
) -> None:
    folder = tmp_path / "ands"
    options = ("--inputs", 10, "--outputs", 12, "--form", "superposition", "--draws", 5)
    answer = superproof("construct", "pairwise-and", *options, *words, "--out", folder)
    assert answer.code == 0, answer.err
    assert f"superposition form, {method}" in answer.out
    assert ("as asked for" if "--neurons" in words else "(an estimate)") in answer.out
    assert "fixed by the seed" in answer.out
    files = {path.name for path in folder.iterdir()}
    assert files == {
        *("network.onnx", "spec.toml", "spec.members.npz", "report.json"),
        *("certificate", "picture.png"),
    }
    assert (folder / "certificate").read_bytes().startswith(recheck_superposed.MAGIC)
    assert superproof("check", folder, "--engine", "enumerate").code == 0
    answer = superproof("recheck", folder, folder / "certificate")
    assert (answer.code, answer.out[:15]) == (0, "accepted: holds")


def test_plain_networks_have_certificate_and_picture(superproof: Run, tmp_path: Path) -> None:
    words = ("--inputs", 12, "--pattern", "star", "--json", "--no-picture")
    answer = superproof("construct", "pairwise-and", *words, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert {matrix["holds"] for matrix in json.loads(answer.out)["matrices"]} == {"function"}
    assert (tmp_path / "out" / "certificate").read_bytes().startswith(recheck_sparse.MAGIC)
    assert not (tmp_path / "out" / "picture.png").exists()
    answer = superproof("recheck", tmp_path / "out", tmp_path / "out" / "certificate")
    assert answer.out == "accepted: holds (criterion of 11 outputs)\n"


def test_without_matplotlib_there_is_a_sentence(
    superproof: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = ("construct", "pairwise-and", "--inputs", 5, "--out", tmp_path / "out")
    answer = superproof(*words)
    assert answer.code == 0, answer.err
    assert "none (" in answer.out
    assert "superproof[experiments]" in answer.out
    assert not (tmp_path / "out" / "picture.png").exists()


def test_edge_lists_in_an_array(superproof: Run, tmp_path: Path) -> None:
    def built(file: Path, code: int) -> str:
        words = ("construct", "pairwise-and", "--inputs", 6, "--edges", file)
        answer = superproof(*words, "--out", tmp_path / "out")
        assert answer.code == code, answer.err
        return answer.out if code == 0 else answer.complaint

    file = tmp_path / "edges.npz"
    np.savez(file, edges=np.array([[0, 1], [4, 2]]))
    assert "2 ANDs of 6 inputs" in built(file, 0)
    for arrays, words in (
        ({"a": np.array([[0, 1], [1, 0]])}, "row 1 repeats row 0"),
        ({"a": np.array([[3, 3]])}, "a pair needs two different inputs"),
        ({"a": np.array([[0, 6]])}, "indices run from 0 to 5"),
        ({"a": np.array([[0.5, 1]])}, "must be integers"),
        ({"a": np.zeros((2, 3), int)}, "the shape must be (outputs, 2)"),
        ({"a": np.array([[0, 1]]), "b": np.array([1])}, "holds 2 arrays"),
        ({"a": np.array([object()])}, "not an .npz file of numbers"),
    ):
        np.savez(file, **arrays)
        assert words in built(file, 2)
    file.write_bytes(b"PK junk")
    assert "not an .npz file" in built(file, 2)
    assert "No such file" in built(tmp_path / "none.npz", 2)


def test_wider_networks_are_tried_where_few_neurons_fail(
    superproof: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sizing.ESTIMATES, "least-squares", ("pairwise-and-gardner", 1.5))
    words = ("construct", "pairwise-and", "--inputs", 12, "--outputs", 30, "--form")
    words = (*words, "superposition", "--method", "least-squares", "--no-picture")
    answer = superproof(*words, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert "enlarged" in answer.out
    answer = superproof(*words, "--neurons", 5, "--out", tmp_path / "other")
    assert answer.code == 3
    assert "no exact network of 5 neurons" in answer.complaint
    assert not (tmp_path / "other").exists()
