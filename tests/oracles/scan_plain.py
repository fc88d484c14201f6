"""The contract of the scan kernels in plain numpy: slow, obvious, the oracle of their tests.

The functions take the same arguments and fill the same arrays.  Sums are
computed in int64, so with int64 tables the same freedom from overflow is
assumed as in the kernels.
"""

import numpy as np

POINTS, WRONG, UNDECIDED, FOUND = range(4)


def values_of_row(row, high, high_sum, low, low_sum, bounds, weight):
    """Value of every output on all lanes of a row, (O, N) int64."""
    high, low = high[row].astype(np.int64)[:, None], low.astype(np.int64)
    values = high_sum[row].astype(np.int64)[:, None] + low_sum.astype(np.int64)
    for o, (b0, b1, b2) in enumerate(bounds):
        if weight is None:
            larger = np.maximum(high, low)
            values[o] += larger[b0:b1].sum(axis=0) - larger[b1:b2].sum(axis=0)
        else:
            fires = high[b0:b2] > low[b0:b2]
            values[o] += (weight[b0:b2].astype(np.int64)[:, None] * fires).sum(axis=0)
    return values


def _unpack(words):
    """Bits of uint64 words, lane 0 in the lowest bit of word 0."""
    words = np.ascontiguousarray(words)
    return (words[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).astype(bool).ravel()


def registers_of_row(row, hi_bits, lo_words, flip, op, left, right):
    """Bits of every register on all lanes of a row."""
    registers = []
    for i in range(len(flip)):
        word = np.full_like(lo_words[i], ~np.uint64(0)) if hi_bits[row, i] else lo_words[i]
        registers.append(_unpack(word ^ flip[i]))
    lanes = 64 * lo_words.shape[1]
    for code, a, b in zip(op, left, right, strict=True):
        if code >= 5:
            registers.append(np.full(lanes, code == 6))
        elif code == 4:
            registers.append(~registers[a])
        else:
            x, y = registers[a], registers[b]
            registers.append([x & y, x | y, x ^ y, x & ~y][code])
    return registers


def points_of_row(row, start, stop, registers, domain_register, lanes):
    """Which lanes of a row are points, bool (N,)."""
    inside = (np.arange(lanes) >= start[row]) & (np.arange(lanes) < stop[row])
    return inside & registers[domain_register] if domain_register >= 0 else inside


def scan(
    first, last, high, high_sum, low, low_sum, bounds, weight, start, stop, thresholds,
    hi_bits, lo_words, flip, op, left, right, spec_register, domain_register,
    stop_at_first, counters, by_output, undecided, found,
):  # fmt: skip
    """See `superproof.verify.engines.kernels.scan.scan`."""
    true_sure, true_maybe, false_maybe, false_sure = thresholds.T[:, :, None]
    for row in range(first, last):
        values = values_of_row(row, high, high_sum, low, low_sum, bounds, weight)
        registers = registers_of_row(row, hi_bits, lo_words, flip, op, left, right)
        inside = points_of_row(row, start, stop, registers, domain_register, low.shape[1])
        expected = np.array([registers[r] for r in spec_register])
        right_bits = np.where(expected, values > true_sure, values <= false_sure)
        wrong_bits = np.where(expected, values <= true_maybe, values > false_maybe)
        unsure = inside & ~(right_bits | wrong_bits).all(axis=0)
        wrong = wrong_bits & inside & ~unsure
        lanes = np.flatnonzero(unsure)
        begin = counters[UNDECIDED]
        if len(lanes) > len(undecided) - begin:
            return row
        undecided[begin : begin + len(lanes), 0] = row
        undecided[begin : begin + len(lanes), 1] = lanes
        counters[UNDECIDED] += len(lanes)
        counters[POINTS] += inside.sum()
        lanes = np.flatnonzero(wrong.any(axis=0))
        counters[WRONG] += len(lanes)
        by_output += wrong.sum(axis=1)
        for lane in lanes:
            if counters[FOUND] < len(found):
                found[counters[FOUND]] = row, lane
                counters[FOUND] += 1
        if stop_at_first and len(lanes):
            return row + 1
    return last


def margin(
    first, last, high, high_sum, low, low_sum, bounds, weight, start, stop,
    hi_bits, lo_words, flip, op, left, right, spec_register, domain_register,
    lowest_true, highest_false,
):  # fmt: skip
    """See `superproof.verify.engines.kernels.scan.margin`."""
    for row in range(first, last):
        values = values_of_row(row, high, high_sum, low, low_sum, bounds, weight)
        registers = registers_of_row(row, hi_bits, lo_words, flip, op, left, right)
        inside = points_of_row(row, start, stop, registers, domain_register, low.shape[1])
        for o, register in enumerate(spec_register):
            for value in values[o, inside & registers[register]]:
                lowest_true[o] = min(lowest_true[o], value)
            for value in values[o, inside & ~registers[register]]:
                highest_false[o] = max(highest_false[o], value)
