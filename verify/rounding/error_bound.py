"""A bound on what rounding does to each output, in any order of summation.

Every lemma is derived in docs/float32.md; the letters here are those of its section 'The bound'.
Bounds are computed in float64 and widened by more than their own rounding can take away.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..domain import Domain
from ..dyadic import power_of_two
from ..network import Layer, Network
from .entries import UNIT_OF_ZERO, Entries
from .number_type import Format, NumberType
from .reach import extremes, most_ones

#: Sums of multiples of a unit are exact in float64 below this many units, with room for the
#: three-fold sums of :func:`extremes`.
CLEAN = 50
#: Relative widening of non-negative sums, and of signed ones by their terms' magnitudes; both
#: exceed the rounding of sums of six times this many float64 numbers.
WIDER, SLACK, MOST_TERMS = 1 + 2.0**-20, 2.0**-28, 1 << 20
#: Absolute widening: more than all that float64 can lose below its range.
FLOOR = 2.0**-990
#: Rows are taken apart in blocks of about this many weights.
BLOCK = 1 << 22


@dataclass(frozen=True)
class Signal:
    """What is known about the values that enter a layer, over the whole domain; (width,) each.

    Attributes:
        low, high: bounds on the exact values.
        error: bound on |executed - exact|; where it is 0, executions are exact.
        unit: exponent such that exact values are multiples of ``2**unit``.
        signs_only: every value is 0 or plus or minus a power of two: products are exact.
    """

    low: np.ndarray
    high: np.ndarray
    error: np.ndarray
    unit: np.ndarray
    signs_only: bool


@dataclass(frozen=True)
class OpenSteps:
    """Step neurons that may come so near to their jump that rounding decides.

    The bounds on later layers hold wherever the exact pre-activation of each such neuron is
    farther from 0 than its error.
    """

    layer: int
    neurons: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class ErrorBound:
    """What rounding can do to a network.

    Attributes:
        error: float64 (outputs,), bound on |executed - exact| value; 0 where nothing is rounded.
        unit: int64 (outputs,); exact outputs are a multiple of ``2**unit`` away from the bias.
        steps: what has to be excluded for the bound to hold, layer by layer.
        overflow: a sum may leave the range of the type, so that ``error`` is infinite.
    """

    error: np.ndarray
    unit: np.ndarray
    steps: tuple[OpenSteps, ...]
    overflow: bool

    @classmethod
    def of(cls, network: Network, domain: Domain, kind: NumberType) -> ErrorBound:
        """The bound for every execution of the network in the number type, on the domain."""
        steps: list[OpenSteps] = []
        overflow = False
        unit = np.zeros(0)
        with np.errstate(all="ignore"):
            signal = fed(domain, kind.storage)
            for index, layer in enumerate(network.layers):
                rows = _blocks(layer, signal, domain if index == 0 else None, kind)
                overflow |= not np.isfinite(rows.error).all()
                unit = rows.row_unit
                if layer.activation == "step":
                    unsafe = np.flatnonzero(_near_jump(rows, layer))
                    if len(unsafe):
                        steps.append(OpenSteps(index, unsafe, rows.error[unsafe]))
                signal = _activated(rows, layer.activation)
        return cls(signal.error, unit, tuple(steps), overflow)


@dataclass(frozen=True)
class Rows:
    """Pre-activations of a layer; like :class:`Signal`, before the activation.

    ``unit`` covers the bias, ``row_unit`` only what varies with the input.
    """

    low: np.ndarray
    high: np.ndarray
    error: np.ndarray
    unit: np.ndarray
    row_unit: np.ndarray


def fed(domain: Domain, storage: Format) -> Signal:
    """What the domain's two values feed to the network, rounded to storage."""
    low, high = sorted(domain.values)
    error, unit = 0.0, UNIT_OF_ZERO
    for value in domain.values:
        nearest = storage.nearest(value)
        if nearest is None:
            error = np.inf
        elif nearest != value or 0 < abs(value) < power_of_two(storage.smallest):
            error = max(error, _upwards(abs(nearest - value)) + storage.flush)
        if value:
            dyadic = value.denominator & (value.denominator - 1) == 0
            lowest = (value.numerator & -value.numerator).bit_length()
            unit = min(unit, lowest - value.denominator.bit_length() if dyadic else -UNIT_OF_ZERO)
    size = domain.inputs
    powers = all(abs(v) in (0, 1) or (v.numerator in (1, -1)) for v in domain.values) and not error
    return Signal(
        np.full(size, -_upwards(-low)),
        np.full(size, _upwards(high)),
        np.full(size, error),
        np.full(size, unit, dtype=np.int64),
        powers and unit > -UNIT_OF_ZERO,
    )


