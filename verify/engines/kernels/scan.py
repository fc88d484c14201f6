"""Exhaustive scan of one-hidden-layer networks over split tables.

Points and tables
-----------------
A point is a pair (row, lane): ``row`` numbers an assignment of the high part
of the inputs, ``lane`` one of the low part, and 64 lanes make a word.  With
``T`` one of int16, int32, int64 (all tables of a call share it):

==============  ===========  ==================================================
``high``        (H, J) T     ``|w2_j| * A[row, j]``           (step: ``A``)
``high_sum``    (H, O) T     per row share of each output
``low``         (J, N) T     ``-|w2_j| * B[j, lane]``         (step: ``-B``)
``low_sum``     (O, N) T     per lane share of each output
``bounds``      (O, 3) i64   neurons of an output: added [b0, b1), subtracted [b1, b2)
``weight``      None / (J,)  None: ReLU network;  (J,) T: step network
``start/stop``  (H,) i64     the points of a row are the lanes start <= lane < stop
==============  ===========  ==================================================

The read-out value of output ``o`` is ``high_sum + low_sum`` plus

* ReLU: ``sum_added max(high, low) - sum_subtracted max(high, low)``;
* step: ``sum weight * (high > low)`` over [b0, b2).

Nothing here checks for overflow: the caller guarantees that every partial sum
(neurons in ascending order) fits ``T``.  All arrays are C-contiguous, N is a
multiple of 64.

Specification
-------------
A straight-line program on words.  Register ``i < V`` is input variable i, with
the word ``(~0 if hi_bits[row, i] else lo_words[i, w]) ^ flip[i]``; instruction k
writes register V + k from ``op[k], left[k], right[k]`` (codes in
`program.py`).  ``spec_register[o]`` holds the expected bit of output o;
``domain_register`` filters the points (-1: no filter).

Cost model
----------
Per neuron, word and row there is one max and one add on 64 lanes of ``T`` and
nothing else: the running sums of a block of rows stay in vector registers over
all neurons of an output, one load of ``low`` serves the whole block, factors
come as broadcasting loads, and the comparison yields packed bits directly.
``low`` is repacked once a call (J * N elements) so that the lanes of one word
are contiguous over j and stay in the first-level cache while all rows of a
batch (up to 32) pass over them; rows need not have equal ranges, a word is
computed for just those rows of the batch that have points in it.  So a call
should bring many rows, in multiples of 32; a hundred hide the repacking.

The program is evaluated once a call for a row whose variables are all zero in
``hi_bits``.  For every batch it is folded: what depends on rows only takes one
operation on 32 words, constants disappear, unchanged registers are reused; the
instructions left over cost one operation on 32 words (rows) for each word of
lanes.  Consecutive rows that agree in many high bits fold best.
"""

import numpy as np

from .batch import BATCH, FULL, interior, load_factors, load_points, pack, window
from .block import block_of_one, block_of_rows
from .compilation import kernel
from .program import CONST_1, evaluate, plan, prepare, workspace
from .vectors import (
    aligned,
    block_rows,
    factor_copies,
    highest_of,
    lowest_of,
    masked_max,
    masked_min,
    popcount,
    trailing_zeros,
)

POINTS, WRONG, UNDECIDED, FOUND = range(4)  # fields of `counters`


@kernel
def _load_cuts(low, thresholds):
    """Thresholds clipped to the element type, and the words to OR to their masks."""
    lowest = lowest_of(low)
    highest = highest_of(low)
    cuts = np.empty(thresholds.shape, np.int64)
    always = np.zeros(thresholds.shape, np.uint64)
    plain = np.empty(thresholds.shape[0], np.bool_)
    for o in range(thresholds.shape[0]):
        plain[o] = True
        for c in range(4):
            plain[o] &= thresholds[o, c] == thresholds[o, 0]
            cuts[o, c] = min(max(thresholds[o, c], lowest), highest)
            if thresholds[o, c] < lowest:
                always[o, c] = FULL
    return cuts, always, plain


@kernel
def _judge(masks, always, plain, expected, valid, wrong, unsure, bad):
    """Judge one output on one word of all rows of a batch."""
    if plain:
        for s in range(BATCH):
            bad[s] = ((masks[0, s] | always[0]) ^ expected[s]) & valid[s]
            wrong[s] |= bad[s]
    else:
        for s in range(BATCH):
            e = expected[s]
            low = e & ~(masks[1, s] | always[1])
            high = ~e & (masks[2, s] | always[2])
            good = (e & (masks[0, s] | always[0])) | (~e & ~(masks[3, s] | always[3]))
            bad[s] = (low | high) & valid[s]
            wrong[s] |= bad[s]
            unsure[s] |= valid[s] & ~(good | low | high)


