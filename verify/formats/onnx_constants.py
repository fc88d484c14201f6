"""The constants of an ONNX graph: initializers, external data and foldable nodes, exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from ..errors import InputError
from .storage import BFLOAT16, exact_as

#: Element types that a weight may have.
TYPES: dict[int, np.dtype[Any]] = {
    TensorProto.DOUBLE: np.dtype(np.float64),
    TensorProto.FLOAT: np.dtype(np.float32),
    TensorProto.FLOAT16: np.dtype(np.float16),
    TensorProto.BFLOAT16: BFLOAT16,
    TensorProto.INT64: np.dtype(np.int64),
    TensorProto.INT32: np.dtype(np.int32),
    TensorProto.INT16: np.dtype(np.int16),
    TensorProto.INT8: np.dtype(np.int8),
    TensorProto.UINT64: np.dtype(np.uint64),
    TensorProto.UINT32: np.dtype(np.uint32),
    TensorProto.UINT16: np.dtype(np.uint16),
    TensorProto.UINT8: np.dtype(np.uint8),
    TensorProto.BOOL: np.dtype(bool),
}


def type_name(element_type: int) -> str:
    """The name of an ONNX element type, for messages."""
    names = TensorProto.DataType.keys()
    return names[element_type].lower() if 0 <= element_type < len(names) else str(element_type)


def read_tensor(tensor: TensorProto, folder: Path) -> np.ndarray:
    """The numbers of a tensor, in their own type.

    Data outside the model is read only from a plain file in the model's folder.
    Raises InputError for other types, sizes that do not fit the data, and other places.
    """
    name = tensor.name or "constant"
    dtype = TYPES.get(tensor.data_type)
    if dtype is None:
        raise InputError(
            f"tensor '{name}' has element type {type_name(tensor.data_type)}, which is not "
            "supported; use a float or integer type"
        )
    size = math.prod(tensor.dims)
    if any(dim < 0 for dim in tensor.dims):
        raise InputError(f"tensor '{name}' has a negative dimension; the file is damaged")
    try:
        if tensor.data_location == TensorProto.EXTERNAL:
            data: Any = _external(tensor, size * dtype.itemsize, folder)
        elif tensor.HasField("raw_data"):
            data = tensor.raw_data
        else:
            return _listed(tensor, dtype).reshape(tuple(tensor.dims))
        if dtype.kind == "b":  # any byte but 0 is true
            data, dtype = bytes(map(bool, data)), np.dtype(bool)
        little = dtype if dtype == BFLOAT16 else dtype.newbyteorder("<")
        values = np.frombuffer(data, dtype=little)
        return values.astype(dtype).reshape(tuple(tensor.dims))
    except (ValueError, TypeError, OverflowError, MemoryError):
        raise InputError(
            f"tensor '{name}' does not hold the {size} numbers that its dimensions "
            f"{list(tensor.dims)} need; the file is damaged"
        ) from None


def _listed(tensor: TensorProto, dtype: np.dtype[Any]) -> np.ndarray:
    """Numbers in the typed fields; half types and small integers come in int32_data."""
    if dtype == np.float64:
        return np.array(tensor.double_data, dtype=dtype)
    if dtype == np.float32:
        return np.array(tensor.float_data, dtype=dtype)
    if dtype in (BFLOAT16, np.float16):
        return np.array(tensor.int32_data, dtype=np.uint16).view(dtype)
    if dtype in (np.uint32, np.uint64):
        return np.array(tensor.uint64_data, dtype=dtype)
    wide = tensor.int64_data if dtype == np.int64 else tensor.int32_data
    values = np.array(wide, dtype=np.int64)
    if not np.array_equal(values.astype(dtype), values):
        raise ValueError("a number outside the range of its type")
    return values.astype(dtype)


def _external(tensor: TensorProto, size: int, folder: Path) -> bytes:
    """Bytes from a file beside the model; links and paths that lead elsewhere are refused."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    root = folder.resolve()
    try:
        path = (root / location).resolve()
        inside = bool(location) and path.is_relative_to(root)
        usable = inside and path.is_file() and not (root / location).is_symlink()
        if not usable:
            where = "is missing" if inside else "lies outside the model's folder"
            raise InputError(
                f"tensor '{tensor.name}': its data file '{location}' {where}; keep it beside "
                "the model, or save the model with its weights inside"
            )
        with path.open("rb") as file:
            file.seek(int(entries.get("offset", "0")))
            if int(entries.get("length", size)) != size:
                raise ValueError("length")
            # a damaged size may be far beyond the file's
            data: bytes = file.read(min(size, path.stat().st_size))
            return data
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"tensor '{tensor.name}': its data file '{location}' cannot be read ({error})"
        ) from None


