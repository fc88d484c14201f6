"""ONNX graphs with more roundings than layers: nothing is guaranteed for their execution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from superproof.verify.check import check
from superproof.verify.network import Network
from superproof.verify.specification import Specification

W, B, C = np.float32([[1, 1]]), np.float32([-0.5]), np.float32([0.1])


def read(path: Path, steps: list[tuple[str, np.ndarray | None, dict]]) -> Network:
    """A chain of nodes on two inputs, each with a constant as its second operand."""
    nodes, constants, flow = [], [], "x"
    for number, (kind, constant, attributes) in enumerate(steps):
        names = [flow]
        if constant is not None:
            name = f"c{number}"
            constants.append(numpy_helper.from_array(constant, name))
            names.append(name)
        flow = f"v{number}"
        nodes.append(helper.make_node(kind, names, [flow], **attributes))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info(flow, TensorProto.FLOAT, ["n", 1])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(model, path)
    return Network.load(path)


MATMUL = ("MatMul", W.T.copy(), {})


@pytest.mark.parametrize(
    ("steps", "merged"),
    [
        ([MATMUL, ("Add", B, {})], False),
        ([("Gemm", W, {"transB": 1}), ("Relu", None, {})], False),
        ([MATMUL, ("Sub", B, {}), ("Neg", None, {})], False),
        ([MATMUL, ("Add", B, {}), ("Add", C, {})], True),
        ([MATMUL, ("Mul", C, {}), ("Add", B, {})], True),
        ([MATMUL, ("Add", B, {}), ("Mul", C, {})], True),
        ([("Gemm", W, {"transB": 1, "alpha": 0.5})], True),
        ([("Mul", np.float32([2, 2]), {}), ("Sub", np.float32([1, 1]), {}), MATMUL], False),
    ],
)
def test_only_merged_graphs_are_left_open(tmp_path: Path, steps: list, merged: bool) -> None:
    network = read(tmp_path / "model.onnx", steps)
    assert network.merged is merged
    (execution,) = check(network, Specification(2, ["x0"], readout=40)).executions
    assert execution.guaranteed is not merged
    if merged:
        assert "several affine steps" in execution.reason
