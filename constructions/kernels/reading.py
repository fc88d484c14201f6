"""Extreme values of outputs that add up neurons of the kind max(sum of inputs - bias, 0).

All numbers are integers; nothing is rounded. docs/channels.md, section 3, proves the bounds.
"""

from pathlib import Path

import numpy as np

from ...verify.engines.kernels.compilation import compiler

kernel = compiler(Path(__file__).parent)


@kernel
def largest_false(rows, bias, active, first, second, budget, found):
    """Largest value on all inputs with at most ``active`` ones that lack a member of the pair.

    rows: int64 (size, inputs), what every input feeds to the neurons of the output; bias: 0 or
    more; found: int64 (active,), set to the inputs that attain the value, -1 behind the last.
    Returns the value, and how many sets were looked at; -1 for the value when there were more
    than ``budget``.
    """
    size, inputs = rows.shape
    even, quarter = bias // active, bias // 4
    near = np.zeros(inputs, dtype=np.int64)
    far = np.zeros(inputs, dtype=np.int64)
    for r in range(size):
        for c in range(inputs):
            near[c] += max(rows[r, c] - even, 0)
            far[c] += max(rows[r, c] - quarter, 0)
    order = np.argsort(-near)
    behind = np.zeros(inputs + 1, dtype=np.int64)
    for k in range(inputs - 1, -1, -1):
        behind[k] = max(behind[k + 1], far[order[k]])
    sums = np.zeros((active + 1, size), dtype=np.int64)
    place = np.zeros(active + 1, dtype=np.int64)
    taken = np.zeros(active + 1, dtype=np.int64)
    held = np.zeros(active + 1, dtype=np.int64)
    members = np.zeros(active + 1, dtype=np.int64)
    open_value = np.zeros(active + 1, dtype=np.int64)
    best, visited, depth = np.int64(0), np.int64(0), 0
    found[:] = -1
    while depth >= 0:
        left = active - depth
        k = place[depth]
        # no set of this branch from here on exceeds the sum of its largest ``near``
        if k >= inputs or held[depth] + left * near[order[k]] <= best:
            depth -= 1
            if depth >= 0:
                place[depth] += 1
            continue
        c = order[k]
        own = c in (first, second)
        if own and members[depth] == 1:
            place[depth] += 1
            continue
        if depth > 0 and open_value[depth] + far[c] + (left - 1) * behind[k + 1] <= best:
            place[depth] += 1
            continue
        visited += 1
        if visited > budget:
            return np.int64(-1), visited
        taken[depth] = c
        value = np.int64(0)
        for r in range(size):
            sums[depth + 1, r] = sums[depth, r] + rows[r, c]
            value += max(sums[depth + 1, r] - bias, 0)
        if value > best:
            best = value
            found[: depth + 1] = taken[: depth + 1]
            found[depth + 1 :] = -1
        if left == 1:
            place[depth] += 1
            continue
        depth += 1
        held[depth] = held[depth - 1] + near[c]
        members[depth] = members[depth - 1] + (1 if own else 0)
        place[depth] = k + 1
        rest = bias - (left - 1) * quarter
        total = np.int64(0)
        for r in range(size):
            total += max(sums[depth, r] - rest, 0)
        open_value[depth] = total
    return best, visited


@kernel
def least_true(rows, bias, active, first, second, budget, found):
    """Least value on all inputs with at most ``active`` ones that hold the pair; see above."""
    size, inputs = rows.shape
    harm = np.zeros(inputs, dtype=np.int64)
    for r in range(size):
        for c in range(inputs):
            harm[c] += max(-rows[r, c], 0)
    harm[first] = -1
    harm[second] = -1
    order = np.argsort(-harm)
    others, more = inputs - 2, active - 2
    sums = np.zeros((more + 1, size), dtype=np.int64)
    values = np.zeros(more + 1, dtype=np.int64)
    place = np.zeros(more + 1, dtype=np.int64)
    for r in range(size):
        sums[0, r] = rows[r, first] + rows[r, second]
        values[0] += max(sums[0, r] - bias, 0)
    taken = np.zeros(active, dtype=np.int64)
    taken[0], taken[1] = first, second
    found[:] = -1
    found[0], found[1] = first, second
    best, visited = values[0], np.int64(1)
    depth = 0 if more > 0 else -1
    while depth >= 0:
        left = more - depth
        k = place[depth]
        # another input takes away at most its ``harm``
        if k >= others or values[depth] - left * harm[order[k]] >= best:
            depth -= 1
            if depth >= 0:
                place[depth] += 1
            continue
        c = order[k]
        visited += 1
        if visited > budget:
            return np.int64(-1), visited
        taken[depth + 2] = c
        value = np.int64(0)
        for r in range(size):
            sums[depth + 1, r] = sums[depth, r] + rows[r, c]
            value += max(sums[depth + 1, r] - bias, 0)
        if value < best:
            best = value
            found[: depth + 3] = taken[: depth + 3]
            found[depth + 3 :] = -1
        if left == 1:
            place[depth] += 1
            continue
        depth += 1
        values[depth] = value
        place[depth] = k + 1
    return best, visited


@kernel
def reading_extremes(
    products, starts, items, pairs, bias, active, budget, low, high, low_at, high_at
):
    """Both extremes of every output: int64 (outputs,), and the inputs that attain them.

    products: int32 (neurons, inputs); output j adds up the neurons items[starts[j]:starts[j + 1]].
    Returns how many sets were looked at; a negative number when an output took more than budget.
    """
    visited = np.int64(0)
    inputs = products.shape[1]
    for j in range(len(pairs)):
        size = starts[j + 1] - starts[j]
        rows = np.empty((size, inputs), dtype=np.int64)
        for r in range(size):
            for c in range(inputs):
                rows[r, c] = products[items[starts[j] + r], c]
        high[j], seen = largest_false(
            rows, bias, active, pairs[j, 0], pairs[j, 1], budget, high_at[j]
        )
        visited += seen
        if seen > budget:
            return -visited
        low[j], seen = least_true(rows, bias, active, pairs[j, 0], pairs[j, 1], budget, low_at[j])
        visited += seen
        if seen > budget:
            return -visited
    return visited
