"""The inputs that a superposed network is trained on, and its values there, block by block."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..verify.errors import InputError

#: Numbers of a block of values.
ELEMENTS = 1 << 24
#: Most values (outputs x inputs) that one pass looks at: a minute or more.
MOST_VALUES = 1 << 36


@dataclass(frozen=True, eq=False)
class Frame:
    """What does not depend on the trained matrix: code, decoder, and the pairs to compute.

    Attributes:
        code: T, Booleans (neurons, inputs).
        decoder: D, +-1 int8 (outputs, neurons).
        pairs: int64 (outputs, 2).
        active: v, 2 or more.
    """

    code: np.ndarray
    decoder: np.ndarray
    pairs: np.ndarray
    active: int

    @property
    def neurons(self) -> int:
        """Width of the square matrix."""
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
    def columns(self) -> np.ndarray:
        """float32 (inputs + 1, neurons): the columns of the code, and a zero one."""
        padded = np.zeros((self.inputs + 1, self.neurons), dtype=np.float32)
        padded[:-1] = self.code.T
        return padded

    @cached_property
    def supports(self) -> np.ndarray:
        """All sets of 2 to v inputs: int32 (states, v), padded with the number of inputs.

        Smaller sets leave every neuron at 0. Raises InputError when there are too many.
        """
        require_trainable(self.inputs, self.outputs, self.active)
        parts = []
        for size in range(2, self.active + 1):
            number = math.comb(self.inputs, size)
            sets = itertools.chain.from_iterable(itertools.combinations(range(self.inputs), size))
            part = np.full((number, self.active), self.inputs, dtype=np.int32)
            part[:, :size] = np.fromiter(sets, np.int32, count=size * number).reshape(-1, size)
            parts.append(part)
        return np.concatenate(parts)

    @cached_property
    def true_places(self) -> tuple[np.ndarray, np.ndarray]:
        """Output and state of every value that should read true, int32 both, by output."""
        m, own = self.inputs, self.pairs.astype(np.int64)
        places = []
        for more in range(self.active - 1):
            chosen = itertools.chain.from_iterable(itertools.combinations(range(m), more))
            others = np.fromiter(chosen, np.int64).reshape(math.comb(m, more), more)
            both = [
                np.broadcast_to(array, (self.outputs, len(others), array.shape[2]))
                for array in (own[:, None, :], others[None, :, :])
            ]
            apart = ~(others[None, :, :, None] == own[:, None, None, :]).any(axis=(2, 3))
            sets = np.sort(np.concatenate(both, axis=2)[apart], axis=1)
            before = sum(math.comb(m, size) for size in range(2, more + 2))
            places.append(before + _place(m, sets).reshape(self.outputs, -1))
        states = np.concatenate(places, axis=1)
        rows = np.repeat(np.arange(self.outputs, dtype=np.int32), states.shape[1])
        return rows, states.ravel().astype(np.int32)

    def is_true(self, outputs: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Which values should read true: the own pair of the output is in the set."""
        members = self.supports[states]
        own = self.pairs[outputs]
        has = [(members == own[:, k : k + 1]).any(axis=1) for k in (0, 1)]
        return np.asarray(has[0] & has[1])

    def hidden(self, part: slice) -> np.ndarray:
        """Hidden states of some training inputs: float32 (states, neurons)."""
        sets = self.supports[part]
        if self.active == 2:
            return np.asarray(self.columns[sets[:, 0]] * self.columns[sets[:, 1]])
        fed = self.columns[sets].sum(axis=1)
        return np.asarray(np.maximum(fed - 1, 0))

    def blocks(self, rows: int) -> Iterator[slice]:
        """Blocks of states for which ``rows`` values each fit into memory."""
        size = max(min(ELEMENTS // max(rows, self.neurons), 1 << 15), 64)
        total = len(self.supports)
        for start in range(0, total, size):
            yield slice(start, min(start + size, total))

    @cached_property
    def second_moments(self) -> np.ndarray:
        """Sum of h h^T over the training inputs: float64 (neurons, neurons)."""
        total = np.zeros((self.neurons, self.neurons))
        for part in self.blocks(1):
            hidden = self.hidden(part)
            total += hidden.T @ hidden
        return total


class Places(NamedTuple):
    """Chosen places of the matrix of values, and the values: arrays of one length."""

    outputs: Any
    states: Any
    values: Any


def require_trainable(inputs: int, outputs: int, active: int) -> None:
    """Raise InputError where a pass over all values would take more than a minute or so."""
    states = sum(math.comb(inputs, size) for size in range(2, active + 1))
    if outputs * states > MOST_VALUES:
        raise InputError(
            f"training would look at {outputs * states:,} values a pass, more than "
            f"{MOST_VALUES:,}; use fewer inputs or outputs, or the closed form"
        )


def _place(inputs: int, sets: np.ndarray) -> np.ndarray:
    """Place of each set in lexicographic order: the number of sets minus those at and behind."""
    size = sets.shape[1]
    behind = np.zeros(len(sets), dtype=np.int64)
    for k, column in enumerate(sets.T.astype(np.int64)):
        part = np.ones(len(sets), dtype=np.int64)
        for factor in range(size - k):
            part = part * (inputs - 1 - column - factor) // (factor + 1)
        behind += part
    return math.comb(inputs, size) - 1 - behind
