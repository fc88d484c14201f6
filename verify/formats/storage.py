"""Stored number types: which of them hold given values exactly, and exact sums and products."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ml_dtypes
import numpy as np

from ..dyadic import Dyadic, power_of_two
from ..errors import InputError
from ..network import Network

BFLOAT16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
#: Float types that a layer may be stored in, by name.
FLOATS: dict[str, np.dtype[Any]] = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": BFLOAT16,
}
#: Tried in this order when values have no float type of their own.
_WIDENING = (FLOATS["float32"], FLOATS["float64"])


def is_float(dtype: np.dtype[Any]) -> bool:
    """True for the four float types that a layer may be stored in."""
    return dtype.name in FLOATS


def exact_as(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray | None:
    """The same values in another type, or None when that type would round one of them.

    ``values`` are floats, integers, Booleans or dyadic Fractions, of any shape; the sign of
    a zero does not count as part of its value.
    """
    if values.dtype == dtype:
        return values
    if values.dtype.kind == "b":
        return values.astype(dtype)
    return _checked(values, dtype, Dyadic.from_array(values))


def network_float(network: Network) -> np.dtype[Any]:
    """The one float type in which every weight and bias of a network is stored exactly.

    It is the network's own type when that is a single float type, else the narrower of
    float32 and float64 that holds every value. Raises InputError when neither does.
    """
    arrays = [array for layer in network.layers for array in (layer.weight, layer.bias)]
    names = {array.dtype.name for array in arrays}
    if len(names) == 1 and is_float(arrays[0].dtype):
        return arrays[0].dtype.newbyteorder("=")
    return _narrowest(arrays, "the weights")


def storable(array: np.ndarray, what: str) -> np.ndarray:
    """The array as a plain numpy type: itself, or Python numbers as float32, float64 or int64.

    Raises InputError when the numbers of an object array fit into none of them.
    """
    if array.dtype != object:
        return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    integers = exact_as(array, np.dtype(np.int64))
    if integers is not None and exact_as(array, _WIDENING[1]) is None:
        return integers
    exact = exact_as(array, _narrowest([array], what))
    assert exact is not None
    return exact


def exact_sum(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``left + right`` without rounding: in the type of ``left`` where it holds, else wider."""
    a, b = Dyadic.from_array(left), Dyadic.from_array(right)
    exponent = min(a.exponent, b.exponent)
    mantissas = a.integers(exponent).astype(object) + b.integers(exponent).astype(object)
    return _kept(np.asarray(mantissas, dtype=object), exponent, left.dtype)


def exact_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``left * right`` entry by entry (broadcast), without rounding, typed as in exact_sum."""
    a, b = Dyadic.from_array(left), Dyadic.from_array(right)
    mantissas = a.mantissa.astype(object) * b.mantissa.astype(object)
    return _kept(np.asarray(mantissas, dtype=object), a.exponent + b.exponent, left.dtype)


def negated(values: np.ndarray) -> np.ndarray:
    """``-values``; floats stay in their type, integers where the type has the negative."""
    if is_float(values.dtype):
        return np.asarray(np.negative(values))
    return exact_product(values, np.array(-1))


def row_sums(matrix: np.ndarray, factor: int) -> np.ndarray:
    """``factor`` times the sum of each row (out, in) -> (out,), without rounding."""
    exact = Dyadic.from_array(matrix)
    if matrix.shape[1] == 0:
        return np.zeros(matrix.shape[0], dtype=matrix.dtype)
    mantissas = exact.mantissa.astype(object).sum(axis=1) * factor
    return _kept(np.asarray(mantissas, dtype=object), exact.exponent, matrix.dtype)


def _narrowest(arrays: Iterable[np.ndarray], what: str) -> np.dtype[Any]:
    arrays = list(arrays)
    for dtype in _WIDENING:
        if all(exact_as(array, dtype) is not None for array in arrays):
            return dtype
    raise InputError(
        f"{what}: not every value fits exactly into float32 or float64; "
        "rescale or round the weights before saving"
    )


def _kept(mantissas: np.ndarray, exponent: int, dtype: np.dtype[Any]) -> np.ndarray:
    """``mantissas * 2**exponent`` in ``dtype``, else float64, else as exact Fractions."""
    unit = power_of_two(exponent)
    values = np.empty(mantissas.shape, dtype=object)
    for index, mantissa in np.ndenumerate(mantissas):
        values[index] = int(mantissa) * unit
    exact = Dyadic.from_array(values)
    for kind in (dtype, FLOATS["float64"]):
        if kind.kind != "O" and (kept := _checked(values, kind, exact)) is not None:
            return kept
    return values


def _checked(values: np.ndarray, dtype: np.dtype[Any], exact: Dyadic) -> np.ndarray | None:
    """Cast, and compare exactly: the canonical form of equal values is equal."""
    try:
        with np.errstate(all="ignore"):
            cast = _cast(values, dtype)
        result = Dyadic.from_array(cast)
    except (InputError, OverflowError):  # an infinity, or an integer beyond the type
        return None
    same = result.exponent == exact.exponent and np.array_equal(result.mantissa, exact.mantissa)
    return cast if same else None


def _cast(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    if values.dtype != object:
        return values.astype(dtype)
    cast = np.empty(values.shape, dtype=np.float64 if is_float(dtype) else dtype)
    for index, value in np.ndenumerate(values):
        cast[index] = float(value) if is_float(dtype) else int(value)
    return cast.astype(dtype)
