"""``superproof expand`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from superproof import Network, Specification
from superproof.empirics.expansion.expand import nonzeros
from superproof.empirics.expansion.masked_networks import fresh_classifier

from .conftest import Run

pytest.importorskip("torch")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return fresh_classifier(8, [5, 4], 3, 0).save(tmp_path / "mlp.onnx")


def test_a_network_is_expanded_with_equal_budget(
    superproof: Run, model: Path, tmp_path: Path
) -> None:
    answer = superproof("expand", model, "--factor", 2, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "the split does not keep what the network computes" in " ".join(answer.out.split())
    found = Network.load(tmp_path / "out" / "network.onnx")
    assert [layer.width for layer in found.layers] == [10, 4, 3]
    assert nonzeros(found) == nonzeros(Network.load(model))
    masks = np.load(tmp_path / "out" / "masks.npz")
    assert ((found.layers[0].weight != 0) == masks["0.weight"]).all()
    assert masks["0.parent"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["budget"] == report["dense"]["nonzeros"] == report["expanded"]["nonzeros"]


def test_data_are_trained_on(superproof: Run, model: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 120)
    np.save(tmp_path / "x.npy", np.eye(8)[classes] * 3 + rng.standard_normal((120, 8)))
    np.save(tmp_path / "y.npy", classes)
    answer = superproof(
        "expand", model, "--split", "gram", "--layer", 0, "--layer", 1, "--data",
        tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--steps", 150, "--device", "cpu",
        "--learning-rate", 0.02, "--out", tmp_path / "out", "--json",
    )  # fmt: skip
    assert answer.code == 0
    report = json.loads(answer.out)
    assert report["expanded"]["accuracy"] > 0.8
    assert report["expanded"]["neurons"] == [10, 8]
    found = Network.load(tmp_path / "out" / "network.onnx")
    assert nonzeros(found) <= report["budget"]
    assert (tmp_path / "out" / "dense.onnx").exists()


def test_clauses_of_a_specification_and_its_verdict(superproof: Run, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    spec = Specification(4, {"y0": "x0 & x1 | x2 & ~x3"})
    spec.save(folder / "spec.toml")
    weight = np.array([[1.0, 1, 0, 0], [0, 0, 1, -1]])
    right = Network.from_arrays([weight, np.ones((1, 2))], [np.array([-1.0, 0]), np.zeros(1)])
    right.save(folder / "network.onnx")
    answer = superproof("expand", folder, "--split", "clause", "--out", tmp_path / "out", "--json")
    assert answer.code == 0
    report = json.loads(answer.out)
    assert report["dense"]["status"] == "holds"
    assert report["dense"]["violations"] == 0
    masks = np.load(tmp_path / "out" / "masks.npz")["0.weight"]
    # one child has the whole clause of its parent, its sibling nothing
    assert sorted(masks.sum(axis=1).tolist()) == sorted([0, 2, 0, 2]) or report["excess"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--split", "half"], "unknown split 'half'; use one of"),
        (["--factor", "1"], "the factor must lie between 2 and the 8 inputs of a neuron, not 1"),
        (["--layer", "2"], "layer 2 is not a hidden one; they are numbered from 0 to 1"),
        (["--split", "clause"], "--split clause reads the clauses of a specification"),
        (["--data", "x.npy"], "give both --data and --labels, or neither"),
        (["--data", "x.npy", "--labels", "y.npy"], "x.npy: no such file"),
    ],
)
def test_mistakes_are_one_line(
    superproof: Run, model: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    answer = superproof("expand", model, *words, "--out", tmp_path / "out")
    assert answer.code == 2
    assert message in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way(superproof: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    answer = superproof("expand", model, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "a file is in the way; name a folder" in answer.err


def test_metrics_of_both_networks_are_of_the_layer_that_was_split(
    superproof: Run, model: Path, tmp_path: Path
) -> None:
    answer = superproof("expand", model, "--layer", 1, "--out", tmp_path / "out", "--json")
    assert answer.code == 0
    weight = Network.load(model).layers[1].weight.astype(np.float64)
    gram = weight.T @ weight
    assert json.loads(answer.out)["dense"]["feature_capacity"] == pytest.approx(
        (np.diag(gram) ** 2 / (gram**2).sum(axis=1)).mean()
    )


def test_files_of_others_are_not_written_over(superproof: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    Network.load(model).save(out / "network.onnx")
    before = (out / "network.onnx").read_bytes()
    answer = superproof("expand", model, "--out", out)
    assert answer.code == 2
    assert "holds network.onnx, which no earlier expansion wrote" in answer.complaint
    answer = superproof("expand", out, "--out", out)
    assert answer.code == 2
    assert "would be written over; name another folder with --out" in answer.complaint
    assert (out / "network.onnx").read_bytes() == before
    (out / "network.onnx").unlink()
    for _ in range(2):  # an earlier expansion is replaced
        assert superproof("expand", model, "--out", out).code == 0


@pytest.mark.parametrize(
    ("points", "classes", "message"),
    [
        (np.zeros((0, 8)), np.zeros(0, dtype=int), "there are no points to divide"),
        (np.zeros((4, 8)), np.zeros(4, dtype=complex), "the classes must be finite numbers"),
    ],
)
def test_arrays_that_are_no_data(
    superproof: Run,
    model: Path,
    tmp_path: Path,
    points: np.ndarray,
    classes: np.ndarray,
    message: str,
) -> None:
    np.save(tmp_path / "x.npy", points)
    np.save(tmp_path / "y.npy", classes)
    answer = superproof(
        "expand", model, "--data", tmp_path / "x.npy", "--labels", tmp_path / "y.npy",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert answer.code == 2
    assert message in answer.complaint
