"""Compiled loops over sets of three and more true inputs."""

from pathlib import Path

import numpy as np

from ..kernels.compilation import compiler

kernel = compiler(Path(__file__).parent)


@kernel
def triples(moments, losses, columns, gain, pairs, threshold, ceiling, limit, most, found):
    """Values on the inputs with exactly three ones that hold no own pair, where they matter.

    The value at {a, b, c} is M_ab + M_ac + M_bc - m, where m = sum of the gains of the neurons
    that all three feed, so it is at most M_ab + M_ac + M_bc + min(L_ab, L_ac, L_bc), L the sum of
    the magnitudes of negative gains. Only where that bound exceeds the threshold, m is summed.

    moments M, losses L: integers (outputs, pairs a < b in rows of a); columns: 0/1 (inputs,
    neurons); gain: integers (outputs, neurons); pairs: (outputs, 2); the others int64 (outputs,).
    A threshold rises to the largest value seen, but not above its ceiling. Values above the limit
    are written to found (row, a, b, c) while there is room, and all are counted; with most > 0
    the search ends when so many were counted.
    Returns the largest value seen of each output, or its first threshold, the counts, and how
    many triples were evaluated.
    """
    outputs = moments.shape[0]
    inputs, neurons = columns.shape
    highest = threshold.copy()
    counts = np.zeros(outputs, dtype=np.int64)
    bound = np.empty(inputs, dtype=moments.dtype)
    shared = np.empty(neurons, dtype=np.int64)
    evaluated = 0
    total = 0
    for j in range(outputs):
        level = threshold[j]
        own_a = pairs[j, 0]
        own_b = pairs[j, 1]
        for a in range(inputs - 2):
            # the place of the pair (a, c) is row_a + c
            row_a = a * (2 * inputs - a - 1) // 2 - a - 1
            for b in range(a + 1, inputs - 1):
                if a == own_a and b == own_b:
                    continue
                row_b = b * (2 * inputs - b - 1) // 2 - b - 1
                moment = moments[j, row_a + b]
                loss = losses[j, row_a + b]
                top = moment + moments[j, row_a + b + 1] + moments[j, row_b + b + 1] + loss
                for c in range(b + 1, inputs):
                    least = min(loss, min(losses[j, row_a + c], losses[j, row_b + c]))
                    value = moment + moments[j, row_a + c] + moments[j, row_b + c] + least
                    bound[c] = value
                    top = max(top, value)
                if top <= level:
                    continue
                size = -1
                for c in range(b + 1, inputs):
                    if bound[c] <= level:
                        continue
                    if (a == own_a and c == own_b) or (b == own_a and c == own_b):
                        continue
                    if size < 0:
                        size = 0
                        for i in range(neurons):
                            if columns[a, i] & columns[b, i]:
                                shared[size] = i
                                size += 1
                    third = 0
                    for k in range(size):
                        third += gain[j, shared[k]] * columns[c, shared[k]]
                    evaluated += 1
                    exact = moment + moments[j, row_a + c] + moments[j, row_b + c] - third
                    highest[j] = max(highest[j], exact)
                    level = max(level, min(exact, ceiling[j]))
                    if exact > limit[j]:
                        if total < found.shape[0]:
                            found[total, 0] = j
                            found[total, 1] = a
                            found[total, 2] = b
                            found[total, 3] = c
                        counts[j] += 1
                        total += 1
                        if 0 < most <= total:
                            return highest, counts, evaluated
    return highest, counts, evaluated


@kernel
def _suffixes(gains, taken, first, terms, result):
    """result[c] = sum of the ``terms`` largest positive gains behind c that are not taken."""
    largest = np.zeros(terms + 1, dtype=np.int64)
    total = 0
    for c in range(len(gains) - 1, first - 1, -1):
        result[c] = total
        value = gains[c]
        if taken[c] or terms == 0 or value <= largest[terms - 1]:
            continue
        total += value - largest[terms - 1]
        k = terms - 1
        while k > 0 and largest[k - 1] < value:
            largest[k] = largest[k - 1]
            k -= 1
        largest[k] = value


@kernel
def _fed(gain, feeds, column, active, steps, uppers):
    """Make the neurons of a column active: later steps and their upper bounds change."""
    for i in range(len(gain)):
        if column[i] and not active[i]:
            active[i] = 1
            weight = gain[i]
            loss = min(weight, 0)
            for c in range(len(steps)):
                if feeds[i, c]:
                    steps[c] += weight
                    uppers[c] += loss


