"""Fixed-point tables of a one-hidden-layer network over a grid, with exact error bounds.

Folding: for an output with weight w on a neuron, w * relu(a + b) = sign(w) * relu(|w|a + |w|b)
and relu(a + b) = max(a, -b) + b, so that a neuron costs one maximum and one addition a point:
``value = high_sum + low_sum + sum of +-max(high, low)``. Numbers are integers throughout. Where
they do not fit the machine type they are rounded to a coarser unit; the bounds are derived in
docs/exactness.md, section "Fixed-point tables".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..dyadic import narrow
from ..readout import Levels, Threshold
from .grid import Grid, Rows
from .integer_network import IntegerNetwork

#: Fine tables stay below 2**FINE_BITS, so that sums of two of them cannot overflow int64.
FINE_BITS = 61
#: Types from cheapest to finest, with the number of bits their sums may use.
TYPES: tuple[tuple[type[np.signedinteger], int], ...] = (
    (np.int16, 15),
    (np.int32, 31),
    (np.int64, FINE_BITS),
)


@dataclass(frozen=True)
class TypedTables:
    """Lane tables in one machine type, and how to make row tables to match.

    Attributes:
        dtype: element type of all tables.
        shift: number of low bits of the fine tables that were rounded away.
        low: (columns, lanes), high tables are compared with it.
        low_sum: (outputs, lanes).
        weight: (columns,) for step neurons, None for relu.
        thresholds: int64 (outputs, 4): true_sure, true_maybe, false_maybe, false_sure.
        error: (outputs,) Fractions, bound on |typed value - true value| in units of
            ``unit * 2**shift``.
    """

    dtype: type[np.signedinteger]
    shift: int
    low: np.ndarray
    low_sum: np.ndarray
    weight: np.ndarray | None
    thresholds: np.ndarray
    error: tuple[Fraction, ...]

    def high(self, fine: np.ndarray) -> np.ndarray:
        """Row tables of this type from fine ones, int64 of any shape."""
        return round_shift(fine, self.shift).astype(self.dtype)


class Tables:
    """Fine (int64) tables of every output, and coarser ones on demand.

    Attributes:
        columns: int64 weights (inputs, columns) whose row sums ``Grid.rows`` must deliver.
        bounds: int64 (outputs, 3); an output adds columns [b0, b1) and subtracts [b1, b2).
        exact: True when the fine tables are exact.
        unit: real value = fine value * unit.
        error: (outputs,) Fractions, bound on |fine value - true value| in fine units.
        fine_thresholds: int64 (outputs, 4) like those of :class:`TypedTables`.
    """

    def __init__(self, network: IntegerNetwork, readout: Threshold | Levels, grid: Grid) -> None:
        hidden, last = network.layers if len(network.layers) == 2 else (None, network.layers[0])
        flip = grid.flip.astype(bool)
        self.step = hidden is not None and hidden.activation == "step"
        weights, offsets, signs, jumps, counts = _fold(hidden, last, flip, self.step)
        constants, direct = _linear_part(hidden, last, flip)
        fine, linear_fine = narrow(weights), narrow(direct)
        reach = self._reach(grid, fine, offsets, linear_fine, constants, jumps, counts)
        self.width = max(int(r).bit_length() for r in reach)
        shift = max(self.width - FINE_BITS, 0)
        self.exact = shift == 0
        self.unit = network.unit * (1 << shift)
        self.columns = round_shift_any(fine, shift)
        self._direct = round_shift_any(linear_fine, shift)
        self._offsets = round_shift_any(offsets, shift)
        self._constants = round_shift_any(constants, shift)
        self._signs, self._jumps = signs, jumps
        self.width -= shift
        ends = np.cumsum([sum(pair) for pair in counts])
        starts = ends - [sum(pair) for pair in counts]
        middles = starts + [pair[0] for pair in counts]
        self.bounds = np.stack([starts, middles, ends], axis=1).astype(np.int64)
        inputs = fine.shape[0]
        half = Fraction(0) if self.exact else Fraction(inputs + 1, 2)
        self.error = [half * int(e - s + 1) for s, e in zip(starts, ends, strict=True)]
        lane_bits = grid.lane_bits.astype(np.int64)
        self._low = -(lane_bits @ self.columns).T
        self._low_sum = (lane_bits @ self._direct).T
        if not self.step:
            for output, (begin, _, end) in enumerate(self.bounds):
                block = signs[begin:end, None] * self._low[begin:end]
                self._low_sum[output] -= block.sum(axis=0)
        self._readout = readout
        self.fine_thresholds = np.array(
            [self._thresholds(error, self.unit) for error in self.error], dtype=np.int64
        )

    def _reach(
        self,
        grid: Grid,
        weights: np.ndarray,
        offsets: np.ndarray,
        direct: np.ndarray,
        constants: np.ndarray,
        jumps: np.ndarray | None,
        counts: list[tuple[int, int]],
    ) -> list[int]:
        """Bound on every partial sum of each output, in the kernel's order of additions."""
        magnitudes = np.abs(weights).astype(object)
        low = grid.lane_reach(magnitudes)
        high = grid.row_reach(magnitudes) + np.abs(offsets)
        straight = np.abs(direct).astype(object)
        linear = grid.lane_reach(straight) + grid.row_reach(straight) + np.abs(constants)
        result = []
        begin = 0
        for output, pair in enumerate(counts):
            part = slice(begin, begin + sum(pair))
            begin = part.stop
            if self.step:
                assert jumps is not None
                largest = max([0, *high[part], *low[part]])
                total = np.abs(jumps[part].astype(object)).sum()  # may exceed int64
                result.append(max(linear[output] + total, largest))
            else:
                sums = low[part].sum() + np.maximum(high[part], low[part]).sum()
                result.append(linear[output] + sums)
        return [int(r) + 1 for r in result]

    def fine_rows(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Fine row tables: high (rows, columns) and high_sum (rows, outputs), int64."""
        high = rows.sums[:, : self.columns.shape[1]] + self._offsets
        return high, rows.sums[:, self.columns.shape[1] :] + self._constants

    @property
    def row_weights(self) -> np.ndarray:
        """Weights whose row sums :meth:`fine_rows` expects: (inputs, columns + outputs)."""
        return np.ascontiguousarray(np.concatenate([self.columns, self._direct], axis=1))

    def fits(self, bits: int) -> bool:
        """True when a type with this many bits holds the exact values."""
        return self.exact and self.width <= bits

    def typed(self, dtype: type[np.signedinteger], bits: int) -> TypedTables:
        """The tables in the given type, rounded if they must be (never for step neurons)."""
        # one spare bit: rounding each of the entries can push the sums up
        spare = 0 if self.fits(bits) else 1
        shift = max(self.width + spare - bits, 0)
        errors = []
        for output, (begin, _, end) in enumerate(self.bounds):
            rounded = Fraction(int(end - begin), 2) + 1 if shift else Fraction(0)
            errors.append(rounded + self.error[output] / (1 << shift))
        thresholds = [self._thresholds(error, self.unit * (1 << shift)) for error in errors]
        return TypedTables(
            dtype,
            shift,
            np.ascontiguousarray(round_shift(self._low, shift).astype(dtype)),
            np.ascontiguousarray(round_shift(self._low_sum, shift).astype(dtype)),
            None if self._jumps is None else self._jumps.astype(dtype),
            np.array(thresholds, dtype=np.int64),
            tuple(errors),
        )

    def _thresholds(self, error: Fraction, unit: Fraction) -> list[int]:
        if isinstance(self._readout, Levels):
            true, false = self._readout.true_at_least / unit, self._readout.false_at_most / unit
            # value >= a means value > ceil(a) - 1
            above_sure, above_maybe = _ceil(true + error) - 1, _ceil(true - error) - 1
        else:
            true = false = self._readout.threshold / unit
            above_sure, above_maybe = _floor(true + error), _floor(true - error)
        cuts = [above_sure, above_maybe, _floor(false + error), _floor(false - error)]
        return [min(max(cut, -(1 << 62)), 1 << 62) for cut in cuts]

    def fine_values(self, high: np.ndarray, high_sum: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Fine output values of single points: int64 (points, outputs).

        ``high`` and ``high_sum`` hold one row of fine row tables a point.
        """
        low = self._low[:, lanes].T
        values = high_sum + self._low_sum[:, lanes].T
        if self.step:
            assert self._jumps is not None
            parts = (high > low) * self._jumps
        else:
            parts = np.maximum(high, low) * self._signs
        for output, (begin, _, end) in enumerate(self.bounds):
            values[:, output] += parts[:, begin:end].sum(axis=1)
        return np.asarray(values)


def _fold(
    hidden: object, last: object, flip: np.ndarray, step: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None, list[tuple[int, int]]]:
    """Columns of all outputs: weights (inputs, columns), offsets, signs, jumps and the
    numbers of added and subtracted columns of each output."""
    from .integer_network import IntegerLayer

    assert isinstance(last, IntegerLayer)
    outputs = last.weight.shape[0]
    if hidden is None:
        inputs = last.weight.shape[1]
        empty = np.zeros(0, dtype=object)
        jumps = None
        signs = np.zeros(0, dtype=np.int64)
        return np.zeros((inputs, 0), dtype=object), empty, signs, jumps, [(0, 0)] * outputs
    assert isinstance(hidden, IntegerLayer)
    weight = hidden.weight.astype(object)
    offset = hidden.bias.astype(object) + weight[:, flip].sum(axis=1)
    weight = np.where(flip, -weight, weight)
    neurons, counts = [], []
    for row in last.weight.astype(object):
        added, subtracted = np.flatnonzero(row > 0), np.flatnonzero(row < 0)
        counts.append((len(added), len(subtracted)))
        neurons += [(j, row[j]) for j in [*added, *subtracted]]
    chosen = np.array([j for j, _ in neurons], dtype=np.int64)
    factors = np.array([w for _, w in neurons] + [0], dtype=object)[:-1]
    signs = np.where(factors > 0, 1, -1).astype(np.int64)
    scale = np.ones_like(factors) if step else np.abs(factors)
    columns = (weight[chosen] * scale[:, None]).T
    jumps = narrow(factors) if step else None
    return columns, offset[chosen] * scale, signs, jumps, counts


def _linear_part(hidden: object, last: object, flip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Constant of each output, and its direct weights (inputs, outputs) if nothing is hidden."""
    from .integer_network import IntegerLayer

    assert isinstance(last, IntegerLayer)
    constants = last.bias.astype(object)
    if hidden is not None:
        return constants, np.zeros((len(flip), len(constants)), dtype=object)
    weight = last.weight.astype(object)
    return constants + weight[:, flip].sum(axis=1), np.where(flip, -weight, weight).T


def round_shift(integers: np.ndarray, shift: int) -> np.ndarray:
    """``integers / 2**shift`` rounded to a nearest integer (int64)."""
    if shift == 0:
        return integers
    return np.asarray((integers >> (shift - 1)) + 1 >> 1)


def round_shift_any(integers: np.ndarray, shift: int) -> np.ndarray:
    """The same for int64 or Python integers, as int64; the result must fit."""
    if shift == 0 or integers.dtype != object:
        return np.asarray(round_shift(integers, shift), dtype=np.int64)
    half = 1 << (shift - 1)
    flat = [(int(value) + half) >> shift for value in integers.flat]
    return np.array(flat, dtype=np.int64).reshape(integers.shape)


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
