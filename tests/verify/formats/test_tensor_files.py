"""``.safetensors`` and ``.npz``: names, orders, types, metadata and what is refused."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from superproof import InputError, Network
from superproof.verify.problem import canonical_network

from ...strategies import networks

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
BOTH = pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
A = np.array([[1, -2, 0.5], [0, 1, 1]], dtype=np.float32)
B = np.array([[2, -1]], dtype=np.float32)
BIAS = np.array([0.5, -1], dtype=np.float32)


def written(folder: Path, suffix: str, tensors: Mapping[str, Any], activations: Any = None) -> Path:
    """A file with the given tensors, written by the libraries themselves."""
    path = folder / f"model{suffix}"
    if suffix == ".npz":
        extra = {} if activations is None else {"activations": np.array(activations)}
        np.savez(path, **tensors, **extra)
    else:
        text = activations if isinstance(activations, str) else json.dumps(activations)
        save_file(dict(tensors), path, None if activations is None else {"activations": text})
    return path


def refused(path: Path, *words: str) -> None:
    """Loading fails with one line that starts with the file and holds the words."""
    with pytest.raises(InputError) as error:
        Network.load(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for word in words:
        assert word in message


@given(st.data())
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_round_trips_are_exact(suffix: str, data: st.DataObject) -> None:
    network = data.draw(networks(wild=True))
    with tempfile.TemporaryDirectory() as folder:
        again = Network.load(network.save(Path(folder) / f"model{suffix}"))
    assert canonical_network(again) == canonical_network(network)
    for before, after in zip(network.layers, again.layers, strict=True):
        assert (after.weight.dtype, after.bias.dtype) == (before.weight.dtype, before.bias.dtype)


@BOTH
@pytest.mark.parametrize("bits", [0x0001, 0x8001, 0x007F, 0x7F7F, 0xFF7F, 0x3F81, 0x0080])
def test_bfloat16_bits(tmp_path: Path, suffix: str, bits: int) -> None:
    weight = np.array([[bits]], dtype=np.uint16).view(BFLOAT16)
    path = Network.from_arrays([weight]).save(tmp_path / f"model{suffix}")
    stored = Network.load(path).layers[0].weight
    assert stored.dtype == BFLOAT16
    assert stored.view(np.uint16).tolist() == [[bits]]


@BOTH
@pytest.mark.parametrize(
    "dtype",
    ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint64", "bool", ">f4"],
)
def test_types_are_kept(tmp_path: Path, suffix: str, dtype: str) -> None:
    weight = np.array([[0, 1, 3]]).astype(dtype)
    path = Network.from_arrays([weight]).save(tmp_path / f"model{suffix}")
    stored = Network.load(path).layers[0].weight
    assert stored.dtype.name == np.dtype(dtype).name
    assert stored.tolist() == weight.tolist()


@BOTH
@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        ([Fraction(1, 2), Fraction(3)], "float32"),
        ([Fraction(1, 2**149), Fraction(1)], "float32"),
        ([Fraction(1, 2**150), Fraction(1)], "float64"),
        ([2**24 + 1, 1], "float64"),
        ([2**62 + 1, -(2**63)], "int64"),
    ],
)
def test_python_numbers(tmp_path: Path, suffix: str, numbers: list[Any], dtype: str) -> None:
    network = Network.from_arrays([np.array([numbers], dtype=object)])
    again = Network.load(network.save(tmp_path / f"model{suffix}"))
    assert again.layers[0].weight.dtype == dtype
    assert canonical_network(again) == canonical_network(network)


@BOTH
@pytest.mark.parametrize("number", [2**63 + 1, Fraction(2**54 + 1, 2), Fraction(1, 2**2000)])
def test_python_numbers_that_no_type_holds(tmp_path: Path, suffix: str, number: Any) -> None:
    path = tmp_path / f"model{suffix}"
    with pytest.raises(InputError, match=r"model\.\w+: tensor '0.weight': .* fits exactly"):
        Network.from_arrays([np.array([[number, 1]], dtype=object)]).save(path)
    assert not path.exists()


@BOTH
@pytest.mark.parametrize(
    "names",
    [
        ("0.weight", "0.bias", "1.weight"),
        ("0.weight", "0.bias", "2.weight"),
        ("2.weight", "2.bias", "10.weight"),
        ("net.0.weight", "net.0.bias", "net.2.weight"),
        ("model.layers.0.weight", "model.layers.0.bias", "model.layers.1.weight"),
        ("0.0.weight", "0.0.bias", "0.2.weight"),
        ("0.4.weight", "0.4.bias", "1.weight"),
        ("block2.9.weight", "block2.9.bias", "block2.11.weight"),
    ],
)
def test_names_and_orders(tmp_path: Path, suffix: str, names: tuple[str, str, str]) -> None:
    tensors = dict(zip(names, (A, BIAS, B), strict=True))
    # the order in the file is not the order of the layers
    network = Network.load(written(tmp_path, suffix, dict(reversed(tensors.items()))))
    assert network.widths == (3, 2, 1)
    assert [layer.activation for layer in network.layers] == ["relu", "identity"]
    assert network.layers[0].bias.tolist() == BIAS.tolist()
    assert network.layers[1].bias.tolist() == [0]
    assert network.layers[1].bias.dtype == np.float32


@BOTH
def test_one_bare_layer(tmp_path: Path, suffix: str) -> None:
    for prefix in ("", "linear."):
        tensors = {f"{prefix}weight": A, f"{prefix}bias": BIAS}
        network = Network.load(written(tmp_path, suffix, tensors))
        assert network.widths == (3, 2)
        assert network.layers[0].activation == "identity"


@BOTH
def test_activations(tmp_path: Path, suffix: str) -> None:
    tensors = {"0.weight": A, "1.weight": B}
    path = written(tmp_path, suffix, tensors, ["step", "relu"])
    assert [layer.activation for layer in Network.load(path).layers] == ["step", "relu"]


def test_activations_separated_by_commas(tmp_path: Path) -> None:
    path = written(tmp_path, ".safetensors", {"0.weight": A, "1.weight": B}, "step, identity")
    assert [layer.activation for layer in Network.load(path).layers] == ["step", "identity"]


def test_other_metadata_is_left_alone(tmp_path: Path) -> None:
    save_file({"0.weight": A}, tmp_path / "model.safetensors", {"format": "pt"})
    assert Network.load(tmp_path / "model.safetensors").widths == (3, 2)


@BOTH
def test_wrong_activations(tmp_path: Path, suffix: str) -> None:
    tensors = {"0.weight": A, "1.weight": B}
    path = written(tmp_path, suffix, tensors, ["relu", "tanh"])
    refused(path, "layer 1: unknown activation 'tanh'", "relu, step, identity")
    refused(written(tmp_path, suffix, tensors, ["relu"]), "1 activations", "2 layers")


def test_activations_that_are_no_list(tmp_path: Path) -> None:
    for text in ('["relu", 3]', '["relu"', "[" * 100_000):
        path = written(tmp_path, ".safetensors", {"0.weight": A}, text)
        refused(path, "metadata activations", '["relu", "identity"]')
    for value in ([1, 2], "relu", [["relu"]]):
        path = written(tmp_path, ".npz", {"0.weight": A}, value)
        refused(path, "'activations' must be a list of names")


@BOTH
@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({}, ("holds no tensors", "0.weight, 0.bias")),
        (
            {"0.weight": A, "1.running_mean": BIAS, "1.num_batches_tracked": BIAS},
            ("'1.running_mean'", "'1.num_batches_tracked'", "not the weight or bias"),
        ),
        ({f"q{i}": A for i in range(5)}, ("'q0', 'q1', 'q2' and 2 more",)),
        ({"0.weights": A}, ("'0.weights'",)),
        ({"fc1.weight": A, "fc2.weight": B}, ("'fc1.weight'", "'fc2.weight'", "one prefix")),
        ({"0.weight": A, "net.1.weight": B}, ("one prefix",)),
        ({"0.weight": A, "00.weight": B}, ("same place",)),
        ({"0.weight": A, "1.bias": BIAS}, ("'1.bias' has no weight",)),
        ({"0.weight": A, "1.weight": BIAS}, ("'1.weight' has shape [2]", "[out, in]")),
        ({"0.weight": A[None]}, ("'0.weight' has shape [1, 2, 3]",)),
        ({"0.weight": A, "0.bias": BIAS[:1]}, ("'0.bias' has shape [1]", "2 rows")),
        ({"0.weight": A, "0.bias": BIAS[None]}, ("'0.bias' has shape [1, 2]",)),
        ({"0.weight": A, "1.weight": A}, ("layer 1", "3 columns", "2 neurons")),
        ({"0.weight": A * np.float32(np.nan)}, ("layer 0 weight: entry [0, 0] is nan",)),
        ({"0.weight": A, "0.bias": BIAS * np.float32(np.inf)}, ("bias: entry [0] is inf",)),
        ({"0.weight": A[:0]}, ("no outputs",)),
    ],
)
def test_refused_tensors(
    tmp_path: Path, suffix: str, tensors: dict[str, np.ndarray], words: tuple[str, ...]
) -> None:
    refused(written(tmp_path, suffix, tensors), *words)


def test_types_that_are_no_weights(tmp_path: Path) -> None:
    eight = np.zeros((1, 2), dtype=ml_dtypes.float8_e4m3fn)
    refused(written(tmp_path, ".safetensors", {"0.weight": eight}), "'0.weight' has type F8_E4M3")
    for array, word in ((A.astype(complex), "complex128"), (np.array([["a"]]), "<U1")):
        refused(written(tmp_path, ".npz", {"0.weight": array}), f"'0.weight' has type {word}")
    raw = written(tmp_path, ".npz", {"0.weight": A.astype(BFLOAT16)})
    refused(raw, "'0.weight' is stored as raw bytes", "save it as float32")


def test_npz_never_unpickles(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    np.savez(path, **{"0.weight": np.array([[print]], dtype=object)})
    refused(path, "pickled Python objects")


def test_npz_that_is_no_archive_of_arrays(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    np.save(tmp_path / "one.npy", A)
    path.write_bytes((tmp_path / "one.npy").read_bytes())
    refused(path, "one bare array", "numpy.savez")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(path, "'readme.txt' in the archive is not a numpy array")
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        content, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 1 << 20)}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.weight.npy", content.getvalue())
    refused(path, "damaged or not an npz file")


def test_npz_bfloat16_list(tmp_path: Path) -> None:
    network = Network.from_arrays([A.astype(BFLOAT16), B])
    with np.load(network.save(tmp_path / "model.npz")) as stored:
        arrays = dict(stored)
    # a reader that knows nothing of the list sees the right numbers
    assert arrays["0.weight"].dtype == np.float32
    assert arrays["0.weight"].tolist() == A.tolist()
    assert arrays["bfloat16"].tolist() == ["0.weight", "0.bias"]
    path = tmp_path / "other.npz"
    np.savez(path, **{**arrays, "bfloat16": np.array(["3.weight"])})
    refused(path, "lists '3.weight', which is not there")
    for values in (A + np.float32(2**-20), A.astype(int), np.full_like(A, np.inf)):
        np.savez(path, **{**arrays, "0.weight": values})
        refused(path, "'0.weight' is listed as bfloat16")


def test_safetensors_booleans_are_normalised(tmp_path: Path) -> None:
    path = written(tmp_path, ".safetensors", {"0.weight": np.array([[True, False]])})
    content = bytearray(path.read_bytes())
    content[-2] = 7
    path.write_bytes(content)
    assert Network.load(path).evaluate([1, 1]).tolist() == [1]


def test_uneven_numbers_need_metadata(tmp_path: Path) -> None:
    eye = np.eye(1, dtype=np.float32)
    tensors = {f"{place}.weight": eye for place in (0, 1, 3)}
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    with pytest.raises(InputError, match="numbered 0, 1, 3, so some have nothing between them"):
        Network.load(path)
    save_file(tensors, path, metadata={"activations": '["identity", "relu", "identity"]'})
    assert [layer.activation for layer in Network.load(path).layers] == [
        "identity",
        "relu",
        "identity",
    ]
