"""Exhaustive scan of one-hidden-layer networks over split tables.

Points and tables
-----------------
A point is a pair (row, lane): ``row`` numbers an assignment of the high part
of the inputs, ``lane`` one of the low part, and 64 lanes make a word.  With
``T`` one of int16, int32, int64 (all tables of a call share it):

==============  ===========  ==================================================
``high``        (H, J) T     ``|w2_j| * A[row, j]``           (step: ``A``)
``high_sum``    (H, O) T     per row share of each output
``low``         (J, N) T     ``-|w2_j| * B[j, lane]``         (step: ``-B``)
``low_sum``     (O, N) T     per lane share of each output
``bounds``      (O, 3) i64   neurons of an output: added [b0, b1), subtracted [b1, b2)
``weight``      None / (J,)  None: ReLU network;  (J,) T: step network
``start/stop``  (H,) i64     the points of a row are the lanes start <= lane < stop
==============  ===========  ==================================================

The read-out value of output ``o`` is ``high_sum + low_sum`` plus

* ReLU: ``sum_added max(high, low) - sum_subtracted max(high, low)``;
* step: ``sum weight * (high > low)`` over [b0, b2).

Nothing here checks for overflow: the caller guarantees that every partial sum
(neurons in ascending order) fits ``T``.  All arrays are C-contiguous, N is a
multiple of 64.

Specification
-------------
A straight-line program on words.  Register ``i < V`` is input variable i, with
the word ``(~0 if hi_bits[row, i] else lo_words[i, w]) ^ flip[i]``; instruction k
writes register V + k from ``op[k], left[k], right[k]`` (see the ``AND`` ...
constants).  ``spec_register[o]`` holds the expected bit of output o;
``domain_register`` filters the points (-1: no filter).

Cost model
----------
Per neuron, word and row there is one max and one add on 64 lanes of ``T`` and
nothing else: the running sums of a block of rows stay in vector registers over
all neurons of an output, one load of ``low`` serves the whole block, factors
come as broadcasting loads, and the comparison yields packed bits directly.
``low`` is repacked once a call (J * N elements) so that the lanes of one word
are contiguous over j and stay in the first-level cache while all rows of a
batch (up to 32) pass over them; rows need not have equal ranges, a word is
computed for just those rows of the batch that have points in it.  So a call
should bring many rows; 16 are enough to hide the repacking.

The program is evaluated once a call for a row whose variables are all zero in
``hi_bits``; per row only instructions that depend on a set bit are revisited,
and they fold constants and reuse lines, so that with disjoint halves a clause
is either dead or an existing line and costs no word operation at all.
"""

import sys

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

AND, OR, XOR, ANDNOT, NOT, ZERO, ONE = range(7)
POINTS, WRONG, UNDECIDED, FOUND = range(4)  # fields of `counters`

SLOTS, LOADS, LIVE = range(3)  # fields of `size`
CONST_0, CONST_1, UNKNOWN = 0, 1, 1 << 40

BATCH = 32  # rows that share one pass over the lanes
FULL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

if sys.byteorder != "little":  # masks are stored piecewise into words
    raise ImportError("the scan kernels need a little-endian machine")


def _register_file() -> tuple[int, int]:
    """Vector register bits of this machine and how many to use for sums."""
    try:
        features = llvmlite.binding.get_host_cpu_features()
    except RuntimeError:
        return 128, 8
    if features.get("avx512bw"):
        return 512, 16
    if features.get("avx2"):
        return 256, 8
    return 128, 16 if features.get("neon") else 8


_BITS, _SUMS = _register_file()


