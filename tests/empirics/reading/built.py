"""Networks with a known formula: one neuron a clause, or with noise on top."""

from __future__ import annotations

import itertools

import numpy as np

from superproof import Network
from superproof.empirics.tasks import Clause


def dnf_network(inputs: int, clauses: tuple[Clause, ...], copies: int = 1) -> Network:
    """``sum of relu(true literals - (k - 1)) - 1/2``, so that it reads the DNF; small integers."""
    first = np.zeros((len(clauses) * copies, inputs), dtype=np.float32)
    bias = np.zeros(len(first), dtype=np.float32)
    for r in range(len(first)):
        clause = clauses[r % len(clauses)]
        for i, sign in clause:
            first[r, i] = 1 if sign else -1
        bias[r] = 1 - sum(sign for _, sign in clause)
    second = np.ones((1, len(first)), dtype=np.float32)
    return Network.from_arrays([first, second], [bias, np.array([-0.5], dtype=np.float32)])


def all_points(inputs: int) -> np.ndarray:
    """Every 0/1 vector, uint8 (2**inputs, inputs)."""
    return np.array(list(itertools.product((0, 1), repeat=inputs)), dtype=np.uint8)


def reads(network: Network, points: np.ndarray) -> np.ndarray:
    """What a network of one output reads above 0, exactly."""
    return np.array([value > 0 for value in network.evaluate(points.astype(np.int64))[:, 0]])
