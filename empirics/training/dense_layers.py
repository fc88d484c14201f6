"""Dense layers of many runs at once: shapes, values, and gradients written out.

Weights are tensors ``0.weight`` (runs, out, in), ``0.bias`` (runs, out, 1), ``1.weight``, ...;
points lie in columns, (runs, inputs, points). Written out, gradients take half the time of
automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .device import require_torch
from .program import Tensors

if TYPE_CHECKING:
    from torch import Tensor


def layer_shapes(widths: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Shapes of weights and biases, without the runs, for the widths of inputs and all layers."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (before, after) in enumerate(pairwise(widths)):
        shapes[f"{layer}.weight"], shapes[f"{layer}.bias"] = (after, before), (after, 1)
    return shapes


def forward(
    parameters: Tensors, points: Tensor, precision: str = "float32"
) -> tuple[list[Tensor], Tensor]:
    """What every layer is fed, and the values of the outputs (runs, outputs, points)."""
    last = len(parameters) // 2 - 1
    fed, value = [points], points
    for layer in range(last + 1):
        weight, bias = parameters[f"{layer}.weight"], parameters[f"{layer}.bias"]
        value = product(weight, value, precision, bias)
        if layer < last:
            value = value.relu_()
            fed.append(value)
    return fed, value


def backward(
    parameters: Tensors, fed: Sequence[Tensor], slope: Tensor, precision: str = "float32"
) -> Tensors:
    """Gradients of a loss by all weights.

    Args:
        parameters: the weights.
        fed: what every layer was fed, from :func:`forward`.
        slope: derivative of the loss by the values of the outputs, (runs, outputs, points).
        precision: of the products.
    """
    threshold = require_torch().ops.aten.threshold_backward
    gradients: Tensors = {}
    for layer in range(len(fed) - 1, -1, -1):
        gradients[f"{layer}.weight"] = product(slope, fed[layer].transpose(1, 2), precision)
        gradients[f"{layer}.bias"] = slope.sum(dim=2, keepdim=True)
        if layer:
            weight = parameters[f"{layer}.weight"]
            slope = threshold(product(weight.transpose(1, 2), slope, precision), fed[layer], 0)
    return gradients


def product(left: Tensor, right: Tensor, precision: str, bias: Tensor | None = None) -> Tensor:
    """Matrix products of a batch, plus a bias: float32, whatever the factors are rounded to."""
    torch = require_torch()
    result: Tensor
    if precision == "bfloat16":
        result = torch.bmm(left.bfloat16(), right.bfloat16()).float()
        if bias is not None:
            result.add_(bias)
    else:
        result = torch.bmm(left, right) if bias is None else torch.baddbmm(bias, left, right)
    return result
