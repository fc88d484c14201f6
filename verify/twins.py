"""Networks without repeated and unread neurons: the same function with fewer of them.

Two networks side by side often share most of their neurons; where one was edited in a few places,
only what depends on the edit is left to compare.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .dyadic import Dyadic, bit_width
from .network import Layer

#: Integers of at most this many bits are added in int64 without overflow.
SMALL = 40


def without_twins(layers: Sequence[Layer]) -> list[Layer]:
    """The same function where each neuron that several rows describe is computed once.

    Args:
        layers: dense layers of a network; the last one keeps its rows.

    Weights of merged columns are added where that is exact; other twins stay.
    """
    result = list(layers)
    for depth in range(len(result) - 1):
        layer, following = result[depth], result[depth + 1]
        kept, columns = _merged(_twins(layer), following.weight)
        result[depth] = Layer(layer.weight[kept], layer.bias[kept], layer.activation)
        result[depth + 1] = Layer(columns[:, kept], following.bias, following.activation)
    return result


def without_idle(layers: Sequence[Layer]) -> list[Layer]:
    """The layers without neurons that no later neuron reads."""
    result = [layers[-1]]
    for layer in reversed(layers[:-1]):
        after = result[0]
        read = np.asarray(after.weight != 0, dtype=bool).any(axis=0)
        result[0] = Layer(after.weight[:, read], after.bias, after.activation)
        result.insert(0, Layer(layer.weight[read], layer.bias[read], layer.activation))
    return result


def _twins(layer: Layer) -> list[list[int]]:
    """Rows of a layer by what they compute."""
    rows: dict[object, list[int]] = {}
    for j, (row, bias) in enumerate(zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)):
        rows.setdefault((bias, *row), []).append(j)
    return list(rows.values())


def _merged(twins: list[list[int]], weight: np.ndarray) -> tuple[list[int], np.ndarray]:
    """The first of each set of twins, and the weights with the others' columns added to its own."""
    small = weight.dtype.kind in "iu" and bit_width(weight) <= SMALL
    columns = weight.astype(np.int64) if small else weight.copy()  # int8 would overflow
    if weight.dtype == object and len(twins) < weight.shape[1]:
        columns = Dyadic.from_array(weight).fractions()  # it may hold floats, whose sums round
    kept = []
    for first, *others in twins:
        kept.append(first)
        for other in others:
            apart = not ((columns[:, first] != 0) & (columns[:, other] != 0)).any()
            if small or weight.dtype == object or apart:
                columns[:, first] = columns[:, first] + columns[:, other]
            else:
                kept.append(other)
    return sorted(kept), columns
