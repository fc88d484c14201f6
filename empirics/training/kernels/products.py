"""Products of small matrices whose rows are padded to whole vectors, from register blocks."""

from pathlib import Path

from ....verify.engines.kernels.compilation import compiler
from .vectors import (
    LANES,
    gram_1x1,
    gram_4x1,
    gram_4x2,
    gram_4x4,
    product_1x1,
    product_4x1,
    product_4x2,
)

kernel = compiler(Path(__file__).parent, error_model="numpy")


@kernel
def multiply(weights, base, out_step, in_step, outs, ins, source, first, points, target):
    """target (outs, points) += weights (outs, ins) by source (ins, points)."""
    n = 0
    while n < outs:
        row = base + n * out_step
        j = 0
        if n + 4 <= outs:
            while j + 2 * LANES <= points:
                product_4x2(
                    weights, row, out_step, in_step, ins, source, first + j, points, target,
                    n * points + j,
                )  # fmt: skip
                j += 2 * LANES
            if j < points:
                product_4x1(
                    weights, row, out_step, in_step, ins, source, first + j, points, target,
                    n * points + j,
                )  # fmt: skip
            n += 4
        else:
            while j < points:
                product_1x1(
                    weights, row, out_step, in_step, ins, source, first + j, points, target,
                    n * points + j,
                )  # fmt: skip
                j += LANES
            n += 1


@kernel
def correlate(slope, outs, source, first, ins, points, target, base, out_step):
    """target (outs, ins) = slope (outs, points) by source (ins, points), transposed."""
    n = 0
    while n < outs:
        row, place = base + n * out_step, n * points
        c = 0
        if n + 4 <= outs:
            while c + 4 <= ins:
                gram_4x4(
                    slope, place, source, first + c * points, points, points, target, row + c,
                    out_step,
                )  # fmt: skip
                c += 4
            while c + 2 <= ins:
                gram_4x2(
                    slope, place, source, first + c * points, points, points, target, row + c,
                    out_step,
                )  # fmt: skip
                c += 2
            if c < ins:
                gram_4x1(
                    slope, place, source, first + c * points, points, points, target, row + c,
                    out_step,
                )  # fmt: skip
            n += 4
        else:
            while c < ins:
                gram_1x1(
                    slope, place, source, first + c * points, points, points, target, row + c,
                    out_step,
                )  # fmt: skip
                c += 1
            n += 1
