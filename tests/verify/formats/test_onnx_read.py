"""ONNX graphs against onnx's own reference evaluator, on numbers that floats add exactly."""

from __future__ import annotations

import itertools
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from superproof import Network

from .onnx_graphs import model, node, read, saved

POINTS = np.array(list(itertools.product((-1.5, 0.0, 1.0), repeat=3)))
W = np.array([[1.0, -2.0, 0.5], [0.0, 1.0, 1.0]])
B = np.array([0.5, -1.0])
V = np.array([[2.0, -1.0]])


def agrees(network: Network, content: onnx.ModelProto, points: np.ndarray = POINTS) -> None:
    """The exact network and the reference evaluator agree, value for value."""
    expected = np.asarray(ReferenceEvaluator(content).run(None, {"x": points})[0], dtype=float)
    exact = network.evaluate(points.astype(float).reshape(-1, network.input_size))
    assert exact.reshape(-1).tolist() == [Fraction(v) for v in expected.reshape(-1).tolist()]


COMPARISONS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual")
GEMM = node("Gemm", "x w b", "z", transB=1)
DOUBLE = TensorProto.DOUBLE
CHAINS: dict[str, tuple[list[onnx.NodeProto], dict[str, Any]]] = {
    "gemm": ([node("Gemm", "x w b", "y", transB=1)], {}),
    "gemm without transB": ([node("Gemm", "x wt b", "y")], {}),
    "gemm without bias": ([node("Gemm", "x w", "y", transB=1)], {}),
    "gemm with an empty bias name": ([node("Gemm", "x w -", "y", transB=1)], {}),
    "gemm with a row bias": ([node("Gemm", "x w row", "y", transB=1)], {"row": B[None]}),
    "gemm with a scalar bias": ([node("Gemm", "x w s", "y", transB=1)], {"s": 0.25}),
    "gemm alpha beta": ([node("Gemm", "x w b", "y", transB=1, alpha=0.5, beta=-3.0)], {}),
    "gemm beta zero": ([node("Gemm", "x w b", "y", transB=1, beta=0.0)], {}),
    "matmul": ([node("MatMul", "x wt", "y")], {}),
    "matmul add": ([node("MatMul", "x wt", "m"), node("Add", "m b", "y")], {}),
    "add constant first": ([node("MatMul", "x wt", "m"), node("Add", "b m", "y")], {}),
    "two linear": ([GEMM, node("Gemm", "z v", "y", transB=1)], {}),
    "sub": ([GEMM, node("Sub", "z b", "y")], {}),
    "sub from constant": ([GEMM, node("Sub", "b z", "y")], {}),
    "sub from constant, then relu": ([GEMM, node("Sub", "b z", "d"), node("Relu", "d", "y")], {}),
    "mul": ([GEMM, node("Mul", "z b", "y")], {}),
    "mul scalar on input": ([node("Mul", "two x", "m"), node("MatMul", "m wt", "y")], {"two": 2}),
    "neg": ([GEMM, node("Neg", "z", "n"), node("Relu", "n", "y")], {}),
    "neg of the input": ([node("Neg", "x", "n"), node("MatMul", "n wt", "y")], {}),
    "relu": ([GEMM, node("Relu", "z", "h"), node("Gemm", "h v", "y", transB=1)], {}),
    "relu of the input": ([node("Relu", "x", "y")], {}),
    "relu of relu": ([GEMM, node("Relu", "z", "h"), node("Relu", "h", "y")], {}),
    "relu, neg, relu": (
        [node("Relu", "x", "h"), node("Neg", "h", "n"), node("Relu", "n", "y")],
        {},
    ),
    "shift of the input": ([node("Sub", "x half", "m"), node("Relu", "m", "y")], {"half": [0.5]}),
    "sign": ([GEMM, node("Sign", "z", "y")], {}),
    "sign of the input": ([node("Sign", "x", "y")], {}),
    "sign, then linear": ([GEMM, node("Sign", "z", "s"), node("Gemm", "s v", "y", transB=1)], {}),
    "sign, add, relu": (
        [GEMM, node("Sign", "z", "s"), node("Add", "s b", "a"), node("Relu", "a", "y")],
        {},
    ),
    "sign of sign": ([GEMM, node("Sign", "z", "s"), node("Sign", "s", "y")], {}),
    "identity and dropout": (
        [node("Identity", "x", "i"), node("Dropout", "i", "d"), node("MatMul", "d wt", "y")],
        {},
    ),
    "flatten": ([node("Flatten", "x", "f"), node("MatMul", "f wt", "y")], {}),
    "reshape": (
        [node("Reshape", "x shape", "f"), node("MatMul", "f wt", "y")],
        {"shape": np.array([-1, 3])},
    ),
    "reshape that copies": (
        [node("Reshape", "x shape", "f"), node("MatMul", "f wt", "y")],
        {"shape": np.array([0, -1])},
    ),
    "constant node": (
        [
            node("Constant", "", "c", value_floats=[1.0, 2.0]),
            node("Cast", "c", "d", to=DOUBLE),
            GEMM,
            node("Add", "z d", "y"),
        ],
        {},
    ),
    "folded weight": (
        [
            node("Transpose", "w", "t"),
            node("Identity", "t", "i"),
            node("Neg", "i", "n"),
            node("MatMul", "x n", "y"),
        ],
        {},
    ),
    "unsqueezed bias": (
        [GEMM, node("Unsqueeze", "b axes", "u"), node("Add", "z u", "y")],
        {"axes": np.array([0])},
    ),
    "dead node": ([GEMM, node("Tanh", "z", "unused"), node("Relu", "z", "y")], {}),
    "not": (
        [
            node("Greater", "x zero", "g"),
            node("Not", "g", "n"),
            node("Cast", "n", "c", to=DOUBLE),
            node("MatMul", "c wt", "y"),
        ],
        {"zero": 0.0},
    ),
    "casts around a comparison": (
        [
            GEMM,
            node("Greater", "z b", "g"),
            node("Cast", "g", "i", to=TensorProto.INT32),
            node("Cast", "i", "c", to=DOUBLE),
            node("Gemm", "c v", "y", transB=1),
        ],
        {},
    ),
    **{
        f"{kind}, constant {side}, {after}": (
            [
                GEMM,
                node(kind, "z b" if side == "right" else "b z", "g"),
                node("Cast", "g", "c" if after == "linear" else "y", to=DOUBLE),
                *([node("Gemm", "c v s", "y", transB=1)] if after == "linear" else []),
            ],
            {"s": 0.5},
        )
        for kind in COMPARISONS
        for side in ("left", "right")
        for after in ("end", "linear")
    },
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains(tmp_path: Path, name: str) -> None:
    nodes, constants = CHAINS[name]
    content = model(nodes, {"w": W, "wt": W.T, "b": B, "v": V, **constants})
    agrees(read(tmp_path, content), content)


@pytest.mark.parametrize("kind", COMPARISONS)
def test_a_comparison_may_be_the_output(tmp_path: Path, kind: str) -> None:
    content = model([GEMM, node(kind, "z zero", "y")], {"w": W, "b": B, "zero": 0}, out="bool")
    agrees(read(tmp_path, content), content)


def test_comparisons_are_layers(tmp_path: Path) -> None:
    weak = node("GreaterOrEqual", "z c", "g"), node("Cast", "g", "y", to=DOUBLE)
    network = read(tmp_path, model([GEMM, *weak], {"w": W, "b": B, "c": [0.25, 0.5]}))
    assert [layer.activation for layer in network.layers] == ["step", "identity"]
    assert network.layers[0].weight.tolist() == (-W).tolist()
    assert network.layers[0].bias.tolist() == [0.25 - 0.5, 0.5 + 1.0]
    assert network.layers[1].weight.tolist() == [[-1, 0], [0, -1]]
    assert network.layers[1].bias.tolist() == [1, 1]


def test_a_following_product_takes_the_complement_in(tmp_path: Path) -> None:
    nodes = [
        GEMM,
        node("GreaterOrEqual", "z c", "g"),
        node("Cast", "g", "h", to=DOUBLE),
        node("Gemm", "h v", "y", transB=1),
    ]
    network = read(tmp_path, model(nodes, {"w": W, "b": B, "c": 0.0, "v": V}))
    assert network.widths == (3, 2, 1)
    assert network.layers[1].weight.tolist() == (-V).tolist()
    assert network.layers[1].bias.tolist() == [1.0]


def test_sums_that_float32_would_round_stay_exact(tmp_path: Path) -> None:
    big, small = np.float32(2**24), np.float32(1)
    constants = {
        "w": np.ones((1, 3), dtype=np.float32),
        "b": np.array([big]),
        "c": np.array([small]),
    }
    nodes = [GEMM, node("Add", "z c", "y")]
    network = read(tmp_path, model(nodes, constants, dtype="float32", out="float32"))
    assert network.evaluate([0, 0, 0]).tolist() == [2**24 + 1]
    tiny = {"w": np.ones((1, 3)), "b": np.array([1.0]), "c": np.array([2.0**-1074])}
    network = read(tmp_path, model(nodes, tiny))
    assert network.evaluate([0, 0, 0]).tolist() == [1 + Fraction(1, 2**1074)]
    assert network.layers[0].bias.dtype == object


def test_alpha_is_multiplied_exactly(tmp_path: Path) -> None:
    weight = np.array([[np.pi, 1e300, 5e-324]])
    nodes = [node("Gemm", "x w b", "y", transB=1, alpha=0.1, beta=1e30)]
    network = read(tmp_path, model(nodes, {"w": weight, "b": [3.0]}))
    alpha, beta = Fraction(float(np.float32(0.1))), Fraction(float(np.float32(1e30)))
    exact = network.evaluate(np.eye(3, dtype=int))[:, 0].tolist()
    assert exact == [alpha * Fraction(float(w)) + 3 * beta for w in weight[0]]


def test_infinite_and_nan_weights(tmp_path: Path) -> None:
    from superproof import InputError

    for bad in (np.inf, -np.inf, np.nan):
        for constants in ({"w": [[1, bad, 0]], "b": [0]}, {"w": [[1, 1, 0]], "b": [bad]}):
            with pytest.raises(InputError, match=r"model\.onnx: .*entry"):
                read(tmp_path, model([node("Gemm", "x w b", "y", transB=1)], constants))


@pytest.mark.parametrize(
    ("shape", "nodes"),
    [
        (["batch", 3], [node("MatMul", "x wt", "y")]),
        ([1, 3], [node("MatMul", "x wt", "y")]),
        ([9, 3], [node("MatMul", "x wt", "y")]),
        (None, [node("MatMul", "x wt", "y")]),
        ([None, None], [node("MatMul", "x wt", "y")]),
        ([3], [node("MatMul", "x wt", "y")]),
        ([3], [node("MatMul", "w x", "m"), node("Add", "m b", "y")]),
        ([3, 1], [node("MatMul", "w x", "m"), node("Add", "m column", "y")]),
        ([3, "batch"], [node("Gemm", "w x column", "h"), node("Relu", "h", "y")]),
        ([3, "batch"], [node("Gemm", "wt x", "h", transA=1), node("MatMul", "v h", "y")]),
        ([1, 1, 3], [node("Flatten", "x", "f"), node("MatMul", "f wt", "y")]),
        ([1, 3, 1, 1], [node("Flatten", "x", "f"), node("MatMul", "f wt", "y")]),
        ([3], [node("Flatten", "x", "f", axis=0), node("MatMul", "f wt", "y")]),
        ([1, 3], [node("Flatten", "x", "f", axis=-1), node("MatMul", "f wt", "y")]),
        ([1, 3], [node("Reshape", "x flat", "f"), node("MatMul", "f wt", "y")]),
        (["batch", 1, 3], [node("Reshape", "x rows", "f"), node("MatMul", "f wt", "y")]),
        (["batch", 1, 3], [node("Reshape", "x rest", "f"), node("MatMul", "f wt", "y")]),
        ([1, 3], [node("Add", "x x3", "s"), node("MatMul", "s wt", "y")]),
        ([3], [node("Add", "x x3", "s"), node("MatMul", "s wt", "y")]),
    ],
)
def test_input_shapes(tmp_path: Path, shape: Any, nodes: list[onnx.NodeProto]) -> None:
    constants = {
        "w": W,
        "wt": W.T,
        "b": B,
        "v": V,
        "column": B[:, None],
        "flat": np.array([-1]),
        "rows": np.array([0, -1]),
        "rest": np.array([-1, 3]),
        "x3": np.array([[1.0, 2.0, 3.0]]),
    }
    content = model(nodes, constants, shape=shape)
    network = read(tmp_path, content)
    # stated sizes are kept, and the batch is one point
    dims = [d if isinstance(d, int) and d != 9 else 1 for d in shape or (1, 3)]
    if shape == [None, None]:
        dims = [1, 3]
    for point in POINTS[::4]:
        agrees(network, content, point.reshape(dims))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_float_types_are_kept(tmp_path: Path, dtype: str) -> None:
    weight = np.array([[0.1, -1e-7, 3]]).astype(dtype)
    content = model([node("Gemm", "x w", "y", transB=1)], {"w": weight}, dtype=dtype, out=dtype)
    network = read(tmp_path, content)
    assert network.layers[0].weight.dtype == dtype
    assert network.layers[0].weight.tobytes() == weight.tobytes()


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_types_in_both_fields(tmp_path: Path, dtype: str, raw: bool) -> None:
    numpy_type = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else np.float16)
    element = TensorProto.BFLOAT16 if dtype == "bfloat16" else TensorProto.FLOAT16
    bits = np.array([[0x3F80, 0x8001, 0x0001]], dtype=np.uint16)
    tensor = TensorProto(name="w", data_type=element, dims=[1, 3])
    if raw:
        tensor.raw_data = bits.tobytes()
    else:
        tensor.int32_data.extend(bits[0].tolist())
    content = model([node("MatMul", "x w", "y")])
    del content.graph.node[:]
    content.graph.node.append(node("Gemm", "x w", "y", transB=1))
    content.graph.initializer.append(tensor)
    content.graph.input[0].type.tensor_type.elem_type = element
    stored = read(tmp_path, content).layers[0].weight
    assert stored.dtype == numpy_type
    assert stored.view(np.uint16).tolist() == bits.tolist()


