"""The chain of layers that an ONNX graph applies to its input, built up exactly."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..network import Layer, Network
from .storage import exact_product, exact_sum, negated, row_sums

#: Identity weights (a relu right on the input) are made for at most this many features.
MAX_IDENTITY = 1 << 12


class Chain:
    """The value that flows through the graph, as finished layers and what came after them.

    After the last finished layer the value is ``offset + sum_k signs[k] * block_k``, where the
    blocks are equal parts of that layer's output (a comparison leaves ``1 - step``, a sign
    ``step - step``); a pending ``weight`` and ``bias`` act on top of it. Every step is exact:
    sums and products that the stored type would round are kept as Fractions.

    Attributes:
        dims: the tensor's dimensions as in the graph, None where not stated.
        axis: the feature axis: -1, or 0 for column vectors (weight on the left).
        dtype: numpy type of the tensor, for identity weights.
        merged: affine steps were put together that an execution would round one by one.
    """

    def __init__(self, dims: list[int | None], axis: int, dtype: np.dtype[np.generic]) -> None:
        self.dims = dims
        self.axis = axis
        self.dtype = dtype
        self.layers: list[Layer] = []
        self.signs: tuple[int, ...] = (1,)
        self.offset = 0
        self.weight: np.ndarray | None = None
        self.bias: np.ndarray | None = None
        self.merged = False

    @property
    def size(self) -> int | None:
        """Number of features of the present value, None while it is not known."""
        if self.weight is not None:
            return int(self.weight.shape[0])
        if self.layers:
            return self.layers[-1].width // len(self.signs)
        return self.dims[self.axis]

    @property
    def is_untouched(self) -> bool:
        """True while the value is the graph's input itself."""
        return not self.layers and self._is_plain

    @property
    def is_binary(self) -> bool:
        """True when the value is a step or its complement, so 0 or 1."""
        steps = bool(self.layers) and self.layers[-1].activation == "step"
        plain = (self.signs, self.offset) in (((1,), 0), ((-1,), 1))
        return steps and plain and self.weight is None

    @property
    def _is_plain(self) -> bool:
        return self.weight is None and self.signs == (1,) and self.offset == 0

    def linear(self, weight: np.ndarray) -> None:
        """Multiply by ``weight`` (out, in)."""
        if self.weight is not None:
            self._finish("identity")
        size = self.size
        if size is not None and weight.shape[1] != size:
            raise InputError(f"the weight takes {weight.shape[1]} features, but {size} arrive here")
        self.weight, self.bias = self._folded(weight)
        self.signs, self.offset = (1,), 0
        self.dtype = weight.dtype
        self.dims = list(self.dims)
        self.dims[self.axis] = int(weight.shape[0])

    def shift(self, vector: np.ndarray) -> None:
        """Add ``vector`` (features,)."""
        self._materialise()
        self.merged |= self.bias is not None
        self.bias = vector if self.bias is None else exact_sum(self.bias, vector)

    def scale(self, vector: np.ndarray) -> None:
        """Multiply feature by feature with ``vector`` (features,)."""
        self.merged |= self.weight is not None or not self._is_plain
        self._materialise()
        assert self.weight is not None
        self.weight = exact_product(self.weight, vector[:, None])
        if self.bias is not None:
            self.bias = exact_product(self.bias, vector)

    def negate(self) -> None:
        """Change the sign."""
        if self.weight is None:
            self.signs = tuple(-sign for sign in self.signs)
            self.offset = -self.offset
            return
        self.weight = negated(self.weight)
        self.bias = None if self.bias is None else negated(self.bias)

    def complement(self) -> None:
        """1 - value, for a Boolean."""
        self.negate()
        self.offset += 1

    def relu(self) -> None:
        """max(value, 0)."""
        if self._is_plain and self.layers and self.layers[-1].activation != "identity":
            return  # steps and relus are not negative: nothing changes
        self._finish("relu")

    def step(self) -> None:
        """1 where the value is above 0, else 0."""
        self._finish("step")

    def sign(self) -> None:
        """step(value) - step(-value)."""
        self._materialise()
        assert self.weight is not None
        self.weight = np.vstack([self.weight, negated(self.weight)])
        if self.bias is not None:
            self.bias = np.concatenate([self.bias, negated(self.bias)])
        self._finish("step")
        self.signs = (1, -1)

    def network(self) -> Network:
        """The network, with a last identity layer for what is pending.

        Raises InputError when the graph has no layer at all.
        """
        if not self.layers and self._is_plain:
            raise InputError("the graph hands its input on unchanged; it holds no layer")
        if not self._is_plain:
            self._finish("identity")
        return Network(tuple(self.layers), self.merged)

    def _folded(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """``weight`` times signs and offset, as a weight on the blocks and a bias."""
        blocks = [weight if sign > 0 else negated(weight) for sign in self.signs]
        folded = blocks[0] if len(blocks) == 1 else np.hstack(blocks)
        return folded, row_sums(weight, self.offset) if self.offset else None

    def _materialise(self) -> None:
        """Make the pending weight explicit, an identity when there is none."""
        if self.weight is not None:
            return
        size = self.size
        if size is None:
            raise InputError(
                "the number of features is not stated in the graph's input; export the model "
                "with a fixed number of features"
            )
        if size > MAX_IDENTITY:
            raise InputError(f"would need an identity weight for {size} features")
        self.weight, self.bias = self._folded(np.eye(size, dtype=self.dtype))
        self.signs, self.offset = (1,), 0

    def _finish(self, activation: str) -> None:
        """Close the pending layer."""
        self._materialise()
        weight, bias = self.weight, self.bias
        assert weight is not None
        if bias is None:
            kind = weight.dtype if weight.dtype != object else np.dtype(np.int64)
            bias = np.zeros(weight.shape[0], dtype=kind)
        self.layers.append(Layer(weight, bias, activation))
        self.weight = self.bias = None
