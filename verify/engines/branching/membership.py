"""Kernels that tell whether points and partial assignments belong to a region."""

from __future__ import annotations

from .kernel import inner

#: Operation codes of the program, as in :mod:`...bitprogram`.
_AND, _OR, _XOR, _AND_NOT, _NOT, _ZERO, _ONES = range(7)


@inner
def scan_clauses(region, state, alive):
    """The forbidden clauses on a partial assignment.

    Returns:
        number of alive clauses (listed in ``alive``), or -1 when one is true: the region is
        empty; the input of a clause with one open literal (or -1), and the value that
        falsifies it.
    """
    count = 0
    unit, unit_value = -1, 0
    for c in range(region.variable.shape[0]):
        open_literals = 0
        last, last_value = -1, 0
        dead = False
        for k in range(region.variable.shape[1]):
            v = region.variable[c, k]
            if v < 0:
                break
            s = state[v]
            if s == 2:
                open_literals += 1
                last, last_value = v, region.value[c, k]
            elif s != region.value[c, k]:
                dead = True
                break
        if dead:
            continue
        if open_literals == 0:
            return -1, -1, 0
        if open_literals == 1 and unit < 0:
            unit, unit_value = last, 1 - last_value
        alive[count] = c
        count += 1
    return count, unit, unit_value


@inner
def program_status(region, state, registers):
    """Kleene value of the region's program: 0 false, 1 true, 2 open (no program: true)."""
    result = region.result[0]
    if result < 0:
        return 1
    n = state.shape[0]
    for i in range(n):
        s = state[i]
        registers[i] = 3 if s == 2 else (1 << (s ^ region.flip[i]))
    for k in range(region.operation.shape[0]):
        op = region.operation[k]
        if op == _ZERO:
            value = 1
        elif op == _ONES:
            value = 2
        else:
            a = registers[region.left[k]]
            if op == _NOT:
                value = ((a & 1) << 1) | (a >> 1)
            else:
                b = registers[region.right[k]]
                if op == _AND_NOT:
                    b = ((b & 1) << 1) | (b >> 1)
                if op in (_AND, _AND_NOT):
                    value = ((a | b) & 1) | (a & b & 2)
                elif op == _OR:
                    value = (a & b & 1) | ((a | b) & 2)
                else:
                    value = 0
                    if (a & 1 and b & 1) or (a & 2 and b & 2):
                        value |= 1
                    if (a & 1 and b & 2) or (a & 2 and b & 1):
                        value |= 2
        registers[n + k] = value
    final = registers[result]
    return 0 if final == 1 else (1 if final == 2 else 2)


@inner
def inside(region, point, registers):
    """Whether a full 0/1 assignment belongs to the region."""
    ones = 0
    for i in range(point.shape[0]):
        ones += point[i]
    if ones < region.cardinality[0] or ones > region.cardinality[1]:
        return False
    for c in range(region.variable.shape[0]):
        true = True
        for k in range(region.variable.shape[1]):
            v = region.variable[c, k]
            if v < 0:
                break
            if point[v] != region.value[c, k]:
                true = False
                break
        if true:
            return False
    for g in range(region.group_start.shape[0] - 1):
        ones = 0
        for k in range(region.group_start[g], region.group_start[g + 1]):
            ones += point[region.member[k]]
        if ones != 1:
            return False
    result = region.result[0]
    if result < 0:
        return True
    n = point.shape[0]
    for i in range(n):
        registers[i] = point[i] ^ region.flip[i]
    for k in range(region.operation.shape[0]):
        op = region.operation[k]
        a, b = registers[region.left[k]], registers[region.right[k]]
        if op == _AND:
            value = a & b
        elif op == _OR:
            value = a | b
        elif op == _XOR:
            value = a ^ b
        elif op == _AND_NOT:
            value = a & (b ^ 1)
        elif op == _NOT:
            value = a ^ 1
        elif op == _ZERO:
            value = 0
        else:
            value = 1
        registers[n + k] = value
    return registers[result] == 1


@inner
def has_shape(region, point):
    """The cardinality and the one-hot groups of a point."""
    n = point.shape[0]
    if region.cardinality[0] > 0 or region.cardinality[1] < n:
        ones = 0
        for i in range(n):
            ones += point[i]
        if ones < region.cardinality[0] or ones > region.cardinality[1]:
            return False
    for g in range(region.group_start.shape[0] - 1):
        ones = 0
        for k in range(region.group_start[g], region.group_start[g + 1]):
            ones += point[region.member[k]]
        if ones != 1:
            return False
    return True
