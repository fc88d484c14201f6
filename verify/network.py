"""Networks as exact functions: layers of stored numbers and an exact evaluator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import sparse_matrix
from .dyadic import INT64_BITS, Dyadic, bit_width, narrow, power_of_two
from .errors import InputError

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_array

#: relu(z) = max(z, 0); step(z) = 1 where z > 0, else 0; identity(z) = z.
ACTIVATIONS = ("relu", "step", "identity")


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer ``activation(weight @ x + bias)``.

    Attributes:
        weight: (out, in) array as stored: float64, float32, float16, bfloat16 or integers; or a
            ``scipy.sparse.csr_array`` of float64, float32 or integers. Other scipy.sparse layouts
            are converted; columns are sorted and stored zeros dropped.
        bias: (out,) array as stored.
        activation: ``relu``, ``step`` or ``identity``.

    Raises InputError for a sparse weight that stores an entry twice or is malformed.
    """

    weight: np.ndarray | csr_array
    bias: np.ndarray
    activation: str = "identity"

    def __post_init__(self) -> None:
        if sparse_matrix.is_sparse(self.weight):
            object.__setattr__(self, "weight", sparse_matrix.normal_form(self.weight))

    @property
    def sparse(self) -> bool:
        """True when the weight is stored as compressed sparse rows."""
        return not isinstance(self.weight, np.ndarray)

    @property
    def csr(self) -> csr_array:
        """The weight of a sparse layer; raises TypeError for a dense one."""
        if isinstance(self.weight, np.ndarray):
            raise TypeError("the layer is dense")
        return self.weight

    @property
    def entries(self) -> int:
        """Number of stored weights: all of a dense layer, the nonzeros of a sparse one."""
        return int(self.csr.nnz if self.sparse else self.weight.size)

    @cached_property
    def exact_entries(self) -> Dyadic:
        """The stored weights exactly: (nonzeros,) in the order of the rows of a sparse layer,
        (out, in) of a dense one."""
        return Dyadic.from_array(self.weight.data if self.sparse else self.weight, "weight")

    @cached_property
    def exact_weight(self) -> Dyadic:
        """The stored weight as exact dyadic rationals, shape (out, in).

        Raises InputError for a sparse weight of more than 2**22 entries, zeros included.
        """
        if not self.sparse:
            return self.exact_entries
        entries = self.exact_entries
        mantissa = sparse_matrix.scattered(entries.mantissa, self.weight)
        return Dyadic(mantissa, entries.exponent)

    @cached_property
    def exact_bias(self) -> Dyadic:
        """The stored bias as exact dyadic rationals, shape (out,)."""
        return Dyadic.from_array(self.bias, "bias")

    @property
    def width(self) -> int:
        """Number of neurons (rows)."""
        return int(self.weight.shape[0])

    @property
    def fan_in(self) -> int:
        """Number of inputs (columns)."""
        return int(self.weight.shape[1])


