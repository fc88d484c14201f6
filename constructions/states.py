"""The inputs that a superposed network is trained on, and its values there, block by block."""

from __future__ import annotations

import itertools
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
        active: v, 2 or 3.
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
        if self.active not in (2, 3):
            raise InputError(
                f"training needs 2 or 3 active inputs, not {self.active}; use the closed form"
            )
        first, second = np.triu_indices(self.inputs, 1)
        states = np.full((len(first), self.active), self.inputs, dtype=np.int32)
        states[:, 0], states[:, 1] = first, second
        if self.active == 2:
            _require_feasible(self.outputs * len(states))
            return states
        triples = len(states) * (self.inputs - 2) // 3
        _require_feasible(self.outputs * (len(states) + triples))
        sets = itertools.chain.from_iterable(itertools.combinations(range(self.inputs), 3))
        third = np.fromiter(sets, dtype=np.int32, count=3 * triples).reshape(-1, 3)
        return np.concatenate([states, third])

    @cached_property
    def true_places(self) -> tuple[np.ndarray, np.ndarray]:
        """Output and state of every value that should read true, int32 both, by output."""
        m, v = self.inputs, self.active
        own = self.pairs.astype(np.int64)
        if v == 2:
            states = _pair_place(m, own)
            return np.arange(self.outputs, dtype=np.int32), states.astype(np.int32)
        other = np.arange(m)
        sets = np.stack([np.broadcast_to(part, (self.outputs, m)) for part in (*own.T[:, :, None],
                        other[None, :])], axis=2)  # fmt: skip
        inside = (other[None, :] != own[:, :1]) & (other[None, :] != own[:, 1:])
        triples = np.sort(sets[inside], axis=1)
        places = m * (m - 1) // 2 + _triple_place(m, triples)
        states = np.concatenate(
            [_pair_place(m, own)[:, None], places.reshape(self.outputs, m - 2)], axis=1
        )
        rows = np.repeat(np.arange(self.outputs, dtype=np.int32), m - 1)
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


def _require_feasible(values: int) -> None:
    if values > MOST_VALUES:
        raise InputError(
            f"training would look at {values:,} values a pass, more than {MOST_VALUES:,}; "
            "use fewer inputs or outputs, or the closed form"
        )


def _pair_place(inputs: int, pairs: np.ndarray) -> np.ndarray:
    a, b = pairs[:, 0], pairs[:, 1]
    return np.asarray(a * (2 * inputs - a - 1) // 2 + b - a - 1)


def _triple_place(inputs: int, triples: np.ndarray) -> np.ndarray:
    """Place in lexicographic order: the number of triples minus those at and behind."""
    a, b, c = (inputs - 1 - column for column in triples.T.astype(np.int64))
    total = inputs * (inputs - 1) * (inputs - 2) // 6
    behind = a * (a - 1) * (a - 2) // 6 + b * (b - 1) // 2 + c
    return np.asarray(total - 1 - behind)
