"""Sums that are never rounded because they are small whole numbers of one unit, layer by layer.

Proof 1 of docs/float32.md with one unit a layer instead of one a neuron: coarser than
:mod:`.error_bound`, but it needs only the weights that are stored, so that sparse layers
of any size are decided.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..domain import Domain
from ..dyadic import Dyadic, bit_width
from ..network import Layer, Network
from ..readout import Levels, Readout, Threshold
from .number_type import Format, NumberType

#: Sums are formed in int64; what may need more bits is not decided.
BITS = 62


def never_rounded(network: Network, domain: Domain, readout: Readout, kind: NumberType) -> bool:
    """True when it is proved that no execution in the number type rounds anything.

    False says nothing. Inputs must feed 0 and 1; network and read-out are those that are
    executed, layer by layer.
    """
    if domain.values != (Fraction(0), Fraction(1)) or not _held(readout, kind.storage):
        return False
    unit, reach = 0, np.ones(network.input_size, dtype=np.int64)
    most: int | None = domain.at_most
    for layer in network.layers:
        found = _sums(layer, unit, reach, most, kind)
        if found is None:
            return False
        unit, reach = found
        if layer.activation == "step":
            unit, reach = 0, np.ones(layer.width, dtype=np.int64)
        most = None
    return True


def _held(readout: Readout, storage: Format) -> bool:
    """Whether the levels of the read-out are numbers of the type."""
    if isinstance(readout, Threshold):
        levels = [readout.threshold]
    elif isinstance(readout, Levels):
        levels = [readout.true_at_least, readout.false_at_most]
    else:
        levels = []
    return all(storage.nearest(level) == level for level in levels)


def _sums(
    layer: Layer, unit: int, reach: np.ndarray, most: int | None, kind: NumberType
) -> tuple[int, np.ndarray] | None:
    """The unit (a power of two) and the largest magnitudes of a layer's sums; None: undecided.

    Args:
        unit, reach: what enters the layer are multiples of ``2**unit``, at most ``reach`` of them.
        most: how many inputs are different from 0 at most; None for all.
    """
    weight, bias = layer.exact_entries, layer.exact_bias
    product = weight.exponent + unit
    # an array of zeros has no unit of its own
    offset = bias.exponent if bias.mantissa.any() else product
    common = min(product, offset)
    lowest = min(weight.exponent, unit, common)
    if lowest < max(kind.storage.smallest, kind.sums.smallest):
        return None
    width = bit_width(weight.mantissa) + bit_width(reach) + product - common
    width += (2 * max(layer.fan_in, 1)).bit_length()
    if max(width, bit_width(bias.mantissa) + offset - common) > BITS:
        return None
    for array in (weight, bias):
        if not _fits(array, kind.storage):
            return None
    sums = _magnitudes(layer, np.abs(weight.mantissa), reach, most) << (product - common)
    sums = sums + (np.abs(bias.mantissa) << (offset - common))
    bits = min(kind.sums.precision, kind.storage.precision, BITS)
    top = int(sums.max(initial=0))
    if top > 1 << bits or top.bit_length() + common > min(kind.sums.limit, kind.storage.limit):
        return None
    return common, sums


def _fits(array: Dyadic, storage: Format) -> bool:
    """Whether every number of the array is one of the type (and not below its normal range)."""
    bits = bit_width(array.mantissa)
    return bits <= storage.precision and bits + array.exponent <= storage.limit


def _magnitudes(
    layer: Layer, weight: np.ndarray, reach: np.ndarray, most: int | None
) -> np.ndarray:
    """For each neuron a bound on the sum of the magnitudes of its products."""
    matrix = layer.weight
    if not isinstance(matrix, np.ndarray):
        terms = weight * reach[matrix.indices]
        sums = np.zeros(layer.width, dtype=np.int64)
        largest = sums.copy()
        filled = np.diff(matrix.indptr) > 0
        if filled.any():
            starts = matrix.indptr[:-1][filled]
            sums[filled] = np.add.reduceat(terms, starts)
            largest[filled] = np.maximum.reduceat(terms, starts)
    else:
        terms = weight * reach
        sums, largest = terms.sum(axis=1), terms.max(axis=1, initial=0)
    return sums if most is None else np.minimum(sums, largest * most)