def _upwards(value: Fraction) -> float:
    """A float64 of at least the value; the value itself where it is one."""
    try:
        nearest = float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.finfo(np.float64).max
    return nearest if Fraction(nearest) >= value else float(np.nextafter(nearest, np.inf))


def _blocks(layer: Layer, signal: Signal, domain: Domain | None, kind: NumberType) -> Rows:
    """The rows of a layer, some at a time: the temporaries are several times the weights."""
    step = max(BLOCK // max(layer.fan_in, 1), 1)
    parts = [
        _rows(layer.weight[i : i + step], layer.bias[i : i + step], signal, domain, kind)
        for i in range(0, max(layer.width, 1), step)
    ]
    names = ("low", "high", "error", "unit", "row_unit")
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _rows(
    weight: np.ndarray, bias: np.ndarray, signal: Signal, domain: Domain | None, kind: NumberType
) -> Rows:
    """Pre-activations ``weight @ x + bias``; the domain is given for the first layer only."""
    sums = _Sums.of(Entries.of(weight), Entries.of(bias), signal, domain)
    error = sums.executed(signal, kind)
    return Rows(sums.low, sums.high, error, sums.unit, sums.row_unit)


@dataclass(frozen=True)
class _Sums:
    """The exact sums of a layer's rows: their range, their unit and the size of their terms.

    Attributes:
        live: (rows, inputs), weights that meet an input that can differ from zero.
        terms: most products of a row that can differ from zero at once.
        size: bound on the sum of the magnitudes of a row's terms, bias included.
        lattice: ``2**unit``.
        clean: all these numbers were computed without rounding.
    """

    entries: Entries
    offsets: Entries
    live: np.ndarray
    terms: np.ndarray
    low: np.ndarray
    high: np.ndarray
    size: np.ndarray
    unit: np.ndarray
    row_unit: np.ndarray
    lattice: np.ndarray
    clean: np.ndarray

    @classmethod
    def of(cls, entries: Entries, offsets: Entries, signal: Signal, domain: Domain | None) -> _Sums:
        reach = np.maximum(np.abs(signal.low), np.abs(signal.high))
        live = (entries.unit != UNIT_OF_ZERO) & ((reach > 0) | (signal.error > 0))
        matrix = np.where(live, entries.value, 0.0)
        magnitude = np.abs(matrix)
        product_unit = np.where(live, entries.unit + signal.unit, UNIT_OF_ZERO)
        row_unit = product_unit.min(axis=1, initial=UNIT_OF_ZERO)
        unit = np.minimum(row_unit, offsets.unit)
        terms = live.sum(axis=1)
        whole = magnitude @ reach
        if domain is None:
            positive, negative = np.maximum(matrix, 0), np.minimum(matrix, 0)
            low = positive @ signal.low + negative @ signal.high
            high = positive @ signal.high + negative @ signal.low
            size = whole
        else:
            false, true = map(float, domain.values)
            least, most = extremes(matrix * (true - false), domain)
            base = matrix.sum(axis=1) * false
            low, high = base + least, base + most
            size = magnitude.sum(axis=1) * abs(false)
            size = size + extremes(magnitude * (abs(true) - abs(false)), domain)[1]
            if false == 0:
                terms = np.minimum(terms, most_ones(domain))
        offset = np.abs(offsets.value)
        whole, low, high = whole + offset, low + offsets.value, high + offsets.value
        lattice = np.ldexp(1.0, np.clip(unit, -1100, 1000).astype(np.int32))
        clean = (whole <= lattice * 2.0**CLEAN) & (unit >= -900)
        clean &= ~(live & (signal.error > 0)).any(axis=1)
        spread = np.where(clean, 0.0, whole * SLACK + FLOOR)
        low, high, size = low - spread, high + spread, size + offset + spread
        return cls(entries, offsets, live, terms, low, high, size, unit, row_unit, lattice, clean)

    def executed(self, signal: Signal, kind: NumberType) -> np.ndarray:
        """Bound on |executed - exact| of every row; infinite where there is none."""
        storage, sums = kind.storage, kind.sums
        reach = np.maximum(np.abs(signal.low), np.abs(signal.high)) + signal.error
        magnitude = np.where(self.live, np.abs(self.entries.value), 0.0)
        biased = self.offsets.unit != UNIT_OF_ZERO

        # lemma 2: other data than the exact ones, then lemma 1: their sum
        data = (self.entries.storage_error(storage) * self.live) @ reach
        data = data + self.offsets.storage_error(storage) + magnitude @ signal.error
        total = self.size + data * WIDER
        held = (data == 0) & self.clean & (self.unit >= max(storage.smallest, sums.smallest))
        exact = held & (self.size <= self.lattice * 2.0 ** min(sums.precision, CLEAN))
        path = self.terms + biased - 1 + (not (signal.signs_only or kind.exact_products))
        share = np.maximum(path, 0) * sums.roundoff
        rounded = share / (1 - share) * total + (4 * self.terms + 8) * sums.flush
        error = data + np.where(exact, 0.0, np.where(share < 0.5, rounded, np.inf))

        # lemma 3: the way into storage
        if kind.rounds_results:
            largest = np.maximum(np.abs(self.low), np.abs(self.high))
            fits = exact & (self.size <= self.lattice * 2.0**storage.precision)
            twice = (total + error) * biased + largest + error
            twice = storage.roundoff * (1 + 2 * storage.roundoff) * twice + 3 * storage.flush
            error = np.where(fits, 0.0, error + twice)
        top = (total + error) * WIDER
        error = np.where(error == 0, 0.0, error * WIDER + storage.flush + FLOOR)
        unknown = (self.entries.lost & self.live).any(axis=1) | self.offsets.lost
        unknown |= self.live.sum(axis=1) > MOST_TERMS
        bounded = np.isfinite(error) & (top <= min(storage.largest, sums.largest)) & ~unknown
        return np.where(bounded, error, np.inf)


def _activated(rows: Rows, activation: str) -> Signal:
    """Relu and identity never enlarge an error; a decided step has none."""
    if activation == "step":
        sure = np.where(rows.low > 0, 1.0, 0.0), np.where(rows.high > 0, 1.0, 0.0)
        zero = np.zeros(len(rows.low))
        return Signal(*sure, zero, np.zeros(len(zero), dtype=np.int64), True)
    low, high = rows.low, rows.high
    if activation == "relu":
        low, high = np.maximum(low, 0), np.maximum(high, 0)
    return Signal(low, high, rows.error, rows.unit, False)


def _near_jump(rows: Rows, layer: Layer) -> np.ndarray:
    """Step neurons whose pre-activation is not proved farther from 0 than its error."""
    clear = (rows.error == 0) | (rows.low > rows.error) | (rows.high < -rows.error)
    unsafe = ~clear
    biases = layer.exact_bias
    for neuron in np.flatnonzero(unsafe):
        offset = Fraction(int(biases.mantissa[neuron])) * power_of_two(biases.exponent)
        gap = lattice_gap(offset, int(rows.row_unit[neuron]))
        unsafe[neuron] = not (np.isfinite(rows.error[neuron]) and gap > rows.error[neuron])
    return np.asarray(unsafe)


def lattice_gap(offset: Fraction, unit: int) -> Fraction:
    """Least distance from 0 of the numbers ``offset + k * 2**unit``, k any integer."""
    if abs(unit) > 2000:
        return abs(offset) if unit > 0 else Fraction(0)
    step = power_of_two(unit)
    rest = offset % step
    return min(rest, step - rest)
