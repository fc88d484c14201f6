"""What a batch of rows reads: packed lanes, factors, and the points in its ranges."""

import numpy as np

from .compilation import kernel
from .vectors import aligned, block_lanes, factor_copies

#: Rows that share one pass over the lanes.
BATCH = 32
#: A word whose lanes are all set.
FULL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@kernel
def window(start, stop, first, last):
    """The words [begin, end) that hold all points of the rows."""
    begin = np.int64(1) << 62
    end = np.int64(0)
    for row in range(first, last):
        if start[row] < stop[row]:
            begin = min(begin, start[row] >> 6)
            end = max(end, (stop[row] + 63) >> 6)
    return min(begin, end), end


@kernel
def pack(low, begin, end):
    """`low` as (pieces, J, lanes of a register block), filled for words [begin, end)."""
    lanes = block_lanes(low)
    neurons = low.shape[0]
    tiles = aligned(low, low.size).reshape(low.shape[1] // lanes, neurons, lanes)
    for piece in range(begin * 64 // lanes, end * 64 // lanes):
        for j in range(neurons):
            for lane in range(lanes):
                tiles[piece, j, lane] = low[j, piece * lanes + lane]
    return tiles


@kernel
def load_factors(factors, high, first, count):
    """Write rows of `high` to `factors`, as many copies of each as broadcasting wants."""
    copies = factor_copies(high)
    for s in range(count):
        for j in range(high.shape[1]):
            value = high[first + s, j]
            for copy in range(copies):
                factors[s, j * copies + copy] = value


@kernel
def load_points(w, first, count, start, stop, domain, valid):
    """Write the points of a word to `valid`, one entry a row of the batch."""
    for s in range(count):
        begin = min(max(start[first + s] - 64 * w, 0), 64)
        end = min(max(stop[first + s] - 64 * w, 0), 64)
        word = np.uint64(0)
        if begin < end:
            word = (FULL >> np.uint64(64 - end)) & (FULL << np.uint64(begin)) & domain[s]
        valid[s] = word
    for s in range(count, BATCH):
        valid[s] = 0


@kernel
def interior(start, stop, first, count):
    """The words [begin, end) that lie within the range of every row of a full batch."""
    begin = np.int64(0)
    end = np.int64(1) << 62
    for row in range(first, first + count):
        begin = max(begin, (start[row] + 63) >> 6)
        end = min(end, stop[row] >> 6)
    return begin, end if count == BATCH else np.int64(0)
