"""Networks in ``.onnx`` files: chains of Gemm or MatMul, ReLU and comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from ..errors import InputError
from ..network import Network
from .onnx_chain import Chain
from .onnx_constants import TYPES, Constants, type_name
from .onnx_nodes import NodeReader
from .storage import exact_as, is_float, network_float

#: Version of the operators that are written; read from 7 on, where Add began to broadcast.
OPSET = 17
#: Version of the container that is written: old enough for every current runtime.
IR_VERSION = 8
_OLDEST_OPSET = 7


def read_onnx(path: Path) -> Network:
    """The exact rational function of the stored weights of a chain-shaped graph.

    Comparisons become step layers: ``Greater(z, c)`` is step(z - c), ``GreaterOrEqual`` its
    complement from the other side, ``Sign`` a difference of two. Sums and products that the
    stored type would round (``alpha``, a constant added to a bias) are kept exactly.

    Raises:
        InputError: a damaged file, a graph that branches or has several inputs or outputs, or
            a node with no exact counterpart; the message names the node.
    """
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except Exception:  # protobuf's error classes differ between its versions
        raise InputError("damaged, truncated or not an ONNX file") from None
    graph = model.graph
    if not graph.node:
        raise InputError("holds no graph with nodes; damaged or not an ONNX file")
    _require_opset(model)
    constants = Constants(graph, path.parent)
    if graph.sparse_initializer:
        raise InputError("sparse initializers are not supported; store dense weights")
    source = _single([i for i in graph.input if i.name not in constants], "input")
    target = _single(list(graph.output), "output")
    nodes = _needed(graph, target.name)
    reader = NodeReader(
        _start(source, nodes, constants), constants, source.name, _element_type(source)
    )
    for node in nodes:
        try:
            reader.read(node, last=target.name in node.output)
        except InputError as error:
            text = str(error)
            joint = " " if text.startswith("is ") else ": "
            raise InputError(f"{_shown(node)}{joint}{text}") from None
    if reader.flow != target.name:
        raise InputError(f"the output '{target.name}' is not computed from '{source.name}'")
    return reader.chain.network()


def onnx_bytes(network: Network) -> bytes:
    """The file's content: Gemm, then Relu or Greater and Cast, a layer.

    The input is ``x`` of shape [batch, inputs], the output ``y``. The float type is the
    network's own; integers, mixed types and Fractions go to float32 or float64, whichever
    holds every value. Raises InputError when neither does.
    """
    dtype = network_float(network)
    element_type = next(key for key, value in TYPES.items() if value == dtype)
    nodes, tensors = [], []
    value = "x"
    for index, layer in enumerate(network.layers):
        final = "y" if index == len(network.layers) - 1 else f"h{index}"
        names = [f"{index}.weight", f"{index}.bias"]
        arrays = zip(names, (layer.weight, layer.bias), strict=True)
        tensors += [_tensor(name, array, dtype, element_type) for name, array in arrays]
        z = final if layer.activation == "identity" else f"z{index}"
        nodes.append(helper.make_node("Gemm", [value, *names], [z], name=f"gemm{index}", transB=1))
        if layer.activation == "relu":
            nodes.append(helper.make_node("Relu", [z], [final], name=f"relu{index}"))
        elif layer.activation == "step":
            above = f"above{index}"
            nodes.append(helper.make_node("Greater", [z, "zero"], [above], name=f"greater{index}"))
            nodes.append(
                helper.make_node("Cast", [above], [final], name=f"cast{index}", to=element_type)
            )
        value = final
    if any(layer.activation == "step" for layer in network.layers):
        tensors.append(_tensor("zero", np.zeros((), dtype=dtype), dtype, element_type))
    x = helper.make_tensor_value_info("x", element_type, ["batch", network.input_size])
    y = helper.make_tensor_value_info("y", element_type, ["batch", network.output_size])
    graph = helper.make_graph(nodes, "superproof", [x], [y], initializer=tensors)
    model = helper.make_model(
        graph,
        producer_name="superproof",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    try:
        return bytes(model.SerializeToString(deterministic=True))
    except Exception:  # protobuf's error classes differ between its versions
        raise InputError("the network is beyond the 2 GB of one ONNX file; use .npz") from None


def _tensor(name: str, array: np.ndarray, dtype: np.dtype[Any], element_type: int) -> TensorProto:
    exact = exact_as(array, dtype)
    assert exact is not None  # network_float has chosen a type that holds every value
    # the format is little-endian; numpy cannot swap bfloat16, which is two raw bytes
    data = exact.astype(dtype.newbyteorder("<")) if dtype.kind == "f" else exact
    return helper.make_tensor(name, element_type, list(array.shape), data.tobytes(), raw=True)


def _require_opset(model: onnx.ModelProto) -> None:
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    if not versions:
        raise InputError("names no version of the ONNX operators; damaged or not an ONNX file")
    if min(versions) < _OLDEST_OPSET:
        raise InputError(
            f"uses version {min(versions)} of the ONNX operators; convert it to "
            f"{_OLDEST_OPSET} or later with onnx.version_converter"
        )


def _single(values: list[onnx.ValueInfoProto], what: str) -> onnx.ValueInfoProto:
    if len(values) != 1:
        names = ", ".join(f"'{value.name}'" for value in values[:5]) or "none"
        raise InputError(f"the graph must have one {what}, not {len(values)} ({names})")
    return values[0]


def _needed(graph: onnx.GraphProto, target: str) -> list[onnx.NodeProto]:
    """The nodes that the output depends on, in the order of the file."""
    producers: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for name in node.output:
            if name and producers.setdefault(name, index) != index:
                raise InputError(f"two nodes compute '{name}'; the file is damaged")
    needed: set[int] = set()
    open_names = [target]
    while open_names:
        position = producers.get(open_names.pop())
        if position is not None and position not in needed:
            needed.add(position)
            open_names += list(graph.node[position].input)
    return [graph.node[index] for index in sorted(needed)]


def _start(source: onnx.ValueInfoProto, nodes: list[onnx.NodeProto], constants: Constants) -> Chain:
    """The chain at the graph's input; column vectors when the first product has its weight left."""
    dims: list[int | None] = [None, None]
    if source.type.tensor_type.HasField("shape"):
        shape = source.type.tensor_type.shape.dim
        # 0 and -1 are how some exporters write a dimension that is free
        dims = [d.dim_value if d.dim_value > 0 else None for d in shape]
    if not dims:
        raise InputError(f"the input '{source.name}' is one number, not a vector of features")
    products = [n for n in nodes if n.op_type in ("MatMul", "Gemm") and len(n.input) > 1]
    first = next((n for n in products if sum(i in constants for i in n.input[:2]) == 1), None)
    on_left = first is not None and first.input[0] in constants
    dtype = TYPES.get(_element_type(source))
    floating = dtype if dtype is not None and is_float(dtype) else np.dtype(np.float32)
    return Chain(dims, 0 if on_left and len(dims) == 2 else -1, floating)


def _element_type(source: onnx.ValueInfoProto) -> int:
    element_type = int(source.type.tensor_type.elem_type)
    if element_type not in TYPES:
        raise InputError(
            f"the input '{source.name}' has element type {type_name(element_type)}; "
            "it must hold numbers"
        )
    return element_type


def _shown(node: onnx.NodeProto) -> str:
    name = node.name or (node.output[0] if node.output else "")
    return f"node '{name[:60]}' ({node.op_type[:60]})"
