"""Fixed-point tables: stated errors, sound thresholds, sums inside their type."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify.domain import Domain
from superproof.verify.engines.grid import BallGrid, Grid, ProductGrid, Rows
from superproof.verify.engines.integer_network import IntegerNetwork
from superproof.verify.engines.tables import (
    FINE_BITS,
    TYPES,
    Tables,
    TypedTables,
    round_shift,
    round_shift_any,
)
from superproof.verify.formula import TRUE
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Threshold
from superproof.verify.specification import Specification

from ... import strategies
from ...oracles import fraction_oracle as oracle

profile = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def weights(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """Integers up to a bound or exactly at it, floats of one size, or anything a float holds."""
    size = int(np.prod(shape))
    style = draw(st.sampled_from(("8-bit", "edge", "float32", "huge", "any")))
    if style == "any":
        return draw(strategies.arrays(shape, wild=True))
    if style == "8-bit":
        entries = st.integers(-127, 127).map(float)
    elif style == "edge":
        top = float((1 << draw(st.integers(0, 45))) - draw(st.integers(0, 1)))
        entries = st.sampled_from(draw(st.sampled_from(([-top], [top], [-top, top]))))
    elif style == "float32":
        entries = st.floats(-4, 4, width=32)
    else:
        entries = st.integers(-(1 << 24), 1 << 24).map(lambda k: float(k) * 2.0**60)
    return np.array(draw(st.lists(entries, min_size=size, max_size=size))).reshape(shape)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Networks with at most one hidden layer of either kind, on any domain without a list."""
    inputs, outputs = draw(st.integers(1, 6)), draw(st.integers(1, 2))
    hidden = draw(st.sampled_from(("relu", "relu", "relu", "step", None)))
    sizes = [inputs, outputs] if hidden is None else [inputs, draw(st.integers(0, 5)), outputs]
    network = Network.from_arrays(
        [draw(weights(shape)) for shape in zip(sizes[1:], sizes[:-1], strict=True)],
        [draw(weights((size,))) for size in sizes[1:]],
        ["identity"] if hidden is None else [hidden, "identity"],
    )
    over = tuple(f"x{i}" for i in range(inputs))
    domain = dataclasses.replace(draw(strategies.domains(over)), points=None)
    readout = draw(
        strategies.readouts(network, domain).filter(lambda kind: not isinstance(kind, Argmax))
    )
    formulas = [TRUE] * outputs
    return Problem(network, Specification(over, formulas, domain=domain, readout=readout))


@st.composite
def grids(draw: st.DrawFn, domain: Domain) -> Grid:
    """Either shape, with few lanes and short runs."""
    if draw(st.booleans()):
        return ProductGrid(domain, draw(st.sampled_from((1, 2, 4, 16))), draw(st.integers(1, 40)))
    return BallGrid(domain, draw(st.integers(1, 40)))


def points_of(grid: Grid, rows: Rows) -> Iterator[tuple[int, int, tuple[bool, ...]]]:
    """Row, lane and input of every point."""
    for row in range(len(rows.bits)):
        for lane in range(rows.start[row], rows.stop[row]):
            (point,) = grid.points(rows.bits[row : row + 1], np.array([lane]))
            yield row, lane, tuple(bool(bit) for bit in point)


def certain(cuts: np.ndarray, value: int, expected: bool) -> bool | None:
    """What the thresholds of one output say: right, wrong or None for undecided."""
    true_sure, true_maybe, false_maybe, false_sure = map(int, cuts)
    if expected:
        return True if value > true_sure else False if value <= true_maybe else None
    return True if value <= false_sure else False if value > false_maybe else None


def truly(problem: Problem, value: Fraction, expected: bool) -> bool:
    """Whether an output value is on the right side."""
    readout = problem.specification.readout
    if isinstance(readout, Levels):
        return value >= readout.true_at_least if expected else value <= readout.false_at_most
    assert isinstance(readout, Threshold)
    return (value > readout.threshold) is expected


def check_cuts(problem: Problem, cuts: np.ndarray, value: int, exact: Fraction) -> None:
    """What the thresholds call certain is so."""
    for expected in (False, True):
        said = certain(cuts, value, expected)
        assert said in (None, truly(problem, exact, expected))


def partial_sums(
    tables: Tables, typed: TypedTables, high: np.ndarray, high_sum: np.ndarray, lane: int
) -> list[list[int]]:
    """For each output everything that the kernel holds on the way to its value, which is last."""
    result = []
    for output, (begin, middle, end) in enumerate(tables.bounds):
        entries = [int(high_sum[output]), int(typed.low_sum[output, lane])]
        total = sum(entries)
        entries.append(total)
        for j in range(begin, end):
            above, below = int(high[j]), int(typed.low[j, lane])
            entries += [above, below]
            if typed.weight is None:
                total += max(above, below) if j < middle else -max(above, below)
            else:
                entries.append(int(typed.weight[j]))
                total += int(typed.weight[j]) * (above > below)
            entries.append(total)
        result.append([*entries, total])
    return result


