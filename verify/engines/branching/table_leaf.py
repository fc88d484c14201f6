"""A kernel that visits all points of a small box, 64 at a time, one hidden layer."""

from __future__ import annotations

import numpy as np

from .bounds import grade
from .float_network import IDENTITY, RELU
from .kernel import inner
from .membership import has_shape
from .memory import COUNTED, LISTING, WALKED
from .points import ANY, COUNT, take_point

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
def region_word(region, tree, scratch, alive_count, count, word, low_bits, high):
    """Which of 64 points belong to the region (cardinality and groups are left to the caller).

    ``scratch.free`` numbers the free inputs: six in the lanes, then those of the word number,
    then those of the high half.
    """
    n = tree.state.shape[0]
    words = scratch.words
    for i in range(n):
        words[i] = _EVERY if tree.state[i] == 1 else _NONE
    for k in range(count):
        if k < 6 and k < low_bits:
            words[scratch.free[k]] = _LANES[k]
        elif k < low_bits:
            words[scratch.free[k]] = _EVERY if (word >> (k - 6)) & 1 else _NONE
        else:
            words[scratch.free[k]] = _EVERY if (high >> (k - low_bits)) & 1 else _NONE
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
    return mask


@inner
def _form_tables(layers, forms, tree, scratch, d, r, count, low_bits):
    """Tables of form r: shares of the linear part in ``totals`` and ``gain``, open neurons.

    Returns:
        how many open neurons there are, how many of them (the first) are added, not
        subtracted, and the error bound of the form on this leaf.
    """
    lows, high_bits = 1 << low_bits, count - low_bits
    width, kind = layers.width[0], layers.kind[0]
    share, tables, neurons = scratch.totals[:lows], scratch.tables, scratch.neurons
    opened, positive = 0, 0
    for sign in (1.0, -1.0):
        for j in range(width):
            unstable = kind == RELU and tree.tight_low[d, 0, j] < 0.0 < tree.tight_high[d, 0, j]
            if unstable and forms.weight[r, j] * sign > 0.0:
                neurons[opened] = j
                opened += 1
        if sign > 0:
            positive = opened
    for k in range(count):
        scratch.coefficient[k] = 0.0
        scratch.gain[k] = 0.0
    base = forms.constant[r]
    error = 0.0
    for j in range(width):
        loss = forms.loss[r, j]
        if loss > 0.0 and not (kind == RELU and tree.tight_high[d, 0, j] < -layers.error[0, j]):
            error += loss
        w = forms.weight[r, j]
        if w == 0.0 or (kind == RELU and tree.tight_high[d, 0, j] <= 0.0):
            continue
        linear = kind == IDENTITY or tree.tight_low[d, 0, j] >= 0.0
        if linear:
            base += w * tree.base[d, j]
        for k in range(count):
            c = w * layers.columns[scratch.free[k], j]
            if k < low_bits:
                scratch.coefficient[k] += c
            elif linear:
                scratch.gain[k] += c
    if error > 0.0:
        error += forms.slack[r]
    share[0] = base
    for k in range(low_bits):
        c = scratch.coefficient[k]
        half = 1 << k
        for t in range(half):
            share[half + t] = share[t] + c
    at = opened * lows
    for o in range(opened):
        j = neurons[o]
        w = abs(forms.weight[r, j])
        row = tables[o * lows : (o + 1) * lows]
        row[0] = 0.0
        for k in range(low_bits):
            c = -w * layers.columns[scratch.free[k], j]
            half = 1 << k
            for t in range(half):
                row[half + t] = row[t] + c
        tables[at + o] = w * tree.base[d, j]
    for k in range(high_bits):
        half = 1 << k
        column = layers.columns[scratch.free[low_bits + k]]
        for s in range(half):
            to, source = at + (half + s) * opened, at + s * opened
            for o in range(opened):
                j = neurons[o]
                tables[to + o] = tables[source + o] + abs(forms.weight[r, j]) * column[j]
    return opened, positive, error


