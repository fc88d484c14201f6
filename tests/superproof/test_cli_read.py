"""``superproof read``: what is printed, exit codes, files, and input that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from superproof import Network
from superproof.verify.specification import Specification

from .conftest import Run

#: a & b, ~c & d, and nothing else.
FIRST = np.array([[1, 1, 0, 0], [0, 0, -1, 1]], dtype=np.float32)
SPECIFICATION = 'inputs = ["a", "b", "c", "d"]\n[outputs]\nout = "a & b | ~c & d"\n'


@pytest.fixture
def model(tmp_path: Path) -> Path:
    network = Network.from_arrays([FIRST, [[1.0, 1.0]]], [[-1.0, 0.0], [-0.5]])
    return network.save(tmp_path / "net.npz")


def test_a_formula_with_its_table_and_proof(superproof: Run, model: Path) -> None:
    answer = superproof("read", model)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "y0 = x0 & x1 | ~x2 & x3"
    assert lines[1] == "DNF, decided exactly; the decode alone was right"
    assert "clause" in lines[3]
    assert lines[5].split() == ["0", "x0", "&", "x1", "0", "1", "1.00", "inf", "0"]
    assert "complete: accepted by the independent checker: holds" in answer.out
    assert "1 exact question, " in answer.out
    assert "neuron 1 is active exactly where ~x2 & x3" in answer.out


def test_names_and_agreement_with_a_specification(
    superproof: Run, model: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPECIFICATION, encoding="utf-8")
    answer = superproof("read", model, spec)
    assert answer.code == 0
    assert answer.out.startswith("out = a & b | ~c & d\n")
    assert "; equal to the specification's formula" in answer.out
    spec.write_text(SPECIFICATION.replace("a & b", "a & d"), encoding="utf-8")
    answer = superproof("read", model, spec, "--json")
    assert answer.code == 0
    data = json.loads(answer.out)
    assert data["complete"] is True
    assert data["formula"] == {"out": "a & b | ~c & d"}
    assert data["outputs"]["out"]["as_specified"] is False
    wrong = data["outputs"]["out"]["exceptions"]
    # a & b & ~d reads true, twice; a & ~b & c & d does not
    assert (wrong["violations"], wrong["given"], wrong["complete"]) == (3, True, True)
    assert sum(cube["inputs"] for cube in data["exceptions"]["out"]) == 3


def test_the_folder_can_be_rechecked(superproof: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = superproof("read", model, "--out", out)
    assert answer.code == 0
    names = {path.name for path in out.iterdir()}
    assert {"formula.toml", "certificate", "reading.json", "y0_weights.svg"} <= names
    assert {"y0_weights.png", "y0_overlaps.svg", "y0_overlaps.png"} <= names
    assert "clause" in (out / "y0_overlaps.svg").read_text(encoding="utf-8")
    checked = superproof("recheck", model, out / "formula.toml", out / "certificate")
    assert checked.code == 0
    assert checked.out.startswith("accepted: holds")
    # another network does not compute it
    other = Network.from_arrays([FIRST, [[1.0, 1.0]]], [[-1.0, 0.0], [-1.5]])
    wrong = superproof(
        "recheck", other.save(tmp_path / "b.npz"), out / "formula.toml", out / "certificate"
    )
    assert wrong.code == 1
    # the folder of an earlier reading is written again
    assert superproof("read", model, "--out", out).code == 0
    assert json.loads((out / "reading.json").read_text(encoding="utf-8"))["complete"] is True


def test_a_folder_with_a_specification(superproof: Run, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "problem"
    folder.mkdir()
    Network.load(model).save(folder / "network.npz")
    assert superproof("read", folder).out.startswith("y0 = x0 & x1")
    (folder / "spec.toml").write_text(SPECIFICATION, encoding="utf-8")
    assert superproof("read", folder).out.startswith("out = a & b")


def test_errors_are_listed_exactly(superproof: Run, model: Path, tmp_path: Path) -> None:
    # with no room for a formula the intended one is described
    spec = tmp_path / "spec.toml"
    spec.write_text(SPECIFICATION.replace("a & b", "a & b & c"), encoding="utf-8")
    answer = superproof("read", model, spec, "--clauses", 1, "--out", tmp_path / "out")
    assert answer.code == 0
    assert answer.out.startswith("out, intended (as specified): a & b & c | ~c & d\n")
    assert "it fails on exactly 1 input" in answer.out
    assert "a & b & ~c & ~d" in answer.out
    assert (tmp_path / "out" / "out_exceptions.svg").is_file()
    out = tmp_path / "out"
    assert superproof("recheck", model, out / "formula.toml", out / "certificate").code == 0


def test_stacked_layers_are_printed(superproof: Run, tmp_path: Path) -> None:
    pairs = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    network = Network.from_arrays([pairs, [[-1.0, -1.0]], [[-1.0]]], [[-1, -1], [1], [0.5]])
    answer = superproof("read", network.save(tmp_path / "deep.npz"))
    assert answer.code == 0
    assert answer.out.startswith("layer 0, every unit 0 or 1:\n  h0_0 = x0 & x1\n")
    assert "\ny0 = x0 & x1 | x2 & x3\nlayer by layer, decided exactly\n" in answer.out, answer.out


def test_unknown_has_its_own_code(superproof: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    wide = Network.from_arrays(
        [rng.normal(size=(40, 30)), rng.normal(size=(1, 40))], [rng.normal(size=40), [0.0]]
    )
    out = tmp_path / "out"
    answer = superproof(
        "read", wide.save(tmp_path / "wide.npz"), "--clauses", 3, "--timeout", 1, "--out", out
    )
    assert answer.code == 3
    assert "intended (a guess from the clauses)" in answer.out
    assert "the search ended before it had listed more than" in answer.out
    assert "unknown: more than 3 clauses" in answer.out
    assert not (out / "certificate").exists()
    assert not (out / "formula.toml").exists()


def test_bad_input_is_one_line(superproof: Run, model: Path, tmp_path: Path) -> None:
    missing = superproof("read", tmp_path / "none.npz")
    assert (missing.code, missing.complaint.endswith("no such model file")) == (2, True)
    spec = tmp_path / "spec.toml"
    spec.write_text('inputs = ["a"]\noutputs = ["y"]\n', encoding="utf-8")
    unfit = superproof("read", model, spec)
    assert unfit.code == 2
    assert "the network has 4 inputs, but the specification names 1" in unfit.complaint
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "other").write_text("x", encoding="utf-8")
    full = superproof("read", model, "--out", tmp_path / "full")
    assert full.code == 2
    assert full.complaint.endswith("the folder holds other files; name a new one")
    file = superproof("read", model, "--out", model)
    assert file.complaint.endswith("it is a file; name a folder")
    assert superproof("read", model, "--clauses", 0).code == 2
    assert superproof("read", model, "--timeout", 0).complaint.endswith(
        "timeout must be positive, not 0.0"
    )


def test_a_list_of_names_is_enough(superproof: Run, model: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(
        'inputs = ["a", "b", "c", "d"]\noutputs = ["y"]\ndomain = "at most 2"\n', encoding="utf-8"
    )
    answer = superproof("read", model, spec, "--json")
    assert answer.code == 0
    formula = json.loads(answer.out)["formula"]["y"]
    read = Specification(["a", "b", "c", "d"], {"y": formula}, domain="at most 2")
    points = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0]])
    assert read.expected(points)[:, 0].tolist() == [True, False, True, False]


def test_with_two_levels_no_side_is_claimed_that_was_not_proved(
    superproof: Run, tmp_path: Path
) -> None:
    # a + b: 2 is true, 0 is false, and 1 is neither
    network = Network.from_arrays([np.eye(2), [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    model = network.save(tmp_path / "net.npz")
    spec = tmp_path / "spec.toml"
    text = 'inputs = ["a", "b"]\nreadout = { true_at_least = 2, false_at_most = 0 }\n'
    spec.write_text(text + '[outputs]\ny = "a"\n', encoding="utf-8")
    answer = superproof("read", model, spec, "--json")
    assert answer.code == 3
    data = json.loads(answer.out)
    assert data["formula"] == {"y": None}
    cubes = {cube["cube"]: cube for cube in data["exceptions"]["y"]}
    assert {text: (cube["reads"], cube["expected"]) for text, cube in cubes.items()} == {
        "a & ~b": (None, True),
        "~a & b": (None, False),
    }
    assert data["outputs"]["y"]["exceptions"]["reads_false"] is None
    shown = superproof("read", model, spec)
    assert "not true" in shown.out
    assert "not false" in shown.out
    assert "not read true on" in shown.out
    # where every input reads one way the sides are known, once the whole is proved
    text = text.replace("true_at_least = 2", "true_at_least = 1")
    spec.write_text(text + '[outputs]\ny = "a"\n', encoding="utf-8")
    answer = superproof("read", model, spec, "--clauses", 1, "--json")
    assert answer.code == 0
    (cube,) = json.loads(answer.out)["exceptions"]["y"]
    assert (cube["cube"], cube["reads"], cube["expected"]) == ("~a & b", True, False)


def test_a_formula_of_an_earlier_reading_does_not_stay(
    superproof: Run, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert superproof("read", model, "--out", out).code == 0
    spec = tmp_path / "spec.toml"
    text = 'inputs = ["a", "b", "c", "d"]\nreadout = { true_at_least = 2, false_at_most = -2 }\n'
    spec.write_text(text + 'outputs = ["y"]\n', encoding="utf-8")
    assert superproof("read", model, spec, "--out", out).code == 3
    assert not (out / "formula.toml").exists()
    assert not (out / "certificate").exists()


def test_an_interrupt_ends_the_reading(
    superproof: Run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("superproof.verify.engines.tree.Tree.decide", stop)
        answer = superproof("read", model)
    assert (answer.code, answer.out, answer.complaint) == (130, "", "interrupted")
    monkeypatch.setattr("superproof.verify.certificate.certify", stop)
    answer = superproof("read", model)
    assert answer.code == 130
    assert "incomplete: decided by the engine, but not certified: interrupted" in answer.out


def test_an_intended_formula_may_be_constant(superproof: Run, model: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPECIFICATION.replace("a & b | ~c & d", "true"), encoding="utf-8")
    answer = superproof("read", model, spec, "--clauses", 1)
    assert answer.code == 0
    assert answer.out.startswith("out, intended (as specified): true\n")
    assert "it fails on exactly 9 inputs" in answer.out


def test_a_right_specification_is_called_right_where_no_plain_formula_was_found(
    superproof: Run, model: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPECIFICATION, encoding="utf-8")
    answer = superproof("read", model, spec, "--clauses", 1, "--json")
    assert answer.code == 0
    found = json.loads(answer.out)["outputs"]["out"]
    assert (found["kind"], found["exceptions"]["violations"]) == ("exceptions", 0)
    assert found["as_specified"] is True
    assert "it fails on no input\n" in superproof("read", model, spec, "--clauses", 1).out
