"""One output on one word of several rows, in vector registers."""

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .compilation import intrinsic
from .vectors import block_shape, larger, load, splat


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
        lanes, rows = block_shape(bits)
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
                value = splat(
                    builder, load(builder, pointer, type_, size), lanes * bits // type_.width
                )
                return builder.bitcast(value, vector)

            def sweep(tile, begin, end, combine):
                count = builder.sub(end, begin)
                with cgutils.for_range(builder, count, intp=intp) as loop:
                    j = builder.add(begin, loop.index)
                    lows = load(builder, at(tile, j, number(lanes)), vector, size)
                    share = broadcast(at(data(10), j, one), scalar) if step else None
                    for r in range(rows):
                        highs = broadcast(at(row_factors[r], j, one), wide)
                        if step:
                            fires = builder.icmp_signed(">", highs, lows)
                            share_r = builder.select(fires, share, ir.Constant(vector, None))
                        else:
                            share_r = larger(builder, highs, lows)
                        builder.store(combine(builder.load(sums[r]), share_r), sums[r])

            with cgutils.for_range(builder, number(64 // lanes), intp=intp) as part:
                piece = builder.add(builder.mul(word, number(64 // lanes)), part.index)
                tile = at(data(3), builder.mul(piece, neurons), number(lanes))
                base = load(builder, at(data(7), output, width, piece, number(lanes)), vector, size)
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
                        cut = splat(
                            builder, builder.trunc(cut, scalar) if bits < 64 else cut, lanes
                        )
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


block_of_rows = _block(True)
block_of_one = _block(False)
