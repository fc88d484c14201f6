"""``superproof unlearn``: what is printed, exit codes, files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from superproof import Network

from .conftest import Run

SPECIFICATION = 'inputs = ["a", "b", "c", "d"]\n[outputs]\ny0 = "a & b | c & d | ~a & ~d & c"\n'


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a network that computes its specification."""
    folder = tmp_path / "model"
    folder.mkdir()
    first = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [-1, 0, 1, -1]], dtype=np.float32)
    network = Network.from_arrays([first, np.full((1, 3), 2, np.float32)], [[-1, -1, 0], [-1]])
    network.save(folder / "network.safetensors")
    (folder / "spec.toml").write_text(SPECIFICATION, encoding="utf-8")
    return folder


def test_proved(superproof: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = superproof("unlearn", model, "--clause", "y0:0", "--method", "column", "--out", out)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "proved: y0:0 (a & b) is gone and nothing else changed, on all 16 inputs"
    rows = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in answer.out.splitlines()}
    assert "literals cut         b" in answer.out
    assert "clauses added again  none" in answer.out
    assert "3 inputs where only y0:0 is true" in answer.out
    assert rows
    assert lines[-1] == f"written to {out}; next: superproof check {out}"
    assert superproof("check", out).code == 0
    assert superproof("recheck", out, out / "certificate").code == 0
    claim = superproof(
        "recheck", model, out / "claim-certificate", "--against", out, "--forgotten", "y0:0"
    )
    assert claim.code == 0
    assert superproof("compare", model, out, "--forgotten", "y0:0").code == 0


@pytest.mark.parametrize("method", ["columns", "gate", "relabel"])
def test_other_methods_as_json(superproof: Run, model: Path, tmp_path: Path, method: str) -> None:
    out = tmp_path / "out"
    words = ["--clause", "y0:1", "--method", method, "--out", out, "--json"]
    answer = superproof("unlearn", model, model / "spec.toml", *words)
    data = json.loads(answer.out)
    if method == "columns":  # ~d is in the third clause
        assert answer.code == 1
        assert data["status"] == "refused"
        assert "~d, the opposite of d" in data["reason"]
        assert not out.exists()
        return
    assert answer.code == 0, answer.out
    assert (data["status"], data["residual"], data["damage"]) == ("proved", 0, 0)
    assert data["folder"] == str(out)
    written = json.loads((out / "report.json").read_text())
    assert written == {key: value for key, value in data.items() if key != "folder"}
    assert superproof("check", out).code == 0


def test_refused(superproof: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = superproof("unlearn", model, "--clause", "y0:1", "--method", "columns", "--out", out)
    assert answer.code == 1
    assert answer.out.startswith("refused: ~d, the opposite of d, occurs in y0:2 (~a & ~d & c)")
    assert answer.out.endswith("; nothing is written\n")
    assert not out.exists()


def test_a_proof_that_fails_is_a_refusal(superproof: Run, model: Path, tmp_path: Path) -> None:
    (model / "spec.toml").write_text(SPECIFICATION.replace("a & b", "a & c"))
    out = tmp_path / "out"
    answer = superproof("unlearn", model, "--clause", "y0:0", "--method", "column", "--out", out)
    assert answer.code == 1
    assert answer.out.startswith("refused: ")
    assert not out.exists()


def test_unknown(superproof: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--clause", "y0:0", "--method", "gate", "--out", out]
    answer = superproof("unlearn", model, *words, "--engine", "z3", "--timeout", "1e-9")
    assert answer.code == 3
    assert answer.out.startswith("unknown: ")
    assert not out.exists()


def test_relabelling_needs_relu(superproof: Run, model: Path, tmp_path: Path) -> None:
    network = Network.load(model / "network.safetensors")
    stepped = Network.from_arrays(
        [layer.weight for layer in network.layers],
        [layer.bias for layer in network.layers],
        ["step", "identity"],
    )
    (model / "network.safetensors").unlink()
    stepped.save(model / "network.npz")
    words = ["--clause", "y0:0", "--method", "relabel", "--out", tmp_path / "out"]
    answer = superproof("unlearn", model, *words)
    assert answer.code == 1
    assert "refused: relabelling trains networks with relu between the layers" in answer.out
    assert "not step, identity" in answer.out


def test_relabelling_that_cannot_end_well_is_refused(superproof: Run, tmp_path: Path) -> None:
    # a & b | c & d without the third clause takes two neurons
    network = Network.from_arrays([np.ones((1, 4), np.float32), np.ones((1, 1), np.float32)])
    network.save(tmp_path / "network.npz")
    text = SPECIFICATION.replace("~a & ~d & c", "a & c")
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    words = ["--clause", "y0:2", "--method", "relabel", "--rounds", "1", "--out", tmp_path / "out"]
    answer = superproof("unlearn", tmp_path, *words)
    assert answer.code == 1
    assert answer.out.startswith("refused: after the edit")
    (tmp_path / "spec.toml").write_text(text + "[readout]\nthreshold = 0.5\n", encoding="utf-8")
    answer = superproof("unlearn", tmp_path, *words)
    assert answer.code == 1
    assert "relabelling trains outputs that are true above 0, not true above 1/2" in answer.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--clause", "y0:7", "--method", "gate"], "error: --clause y0:7: y0 has 3 clauses"),
        (["--clause", "y0", "--method", "gate"], "error: --clause y0: names a whole output"),
        (["--clause", "y0:0", "--method", "erase"], "error: unknown method 'erase'; use one of"),
        (["--clause", "y0:0"], "error: Missing option '--method'"),
    ],
)
def test_bad_input(
    superproof: Run, model: Path, tmp_path: Path, words: list[str], complaint: str
) -> None:
    answer = superproof("unlearn", model, *words, "--out", tmp_path / "out")
    assert answer.code == 2
    assert answer.complaint.startswith(complaint)


def test_the_model_is_never_written_over(superproof: Run, model: Path) -> None:
    answer = superproof("unlearn", model, "--clause", "y0:0", "--method", "gate", "--out", model)
    assert answer.code == 2
    assert "holds network.safetensors, which no earlier edit wrote" in answer.complaint


def test_the_network_that_is_edited_is_not_written_over(
    superproof: Run, model: Path, tmp_path: Path
) -> None:
    first = superproof(
        "unlearn", model, "--clause", "y0:1", "--method", "gate", "--out", tmp_path / "a"
    )
    assert first.code == 0
    again = superproof(
        "unlearn", tmp_path / "a", "--clause", "y0:0", "--method", "gate", "--out", tmp_path / "a"
    )
    assert again.code == 2
    assert again.complaint.endswith("would be written over; name another folder with --out")