@kernel
def _append(pairs, count, row, w, word):
    """Append the lanes of a word to `pairs` while there is room; return the count."""
    while word != 0 and count < pairs.shape[0]:
        pairs[count, 0] = row
        pairs[count, 1] = w * 64 + trailing_zeros(word)
        word &= word - np.uint64(1)
        count += 1
    return count


@kernel
def scan(
    first, last, high, high_sum, low, low_sum, bounds, weight, start, stop, thresholds,
    hi_bits, lo_words, flip, op, left, right, spec_register, domain_register,
    stop_at_first, counters, by_output, undecided, found,
):  # fmt: skip
    """Compare the network with the specification on all points of rows [first, last).

    ``thresholds[o] = (true_sure, true_maybe, false_maybe, false_sure)``.  Where
    the specification is true, ``acc > true_sure`` is right and ``acc <=
    true_maybe`` wrong; where it is false, ``acc <= false_sure`` is right and
    ``acc > false_maybe`` wrong; otherwise the output is undecided.  They satisfy
    ``true_maybe <= true_sure`` and ``false_sure <= false_maybe``; four equal
    ones give a plain comparison.

    A point with an undecided output is appended to ``undecided`` and counted
    nowhere else but in POINTS; another point with a wrong output adds one to
    WRONG and to ``by_output`` of each wrong output, and is appended to
    ``found`` while that has room.  Both lists hold (row, lane) in order; their
    lengths are ``counters[UNDECIDED]`` and ``counters[FOUND]``, and a call
    appends to what is there.

    Returns the row to resume at: ``last`` when done; the row after the first
    one with a wrong point if ``stop_at_first``; or a row, of which nothing has
    been counted, whose undecided points exceed the room in ``undecided``.
    With an empty list and room for N points there is always progress, but up
    to 31 rows are computed again, so give room for 32 * N.
    """
    outputs = bounds.shape[0]
    neurons = low.shape[0]
    begin, end = window(start, stop, first, last)
    if begin == end:
        return last
    tiles = pack(low, begin, end)
    cuts, always, plain = _load_cuts(low, thresholds)
    lines, base, bits, instructions = prepare(
        first, last, begin, end, hi_bits, lo_words, flip, op, left, right,
        spec_register, domain_register,
    )  # fmt: skip
    slots, state, size, live, loads, slot_of_line, varies = workspace(base, lines)
    expect = np.empty(outputs + 1, np.int64)
    block = block_rows(low)
    factors = aligned(low, BATCH * neurons * factor_copies(low)).reshape(
        BATCH, neurons * factor_copies(low)
    )
    valid = aligned(lines, BATCH)
    active = np.empty(BATCH + block, np.int64)
    masks = aligned(lines, 4 * BATCH).reshape(4, BATCH)
    masks[:] = 0
    unsure = aligned(lines, end * BATCH).reshape(end, BATCH)
    wrong = aligned(lines, end * BATCH).reshape(end, BATCH)
    bad = aligned(lines, outputs * BATCH).reshape(outputs, BATCH)
    points = np.empty(BATCH, np.int64)
    unsure_count = np.zeros(BATCH, np.int64)
    wrong_count = np.zeros(BATCH, np.int64)
    by_row = np.zeros((outputs, BATCH), np.int64)

    for head in range(first, last, BATCH):
        count = min(BATCH, last - head)
        from_word, to_word = window(start, stop, head, head + count)
        inner_from, inner_to = interior(start, stop, head, count)
        load_factors(factors, high, head, count)
        plan(
            head, count, base, bits, instructions, hi_bits, flip, op, left, right,
            spec_register, domain_register, slots, state, size, live, loads, slot_of_line,
            varies, expect,
        )  # fmt: skip
        if unsure_count.any() or wrong_count.any():
            by_row[:] = 0
            unsure_count[:] = 0
            wrong_count[:] = 0
        points[:] = 0

        for w in range(from_word, to_word):
            evaluate(w, slots, lines, size, live, loads)
            if inner_from <= w < inner_to and expect[-1] == CONST_1:
                n = np.int64(BATCH)
                for s in range(BATCH):
                    active[s] = s
                    valid[s] = FULL
                    points[s] += 64
            else:
                load_points(w, head, count, start, stop, slots[expect[-1]], valid)
                n = np.int64(0)
                for s in range(BATCH):
                    active[n] = s
                    n += valid[s] != 0
                    points[s] += popcount(valid[s])
                for g in range(n, n + block):
                    active[g] = active[max(n, 1) - 1]
            unsure[w] = 0
            wrong[w] = 0
            if n == 0:
                continue
            for o in range(outputs):
                cut_count = 1 if plain[o] else 4
                g = np.int64(0)
                while g < n:
                    if (n - g) * 3 >= block * 2:
                        block_of_rows(
                            factors, active, g, tiles, w, high_sum, head, low_sum, o,
                            bounds, weight, cuts, cut_count, masks, None,
                        )  # fmt: skip
                        g += block
                    else:
                        block_of_one(
                            factors, active, g, tiles, w, high_sum, head, low_sum, o,
                            bounds, weight, cuts, cut_count, masks, None,
                        )  # fmt: skip
                        g += 1
                _judge(
                    masks, always[o], plain[o], slots[expect[o]], valid, wrong[w], unsure[w], bad[o]
                )
            any_wrong = np.uint64(0)
            any_unsure = np.uint64(0)
            for s in range(BATCH):
                any_wrong |= wrong[w, s]
                any_unsure |= unsure[w, s]
            if any_unsure != 0:
                for s in range(BATCH):
                    wrong[w, s] &= ~unsure[w, s]
                    unsure_count[s] += popcount(unsure[w, s])
            if any_wrong != 0:
                for s in range(BATCH):
                    wrong_count[s] += popcount(wrong[w, s])
                for o in range(outputs):
                    for s in range(BATCH):
                        by_row[o, s] += popcount(bad[o, s] & ~unsure[w, s])

        for s in range(count):
            row = head + s
            if unsure_count[s] > undecided.shape[0] - counters[UNDECIDED]:
                return row
            counters[POINTS] += points[s]
            if unsure_count[s] != 0:
                for w in range(from_word, to_word):
                    counters[UNDECIDED] = _append(
                        undecided, counters[UNDECIDED], row, w, unsure[w, s]
                    )
            if wrong_count[s] != 0:
                counters[WRONG] += wrong_count[s]
                for o in range(outputs):
                    by_output[o] += by_row[o, s]
                if counters[FOUND] < found.shape[0]:
                    for w in range(from_word, to_word):
                        counters[FOUND] = _append(found, counters[FOUND], row, w, wrong[w, s])
                if stop_at_first:
                    return row + 1
    return last


