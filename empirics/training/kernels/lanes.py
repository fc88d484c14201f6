"""Sixteen floats as one value in compiled loops: what numba's own vectors do not keep in registers.

A value of type ``lanes`` lives in vector registers from its :func:`read` to its :func:`write`, also
through inner loops over heads, which numba would send through memory.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from ....verify.engines.kernels.compilation import intrinsic
from ....verify.engines.kernels.vectors import load, splat
from .vectors import FLOAT, LANES, VECTOR, called, data_of, multiply_add_lanes

_MASK = ir.VectorType(ir.IntType(1), LANES)
_WHOLE = ir.VectorType(ir.IntType(32), LANES)


class Lanes(types.Type):
    """The type of such a value."""

    def __init__(self):
        super().__init__(name=f"float32x{LANES}")


lanes = Lanes()


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, VECTOR)


def _operator(function, instruction):
    """Let a Python operator work on two such values."""

    @infer_global(function)
    class _Template(ConcreteTemplate):
        cases = [signature(lanes, lanes, lanes)]  # noqa: RUF012

    @lower_builtin(function, lanes, lanes)
    def _lower(context, builder, signature, args):
        return getattr(builder, instruction)(*args, flags=("nsz", "contract"))


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _operator(_function, _instruction)


@intrinsic
def read(typingctx, array, place):
    """The values of a float32 array from a place on."""

    def codegen(context, builder, signature, args):
        data = data_of(context, builder, signature, args, 0)
        return load(builder, builder.gep(data, [args[1]]), VECTOR, 4)

    return lanes(types.float32[::1], types.int64), codegen


@intrinsic
def write(typingctx, array, place, value):
    """Put values into a float32 array from a place on."""

    def codegen(context, builder, signature, args):
        data = data_of(context, builder, signature, args, 0)
        target = builder.bitcast(builder.gep(data, [args[1]]), VECTOR.as_pointer())
        builder.store(args[2], target).align = 4
        return context.get_dummy_value()

    return types.void(types.float32[::1], types.int64, lanes), codegen


@intrinsic
def fill(typingctx, number):
    """The same number in all lanes."""

    def codegen(context, builder, signature, args):
        return splat(builder, args[0], LANES)

    return lanes(types.float32), codegen


@intrinsic
def multiply_add(typingctx, a, b, c):
    """``a * b + c``, rounded once where the machine can."""

    def codegen(context, builder, signature, args):
        return multiply_add_lanes(builder, *args)

    return lanes(lanes, lanes, lanes), codegen


def _compared(sign, doc):
    """An intrinsic for the lanes where two values compare so, as bits."""

    @intrinsic
    def compared(typingctx, a, b):
        def codegen(context, builder, signature, args):
            return builder.bitcast(builder.fcmp_ordered(sign, *args), ir.IntType(LANES))

        return types.uint16(lanes, lanes), codegen

    compared.__doc__ = doc
    return compared


above = _compared(">", "Lanes where a > b, as bits.")
equal = _compared("==", "Lanes where a == b, as bits.")


@intrinsic
def choose(typingctx, mask, a, b):
    """a where the mask has a bit, else b."""

    def codegen(context, builder, signature, args):
        return builder.select(builder.bitcast(args[0], _MASK), args[1], args[2])

    return lanes(types.uint16, lanes, lanes), codegen


def _chosen(sign):
    @intrinsic
    def chosen(typingctx, a, b):
        def codegen(context, builder, signature, args):
            return builder.select(builder.fcmp_ordered(sign, *args), *args)

        return lanes(lanes, lanes), codegen

    return chosen


#: Elementwise; the second where one of the two is no number.
larger, smaller = _chosen(">"), _chosen("<")


@intrinsic
def nearest(typingctx, a):
    """The next whole number, elementwise."""

    def codegen(context, builder, signature, args):
        return called(builder, f"llvm.rint.v{LANES}f32", VECTOR, args)

    return lanes(lanes), codegen


@intrinsic
def power_of_two(typingctx, n):
    """2**n for whole numbers from -126 to 127."""

    def codegen(context, builder, signature, args):
        whole = builder.fptosi(args[0], _WHOLE)
        biased = builder.add(whole, ir.Constant(_WHOLE, [127] * LANES))
        return builder.bitcast(builder.shl(biased, ir.Constant(_WHOLE, [23] * LANES)), VECTOR)

    return lanes(lanes), codegen


def _folded(name, start):
    """An intrinsic for one number from all lanes."""

    @intrinsic
    def folded(typingctx, value):
        def codegen(context, builder, signature, args):
            first = [] if start is None else [ir.Constant(FLOAT, start)]
            flags = ("reassoc",) if first else ()
            return called(
                builder, f"llvm.vector.reduce.{name}.v{LANES}f32", FLOAT, [*first, *args], flags
            )

        return types.float32(lanes), codegen

    return folded


#: Sum and greatest of the lanes.
total, greatest = _folded("fadd", -0.0), _folded("fmax", None)


@intrinsic
def lowest_bit(typingctx, mask):
    """Number of the lowest bit of a mask that has one."""

    def codegen(context, builder, signature, args):
        found = builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))
        return builder.zext(found, ir.IntType(64)) if found.type.width < 64 else found

    return types.int64(mask), codegen
