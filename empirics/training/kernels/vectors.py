"""Register blocks of float32 products that numba's own loops do not reach: a few rows at once."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from ....verify.engines.kernels.compilation import intrinsic
from ....verify.engines.kernels.vectors import load, splat

#: Floats of a vector; numbers of points are padded to multiples of it.
LANES = 16
FLOAT = ir.FloatType()
VECTOR = ir.VectorType(FLOAT, LANES)


def called(builder, name, result, values, fastmath=()):
    """A call of an LLVM intrinsic."""
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(result, [value.type for value in values]), name
    )
    return builder.call(function, values, fastmath=fastmath)


def multiply_add_lanes(builder, a, b, total):
    """``a * b + total`` of vectors."""
    return called(builder, f"llvm.fmuladd.v{LANES}f32", VECTOR, [a, b, total])


def data_of(context, builder, signature, args, number):
    """Pointer to the first element of an array argument."""
    return context.make_array(signature.args[number])(context, builder, args[number]).data


def _product(outs, vectors, onto=True):
    """An intrinsic for ``outs`` rows and ``vectors`` vectors of points.

    target[place + t stride + j] += sum over c < ins of
    weights[base + t out_step + c in_step] source[first + c stride + j], t < outs. Where not
    ``onto``, the target need not hold anything before.
    """

    @intrinsic
    def product(
        typingctx, weights, base, out_step, in_step, ins, source, first, stride, target, place
    ):
        def codegen(context, builder, signature, args):
            _, base, out_step, in_step, ins, _, first, stride, _, place = args
            weights, source, target = (
                data_of(context, builder, signature, args, number) for number in (0, 5, 8)
            )

            def vector(pointer, start, number):
                return builder.bitcast(
                    builder.gep(
                        pointer, [builder.add(start, ir.Constant(start.type, LANES * number))]
                    ),
                    VECTOR.as_pointer(),
                )

            def row(t):
                return builder.add(place, builder.mul(stride, ir.Constant(stride.type, t)))

            sums = {}
            for t in range(outs):
                for v in range(vectors):
                    sums[t, v] = cgutils.alloca_once(builder, VECTOR)
                    if onto:
                        value = builder.load(vector(target, row(t), v))
                        value.align = 4
                    else:
                        value = ir.Constant(VECTOR, [0.0] * LANES)
                    builder.store(value, sums[t, v])
            with cgutils.for_range(builder, ins) as loop:
                start = builder.add(first, builder.mul(loop.index, stride))
                fed = []
                for v in range(vectors):
                    fed.append(builder.load(vector(source, start, v)))
                    fed[v].align = 4
                column = builder.add(base, builder.mul(loop.index, in_step))
                for t in range(outs):
                    place_of = builder.add(column, builder.mul(out_step, out_step.type(t)))
                    weight = splat(builder, builder.load(builder.gep(weights, [place_of])), LANES)
                    for v in range(vectors):
                        total = multiply_add_lanes(
                            builder, weight, fed[v], builder.load(sums[t, v])
                        )
                        builder.store(total, sums[t, v])
            for (t, v), total in sums.items():
                builder.store(builder.load(total), vector(target, row(t), v)).align = 4
            return context.get_dummy_value()

        floats = types.float32[::1]
        place_ = types.int64
        signature = types.void(
            floats, place_, place_, place_, place_, floats, place_, place_, floats, place_
        )
        return signature, codegen

    return product


def _folded(builder, values):
    """The sums of sixteen vectors as one vector, in their order.

    Two vectors at a time become one that holds half sums of both: a third of the work of sixteen
    sums over lanes.
    """
    reach = LANES // 2
    while reach:
        halves = []
        for one, other in zip(values[: len(values) // 2], values[len(values) // 2 :], strict=True):
            picked = []
            for half in (0, reach):
                picked.append(
                    [
                        (lane - lane % (2 * reach)) + half + lane % reach
                        + (LANES if lane % (2 * reach) >= reach else 0)
                        for lane in range(LANES)
                    ]
                )  # fmt: skip
            lows, highs = (
                builder.shuffle_vector(
                    one, other, ir.Constant(ir.VectorType(ir.IntType(32), LANES), order)
                )
                for order in picked
            )
            halves.append(builder.fadd(lows, highs))
        values, reach = halves, reach // 2
    return values[0]


def _gram(outs, ins):
    """An intrinsic for ``outs`` by ``ins`` inner products over points, a multiple of LANES.

    target[base + t out_step + c] = sum over j < points of
    left[place + t stride + j] right[first + c stride + j].
    """

    @intrinsic
    def gram(typingctx, left, place, right, first, stride, points, target, base, out_step):
        def codegen(context, builder, signature, args):
            _, place, _, first, stride, points, _, base, out_step = args
            left, right, target = (
                data_of(context, builder, signature, args, number) for number in (0, 2, 6)
            )
            sums = {}
            for t in range(outs):
                for c in range(ins):
                    sums[t, c] = cgutils.alloca_once(builder, VECTOR)
                    builder.store(ir.Constant(VECTOR, [0.0] * LANES), sums[t, c])
            step = ir.Constant(points.type, LANES)
            with cgutils.for_range_slice(builder, points.type(0), points, step) as (index, _):

                def vectors(pointer, start, count):
                    found = []
                    for number in range(count):
                        place_of = builder.add(
                            builder.add(start, index), builder.mul(stride, stride.type(number))
                        )
                        address = builder.gep(pointer, [place_of])
                        found.append(load(builder, address, VECTOR, 4))
                    return found

                others = vectors(right, first, ins)
                for t, value in enumerate(vectors(left, place, outs)):
                    for c in range(ins):
                        total = multiply_add_lanes(
                            builder, value, others[c], builder.load(sums[t, c])
                        )
                        builder.store(total, sums[t, c])
            if outs * ins == LANES:
                found = _folded(builder, [builder.load(total) for total in sums.values()])
                for t in range(outs):
                    order = ir.Constant(
                        ir.VectorType(ir.IntType(32), ins), list(range(t * ins, (t + 1) * ins))
                    )
                    part = builder.shuffle_vector(found, found, order)
                    place_of = builder.add(base, builder.mul(out_step, out_step.type(t)))
                    address = builder.bitcast(
                        builder.gep(target, [place_of]), part.type.as_pointer()
                    )
                    builder.store(part, address).align = 4
                return context.get_dummy_value()
            for (t, c), total in sums.items():
                found = called(
                    builder, f"llvm.vector.reduce.fadd.v{LANES}f32", FLOAT,
                    [ir.Constant(FLOAT, -0.0), builder.load(total)], ("reassoc",),
                )  # fmt: skip
                row = builder.add(base, builder.mul(out_step, out_step.type(t)))
                builder.store(found, builder.gep(target, [builder.add(row, row.type(c))]))
            return context.get_dummy_value()

        floats = types.float32[::1]
        place_ = types.int64
        signature = types.void(
            floats, place_, floats, place_, place_, place_, floats, place_, place_
        )
        return signature, codegen

    return gram


product_4x2, product_4x1, product_1x1 = _product(4, 2), _product(4, 1), _product(1, 1)
score_4x2, score_4x1 = _product(4, 2, onto=False), _product(4, 1, onto=False)
gram_4x4, gram_4x2, gram_4x1, gram_1x1 = _gram(4, 4), _gram(4, 2), _gram(4, 1), _gram(1, 1)
ZERO, ONE = np.float32(0), np.float32(1)
