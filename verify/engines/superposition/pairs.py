"""Values on inputs with exactly two ones, of every output: exact matrix products in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..engine import Request
from .exact_product import SINGLE, exact_product, float_type, reach
from .form import SuperposedForm
from .record import Record

#: Outputs of a block at most, and numbers of a block at most.
ROWS, ELEMENTS = 2048, 1 << 24
#: Bytes that the pair products may take all the time.
KEPT = 1 << 29


class PairProducts:
    """The products T_a T_b of all columns of a 0/1 code, a < b, ordered by a and then b."""

    def __init__(self, code: np.ndarray) -> None:
        self.code = code.astype(np.float32)
        first, second = np.triu_indices(code.shape[1], 1)
        self.first, self.second = first.astype(np.int64), second.astype(np.int64)
        kept = self.code.itemsize * code.shape[0] * len(first) <= KEPT
        self._all = self._made(slice(None)) if kept else None

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return len(self.first)

    def part(self, pairs: slice) -> np.ndarray:
        """The products of some pairs: 0/1 float32 (neurons, pairs)."""
        return self._made(pairs) if self._all is None else self._all[:, pairs]

    def _made(self, pairs: slice) -> np.ndarray:
        return self.code[:, self.first[pairs]] * self.code[:, self.second[pairs]]

    def moments(self, rows: np.ndarray, pairs: slice) -> np.ndarray:
        """Exact products of integer rows (outputs, neurons) in int64 with some pair products.

        Returns them in float32 or float64 where that type holds them all, else in int64.
        """
        bound = reach(rows)
        kind = float_type(bound)
        factor = self.part(pairs)
        if kind is None:
            return exact_product(rows, factor.astype(np.int64))
        # every partial sum is an integer below this, whatever the order of summation
        assert bound < (SINGLE if kind is np.float32 else 1 << 53)
        return np.asarray(rows.astype(kind) @ factor.astype(kind, copy=False))


def blocks(outputs: int, pairs: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of outputs and pairs that cover everything, outputs in the outer loop."""
    width = max(min(pairs, ELEMENTS // 64), 1)
    rows = max(min(ROWS, ELEMENTS // width), 1)
    for first in range(0, outputs, rows):
        for start in range(0, pairs, width):
            yield (
                slice(first, min(first + rows, outputs)),
                slice(start, min(start + width, pairs)),
            )


def pair_index(inputs: int, pairs: np.ndarray) -> np.ndarray:
    """The place of pairs (rows, 2), a < b, in the order of :class:`PairProducts`."""
    a, b = pairs[:, 0], pairs[:, 1]
    return np.asarray(a * (2 * inputs - a - 1) // 2 + b - a - 1)


class PairScan:
    """Visits every input with exactly two ones; complete for at most two active inputs."""

    def __init__(self, form: SuperposedForm, record: Record, request: Request) -> None:
        self.form, self.record, self.request = form, record, request
        self.products = PairProducts(form.code)
        self.own = pair_index(form.inputs, form.pairs)
        self.nodes = 0

    def run(self) -> None:
        """Visit all, or until nothing more is wanted. Raises DeadlineError at the deadline."""
        for outputs, part in blocks(self.form.outputs, self.products.pairs):
            self.request.require_time()
            self.enter(self.products.moments(self.form.gain[outputs], part), outputs, part)
            self.nodes += (outputs.stop - outputs.start) * (part.stop - part.start)
            self.request.progress(outputs.stop, self.form.outputs)
            if self.record.done(self.request):
                return

    def enter(self, values: np.ndarray, outputs: slice, part: slice) -> None:
        """Enter the values (outputs, pairs) of a block, which is changed."""
        form, record = self.form, self.record
        own = self.own[outputs] - part.start
        rows = np.flatnonzero((own >= 0) & (own < values.shape[1]))
        columns, at = own[rows], rows + outputs.start
        on = values[rows, columns].astype(np.int64)
        # below every value; float types of values hold numbers up to the bound and one more
        values[rows, columns] = -form.bound - 1
        record.low[at] = np.minimum(record.low[at], on)
        high = values.max(axis=1).astype(np.int64)
        record.high[outputs] = np.maximum(record.high[outputs], high)
        wrong_on = on < form.least_true[at]
        if not wrong_on.any() and not (high > form.most_false[outputs]).any():
            return
        wrong = values > form.most_false[outputs].astype(values.dtype)[:, None]
        wrong[rows, columns] = wrong_on
        record.by_output[outputs] += np.count_nonzero(wrong, axis=1)
        hit = np.flatnonzero(wrong.any(axis=0)) + part.start
        record.add(np.stack([self.products.first[hit], self.products.second[hit]], axis=1))
