"""Commands on sparse networks and families, small and too large to be made dense."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from superproof import Network, Specification
from superproof.verify.family import Family

from .conftest import Run


def saved(folder: Path, outputs: int, wrong: int = 0) -> Path:
    """A problem folder: output j is x_j & x_(j+1), computed by neuron j.

    The last ``wrong`` neurons see x0 as well.
    """
    rows = np.concatenate([np.repeat(np.arange(outputs), 2), np.arange(outputs - wrong, outputs)])
    members = np.stack([np.arange(outputs), np.arange(1, outputs + 1)], axis=1)
    columns = np.concatenate([members.ravel(), np.zeros(wrong, dtype=int)])
    ones = np.ones(len(rows), dtype=np.float32)
    weight = sparse.coo_array((ones, (rows, columns)), shape=(outputs, outputs + 1))
    bias = np.full(outputs, -1, dtype=np.float32)
    one = sparse.eye_array(outputs, dtype=np.float32)
    Network.from_arrays([weight, one], [bias, None]).save(folder / "network.npz")
    specification = Specification(outputs + 1, family=Family("and", members), domain="at most 3")
    specification.save(folder / "spec.toml")
    return folder


def test_a_small_problem_folder(superproof: Run, tmp_path: Path) -> None:
    folder = saved(tmp_path, 5)
    answer = superproof("check", folder)
    assert answer.code == 0
    assert "x0 & x1" in answer.out
    answer = superproof("check", saved(tmp_path, 5, wrong=1), "--count", "--json")
    assert answer.code == 1
    assert json.loads(answer.out)["violations_by_output"]["y4"] > 0


def test_info_counts_nonzeros(superproof: Run, tmp_path: Path) -> None:
    folder = saved(tmp_path, 5)
    rows = [" ".join(line.split()) for line in superproof("info", folder).out.splitlines()]
    assert "0 6 to 5 relu float32 1 bit x 2^0 1 bit x 2^0 66.7% 10" in rows
    assert "1 5 to 5 identity float32 1 bit x 2^0 all zero 80% 5" in rows
    layer = json.loads(superproof("info", folder, "--json").out)["layers"][0]
    assert (layer["sparse"], layer["weights"], layer["zero_weights"]) == (True, 30, 20)


def test_what_cannot_be_made_dense(superproof: Run, tmp_path: Path) -> None:
    folder = saved(tmp_path, 5000)
    info = superproof("info", folder)
    assert info.code == 0
    assert "'auto' tries sparse" in info.out
    assert "99.98%" in info.out
    answer = superproof("check", folder, "--engine", "tree")
    assert answer.code == 2
    assert "5,000 x 5,001 is too large to be made dense" in answer.complaint
    assert superproof("check", folder).code == 0


@pytest.mark.parametrize("wrong", [0, 30])
def test_many_outputs_print_few_lines(superproof: Run, tmp_path: Path, wrong: int) -> None:
    answer = superproof("check", saved(tmp_path, 3000, wrong))
    assert answer.code == (1 if wrong else 0)
    assert len(answer.out.splitlines()) < 60
    assert "3,000 outputs, y0 to y2999: " in answer.out


def test_the_export_is_compact(superproof: Run, tmp_path: Path) -> None:
    data = json.loads(superproof("export", saved(tmp_path, 5)).out)
    assert data["specification"]["family"]["members"][4] == [4, 5]
    assert "formulas" not in data["specification"]
    assert data["network"]["layers"][0]["weight"]["indptr"] == [0, 2, 4, 6, 8, 10]


def test_missing_members(superproof: Run, tmp_path: Path) -> None:
    folder = saved(tmp_path, 5)
    (folder / "spec.members.npz").unlink()
    answer = superproof("check", folder)
    assert answer.code == 2
    assert f"spec.toml: family: there is no file {folder / 'spec.members.npz'}" in answer.complaint
