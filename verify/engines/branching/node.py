"""The kernel that looks at one node of the search."""

from __future__ import annotations

import numpy as np

from .bounds import first_bounds, form_bound, form_error, grade, inner_bounds, relax
from .choice import choose, choose_settled
from .float_network import IDENTITY
from .kernel import inner
from .membership import inside, program_status, scan_clauses
from .memory import LEAVES, LISTING, POINTS, SETTLED, SNAPSHOTS
from .points import ALL, ANY, COUNT, FIRST, MARGIN, grade_point, take_point
from .table_leaf import table_leaf
from .walk_leaf import walk_leaf

#: What :func:`visit` says of a node; a branch is returned as 2 * variable + first value.
EMPTY, BOUNDED, WHOLE, LEAF, STOP, NO_ROOM = -1, -2, -3, -4, -5, -6
#: Alive clauses from which a wholly wrong cube is counted by formula work outside.
MANY_CLAUSES = 10


@inner
def _subsets(free, most, limit):
    """Number of subsets of at most ``most`` of ``free`` elements, or anything above the limit."""
    total, term = 1.0, 1.0
    for q in range(1, min(most, free) + 1):
        term = term * (free - q + 1) / q
        total += term
        if total > limit:
            break
    return total


@inner
def _try_maximiser(
    layers, forms, combine, zero_is_right, region, tree, scratch, d, count, most, aim
):
    """Grade the point that maximises the last bound, moved into the region where that is easy."""
    point, c = scratch.point, scratch.coefficient
    n = point.shape[0]
    ones = tree.ones[d]
    for i in range(n):
        s = tree.state[i]
        point[i] = (1 if c[i] > 0.0 else 0) if s == 2 else s
    if ones + most < n:  # keep the best few ones
        taken = 0
        for i in range(n):
            if tree.state[i] == 2 and point[i] == 1:
                taken += 1
        while taken > most:
            worst = -1
            for i in range(n):
                if tree.state[i] == 2 and point[i] == 1 and (worst < 0 or c[i] < c[worst]):
                    worst = i
            point[worst] = 0
            taken -= 1
    for g in range(region.group_start.shape[0] - 1):
        best = -1
        for k in range(region.group_start[g], region.group_start[g + 1]):
            i = region.member[k]
            if tree.state[i] == 2:
                point[i] = 0
                if best < 0 or c[i] > c[best]:
                    best = i
        if best >= 0:
            point[best] = 1
    for a in range(count):
        clause = scratch.alive[a]
        cheapest, price = -1, np.inf
        for k in range(region.variable.shape[1]):
            v = region.variable[clause, k]
            if v < 0:
                break
            if tree.state[v] == 2:
                if point[v] != region.value[clause, k]:
                    cheapest = -1
                    break
                if abs(c[v]) < price:
                    cheapest, price = v, abs(c[v])
        if cheapest >= 0:
            point[cheapest] ^= 1
    if not inside(region, point, scratch.registers):
        return False
    first = scratch.walk[0, 0]
    for j in range(layers.width[0]):
        first[j] = tree.base[d, j]
    for i in range(n):
        if tree.state[i] == 2 and point[i] == 1:
            column = layers.columns[i]
            for j in range(layers.width[0]):
                first[j] += column[j]
    g, extreme, error = grade_point(layers, forms, combine, zero_is_right, tree, scratch)
    if aim == MARGIN:
        # candidates that do not improve are met again in a leaf
        if g != 0:
            take_point(tree, point, g, extreme, error, aim)
        return False
    if g == 2:
        take_point(tree, point, g, extreme, error, FIRST)
        return True
    return False


