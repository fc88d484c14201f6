"""Sums of weights over many inputs, in integers of any size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np

#: Combinations of classes that are looked up in a table, and those that one key may number.
TABLE, KEY = 1 << 12, 1 << 62
#: Bits of a limb: sums of 2^22 limbs are exact in float64.
LIMB, SLAB = 31, 1 << 22


class Measure:
    """Weights of Boolean vectors: the product of one integer an input.

    Inputs with the same pair of weights form a class; a vector's weight depends only on the
    number of ones in each class. These numbers are packed into a key of one int64 or more, which
    is linear in the bits, so that the keys of a row and of a lane can be added.

    Args:
        weights: for each input the weight of false and of true, integers of at least 0.
    """

    def __init__(self, weights: Sequence[tuple[int, int]]) -> None:
        self.weights = tuple(weights)
        # the inputs that vary fastest in an enumeration come first: few different keys at a time
        members: dict[tuple[int, int], list[int]] = {}
        for i in reversed(range(len(weights))):
            members.setdefault(self.weights[i], []).append(i)
        self._members = members
        self._powers: dict[tuple[tuple[int, int], int], int] = {}
        self._columns: list[list[tuple[int, int]]] = [[]]
        room = TABLE
        for pair, inputs in members.items():
            if len(inputs) + 1 > room:
                self._columns.append([])
                room = KEY
            self._columns[-1].append(pair)
            room //= len(inputs) + 1

    @property
    def plain(self) -> bool:
        """True when every vector weighs 1: a sum is a count."""
        return all(pair == (1, 1) for pair in self.weights)

    @property
    def classes(self) -> dict[tuple[int, int], list[int]]:
        """The inputs of each pair of weights."""
        return self._members

    def flipped(self, flips: np.ndarray) -> tuple[tuple[int, int], ...]:
        """The weights over inputs of which some are negated."""
        pairs = zip(self.weights, flips, strict=True)
        return tuple((t, f) if flip else (f, t) for (f, t), flip in pairs)

    def weight_of(self, values: Iterable[tuple[int, int]]) -> int:
        """The weight of some inputs with their values."""
        return math.prod(self.weights[i][value] for i, value in values)

    @cached_property
    def coefficients(self) -> np.ndarray:
        """What each input adds to the keys: int64 (inputs, columns)."""
        matrix = np.zeros((len(self.weights), len(self._columns)), dtype=np.int64)
        for column, pairs in enumerate(self._columns):
            unit = 1
            for pair in pairs:
                matrix[self._members[pair], column] = unit
                unit *= len(self._members[pair]) + 1
        return matrix

    def keys(self, points: np.ndarray) -> np.ndarray:
        """Keys (points, columns) of a 0/1 matrix (points, inputs)."""
        return np.asarray(points.astype(np.int64) @ self.coefficients)

    def sum(self, keys: np.ndarray) -> int:
        """Sum of the weights of the vectors with these keys."""
        return sum(self._slab(keys[k : k + SLAB]) for k in range(0, len(keys), SLAB))

    def _slab(self, keys: np.ndarray) -> int:
        if keys.shape[1] == 1:
            counts = np.bincount(keys[:, 0])
            return sum(int(counts[k]) * self._table[k] for k in np.flatnonzero(counts))
        if keys.shape[1] == 2:
            high, place = np.unique(keys[:, 1], return_inverse=True)
            high = high[:, None]
        else:
            high, place = np.unique(keys[:, 1:], axis=0, return_inverse=True)
            place = place.reshape(-1)
        # float64 sums of limbs: exact integers below 2^53
        low = keys[:, 0]
        sums = [0] * len(high)
        for shift, limbs in enumerate(self._limbs):
            part = np.bincount(place, weights=limbs[low], minlength=len(high))
            shifted = shift * LIMB
            sums = [s + (int(v) << shifted) for s, v in zip(sums, part, strict=True)]
        return sum(s * self._high(row) for s, row in zip(sums, high.tolist(), strict=True))

    @cached_property
    def _table(self) -> list[int]:
        """Weight of the inputs in the first column, by key."""
        size = math.prod(len(self._members[pair]) + 1 for pair in self._columns[0])
        return [math.prod(self._factors(0, key)) for key in range(size)]

    @cached_property
    def _limbs(self) -> list[np.ndarray]:
        count = -(-max(max(w.bit_length() for w in self._table), 1) // LIMB)
        mask = (1 << LIMB) - 1
        return [
            np.array([(w >> (LIMB * k)) & mask for w in self._table], dtype=np.float64)
            for k in range(count)
        ]

    def _factors(self, column: int, key: int) -> Iterator[int]:
        """The weight of each class of a column; a key says how many of its inputs are 1."""
        for pair in self._columns[column]:
            size = len(self._members[pair])
            key, ones = divmod(key, size + 1)
            if (pair, ones) not in self._powers:
                self._powers[pair, ones] = pair[0] ** (size - ones) * pair[1] ** ones
            yield self._powers[pair, ones]

    def _high(self, keys: list[int]) -> int:
        return math.prod(
            factor for column, key in enumerate(keys, 1) for factor in self._factors(column, key)
        )
