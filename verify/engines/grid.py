"""The domain as rows times lanes: every input is one row's bits joined with one lane's bits.

A row fixes the slow part of an input, a lane the fast part, so that sums over inputs are
one addition of two table entries. Inputs are held relative to ``flip`` (the centre of a
Hamming ball): input bit = (row bit | lane bit) ^ flip.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..bitprogram import pack_bits
from ..domain import Domain
from ..formula import Formula

#: Lanes come in words of this many.
WORD = 64
#: A run of rows is not made shorter than this to save memory.
FEWEST_ROWS = 16


@dataclass(frozen=True)
class Rows:
    """A run of rows.

    Attributes:
        bits: uint8 (rows, inputs), relative to the grid's flip.
        start, stop: int64 (rows,); the points of a row are the lanes start <= lane < stop.
        sums: int64 (rows, columns), the weight sums of each row's bits (see ``Grid.rows``).
    """

    bits: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    sums: np.ndarray


class Grid(ABC):
    """Rows times lanes.

    Attributes:
        lane_bits: uint8 (lanes, inputs), lanes padded to whole words with zero rows.
        lanes: number of real lanes.
        flip: uint8 (inputs,).
        candidates: number of points, before ``remaining`` filters them.
        remaining: the domain constraint that rows and lanes do not yet respect, or None.
    """

    lane_bits: np.ndarray
    lanes: int
    flip: np.ndarray
    candidates: int
    remaining: Formula | None

    @abstractmethod
    def rows(self, weights: np.ndarray) -> Iterator[Rows]:
        """All rows in order, in runs; ``weights`` is int64 (inputs, columns) for their sums."""

    @abstractmethod
    def row_reach(self, magnitudes: np.ndarray) -> np.ndarray:
        """Bound on a row's sum of non-negative weights (inputs, columns): (columns,)."""

    @abstractmethod
    def lane_reach(self, magnitudes: np.ndarray) -> np.ndarray:
        """Bound on a lane's sum of non-negative weights (inputs, columns): (columns,)."""

    @property
    def lane_words(self) -> np.ndarray:
        """The lane bits packed by input: uint64 (inputs, words)."""
        return pack_bits(self.lane_bits)

    def points(self, row_bits: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Inputs as 0/1 uint8 (points, inputs) from row bits (points, inputs) and lanes."""
        return np.asarray((row_bits | self.lane_bits[lanes]) ^ self.flip)


def make_grid(domain: Domain, lanes: int, run: int, rows: int = 1 << 62) -> Grid:
    """The cheaper of the two shapes for a domain without a point list.

    Args:
        domain: what to visit.
        lanes: the wanted number of lanes.
        run: the wanted number of points in a run of rows.
        rows: the wanted number of rows in a run, where that is less.
    """
    product = math.prod(map(len, domain.one_hot))
    product <<= domain.inputs - sum(map(len, domain.one_hot))
    if product <= domain.candidates:
        return ProductGrid(domain, lanes, run, rows)
    return BallGrid(domain, run, rows)


class ProductGrid(Grid):
    """Independent digits: a free input, or a one-hot group; the last digits form the lanes."""

    def __init__(self, domain: Domain, lanes: int, run: int, rows: int = 1 << 62) -> None:
        grouped = {i for group in domain.one_hot for i in group}
        digits = [*domain.one_hot, *((i,) for i in range(domain.inputs) if i not in grouped)]
        digits.sort()
        self._groups = set(domain.one_hot)
        self._inputs = domain.inputs
        low = _suffix(digits, self._groups, lanes, WORD)
        self._low, high = digits[low:], digits[:low]
        self.lanes = _size(self._low, self._groups)
        wanted = max(min(run // self.lanes, rows), FEWEST_ROWS)
        middle = _suffix(high, self._groups, wanted, FEWEST_ROWS)
        self._middle, self._top = high[middle:], high[:middle]
        bits = self._assignments(self._low)
        padding = -len(bits) % WORD
        self.lane_bits = np.pad(bits, ((0, padding), (0, 0)))
        self.flip = np.zeros(domain.inputs, dtype=np.uint8)
        self.candidates = _size(digits, self._groups)
        self.remaining = domain.constraint(one_hot=False)

    def rows(self, weights: np.ndarray) -> Iterator[Rows]:
        middle = self._assignments(self._middle)
        sums = self._sums(self._middle, weights)
        start = np.zeros(len(middle), dtype=np.int64)
        stop = np.full(len(middle), self.lanes, dtype=np.int64)
        for top in self._count(self._top):
            bits = middle | top
            yield Rows(bits, start, stop, sums + top.astype(np.int64) @ weights)

    def row_reach(self, magnitudes: np.ndarray) -> np.ndarray:
        return self._reach([*self._middle, *self._top], magnitudes)

    def lane_reach(self, magnitudes: np.ndarray) -> np.ndarray:
        return self._reach(self._low, magnitudes)

    def _reach(self, digits: list[tuple[int, ...]], magnitudes: np.ndarray) -> np.ndarray:
        total = np.zeros(magnitudes.shape[1], dtype=magnitudes.dtype)
        for digit in digits:
            total = total + magnitudes[list(digit)].max(axis=0)
        return total

    def _assignments(self, digits: list[tuple[int, ...]]) -> np.ndarray:
        """All values of the digits, last digit fastest: uint8 (values, inputs)."""
        bits = np.zeros((1, self._inputs), dtype=np.uint8)
        for digit in digits:
            choices = self._choices(digit)
            bits = (bits[:, None, :] | choices[None, :, :]).reshape(-1, self._inputs)
        return bits

    def _sums(self, digits: list[tuple[int, ...]], weights: np.ndarray) -> np.ndarray:
        """Weight sums of :meth:`_assignments`, one addition an entry: int64 (values, columns)."""
        sums = np.zeros((1, weights.shape[1]), dtype=np.int64)
        for digit in digits:
            choices = weights[list(digit)]
            if digit not in self._groups:
                choices = np.concatenate([np.zeros_like(choices), choices])
            size = len(sums) * len(choices)
            sums = (sums[:, None, :] + choices[None, :, :]).reshape(size, weights.shape[1])
        return sums

    def _choices(self, digit: tuple[int, ...]) -> np.ndarray:
        choices = np.zeros((len(digit), self._inputs), dtype=np.uint8)
        choices[np.arange(len(digit)), list(digit)] = 1
        if digit not in self._groups:
            choices = np.concatenate([np.zeros_like(choices), choices])
        return choices

    def _count(self, digits: list[tuple[int, ...]]) -> Iterator[np.ndarray]:
        for choice in itertools.product(*(self._choices(digit) for digit in digits)):
            bits = np.zeros(self._inputs, dtype=np.uint8)
            for part in choice:
                bits |= part
            yield bits


class BallGrid(Grid):
    """Few true inputs (or few flips of a centre): a row holds all flips but the last one.

    Lane i flips input i; one more lane flips nothing, for the centre itself.
    """

    def __init__(self, domain: Domain, run: int, rows: int = 1 << 62) -> None:
        self._inputs = domain.inputs
        self.flip = np.zeros(domain.inputs, dtype=np.uint8)
        self._lowest, self._highest = domain.at_least, domain.at_most
        if domain.balls and not domain.has_cardinality:
            self.flip[:] = domain.balls[0].centre
            self._lowest, self._highest = 0, min(domain.balls[0].radius, domain.inputs)
            self.remaining = domain.constraint(balls=1)
        else:
            self.remaining = domain.constraint(cardinality=False)
        self.lanes = domain.inputs + 1
        bits = np.eye(self.lanes, domain.inputs, dtype=np.uint8)
        self.lane_bits = np.pad(bits, ((0, -self.lanes % WORD), (0, 0)))
        self.candidates = sum(
            math.comb(domain.inputs, flips) for flips in range(self._lowest, self._highest + 1)
        )
        self._run = max(min(2 * run // self.lanes, rows), FEWEST_ROWS)

    def rows(self, weights: np.ndarray) -> Iterator[Rows]:
        if self._lowest == 0:
            yield self._rows(np.zeros((1, 0), dtype=np.int64), weights, centre=True)
        for flips in range(max(self._lowest, 1), self._highest + 1):
            prefixes = itertools.combinations(range(self._inputs - 1), flips - 1)
            while batch := list(itertools.islice(prefixes, self._run)):
                yield self._rows(np.array(batch, dtype=np.int64), weights, centre=False)

    def _rows(self, prefixes: np.ndarray, weights: np.ndarray, centre: bool) -> Rows:
        count, flips = prefixes.shape
        bits = np.zeros((count, self._inputs), dtype=np.uint8)
        bits[np.arange(count)[:, None], prefixes] = 1
        sums = np.zeros((count, weights.shape[1]), dtype=np.int64)
        for column in range(flips):
            sums += weights[prefixes[:, column]]
        stop = np.full(count, self.lanes if centre else self._inputs, dtype=np.int64)
        start = prefixes[:, -1] + 1 if flips else np.zeros(count, dtype=np.int64)
        if centre:
            start = stop - 1
        return Rows(bits, start, stop, sums)

    def row_reach(self, magnitudes: np.ndarray) -> np.ndarray:
        prefix = max(self._highest - 1, 0)
        return np.asarray(np.sort(magnitudes, axis=0)[::-1][:prefix].sum(axis=0))

    def lane_reach(self, magnitudes: np.ndarray) -> np.ndarray:
        return np.asarray(magnitudes.max(axis=0))


def _size(digits: list[tuple[int, ...]], groups: set[tuple[int, ...]]) -> int:
    return math.prod(len(digit) if digit in groups else 2 for digit in digits)


def _suffix(
    digits: list[tuple[int, ...]], groups: set[tuple[int, ...]], wanted: int, least: int
) -> int:
    """Where the shortest suffix of at least ``wanted`` values begins (0 if all are too few).

    A large group may make it much longer; then it stays short, if ``least`` values are there.
    """
    size = 1
    for position in range(len(digits) - 1, -1, -1):
        values = len(digits[position]) if digits[position] in groups else 2
        if size >= wanted or (size >= least and size * values > 4 * wanted):
            return position + 1
        size *= values
    return 0
