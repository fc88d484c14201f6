"""A kernel that visits all points of a small box, 64 at a time, one hidden layer."""

from __future__ import annotations

import numpy as np

from .bounds import form_error
from .kernel import inner
from .membership import has_shape
from .memory import AGAIN, COUNTED, LISTING, WALKED
from .points import ANY, COUNT, MARGIN, grade_point, take_point
from .split_tables import (
    LARGEST_SINGLE,
    fill_tables,
    form_values,
    linear_share,
    open_neurons,
    single_error,
)

_AND, _OR, _XOR, _AND_NOT, _NOT, _ZERO, _ONES = range(7)
#: Input k of the lanes: bit t is bit k of t.
_LANES = np.array(
    [
        0xAAAAAAAAAAAAAAAA,
        0xCCCCCCCCCCCCCCCC,
        0xF0F0F0F0F0F0F0F0,
        0xFF00FF00FF00FF00,
        0xFFFF0000FFFF0000,
        0xFFFFFFFF00000000,
    ],
    dtype=np.uint64,
)
_NONE = np.uint64(0)
_EVERY = np.uint64(0xFFFFFFFFFFFFFFFF)
_BIT = np.uint64(1)


@inner
def lay_words(tree, scratch, count, low_bits, high):
    """Inputs of the points of one high half as words of 64 points, apart from the word number.

    ``scratch.free`` numbers the free inputs: six in the lanes, then those of the word number,
    then those of the high half.
    """
    words = scratch.words
    for i in range(tree.state.shape[0]):
        words[i] = _EVERY if tree.state[i] == 1 else _NONE
    for k in range(count):
        if k >= low_bits:
            words[scratch.free[k]] = _EVERY if (high >> (k - low_bits)) & 1 else _NONE
        elif k < 6:
            words[scratch.free[k]] = _LANES[k]


@inner
def region_word(region, scratch, alive_count, word, low_bits):
    """Which of 64 points belong to the region (cardinality and groups are left to the caller)."""
    words = scratch.words
    for k in range(6, low_bits):
        words[scratch.free[k]] = _EVERY if (word >> (k - 6)) & 1 else _NONE
    mask = _EVERY
    for a in range(alive_count):
        c = scratch.alive[a]
        true = _EVERY
        for k in range(region.variable.shape[1]):
            v = region.variable[c, k]
            if v < 0:
                break
            true &= words[v] if region.value[c, k] == 1 else ~words[v]
        mask &= ~true
    result = region.result[0]
    if result >= 0 and mask != _NONE:
        n = region.flip.shape[0]
        for i in range(n):
            if region.flip[i]:
                words[i] = ~words[i]
        for k in range(region.operation.shape[0]):
            op = region.operation[k]
            a, b = words[region.left[k]], words[region.right[k]]
            if op == _AND:
                value = a & b
            elif op == _OR:
                value = a | b
            elif op == _XOR:
                value = a ^ b
            elif op == _AND_NOT:
                value = a & ~b
            elif op == _NOT:
                value = ~a
            elif op == _ZERO:
                value = _NONE
            else:
                value = _EVERY
            words[n + k] = value
        mask &= words[result]
        for i in range(n):
            if region.flip[i]:
                words[i] = ~words[i]
    return mask