def test_typed_fields_of_all_types(tmp_path: Path) -> None:
    for element, numbers in (
        (TensorProto.FLOAT, [0.5, -1.0, 2.0]),
        (TensorProto.DOUBLE, [0.5, -1.0, 2.0]),
        (TensorProto.INT32, [-5, 0, 7]),
        (TensorProto.INT64, [-5, 0, 2**40]),
    ):
        content = model([node("Gemm", "x w", "y", transB=1)])
        tensor = helper.make_tensor("w", element, [1, 3], numbers)
        content.graph.initializer.append(tensor)
        content.graph.input[0].type.tensor_type.elem_type = element
        assert read(tmp_path, content).layers[0].weight.tolist() == [numbers]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64"])
def test_whole_number_inputs_are_cast(tmp_path: Path, dtype: str) -> None:
    nodes = [node("Cast", "x", "f", to=DOUBLE), node("MatMul", "f wt", "y")]
    content = model(nodes, {"wt": W.T}, dtype=dtype)
    points = np.array(list(itertools.product((0, 1), repeat=3)), dtype=dtype)
    agrees(read(tmp_path, content), content, points)


def test_a_widening_cast_is_exact(tmp_path: Path) -> None:
    nodes = [
        node("Gemm", "x w", "z", transB=1),
        node("Cast", "z", "c", to=DOUBLE),
        node("Add", "c b", "y"),
    ]
    network = read(tmp_path, model(nodes, {"w": W.astype(np.float32), "b": B}, dtype="float32"))
    assert network.evaluate([1, 1, 1]).tolist() == [0, 1]


