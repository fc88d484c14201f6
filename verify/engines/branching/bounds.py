"""Kernels that bound a linear form of the network over a region: lines around each neuron.

Every bound is sound up to the errors of :mod:`.float_network`; derivations there.
"""

from __future__ import annotations

import math

from .float_network import IDENTITY, RELU, SLOPES, SMALLEST_REACH, STEEPEST, STEP
from .greatest import best_sum, greatest_value, ordered_sum, penalty
from .kernel import inner


@inner
def first_bounds(layers, region, tree, scratch, d, count, least, greatest, free):
    """Intervals of the first pre-activations at depth d, into ``tight_low`` and ``tight_high``."""
    state = tree.state
    limited = least > 0 or greatest < free
    grouped = region.group_start.shape[0] > 1
    for j in range(layers.width[0]):
        lower, upper = tree.low[d, j], tree.high[d, j]
        if d > 0:
            lower, upper = (
                max(lower, tree.tight_low[d - 1, 0, j]),
                min(upper, tree.tight_high[d - 1, 0, j]),
            )
        row = layers.rows[j]
        if lower < 0.0 < upper:
            a = tree.base[d, j]
            if grouped:
                gain = scratch.gain
                up = best_sum(region, state, row, 1.0, least, greatest, gain)
                down = best_sum(region, state, row, -1.0, least, greatest, gain)
                upper, lower = min(upper, a + up), max(lower, a - down)
            elif limited:
                upper = min(
                    upper, a + ordered_sum(state, region.order[j], row, 1.0, least, greatest)
                )
                lower = max(
                    lower, a - ordered_sum(state, region.order[j], row, -1.0, least, greatest)
                )
        if count > 0 and lower < 0.0 < upper:
            alive, residue = scratch.alive, scratch.residue
            upper = min(
                upper, tree.high[d, j] - penalty(region, state, alive, count, 1.0, row, residue)
            )
            if upper > 0.0:
                lower = max(
                    lower, tree.low[d, j] + penalty(region, state, alive, count, -1.0, row, residue)
                )
        tree.tight_low[d, 0, j] = lower
        tree.tight_high[d, 0, j] = upper


@inner
def _power_below(x):
    """The largest power of two that is at most x (0 for 0)."""
    if x <= 0.0:
        return 0.0
    return math.ldexp(0.5, math.frexp(x)[1])


@inner
def relax(layers, tree, scratch, d, k):
    """Lines that enclose each neuron of layer k on its interval, and its activation's interval."""
    kind = layers.kind[k]
    for j in range(layers.width[k]):
        lower, upper = tree.tight_low[d, k, j], tree.tight_high[d, k, j]
        s_up, o_up, s_down, o_down = 1.0, 0.0, 1.0, 0.0
        least, most = lower, upper
        if kind == RELU:
            least, most = max(lower, 0.0), max(upper, 0.0)
            if upper <= 0.0:
                s_up, s_down = 0.0, 0.0
            elif lower < 0.0:
                s_up = math.floor(SLOPES * upper / (upper - lower) + 0.5) / SLOPES
                o_up = max(-s_up * lower, (1.0 - s_up) * upper)
                s_down = 1.0 if upper > -lower else 0.0
        elif kind == STEP:
            lower -= layers.error[k, j]
            upper += layers.error[k, j]
            s_up, s_down = 0.0, 0.0
            least, most = 0.0, 1.0
            if upper <= 0.0:
                most = 0.0
            elif lower > 0.0:
                o_up, o_down, least = 1.0, 1.0, 1.0
            else:
                steepest = STEEPEST / max(layers.reach[k, j], SMALLEST_REACH)
                o_up = 1.0
                if upper < -lower:
                    s_up = _power_below(min(-1.0 / lower, steepest))
                elif upper > -lower:
                    s_down = _power_below(min(1.0 / upper, steepest))
        scratch.up_slope[k, j], scratch.up_offset[k, j] = s_up, o_up
        scratch.down_slope[k, j], scratch.down_offset[k, j] = s_down, o_down
        scratch.least[k, j], scratch.most[k, j] = least, most