@dataclass(frozen=True, eq=False)
class Network:
    """A feed-forward network, taken as the exact rational function its stored weights define.

    Build one with :meth:`from_arrays`, :meth:`from_torch` or :meth:`load`.

    Attributes:
        layers: from the inputs to the outputs.
        merged: some layer stands for several affine steps of the source, merged exactly; an
            execution of the source rounds after each of them.
    """

    layers: tuple[Layer, ...]
    merged: bool = False

    def __post_init__(self) -> None:
        if not self.layers:
            raise InputError("a network needs at least one layer")
        for index, layer in enumerate(self.layers):
            name = f"layer {index}"
            if layer.weight.ndim != 2:
                raise InputError(
                    f"{name}: the weight must have shape (out, in), not {layer.weight.shape}"
                )
            if layer.bias.shape != (layer.width,):
                raise InputError(
                    f"{name}: the bias must have shape ({layer.width},), not {layer.bias.shape}"
                )
            if layer.activation not in ACTIVATIONS:
                raise InputError(
                    f"{name}: unknown activation '{layer.activation}'; "
                    f"use one of {', '.join(ACTIVATIONS)}"
                )
            if index and layer.fan_in != self.layers[index - 1].width:
                raise InputError(
                    f"{name}: the weight has {layer.fan_in} columns but the layer before it "
                    f"has {self.layers[index - 1].width} neurons"
                )
            # converting now reports NaN and infinities before any engine starts
            _require_finite(layer, name)
        if self.output_size == 0:
            raise InputError("the network has no outputs")

    @classmethod
    def from_arrays(
        cls,
        weights: Sequence[Any],
        biases: Sequence[Any] | None = None,
        activations: Sequence[str] | None = None,
    ) -> Network:
        """Build a network from one weight (out, in) and one bias (out,) a layer.

        Weights of scipy.sparse stay sparse (see :class:`Layer`). A missing bias (``None``, or
        ``biases`` left out) is zero. ``activations`` defaults to relu between layers and
        identity at the end. Raises InputError for shapes that do not fit together and for
        numbers that are not finite.
        """
        count = len(weights)
        biases = [None] * count if biases is None else list(biases)
        if activations is None:
            activations = [*["relu"] * (count - 1), "identity"][:count]
        if len(biases) != count or len(activations) != count:
            raise InputError(
                f"{count} weights need {count} biases and {count} activations, "
                f"not {len(biases)} and {len(activations)}"
            )
        layers = []
        for index, (weight, bias, activation) in enumerate(
            zip(weights, biases, activations, strict=True)
        ):
            sparse = sparse_matrix.is_sparse(weight)
            matrix = weight if sparse else _numbers(weight, f"layer {index} weight")
            if bias is None:
                rows = matrix.shape[0] if matrix.ndim else 0
                kind = matrix.dtype if matrix.dtype != object else np.int64
                vector = np.zeros(rows, dtype=kind)
            else:
                vector = _numbers(bias, f"layer {index} bias")
            try:
                layers.append(Layer(matrix, vector, activation))
            except InputError as error:
                raise InputError(f"layer {index} {error}") from None
        return cls(tuple(layers))

    @classmethod
    def from_torch(cls, module: torch.nn.Module) -> Network:
        """Read a ``torch.nn.Linear`` or a ``Sequential`` of Linear, ReLU, Identity and Flatten.

        Raises InputError that names the first module it cannot represent exactly.
        """
        from .formats.torch_module import read_module

        return read_module(module)

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read ``.onnx``, ``.safetensors`` or ``.npz``.

        Raises InputError for other formats (pickled checkpoints are refused with the safe way
        to convert them), unsupported ONNX nodes and damaged files.
        """
        from .formats import load_network

        return load_network(Path(path))

    def save(self, path: str | Path) -> Path:
        """Write ``.onnx``, ``.safetensors`` or ``.npz`` (by suffix); the weights stay exact.

        Sparse layers stay sparse in ``.npz`` alone.
        """
        from .formats import save_network

        return save_network(self, Path(path))

    @property
    def input_size(self) -> int:
        """Number of inputs."""
        return self.layers[0].fan_in

    @property
    def output_size(self) -> int:
        """Number of outputs."""
        return self.layers[-1].width

    @property
    def widths(self) -> tuple[int, ...]:
        """Sizes from inputs to outputs, for example (24, 64, 1)."""
        return (self.input_size, *(layer.width for layer in self.layers))

    @property
    def neurons(self) -> int:
        """Neurons in the hidden layers."""
        return sum(layer.width for layer in self.layers[:-1])

    @property
    def parameters(self) -> int:
        """Number of stored weights (the nonzeros of sparse layers) and biases."""
        return sum(layer.entries + layer.bias.size for layer in self.layers)

    @property
    def sparse(self) -> bool:
        """True when some layer is sparse."""
        return any(layer.sparse for layer in self.layers)

    @cached_property
    def dense(self) -> Network:
        """The same network with every weight an array; itself where none is sparse.

        Raises InputError for a sparse weight of more than 2**22 entries, zeros included.
        """
        if not self.sparse:
            return self
        layers = []
        for index, layer in enumerate(self.layers):
            weight = layer.weight
            if layer.sparse:
                weight = sparse_matrix.dense(weight, f"layer {index} weight")
            layers.append(Layer(weight, layer.bias, layer.activation))
        return Network(tuple(layers), self.merged)

    @property
    def dtype(self) -> str:
        """Name of the stored number type, or several joined by '+'."""
        names = [str(a.dtype) for layer in self.layers for a in (layer.weight, layer.bias)]
        return "+".join(dict.fromkeys(names))

    def evaluate(self, x: Any) -> np.ndarray:
        """Evaluate exactly.

        Args:
            x: (points, inputs) or (inputs,) numbers: 0/1, integers, floats or Fractions.

        Returns:
            Fractions in an object array of shape (points, outputs) or (outputs,).

        Raises:
            InputError: the number of inputs does not fit, or a number is not finite.
        """
        points = _numbers(x, "x")
        if points.ndim not in (1, 2) or points.shape[-1] != self.input_size:
            raise InputError(
                f"the network has {self.input_size} inputs, but x has shape {points.shape}"
            )
        values, exponent, denominator = _common_denominator(np.atleast_2d(points))
        for layer in self.layers:
            values, exponent, denominator = _apply(layer, values, exponent, denominator)
        result = _fractions(values, power_of_two(exponent) / denominator)
        return result if points.ndim == 2 else result[0]

    def __call__(self, x: Any) -> np.ndarray:
        return self.evaluate(x)

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.widths))
        kinds = ", ".join(layer.activation for layer in self.layers)
        return f"Network({shape}, activations [{kinds}], {self.dtype})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{i}</td><td>{layer.fan_in} &rarr; {layer.width}</td>"
            f"<td>{layer.activation}</td><td>{layer.weight.dtype}"
            f"{f', {layer.entries:,} nonzeros' if layer.sparse else ''}</td></tr>"
            for i, layer in enumerate(self.layers)
        )
        head = "<tr><th>layer</th><th>size</th><th>activation</th><th>stored as</th></tr>"
        return f"<table>{head}{rows}</table>"


def _require_finite(layer: Layer, name: str) -> None:
    """Convert the layer's arrays once, so that every later use is known to be exact."""
    for what in ("exact_entries", "exact_bias"):
        try:
            _ = getattr(layer, what)
        except InputError as error:
            raise InputError(f"{name} {error}") from None


