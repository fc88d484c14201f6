"""LLVM pieces that numba does not offer: shapes of register blocks, bit counts, masked extremes."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from .compilation import BITS, SUMS, intrinsic, kernel


def block_shape(bits: int) -> tuple[int, int]:
    """(lanes, rows) of a register block for elements of that many bits."""
    lanes = max(8, min(64, SUMS // 4 * BITS // bits))
    return lanes, max(2, SUMS * BITS // (bits * lanes))


def _constant(value_of):
    """An intrinsic f(array) that is a constant of the element width."""

    @intrinsic
    def constant(typingctx, array):
        value = value_of(array.dtype.bitwidth)

        def codegen(context, builder, signature, args):
            return context.get_constant(types.intp, value)

        return types.intp(array), codegen

    return constant


block_lanes = _constant(lambda bits: block_shape(bits)[0])
block_rows = _constant(lambda bits: block_shape(bits)[1])
# 16-bit factors are stored twice: broadcasting 32 bits is a plain load on x86
factor_copies = _constant(lambda bits: 2 if bits == 16 else 1)
lowest_of = _constant(lambda bits: -(1 << (bits - 1)))
highest_of = _constant(lambda bits: (1 << (bits - 1)) - 1)


@intrinsic
def popcount(typingctx, word):
    """Number of bits of a word that are set."""

    def codegen(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen


@intrinsic
def trailing_zeros(typingctx, word):
    """Position of the lowest bit of a word that is set."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), codegen


def splat(builder, scalar, count):
    """A vector of `count` copies of a scalar."""
    vector = ir.VectorType(scalar.type, count)
    one = builder.insert_element(
        ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0)
    )
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def load(builder, pointer, type_, align):
    """The value of an LLVM type at a pointer that is a multiple of `align` bytes."""
    value = builder.load(builder.bitcast(pointer, type_.as_pointer()))
    value.align = align
    return value


def larger(builder, a, b):
    """Elementwise maximum of two vectors of signed integers."""
    return builder.select(builder.icmp_signed(">", a, b), a, b)


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
                load(builder, data, vector, bits // 8),
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


masked_min = _masked_extreme("min")
masked_max = _masked_extreme("max")


@kernel
def aligned(like, count):
    """Uninitialised elements of the type of `like`, beginning on a cache line."""
    raw = np.empty(count + 64, like.dtype)
    skip = (-np.int64(raw.ctypes.data) & 63) // like.itemsize
    return raw[skip : skip + count]
