"""Vectors of the items: drawn by a seed or given, rounded, and how far from orthogonal they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...verify.attention.files import read_embeddings as read_matrix
from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError, require_seed

#: Drawn and given vectors are rounded to multiples of 2^-FRACTION.
FRACTION = 12
#: A mean is called common when it is this many times as long as chance would have it.
COMMON = 4.0
#: Singular values below this share of the largest one count as zero.
RANK = 1e-6
#: Rows of a block of inner products.
BLOCK = 1024
#: Most dimensions of a vector, and most numbers of all vectors.
MOST_DIMENSIONS, MOST_NUMBERS = 1 << 14, 1 << 28
#: Sizes of the largest entry at which squares and their sums stay far from the ends of float64.
LEAST_ENTRY, MOST_ENTRY = 1e-30, 1e30


def gaussian(items: int, embedding_dim: int, seed: int) -> np.ndarray:
    """Independent uniform directions, (items, embedding_dim)."""
    vectors = np.random.default_rng([seed, 11]).standard_normal((items, embedding_dim))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def orthonormal(items: int, embedding_dim: int, seed: int) -> np.ndarray:
    """The standard basis: item i has vector e_i. Raises InputError for more items than that."""
    if items > embedding_dim:
        raise InputError(
            f"{items} items cannot be orthonormal in {embedding_dim} dimensions; use gaussian, or "
            "at least as many dimensions"
        )
    return np.eye(items, embedding_dim)


def spectrum(items: int, embedding_dim: int, seed: int) -> np.ndarray:
    """Gaussian directions with variances that fall like 1/n over the dimensions, rotated."""
    rng = np.random.default_rng([seed, 12])
    vectors = rng.standard_normal((items, embedding_dim))
    vectors /= np.sqrt(np.arange(1, embedding_dim + 1))
    rotation = np.linalg.qr(rng.standard_normal((embedding_dim, embedding_dim)))[0]
    vectors = vectors @ rotation
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


#: Kinds of drawn vectors, by the name used on the command line.
EMBEDDINGS: dict[str, Callable[[int, int, int], np.ndarray]] = {
    "gaussian": gaussian,
    "orthonormal": orthonormal,
    "spectrum": spectrum,
}


def embeddings(kind: str, items: int, embedding_dim: int, seed: int = 0) -> np.ndarray:
    """Drawn vectors, rounded: float32 (items, embedding_dim), multiples of 2^-12.

    Args:
        kind: one of :data:`EMBEDDINGS`.
        items, embedding_dim: m and d, 1 or more.
        seed: of the directions.

    Raises InputError for an unknown kind, and numbers that do not fit.
    """
    if kind not in EMBEDDINGS:
        raise InputError(f"unknown embeddings '{kind}'; use one of {', '.join(EMBEDDINGS)}")
    if items < 1 or embedding_dim < 1:
        raise InputError(
            f"items and embedding dimensions must be 1 or more, not {items} and {embedding_dim}"
        )
    require_seed(seed)
    _require_size(items, embedding_dim)
    return rounded(EMBEDDINGS[kind](items, embedding_dim, seed))


def read_embeddings(path: str | Path) -> np.ndarray:
    """Vectors from a file, unchanged: a matrix in ``.npy`` or ``.safetensors``, checked.

    Raises InputError that names the file.
    """
    vectors = read_matrix(Path(path))
    try:
        return as_embeddings(vectors)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def as_embeddings(vectors: Any) -> np.ndarray:
    """Check given vectors: a finite matrix (items, embedding_dim); floats, unchanged.

    Raises InputError for what is no matrix, too large, not finite or far from 1 in size, and for
    items that share a vector.
    """
    array = np.asarray(vectors)
    if array.ndim != 2 or 0 in array.shape:
        raise InputError(f"embeddings: shape {array.shape}, not (items, embedding_dim)")
    _require_size(*array.shape)
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind not in "iuf":
        raise InputError(f"embeddings: values of type {array.dtype} are not numbers")
    wrong = np.argwhere(~np.isfinite(array.astype(np.float64)))
    if len(wrong):
        item, place = wrong[0]
        raise InputError(f"embeddings: entry [{item}, {place}] is {array[item, place]}, not finite")
    largest = float(np.abs(array.astype(np.float64)).max())
    if not LEAST_ENTRY <= largest <= MOST_ENTRY:
        raise InputError(
            f"embeddings: the largest entry is {largest:.3g} in size; multiply them by a power of "
            f"two that brings it between {LEAST_ENTRY:g} and {MOST_ENTRY:g}"
        )
    _, first, inverse = np.unique(array, axis=0, return_index=True, return_inverse=True)
    twin = np.flatnonzero(first[inverse.ravel()] != np.arange(len(array)))
    if twin.size:
        earlier = first[inverse.ravel()[twin[0]]]
        raise InputError(
            f"embeddings: items {earlier} and {twin[0]} have the same vector, so no layer can "
            "tell them apart"
        )
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def rounded(vectors: np.ndarray) -> np.ndarray:
    """Vectors at multiples of 2^-12 of the power of two above their largest entry: float32."""
    largest = float(np.abs(vectors).max(initial=0.0))
    unit = 2.0 ** (max(int(np.ceil(np.log2(max(largest, 1e-30)))), -60) - FRACTION)
    return np.asarray((np.rint(vectors / unit) * unit).astype(np.float32))


def require_separable(vectors: np.ndarray, graph: RelationalGraph) -> None:
    """Raise InputError where an item without extent makes every layer fail.

    The zero vector scores 0 in all its pairs, so they are reported together or not at all.
    """
    for item in np.flatnonzero(~vectors.any(axis=1)).tolist():
        touching = int((graph.edges == item).any(axis=1).sum())
        if 0 < touching < 2 * graph.items - 1:
            raise InputError(
                f"embeddings: item {item} has the zero vector, so all its pairs score 0, and only "
                "some of them are edges; give it another vector, or leave its edges out"
            )


def _require_size(items: int, dim: int) -> None:
    if dim > MOST_DIMENSIONS or items * dim > MOST_NUMBERS:
        raise InputError(
            f"{items:,} items in {dim:,} dimensions are too many: at most {MOST_DIMENSIONS:,} "
            f"dimensions, and {MOST_NUMBERS:,} numbers in all"
        )


@dataclass(frozen=True)
class Incoherence:
    """How far item vectors are from orthogonal, for vectors scaled to unit length.

    Attributes:
        rho: largest sum over edges' ends ``i`` of ``<x_a, x_i>^2``, i other than a.
        mu: largest ``|<x_a, x_i>|`` of two items.
        rho_whitened, mu_whitened: the same after whitening by the second moments.
        mean: length of the mean of all unit vectors; about ``1 / sqrt(items)`` by chance.
        common_mean: whether that is more than chance.
        rank: dimensions that the vectors span.
    """

    rho: float
    mu: float
    rho_whitened: float
    mu_whitened: float
    mean: float
    common_mean: bool
    rank: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def incoherence(vectors: np.ndarray, graph: RelationalGraph) -> Incoherence:
    """Measure the vectors of a graph's items; docs/attention-constructions.md, section 1."""
    points = vectors.astype(np.float64)
    unit = _unit(points)
    rho, mu = _overlaps(unit, graph)
    white = _unit(points @ whitening(points))
    mean = mean_length(points)
    values = np.linalg.svd(points, compute_uv=False)
    return Incoherence(
        rho,
        mu,
        *_overlaps(white, graph),
        mean=mean,
        common_mean=has_common_mean(points),
        rank=int((values > RANK * values.max(initial=0.0)).sum()),
    )