@inner
def backward(layers, tree, scratch, d, k, constant):
    """Push the form ``scratch.front`` of the activations of layer k back to the inputs.

    Leaves the coefficients of the free inputs in ``scratch.coefficient``; returns the constant.
    The form is bounded above by the result.
    """
    front, back = scratch.front, scratch.back
    for m in range(k, -1, -1):
        width = layers.width[m]
        for j in range(width):
            c = front[j]
            if c > 0.0:
                constant += c * scratch.up_offset[m, j]
                front[j] = c * scratch.up_slope[m, j]
            elif c < 0.0:
                constant += c * scratch.down_offset[m, j]
                front[j] = c * scratch.down_slope[m, j]
        if m > 0:
            below = layers.width[m - 1]
            for i in range(below):
                back[i] = 0.0
            for j in range(width):
                c = front[j]
                if c != 0.0:
                    constant += c * layers.bias[m, j]
                    row = layers.inner[m - 1, j]
                    for i in range(below):
                        back[i] += c * row[i]
            for i in range(below):
                front[i] = back[i]
    width = layers.width[0]
    for j in range(width):
        if front[j] != 0.0:
            constant += front[j] * tree.base[d, j]
    coefficient = scratch.coefficient
    for i in range(coefficient.shape[0]):
        coefficient[i] = 0.0
    for j in range(width):
        c = front[j]
        if c != 0.0:
            row = layers.rows[j]
            for i in range(coefficient.shape[0]):
                coefficient[i] += c * row[i]
    return constant


@inner
def inner_bounds(layers, region, tree, scratch, d, k, count, least, greatest, free):
    """Intervals of the pre-activations of layer k >= 1; layers before it are relaxed already."""
    below = layers.width[k - 1]
    for j in range(layers.width[k]):
        lower = upper = layers.bias[k, j]
        row = layers.inner[k - 1, j]
        for i in range(below):
            w = row[i]
            if w > 0.0:
                lower += w * scratch.least[k - 1, i]
                upper += w * scratch.most[k - 1, i]
            elif w < 0.0:
                lower += w * scratch.most[k - 1, i]
                upper += w * scratch.least[k - 1, i]
        if d > 0:
            lower, upper = (
                max(lower, tree.tight_low[d - 1, k, j]),
                min(upper, tree.tight_high[d - 1, k, j]),
            )
        if lower < 0.0 < upper and layers.kind[k] != IDENTITY:
            for i in range(below):
                scratch.front[i] = row[i]
            constant = backward(layers, tree, scratch, d, k - 1, layers.bias[k, j])
            upper = min(
                upper,
                constant
                + greatest_value(
                    region,
                    tree.state,
                    scratch,
                    scratch.coefficient,
                    1.0,
                    count,
                    least,
                    greatest,
                    free,
                ),
            )
            if upper > 0.0:
                for i in range(below):
                    scratch.front[i] = -row[i]
                constant = backward(layers, tree, scratch, d, k - 1, -layers.bias[k, j])
                lower = max(
                    lower,
                    -constant
                    - greatest_value(
                        region,
                        tree.state,
                        scratch,
                        scratch.coefficient,
                        1.0,
                        count,
                        least,
                        greatest,
                        free,
                    ),
                )
        tree.tight_low[d, k, j] = lower
        tree.tight_high[d, k, j] = upper


@inner
def form_error(layers, forms, tree, d, r):
    """Bound on the error of any value of form r computed at this node."""
    k = layers.kind.shape[0] - 1
    total = 0.0
    relu = layers.kind[k] == RELU
    for j in range(layers.width[k]):
        loss = forms.loss[r, j]
        if loss > 0.0 and not (relu and tree.tight_high[d, k, j] < -layers.error[k, j]):
            total += loss
    if total > 0.0:
        total += forms.slack[r]
    return total


@inner
def form_bound(layers, forms, region, tree, scratch, d, r, sign, count, least, greatest, free):
    """Upper bound of sign * form r at depth d; ``scratch.coefficient`` holds its linear part."""
    k = layers.kind.shape[0] - 1
    interval = sign * forms.constant[r]
    for j in range(layers.width[k]):
        c = sign * forms.weight[r, j]
        scratch.front[j] = c
        interval += c * (scratch.most[k, j] if c > 0.0 else scratch.least[k, j])
    constant = backward(layers, tree, scratch, d, k, sign * forms.constant[r])
    value = constant + greatest_value(
        region, tree.state, scratch, scratch.coefficient, 1.0, count, least, greatest, free
    )
    return min(interval, value)


@inner
def grade(value, error, cut, zero_is_right):
    """0: certainly right, 2: certainly wrong, 1: within the error of the cut (or a NaN)."""
    value -= cut
    if error == 0.0:
        if value < 0.0 or (value == 0.0 and zero_is_right):
            return 0
        return 2 if value >= 0.0 else 1
    if value < -error:
        return 0
    return 2 if value > error else 1