@inner
def table_leaf(layers, forms, combine, zero_is_right, region, tree, scratch, d, alive_count, aim):
    """Visit all points of the free box with split tables (one relu or identity layer).

    relu(a + b) = max(a, -b) + b with a from the high half and b from the low half of the free
    inputs: one maximum and one addition a neuron and point, the b's summed beforehand.
    """
    count = 0
    for i in range(tree.state.shape[0]):
        scratch.point[i] = tree.state[i]
        if tree.state[i] == 2:
            scratch.free[count] = i
            count += 1
    low_bits = min(count, (count + 1) // 2 + 2)
    lows, highs = 1 << low_bits, 1 << (count - low_bits)
    share = scratch.totals[:lows]
    single = forms.weight.shape[0] == 1
    error = 0.0
    for r in range(forms.weight.shape[0]):
        opened, positive, form_error = _form_tables(
            layers, forms, tree, scratch, d, r, count, low_bits
        )
        error = max(error, form_error)
        for high in range(highs):
            # one form is scanned at once, several are combined over the whole leaf first
            start = lows + (0 if single else (high + 1) * lows)
            total = scratch.totals[start : start + lows]
            if r > 0:
                total = scratch.totals[lows : 2 * lows]
            shift = 0.0
            for k in range(count - low_bits):
                if (high >> k) & 1:
                    shift += scratch.gain[low_bits + k]
            for t in range(lows):
                total[t] = share[t] + shift
            at = opened * (lows + high)
            _add_neurons(total, scratch.tables, lows, at, 0, positive, 1.0)
            _add_neurons(total, scratch.tables, lows, at, positive, opened, -1.0)
            if not single:
                values = scratch.totals[start : start + lows]
                grades = scratch.grades[high * lows : (high + 1) * lows]
                for t in range(lows):
                    g = grade(total[t], form_error, tree.cut[r], zero_is_right)
                    if r == 0:
                        grades[t] = g
                    elif combine == ANY:
                        grades[t] = max(grades[t], g)
                        values[t] = max(values[t], total[t])
                    else:
                        grades[t] = min(grades[t], g)
                        values[t] = min(values[t], total[t])
            elif _scan(
                region,
                tree,
                scratch,
                alive_count,
                count,
                low_bits,
                high,
                start,
                single,
                error,
                zero_is_right,
                aim,
            ):
                return True
    if not single:
        shared = 0.0  # see grade_point
        for r in range(forms.weight.shape[0]):
            shared = max(shared, forms.slack[r])
        error += shared
        for high in range(highs):
            if _scan(
                region,
                tree,
                scratch,
                alive_count,
                count,
                low_bits,
                high,
                (high + 2) * lows,
                single,
                error,
                zero_is_right,
                aim,
            ):
                return True
    return False


@inner
def _scan(
    region,
    tree,
    scratch,
    alive_count,
    count,
    low_bits,
    high,
    offset,
    single,
    error,
    zero_is_right,
    aim,
):
    """Book the points of one high half; True when a first-point search is over."""
    n = tree.state.shape[0]
    lows = 1 << low_bits
    values = scratch.totals[offset : offset + lows]
    grades = scratch.grades[high * lows : (high + 1) * lows]
    # points need not be looked at one by one
    quick = (
        aim == COUNT
        and tree.control[LISTING] == 0
        and region.group_start.shape[0] == 1
        and region.cardinality[0] == 0
        and region.cardinality[1] >= n
    )
    tree.control[WALKED] += lows
    cut = tree.cut[0]
    for word in range((lows + 63) // 64):
        start = 64 * word
        stop = min(start + 64, lows)
        # comparisons are written so that a NaN is neither right nor wrong
        right, wrong = 0, 0
        if not single:
            for t in range(start, stop):
                right += grades[t] == 0
                wrong += grades[t] == 2
        elif error == 0.0 and zero_is_right:
            for t in range(start, stop):
                right += values[t] <= cut
                wrong += values[t] > cut
        elif error == 0.0:
            for t in range(start, stop):
                right += values[t] < cut
                wrong += values[t] >= cut
        else:
            for t in range(start, stop):
                right += values[t] - cut < -error
                wrong += values[t] - cut > error
        if right == stop - start:
            continue
        mask = region_word(region, tree, scratch, alive_count, count, word, low_bits, high)
        if mask == _NONE:
            continue
        if quick and right + wrong == stop - start:
            if mask == _EVERY:
                tree.control[COUNTED] += wrong
                continue
            at_zero = error == 0.0 and not zero_is_right
            for t in range(start, stop):
                lane = (mask >> np.uint64(t - start)) & _BIT
                if single:
                    is_wrong = values[t] >= cut if at_zero else values[t] - cut > error
                else:
                    is_wrong = grades[t] == 2
                tree.control[COUNTED] += np.int64(lane) & np.int64(is_wrong)
            continue
        for t in range(start, stop):
            if (mask >> np.uint64(t - start)) & _BIT == _NONE:
                continue
            g = grade(values[t], error, tree.cut[0], zero_is_right) if single else grades[t]
            if g == 0:
                continue
            for k in range(count):
                bit = (t >> k) & 1 if k < low_bits else (high >> (k - low_bits)) & 1
                scratch.point[scratch.free[k]] = bit
            if has_shape(region, scratch.point) and take_point(
                tree, scratch.point, g, values[t], error, aim
            ):
                return True
    return False


@inner
def _add_neurons(total, tables, lows, at, start, stop, sign):
    """Add sign * max(high part, low part) of the neurons, four at a time."""
    o = start
    while o + 4 <= stop:
        a0, a1, a2, a3 = tables[at + o], tables[at + o + 1], tables[at + o + 2], tables[at + o + 3]
        t0 = tables[o * lows : (o + 1) * lows]
        t1 = tables[(o + 1) * lows : (o + 2) * lows]
        t2 = tables[(o + 2) * lows : (o + 3) * lows]
        t3 = tables[(o + 3) * lows : (o + 4) * lows]
        if sign > 0:
            for t in range(lows):
                m0 = max(t0[t], a0)
                m1 = max(t1[t], a1)
                m2 = max(t2[t], a2)
                m3 = max(t3[t], a3)
                total[t] += (m0 + m1) + (m2 + m3)
        else:
            for t in range(lows):
                m0 = max(t0[t], a0)
                m1 = max(t1[t], a1)
                m2 = max(t2[t], a2)
                m3 = max(t3[t], a3)
                total[t] -= (m0 + m1) + (m2 + m3)
        o += 4
    while o < stop:
        a0 = tables[at + o]
        t0 = tables[o * lows : (o + 1) * lows]
        for t in range(lows):
            total[t] += sign * (max(t0[t], a0))
        o += 1
