"""The scan kernels against the plain reference, on random queries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify import bitprogram
from superproof.verify.engines.kernels import program as instructions
from superproof.verify.engines.kernels import scan

from ....oracles import scan_plain

DTYPES = [np.int16, np.int32, np.int64]
LIMITS = np.iinfo(np.int64)


def _network(rng, dtype, rows, words, outputs, step, extreme):
    """Tables whose partial sums all fit `dtype`; with `extreme` some reach its ends."""
    lanes = 64 * words
    sizes = rng.integers(0, 12, (outputs, 2))
    edges = np.concatenate([[0], np.cumsum(sizes.ravel())])
    bounds = np.array([edges[2 * o : 2 * o + 3] for o in range(outputs)], np.int64)
    neurons = int(edges[-1])
    top = int(np.iinfo(dtype).max)
    most = int(sizes.sum(axis=1).max()) + 2
    size = top // most if extreme else int(rng.choice([1, 3, 100]))
    size = max(1, min(size, top // most))

    def draw(*shape):
        if extreme and rng.random() < 0.5:
            return rng.choice([-size, size], shape).astype(dtype)
        return rng.integers(-size, size, shape, endpoint=True).astype(dtype)

    high, low, low_sum = draw(rows, neurons), draw(neurons, lanes), draw(outputs, lanes)
    high_sum = draw(rows, outputs)
    weight = draw(neurons) if step else None
    if extreme:  # one lane at the very end of the type: top up what the sums leave
        o, row = int(rng.integers(outputs)), int(rng.integers(rows))
        sign = 1 if rng.random() < 0.5 else -1
        b0, b1, b2 = bounds[o]
        if step:
            high[row, b0:b2], low[b0:b2], weight[b0:b2] = size, -size, sign * size
            reached = size * (b2 - b0)
        else:
            high[row, b0:b1], low[b0:b1] = sign * size, -size
            high[row, b1:b2], low[b1:b2] = -sign * size, -size
            reached = size * (b2 - b0)
        low_sum[o] = 0
        high_sum[:, o] = 0
        high_sum[row, o] = sign * (top - reached)
        others = np.arange(rows) != row
        if step:
            high[others, b0:b2] = -size
        else:
            high[others, b0:b2] = 0
            low[b0:b2] = np.minimum(low[b0:b2], 0)
    return high, high_sum, low, low_sum, bounds, weight


def _ranges(rng, rows, lanes, kind):
    if kind == "full":
        return np.zeros(rows, np.int64), np.full(rows, lanes, np.int64)
    if kind == "same":
        start, stop = np.sort(rng.integers(0, lanes, 2, endpoint=True))
        return np.full(rows, start), np.full(rows, stop)
    start = rng.integers(0, lanes, rows, endpoint=True)
    if kind == "tail":
        return start, np.full(rows, lanes, np.int64)
    length = rng.integers(0, 9 if kind == "short" else lanes, rows, endpoint=True)
    return start, np.minimum(start + length, lanes)


def _program(rng, rows, words, outputs):
    variables = int(rng.integers(1, 9))
    kinds = rng.integers(0, 4, variables)  # lanes only, rows only, both, none
    hi_bits = (rng.integers(0, 2, (rows, variables)) * np.isin(kinds, [1, 2])).astype(np.uint8)
    lo_words = rng.integers(0, 2**64, (variables, words), dtype=np.uint64)
    lo_words[~np.isin(kinds, [0, 2])] = 0
    flip = rng.choice(np.array([0, 2**64 - 1], np.uint64), variables)
    length = int(rng.integers(0, 25))
    op = rng.choice(7, length, p=[0.3, 0.2, 0.15, 0.15, 0.1, 0.05, 0.05]).astype(np.int64)
    left, right = (
        np.array([rng.integers(0, variables + k) for k in range(length)], np.int64)
        for _ in range(2)
    )
    right[op >= instructions.NOT] = -7  # unused operands may hold anything
    left[op >= instructions.ZERO] = 10**9
    spec = rng.integers(0, variables + length, outputs)
    domain = int(rng.integers(-1, variables + length)) if rng.random() < 0.5 else -1
    return hi_bits, lo_words, flip, op, left, right, spec, domain


def _thresholds(rng, network, rows, exact):
    """Thresholds among the values that occur, so that there are ties."""
    values = np.stack([scan_plain.values_of_row(row, *network) for row in range(rows)])
    outputs = values.shape[1]
    result = np.empty((outputs, 4), np.int64)
    for o in range(outputs):
        seen = np.unique(values[:, o])
        seen = np.concatenate([seen, seen[:1] - 1, seen[-1:] + 1, [0, LIMITS.min, LIMITS.max]])
        if exact:
            result[o] = rng.choice(seen)
        else:
            a, b, c, d = rng.choice(seen, 4)
            result[o] = max(a, b), min(a, b), max(c, d), min(c, d)
    return result


def _query(seed, dtype, step):
    rng = np.random.default_rng(seed)
    rows, words = int(rng.choice([1, 3, 9, 40, 70])), int(rng.integers(1, 5))
    outputs = int(rng.choice([1, 1, 2, 5]))
    network = _network(rng, dtype, rows, words, outputs, step, rng.random() < 0.3)
    start, stop = _ranges(
        rng, rows, 64 * words, rng.choice(["full", "same", "tail", "short", "any"])
    )
    thresholds = _thresholds(rng, network, rows, rng.random() < 0.5)
    return rng, (*network, start, stop), thresholds, _program(rng, rows, words, outputs)


def _drive(module, first, last, tables, thresholds, program, stop_at_first, capacity, limit):
    """All calls until the range is done; every list and return value on the way."""
    outputs = len(thresholds)
    counters, by_output = np.zeros(4, np.int64), np.zeros(outputs, np.int64)
    found = np.full((limit, 2), -1, np.int64)
    history = []
    row = first
    while row < last:
        undecided = np.full((capacity, 2), -1, np.int64)
        counters[scan.UNDECIDED] = 0
        row = module.scan(
            row, last, *tables, thresholds, *program, stop_at_first,
            counters, by_output, undecided, found,
        )  # fmt: skip
        history.append((row, counters.tolist(), by_output.tolist(), undecided.tolist()))
        if stop_at_first and counters[scan.WRONG]:
            break
    return history, found.tolist()


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_scan(dtype, step, seed):
    rng, tables, thresholds, program = _query(seed, dtype, step)
    rows, lanes = len(tables[0]), tables[2].shape[1]
    first = int(rng.integers(0, rows)) if rng.random() < 0.3 else 0
    last = int(rng.integers(first, rows, endpoint=True)) if rng.random() < 0.3 else rows
    stop_at_first = bool(rng.random() < 0.2)
    capacity = int(rng.choice([lanes, lanes + 17, lanes * rows]))
    limit = int(rng.choice([0, 1, 10, 1000]))
    arguments = (first, last, tables, thresholds, program, stop_at_first, capacity, limit)
    assert _drive(scan, *arguments) == _drive(scan_plain, *arguments)


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_margin(dtype, step, seed):
    _, tables, _, program = _query(seed, dtype, step)
    rows, outputs = len(tables[0]), len(tables[4])
    results = []
    for module in scan, scan_plain:
        lowest = np.full(outputs, LIMITS.max)
        highest = np.full(outputs, LIMITS.min)
        module.margin(0, rows, *tables, *program, lowest, highest)
        results.append((lowest.tolist(), highest.tolist()))
    assert results[0] == results[1]


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_collect(dtype, seed):
    _, tables, limits, program = _query(seed, dtype, False)
    rows, lanes = len(tables[0]), tables[2].shape[1]
    low_limit, high_limit = limits[:, 0], np.maximum(limits[:, 2], LIMITS.min + 1)
    thresholds = scan.collect_thresholds(low_limit, high_limit)
    history, _ = _drive(scan, 0, rows, tables, thresholds, program, False, lanes * rows, 1)
    expected = []
    for row in range(rows):
        values = scan_plain.values_of_row(row, *tables[:6])
        registers = scan_plain.registers_of_row(row, *program[:6])
        inside = scan_plain.points_of_row(row, *tables[6:], registers, program[7], lanes)
        spec = np.array([registers[r] for r in program[6]])
        near = np.where(spec, values <= low_limit[:, None], values >= high_limit[:, None])
        expected += [[row, lane] for lane in np.flatnonzero(inside & near.any(axis=0))]
    assert len(history) == 1
    assert history[0][1][scan.WRONG] == 0
    assert history[0][3][: len(expected)] == expected
    assert history[0][1][scan.UNDECIDED] == len(expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_thresholds_at_and_beyond_the_ends_of_the_type(dtype):
    """Without neurons the value is the row's sum; the specification is variable 0."""
    ends = np.iinfo(dtype)
    near = [e + d for e in (int(ends.min), int(ends.max)) for d in (-1, 0, 1)]
    near = [t for t in near if LIMITS.min <= t <= LIMITS.max]
    high_sum = np.array([[ends.min], [ends.min + 1], [ends.max - 1], [ends.max]], dtype)
    empty = np.zeros((4, 0), dtype), high_sum, np.zeros((0, 64), dtype), np.zeros((1, 64), dtype)
    ranges = np.zeros(4, np.int64), np.full(4, 64)
    none = np.zeros(0, np.int64)
    program = (
        np.zeros((4, 1), np.uint8), np.array([[2**32 - 1]], np.uint64), np.zeros(1, np.uint64),
        none, none, none, np.zeros(1, np.int64), -1,
    )  # fmt: skip
    tables = (*empty, np.zeros((1, 3), np.int64), None, *ranges)
    for t in near:
        for u in near:
            thresholds = np.array([[max(t, u), min(t, u)] * 2], np.int64)[:, [0, 1, 0, 1]]
            arguments = (0, 4, tables, thresholds, program, False, 256, 256)
            assert _drive(scan, *arguments) == _drive(scan_plain, *arguments)


