"""``superproof construct`` for every family: from the command to a certificate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from superproof.cli.construct import FAMILIES
from superproof.verify.network import Network
from superproof.verify.specification import Specification

from .conftest import Answer, Run

FILES = {"network.onnx", "spec.toml", "certificate", "report.json", "picture.png"}
#: Of the formulas that the tests build: an input and a threshold of another name each.
GATES = """\
inputs = ["lamp", "door", "rain", "night"]
domain = "at most 3"
[outputs]
alarm = "door & night"
wet = "rain & ~door"
some = "lamp | door | rain"
most = "majority(lamp, door, night)"
odd = "lamp ^ night"
"""
CIRCUIT = """\
inputs = 6
layers = [["x0 & x1", "x1 & x2", "x3 | x4", "x5"], ["x0 & x2", "x1 ^ x3"]]
"""


def whole(superproof: Run, folder: Path, *words: object) -> Answer:
    """Build, check and recheck; the answer of the first."""
    answer = superproof("construct", *words, "--out", folder)
    assert answer.code == 0, answer.err
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    needed = {"kind", "inputs", "outputs", "active", "neurons", "weight_bits", "total_bits"}
    assert needed <= set(report)
    assert report["total_bits"] == sum(matrix["bits"] for matrix in report["matrices"])
    checked = superproof("check", folder, "--json")
    assert checked.code == 0, checked.err
    verdict = json.loads(checked.out)
    assert (verdict["status"], verdict["sha256"]) == ("holds", report["sha256"])
    again = superproof("recheck", folder, folder / "certificate")
    assert (again.code, again.out[:15]) == (0, "accepted: holds")
    assert f"superproof recheck {folder}" in answer.out
    return answer


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("permutation", "--inputs", 12), "a permutation of 12 inputs (random), at most 2 active"),
        (("permutation", "--inputs", 8, "--method", "closed-form"), "form, closed-form)"),
        (("permutation", "--inputs", 8, "--method", "one-bit"), "form, one-bit)"),
        (("permutation", "--inputs", 8, "--neurons", 12, "--bits", 9), "as asked for"),
        (("representation", "--inputs", 30), "30 inputs, compressed and read"),
        (("representation", "--inputs", 30, "--code", "polynomials"), "fixed, free"),
        (("gates", "--kind", "xor2", "--inputs", 7, "--active", 2), "7 xor2 gates of 7 inputs"),
        (("gates", "--kind", "and4", "--inputs", 7, "--active", 4), "7 and4 gates of 7 inputs"),
        (("circuit", "--inputs", 8, "--gates", 10), "(random triangles), at most 3 active"),
        (("circuit", "--inputs", 6, "--scope", "all", "--activation", "step"), "few features"),
        (("pairwise-and", "--inputs", 12, "--code", "polynomials"), "the same for every pair"),
    ],
)
def test_end_to_end(superproof: Run, tmp_path: Path, words: tuple[object, ...], says: str) -> None:
    assert says in whole(superproof, tmp_path / "out", *words).out
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files - {"network.npz", "spec.members.npz"} >= FILES - {"network.onnx"}


def test_every_family_is_listed_with_one_whole_line(superproof: Run) -> None:
    answer = superproof("construct", "--help")
    assert answer.code == 0
    listed = answer.out.split("Commands:")[1].strip().splitlines()
    assert [line.split()[0] for line in listed] == list(FAMILIES)
    assert not any(line.endswith("...") for line in listed)


def test_a_family_has_only_its_own_options(superproof: Run) -> None:
    pages = {name: superproof("construct", name, "--help").out for name in FAMILIES}
    for name, page in pages.items():
        assert page.startswith(f"Usage: superproof construct {name} [OPTIONS]\n")
    for option, owners in {
        "--edges": {"pairwise-and", "channel", "attention"},
        "--spec": {"gates"},
        "--order": {"permutation"},
        "--layers": {"circuit"},
        "--smallest": set(FAMILIES),
    }.items():
        assert {name for name, page in pages.items() if option in page} == owners


def test_no_family_shows_the_help(superproof: Run) -> None:
    answer = superproof("construct")
    assert answer.code == 2
    assert "representation" in answer.out


def test_a_permutation_from_a_file(superproof: Run, tmp_path: Path) -> None:
    file = tmp_path / "order.txt"
    file.write_text("2 0, 1  # first three\n5\n3 4\n", encoding="utf-8")
    answer = whole(superproof, tmp_path / "out", "permutation", "--order", file)
    # a long path is broken over lines
    assert str(file) in "".join(answer.out.split())
    network = Network.load(tmp_path / "out" / "network.onnx")
    for output, own in enumerate([2, 0, 1, 5, 3, 4]):
        values = network.evaluate(np.eye(6, dtype=np.uint8)[own])
        assert [value > 0 for value in values] == [j == output for j in range(6)]


def test_a_specification_keeps_its_names_and_domain(superproof: Run, tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text(GATES, encoding="utf-8")
    whole(superproof, tmp_path / "out", "gates", "--spec", file)
    wanted, written = Specification.load(file), Specification.load(tmp_path / "out" / "spec.toml")
    assert written.canonical() == wanted.canonical()
    assert written.domain.canonical() == wanted.domain.canonical()
    # a domain that is more than a number of ones
    text = GATES.replace('"at most 3"', '{ at_most = 3, where = "~(rain & night)" }')
    file.write_text(text, encoding="utf-8")
    answer = whole(superproof, tmp_path / "more", "gates", "--spec", file)
    assert "on the domain" in answer.out


def test_a_circuit_from_a_file(superproof: Run, tmp_path: Path) -> None:
    file = tmp_path / "circuit.toml"
    file.write_text(CIRCUIT, encoding="utf-8")
    answer = whole(superproof, tmp_path / "out", "circuit", "--circuit", file)
    assert "6 -> 4 -> 2 features" in answer.out
    formulas = Specification.load(tmp_path / "out" / "spec.toml").formulas
    assert [str(formula) for formula in formulas] == [
        "(x0 & x1) & (x3 | x4)",
        "x1 & x2 ^ x5",
    ]


def test_ones_of_codewords(superproof: Run, tmp_path: Path) -> None:
    words = ("circuit", "--inputs", 6, "--layers", 1, "--active", 2, "--ones", 2, "--ones", 3)
    assert "2, 3 ones, by layer" in whole(superproof, tmp_path / "out", *words).out


def test_json_has_what_the_file_has(superproof: Run, tmp_path: Path) -> None:
    words = ("representation", "--inputs", 9, "--json", "--no-picture")
    answer = superproof("construct", *words, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    written = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert json.loads(answer.out) == written | {"folder": str(tmp_path / "out")}
    assert not (tmp_path / "out" / "picture.png").exists()


def test_large_ones_have_a_criterion_for_a_certificate(superproof: Run, tmp_path: Path) -> None:
    words = ("representation", "--inputs", 100, "--no-picture")
    answer = whole(superproof, tmp_path / "out", *words)
    assert "criterion, " in answer.out
    first = (tmp_path / "out" / "certificate").read_bytes()
    assert first.startswith(b"superproof-linear-1\n")
    # check writes the same
    proof = tmp_path / "proof"
    assert superproof("check", tmp_path / "out", "--certificate", proof).code == 0
    assert proof.read_bytes() == first
    # but accepts it for no other domain
    spec = tmp_path / "out" / "spec.toml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("at most 2", "at most 3"))
    answer = superproof("recheck", tmp_path / "out", proof)
    assert (answer.code, answer.out.count("\n")) == (1, 1)
    assert "another domain" in answer.out
