"""Exponential and logarithm of sixteen floats at once."""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .lanes import fill, larger, multiply_add, nearest, power_of_two, smaller
from .vectors import ONE, ZERO

kernel = compiler(Path(__file__).parent, error_model="numpy")

LOG2_E, LN_2 = np.float32(1.4426950408889634), np.float32(0.6931471805599453)
C2, C3, C4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
C5, C6 = np.float32(1 / 120), np.float32(1 / 720)
TWO = np.float32(2)
#: Powers of e beyond count as this one: the logistic function is 0 or 1 for all purposes.
STEEP = np.float32(60)


@kernel
def exponential(x):
    """e**x, x between -STEEP and STEEP: a polynomial and a shift of the exponent."""
    x = smaller(larger(x, fill(-STEEP)), fill(STEEP))
    n = nearest(x * fill(LOG2_E))
    f = multiply_add(n, fill(-LN_2), x)
    power = multiply_add(f, fill(C6), fill(C5))
    power = multiply_add(f, power, fill(C4))
    power = multiply_add(f, power, fill(C3))
    power = multiply_add(f, power, fill(C2))
    power = multiply_add(f, power, fill(ONE))
    power = multiply_add(f, power, fill(ONE))
    return power * power_of_two(n)


@kernel
def softplus(x):
    """log(1 + e**x), with a small relative error also where it is small.

    log(1 + e) is 2 artanh(e / (2 + e)), and its series falls by a ninth a term at least.
    """
    positive = larger(x, fill(ZERO))
    e = exponential(x - positive - positive)
    s = e / (e + fill(TWO))
    square = s * s
    series = multiply_add(square, fill(np.float32(1 / 15)), fill(np.float32(1 / 13)))
    series = multiply_add(square, series, fill(np.float32(1 / 11)))
    series = multiply_add(square, series, fill(np.float32(1 / 9)))
    series = multiply_add(square, series, fill(np.float32(1 / 7)))
    series = multiply_add(square, series, fill(np.float32(1 / 5)))
    series = multiply_add(square, series, fill(np.float32(1 / 3)))
    series = multiply_add(square, series, fill(ONE))
    return multiply_add(s * fill(TWO), series, positive)


@kernel
def softplus_of(x):
    """The same of one number, in float64."""
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))
