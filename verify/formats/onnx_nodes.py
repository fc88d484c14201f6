"""What each ONNX operation does to the chain: one method an operation, the rest is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import onnx

from ..errors import InputError
from .onnx_chain import Chain
from .onnx_constants import TYPES, Constants, attribute, type_name
from .storage import exact_product, is_float

_COMPARISONS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual")
#: The same comparison with its operands swapped.
_SWAPPED = dict(
    zip(_COMPARISONS, ("Less", "LessOrEqual", "Greater", "GreaterOrEqual"), strict=True)
)
#: Operations that are handed on or reshaped, and so may see more than two dimensions.
_SHAPELESS = ("Identity", "Dropout", "Cast", "Flatten", "Reshape")
_SQUASHING = ("Sigmoid", "Softmax", "LogSoftmax")


class NodeReader:
    """Applies nodes, in order, to the value that flows from the graph's input.

    Args:
        chain: the chain at the graph's input.
        constants: the graph's constants.
        flow: name of the graph's input.
        element_type: its ONNX element type.
    """

    def __init__(self, chain: Chain, constants: Constants, flow: str, element_type: int) -> None:
        self.chain = chain
        self.constants = constants
        self.flow = flow
        self.element_type = element_type
        self.past: set[str] = set()

    def read(self, node: onnx.NodeProto, last: bool) -> None:
        """Apply one node; ``last`` when it computes the graph's output.

        Raises InputError that says what about the node cannot be represented exactly.
        """
        if node.domain not in ("", "ai.onnx"):
            raise InputError(f"is of the domain '{node.domain}'; {supported()}")
        if node.op_type == "Constant" or self._is_constant(node):
            self.constants.fold(node)
            return
        operation = self._operation(node, last)
        self._require_chain(node)
        dims = self.chain.dims
        if len(dims) not in (1, 2) and node.op_type not in _SHAPELESS:
            raise InputError(
                f"works on a tensor of {len(dims)} dimensions; flatten the input to "
                "[batch, features] first"
            )
        operation(node)
        self.past.add(self.flow)
        self.flow = node.output[0]

    def _operation(self, node: onnx.NodeProto, last: bool) -> Callable[[onnx.NodeProto], None]:
        kind = node.op_type
        if kind in _SQUASHING and last:
            raise InputError(
                "drop it from the model and set the threshold instead: sigmoid(z) > 0.5 is "
                'z > 0; softmax is readout kind = "argmax"'
            )
        if kind == "ArgMax" and last:
            raise InputError('drop it from the model and set readout kind = "argmax"')
        operation = _OPERATIONS.get(kind)
        if operation is None:
            raise InputError(f"is not supported; {supported()}")
        return partial(operation, self)

    def _is_constant(self, node: onnx.NodeProto) -> bool:
        names = [name for name in node.input if name]
        return bool(names) and all(name in self.constants for name in names)

    def _require_chain(self, node: onnx.NodeProto) -> None:
        """Exactly one operand is the present value; the others are constants."""
        for name in node.input:
            if name in self.past:
                raise InputError(f"uses '{name}' again: the graph branches, it must be a chain")
            if name and name != self.flow and name not in self.constants:
                raise InputError(f"its input '{name}' is not computed by any node before it")
        uses = list(node.input).count(self.flow)
        if uses == 0:
            raise InputError("does not depend on the graph's input")
        if uses > 1:
            raise InputError(f"uses '{self.flow}' twice: the graph branches, it must be a chain")
        if not 1 <= len(node.input) <= 3 or not node.output:
            raise InputError("has the wrong number of inputs or outputs")

    # operands

    def _only(self, node: onnx.NodeProto) -> None:
        if len(node.input) != 1:
            raise InputError("has the wrong number of inputs")

    def _operand(self, node: onnx.NodeProto) -> tuple[np.ndarray, bool]:
        """The constant of a node with two operands, and whether it is the left one."""
        if len(node.input) != 2:
            raise InputError("has the wrong number of inputs")
        left = node.input[1] == self.flow
        return self._constant(node.input[0 if left else 1]), left

    def _constant(self, name: str) -> np.ndarray:
        value = self.constants[name]
        if TYPES.get(self.element_type) != value.dtype:
            raise InputError(
                f"'{name}' is {value.dtype}, but the values that arrive here are "
                f"{type_name(self.element_type)}; add a Cast or export with one type"
            )
        return value

    def _require_arithmetic(self) -> None:
        dtype = TYPES.get(self.element_type)
        if dtype is None or dtype.kind == "b":
            raise InputError(f"works on {type_name(self.element_type)}; add a Cast to a float type")
        if dtype.kind == "u":
            raise InputError(
                f"computes in {type_name(self.element_type)}, which wraps around below zero; "
                "add a Cast to a float type"
            )

    def _vector(self, constant: np.ndarray) -> np.ndarray:
        """A constant broadcast to one number a feature."""
        size = self.chain.size
        if size is None:
            raise InputError(
                "the number of features is not stated in the graph's input; export the model "
                "with a fixed number of features"
            )
        rank = len(self.chain.dims)
        if constant.ndim > rank and self.chain.axis == -1:
            self.chain.dims = [*[1] * (constant.ndim - rank), *self.chain.dims]
            rank = constant.ndim
        shape = (1,) * (rank - constant.ndim) + constant.shape
        feature = self.chain.axis % rank
        others = [d for i, d in enumerate(shape) if i != feature]
        if len(shape) != rank or any(d != 1 for d in others) or shape[feature] not in (1, size):
            raise InputError(
                f"its constant has shape {list(constant.shape)}, which is not one number for "
                f"each of the {size} features"
            )
        return np.array(np.broadcast_to(constant.reshape(-1), (size,)))

    # affine operations

    def _linear(self, weight: np.ndarray, on_left: bool) -> None:
        """``weight`` as stored: (out, in) on the left of the value, (in, out) on its right."""
        if weight.ndim != 2:
            raise InputError(f"its constant has shape {list(weight.shape)}; it needs 2 dimensions")
        rank = len(self.chain.dims)
        if rank == 2 and on_left != (self.chain.axis == 0):
            raise InputError(
                "multiplies along the batch; keep all constants on one side of the products"
            )
        self.chain.linear(np.ascontiguousarray(weight if on_left else weight.T))

    def _matmul(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        weight, left = self._operand(node)
        self._linear(weight, left)

    def _gemm(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        if len(node.input) < 2 or self.flow not in node.input[:2]:
            raise InputError("adds the changing value as a bias, which is not supported")
        left = node.input[1] == self.flow
        weight = self._constant(node.input[0 if left else 1])
        transposed = [bool(attribute(node, name, 0)) for name in ("transA", "transB")]
        if transposed[1 if left else 0]:
            raise InputError("transposes the changing operand, which is not supported")
        if len(self.chain.dims) != 2:
            raise InputError("needs an input of shape [batch, features]")
        weight = weight.T if transposed[0 if left else 1] else weight
        alpha, beta = (attribute(node, name, 1.0) for name in ("alpha", "beta"))
        self._linear(_scaled(weight, alpha), left)
        self.chain.merged |= alpha != 1
        if len(node.input) == 3 and node.input[2]:
            self.chain.merged |= beta != 1
            bias = self._vector(self._constant(node.input[2]))
            self.chain.shift(_scaled(bias, beta))

    def _add(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        self.chain.shift(self._vector(self._operand(node)[0]))

    def _sub(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        constant, left = self._operand(node)
        vector = self._vector(constant)
        self._difference(vector, constant_first=left)

    def _mul(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        self.chain.scale(self._vector(self._operand(node)[0]))

    def _neg(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        self._only(node)
        self.chain.negate()

    # nonlinear operations

    def _relu(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        self._only(node)
        self.chain.relu()

    def _sign(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        self._only(node)
        self.chain.sign()

    def _compare(self, node: onnx.NodeProto) -> None:
        self._require_arithmetic()
        constant, left = self._operand(node)
        kind = _SWAPPED[node.op_type] if left else node.op_type
        difference = self._vector(constant)
        # z - c for > and <=, c - z for < and >=; the weak ones are complements of strict ones
        self._difference(difference, constant_first=kind in ("Less", "GreaterOrEqual"))
        self.chain.step()
        if kind in ("GreaterOrEqual", "LessOrEqual"):
            self.chain.complement()
        self.element_type = onnx.TensorProto.BOOL

    def _not(self, node: onnx.NodeProto) -> None:
        self._only(node)
        if self.element_type != onnx.TensorProto.BOOL:
            raise InputError(f"works on {type_name(self.element_type)}, not on Booleans")
        self.chain.complement()

    # operations that hand the value on

    def _identity(self, node: onnx.NodeProto) -> None:
        self._only(node)

    def _dropout(self, node: onnx.NodeProto) -> None:
        training = node.input[2] if len(node.input) == 3 else ""
        if node.input[0] != self.flow or (training and bool(self.constants[training].any())):
            raise InputError("is in training mode; export the model after model.eval()")

    def _cast(self, node: onnx.NodeProto) -> None:
        self._only(node)
        to = attribute(node, "to", 0)
        if not self._casts_exactly(to):
            raise InputError(
                f"casts {type_name(self.element_type)} to {type_name(to)}, which rounds; "
                "export the model with one float type"
            )
        self.element_type = to
        if is_float(TYPES[to]):
            self.chain.dtype = TYPES[to]

    def _casts_exactly(self, to: int) -> bool:
        old, new = TYPES.get(self.element_type), TYPES.get(to)
        if old is None or new is None:
            return False
        if old == new or old.kind == "b" or self.chain.is_binary:
            return True
        if is_float(old):
            return is_float(new) and bool(np.can_cast(old, new, "safe"))
        # whole numbers straight from the input are what the specification feeds
        return self.chain.is_untouched and is_float(new)

    def _flatten(self, node: onnx.NodeProto) -> None:
        self._only(node)
        dims = self.chain.dims
        axis = attribute(node, "axis", 1)
        if axis < 0:
            axis += len(dims)
        if axis == 1 and len(dims) == 2:
            return
        if axis == 1 and len(dims) > 2:
            self.chain.dims = [dims[0], _product(dims[1:])]
        elif axis == 0 and (len(dims) == 1 or (dims[0] == 1 and self.chain.axis == -1)):
            self.chain.dims = [1, _product(dims)]
        else:
            raise InputError(f"with axis {axis} mixes the batch with the features")

    def _reshape(self, node: onnx.NodeProto) -> None:
        if len(node.input) != 2 or node.input[0] != self.flow:
            raise InputError("needs a constant shape")
        shape = [int(d) for d in self.constants[node.input[1]].reshape(-1)]
        dims = self.chain.dims
        batch = dims[0] if len(dims) > 1 else 1
        features = _product(dims[1:] if len(dims) > 1 else dims)
        if not self._flattens(shape, batch, features, copies=not attribute(node, "allowzero", 0)):
            raise InputError(
                f"to {shape} is not a plain flattening to [batch, features]; use Flatten"
            )
        self.chain.dims = [batch, features][-len(shape) :]

    def _flattens(
        self, shape: list[int], batch: int | None, features: int | None, copies: bool
    ) -> bool:
        """Whether a reshape keeps each point's features together and in order.

        In the target -1 stands for the rest, and 0 (when it ``copies``) for the same dimension.
        """
        rank = len(self.chain.dims)
        if self.chain.axis == 0 or len(shape) not in (1, 2) or shape == [-1, -1]:
            return False
        last = shape[-1] == -1 or (features is not None and shape[-1] == features)
        if len(shape) == 1:
            return last and batch == 1
        same_rank = copies and rank == 2
        first = shape[0] == batch or (copies and rank > 1 and shape[0] == 0)
        if shape[0] == -1:
            first = same_rank and shape[1] == 0 if features is None else shape[1] == features
        return first and (last or (same_rank and shape[1] == 0))

    def _difference(self, vector: np.ndarray, constant_first: bool) -> None:
        """c - z, or z - c = -(c - z): the constant is only ever added, which is exact."""
        self.chain.negate()
        self.chain.shift(vector)
        if not constant_first:
            self.chain.negate()


_OPERATIONS: dict[str, Callable[[NodeReader, onnx.NodeProto], None]] = {
    "Gemm": NodeReader._gemm,
    "MatMul": NodeReader._matmul,
    "Add": NodeReader._add,
    "Sub": NodeReader._sub,
    "Mul": NodeReader._mul,
    "Neg": NodeReader._neg,
    "Relu": NodeReader._relu,
    "Sign": NodeReader._sign,
    **dict.fromkeys(_COMPARISONS, NodeReader._compare),
    "Not": NodeReader._not,
    "Identity": NodeReader._identity,
    "Dropout": NodeReader._dropout,
    "Cast": NodeReader._cast,
    "Flatten": NodeReader._flatten,
    "Reshape": NodeReader._reshape,
}


def supported() -> str:
    """The operations that a graph may use, for messages."""
    return f"supported are {', '.join(_OPERATIONS)}"


def _scaled(array: np.ndarray, factor: float) -> np.ndarray:
    """``factor * array``, exactly; the factor is a float32 as the format stores it."""
    return array if factor == 1 else exact_product(array, np.array(factor))


def _product(dims: list[int | None]) -> int | None:
    known = [d for d in dims if d is not None]
    return math.prod(known) if len(known) == len(dims) else None
