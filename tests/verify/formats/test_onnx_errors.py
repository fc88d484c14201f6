"""Every ONNX file that is refused, with the words that say why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from superproof import InputError, Network

from .onnx_graphs import model, node, read, saved

W = np.array([[1.0, -2.0, 0.5], [0.0, 1.0, 1.0]])
CONSTANTS = {
    "w": W,
    "wt": W.T,
    "b": np.array([1.0, 2.0]),
    "c": np.array([1.0, 2.0, 3.0]),
    "many": np.ones((4, 2)),
    "cube": np.ones((1, 3, 2)),
    "line": np.ones(3),
    "single": W.astype(np.float32),
    "shape": np.array([1, -1]),
    "three": np.array([3, -1]),
    "true": np.array(True),
    "half": np.array(0.5, dtype=np.float32),
    "tenth": np.array(0.1),
}
GEMM = node("Gemm", "x w b", "z", transB=1)
DOUBLE = TensorProto.DOUBLE


def refused(path: Path, content: onnx.ModelProto, *words: str) -> None:
    """Loading fails with one line that starts with the file and holds the words."""
    with pytest.raises(InputError) as error:
        read(path, content)
    message = str(error.value)
    assert message.startswith(f"{path / 'model.onnx'}: ")
    assert "\n" not in message
    for word in words:
        assert word in message


NODES: dict[str, tuple[list[onnx.NodeProto], tuple[str, ...]]] = {
    "unsupported": (
        [GEMM, node("Tanh", "z", "y")],
        ("node 'the_y' (Tanh) is not supported; supported are Gemm, MatMul, Add",),
    ),
    "convolution": ([node("Conv", "x w", "y")], ("node 'the_y' (Conv) is not supported",)),
    "another domain": (
        [node("Gemm", "x w", "y", domain="com.microsoft")],
        ("'com.microsoft'", "supported are"),
    ),
    "sigmoid last": ([GEMM, node("Sigmoid", "z", "y")], ("(Sigmoid): drop it", "z > 0")),
    "softmax last": ([GEMM, node("Softmax", "z", "y")], ("drop it", 'kind = "argmax"')),
    "log-softmax last": ([GEMM, node("LogSoftmax", "z", "y")], ("drop it", 'kind = "argmax"')),
    "argmax last": ([GEMM, node("ArgMax", "z", "y")], ("drop it", 'kind = "argmax"')),
    "sigmoid inside": (
        [GEMM, node("Sigmoid", "z", "h"), node("Relu", "h", "y")],
        ("node 'the_h' (Sigmoid) is not supported",),
    ),
    "branch": (
        [GEMM, node("Relu", "z", "h"), node("Add", "h z", "y")],
        ("node 'the_y' (Add)", "'z' again", "branches"),
    ),
    "both operands": ([GEMM, node("Mul", "z z", "y")], ("'z' twice", "branches")),
    "unknown input": ([GEMM, node("Add", "z q", "y")], ("'q' is not computed",)),
    "out of order": (
        [node("Relu", "z", "y"), GEMM],
        ("node 'the_y' (Relu)", "'z' is not computed by any node before it"),
    ),
    "no input": ([node("Neg", "b", "y")], ("'y' is not computed from 'x'",)),
    "shape arithmetic": (
        [node("Shape", "x", "s"), node("Reshape", "x s", "y")],
        ("(Shape) is not supported",),
    ),
    "constant arithmetic": (
        [node("Exp", "b", "e"), GEMM, node("Add", "z e", "y")],
        ("(Exp): computes a constant", "constants folded"),
    ),
    "rounding cast of a constant": (
        [node("Cast", "tenth", "e", to=TensorProto.FLOAT), node("Cast", "x", "y", to=1)],
        (),
    ),
    "weight of other size": ([node("Gemm", "x w", "y")], ("2 features", "3 arrive")),
    "weight of three dimensions": ([node("MatMul", "x cube", "y")], ("[1, 3, 2]", "2 dimensions")),
    "weight of one dimension": ([node("MatMul", "x line", "y")], ("[3]", "2 dimensions")),
    "sides change": ([node("MatMul", "x wt", "m"), node("MatMul", "w m", "y")], ("batch",)),
    "transposed value": ([node("Gemm", "x w b", "y", transA=1)], ("transposes",)),
    "value as bias": ([node("Gemm", "w wt x", "y")], ("as a bias",)),
    "bias of other size": ([node("Gemm", "x w c", "y", transB=1)], ("[3]", "2 features")),
    "bias a row": ([GEMM, node("Add", "z many", "y")], ("[4, 2]", "2 features")),
    "bias of many dimensions": ([GEMM, node("Add", "z cube", "y")], ("[1, 3, 2]",)),
    "mixed types": ([node("Gemm", "x single", "y", transB=1)], ("'single' is float32", "double")),
    "rounding cast": (
        [GEMM, node("Cast", "z", "y", to=TensorProto.FLOAT)],
        ("casts double to float, which rounds",),
    ),
    "truncating cast": ([GEMM, node("Cast", "z", "y", to=TensorProto.INT64)], ("double to int64",)),
    "cast to bool": ([GEMM, node("Cast", "z", "y", to=TensorProto.BOOL)], ("double to bool",)),
    "cast to text": ([GEMM, node("Cast", "z", "y", to=TensorProto.STRING)], ("to string",)),
    "cast to nothing": ([GEMM, node("Cast", "z", "y", to=99)], ("to 99",)),
    "cast of wrong type": ([GEMM, node("Cast", "z", "y", to=1.5)], ("'to' has the wrong type",)),
    "bool arithmetic": (
        [GEMM, node("Greater", "z b", "g"), node("Relu", "g", "y")],
        ("(Relu): works on bool; add a Cast",),
    ),
    "not of a float": ([GEMM, node("Not", "z", "y")], ("works on double, not on Booleans",)),
    "dropout in training": ([node("Dropout", "x half true", "y")], ("training", "model.eval()")),
    "dropout of the ratio": ([node("Dropout", "half x", "y")], ("training",)),
    "flatten with the batch": ([node("Flatten", "x", "y", axis=0)], ("axis 0", "batch")),
    "flatten beyond": ([node("Flatten", "x", "y", axis=2)], ("axis 2", "batch")),
    "reshape of the batch": ([node("Reshape", "x shape", "y")], ("[1, -1]", "use Flatten")),
    "reshape that mixes": ([node("Reshape", "x three", "y")], ("[3, -1]", "use Flatten")),
    "reshape of the shape": ([node("Reshape", "shape x", "y")], ("needs a constant shape",)),
    "too many inputs": ([node("Relu", "x b", "y")], ("wrong number of inputs",)),
    "too few inputs": ([node("Add", "x", "y")], ("wrong number of inputs",)),
    "four inputs": ([node("Gemm", "x w b b", "y")], ("wrong number of inputs",)),
    "nothing to do": ([node("Identity", "x", "y")], ("no layer",)),
    "constant without value": ([node("Constant", "", "k"), node("Add", "x k", "y")], ("no dense",)),
    "constant of text": (
        [node("Constant", "", "k", value_string="a"), node("Add", "x k", "y")],
        ("(Constant): holds no dense tensor",),
    ),
    "reshaped constant": (
        [node("Reshape", "w shape3", "k"), node("Add", "x k", "y")],
        ("do not fit together",),
    ),
}
CONSTANTS["shape3"] = np.array([4, 4])


@pytest.mark.parametrize("name", [n for n, (_, words) in NODES.items() if words])
def test_nodes(tmp_path: Path, name: str) -> None:
    nodes, words = NODES[name]
    refused(tmp_path, model(nodes, CONSTANTS), *words)


def test_a_constant_that_a_cast_would_round(tmp_path: Path) -> None:
    nodes = [
        node("Cast", "tenth", "t", to=TensorProto.FLOAT),
        node("Add", "x t", "y"),
    ]
    refused(tmp_path, model(nodes, CONSTANTS, dtype="float32"), "node 'the_t' (Cast)", "round it")


def test_nodes_without_a_name_are_named_by_their_output(tmp_path: Path) -> None:
    nameless = helper.make_node("Tanh", ["x"], ["y"])
    refused(tmp_path, model([nameless]), "node 'y' (Tanh)")


@pytest.mark.parametrize("shape", [["batch", 1, 3], ["batch", 3, 1, 1]])
def test_unflattened_inputs(tmp_path: Path, shape: list[Any]) -> None:
    for first in (node("MatMul", "x wt", "y"), node("Relu", "x", "y"), node("Add", "x c", "y")):
        refused(tmp_path, model([first], CONSTANTS, shape=shape), "dimensions; flatten the input")


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        (["batch", 1, 3], [-1, 4]),
        (["batch", None, 3], [-1, 3]),
        (["batch", 2, 3], [-1, 3]),
        (["batch", 2, 3], [0, 3]),
        (["batch", 2, 3], [-1]),
        (["batch", 2, 3], [-1, -1]),
        ([2, 3], [-1]),
        ([2, 3], [3, 2]),
        ([2, 3], [3, -1]),
        ([2, 3], [1, 2, 3]),
        ([3], [3, 1]),
        ([3], [-1, 1]),
    ],
)
def test_reshapes_that_do_more_than_flatten(
    tmp_path: Path, shape: list[Any], target: list[int]
) -> None:
    content = model([node("Reshape", "x s", "y")], {"s": np.array(target)}, shape=shape)
    refused(tmp_path, content, "node 'the_y' (Reshape)", "use Flatten")


def test_flattening_a_vector_or_a_stack(tmp_path: Path) -> None:
    refused(tmp_path, model([node("Flatten", "x", "y")], shape=[3]), "axis 1", "batch")
    stack = model([node("Flatten", "x", "y", axis=2)], shape=["batch", 2, 3])
    refused(tmp_path, stack, "axis 2", "batch")
    refused(tmp_path, model([node("Gemm", "x w", "y", transB=1)], CONSTANTS, shape=[3]), "[batch,")
    refused(tmp_path, model([node("Relu", "x", "y")], shape=[]), "'x' is one number")


@pytest.mark.parametrize("kind", ["Relu", "Sign", "Add", "Greater"])
def test_features_of_unknown_number(tmp_path: Path, kind: str) -> None:
    inputs = "x" if kind in ("Relu", "Sign") else "x c"
    for shape in (None, ["batch", "features"]):
        content = model([node(kind, inputs, "y")], CONSTANTS, shape=shape)
        refused(tmp_path, content, "number of features is not stated", "fixed number")


def test_identity_weights_have_a_limit(tmp_path: Path) -> None:
    content = model([node("Relu", "x", "y")], shape=["batch", 1 << 40])
    refused(tmp_path, content, "identity weight for 1099511627776 features")


def test_unsigned_arithmetic(tmp_path: Path) -> None:
    content = model([node("Sub", "x k", "y")], {"k": np.array(1, dtype=np.uint8)}, dtype="uint8")
    refused(tmp_path, content, "uint8, which wraps around", "Cast")


def test_integers_beyond_a_float(tmp_path: Path) -> None:
    nodes = [
        node("Gemm", "x k", "z", transB=1),
        node("Cast", "z", "y", to=TensorProto.FLOAT),
    ]
    content = model(nodes, {"k": np.array([[1, 2, 3]])}, dtype="int64", out="float32")
    refused(tmp_path, content, "casts int64 to float")


def test_several_inputs_or_outputs(tmp_path: Path) -> None:
    content = model([GEMM, node("Relu", "z", "y")], CONSTANTS)
    content.graph.input.append(helper.make_tensor_value_info("mask", DOUBLE, [None, 3]))
    refused(tmp_path, content, "one input, not 2 ('x', 'mask')")
    content = model([GEMM, node("Relu", "z", "y")], CONSTANTS)
    content.graph.output.append(helper.make_tensor_value_info("z", DOUBLE, None))
    refused(tmp_path, content, "one output, not 2 ('y', 'z')")
    del content.graph.output[:]
    refused(tmp_path, content, "one output, not 0 (none)")


def test_inputs_that_are_not_numbers(tmp_path: Path) -> None:
    content = model([node("Relu", "x", "y")])
    content.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING
    refused(tmp_path, content, "input 'x' has element type string")
    content.graph.input[0].ClearField("type")
    refused(tmp_path, content, "input 'x' has element type undefined")


def test_opsets(tmp_path: Path) -> None:
    content = model([node("Relu", "x", "y")], opset=6)
    refused(tmp_path, content, "version 6", "onnx.version_converter")
    del content.opset_import[:]
    refused(tmp_path, content, "names no version")


def test_damaged_graphs(tmp_path: Path) -> None:
    refused(tmp_path, model([GEMM], CONSTANTS), "'y' is not computed")
    twice = model([GEMM, node("Relu", "x", "z"), node("Relu", "z", "y")], CONSTANTS)
    refused(tmp_path, twice, "two nodes compute 'z'")
    empty = model([node("Relu", "x", "y")])
    del empty.graph.node[:]
    refused(tmp_path, empty, "no graph with nodes")
    refused(tmp_path, onnx.ModelProto(ir_version=8), "no graph with nodes")


def test_sparse_initializers(tmp_path: Path) -> None:
    content = model([GEMM, node("Relu", "z", "y")], CONSTANTS)
    values = numpy_helper.from_array(np.array([1.0]), "s")
    indices = numpy_helper.from_array(np.array([0]))
    content.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [3]))
    refused(tmp_path, content, "sparse initializers")


@pytest.mark.parametrize("element", [TensorProto.STRING, TensorProto.FLOAT8E4M3FN, 77])
def test_tensors_of_other_types(tmp_path: Path, element: int) -> None:
    content = model([node("Add", "x k", "y")])
    content.graph.initializer.append(TensorProto(name="k", data_type=element, dims=[3]))
    refused(tmp_path, content, "tensor 'k' has element type")


def test_tensors_of_wrong_size(tmp_path: Path) -> None:
    cases = [
        {"dims": [2], "raw_data": b"\0" * 15},
        {"dims": [2], "raw_data": b"\0" * 24},
        {"dims": [2], "double_data": [1.0]},
        {"dims": [1 << 40], "double_data": [1.0]},
        {"dims": [1 << 40, 1 << 40], "raw_data": b""},
    ]
    for fields in cases:
        content = model([node("Add", "x k", "y")])
        content.graph.initializer.append(TensorProto(name="k", data_type=DOUBLE, **fields))
        refused(tmp_path, content, "tensor 'k' does not hold", "damaged")
    content.graph.initializer[0].dims[:] = [-3]
    refused(tmp_path, content, "negative dimension")


def test_numbers_outside_their_type(tmp_path: Path) -> None:
    content = model([node("Add", "x k", "y")])
    tensor = TensorProto(name="k", data_type=TensorProto.INT8, dims=[1], int32_data=[300])
    content.graph.initializer.append(tensor)
    refused(tmp_path, content, "tensor 'k' does not hold")


def external(tmp_path: Path, **fields: str) -> onnx.ModelProto:
    """A model whose only weight lies in another file."""
    content = model([node("Gemm", "x k", "y", transB=1)])
    tensor = TensorProto(name="k", data_type=DOUBLE, dims=[1, 3])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in fields.items():
        tensor.external_data.add(key=key, value=value)
    content.graph.initializer.append(tensor)
    return content


def test_external_data_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(24))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.bin").symlink_to(secret)
    (folder / "inner").symlink_to(tmp_path)
    for place in ("../secret.bin", str(secret), "link.bin", "inner/secret.bin", "", "a\0b"):
        with pytest.raises(InputError, match=r"tensor 'k'"):
            read(folder, external(folder, location=place))
    refused(folder, external(folder, location="../secret.bin"), "outside the model's folder")
    refused(folder, external(folder, location="missing.bin"), "'missing.bin' is missing")


def test_external_data_of_wrong_size(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(np.array([1.0, 2.0, 3.0, 4.0]).tobytes())
    good = external(tmp_path, location="data.bin", offset="8", length="24")
    assert read(tmp_path, good).layers[0].weight.tolist() == [[2.0, 3.0, 4.0]]
    for fields in ({"offset": "16"}, {"offset": "z"}, {"length": "8"}):
        content = external(tmp_path, location="data.bin", **fields)
        refused(tmp_path, content, "tensor 'k' does not hold")
    before = external(tmp_path, location="data.bin", offset="-8")
    refused(tmp_path, before, "'data.bin' cannot be read")


def test_names_with_line_breaks_stay_on_one_line(tmp_path: Path) -> None:
    odd = helper.make_node("Tanh", ["x"], ["y"], name="a\nb\u2028c" + "d" * 500)
    with pytest.raises(InputError) as error:
        Network.load(saved(tmp_path, model([odd])))
    assert len(str(error.value).splitlines()) == 1
    assert re.search(r"node 'a b cd+' \(Tanh\)", str(error.value))
