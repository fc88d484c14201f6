"""What a one-shot channel reads, decided completely: the extremes over all inputs with few ones.

A pruned search (docs/channels.md, section 3): nothing is sampled or rounded, and sets of inputs
are left out only where a bound in integers says that they cannot be the worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...verify.engines.plain_code import Rows
from ...verify.engines.superposition.exact_product import exact_product
from ...verify.errors import ProofError
from ...verify.network import Layer, Network
from ..kernels.reading import reading_extremes

#: Sets of inputs that the search may look at for one output.
BUDGET = 1 << 24
#: Sums of this magnitude are not searched: the kernel holds products in 32 bits.
LARGEST = 1 << 31


@dataclass(frozen=True, eq=False)
class Reading:
    """Exact extremes of every output over all inputs with at most v ones.

    Attributes:
        low: least value where the output should read true, int64 (outputs,).
        high: largest value elsewhere.
        low_at, high_at: inputs that attain them, int64 (outputs, active), -1 behind the last.
        visited: sets of inputs that were looked at.
    """

    low: np.ndarray
    high: np.ndarray
    low_at: np.ndarray
    high_at: np.ndarray
    visited: int


def reading(
    products: np.ndarray, sets: Rows, pairs: np.ndarray, bias: int, active: int,
    budget: int = BUDGET,
) -> Reading:  # fmt: skip
    """Both extremes of sum over S_j of max(sum of products of the active inputs - bias, 0).

    Args:
        products: int64 (neurons, inputs), what each input feeds to each neuron.
        sets: neurons of each output.
        pairs: int64 (outputs, 2).
        bias: 0 or more, the same for all neurons.
        active: v, 2 or more.
        budget: sets that one output may take.

    Raises ProofError where the search would take longer, or the numbers are too large.
    """
    if products.size and int(np.abs(products).max()) * active + bias >= LARGEST:
        raise ProofError("the channel's sums are too large to be searched")
    outputs = len(pairs)
    low, high = np.zeros(outputs, dtype=np.int64), np.zeros(outputs, dtype=np.int64)
    low_at = np.full((outputs, active), -1, dtype=np.int64)
    high_at = low_at.copy()
    # copies are contiguous and writable, so the kernel is compiled once
    visited = reading_extremes(
        np.array(products, dtype=np.int32, order="C"),
        np.array(sets.starts, dtype=np.int64),
        np.array(sets.items, dtype=np.int64),
        np.array(pairs, dtype=np.int64, order="C"),
        int(bias), int(active), int(budget), low, high, low_at, high_at,
    )  # fmt: skip
    if visited < 0:
        raise ProofError(
            f"the search for the worst input with {active} ones took more than {budget:,} sets for "
            "one output; give fewer active inputs or more neurons"
        )
    return Reading(low, high, low_at, high_at, int(visited))


def stored_products(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """P = W C and the biases of the ReLU layer, in integers, from what the network stores.

    Raises ProofError when a number is no integer.
    """
    code, weights = (_integers(layer.weight) for layer in network.layers[:2])
    if network.layers[0].bias.any():
        raise ProofError("the first layer has a bias")
    return exact_product(weights, code), _integers(network.layers[1].bias)


def stored_reading(network: Network, pairs: np.ndarray, active: int) -> tuple[int, int]:
    """Least signed distances of a stored one-shot channel, doubled: where true, where false.

    Both are positive if and only if the network is right on all inputs with at most ``active``
    ones. Raises ProofError for a network of another form.
    """
    products, biases = stored_products(network)
    if len(np.unique(biases)) != 1 or biases[0] > 0:
        raise ProofError("the neurons of a one-shot channel have one bias, not above 0")
    last = network.layers[2]
    doubled = _integers(2 * last.bias.astype(np.float64))
    found = reading(products, _stored_sets(last), pairs, -int(biases[0]), active)
    return int((2 * found.low + doubled).min()), int((-2 * found.high - doubled).min())


def _stored_sets(layer: Layer) -> Rows:
    """The neurons that each output adds up."""
    entries = layer.csr.data if layer.sparse else layer.weight
    if ((entries != 0) & (entries != 1)).any():
        raise ProofError("the read-out of a one-shot channel is 0 or 1")
    if layer.sparse:
        return Rows(layer.csr.indptr.astype(np.int64), layer.csr.indices.astype(np.int64))
    return Rows.where(np.asarray(layer.weight) != 0)


def _integers(array: Any) -> np.ndarray:
    whole = np.rint(array).astype(np.int64)
    if not np.array_equal(whole, array):
        raise ProofError("the stored numbers are no integers")
    return np.asarray(whole)