@inner
def _ones(word):
    """How many bits of a 64-bit word are set."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    fours = np.uint64(0x3333333333333333)
    word = (word & fours) + ((word >> np.uint64(2)) & fours)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inner
def table_leaf(layers, forms, combine, zero_is_right, region, tree, scratch, d, alive_count, aim):
    """Visit all points of the free box with split tables (one relu or identity layer)."""
    count = 0
    for i in range(tree.state.shape[0]):
        scratch.point[i] = tree.state[i]
        if tree.state[i] == 2:
            scratch.free[count] = i
            count += 1
    # points within the rounding of single precision are looked at again, one by one: not too many
    rough = tree.control[AGAIN] > 4096 and tree.control[AGAIN] > tree.control[WALKED] >> 5
    for r in range(forms.weight.shape[0]):
        more = single_error(layers, forms, tree, d, r, count, False)
        rough = rough or more == np.inf
    if rough:
        totals, tables = scratch.totals, scratch.tables
        return _visit(
            layers,
            forms,
            combine,
            zero_is_right,
            region,
            tree,
            scratch,
            totals,
            tables,
            d,
            count,
            alive_count,
            aim,
        )
    single_totals, single_tables = scratch.single_totals, scratch.single_tables
    return _visit(
        layers,
        forms,
        combine,
        zero_is_right,
        region,
        tree,
        scratch,
        single_totals,
        single_tables,
        d,
        count,
        alive_count,
        aim,
    )


@inner
def _visit(
    layers,
    forms,
    combine,
    zero_is_right,
    region,
    tree,
    scratch,
    totals,
    tables,
    d,
    count,
    alive_count,
    aim,
):
    """The same, in the precision of the tables."""
    low_bits = min(count, (count + 1) // 2 + 2)
    lows, highs = 1 << low_bits, 1 << (count - low_bits)
    words = (lows + 63) // 64
    last = forms.weight.shape[0] - 1
    # wrong points need not be looked at one by one
    quick = (
        aim == COUNT
        and tree.control[LISTING] == 0
        and region.group_start.shape[0] == 1
        and region.cardinality[0] == 0
        and region.cardinality[1] >= tree.state.shape[0]
    )
    counted = np.int64(0)
    total = totals[lows : 2 * lows]
    for r in range(last + 1):
        opened, positive = open_neurons(layers, forms, tree, scratch.neurons, d, r)
        base = linear_share(layers, forms, tree, scratch, d, r, count, low_bits)
        error = form_error(layers, forms, tree, d, r)
        if tables.itemsize == 4:
            error += single_error(layers, forms, tree, d, r, count, error == 0.0)
        fill_tables(
            layers, forms, tree, scratch, totals, tables, d, r, count, low_bits, opened, base
        )
        for high in range(highs):
            form_values(
                total, totals, tables, scratch, lows, low_bits, count, high, opened, positive
            )
            _set_limits(totals, tree.cut[r], error, forms.unit[0], zero_is_right)
            laid = False
            for word in range(words):
                size = min(64, lows - 64 * word)
                row = total[64 * word : 64 * word + size]
                right, wrong = _marks(row, totals[-2], totals[-1])
                at = words * high + word
                if r > 0 and combine == ANY:
                    right &= scratch.right[at]
                    wrong |= scratch.wrong[at]
                elif r > 0:
                    right |= scratch.right[at]
                    wrong &= scratch.wrong[at]
                if r < last:
                    scratch.right[at], scratch.wrong[at] = right, wrong
                    continue
                left = ~right
                if size < 64:
                    left &= (_BIT << np.uint64(size)) - _BIT
                if left == _NONE:
                    continue
                if alive_count > 0 or region.result[0] >= 0:
                    if not laid:
                        lay_words(tree, scratch, count, low_bits, high)
                        laid = True
                    left &= region_word(region, scratch, alive_count, word, low_bits)
                if quick:
                    counted += _ones(left & wrong)
                    left &= ~wrong
                if left != _NONE and _book(
                    layers,
                    forms,
                    combine,
                    zero_is_right,
                    region,
                    tree,
                    scratch,
                    d,
                    count,
                    left,
                    wrong,
                    (high << low_bits) + 64 * word,
                    aim,
                ):
                    return True
    tree.control[COUNTED] += counted
    tree.control[WALKED] += lows * highs
    return False


@inner
def _marks(row, right_to, wrong_from):
    """Which of up to 64 values are certainly right, which certainly wrong; a NaN is neither."""
    right, wrong = _NONE, _NONE
    for t in range(row.shape[0]):
        right |= np.uint64(row[t] <= right_to) << np.uint64(t)
        wrong |= np.uint64(row[t] >= wrong_from) << np.uint64(t)
    return right, wrong


@inner
def _set_limits(totals, cut, error, unit, zero_is_right):
    """The greatest value that is right and the least that is wrong, in the tables' precision."""
    right_to, wrong_from = cut - error, cut + error
    if error > 0.0 or unit == 0.0:
        # beyond the rounding of these numbers
        fine = 2.0**-22 if totals.itemsize == 4 else 2.0**-51
        right_to -= abs(right_to) * fine + 1.0 / LARGEST_SINGLE
        wrong_from += abs(wrong_from) * fine + 1.0 / LARGEST_SINGLE
    elif zero_is_right:
        wrong_from += unit
    else:
        right_to -= unit
    # multiples of the unit are rounded only where they are beyond all values
    totals[-2], totals[-1] = right_to, wrong_from


@inner
def _book(
    layers, forms, combine, zero_is_right, region, tree, scratch, d, count, left, wrong, first, aim
):
    """Book up to 64 points of the region that are not right; True ends a first-point search."""
    t = np.int64(-1)
    while left != _NONE:
        t += 1
        lane = left & _BIT
        left >>= _BIT
        if lane == _NONE:
            continue
        for k in range(count):
            scratch.point[scratch.free[k]] = ((first + t) >> k) & 1
        if not has_shape(region, scratch.point):
            continue
        g, extreme, error = 2, 0.0, 0.0
        doubt = (wrong >> np.uint64(t)) & _BIT == _NONE
        if doubt or aim == MARGIN:
            tree.control[AGAIN] += doubt
            g, extreme, error = _grade_again(
                layers, forms, combine, zero_is_right, tree, scratch, d, count
            )
        if g != 0 and take_point(tree, scratch.point, g, extreme, error, aim):
            return True
    return False


@inner
def _grade_again(layers, forms, combine, zero_is_right, tree, scratch, d, count):
    """Grade ``scratch.point`` in double precision, see :func:`.points.grade_point`."""
    first = scratch.walk[0, 0]
    for j in range(layers.width[0]):
        first[j] = tree.base[d, j]
    for k in range(count):
        if scratch.point[scratch.free[k]] == 1:
            column = layers.columns[scratch.free[k]]
            for j in range(layers.width[0]):
                first[j] += column[j]
    return grade_point(layers, forms, combine, zero_is_right, tree, scratch)
