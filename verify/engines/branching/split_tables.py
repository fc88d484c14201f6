"""Kernels for split tables: all values of a form over the box of a leaf, one layer.

relu(a + b) = max(a, -b) + b with a from the high half and b from the low half of the free
inputs: one maximum and one addition a neuron and point, the b's summed beforehand. The tables
are in single precision, which fits twice as many points into a register, or in double precision
where too many points lie within the rounding of the former.

Rounding in single precision (v = 2^-24). A value is a sum of numbers that :mod:`.float_network`
accounts for in double precision, with magnitudes of at most S together. On its way into the value
each is rounded to single precision once and takes part in at most ``count`` additions that fill
the tables, one of the shift, and those of the neurons: they come in fours, at most width / 4 of
them and three single ones for either sign, with two additions inside a four. These
D = count + width / 4 + 10 roundings move the value by at most v D S / (1 - v D) <= v (D + 1) S
while D < 2^10; maxima are 1-Lipschitz. 2^-120 covers underflow. Multiples of one unit with
S < 2^24 units are not rounded at all.
"""

from __future__ import annotations

import numpy as np

from .float_network import IDENTITY, RELU
from .kernel import inner

SINGLE_ROUNDOFF = 2.0**-24
#: Magnitudes for which single precision neither overflows nor (in units) underflows.
LARGEST_SINGLE = 2.0**120
#: Most roundings that the derivation covers.
MOST_ROUNDINGS = 1 << 10


@inner
def open_neurons(layers, forms, tree, neurons, d, r):
    """List the open neurons in ``neurons``, positive weights first.

    Returns:
        how many there are, and how many of them (the first) are added, not subtracted.
    """
    opened, positive = 0, 0
    for sign in (1.0, -1.0):
        for j in range(layers.width[0]):
            unstable = (
                layers.kind[0] == RELU and tree.tight_low[d, 0, j] < 0.0 < tree.tight_high[d, 0, j]
            )
            if unstable and forms.weight[r, j] * sign > 0.0:
                neurons[opened] = j
                opened += 1
        if sign > 0:
            positive = opened
    return opened, positive


@inner
def linear_share(layers, forms, tree, scratch, d, r, count, low_bits):
    """The linear part: low coefficients in ``coefficient``, high ones in ``gain``, constant."""
    width, kind = layers.width[0], layers.kind[0]
    for k in range(count):
        scratch.coefficient[k] = 0.0
        scratch.gain[k] = 0.0
    base = forms.constant[r]
    for j in range(width):
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
    return base


@inner
def single_error(layers, forms, tree, d, r, count, exact):
    """What single precision adds to the error of form r on this leaf (infinite: do not use it)."""
    width = layers.width[0]
    size = abs(forms.constant[r])
    for j in range(width):
        w = abs(forms.weight[r, j])
        if w != 0.0 and not (layers.kind[0] == RELU and tree.tight_high[d, 0, j] <= 0.0):
            # an open neuron is in the tables and, its low half, in the linear part
            spread = tree.high[d, j] - tree.low[d, j] + 2.0 * layers.error[0, j]
            size += w * (abs(tree.base[d, j]) + 2.0 * spread)
    size *= 1.0 + 2.0**-20
    roundings = count + width // 4 + 10
    if not (size < LARGEST_SINGLE and roundings < MOST_ROUNDINGS):
        return np.inf
    unit = forms.unit[0]
    if exact and unit > 1.0 / LARGEST_SINGLE and size < unit / SINGLE_ROUNDOFF:
        return 0.0
    return SINGLE_ROUNDOFF * (roundings + 1) * size + 1.0 / LARGEST_SINGLE


@inner
def fill_tables(layers, forms, tree, scratch, totals, tables, d, r, count, low_bits, opened, base):
    """Tables of form r: the linear part's low half in ``totals``, the open neurons' halves."""
    lows, high_bits = 1 << low_bits, count - low_bits
    share, neurons = totals[:lows], scratch.neurons
    share[0] = base
    for k in range(low_bits):
        half = 1 << k
        share[half] = scratch.coefficient[k]
        step = share[half]  # in the precision of the table
        for t in range(half):
            share[half + t] = share[t] + step
    at = opened * lows
    for o in range(opened):
        j = neurons[o]
        w = abs(forms.weight[r, j])
        row = tables[o * lows : (o + 1) * lows]
        row[0] = 0.0
        for k in range(low_bits):
            half = 1 << k
            row[half] = -w * layers.columns[scratch.free[k], j]
            step = row[half]
            for t in range(half):
                row[half + t] = row[t] + step
        tables[at + o] = w * tree.base[d, j]
    for k in range(high_bits):
        half = 1 << k
        column = layers.columns[scratch.free[low_bits + k]]
        for s in range(half):
            to, source = at + (half + s) * opened, at + s * opened
            for o in range(opened):
                j = neurons[o]
                tables[to + o] = abs(forms.weight[r, j]) * column[j]
                tables[to + o] += tables[source + o]


@inner
def form_values(total, totals, tables, scratch, lows, low_bits, count, high, opened, positive):
    """All values of the form for one high half, into ``total``."""
    shift = 0.0
    for k in range(count - low_bits):
        if (high >> k) & 1:
            shift += scratch.gain[low_bits + k]
    total[0] = shift
    step = total[0]
    for t in range(lows):
        total[t] = totals[t] + step
    at = opened * (lows + high)
    _add_neurons(total, tables, lows, at, 0, positive, False)
    _add_neurons(total, tables, lows, at, positive, opened, True)


@inner
def _add_neurons(total, tables, lows, at, start, stop, negative):
    """Add max(high part, low part) of the neurons, four at a time, or subtract it."""
    o = start
    while o + 4 <= stop:
        a0, a1, a2, a3 = tables[at + o], tables[at + o + 1], tables[at + o + 2], tables[at + o + 3]
        t0 = tables[o * lows : (o + 1) * lows]
        t1 = tables[(o + 1) * lows : (o + 2) * lows]
        t2 = tables[(o + 2) * lows : (o + 3) * lows]
        t3 = tables[(o + 3) * lows : (o + 4) * lows]
        if negative:
            for t in range(lows):
                total[t] -= (max(t0[t], a0) + max(t1[t], a1)) + (max(t2[t], a2) + max(t3[t], a3))
        else:
            for t in range(lows):
                total[t] += (max(t0[t], a0) + max(t1[t], a1)) + (max(t2[t], a2) + max(t3[t], a3))
        o += 4
    while o < stop:
        a0 = tables[at + o]
        t0 = tables[o * lows : (o + 1) * lows]
        if negative:
            for t in range(lows):
                total[t] -= max(t0[t], a0)
        else:
            for t in range(lows):
                total[t] += max(t0[t], a0)
        o += 1
