"""Sparse weights: stored entries in one normal form, read without densifying, multiplied exactly.

The normal form is compressed sparse rows with the columns of each row ascending, no entry
twice and no stored zeros: equal matrices have equal parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .dyadic import INT64_BITS, bit_width
from .errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: A sparse weight with more entries than this, zeros included, is not made dense.
DENSE_ENTRIES = 1 << 22


def is_sparse(weight: Any) -> bool:
    """True for the matrices and arrays of scipy.sparse (which this does not import)."""
    return not isinstance(weight, np.ndarray) and hasattr(weight, "tocoo")


def normal_form(matrix: Any, what: str = "weight") -> csr_array:
    """The same matrix in normal form, stored numbers unchanged.

    Args:
        matrix: a scipy.sparse matrix or array of floats, integers or Booleans, any layout.
        what: names the matrix in messages.

    Raises:
        InputError: not two dimensions, an entry stored twice (their sum might be rounded), a
            number that is not finite, or parts that are no sparse matrix.
    """
    if matrix.ndim != 2:
        raise InputError(f"{what}: must have shape (out, in), not {tuple(matrix.shape)}")
    if matrix.format == "csr":
        return from_parts(matrix.data, matrix.indices, matrix.indptr, matrix.shape, what)
    entries = matrix.tocoo()
    order = np.argsort(entries.row, kind="stable")
    counts = np.bincount(entries.row, minlength=matrix.shape[0])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return from_parts(entries.data[order], entries.col[order], indptr, matrix.shape, what)


def from_parts(
    data: np.ndarray,
    indices: np.ndarray,
    indptr: np.ndarray,
    shape: tuple[int, ...],
    what: str = "weight",
) -> csr_array:
    """The matrix of compressed sparse rows, in normal form.

    Args:
        data: (nonzeros,) stored numbers; float16 and bfloat16 are widened to float32, which
            holds them exactly.
        indices: (nonzeros,) column of each.
        indptr: (rows + 1,) row i holds the entries indptr[i] .. indptr[i + 1] - 1.
        shape: (rows, columns).
        what: names the matrix in messages.

    Raises InputError for parts that do not fit together, as :func:`normal_form` does.
    """
    from scipy.sparse import csr_array

    rows, columns = shape
    data = _data(data, what)
    indices, indptr = _integers(indices, f"{what}: indices"), _integers(indptr, f"{what}: indptr")
    if len(indptr) != rows + 1:
        raise InputError(
            f"{what}: indptr has {len(indptr):,} numbers; a weight of {rows:,} rows needs "
            f"{rows + 1:,}"
        )
    if len(indices) != len(data):
        raise InputError(f"{what}: there are {len(data):,} data but {len(indices):,} indices")
    lengths = np.diff(indptr)
    if indptr[0] != 0 or indptr[-1] != len(data) or (lengths < 0).any():
        raise InputError(f"{what}: indptr must rise from 0 to the number of data, {len(data):,}")
    row = np.repeat(np.arange(rows), lengths)
    outside = (indices < 0) | (indices >= columns)
    if outside.any():
        at = int(outside.argmax())
        raise InputError(
            f"{what}: row {row[at]} has an entry in column {indices[at]}, but there are "
            f"{columns:,} columns, numbered from 0"
        )
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        at = int((~np.isfinite(data)).argmax())
        raise InputError(
            f"{what}: entry {[int(row[at]), int(indices[at])]} is {data[at]}; weights must be "
            "finite numbers"
        )
    same_row = row[1:] == row[:-1]
    if (same_row & (indices[1:] < indices[:-1])).any():
        order = np.lexsort((indices, row))
        data, indices = data[order], indices[order]
    twice = same_row & (indices[1:] == indices[:-1])
    if twice.any():
        at = int(twice.argmax())
        raise InputError(
            f"{what}: entry {[int(row[at]), int(indices[at])]} is stored twice; store each entry "
            "once (matrix.sum_duplicates() adds them up, in floats)"
        )
    kept = data != 0
    if not kept.all():
        data, indices = data[kept], indices[kept]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=rows))])
    return csr_array((data, indices, indptr), shape=(int(rows), int(columns)))


def _data(data: np.ndarray, what: str) -> np.ndarray:
    data = np.asarray(data)
    if data.ndim != 1:
        raise InputError(f"{what}: data must be a list of numbers, not of shape {data.shape}")
    if data.dtype.name in ("float16", "bfloat16"):
        return data.astype(np.float32)
    if data.dtype.kind not in "fiub" or data.dtype.itemsize > 8:
        raise InputError(
            f"{what}: sparse weights of type {data.dtype} are not supported; use float64, "
            "float32 or integers"
        )
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _integers(values: np.ndarray, what: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise InputError(
            f"{what} must be a list of integers, not {values.dtype} of shape {values.shape}"
        )
    # an unsigned number beyond int64 turns negative and is refused as out of range
    return values.astype(np.int64)


def dense(matrix: csr_array, what: str = "weight") -> np.ndarray:
    """The matrix with all its zeros, in its own type.

    Raises InputError beyond 2**22 entries.
    """
    rows, columns = matrix.shape
    if rows * columns > DENSE_ENTRIES:
        raise InputError(
            f"{what}: a sparse weight of {rows:,} x {columns:,} is too large to be made dense "
            f"(at most {DENSE_ENTRIES:,} entries), which every engine but 'sparse' and every file "
            "format but .npz needs"
        )
    return np.asarray(matrix.toarray())


def scattered(values: np.ndarray, matrix: csr_array, what: str = "weight") -> np.ndarray:
    """``values`` (nonzeros,) at the places of the matrix, 0 elsewhere; limits as in dense."""
    result = dense(matrix, what).astype(values.dtype)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    result[rows, matrix.indices] = values
    return result


def product(left: np.ndarray, matrix: csr_array, mantissa: np.ndarray, factor: int) -> np.ndarray:
    """``factor * left @ W.T`` for integers, W having ``mantissa`` at the matrix's places.

    Args:
        left: (points, in) int64 or Python integers.
        matrix: (out, in) whose places are used.
        mantissa: (nonzeros,) int64 or Python integers.
        factor: a positive integer.

    Returns:
        (points, out) int64 when no partial sum can overflow, else Python integers.
    """
    from scipy.sparse import csr_array

    lengths = np.diff(matrix.indptr)
    terms = max(int(lengths.max(initial=0)), 1)
    width = bit_width(left) + bit_width(mantissa) + terms.bit_length() + factor.bit_length()
    if width <= INT64_BITS and left.dtype != object and mantissa.dtype != object:
        integer = csr_array((mantissa, matrix.indices, matrix.indptr), shape=matrix.shape)
        return np.asarray((integer @ left.T).T * factor)
    exact = mantissa.astype(object)
    result = np.zeros((len(left), matrix.shape[0]), dtype=object)
    filled = lengths > 0
    for row, point in zip(result, left.astype(object), strict=True):
        if filled.any():
            terms_of = exact * point[matrix.indices]
            row[filled] = np.add.reduceat(terms_of, matrix.indptr[:-1][filled])
    return result * factor
