"""The channel: sign codes in front, one integer matrix, and sets of neurons that are added up.

e = C x, then h = max(W e - bias, 0) with W = M C^T, and output j is the sum of h over its set S_j.
C has random signs, M says which inputs a neuron listens to: W e is n times M x and noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...verify.engines.plain_code import Rows
from ...verify.engines.superposition.exact_product import exact_product
from ...verify.errors import ProofError
from ...verify.network import Network
from ...verify.sparse_matrix import DENSE_ENTRIES
from ..permutation import sign_code
from .deal import listening_sets, reading_sets
from .influence import Influence


@dataclass(frozen=True, eq=False)
class Channel:
    """Everything that a channel consists of, and that decides what it computes.

    Attributes:
        code: C, +-1 int64 (neurons, inputs).
        feeds: M, 0/1 int64 (neurons, inputs).
        sets: the neurons of each output.
        pairs: int64 (outputs, 2).
    """

    code: np.ndarray
    feeds: np.ndarray
    sets: Rows
    pairs: np.ndarray

    @property
    def neurons(self) -> int:
        """Width of the square matrix, n."""
        return int(self.code.shape[0])

    @property
    def inputs(self) -> int:
        """Number of inputs, m."""
        return int(self.code.shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return len(self.pairs)

    @cached_property
    def weights(self) -> np.ndarray:
        """W = M C^T, int64 (neurons, neurons)."""
        return _fed(self.feeds, self.code.T)

    @cached_property
    def products(self) -> np.ndarray:
        """P = W C: what each input alone feeds to each neuron, int64 (neurons, inputs)."""
        if self.neurons < self.inputs:
            return exact_product(self.weights, self.code)
        return _fed(self.feeds, exact_product(self.code.T, self.code))

    @cached_property
    def noise(self) -> np.ndarray:
        """Z = P - n M, what the neurons get beside what they listen to."""
        return np.asarray(self.products - self.neurons * self.feeds)


def _fed(feeds: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """``feeds @ matrix`` in integers, quickly where few inputs feed a neuron."""
    if 16 * np.count_nonzero(feeds) > feeds.size:
        return exact_product(feeds, matrix)
    from scipy.sparse import csr_array

    return np.asarray(csr_array(feeds) @ np.ascontiguousarray(matrix))


def draw_channel(
    split: Influence, neurons: int, size: int, density: float | None, seed: int
) -> Channel:
    """Draw a channel: light inputs feed the sets of their outputs, heavy ones listening sets.

    Args:
        split: the pairs, and which inputs are heavy.
        neurons: n.
        size: neurons that an output is read from.
        density: of the listening sets; None where no input is heavy.
        seed: of code, sets and listening sets.

    Raises ProofError where a heavy pair shares too few neurons.
    """
    inputs = len(split.counts)
    heavy = split.heavy
    listening = np.zeros((neurons, inputs), dtype=bool)
    if density is not None and heavy.any():
        listening = listening_sets(inputs, neurons, density, seed) & heavy
    sets = reading_sets(split, listening, neurons, size, seed)
    feeds = listening.astype(np.int64)
    for member in split.pairs.T:
        light = ~heavy[member]
        feeds[sets[light].ravel(), np.repeat(member[light], size)] = 1
    return Channel(sign_code(neurons, inputs, seed), feeds, Rows.table(sets), split.pairs)


def one_shot_network(channel: Channel, bias: int, levels: np.ndarray) -> Network:
    """(C, 0, identity), (W, -bias, relu), (sets, -levels, identity), read above 0."""
    return _network(channel, [channel.weights], [np.full(channel.neurons, -bias)], levels)


def clean_network(channel: Channel) -> Network:
    """The same with exact 0/1 states z = [W e > 3n/2] from two neurons each, all ones of S_j read.

    For integers u, max(u + 1, 0) - max(u, 0) is 1 where u >= 0, else 0; u = W e - floor(3n/2) - 1.
    """
    limit, weights = 3 * channel.neurons // 2, channel.weights
    biases = [np.full(channel.neurons, -limit), np.full(channel.neurons, -limit - 1)]
    return _network(channel, [weights, weights], biases, channel.sets.sizes - 0.5)


def _network(
    channel: Channel, weights: list[np.ndarray], biases: list[np.ndarray], levels: np.ndarray
) -> Network:
    largest = max(float(np.abs(array).max()) for array in (*weights, *biases, 2 * levels))
    if largest >= 1 << 52:
        raise ProofError("the network's weights are too large to be stored exactly")
    kind = np.float32 if largest < 1 << 23 else np.float64
    return Network.from_arrays(
        [
            channel.code.astype(kind),
            np.concatenate(weights).astype(kind),
            _read(channel, len(weights), kind),
        ],
        [
            np.zeros(channel.neurons, dtype=kind),
            np.concatenate(biases).astype(kind),
            (-levels).astype(kind),
        ],
        ["identity", "relu", "identity"],
    )


def _read(channel: Channel, copies: int, kind: Any) -> Any:
    """The sets as a 0/1 matrix, with minus signs on a second copy; sparse where it is large."""
    n = channel.neurons
    if channel.outputs * n * copies <= DENSE_ENTRIES:
        read = channel.sets.matrix(n)
        return np.concatenate([read, -read], axis=1).astype(kind) if copies == 2 else read
    from scipy.sparse import coo_array

    rows = np.tile(channel.sets.numbers, copies)
    columns = np.concatenate([channel.sets.items + n * copy for copy in range(copies)])
    signs = np.repeat(np.array([1, -1], dtype=kind)[:copies], len(channel.sets.items))
    return coo_array((signs, (rows, columns)), shape=(channel.outputs, n * copies)).tocsr()
