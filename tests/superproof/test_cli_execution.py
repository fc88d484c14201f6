"""``superproof check --dtype``: what is said about execution, in text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from superproof.verify.network import Network

from .conftest import Run


@pytest.fixture
def tie(tmp_path: Path) -> Path:
    """Twenty-five copies of relu(a + b - 1), averaged with a rounded 1/25."""
    weights = [np.ones((25, 2), np.float32), np.full((1, 25), np.float32(1 / 25))]
    network = Network.from_arrays(weights, [-np.ones(25, np.float32), None])
    folder = tmp_path / "tie"
    folder.mkdir()
    network.save(folder / "network.npz")
    text = 'inputs = ["a", "b"]\n[outputs]\ny0 = "false"\n[readout]\nthreshold = 1.0\n'
    (folder / "spec.toml").write_text(text)
    return folder


def test_float32_is_always_spoken_of(superproof: Run, folder: Path, tie: Path) -> None:
    said = superproof("check", folder).out.splitlines()
    assert "float32: same in every summation order (no sum is ever rounded)" in said
    answer = superproof("check", tie)
    assert answer.code == 0
    (line,) = [line for line in answer.out.splitlines() if line.startswith("float32: ")]
    assert line.startswith("float32: not guaranteed: rounding may move a value by ~")
    assert line.endswith("one is only ~2.24e-8 from its level, at a=1 b=1")


def test_other_types_on_request(superproof: Run, tie: Path) -> None:
    words = ("check", tie, "--dtype", "float64", "--dtype", "bfloat16")
    lines = superproof(*words).out.splitlines()
    assert "float64: same in every summation order (no sum is ever rounded)" in lines
    assert sum(line.startswith("bfloat16: not guaranteed: ") for line in lines) == 1
    data = json.loads(superproof(*words, "--json").out)
    assert list(data["dtypes"]) == ["float32", "float64", "bfloat16"]
    assert data["float32"] == "not guaranteed"
    assert data["float32_input"] == "11"
    assert data["float32_margin"]["exact"] == "3/134217728"
    assert data["dtypes"]["float64"]["statement"] == "same in every summation order"
    assert data["dtypes"]["float64"]["error_bound"]["value"] == 0


@pytest.mark.parametrize("name", ["int8", "", "FLOAT32", "tf32"])
def test_unknown_types_are_refused(superproof: Run, folder: Path, name: str) -> None:
    answer = superproof("check", folder, "--dtype", name)
    assert answer.code == 2
    assert answer.complaint.endswith(
        f"--dtype {name}: unknown number type; use one of float64, float32, bfloat16, float16"
    )


def test_the_option_is_explained(superproof: Run) -> None:
    assert "--dtype" in superproof("check", "--help").out
