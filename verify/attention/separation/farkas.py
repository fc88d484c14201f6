"""Multipliers that prove that no head separates a graph, made from those of a convex solve.

Two forms: exact integers (``rational``), and small integers near which exact ones exist
(``krawczyk``). Everything here proposes; the checkers decide.
docs/attention-separation.md, sections 2 and 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .modular import solve_exactly

#: Multipliers below this share of the largest are left out.
NEGLIGIBLE = 1e-11
#: Bits of the largest multiplier, tried in turn.
WIDTHS = (8, 10, 12, 14, 16, 20, 24, 30, 36, 44, 52)
#: Rows, in multiples of the columns, among which a basis is looked for first.
CANDIDATES = 4
#: What the Krawczyk criterion must leave, of the least multiplier.
ROOM = 0.9


@dataclass(frozen=True)
class Support:
    """The pairs with positive multipliers and a basis among them.

    Attributes:
        pairs: int64 (pairs, 2), in order.
        values: floats > 0, the largest 1.
        basis: int64, positions of independent rows of the features.
        columns: int64, columns in which those rows are independent.
        features: floats (pairs, embedding_dim^2 + 1), ``y (x_i (x) x_j, last)``, scaled.
    """

    pairs: np.ndarray
    values: np.ndarray
    basis: np.ndarray
    columns: np.ndarray
    full: bool


def support_of(x: np.ndarray, table: np.ndarray, multipliers: np.ndarray) -> Support | None:
    """Pairs and basis; None where there is no multiplier.

    Args:
        x: integers (items, embedding_dim).
        table: booleans (items, items), the edges.
        multipliers: floats >= 0 (items, items).
    """
    largest = float(multipliers.max(initial=0.0))
    if not largest > 0.0 or not math.isfinite(largest):
        return None
    pairs = np.argwhere(multipliers > NEGLIGIBLE * largest)
    values = multipliers[pairs[:, 0], pairs[:, 1]] / largest
    size = x.shape[1] ** 2 + 1
    chosen = np.argsort(-values, kind="stable")[: CANDIDATES * size]
    basis, columns = _independent(x, table, pairs[chosen], values[chosen])
    if len(basis) < size and len(chosen) < len(pairs):
        chosen = np.arange(len(pairs))
        basis, columns = _independent(x, table, pairs, values)
    order = np.sort(chosen[basis])
    return Support(pairs, values, order, columns, len(order) == size)


def _independent(
    x: np.ndarray, table: np.ndarray, pairs: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a well conditioned, regular part of full rank of the features."""
    from scipy.linalg import lapack, qr

    rows = features(x.astype(np.float64), table, pairs)
    size = rows.shape[1]
    if len(rows) >= size:
        _, swaps, _ = lapack.dgetrf(rows * values[:, None])
        order = np.arange(len(rows))
        for k, other in enumerate(swaps):
            order[k], order[other] = order[other], order[k]
        kept = order[:size]
        singular = np.linalg.svd(rows[kept], compute_uv=False) if size <= 1300 else None
        if singular is None or singular[-1] > 1e-9 * singular[0]:
            return kept, np.arange(size)
    factor, order = qr((rows * values[:, None]).T, mode="r", pivoting=True)
    rank = int((np.abs(np.diag(factor)) > 1e-10 * abs(factor[0, 0])).sum())
    kept = order[:rank]
    _, columns = qr(rows[kept], mode="r", pivoting=True)
    return kept, np.sort(columns[:rank])


def features(x: np.ndarray, table: np.ndarray, pairs: np.ndarray, last: Any = None) -> np.ndarray:
    """Rows ``y (x_i (x) x_j, last)``; without ``last`` its size is that of the other entries."""
    i, j = pairs.T
    sign = np.where(table[i, j], 1, -1)[:, None]
    if last is None:
        last = float(np.sqrt(np.mean(x**2, dtype=np.float64))) ** 2 or 1.0
    products = (x[i][:, :, None] * x[j][:, None, :]).reshape(len(pairs), -1)
    ends = np.full((len(pairs), 1), last, dtype=x.dtype)
    return np.asarray(np.concatenate([products, ends], axis=1) * sign)


def krawczyk_evidence(x: np.ndarray, table: np.ndarray, support: Support) -> dict[str, Any] | None:
    """Small integers near exact multipliers; None where the support has no full basis.

    The narrowest width at which floating point finds the criterion met with some room.
    """
    if not support.full:
        return None
    floats = x.astype(np.float64)
    inverse = np.linalg.inv(features(floats, table, support.pairs[support.basis]).T)
    i, j = support.pairs.T
    sign = np.where(table[i, j], 1, -1)
    unit = float(np.sqrt(np.mean(floats**2))) ** 2
    for width in WIDTHS:
        whole = np.maximum(np.rint(support.values * ((1 << width) - 1)), 1.0)
        weights = np.zeros_like(table, dtype=np.float64)
        weights[i, j] = whole * sign
        rest = np.append((floats.T @ weights @ floats).ravel(), unit * float((whole * sign).sum()))
        if 2 * float(np.abs(inverse @ rest).max()) < ROOM * whole[support.basis].min():
            outside = np.setdiff1d(np.arange(len(i)), support.basis)
            return {
                "kind": "krawczyk",
                "pairs": gaps(i * len(x) + j),
                "multipliers": [int(value) for value in whole],
                "outside": gaps(outside),
            }
    return None


def rational_evidence(x: np.ndarray, table: np.ndarray, support: Support) -> dict[str, Any] | None:
    """Exact multipliers as hexadecimal integers; None where the solve does not give positive ones.

    Those outside the basis keep their rounded values, those inside are solved for.
    """
    exact = x.astype(object)
    unit = 1
    if len(support.columns) == 0:
        return None
    for width in (20, 40, 52):
        whole = np.maximum(np.rint(support.values * float(1 << width)), 1.0).astype(np.int64)
        fixed = whole.astype(object)
        fixed[support.basis] = 0
        rest = _weighted_sum(exact, table, support.pairs, fixed, unit)[support.columns]
        rows = features(exact, table, support.pairs[support.basis], unit)[:, support.columns]
        solved = solve_exactly(rows.T, -rest)
        if solved is None:
            return None
        numerators, denominator = solved
        weights = fixed * denominator
        weights[support.basis] = numerators
        if min(weights) > 0:
            common = math.gcd(denominator, *numerators)
            i, j = support.pairs.T
            multipliers: list[int | str] = [int(value) for value in fixed]
            for place, value in zip(support.basis, numerators, strict=True):
                multipliers[place] = f"{value // common:x}"
            return {
                "kind": "rational",
                "pairs": gaps(i * len(x) + j),
                "multipliers": multipliers,
                "unit": f"{denominator // common:x}",
            }
    return None


def _weighted_sum(
    x: np.ndarray, table: np.ndarray, pairs: np.ndarray, weights: np.ndarray, unit: int
) -> np.ndarray:
    """The sum of weight times feature, in Python's integers."""
    i, j = pairs.T
    signed = weights * np.where(table[i, j], 1, -1).astype(object)
    inner = np.zeros((len(x), x.shape[1]), dtype=object)
    np.add.at(inner, i, signed[:, None] * x[j])
    return np.append((x.T @ inner).ravel(), unit * signed.sum())


def gaps(places: np.ndarray) -> list[int]:
    """Rising numbers by their differences."""
    return [int(value) for value in np.diff(places, prepend=0)]