@kernel
def supersets(
    gain, feeds, columns, start, last, free, own, threshold, ceiling, limit, most, budget, found
):
    """The largest value on the sets that add up to ``free`` inputs behind ``last`` to ``start``.

    Adding input c to a set changes its value by the step of c, the sum of the gains of the active
    neurons (those that the set feeds) that c feeds. A later step of c is at most its upper bound,
    which adds the positive gains of the other neurons: a set that cannot exceed the threshold even
    with the largest bounds of the inputs that may still be added is not extended.

    gain: int64 (neurons,); feeds: 0/1 (neurons, inputs) and its transpose columns; start: sorted
    inputs; own: a pair that no set may hold, or (-1, -1). A threshold rises to the largest value
    seen, but not above the ceiling. Sets of two and more with a value above the limit are counted,
    and written to found (size, inputs ...) while there is room; with most > 0 the search ends when
    so many were counted. Returns the largest value seen or the threshold, the count, the nodes,
    and whether the budget of nodes sufficed.
    """
    neurons, inputs = feeds.shape
    taken = np.zeros(inputs, dtype=np.uint8)
    active = np.zeros((free + 1, neurons), dtype=np.uint8)
    steps = np.zeros((free + 1, inputs), dtype=np.int64)
    uppers = np.zeros((free + 1, inputs), dtype=np.int64)
    suffix = np.zeros((free + 1, inputs), dtype=np.int64)
    values = np.zeros(free + 1, dtype=np.int64)
    candidate = np.zeros(free + 1, dtype=np.int64)
    members = np.zeros(len(start) + free, dtype=np.int64)
    for i in range(neurons):
        if gain[i] > 0:
            for c in range(inputs):
                uppers[0, c] += gain[i] * feeds[i, c]
    size = len(start)
    for k in range(size):
        members[k] = start[k]
        values[0] += steps[0, start[k]]
        taken[start[k]] = 1
        _fed(gain, feeds, columns[start[k]], active[0], steps[0], uppers[0])
    highest = threshold
    level = threshold
    count = 0
    nodes = 1
    if size >= 2:
        highest = max(highest, values[0])
        level = max(level, min(values[0], ceiling))
        if values[0] > limit:
            count = 1
            if len(found) > 0:
                found[0, 0] = size
                for k in range(size):
                    found[0, 1 + k] = members[k]
            if most == 1:
                return highest, count, nodes, True
    depth = 0
    candidate[0] = last + 1
    if free > 1:
        _suffixes(uppers[0], taken, last + 1, free - 1, suffix[0])
    while depth >= 0:
        c = candidate[depth]
        if c >= inputs or depth >= free:
            depth -= 1
            if depth >= 0:
                taken[members[size + depth]] = 0
            continue
        candidate[depth] = c + 1
        if taken[c] or (c == own[0] and taken[own[1]]) or (c == own[1] and taken[own[0]]):
            continue
        left = free - depth
        step = steps[depth, c]
        most_gain = step if left == 1 else uppers[depth, c] + suffix[depth, c]
        if values[depth] + max(step, most_gain) <= level:
            continue
        nodes += 1
        if nodes > budget:
            return highest, count, nodes, False
        members[size + depth] = c
        value = values[depth] + step
        if size + depth + 1 >= 2:
            highest = max(highest, value)
            level = max(level, min(value, ceiling))
            if value > limit:
                if count < len(found):
                    found[count, 0] = size + depth + 1
                    for k in range(size + depth + 1):
                        found[count, 1 + k] = members[k]
                count += 1
                if 0 < most <= count:
                    return highest, count, nodes, True
        if left == 1:
            continue
        taken[c] = 1
        active[depth + 1] = active[depth]
        steps[depth + 1] = steps[depth]
        uppers[depth + 1] = uppers[depth]
        _fed(gain, feeds, columns[c], active[depth + 1], steps[depth + 1], uppers[depth + 1])
        values[depth + 1] = value
        candidate[depth + 1] = c + 1
        depth += 1
        if free - depth > 1:
            _suffixes(uppers[depth], taken, c + 1, free - depth - 1, suffix[depth])
    return highest, count, nodes, True