def _numbers(values: Any, what: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{what}: rows of different lengths") from None
    if array.dtype.kind in "USVmM" and array.dtype.name != "bfloat16":
        raise InputError(f"{what}: not an array of numbers")
    if array.dtype.kind == "f" and not hasattr(values, "dtype"):
        # numpy turns lists of large integers into rounded floats
        exact = np.asarray(values, dtype=object)
        if any(isinstance(v, int | np.integer) and abs(int(v)) > 1 << 53 for v in exact.flat):
            return exact
    return array


def _common_denominator(points: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Integers, exponent e and denominator d with ``points = integers * 2**e / d``."""
    if points.dtype.kind == "u":
        return narrow(points.astype(object)), 0, 1  # uint64 may exceed int64
    if points.dtype.kind in "bi":
        return points.astype(np.int64), 0, 1
    if points.dtype != object:
        exact = Dyadic.from_array(points, "x")
        return exact.mantissa, exact.exponent, 1
    try:
        numbers = [Fraction(value) for value in points.flat]
    except (TypeError, ValueError, OverflowError):
        raise InputError("x must hold finite numbers") from None
    denominator = math.lcm(*(number.denominator for number in numbers))
    integers = np.array([int(number * denominator) for number in numbers], dtype=object)
    return narrow(integers.reshape(points.shape)), 0, denominator


def _apply(
    layer: Layer, values: np.ndarray, exponent: int, denominator: int
) -> tuple[np.ndarray, int, int]:
    """One layer on ``values * 2**exponent / denominator`` of shape (points, in).

    Returns the outputs (points, out) in the same form: everything stays in integers.
    """
    weight, bias = layer.exact_entries, layer.exact_bias
    unit = min(weight.exponent + exponent, bias.exponent)
    factor = 1 << (weight.exponent + exponent - unit)
    if layer.sparse:
        z = sparse_matrix.product(values, layer.weight, weight.mantissa, factor)
    else:
        z = _product(values, weight.mantissa.T, factor)
    offset = narrow(bias.mantissa.astype(object) * (denominator << (bias.exponent - unit)))
    if z.dtype == object or offset.dtype == object:
        z = narrow(np.asarray(z.astype(object) + offset.astype(object)))
    else:
        z = z + offset  # both below 2^62, so the sum fits
    if layer.activation == "relu":
        return np.where(z > 0, z, 0), unit, denominator
    if layer.activation == "step":
        return (z > 0).astype(np.int64), 0, 1
    return z, unit, denominator


def _fractions(integers: np.ndarray, scale: Fraction) -> np.ndarray:
    """``integers * scale`` as Fractions; equal numbers share one, since wide networks have many."""
    if integers.dtype == object:
        result = np.empty(integers.shape, dtype=object)
        for index, value in np.ndenumerate(integers):
            result[index] = int(value) * scale
        return result
    different, place = np.unique(integers, return_inverse=True)
    fractions = np.array([int(value) * scale for value in different] or [scale], dtype=object)
    return np.asarray(fractions[place.reshape(integers.shape)])


def _product(left: np.ndarray, right: np.ndarray, factor: int) -> np.ndarray:
    """``factor * left @ right``: int64 when no partial sum can overflow, else Python integers."""
    terms = max(int(left.shape[1]), 1)
    width = bit_width(left) + bit_width(right) + terms.bit_length() + factor.bit_length()
    if width <= INT64_BITS and left.dtype != object and right.dtype != object:
        return np.asarray((left @ right) * factor)
    return np.asarray(left.astype(object) @ right.astype(object)) * factor