@pytest.mark.parametrize("dtype", DTYPES)
def test_undecided_list_filled_exactly(dtype):
    for seed in range(60):
        _, tables, thresholds, program = _query(seed, dtype, False)
        rows, lanes = len(tables[0]), tables[2].shape[1]
        arguments = (0, rows, tables, thresholds, program, False)
        history, _ = _drive(scan_plain, *arguments, rows * lanes, 0)
        count = history[-1][1][scan.UNDECIDED]
        for capacity in {count, max(count - 1, lanes)}:
            if capacity >= lanes:
                assert _drive(scan, *arguments, capacity, 5) == _drive(
                    scan_plain, *arguments, capacity, 5
                )


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reaches_the_ends_of_the_type(dtype, step):
    """Queries meant to be extreme do contain the largest or the smallest sum."""
    top = np.iinfo(dtype).max
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        network = _network(rng, dtype, 3, 1, 2, step, True)
        values = np.stack([scan_plain.values_of_row(row, *network) for row in range(3)])
        hits += bool((np.abs(values) == top).any())
    assert hits > 20


def test_instruction_codes_are_those_of_the_compiler():
    names = ("AND", "OR", "XOR", "AND_NOT", "NOT", "ZERO", "ONES")
    codes = instructions.AND, instructions.OR, instructions.XOR, instructions.ANDNOT
    codes += instructions.NOT, instructions.ZERO, instructions.ONE
    assert codes == tuple(getattr(bitprogram, name) for name in names)
