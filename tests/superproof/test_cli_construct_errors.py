"""``superproof construct``: every mistake is one line that says how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run

GATES = ["gates", "--kind", "and2", "--inputs", "8"]
CIRCUIT = ["circuit", "--inputs", "8"]
PERMUTATION = ["permutation", "--inputs", "8"]
REPRESENTATION = ["representation", "--inputs", "8"]
PAIRS = ["pairwise-and", "--inputs", "9"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["magic"], "unknown construction 'magic'; use one of pairwise-and, channel, gates"),
        (["--inputs", "9", "gates"], "say what to build before --inputs: one of pairwise-and"),
        (["gates"], "give either --kind KIND, for random gates, or --spec FILE"),
        ([*GATES, "--spec", "a.toml"], "give either --kind KIND"),
        (["gates", "--kind", "and2"], "random gates need --inputs M"),
        (["gates", "--kind", "nand", "--inputs", "8"], "unknown kind 'nand'; use one of and2"),
        (["gates", "--kind", "and10", "--inputs", "8"], "a number of inputs from 2 to 9 behind it"),
        (["gates", "--kind", "and4", "--inputs", "8"], "and4 gates are never true with at most 3"),
        (["gates", "--kind", "dnf3x2", "--inputs", "5"], "dnf3x2 gates need 6 inputs or more"),
        ([*GATES, "--outputs", "29"], "8 inputs have 28 and2 gates, not 29"),
        ([*GATES, "--outputs", "0"], "not 8 and 0"),
        ([*GATES, "--active", "0"], "active must lie between 1 and the 8 inputs, not 0"),
        ([*GATES, "--active", "9"], "active must lie between 1 and the 8 inputs, not 9"),
        ([*GATES, "--neurons", "1"], "neurons must be 2 or more, not 1"),
        ([*GATES, "--neurons", "99999"], "99,999 neurons is too large"),
        ([*GATES, "--bits", "30"], "bits must lie between 2 and 24, not 30"),
        ([*GATES, "--density", "2"], "density must lie between 0 and 1"),
        ([*GATES, "--unbiased", "2"], "unbiased must lie between 0 and 1"),
        ([*GATES, "--draws", "0"], "draws must be 1 or more"),
        ([*GATES, "--seconds", "-1"], "--seconds must be above 0, not -1"),
        ([*GATES, "--seed", "-1"], "the seed must be 0 or more"),
        (["gates", "--kind", "or2", "--inputs", "2000"], "of 2,000 inputs is too large to train"),
        (["gates", "--kind", "or2", "--inputs", "2000000"], "2,000,000 inputs are too many"),
        (["gates", "--spec", "none.toml"], "none.toml"),
        (["circuit"], "give either --inputs M, for a random circuit, or --circuit FILE"),
        ([*CIRCUIT, "--circuit", "a.toml"], "give either --inputs M"),
        (["circuit", "--circuit", "none.toml"], "none.toml: No such file"),
        ([*CIRCUIT, "--gates", "29"], "8 inputs, of which 3 or more are needed, have 28, not 29"),
        (["circuit", "--inputs", "2"], "have 1, not 2"),
        (["circuit", "--inputs", "9999"], "too many to draw a circuit from"),
        ([*CIRCUIT, "--layers", "0"], "and 0 layers"),
        ([*CIRCUIT, "--active", "9"], "active must lie between 1 and the 8 inputs, not 9"),
        ([*CIRCUIT, "--scope", "some"], "unknown scope 'some'; use one of reached, all"),
        ([*CIRCUIT, "--activation", "odd"], "unknown activation 'odd'; use relu or step"),
        ([*CIRCUIT, "--ones", "2"], "weights: give 3 numbers of ones"),
        ([*CIRCUIT, "--neurons", "1"], "neurons must be 2 or more"),
        ([*CIRCUIT, "--seed", "-1"], "the seed must be 0 or more, not -1"),
        ([*CIRCUIT, "--layers", "60"], "symbols; at most 2,000,000 are handled: use fewer layers"),
        (["permutation"], "give either --inputs M, for a random permutation, or --order FILE"),
        ([*PERMUTATION, "--order", "a.txt"], "give either --inputs M"),
        (["permutation", "--inputs", "1"], "a permutation needs 2 inputs or more"),
        (["permutation", "--order", "none.txt"], "none.txt: No such file"),
        ([*PERMUTATION, "--method", "odd"], "unknown method 'odd'; use one of trained"),
        ([*PERMUTATION, "--active", "9"], "active must lie between 1 and the 8 inputs, not 9"),
        ([*PERMUTATION, "--method", "one-bit", "--bits", "3"], "--bits goes with --method trained"),
        ([*PERMUTATION, "--bits", "1"], "bits between 2 and 24"),
        (["permutation", "--inputs", "2000"], "too many to train on"),
        (["permutation", "--inputs", "900000"], "at most 16,384 can be handled"),
        (["representation"], "--inputs"),
        (["representation", "--inputs", "1"], "needs 2 inputs or more, not 1"),
        (["representation", "--inputs", "99999"], "99,999 inputs are too many"),
        ([*REPRESENTATION, "--code", "odd"], "unknown code 'odd'; use one of signs, polynomials"),
        (
            [*REPRESENTATION, "--code", "polynomials", "--neurons", "9"],
            "--neurons goes with --code signs",
        ),
        ([*REPRESENTATION, "--active", "9"], "active must lie between 1 and the 8 inputs"),
        ([*PAIRS, "--code", "polynomials", "--neurons", "9"], "--neurons goes with a code that is"),
        ([*PAIRS, "--seeds", "2"], "--seeds goes with --smallest"),
        ([*PAIRS, "--resume"], "--resume goes with --smallest"),
        ([*PAIRS, "--smallest", "--seeds", "0"], "--seeds must be 1 or more, not 0"),
        ([*PAIRS, "--smallest", "--code", "polynomials"], "--smallest: the size of a code"),
        ([*PAIRS, "--smallest", "--code", "channel"], "--smallest: a channel is built where"),
        ([*GATES, "--smallest", "--draws", "2"], "--draws goes without --smallest"),
    ],
)
def test_mistakes(superproof: Run, tmp_path: Path, words: list[str], complaint: str) -> None:
    answer = superproof("construct", *words, "--out", tmp_path / "out")
    assert (answer.code, answer.out) == (2, "")
    assert complaint in answer.complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("family", "option", "text", "complaint"),
    [
        ("permutation", "--order", "0 1 x", "line 1: expected input numbers such as '2 0 1'"),
        ("permutation", "--order", "0 1 1", "every number from 0 to 2 must stand in it"),
        ("permutation", "--order", "0 1 3", "every number from 0 to 2 must stand in it"),
        ("permutation", "--order", "0", "give a list of two or more input numbers"),
        ("permutation", "--order", "", "give a list of two or more input numbers"),
        ("circuit", "--circuit", "inputs = ", "not TOML"),
        ("circuit", "--circuit", "inputs = 3", "layers: give a list of gates for every layer"),
        ("circuit", "--circuit", "layers = []", "inputs: give their number"),
        ("circuit", "--circuit", "inputs = 3\nlayers = []", "at least one layer"),
        ("circuit", "--circuit", "inputs = 3\nlayers = [[]]", "layer 0: expected a list of gates"),
        ("circuit", "--circuit", 'inputs = 3\nlayers = [["x0 &"]]', "layer 0, gate 0"),
        ("circuit", "--circuit", 'inputs = 9\nlayers = [["x0"], ["x8"]]', "layer 1, gate 0"),
        ("circuit", "--circuit", "inputs = 3\ngates = 4", "unknown key 'gates'"),
        ("circuit", "--circuit", 'inputs = 2000000\nlayers = [["x0"]]', "up to 1,000,000"),
        ("gates", "--spec", 'inputs = 3\n[outputs]\ny = "x9"', "x9"),
        ("gates", "--spec", 'inputs = 3\noutputs = ["y"]', "a list of names says nothing to check"),
        ("gates", "--spec", 'inputs = 40\n[outputs]\ny = "x9"', "domain all of 40 inputs is too"),
        (
            "gates",
            "--spec",
            'inputs = 3\n[outputs]\ny = "x1"\n[readout]\nthreshold = 1.0',
            "the network reads true above 0; leave [readout] out",
        ),
        (
            "gates",
            "--spec",
            'inputs = 3\nvalues = [-1, 1]\n[outputs]\ny = "x1"',
            "the network is fed 0 and 1; leave values out",
        ),
    ],
)
def test_files(
    superproof: Run, tmp_path: Path, family: str, option: str, text: str, complaint: str
) -> None:
    file = tmp_path / "given"
    file.write_text(text, encoding="utf-8")
    answer = superproof("construct", family, option, file, "--out", tmp_path / "out")
    assert answer.code == 2
    assert complaint in answer.complaint
    assert str(file) in answer.complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["permutation"], "--order"),
        (["circuit"], "--circuit"),
    ],
)
def test_binary_files(superproof: Run, tmp_path: Path, words: list[str], option: str) -> None:
    file = tmp_path / "given"
    file.write_bytes(b"\xff\xfe\x00")
    answer = superproof("construct", *words, option, file, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "not a text file" in answer.complaint


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--spec", "FILE", "--active", "2"], "--active goes with --kind"),
        (["--spec", "FILE", "--inputs", "2"], "--inputs goes with --kind"),
    ],
)
def test_a_specification_says_all(
    superproof: Run, tmp_path: Path, words: list[str], complaint: str
) -> None:
    file = tmp_path / "given.toml"
    file.write_text('inputs = 3\n[outputs]\ny = "x1"', encoding="utf-8")
    given = [str(file) if word == "FILE" else word for word in words]
    answer = superproof("construct", "gates", *given, "--out", tmp_path / "out")
    assert answer.code == 2
    assert complaint in answer.complaint


def test_files_of_others_stay(superproof: Run, tmp_path: Path) -> None:
    def complaint(*words: object) -> str:
        answer = superproof("construct", *words, "--out", tmp_path)
        assert answer.code == 2
        return answer.complaint

    spec = tmp_path / "spec.toml"
    spec.write_text('inputs = 3\n[outputs]\ny = "x1 & x2"', encoding="utf-8")
    before = spec.read_bytes()
    assert "would be written over" in complaint("gates", "--spec", spec)
    assert "holds spec.toml but no report.json" in complaint(*REPRESENTATION)
    assert spec.read_bytes() == before
    spec.unlink()
    (tmp_path / "network.npz").write_bytes(b"mine")
    assert "holds network.npz but no report.json" in complaint(*REPRESENTATION)
    (tmp_path / "network.npz").unlink()
    (tmp_path / "certificate").write_text("mine", encoding="utf-8")
    assert "exists and is no certificate" in complaint(*REPRESENTATION)


def test_an_earlier_construction_is_replaced(superproof: Run, tmp_path: Path) -> None:
    for inputs in (8, 9):
        words = ("representation", "--inputs", inputs, "--no-picture")
        assert superproof("construct", *words, "--out", tmp_path / "out").code == 0
    assert "on all 46 inputs" in superproof("check", tmp_path / "out").out


@pytest.mark.parametrize(
    "words",
    [[*GATES, "--neurons", "3"], [*PERMUTATION, "--neurons", "2"], [*CIRCUIT, "--neurons", "9"]],
)
def test_nothing_found(superproof: Run, tmp_path: Path, words: list[str]) -> None:
    answer = superproof("construct", *words, "--out", tmp_path / "out")
    assert answer.code == 3
    assert answer.complaint.startswith("error: ")
    assert not (tmp_path / "out").exists()
