"""Proofs of edits, the reasons of refusals, and the files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from superproof import Network, Specification, check
from superproof.constructions.editing.columns import column_edit
from superproof.constructions.editing.edit import Edit
from superproof.constructions.editing.gate import gate_edit
from superproof.constructions.editing.target import Target
from superproof.verify import recheck
from superproof.verify.errors import InputError
from superproof.verify.problem import Problem

from .exact_networks import exact_network

SPEC = Specification(["a", "b", "c", "d"], {"y0": "a & b | ~c & d", "y1": "~a & c"})
TARGET = Target.parse("y0:0", SPEC)


def test_files_are_complete_and_accepted(tmp_path: Path) -> None:
    edit = column_edit(exact_network(SPEC, 0), TARGET)
    folder = tmp_path / "edited"
    report = edit.prove().write(folder, ".npz")
    names = {"network.npz", "spec.toml", "certificate", "claim-certificate", "report.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert report == json.loads((folder / "report.json").read_text())
    assert (report["status"], report["residual"], report["damage"]) == ("proved", 0, 0)
    # a & b without ~c & d
    assert report["target_inputs"] == 3
    spec = Specification.load(folder / "spec.toml")
    assert str(spec.formulas[0]) == "~c & d"
    network = Network.load(folder / "network.npz")
    assert check(network, spec).holds
    problem = Problem(network, spec).canonical()
    assert "holds" in recheck.recheck(problem, (folder / "certificate").read_bytes())


def test_weights_stay_float32_and_the_proof_is_about_rounded_ones() -> None:
    network = exact_network(SPEC, 1)
    target = Target.parse("y1:0", SPEC)
    edit = gate_edit(network, target)
    assert {str(layer.weight.dtype) for layer in edit.network.layers} == {"float32"}
    wide = gate_edit(exact_network(SPEC, 1, np.float64), target)
    assert {str(layer.weight.dtype) for layer in wide.network.layers} == {"float64"}
    assert edit.prove().proved
    assert wide.prove().proved


def test_an_edit_that_is_not_clean_says_where(tmp_path: Path) -> None:
    before = exact_network(SPEC, 0)
    nothing = Edit("nothing", TARGET, before, before).prove()
    assert not nothing.proved
    assert nothing.reason.startswith(
        "after the edit y0:0 is still computed on 3 inputs, such as 11"
    )
    with pytest.raises(ValueError, match="not proved"):
        nothing.write(tmp_path / "x")
    silent = Network.from_arrays([np.zeros((2, 4), np.float32)])
    judged = Edit("silence", TARGET, before, silent).prove()
    # ~c & d on 4 inputs, ~a & c on 4, never together
    assert judged.reason.startswith("after the edit something else changes on 8 inputs, such as")
    assert judged.report()["status"] == "refused"


def test_a_network_that_is_wrong_before_keeps_its_errors_and_has_one_certificate(
    tmp_path: Path,
) -> None:
    # ~c & d is missing: the gate still takes nothing else away
    before = exact_network(Specification(SPEC.inputs, {"y0": "a & b", "y1": "~a & c"}), 0)
    judged = gate_edit(before, TARGET).prove()
    assert judged.proved
    report = judged.write(tmp_path / "out")
    assert report["computed_before"] is False
    assert report["certificate"]["file"] is None
    assert "not known to compute" in report["certificate"]["reason"]
    assert report["claim_certificate"]["file"] == "claim-certificate"
    # where the network computes something else altogether, that is said
    other = column_edit(
        exact_network(Specification(SPEC.inputs, {"y0": "a", "y1": "b"}), 0), TARGET
    )
    assert "the network before it does not compute its specification" in other.prove().reason


def test_undecided_is_neither_proved_nor_refused() -> None:
    judged = column_edit(exact_network(SPEC, 0), TARGET).prove(engine="z3", timeout=1e-9)
    assert judged.report()["status"] == "unknown"
    assert "time limit" in judged.reason
    silent = dataclasses.replace(
        judged, comparison=dataclasses.replace(judged.comparison, notes=())
    )
    assert silent.reason == "the engine did not decide it"


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    judged = column_edit(exact_network(SPEC, 0), TARGET).prove()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="a file of that name is in the way"):
        judged.write(tmp_path / "file")
    (tmp_path / "spec.toml").write_text("x")
    with pytest.raises(InputError, match=r"holds spec\.toml, which no earlier edit wrote"):
        judged.write(tmp_path)
    folder = tmp_path / "edit"
    judged.write(folder, ".onnx")
    judged.write(folder, ".onnx")  # an earlier edit may be replaced
    with pytest.raises(InputError, match=r"holds network\.onnx already, and this network goes"):
        judged.write(folder, ".npz")
    (folder / "report.json").write_text('{"kind": "other"}')
    with pytest.raises(InputError, match="which no earlier edit wrote"):
        judged.write(folder, ".onnx")
    other = tmp_path / "other"
    other.mkdir()
    (other / "certificate").write_text("x")
    with pytest.raises(InputError, match="is no certificate"):
        judged.write(other)
    below = tmp_path / "file" / "below"
    with pytest.raises(InputError, match="cannot make the folder"):
        judged.write(below)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("y0", "--clause y0: names a whole output; name one of its clauses, such as y0:0"),
        ("y0:2", "--clause y0:2: y0 has 2 clauses, numbered from 0"),
        ("z", "--clause z: write OUTPUT or OUTPUT:CLAUSE; the specification's outputs are y0, y1"),
    ],
)
def test_targets_that_do_not_exist(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as error:
        Target.parse(text, SPEC)
    assert str(error.value) == complaint