@kernel
def margin(
    first, last, high, high_sum, low, low_sum, bounds, weight, start, stop,
    hi_bits, lo_words, flip, op, left, right, spec_register, domain_register,
    lowest_true, highest_false,
):  # fmt: skip
    """Extremes of every output over the points of rows [first, last).

    Lowers ``lowest_true[o]`` to the minimum over points where the
    specification of output o is true and raises ``highest_false[o]`` to the
    maximum where it is false; begin with the largest and smallest int64.
    """
    neurons = low.shape[0]
    begin, end = window(start, stop, first, last)
    if begin == end:
        return
    tiles = pack(low, begin, end)
    lines, base, bits, instructions = prepare(
        first, last, begin, end, hi_bits, lo_words, flip, op, left, right,
        spec_register, domain_register,
    )  # fmt: skip
    slots, state, size, live, loads, slot_of_line, varies = workspace(base, lines)
    expect = np.empty(bounds.shape[0] + 1, np.int64)
    factors = aligned(low, BATCH * neurons * factor_copies(low)).reshape(
        BATCH, neurons * factor_copies(low)
    )
    valid = np.empty(BATCH, np.uint64)
    everyone = np.arange(BATCH)
    values = aligned(low, 64)
    for head in range(first, last, BATCH):
        count = min(BATCH, last - head)
        load_factors(factors, high, head, count)
        plan(
            head, count, base, bits, instructions, hi_bits, flip, op, left, right,
            spec_register, domain_register, slots, state, size, live, loads, slot_of_line,
            varies, expect,
        )  # fmt: skip
        from_word, to_word = window(start, stop, head, head + count)
        for w in range(from_word, to_word):
            evaluate(w, slots, lines, size, live, loads)
            load_points(w, head, count, start, stop, slots[expect[-1]], valid)
            for s in range(count):
                if valid[s] == 0:
                    continue
                for o in range(bounds.shape[0]):
                    block_of_one(
                        factors, everyone, s, tiles, w, high_sum, head, low_sum, o,
                        bounds, weight, None, 0, None, values,
                    )  # fmt: skip
                    true = valid[s] & slots[expect[o], s]
                    false = valid[s] & ~slots[expect[o], s]
                    if true != 0:
                        lowest_true[o] = min(lowest_true[o], masked_min(values, true))
                    if false != 0:
                        highest_false[o] = max(highest_false[o], masked_max(values, false))


def collect_thresholds(low_limit: np.ndarray, high_limit: np.ndarray) -> np.ndarray:
    """Thresholds with which `scan` lists candidates as undecided points.

    Those are the points with, for some output, ``acc <= low_limit`` where the
    specification is true or ``acc >= high_limit`` where it is false; no point
    counts as wrong.  ``high_limit`` must exceed the smallest int64.
    """
    limits = np.iinfo(np.int64)
    thresholds = np.empty((len(low_limit), 4), np.int64)
    thresholds[:, 0] = low_limit
    thresholds[:, 1] = limits.min
    thresholds[:, 2] = limits.max
    thresholds[:, 3] = high_limit - 1
    return thresholds
