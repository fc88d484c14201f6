"""How often every input meets a set of neurons, and the largest such overlaps.

For an output with the set K of neurons and the columns T_c of a 0/1 code, the overlaps are
|K & T_c|, for all inputs c outside the output's tuple. Two ways to the sum of the r largest:

* ``listed``: go through the inputs of every neuron in K and count in a buffer;
* ``packed``: 512 inputs at once, one bit each; the counts stand in planes, plane p holding
  bit p of all counts, and three rows are added by a full adder and a ripple of half adders.

docs/sparse.md has the costs of both.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from .compilation import intrinsic, kernel
from .vectors import load, popcount, trailing_zeros

#: Words of 64 inputs in a vector.
WORDS = 8
#: Planes for which there is compiled code, and the most: sets of fewer than 2^16 neurons.
DEPTHS, DEEPEST = (4, 6, 8, 16), 16


def _planes(depth):
    """Intrinsic that counts, for all inputs, the rows of a list that contain them.

    ``count(bits, rows, first, last, planes)``: ``bits[row]`` has a bit an input, its length is a
    multiple of WORDS; ``rows[first:last]`` says which rows; ``planes[p]`` receives bit p of
    the counts, p < depth.
    """

    @intrinsic
    def count(typingctx, bits, rows, first, last, planes):
        signature = types.void(bits, rows, types.intp, types.intp, planes)
        vector = ir.VectorType(ir.IntType(64), WORDS)

        def codegen(context, builder, signature, args):
            intp = context.get_value_type(types.intp)
            table = context.make_array(signature.args[0])(context, builder, args[0])
            listed = context.make_array(signature.args[1])(context, builder, args[1])
            target = context.make_array(signature.args[4])(context, builder, args[4])
            width = builder.extract_value(table.shape, 1)
            first, last = args[2], args[3]

            def number(value):
                return ir.Constant(intp, value)

            zero = ir.Constant(vector, [0] * WORDS)
            sums = [cgutils.alloca_once(builder, vector) for _ in range(depth)]
            vectors = builder.udiv(width, number(WORDS))
            with cgutils.for_range(builder, vectors) as loop:
                place = builder.mul(loop.index, number(WORDS))
                for one in sums:
                    builder.store(zero, one)

                def row(e):
                    start = builder.mul(builder.load(builder.gep(listed.data, [e])), width)
                    pointer = builder.gep(table.data, [builder.add(start, place)])
                    return load(builder, pointer, vector, 8)

                def ripple(level, carry):
                    for one in sums[level:]:
                        held = builder.load(one)
                        builder.store(builder.xor(held, carry), one)
                        carry = builder.and_(held, carry)

                count = builder.sub(last, first)
                threes = builder.udiv(count, number(3))
                with cgutils.for_range(builder, threes) as triple:
                    e = builder.add(first, builder.mul(triple.index, number(3)))
                    a, b, c = (row(builder.add(e, number(k))) for k in range(3))
                    odd = builder.xor(a, b)
                    ones = builder.xor(odd, c)
                    twos = builder.or_(builder.and_(a, b), builder.and_(odd, c))
                    held = builder.load(sums[0])
                    builder.store(builder.xor(held, ones), sums[0])
                    carry = builder.and_(held, ones)
                    # second plane: held + twos + carry
                    held = builder.load(sums[1])
                    odd = builder.xor(held, twos)
                    builder.store(builder.xor(odd, carry), sums[1])
                    ripple(2, builder.or_(builder.and_(held, twos), builder.and_(odd, carry)))
                done = builder.add(first, builder.mul(threes, number(3)))
                with cgutils.for_range(builder, builder.sub(last, done)) as rest:
                    ripple(0, row(builder.add(done, rest.index)))
                for p, one in enumerate(sums):
                    start = builder.add(builder.mul(width, number(p)), place)
                    pointer = builder.gep(target.data, [start])
                    pointer = builder.bitcast(pointer, vector.as_pointer())
                    builder.store(builder.load(one), pointer).align = 8
            return context.get_dummy_value()

        return signature, codegen

    return count


count4, count6, count8, count16 = map(_planes, DEPTHS)


@kernel
def packed(bits, rows, starts, members, member_starts, r, first, last, depth, inputs, top, worst):
    """Sums of the largest overlaps of outputs ``first:last``, many inputs at once.

    Args:
        bits: uint64 (neurons, words), bit c of a row says that input c feeds the neuron; the
            number of words is a multiple of WORDS.
        rows, starts: K of output j is ``rows[starts[j]:starts[j + 1]]``, int64.
        members, member_starts: the tuples in the same form.
        r: how many overlaps to add, int64 (outputs,).
        depth: bits of the size of the largest K, from 1 to DEEPEST.
        inputs: how many inputs there are.
        top: int64 (outputs,), receives the sums.
        worst: int64 (last - first, largest r) for the inputs with these overlaps; with no rows
            nothing is written.
    """
    words = bits.shape[1]
    planes = np.empty((DEEPEST, words), np.uint64)
    waiting = np.empty(words, np.uint64)
    for j in range(first, last):
        top[j] = 0
        want = r[j]
        if want == 0:
            continue
        used = _count(bits, rows, starts[j], starts[j + 1], depth, planes)
        for w in range(words):
            waiting[w] = ~np.uint64(0)
        for w in range(inputs >> 6, words):
            rest = max(inputs - (w << 6), 0)
            waiting[w] = (np.uint64(1) << np.uint64(rest)) - np.uint64(1)
        for e in range(member_starts[j], member_starts[j + 1]):
            c = members[e]
            waiting[c >> 6] &= ~(np.uint64(1) << np.uint64(c & 63))
        # radix selection: `waiting` are the inputs whose higher bits are those of `least`
        least, found = 0, 0
        for p in range(used - 1, -1, -1):
            plane = planes[p]
            larger = 0
            for w in range(words):
                larger += popcount(waiting[w] & plane[w])
            if larger >= want:
                least += 1 << p
                for w in range(words):
                    waiting[w] &= plane[w]
                continue
            if larger:  # these are among the largest for certain
                want -= larger
                top[j] += larger * (least + (1 << p))
                for q in range(p):
                    lower, more = planes[q], 0
                    for w in range(words):
                        more += popcount(waiting[w] & plane[w] & lower[w])
                    top[j] += more << q
                if worst.shape[0]:
                    found = _take(waiting, plane, larger, worst[j - first], found)
            for w in range(words):
                waiting[w] &= ~plane[w]
        top[j] += want * least
        if worst.shape[0]:
            _take(waiting, waiting, want, worst[j - first], found)


@kernel
def _count(bits, rows, begin, end, depth, planes):
    """Fill the planes that matter; their number."""
    if depth <= 4:
        count4(bits, rows, begin, end, planes)
    elif depth <= 6:
        count6(bits, rows, begin, end, planes)
    elif depth <= 8:
        count8(bits, rows, begin, end, planes)
    else:
        count16(bits, rows, begin, end, planes)
    return depth


@kernel
def _take(waiting, plane, want, row, found):
    """Write the first ``want`` inputs in both to the row, from place ``found``; the new place."""
    for w in range(len(waiting)):
        left = waiting[w] & plane[w]
        while left and want:
            row[found] = (w << 6) + trailing_zeros(left)
            found += 1
            want -= 1
            left &= left - np.uint64(1)
        if want == 0:
            break
    return found


@kernel
def listed(
    code, code_starts, rows, starts, members, member_starts, r, first, last, inputs, top, worst
):
    """The same by counting in a buffer.

    ``code[code_starts[i]:code_starts[i + 1]]`` are the inputs that feed neuron i. Where fewer
    than r inputs overlap at all, the rest of a row of ``worst`` stays as it was.
    """
    largest = 0
    for j in range(first, last):
        largest = max(largest, starts[j + 1] - starts[j])
    counts = np.zeros(inputs, np.int32)
    histogram = np.zeros(largest + 1, np.int64)
    for j in range(first, last):
        top[j] = 0
        want = r[j]
        begin, end = starts[j], starts[j + 1]
        if want == 0:
            continue
        _add(code, code_starts, rows, begin, end, counts)
        for e in range(member_starts[j], member_starts[j + 1]):
            counts[members[e]] = 0
        # an input is met as often as it was counted: the first time clears it
        for e in range(begin, end):
            for q in range(code_starts[rows[e]], code_starts[rows[e] + 1]):
                c = code[q]
                histogram[counts[c]] += 1
                counts[c] = 0
        least = end - begin
        while least > 0 and want > histogram[least]:
            want -= histogram[least]
            top[j] += least * histogram[least]
            least -= 1
        top[j] += least * want
        histogram[: end - begin + 1] = 0
        if not worst.shape[0]:
            continue
        _add(code, code_starts, rows, begin, end, counts)
        for e in range(member_starts[j], member_starts[j + 1]):
            counts[members[e]] = 0
        found = 0
        for e in range(begin, end):
            for q in range(code_starts[rows[e]], code_starts[rows[e] + 1]):
                c = code[q]
                if counts[c] > least or (least > 0 and counts[c] == least and want > 0):
                    worst[j - first, found] = c
                    found += 1
                    want -= counts[c] == least
                counts[c] = 0


@kernel
def _add(code, code_starts, rows, begin, end, counts):
    for e in range(begin, end):
        for q in range(code_starts[rows[e]], code_starts[rows[e] + 1]):
            counts[code[q]] += 1
