"""Written ONNX files: exact round trips, the checker, and onnxruntime."""

from __future__ import annotations

import itertools
import tempfile
from fractions import Fraction
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof import InputError, Network
from superproof.verify.problem import canonical_network

from ...strategies import networks

BITS = np.array(list(itertools.product((0, 1), repeat=3)))
FLOATS = ("float64", "float32", "float16", "bfloat16")


def through_file(network: Network) -> Network:
    """The network after a round trip."""
    with tempfile.TemporaryDirectory() as folder:
        return Network.load(network.save(Path(folder) / "model.onnx"))


def run(path: Path, points: np.ndarray) -> np.ndarray:
    """The outputs that onnxruntime computes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": points})[0])


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_round_trips_are_exact(data: st.DataObject) -> None:
    network = data.draw(networks(wild=True))
    arrays = [a for layer in network.layers for a in (layer.weight, layer.bias)]
    if any(a.dtype.kind == "i" and (a != a.astype(float).astype(a.dtype)).any() for a in arrays):
        with pytest.raises(InputError, match="not every value fits exactly"):
            through_file(network)
    else:
        assert canonical_network(through_file(network)) == canonical_network(network)


@pytest.mark.parametrize("dtype", FLOATS)
def test_float_types_are_preserved(dtype: str) -> None:
    numpy_type = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    weights = [np.array([[0.1, -3e-5, 7]]).astype(numpy_type), np.array([[2.5]]).astype(numpy_type)]
    network = Network.from_arrays(weights, [np.array([0.3]).astype(numpy_type)] * 2)
    again = through_file(network)
    for before, after in zip(network.layers, again.layers, strict=True):
        assert after.weight.dtype == after.bias.dtype == numpy_type
        assert after.weight.tobytes() == before.weight.tobytes()
        assert after.bias.tobytes() == before.bias.tobytes()


@pytest.mark.parametrize(
    ("weight", "stored"),
    [
        (np.array([[1, -2, 3]], dtype=np.int8), "float32"),
        (np.array([[1, -2, 2**24 + 1]]), "float64"),
        (np.array([[1, -2, 2**40]]), "float32"),
        (np.array([[Fraction(1, 2), Fraction(-3, 4), Fraction(5)]], dtype=object), "float32"),
        (np.array([[Fraction(1, 2**200), 0, 1]], dtype=object), "float64"),
        (np.array([[True, False, True]]), "float32"),
    ],
)
def test_other_numbers_go_to_the_narrower_float(weight: np.ndarray, stored: str) -> None:
    network = Network.from_arrays([weight])
    again = through_file(network)
    assert again.layers[0].weight.dtype == stored
    assert canonical_network(again) == canonical_network(network)


@pytest.mark.parametrize(
    "weight", [np.array([[2**53 + 1]]), np.array([[Fraction(2**60 + 1, 2**90)]], dtype=object)]
)
def test_numbers_that_no_float_holds(tmp_path: Path, weight: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"model\.onnx: the weights: .* fits exactly"):
        Network.from_arrays([weight]).save(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", ["relu", "step", "identity"])
@pytest.mark.parametrize("last", ["relu", "step", "identity"])
def test_onnxruntime_agrees(tmp_path: Path, dtype: str, hidden: str, last: str) -> None:
    rng = np.random.default_rng(5)
    sizes = (3, 4, 2, 2)
    weights = [
        rng.integers(-3, 4, (rows, columns)).astype(dtype) / 2
        for columns, rows in itertools.pairwise(sizes)
    ]
    biases = [rng.integers(-3, 4, rows).astype(dtype) / 2 for rows in sizes[1:]]
    network = Network.from_arrays(weights, biases, [hidden, hidden, last])
    path = network.save(tmp_path / "model.onnx")
    onnx.checker.check_model(onnx.load(path), full_check=True)
    values = run(path, BITS.astype(dtype))
    assert values.dtype == dtype
    assert values.tolist() == network.evaluate(BITS).astype(float).tolist()


def test_names_shapes_and_versions(tmp_path: Path) -> None:
    network = Network.from_arrays([np.ones((2, 3), np.float32), np.ones((1, 2), np.float32)])
    content = onnx.load(network.save(tmp_path / "model.onnx"))
    assert content.ir_version == 8
    assert [(o.domain, o.version) for o in content.opset_import] == [("", 17)]
    source, target = content.graph.input[0], content.graph.output[0]
    for value, name, size in ((source, "x", 3), (target, "y", 1)):
        dims = value.type.tensor_type.shape.dim
        assert (value.name, dims[0].dim_param, dims[1].dim_value) == (name, "batch", size)
    assert [n.op_type for n in content.graph.node] == ["Gemm", "Relu", "Gemm"]


def test_equal_networks_are_equal_files(tmp_path: Path) -> None:
    network = Network.from_arrays([[[1, 2]], [[3]]], None, ["step", "identity"])
    first = network.save(tmp_path / "a.onnx").read_bytes()
    assert first == network.save(tmp_path / "b.onnx").read_bytes()
