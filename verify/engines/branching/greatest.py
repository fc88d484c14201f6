"""Kernels for the greatest value of a linear form of the inputs over a region.

Exact maxima where only the box, a number of ones and one-hot groups bind; the clauses that must
stay false enter by a dual bound. Sound up to the rounding errors of :mod:`.float_network`.
"""

from __future__ import annotations

import math

from .kernel import inner

INFINITY = math.inf


@inner
def penalty(region, state, alive, count, sign, coefficient, residue):
    """What no alive clause being true costs sign * coefficient against its box maximum.

    A feasible dual solution of the hitting-set problem (local ratio): each alive clause needs a
    false literal, and only one polarity of an input costs anything.
    """
    total = 0.0
    for i in range(residue.shape[0]):
        residue[i] = 0.0
    width = region.variable.shape[1]
    for a in range(count):
        c = alive[a]
        least = INFINITY
        for k in range(width):
            v = region.variable[c, k]
            if v < 0:
                break
            if state[v] == 2:
                cost = sign * coefficient[v]
                if region.value[c, k] == 0:
                    cost = -cost
                cost = max(cost, 0.0) - residue[v]
                if cost < least:
                    least = cost
                    if least <= 0.0:
                        break
        if least > 0.0:
            total += least
            for k in range(width):
                v = region.variable[c, k]
                if v < 0:
                    break
                if state[v] == 2:
                    residue[v] += least
    return total


@inner
def best_sum(region, state, coefficient, sign, least, greatest, gain):
    """Largest sum of between ``least`` and ``greatest`` of the free sign * coefficients.

    Each one-hot group without a true member gives exactly one; the others are chosen freely.
    """
    grouped = 0.0
    for g in range(region.group_start.shape[0] - 1):
        best = -INFINITY
        for k in range(region.group_start[g], region.group_start[g + 1]):
            i = region.member[k]
            if state[i] == 2:
                best = max(best, sign * coefficient[i])
        if best > -INFINITY:  # a group that has its one has no free members
            grouped += best
            least -= 1
            greatest -= 1
    count = 0
    positive = 0
    total = 0.0
    for i in range(state.shape[0]):
        if state[i] == 2 and region.group[i] < 0:
            value = sign * coefficient[i]
            gain[count] = -value
            count += 1
            if value > 0:
                positive += 1
                total += value
    # a region without points may ask for more ones than there are, or for fewer than none
    least = min(max(least, 0), count)
    greatest = min(max(greatest, 0), count)
    if least <= positive <= greatest:
        return grouped + total
    take = greatest if positive > greatest else least
    # quickselect: the ``take`` smallest negated gains to the front
    first, last = 0, count - 1
    while first < last:
        pivot = gain[(first + last) // 2]
        i, j = first, last
        while i <= j:
            while gain[i] < pivot:
                i += 1
            while gain[j] > pivot:
                j -= 1
            if i <= j:
                gain[i], gain[j] = gain[j], gain[i]
                i += 1
                j -= 1
        if take - 1 <= j:
            last = j
        elif take - 1 >= i:
            first = i
        else:
            break
    total = 0.0
    for t in range(take):
        total -= gain[t]
    return grouped + total


@inner
def ordered_sum(state, order, row, sign, least, greatest):
    """The same as :func:`best_sum` without groups, for a row whose falling order is known."""
    n = order.shape[0]
    total = 0.0
    taken = 0
    for t in range(n):
        i = order[t] if sign > 0 else order[n - 1 - t]
        if state[i] == 2:
            value = sign * row[i]
            if taken >= greatest or (value <= 0.0 and taken >= least):
                break
            total += value
            taken += 1
    return total


@inner
def greatest_value(region, state, scratch, coefficient, sign, count, least, greatest, free):
    """Bound on sign * coefficient . x over the free inputs of the region."""
    best = 0.0
    for i in range(state.shape[0]):
        if state[i] == 2:
            best += max(sign * coefficient[i], 0.0)
    if count > 0:
        best -= penalty(region, state, scratch.alive, count, sign, coefficient, scratch.residue)
    if least > 0 or greatest < free or region.group_start.shape[0] > 1:
        value = best_sum(region, state, coefficient, sign, least, greatest, scratch.gain)
        best = min(best, value)
    return best
