"""Plain 0/1 codes and the largest imitations of their outputs: all that Theorem 1 looks at.

A plain network has h = ReLU(Tx - (t-1)) with a 0/1 code T, and output j adds up h over K_j,
neurons that all t members of its tuple feed. Statement and proof: docs/theory.md, section 4.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

#: Overlaps and multiplications up to which one matrix product is used: numpy has it at hand,
#: where the kernels must be loaded first.
FEW_OVERLAPS, PRODUCT = 1 << 25, 1 << 31
#: Sums of at most so many ones are exact in float32, in every order.
EXACT_ONES = 1 << 24
#: Outputs of one matrix product.
BLOCK = 1024
#: Bytes that the packed code may take.
PACKED_BYTES = 1 << 30
#: Measured: bytes a second that the packed kernel takes in, and seconds an input of a neuron
#: costs the listed one. They choose between two ways to the same numbers.
PACKED_RATE, LISTED_SECONDS = 1.5e10, 4e-9


class Rows(NamedTuple):
    """Lists of numbers, one after another: row i is ``items[starts[i]:starts[i + 1]]``."""

    starts: np.ndarray
    items: np.ndarray

    @classmethod
    def of(cls, lists: Iterable[Iterable[int]]) -> Self:
        """The rows with these contents."""
        rows = [np.fromiter(row, dtype=np.int64) for row in lists]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        return cls(starts, np.concatenate([np.zeros(0, dtype=np.int64), *rows]))

    @classmethod
    def where(cls, matrix: np.ndarray) -> Self:
        """The columns of a Boolean matrix that are true in each row."""
        starts = np.concatenate([[0], np.cumsum(matrix.sum(axis=1, dtype=np.int64))])
        return cls(starts, np.nonzero(matrix)[1].astype(np.int64))

    @classmethod
    def table(cls, array: np.ndarray) -> Self:
        """The rows of a matrix of numbers."""
        count, width = array.shape
        items = np.ascontiguousarray(array, dtype=np.int64).ravel()
        return cls(np.arange(count + 1, dtype=np.int64) * width, items)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    @property
    def sizes(self) -> np.ndarray:
        """Length of each row."""
        return np.diff(self.starts)

    @property
    def numbers(self) -> np.ndarray:
        """For each item the number of its row."""
        return np.repeat(np.arange(self.height), self.sizes)

    def row(self, number: int) -> np.ndarray:
        """One row."""
        return self.items[self.starts[number] : self.starts[number + 1]]

    def matrix(self, width: int, start: int = 0, end: int | None = None) -> np.ndarray:
        """Rows ``start:end`` as 0/1 float32 of that width."""
        end = self.height if end is None else end
        result = np.zeros((end - start, width), dtype=np.float32)
        first, last = self.starts[start], self.starts[end]
        places = np.repeat(np.arange(end - start), self.sizes[start:end])
        result[places, self.items[first:last]] = 1
        return result


@dataclass(frozen=True, eq=False)
class PlainCode:
    """A code with the sets of neurons that its outputs add up.

    Attributes:
        inputs: number of inputs, m.
        code: T, for each neuron the inputs that feed it, ascending.
        shared: for each output K_j, neurons that all members of its tuple feed.
        tuples: for each output its members.
    """

    inputs: int
    code: Rows
    shared: Rows
    tuples: Rows

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.shared.height

    def intruders(self, active: int) -> np.ndarray:
        """r of each output: how many other inputs can imitate its missing member, int64.

        With at most ``active`` inputs true these are ``active - t + 1``, and never more than
        there are inputs outside the tuple.
        """
        arity = self.tuples.sizes
        return np.asarray(np.clip(np.minimum(active - arity + 1, self.inputs - arity), 0, None))

    def imitations(
        self, active: int, first: int = 0, last: int | None = None, *, witnesses: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The sums of the r largest \\|K_j & T_c\\| over inputs c outside the tuple.

        Args:
            active: the largest number of true inputs, v.
            first, last: outputs ``first:last``; all by default.
            witnesses: also name inputs c with these overlaps.

        Returns:
            int64 (outputs,), and int64 (outputs, largest r) of inputs, of which an output has
            its own r, then -1 (also where there is nothing to gain); no rows without witnesses.
        """
        last = self.outputs if last is None else last
        r = self.intruders(active)
        if self._uses_product:
            return self._by_product(r, first, last, witnesses)
        from .kernels import overlap

        top = np.zeros(self.outputs, dtype=np.int64)
        most = int(r[first:last].max(initial=0))
        worst = np.full((last - first if witnesses else 0, most), -1, dtype=np.int64)
        sets = (self.shared.items, self.shared.starts, self.tuples.items, self.tuples.starts, r)
        if self._packed is not None:
            depth = max(int(self.shared.sizes.max(initial=0)).bit_length(), 1)
            overlap.packed(self._packed, *sets, first, last, depth, self.inputs, top, worst)
        else:
            code = (self.code.items, self.code.starts)
            overlap.listed(*code, *sets, first, last, self.inputs, top, worst)
        return top[first:last], worst

    def prepare(self) -> float:
        """Pack the code, and load or compile the kernel; returns the seconds that loading took."""
        if self._uses_product:
            return 0.0
        start = time.monotonic()
        from .kernels import overlap

        loading = time.monotonic() - start
        bits = self._packed
        start = time.monotonic()
        # no output at all, only for the types
        none, starts = np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
        rest = (none, starts, none, starts, none, 0, 0)
        if bits is None:
            overlap.listed(none, starts, *rest, 1, none, np.empty((0, 1), dtype=np.int64))
        else:
            overlap.packed(bits[:0], *rest, 1, 1, none, np.empty((0, 1), dtype=np.int64))
        return loading + time.monotonic() - start

    @property
    def bytes_an_output(self) -> float:
        """What the criterion reads for an output, on average."""
        return float(self.shared.sizes.mean()) * max(self.inputs / 8, 64)

    @cached_property
    def _uses_product(self) -> bool:
        overlaps = self.outputs * self.inputs
        few = overlaps <= FEW_OVERLAPS and overlaps * self.code.height <= PRODUCT
        # the product is one of float32, exact for sums of so many ones in any order
        few = few and self.code.height <= EXACT_ONES
        return few and len(np.unique(self.tuples.sizes)) == 1

    @cached_property
    def _packed(self) -> np.ndarray | None:
        """The code with a bit an input, or None where listing its inputs is cheaper."""
        from .kernels.overlap import DEEPEST, WORDS

        words = -(-self.inputs // (64 * WORDS)) * WORDS
        most = int(self.shared.sizes.max(initial=0))
        if most >> DEEPEST or 8 * words * self.code.height > PACKED_BYTES:
            return None
        listed = LISTED_SECONDS * float(self.code.sizes[self.shared.items].sum())
        if listed < 8 * words * len(self.shared.items) / PACKED_RATE:
            return None
        bits = np.zeros((self.code.height, words), dtype=np.uint64)
        block = max(1, (1 << 24) // self.inputs)
        as_bytes = bits.view(np.uint8)
        for start in range(0, self.code.height, block):
            end = min(start + block, self.code.height)
            part = self.code.matrix(self.inputs, start, end).astype(bool)
            packed = np.packbits(part, axis=1, bitorder="little")
            as_bytes[start:end, : packed.shape[1]] = packed
        return bits

    def _by_product(
        self, r: np.ndarray, first: int, last: int, witnesses: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        # a sum of at most 2^24 ones is exact in float32 in every order; int32 has no fast product
        code = self.code.matrix(self.inputs)
        want = int(r[0]) if self.outputs else 0
        top = np.zeros(last - first, dtype=np.int64)
        worst = np.empty((last - first, want), dtype=np.int64)
        for start in range(first, last if want else first, BLOCK):
            end = min(start + BLOCK, last)
            counts = self.shared.matrix(self.code.height, start, end) @ code
            members = self.tuples.items[self.tuples.starts[start] : self.tuples.starts[end]]
            counts[np.arange(end - start)[:, None], members.reshape(end - start, -1)] = -1
            if want == 1:
                largest = counts.argmax(axis=1)[:, None]
            else:
                largest = np.argpartition(counts, self.inputs - want, axis=1)[:, -want:]
            sums = np.take_along_axis(counts, largest, axis=1).astype(np.int64).sum(axis=1)
            top[start - first : end - first] = sums
            worst[start - first : end - first] = largest
        return top, worst if witnesses else worst[:0]