class Constants:
    """The constant tensors of a graph by name; initializers are decoded when they are used."""

    def __init__(self, graph: onnx.GraphProto, folder: Path) -> None:
        self.folder = folder
        self._stored = {tensor.name: tensor for tensor in graph.initializer}
        self._values: dict[str, np.ndarray] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._stored or name in self._values

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._values:
            self._values[name] = read_tensor(self._stored[name], self.folder)
        return self._values[name]

    def fold(self, node: onnx.NodeProto) -> None:
        """Compute a node all of whose inputs are constant.

        Raises InputError for operations other than Constant, Identity, Cast, Neg and
        those that only rearrange.
        """
        inputs = [self[name] for name in node.input if name]
        try:
            value = _folded(node, inputs, self.folder)
        except (ValueError, TypeError, IndexError, OverflowError, MemoryError):
            raise InputError("its shapes or attributes do not fit together") from None
        self._values[node.output[0]] = value


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """The value of a node's attribute, of the type of ``default``.

    Raises InputError when it has another type.
    """
    for item in node.attribute:
        if item.name == name:
            if item.ref_attr_name:
                raise InputError(f"attribute '{name}' refers to a function's parameter")
            value = onnx.helper.get_attribute_value(item)
            value = list(value) if isinstance(default, list) else value
            if default is not None and not isinstance(value, type(default)):
                raise InputError(f"attribute '{name}' has the wrong type")
            return value
    return default


def _folded(node: onnx.NodeProto, inputs: Sequence[np.ndarray], folder: Path) -> np.ndarray:
    kind = node.op_type
    if kind == "Constant":
        return _constant(node, folder)
    if kind not in ("Identity", "Cast", "Neg", "Transpose", "Reshape", "Squeeze", "Unsqueeze"):
        raise InputError(
            "computes a constant with an operation that is not supported; save the model with "
            "constants folded"
        )
    value = inputs[0]
    if kind == "Cast":
        return _cast(value, attribute(node, "to", 0))
    if kind == "Neg":
        if value.dtype.kind not in "if" and value.dtype != BFLOAT16:
            raise InputError(f"has no negative in type {value.dtype}")
        return np.asarray(np.negative(value))
    if kind == "Transpose":
        order = attribute(node, "perm", list(range(value.ndim))[::-1])
        return np.ascontiguousarray(np.transpose(value, order))
    if kind == "Reshape":
        shape = [int(d) for d in inputs[1].reshape(-1)]
        if not attribute(node, "allowzero", 0):
            shape = [value.shape[i] if d == 0 else d for i, d in enumerate(shape)]
        return value.reshape(shape)
    if kind in ("Squeeze", "Unsqueeze"):
        axes = [int(a) for a in inputs[1].reshape(-1)] if len(inputs) > 1 else None
        axes = attribute(node, "axes", []) if axes is None else axes
        if kind == "Unsqueeze":
            return np.expand_dims(value, tuple(axes))
        return np.squeeze(value, tuple(axes) if axes else None)
    return value


def _constant(node: onnx.NodeProto, folder: Path) -> np.ndarray:
    kinds = {"value_float": "f4", "value_floats": "f4", "value_int": "i8", "value_ints": "i8"}
    for item in node.attribute:
        if item.name == "value" and item.type == onnx.AttributeProto.TENSOR:
            return read_tensor(item.t, folder)
        if item.name in kinds:
            return np.array(onnx.helper.get_attribute_value(item), dtype=kinds[item.name])
    raise InputError("holds no dense tensor of numbers")


def _cast(value: np.ndarray, to: int) -> np.ndarray:
    dtype = TYPES.get(to)
    if dtype is None:
        raise InputError(f"casts to {type_name(to)}, which is not supported")
    if dtype.kind == "b":
        return value.astype(bool)
    cast = exact_as(value, dtype)
    if cast is None:
        raise InputError(f"casts a constant to {type_name(to)}, which would round it")
    return cast