def test_external_data_beside_the_model(tmp_path: Path) -> None:
    content = model([node("Gemm", "x w b", "y", transB=1)], {"w": W, "b": B})
    onnx.save(
        content,
        tmp_path / "big.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    network = Network.load(tmp_path / "big.onnx")
    assert network.layers[0].weight.tolist() == W.tolist()
    assert network.layers[0].bias.tolist() == B.tolist()


def test_initializers_may_be_listed_as_inputs(tmp_path: Path) -> None:
    content = model([node("Gemm", "x w", "y", transB=1)], {"w": W})
    content.graph.input.append(helper.make_tensor_value_info("w", DOUBLE, [2, 3]))
    agrees(read(tmp_path, content), content)


_small = st.integers(-4, 4).map(lambda k: k / 2)


@st.composite
def chains(draw: st.DrawFn) -> onnx.ModelProto:
    """Chains of up to eight random nodes over three features."""
    nodes, constants = [], {}
    value, boolean = "x", False
    kinds = ("Gemm", "MatMul", "Add", "Sub", "Mul", "Neg", "Relu", "Sign", "Identity", *COMPARISONS)
    for index in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(("Not", "Cast", "Cast") if boolean else kinds))
        out, constant = f"v{index}", f"c{index}"
        size = 9 if kind in ("Gemm", "MatMul") else draw(st.sampled_from((1, 3)))
        numbers = np.array(draw(st.lists(_small, min_size=size, max_size=size)))
        inputs = f"{value} {constant}"
        attributes: dict[str, Any] = {}
        if kind in ("Neg", "Relu", "Sign", "Identity", "Not", "Cast"):
            inputs = value
            attributes = {"to": DOUBLE} if kind == "Cast" else {}
        elif size == 9:
            constants[constant] = numbers.reshape(3, 3)
            if kind == "Gemm":
                attributes = {"transB": draw(st.integers(0, 1)), "alpha": draw(_small)}
        else:
            constants[constant] = numbers
            inputs = draw(st.sampled_from((inputs, f"{constant} {value}")))
        nodes.append(node(kind, inputs, out, **attributes))
        value, boolean = out, kind in COMPARISONS or kind == "Not"
    nodes.append(node("Identity" if boolean else "Relu", value, "y"))
    return model(nodes, constants, out="bool" if boolean else "float64")


@given(chains())
@settings(max_examples=300, deadline=None)
def test_random_chains(content: onnx.ModelProto) -> None:
    with tempfile.TemporaryDirectory() as folder:
        saved(Path(folder), content)
        agrees(Network.load(Path(folder) / "model.onnx"), content, POINTS[::2])
