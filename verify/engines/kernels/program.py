"""The specification's program, folded for a batch of rows and then run on their words.

`prepare` evaluates the program once a call for a row whose variables are all zero; `plan` finds
out what is left to do for each word of a batch, and `evaluate` does it. The state of a register
tells where its word is: CONST_0 and CONST_1 are the constants, ~line stands for lines[line, w],
equal for all rows, and another slot number for slots[slot, s], the word of row s of the batch.
"""

import numpy as np

from .batch import BATCH, FULL
from .compilation import kernel
from .vectors import aligned

#: Codes of the instructions, those of superproof.verify.bitprogram.
AND, OR, XOR, ANDNOT, NOT, ZERO, ONE = range(7)
#: Fields of `size`.
SLOTS, LOADS, LIVE = range(3)
CONST_0, CONST_1, UNKNOWN = 0, 1, 1 << 40


@kernel
def _fold(code, x, y):
    """State of `x code y` where it is one of the constants or operands, or UNKNOWN."""
    if code == AND:
        if x == 0 or y == 1 or x == y:
            return x
        if y == 0 or x == 1:
            return y
    elif code == OR:
        if x == 1 or y == 0 or x == y:
            return x
        if y == 1 or x == 0:
            return y
    elif code == XOR:
        if y == 0:
            return x
        if x == 0:
            return y
        if x == y:
            return CONST_0
    elif code == ANDNOT:
        if x == 0 or y == 0:
            return x
        if y == 1 or x == y:
            return CONST_0
    elif code == NOT:
        if x == 0 or x == 1:
            return 1 - x
    else:
        return CONST_0 if code == ZERO else CONST_1
    return UNKNOWN


@kernel
def _apply(code, x, y, target):
    """target = x code y on equally long arrays of words."""
    if code == AND:
        for w in range(target.shape[0]):
            target[w] = x[w] & y[w]
    elif code == OR:
        for w in range(target.shape[0]):
            target[w] = x[w] | y[w]
    elif code == XOR:
        for w in range(target.shape[0]):
            target[w] = x[w] ^ y[w]
    elif code == ANDNOT:
        for w in range(target.shape[0]):
            target[w] = x[w] & ~y[w]
    else:
        for w in range(target.shape[0]):
            target[w] = ~x[w]


@kernel
def _settled(words, state):
    """`state`, or a constant if all the words are 0 or all are ~0."""
    word = words[0]
    if word != 0 and word != FULL:
        return state
    for other in words:
        if other != word:
            return state
    return CONST_0 if word == 0 else CONST_1


@kernel
def prepare(
    first, last, begin, end, hi_bits, lo_words, flip, op, left, right,
    spec_register, domain_register,
):  # fmt: skip
    """Evaluate the program for a row without set bits; find what other rows change.

    Returns `lines`, the state of every register for such a row, and the
    variables and instructions in use that differ for some row.
    """
    variables = flip.shape[0]
    registers = variables + op.shape[0]
    used = np.zeros(registers, np.bool_)
    for register in spec_register:
        used[register] = True
    if domain_register >= 0:
        used[domain_register] = True
    for k in range(op.shape[0] - 1, -1, -1):
        if used[variables + k] and op[k] < ZERO:
            used[left[k]] = True
            if op[k] != NOT:
                used[right[k]] = True
    moving = np.zeros(registers, np.bool_)
    for row in range(first, last):
        for i in range(variables):
            moving[i] |= hi_bits[row, i] != 0
    for i in range(variables):
        moving[i] &= used[i]

    lines = np.empty((2 + np.int64(used.sum()), lo_words.shape[1]), np.uint64)
    lines[0] = 0  # what a constant operand reads
    lines[1] = FULL
    base = np.zeros(registers, np.int64)
    line = np.int64(2)
    for i in range(variables):
        if used[i]:
            for w in range(begin, end):
                lines[line, w] = lo_words[i, w] ^ flip[i]
            base[i] = _settled(lines[line, begin:end], ~line)
            line += 1
    for k in range(op.shape[0]):
        if used[variables + k]:
            x = base[left[k]] if op[k] < ZERO else CONST_0
            y = base[right[k]] if op[k] < NOT else CONST_0
            if op[k] < ZERO:
                moving[variables + k] = moving[left[k]] | (op[k] != NOT and moving[right[k]])
            state = _fold(op[k], x, y)
            if state == UNKNOWN:
                _apply(
                    op[k],
                    lines[~x if x < 0 else x, begin:end],
                    lines[~y if y < 0 else y, begin:end],
                    lines[line, begin:end],
                )
                state = _settled(lines[line, begin:end], ~line)
            base[variables + k] = state
            line += 1
    order = np.flatnonzero(moving)
    split = np.searchsorted(order, variables)
    return lines, base, order[:split], order[split:] - variables


