"""Small ONNX graphs put together by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from superproof import Network

TYPES = {
    "float64": TensorProto.DOUBLE,
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
}


def node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    """A node named after its output; ``inputs`` are separated by spaces, ``-`` is left out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(kind, names, [output], name=f"the_{output}", **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, Any] | None = None,
    shape: Sequence[Any] | None = ("batch", 3),
    dtype: str = "float64",
    out: str = "float64",
    opset: int = 17,
) -> onnx.ModelProto:
    """A model from ``x`` to ``y``; constants become float64 where they have no type."""
    tensors = [
        numpy_helper.from_array(
            value if isinstance(value, np.ndarray) else np.array(value, dtype=np.float64), name
        )
        for name, value in (constants or {}).items()
    ]
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", TYPES[dtype], shape)],
        [helper.make_tensor_value_info("y", TYPES[out], None)],
        tensors,
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def saved(path: Path, content: onnx.ModelProto) -> Path:
    """Write a model as ``model.onnx`` in a folder."""
    file = path / "model.onnx"
    file.write_bytes(content.SerializeToString())
    return file


def read(path: Path, content: onnx.ModelProto) -> Network:
    """The network that a model file holds."""
    return Network.load(saved(path, content))
