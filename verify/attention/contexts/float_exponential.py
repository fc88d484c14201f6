"""Exponentials of many floats at once, with a proved bound on their error.

Only additions, products and scalings of IEEE 754 are used, so the bound follows from the rounding
of each of them; the library's own exponential promises none (docs/attention-softmax.md, section 2).
"""

from __future__ import annotations

import numpy as np

#: Exponents are clipped to this range on either side; exp(690) is about 1e299.
RANGE = 690.0
#: exp of a float in the range is within this of the result, relatively.
RELATIVE = 2.0**-48

# ln 2 in two parts, the first of 32 bits, so that its products with small integers are exact
_HIGH = float.fromhex("0x1.62e42feep-1")
_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_INVERSE = float.fromhex("0x1.71547652b82fep+0")
_COEFFICIENTS = np.cumprod(np.concatenate([[1.0], 1.0 / np.arange(1.0, 15.0)]))[::-1]
_BLOCK = 1 << 14


def exponentials(exponents: np.ndarray) -> np.ndarray:
    """exp of floats, clipped to the range, each within :data:`RELATIVE` of the exact value."""
    flat = np.ascontiguousarray(exponents, dtype=np.float64).reshape(-1)
    result = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        some = slice(start, start + _BLOCK)
        x = np.clip(flat[some], -RANGE, RANGE)
        turns = np.rint(x * _INVERSE)
        rest = (x - turns * _HIGH) - turns * _LOW
        value = np.full_like(x, _COEFFICIENTS[0])
        for coefficient in _COEFFICIENTS[1:]:
            value *= rest
            value += coefficient
        result[some] = np.ldexp(value, turns.astype(np.int32))
    return result.reshape(exponents.shape)