@kernel
def _slot(state, size, loads, slot_of_line):
    """Slot with the words of a state; plans the copy of a line to a slot."""
    if state >= 0:
        return state
    if slot_of_line[~state] < 0:
        loads[size[LOADS], 0] = ~state
        loads[size[LOADS], 1] = size[SLOTS]
        slot_of_line[~state] = size[SLOTS]
        size[LOADS] += 1
        size[SLOTS] += 1
    return slot_of_line[~state]


@kernel
def _push(code, x, y, size, live, loads, slot_of_line, varies):
    """Plan an instruction to be done for every word; return its slot."""
    live[size[LIVE], 0] = code
    live[size[LIVE], 1] = _slot(x, size, loads, slot_of_line)
    live[size[LIVE], 2] = _slot(y, size, loads, slot_of_line)
    target = size[SLOTS]
    live[size[LIVE], 3] = target
    varies[target] = True
    size[LIVE] += 1
    size[SLOTS] += 1
    return target


@kernel
def plan(
    first, count, base, bits, instructions, hi_bits, flip, op, left, right,
    spec_register, domain_register, slots, state, size, live, loads, slot_of_line, varies, expect,
):  # fmt: skip
    """Fold the program for a batch of rows.

    What depends on the rows only is evaluated, constants disappear, and the
    rest goes to `live` (code, two operand slots, target slot) and `loads`
    (line, slot), to be done for every word.  `expect` receives the slots of
    the outputs and, last, of the domain.
    """
    variables = flip.shape[0]
    size[SLOTS] = 2
    size[LOADS] = 0
    size[LIVE] = 0
    slot_of_line[:] = -1
    for i in bits:
        slot = size[SLOTS]
        for s in range(BATCH):
            slots[slot, s] = FULL if hi_bits[first + min(s, count - 1), i] != 0 else np.uint64(0)
        rows = _settled(slots[slot], slot)
        if rows == CONST_0:
            state[i] = base[i]
        elif rows == CONST_1 or base[i] == (CONST_1 if flip[i] == 0 else CONST_0):
            state[i] = CONST_1 if flip[i] == 0 else CONST_0
        else:  # rows | line, and with a flipped line: line & ~rows
            varies[slot] = False
            size[SLOTS] += 1
            if base[i] >= 0:
                for s in range(BATCH):
                    slots[slot, s] ^= flip[i]
                state[i] = slot
            else:
                code = OR if flip[i] == 0 else ANDNOT
                state[i] = _push(code, base[i], slot, size, live, loads, slot_of_line, varies)
    for k in instructions:
        x = state[left[k]]
        y = state[right[k]] if op[k] != NOT else x
        result = UNKNOWN
        if x == base[left[k]] and (op[k] == NOT or y == base[right[k]]):
            result = base[variables + k]
        else:
            result = _fold(op[k], x, y)
        if result == UNKNOWN:
            if x < 0 or y < 0 or varies[x] or varies[y]:
                result = _push(op[k], x, y, size, live, loads, slot_of_line, varies)
            else:
                slot = size[SLOTS]
                _apply(op[k], slots[x], slots[y], slots[slot])
                result = _settled(slots[slot], slot)
                varies[slot] = False
                size[SLOTS] += 1
        state[variables + k] = result
    for o in range(spec_register.shape[0]):
        expect[o] = _slot(state[spec_register[o]], size, loads, slot_of_line)
    domain = state[domain_register] if domain_register >= 0 else CONST_1
    expect[-1] = _slot(domain, size, loads, slot_of_line)


@kernel
def evaluate(w, slots, lines, size, live, loads):
    """Do what is planned for one word."""
    for i in range(size[LOADS]):
        word = lines[loads[i, 0], w]
        slot = slots[loads[i, 1]]
        for s in range(BATCH):
            slot[s] = word
    for i in range(size[LIVE]):
        _apply(live[i, 0], slots[live[i, 1]], slots[live[i, 2]], slots[live[i, 3]])


@kernel
def workspace(base, lines):
    """Arrays that `plan` fills for every batch."""
    most = 2 + base.shape[0] * 2 + lines.shape[0]
    slots = aligned(lines, most * BATCH).reshape(most, BATCH)
    slots[CONST_0] = 0
    slots[CONST_1] = FULL
    varies = np.zeros(most, np.bool_)
    live = np.empty((most, 4), np.int64)
    loads = np.empty((most, 2), np.int64)
    slot_of_line = np.empty(lines.shape[0], np.int64)
    return slots, base.copy(), np.zeros(3, np.int64), live, loads, slot_of_line, varies