@settings(profile, max_examples=400)
@given(st.data())
def test_errors_thresholds_and_ranges(data: st.DataObject) -> None:
    """At every point, in the fine tables and in every type that may be used."""
    problem = data.draw(problems())
    spec = problem.specification
    grid = data.draw(grids(spec.domain))
    tables = Tables(IntegerNetwork.of(problem), spec.readout, grid)
    if tables.step and not tables.exact:
        return  # no rounding before a jump: such networks are not scanned through tables
    usable = [t for t in TYPES if not tables.step or tables.fits(t[1])]
    typed = [tables.typed(*t) for t in usable]
    for (_, bits), coarse in zip(usable, typed, strict=True):
        if tables.fits(bits):
            assert coarse.shift == 0
            assert set(coarse.error) == {0}
    for rows in grid.rows(tables.row_weights):
        high, high_sum = tables.fine_rows(rows)
        coarse_rows = [(coarse.high(high), coarse.high(high_sum)) for coarse in typed]
        for row, lane, point in points_of(grid, rows):
            exact = oracle.outputs(problem, point)
            (fine,) = tables.fine_values(
                high[row : row + 1], high_sum[row : row + 1], np.array([lane])
            )
            for output, value in enumerate(fine):
                wanted = exact[output] / tables.unit
                assert abs(int(value) - wanted) <= tables.error[output]
                assert abs(int(value)) < 1 << (FINE_BITS + 1)
                check_cuts(problem, tables.fine_thresholds[output], int(value), exact[output])
            for coarse, (above, above_sum) in zip(typed, coarse_rows, strict=True):
                limits = np.iinfo(coarse.dtype)
                sums = partial_sums(tables, coarse, above[row], above_sum[row], lane)
                for output, entries in enumerate(sums):
                    assert limits.min <= min(entries)
                    assert max(entries) <= limits.max
                    wanted = exact[output] / (tables.unit * (1 << coarse.shift))
                    assert abs(entries[-1] - wanted) <= coarse.error[output]
                    check_cuts(problem, coarse.thresholds[output], entries[-1], exact[output])


@pytest.mark.parametrize(
    ("top", "expected"), [(1, np.int16), (22, np.int16), (23, np.int32), (1 << 20, np.int64)]
)
def test_the_cheapest_exact_type(top: int, expected: type) -> None:
    """Eight inputs and eight neurons whose weights are all at the bound: R is known."""
    network = Network.from_arrays(
        [np.full((8, 8), top), np.full((1, 8), top)], [np.zeros(8), np.zeros(1)]
    )
    problem = Problem(network, Specification(8, ["true"]))
    tables = Tables(
        IntegerNetwork.of(problem), Threshold(), ProductGrid(problem.specification.domain, 16, 64)
    )
    assert tables.exact
    # four inputs in the lanes, four in the rows: low_sum, and the larger of both in the sum
    assert tables.width == (2 * 4 * 8 * top * top + 1).bit_length()
    assert next(dtype for dtype, bits in TYPES if tables.fits(bits)) is expected


def test_rounded_types_leave_only_a_band_undecided() -> None:
    """Values further from the threshold than twice the error are decided in int16 too."""
    random = np.random.default_rng(3)
    network = Network.from_arrays(
        [random.normal(size=s).astype(np.float32) for s in ((10, 8), (1, 10))],
        [random.normal(size=s).astype(np.float32) for s in (10, 1)],
    )
    problem = Problem(network, Specification(8, ["true"]))
    grid = ProductGrid(problem.specification.domain, 16, 64)
    tables = Tables(IntegerNetwork.of(problem), Threshold(), grid)
    coarse = tables.typed(*TYPES[0])
    unit = tables.unit * (1 << coarse.shift)
    decided = 0
    for rows in grid.rows(tables.row_weights):
        high, high_sum = (coarse.high(fine) for fine in tables.fine_rows(rows))
        for row, lane, point in points_of(grid, rows):
            (sums,) = partial_sums(tables, coarse, high[row], high_sum[row], lane)
            said = certain(coarse.thresholds[0], sums[-1], True)
            (exact,) = oracle.outputs(problem, point)
            if abs(exact / unit) > 2 * coarse.error[0] + 1:
                assert said is (exact > 0)
                decided += 1
    assert decided > 200


@settings(profile, max_examples=300)
@given(st.lists(st.integers(-(1 << 61), 1 << 61), min_size=1), st.integers(0, 61))
def test_rounding_goes_to_a_nearest_integer(numbers: list[int], shift: int) -> None:
    rounded = round_shift(np.array(numbers, dtype=np.int64), shift)
    assert (rounded == round_shift_any(np.array(numbers, dtype=object), shift)).all()
    for number, result in zip(numbers, rounded, strict=True):
        assert abs(Fraction(number, 1 << shift) - int(result)) <= Fraction(1, 2)


@settings(profile, max_examples=100)
@given(st.lists(st.integers(-(1 << 200), 1 << 200), min_size=1), st.integers(140, 260))
def test_rounding_of_large_integers(numbers: list[int], shift: int) -> None:
    for number, result in zip(
        numbers, round_shift_any(np.array(numbers, dtype=object), shift), strict=True
    ):
        assert abs(Fraction(number, 1 << shift) - int(result)) <= Fraction(1, 2)
    small = np.array([-(1 << 61), -1, 0, 1, 1 << 61], dtype=np.int64)
    assert (round_shift_any(small, shift) == 0).all()
