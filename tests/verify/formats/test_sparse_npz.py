"""Sparse layers in ``.npz`` files: what is written, what is read back, and what is refused."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from superproof import InputError, Network
from superproof.verify.problem import canonical_network

WEIGHT = np.array([[0, 0.5, 0], [1, 0, -3]], dtype=np.float32)


@given(st.data())
@settings(deadline=None, max_examples=60)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint64", "bool"])
def test_round_trips_are_exact(dtype: str, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    numbers = st.sampled_from([0, 0, 0, 1, 1, 2, 7]).map(np.dtype(dtype).type)
    weights: list[Any] = []
    for width, fan_in in zip(sizes[1:], sizes, strict=False):
        flat = data.draw(st.lists(numbers, min_size=width * fan_in, max_size=width * fan_in))
        matrix = np.array(flat, dtype=dtype).reshape(width, fan_in)
        weights.append(sparse.csr_array(matrix) if data.draw(st.booleans()) else matrix)
    kinds = data.draw(st.lists(st.sampled_from(["relu", "step"]), min_size=len(weights) - 1))
    kinds = [*kinds[: len(weights) - 1], "identity"]
    network = Network.from_arrays(weights, None, kinds)
    with tempfile.TemporaryDirectory() as folder:
        again = Network.load(network.save(Path(folder) / "model.npz"))
    assert canonical_network(again) == canonical_network(network)
    for before, after in zip(network.layers, again.layers, strict=True):
        assert (after.sparse, after.weight.dtype) == (before.sparse, before.weight.dtype)


def test_the_arrays_of_a_file(tmp_path: Path) -> None:
    network = Network.from_arrays([sparse.csr_array(WEIGHT), np.ones((1, 2))])
    with np.load(network.save(tmp_path / "model.npz")) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    names = {"0.bias", "1.weight", "1.bias", "activations"}
    names |= {f"0.weight.{part}" for part in ("data", "indices", "indptr", "shape")}
    assert set(stored) == names
    assert stored["0.weight.data"].dtype == np.float32
    assert stored["0.weight.data"].tolist() == [0.5, 1, -3]
    assert stored["0.weight.indices"].tolist() == [1, 0, 2]
    assert stored["0.weight.indptr"].tolist() == [0, 1, 3]
    assert stored["0.weight.shape"].tolist() == [2, 3]


def written(folder: Path, **changes: Any) -> Path:
    """A file with one sparse layer whose arrays are changed, added or (None) left out."""
    matrix = sparse.csr_array(WEIGHT)
    arrays = {name: getattr(matrix, name) for name in ("data", "indices", "indptr")}
    arrays["shape"] = np.array(matrix.shape)
    tensors = {f"0.weight.{name}": array for name, array in arrays.items()} | changes
    path = folder / "model.npz"
    kept = {name: np.array(array) for name, array in tensors.items() if array is not None}
    np.savez(path, **kept)
    return path


def test_a_file_of_plain_arrays_is_read(tmp_path: Path) -> None:
    """No bias and no activations, columns out of order, another prefix, 16-bit floats."""
    path = written(
        tmp_path,
        **{
            "0.weight.indices": [1, 2, 0],
            "0.weight.data": np.array([0.5, -3, 1], dtype=np.float16),
        },
    )
    layer = Network.load(path).layers[0]
    assert layer.sparse
    assert np.array_equal(layer.csr.toarray(), WEIGHT)
    assert layer.weight.dtype == np.float32
    with np.load(path) as arrays:
        renamed = {f"net.{name}": arrays[name] for name in arrays.files}
    np.savez(path, **renamed)
    assert np.array_equal(Network.load(path).layers[0].csr.toarray(), WEIGHT)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"0.weight.shape": None}, "the sparse weight '0.weight' lacks '0.weight.shape'"),
        (
            {"0.weight.shape": None, "0.weight.indptr": None},
            "lacks '0.weight.indptr' and '0.weight.shape'",
        ),
        ({"0.weight": WEIGHT}, "'0.weight' is there as a dense and as a sparse weight"),
        ({"0.weight.shape": [2, 3, 1]}, "'0.weight.shape' must be two whole numbers"),
        ({"0.weight.shape": [2.0, 3.0]}, "'0.weight.shape' must be two whole numbers"),
        ({"0.weight.shape": [-2, 3]}, "'0.weight.shape' must be two whole numbers"),
        ({"0.weight.shape": [2, 2]}, "'0.weight': row 1 has an entry in column 2"),
        ({"0.weight.shape": [10**12, 3]}, "'0.weight': indptr has 3 numbers; a weight of 1,000"),
        ({"0.weight.indices": [1, 0, 0]}, "'0.weight': entry [1, 0] is stored twice"),
        ({"0.weight.data": [0.5, np.nan, 1]}, "'0.weight': entry [1, 0] is nan"),
        ({"0.weight.data": ["a", "b", "c"]}, "array '0.weight.data' has type"),
        ({"0.weight.indices": [1.5, 0, 2]}, "'0.weight': indices must be a list of integers"),
        ({"0.bias": [1.0]}, "its weight has 2 rows"),
        ({"0.weight.rows": [1]}, "'0.weight.rows': not the weight or bias of a layer"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(InputError) as error:
        Network.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)