def mean_length(vectors: np.ndarray) -> float:
    """Length of the mean of the vectors scaled to unit length."""
    return float(np.linalg.norm(_unit(vectors.astype(np.float64)).mean(axis=0)))


def has_common_mean(vectors: np.ndarray) -> bool:
    """Whether that mean is longer than chance would have it."""
    return bool(mean_length(vectors) > COMMON / np.sqrt(len(vectors)))


def whitening(vectors: np.ndarray) -> np.ndarray:
    """C with X C of second moments I/d: symmetric, (embedding_dim, embedding_dim), float64.

    A mean that all vectors share is one direction like any other afterwards, and directions
    without extent stay zero. C goes into W_Q and W_K: scores of X C are scores of X.
    """
    points = vectors.astype(np.float64)
    items, dim = points.shape
    values, axes = np.linalg.eigh(points.T @ points / items)
    kept = values > RANK**2 * values.max(initial=0.0)
    roots = np.where(kept, 1.0 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    return np.asarray((axes * roots) @ axes.T / np.sqrt(dim))


def _unit(points: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.where(lengths > 0, lengths, 1.0))


def _overlaps(unit: np.ndarray, graph: RelationalGraph) -> tuple[float, float]:
    """rho and mu of unit vectors; sums run over sources, or over targets, whichever is worse."""
    ends = [np.unique(graph.edges[:, side]) for side in (0, 1)]
    rho = mu = 0.0
    for start in range(0, len(unit), BLOCK):
        some = unit[start : start + BLOCK]
        squares = (some @ unit.T) ** 2
        squares[np.arange(len(some)), start + np.arange(len(some))] = 0.0
        mu = max(mu, float(squares.max()))
        rho = max(rho, *(float(squares[:, end].sum(axis=1).max()) for end in ends))
    return rho, float(np.sqrt(mu))