@inner
def visit(layers, forms, combine, zero_is_right, region, tree, scratch, d, leaf, aim):
    """Look at the node at depth d: close it or name the branch."""
    n = tree.state.shape[0]
    free = n - tree.mark[d + 1]
    ones = tree.ones[d]
    if ones > region.cardinality[1] or ones + free < region.cardinality[0]:
        return EMPTY
    least = max(0, region.cardinality[0] - ones)
    most = min(free, region.cardinality[1] - ones)
    for g in range(region.group_start.shape[0] - 1):
        possible = 0
        for k in range(region.group_start[g], region.group_start[g + 1]):
            if tree.state[region.member[k]] != 0:
                possible += 1
        if possible == 0:
            return EMPTY
    count, unit, _ = scan_clauses(region, tree.state, scratch.alive)
    if count < 0:
        return EMPTY
    program = program_status(region, tree.state, scratch.registers)
    if program == 0:
        return EMPTY
    settled = tree.control[SETTLED] >= 0
    depth = layers.kind.shape[0]
    widest_form = -1
    if not settled:
        first_bounds(layers, region, tree, scratch, d, count, least, most, free)
        relax(layers, tree, scratch, d, 0)
        for k in range(1, depth):
            inner_bounds(layers, region, tree, scratch, d, k, count, least, most, free)
            relax(layers, tree, scratch, d, k)
        best, worst = 2, 0
        value = 0.0
        for r in range(forms.weight.shape[0]):
            u = form_bound(
                layers, forms, region, tree, scratch, d, r, 1.0, count, least, most, free
            )
            error = form_error(layers, forms, tree, d, r)
            g = grade(u, error, tree.cut[r], zero_is_right)
            best = min(best, g)
            worst = max(worst, g)
            u -= tree.cut[r]
            if widest_form < 0 or (u > value if combine == ANY else u < value):
                widest_form, value = r, u
            if combine == ALL and g == 0:
                return BOUNDED
        if worst == 0:
            return BOUNDED
        if forms.weight.shape[0] > 1:
            form_bound(
                layers, forms, region, tree, scratch, d, widest_form, 1.0, count, least, most, free
            )
    room = tree.points.shape[0] - tree.control[POINTS]
    # leaves: few points left
    limit = 2.0**leaf
    if not settled:
        if (
            free <= leaf
            and depth == 1
            and layers.kind[0] <= IDENTITY
            and free >= 3
            and (_subsets(free, min(most, free - least), limit) > 2.0 ** (free - 3))
        ):
            if room < (1 << free):
                return NO_ROOM
            tree.control[LEAVES] += 1
            stop = table_leaf(
                layers, forms, combine, zero_is_right, region, tree, scratch, d, count, aim
            )
            return STOP if stop else LEAF
        cheap = limit if depth == 1 else min(limit, 8.0)
        up = _subsets(free, most, cheap)
        down = _subsets(free, free - least, cheap)
        if min(up, down) <= cheap:
            if room < cheap:
                return NO_ROOM
            tree.control[LEAVES] += 1
            changes = most if up <= down else free - least
            stop = walk_leaf(
                layers,
                forms,
                combine,
                zero_is_right,
                region,
                tree,
                scratch,
                d,
                free,
                changes,
                up <= down,
                aim,
            )
            return STOP if stop else LEAF
        if aim != COUNT:
            if room < 1:
                return NO_ROOM
            if _try_maximiser(
                layers, forms, combine, zero_is_right, region, tree, scratch, d, count, most, aim
            ):
                return STOP
    if aim == COUNT:
        whole = settled
        if not settled:
            # every point wrong? the linear part of the last upper bound is kept for the branching
            worst, best = 0, 2
            for i in range(n):
                scratch.score[i] = scratch.coefficient[i]
            for r in range(forms.weight.shape[0]):
                u = form_bound(
                    layers, forms, region, tree, scratch, d, r, -1.0, count, least, most, free
                )
                error = form_error(layers, forms, tree, d, r)
                g = grade(-u, error, tree.cut[r], zero_is_right)
                best = min(best, g)
                worst = max(worst, g)
            whole = worst == 2 if combine == ANY else best == 2
            for i in range(n):
                scratch.coefficient[i] = scratch.score[i]
        if whole:
            plain = region.group_start.shape[0] == 1 and tree.control[LISTING] == 0
            if program == 1:
                if plain and count == 0:
                    tree.histogram[free, ones] += 1
                    return WHOLE
                if not plain or (count >= MANY_CLAUSES and free > 16):
                    row = tree.control[SNAPSHOTS]
                    if row >= tree.snapshots.shape[0]:
                        return NO_ROOM
                    for i in range(n):
                        tree.snapshots[row, i] = tree.state[i]
                    tree.control[SNAPSHOTS] = row + 1
                    return WHOLE
            if free == 0:
                # the program is decided on a full assignment, so this cannot be
                return EMPTY
            if not settled:
                tree.control[SETTLED] = d
            settled = True
    if unit >= 0:
        return 2 * unit + 1
    if settled:
        return 2 * choose_settled(region, tree, scratch, count) + 1
    return 2 * choose(layers, forms, region, tree, scratch, d, widest_form, count, program) + 1