def _shape(bits: int) -> tuple[int, int]:
    """(lanes, rows) of a register block for elements of that many bits."""
    lanes = max(8, min(64, _SUMS // 4 * _BITS // bits))
    return lanes, max(2, _SUMS * _BITS // (bits * lanes))


# --------------------------------------------------------------- LLVM pieces


def _constant(value_of):
    """An intrinsic f(array) that is a constant of the element width."""

    @intrinsic
    def constant(typingctx, array):
        value = value_of(array.dtype.bitwidth)

        def codegen(context, builder, signature, args):
            return context.get_constant(types.intp, value)

        return types.intp(array), codegen

    return constant


_lanes = _constant(lambda bits: _shape(bits)[0])
_rows = _constant(lambda bits: _shape(bits)[1])
# 16-bit factors are stored twice: broadcasting 32 bits is a plain load on x86
_copies = _constant(lambda bits: 2 if bits == 16 else 1)
_lowest = _constant(lambda bits: -(1 << (bits - 1)))
_highest = _constant(lambda bits: (1 << (bits - 1)) - 1)


@intrinsic
def _popcount(typingctx, word):
    def codegen(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen


@intrinsic
def _trailing_zeros(typingctx, word):
    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), codegen


def _splat(builder, scalar, count):
    vector = ir.VectorType(scalar.type, count)
    one = builder.insert_element(
        ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0)
    )
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _load(builder, pointer, type_, align):
    value = builder.load(builder.bitcast(pointer, type_.as_pointer()))
    value.align = align
    return value


def _minmax(builder, kind, a, b):
    return builder.select(builder.icmp_signed(">" if kind == "max" else "<", a, b), a, b)


def _block(many):
    """Intrinsic that evaluates one output on one word of several rows.

    ``block(factors, active, position, tiles, word, high_sum, first, low_sum,
    output, bounds, weight, cuts, masks, values)``: the rows are
    ``active[position:position + R]`` of the batch that begins at row ``first``,
    with R = 1 or (``many``) the number of rows of a register block.  Writes
    ``masks[c, s]``, the bits of ``sum > cuts[output, c]`` for row s of the
    batch and the first ``cut_count`` cuts, or with ``masks`` None the sums of
    the first row to ``values[0:64]``.
    """

    @intrinsic
    def block(
        typingctx, factors, active, position, tiles, word, high_sum, first, low_sum,
        output, bounds, weight, cuts, cut_count, masks, values,
    ):  # fmt: skip
        element = tiles.dtype
        bits = element.bitwidth
        size = bits // 8
        lanes, rows = _shape(bits)
        if not many:
            rows = 1
        copies = 2 if bits == 16 else 1
        step = not isinstance(weight, types.NoneType)
        signature = types.void(
            factors, active, types.intp, tiles, types.intp, high_sum, types.intp, low_sum,
            types.intp, bounds, weight, cuts, types.intp, masks, values,
        )  # fmt: skip

        def codegen(context, builder, signature, args):
            scalar = ir.IntType(bits)
            wide = ir.IntType(bits * copies)
            vector = ir.VectorType(scalar, lanes)
            intp = context.get_value_type(types.intp)

            def array(i):
                return context.make_array(signature.args[i])(context, builder, args[i])

            def data(i):
                return array(i).data

            def extent(i, axis):
                return builder.extract_value(array(i).shape, axis)

            def number(value):
                return ir.Constant(intp, value)

            def at(pointer, *terms):
                """pointer + terms[0] * terms[1] + terms[2] * terms[3] ..."""
                for a, b in zip(terms[::2], terms[1::2], strict=True):
                    pointer = builder.gep(pointer, [builder.mul(a, b)])
                return pointer

            one = number(1)
            neurons, outputs, width = extent(3, 1), extent(5, 1), extent(7, 1)
            position, word, first, output, cut_count = (args[i] for i in (2, 4, 6, 8, 12))
            who = [
                builder.load(at(data(1), builder.add(position, number(r)), one))
                for r in range(rows)
            ]
            row_factors = [
                builder.bitcast(
                    at(data(0), builder.mul(w, neurons), number(copies)), wide.as_pointer()
                )
                for w in who
            ]
            b0, b1, b2 = (
                builder.load(at(data(9), output, number(3), number(k), one)) for k in range(3)
            )
            sums = [cgutils.alloca_once(builder, vector) for _ in range(rows)]

            def broadcast(pointer, type_):
                value = _splat(
                    builder, _load(builder, pointer, type_, size), lanes * bits // type_.width
                )
                return builder.bitcast(value, vector)

            def sweep(tile, begin, end, combine):
                count = builder.sub(end, begin)
                with cgutils.for_range(builder, count, intp=intp) as loop:
                    j = builder.add(begin, loop.index)
                    lows = _load(builder, at(tile, j, number(lanes)), vector, size)
                    share = broadcast(at(data(10), j, one), scalar) if step else None
                    for r in range(rows):
                        highs = broadcast(at(row_factors[r], j, one), wide)
                        if step:
                            fires = builder.icmp_signed(">", highs, lows)
                            share_r = builder.select(fires, share, ir.Constant(vector, None))
                        else:
                            share_r = _minmax(builder, "max", highs, lows)
                        builder.store(combine(builder.load(sums[r]), share_r), sums[r])

            with cgutils.for_range(builder, number(64 // lanes), intp=intp) as part:
                piece = builder.add(builder.mul(word, number(64 // lanes)), part.index)
                tile = at(data(3), builder.mul(piece, neurons), number(lanes))
                base = _load(
                    builder, at(data(7), output, width, piece, number(lanes)), vector, size
                )
                for r in range(rows):
                    row = builder.add(first, who[r])
                    share = broadcast(at(data(5), row, outputs, output, one), scalar)
                    builder.store(builder.add(base, share), sums[r])
                if step:
                    sweep(tile, b0, b2, builder.add)
                else:
                    sweep(tile, b0, b1, builder.add)
                    sweep(tile, b1, b2, builder.sub)
                if isinstance(masks, types.NoneType):
                    target = at(data(14), part.index, number(lanes))
                    target = builder.bitcast(target, vector.as_pointer())
                    builder.store(builder.load(sums[0]), target).align = size
                for c in range(0 if isinstance(masks, types.NoneType) else 4):
                    with builder.if_then(builder.icmp_signed(">", cut_count, number(c))):
                        cut = builder.load(at(data(11), output, number(4), number(c), one))
                        cut = _splat(builder, builder.trunc(cut, scalar) if bits < 64 else cut, lanes)
                        for r in range(rows):
                            above = builder.icmp_signed(">", builder.load(sums[r]), cut)
                            piece_bits = builder.bitcast(above, ir.IntType(lanes))
                            target = at(data(13), number(c), extent(13, 1), who[r], one)
                            target = builder.bitcast(target, ir.IntType(lanes).as_pointer())
                            target = at(target, part.index, one)
                            builder.store(piece_bits, target).align = max(1, lanes // 8)
            return context.get_dummy_value()

        return signature, codegen

    return block


_block_many = _block(True)
_block_one = _block(False)


def _masked_extreme(kind):
    """Intrinsic f(values, mask): minimum or maximum of 64 values where mask has a bit."""

    @intrinsic
    def extreme(typingctx, values, mask):
        bits = values.dtype.bitwidth
        neutral = (1 << (bits - 1)) - 1 if kind == "min" else -(1 << (bits - 1))

        def codegen(context, builder, signature, args):
            scalar = ir.IntType(bits)
            vector = ir.VectorType(scalar, 64)
            data = context.make_array(signature.args[0])(context, builder, args[0]).data
            chosen = builder.select(
                builder.bitcast(args[1], ir.VectorType(ir.IntType(1), 64)),
                _load(builder, data, vector, bits // 8),
                ir.Constant(vector, [neutral] * 64),
            )
            reduce = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(scalar, [vector]),
                f"llvm.vector.reduce.s{kind}.v64i{bits}",
            )
            result = builder.call(reduce, [chosen])
            return builder.sext(result, ir.IntType(64)) if bits < 64 else result

        return types.int64(values, types.uint64), codegen

    return extreme


_masked_min = _masked_extreme("min")
_masked_max = _masked_extreme("max")


# ------------------------------------------------------------------- tables


@njit(nogil=True, cache=True)
def _aligned(like, count):
    """Uninitialised elements of the type of `like`, beginning on a cache line."""
    raw = np.empty(count + 64, like.dtype)
    skip = (-np.int64(raw.ctypes.data) & 63) // like.itemsize
    return raw[skip : skip + count]


@njit(nogil=True, cache=True)
def _window(start, stop, first, last):
    """The words [begin, end) that hold all points of the rows."""
    begin = np.int64(1) << 62
    end = np.int64(0)
    for row in range(first, last):
        if start[row] < stop[row]:
            begin = min(begin, start[row] >> 6)
            end = max(end, (stop[row] + 63) >> 6)
    return min(begin, end), end


@njit(nogil=True, cache=True)
def _pack(low, begin, end):
    """`low` as (pieces, J, lanes of a register block), filled for words [begin, end)."""
    lanes = _lanes(low)
    neurons = low.shape[0]
    tiles = _aligned(low, low.size).reshape(low.shape[1] // lanes, neurons, lanes)
    for piece in range(begin * 64 // lanes, end * 64 // lanes):
        for j in range(neurons):
            for lane in range(lanes):
                tiles[piece, j, lane] = low[j, piece * lanes + lane]
    return tiles


@njit(nogil=True, cache=True)
def _load_factors(factors, high, first, count):
    copies = _copies(high)
    for s in range(count):
        for j in range(high.shape[1]):
            value = high[first + s, j]
            for copy in range(copies):
                factors[s, j * copies + copy] = value


# ------------------------------------------------------ specification program
#
# The state of a register tells where its word is: CONST_0 and CONST_1 are the
# constants, ~line stands for lines[line, w], equal for all rows, and another
# slot number for slots[slot, s], the word of row s of the batch.


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _settled(words, state):
    """`state`, or a constant if all the words are 0 or all are ~0."""
    word = words[0]
    if word != 0 and word != FULL:
        return state
    for other in words:
        if other != word:
            return state
    return CONST_0 if word == 0 else CONST_1


@njit(nogil=True, cache=True)
def _prepare(
    first, last, begin, end, hi_bits, lo_words, flip, op, left, right, spec_register, domain_register
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


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _plan(
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


@njit(nogil=True, cache=True)
def _evaluate(w, slots, lines, size, live, loads):
    """Do what is planned for one word."""
    for i in range(size[LOADS]):
        word = lines[loads[i, 0], w]
        slot = slots[loads[i, 1]]
        for s in range(BATCH):
            slot[s] = word
    for i in range(size[LIVE]):
        x = slots[live[i, 1]]
        y = slots[live[i, 2]]
        slot = slots[live[i, 3]]
        if live[i, 0] == AND:
            for s in range(BATCH):
                slot[s] = x[s] & y[s]
        elif live[i, 0] == OR:
            for s in range(BATCH):
                slot[s] = x[s] | y[s]
        elif live[i, 0] == XOR:
            for s in range(BATCH):
                slot[s] = x[s] ^ y[s]
        elif live[i, 0] == ANDNOT:
            for s in range(BATCH):
                slot[s] = x[s] & ~y[s]
        else:
            for s in range(BATCH):
                slot[s] = ~x[s]


@njit(nogil=True, cache=True)
def _workspace(base, lines):
    """Arrays that `_plan` fills for every batch."""
    most = 2 + base.shape[0] * 2 + lines.shape[0]
    slots = _aligned(lines, most * BATCH).reshape(most, BATCH)
    slots[CONST_0] = 0
    slots[CONST_1] = FULL
    varies = np.zeros(most, np.bool_)
    live = np.empty((most, 4), np.int64)
    loads = np.empty((most, 2), np.int64)
    slot_of_line = np.empty(lines.shape[0], np.int64)
    return slots, base.copy(), np.zeros(3, np.int64), live, loads, slot_of_line, varies


@njit(nogil=True, cache=True)
def _load_points(w, first, count, start, stop, domain, valid):
    """Write the points of a word to `valid`, one entry a row of the batch."""
    for s in range(count):
        begin = min(max(start[first + s] - 64 * w, 0), 64)
        end = min(max(stop[first + s] - 64 * w, 0), 64)
        word = np.uint64(0)
        if begin < end:
            word = (FULL >> np.uint64(64 - end)) & (FULL << np.uint64(begin)) & domain[s]
        valid[s] = word
    for s in range(count, BATCH):
        valid[s] = 0


@njit(nogil=True, cache=True)
def _interior(start, stop, first, count):
    """The words [begin, end) that lie within the range of every row of a full batch."""
    begin = np.int64(0)
    end = np.int64(1) << 62
    for row in range(first, first + count):
        begin = max(begin, (start[row] + 63) >> 6)
        end = min(end, stop[row] >> 6)
    return begin, end if count == BATCH else np.int64(0)


# ------------------------------------------------------------------- kernels


@njit(nogil=True, cache=True)
def _load_cuts(low, thresholds):
    """Thresholds clipped to the element type, and the words to OR to their masks."""
    lowest = _lowest(low)
    highest = _highest(low)
    cuts = np.empty(thresholds.shape, np.int64)
    always = np.zeros(thresholds.shape, np.uint64)
    plain = np.empty(thresholds.shape[0], np.bool_)
    for o in range(thresholds.shape[0]):
        plain[o] = True
        for c in range(4):
            plain[o] &= thresholds[o, c] == thresholds[o, 0]
            cuts[o, c] = min(max(thresholds[o, c], lowest), highest)
            if thresholds[o, c] < lowest:
                always[o, c] = FULL
    return cuts, always, plain


@njit(nogil=True, cache=True)
def _judge(masks, always, plain, expected, valid, wrong, unsure, bad):
    """Judge one output on one word of all rows of a batch."""
    if plain:
        for s in range(BATCH):
            bad[s] = ((masks[0, s] | always[0]) ^ expected[s]) & valid[s]
            wrong[s] |= bad[s]
    else:
        for s in range(BATCH):
            e = expected[s]
            low = e & ~(masks[1, s] | always[1])
            high = ~e & (masks[2, s] | always[2])
            good = (e & (masks[0, s] | always[0])) | (~e & ~(masks[3, s] | always[3]))
            bad[s] = (low | high) & valid[s]
            wrong[s] |= bad[s]
            unsure[s] |= valid[s] & ~(good | low | high)


@njit(nogil=True, cache=True)
def _append(pairs, count, row, w, word):
    """Append the lanes of a word to `pairs` while there is room; return the count."""
    while word != 0 and count < pairs.shape[0]:
        pairs[count, 0] = row
        pairs[count, 1] = w * 64 + _trailing_zeros(word)
        word &= word - np.uint64(1)
        count += 1
    return count


@njit(nogil=True, cache=True)
def scan(
    first, last, high, high_sum, low, low_sum, bounds, weight, start, stop, thresholds,
    hi_bits, lo_words, flip, op, left, right, spec_register, domain_register,
    stop_at_first, counters, by_output, undecided, found,
):  # fmt: skip
    """Compare the network with the specification on all points of rows [first, last).

    ``thresholds[o] = (true_sure, true_maybe, false_maybe, false_sure)``.  Where
    the specification is true, ``acc > true_sure`` is right and ``acc <=
    true_maybe`` wrong; where it is false, ``acc <= false_sure`` is right and
    ``acc > false_maybe`` wrong; otherwise the output is undecided.  They satisfy
    ``true_maybe <= true_sure`` and ``false_sure <= false_maybe``; four equal
    ones give a plain comparison.

    A point with an undecided output is appended to ``undecided`` and counted
    nowhere else but in POINTS; another point with a wrong output adds one to
    WRONG and to ``by_output`` of each wrong output, and is appended to
    ``found`` while that has room.  Both lists hold (row, lane) in order; their
    lengths are ``counters[UNDECIDED]`` and ``counters[FOUND]``, and a call
    appends to what is there.

    Returns the row to resume at: ``last`` when done; the row after the first
    one with a wrong point if ``stop_at_first``; or a row, of which nothing has
    been counted, whose undecided points exceed the room in ``undecided``.
    With an empty list and room for N points there is always progress, but up
    to 31 rows are computed again, so give room for 32 * N.
    """
    outputs = bounds.shape[0]
    neurons = low.shape[0]
    begin, end = _window(start, stop, first, last)
    if begin == end:
        return last
    tiles = _pack(low, begin, end)
    cuts, always, plain = _load_cuts(low, thresholds)
    lines, base, bits, instructions = _prepare(
        first, last, begin, end, hi_bits, lo_words, flip, op, left, right,
        spec_register, domain_register,
    )  # fmt: skip
    slots, state, size, live, loads, slot_of_line, varies = _workspace(base, lines)
    expect = np.empty(outputs + 1, np.int64)
    block = _rows(low)
    factors = _aligned(low, BATCH * neurons * _copies(low)).reshape(BATCH, neurons * _copies(low))
    valid = _aligned(lines, BATCH)
    active = np.empty(BATCH + block, np.int64)
    masks = _aligned(lines, 4 * BATCH).reshape(4, BATCH)
    masks[:] = 0
    unsure = _aligned(lines, end * BATCH).reshape(end, BATCH)
    wrong = _aligned(lines, end * BATCH).reshape(end, BATCH)
    bad = _aligned(lines, outputs * BATCH).reshape(outputs, BATCH)
    points = np.empty(BATCH, np.int64)
    unsure_count = np.zeros(BATCH, np.int64)
    wrong_count = np.zeros(BATCH, np.int64)
    by_row = np.zeros((outputs, BATCH), np.int64)

    for head in range(first, last, BATCH):
        count = min(BATCH, last - head)
        from_word, to_word = _window(start, stop, head, head + count)
        inner_from, inner_to = _interior(start, stop, head, count)
        _load_factors(factors, high, head, count)
        _plan(
            head, count, base, bits, instructions, hi_bits, flip, op, left, right,
            spec_register, domain_register, slots, state, size, live, loads, slot_of_line,
            varies, expect,
        )  # fmt: skip
        if unsure_count.any() or wrong_count.any():
            by_row[:] = 0
            unsure_count[:] = 0
            wrong_count[:] = 0
        points[:] = 0

        for w in range(from_word, to_word):
            _evaluate(w, slots, lines, size, live, loads)
            if inner_from <= w < inner_to and expect[-1] == CONST_1:
                n = np.int64(BATCH)
                for s in range(BATCH):
                    active[s] = s
                    valid[s] = FULL
                    points[s] += 64
            else:
                _load_points(w, head, count, start, stop, slots[expect[-1]], valid)
                n = np.int64(0)
                for s in range(BATCH):
                    active[n] = s
                    n += valid[s] != 0
                    points[s] += _popcount(valid[s])
                for g in range(n, n + block):
                    active[g] = active[max(n, 1) - 1]
            unsure[w] = 0
            wrong[w] = 0
            if n == 0:
                continue
            for o in range(outputs):
                cut_count = 1 if plain[o] else 4
                g = np.int64(0)
                while g < n:
                    if (n - g) * 3 >= block * 2:
                        _block_many(
                            factors, active, g, tiles, w, high_sum, head, low_sum, o,
                            bounds, weight, cuts, cut_count, masks, None,
                        )  # fmt: skip
                        g += block
                    else:
                        _block_one(
                            factors, active, g, tiles, w, high_sum, head, low_sum, o,
                            bounds, weight, cuts, cut_count, masks, None,
                        )  # fmt: skip
                        g += 1
                _judge(
                    masks, always[o], plain[o], slots[expect[o]], valid, wrong[w], unsure[w], bad[o]
                )
            any_wrong = np.uint64(0)
            any_unsure = np.uint64(0)
            for s in range(BATCH):
                any_wrong |= wrong[w, s]
                any_unsure |= unsure[w, s]
            if any_unsure != 0:
                for s in range(BATCH):
                    wrong[w, s] &= ~unsure[w, s]
                    unsure_count[s] += _popcount(unsure[w, s])
            if any_wrong != 0:
                for s in range(BATCH):
                    wrong_count[s] += _popcount(wrong[w, s])
                for o in range(outputs):
                    for s in range(BATCH):
                        by_row[o, s] += _popcount(bad[o, s] & ~unsure[w, s])

        for s in range(count):
            row = head + s
            if unsure_count[s] > undecided.shape[0] - counters[UNDECIDED]:
                return row
            counters[POINTS] += points[s]
            if unsure_count[s] != 0:
                for w in range(from_word, to_word):
                    counters[UNDECIDED] = _append(
                        undecided, counters[UNDECIDED], row, w, unsure[w, s]
                    )
            if wrong_count[s] != 0:
                counters[WRONG] += wrong_count[s]
                for o in range(outputs):
                    by_output[o] += by_row[o, s]
                if counters[FOUND] < found.shape[0]:
                    for w in range(from_word, to_word):
                        counters[FOUND] = _append(found, counters[FOUND], row, w, wrong[w, s])
                if stop_at_first:
                    return row + 1
    return last


@njit(nogil=True, cache=True)
def margin(
    first, last, high, high_sum, low, low_sum, bounds, weight, start, stop,
    hi_bits, lo_words, flip, op, left, right, spec_register, domain_register,
    lowest_true, highest_false,
):  # fmt: skip
    """Extremes of every output over the points of rows [first, last).

    Lowers ``lowest_true[o]`` to the minimum over points where the
    specification of output o is true and raises ``highest_false[o]`` to the
    maximum where it is false; begin with the largest and smallest int64.
    """
    neurons = low.shape[0]
    begin, end = _window(start, stop, first, last)
    if begin == end:
        return
    tiles = _pack(low, begin, end)
    lines, base, bits, instructions = _prepare(
        first, last, begin, end, hi_bits, lo_words, flip, op, left, right,
        spec_register, domain_register,
    )  # fmt: skip
    slots, state, size, live, loads, slot_of_line, varies = _workspace(base, lines)
    expect = np.empty(bounds.shape[0] + 1, np.int64)
    factors = _aligned(low, BATCH * neurons * _copies(low)).reshape(BATCH, neurons * _copies(low))
    valid = np.empty(BATCH, np.uint64)
    everyone = np.arange(BATCH)
    values = _aligned(low, 64)
    for head in range(first, last, BATCH):
        count = min(BATCH, last - head)
        _load_factors(factors, high, head, count)
        _plan(
            head, count, base, bits, instructions, hi_bits, flip, op, left, right,
            spec_register, domain_register, slots, state, size, live, loads, slot_of_line,
            varies, expect,
        )  # fmt: skip
        from_word, to_word = _window(start, stop, head, head + count)
        for w in range(from_word, to_word):
            _evaluate(w, slots, lines, size, live, loads)
            _load_points(w, head, count, start, stop, slots[expect[-1]], valid)
            for s in range(count):
                if valid[s] == 0:
                    continue
                for o in range(bounds.shape[0]):
                    _block_one(
                        factors, everyone, s, tiles, w, high_sum, head, low_sum, o,
                        bounds, weight, None, 0, None, values,
                    )  # fmt: skip
                    true = valid[s] & slots[expect[o], s]
                    false = valid[s] & ~slots[expect[o], s]
                    if true != 0:
                        lowest_true[o] = min(lowest_true[o], _masked_min(values, true))
                    if false != 0:
                        highest_false[o] = max(highest_false[o], _masked_max(values, false))


def collect_thresholds(low_limit: np.ndarray, high_limit: np.ndarray) -> np.ndarray:
    """Thresholds with which `scan` lists candidates as undecided points.

    Those are the points with, for some output, ``acc <= low_limit`` where the
    specification is true or ``acc >= high_limit`` where it is false; no point
    counts as wrong.  ``high_limit`` must exceed the smallest int64.
    """
    limits = np.iinfo(np.int64)
    thresholds = np.empty((len(low_limit), 4), np.int64)
    thresholds[:, 0] = low_limit
    thresholds[:, 1] = limits.min
    thresholds[:, 2] = limits.max
    thresholds[:, 3] = high_limit - 1
    return thresholds
