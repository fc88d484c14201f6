"""Frozen item vectors: drawn ones with a stated spectrum, or rows of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...constructions.attention.embeddings import as_embeddings, read_embeddings, rounded
from ...verify.errors import InputError

#: Variances of ``power-law`` fall like n^-EXPONENT over the dimensions.
EXPONENT = 1.0
#: Length of the mean that the unit vectors of ``common-mean`` share.
MEAN = 2.0
#: How a file is named as a kind.
FILE = "file:"


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def gaussian(items: int, embedding_dim: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform directions: all eigenvalues of the second moments near 1/d."""
    return _unit(rng.standard_normal((items, embedding_dim)))


def signs(items: int, embedding_dim: int, rng: np.random.Generator) -> np.ndarray:
    """Entries +-1/sqrt(d), fair and independent, vectors that were drawn before drawn again.

    Raises InputError for more items than half of all sign vectors.
    """
    if items > 2 ** min(embedding_dim - 1, 40):
        raise InputError(
            f"signs: {items} items in {embedding_dim} dimensions; half of all sign vectors are "
            f"{2 ** (embedding_dim - 1)}"
        )
    drawn = rng.integers(0, 2, (items, embedding_dim))
    while True:
        _, first = np.unique(drawn, axis=0, return_index=True)
        twins = np.setdiff1d(np.arange(items), first)
        if not twins.size:
            return np.asarray((2.0 * drawn - 1) / np.sqrt(embedding_dim))
        drawn[twins] = rng.integers(0, 2, (len(twins), embedding_dim))


def power_law(items: int, embedding_dim: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian with variances n^-1 over the dimensions, rotated, scaled to length 1."""
    vectors = rng.standard_normal((items, embedding_dim))
    vectors *= np.arange(1, embedding_dim + 1) ** (-EXPONENT / 2)
    rotation = np.linalg.qr(rng.standard_normal((embedding_dim, embedding_dim)))[0]
    return _unit(vectors @ rotation)


def common_mean(items: int, embedding_dim: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform directions plus one vector of length 2: one eigenvalue near 4, the others 1/d."""
    shared = rng.standard_normal(embedding_dim)
    vectors = gaussian(items, embedding_dim, rng)
    return np.asarray(vectors + MEAN * shared / np.linalg.norm(shared))


#: Kinds of drawn vectors.
FROZEN: dict[str, Callable[[int, int, np.random.Generator], np.ndarray]] = {
    "gaussian": gaussian,
    "signs": signs,
    "power-law": power_law,
    "common-mean": common_mean,
}


@lru_cache(maxsize=32)
def frozen(kind: str, items: int, embedding_dim: int, seed: int) -> np.ndarray:
    """The vectors of a kind, read-only (items, embedding_dim).

    Drawn ones are float32 multiples of 2^-12 of a power of two. ``file:PATH`` takes the rows of a
    file as they are, in float32; of more than ``items`` rows it takes a sample by the seed.

    Raises InputError for an unknown kind, a file that does not fit, and items that share a vector.
    """
    if kind.startswith(FILE):
        vectors = _rows(Path(kind.removeprefix(FILE)), items, seed)
        if vectors.shape != (items, embedding_dim):
            raise InputError(
                f"{kind.removeprefix(FILE)}: gives {vectors.shape[0]} vectors of "
                f"{vectors.shape[1]} dimensions, not {items} of {embedding_dim}"
            )
    elif kind in FROZEN:
        rng = np.random.default_rng([seed, 31, sorted(FROZEN).index(kind)])
        vectors = as_embeddings(rounded(FROZEN[kind](items, embedding_dim, rng)))
    else:
        known = ", ".join(FROZEN)
        raise InputError(f"unknown embeddings '{kind}'; use one of {known}, or {FILE}PATH")
    vectors.setflags(write=False)
    return vectors


def _rows(path: Path, items: int, seed: int) -> np.ndarray:
    every = _file(path, path.stat().st_mtime_ns if path.exists() else 0)
    if len(every) <= items:
        return every.copy()
    chosen = np.random.default_rng([seed, 37]).choice(len(every), size=items, replace=False)
    return np.asarray(every[np.sort(chosen)])


@lru_cache(maxsize=2)
def _file(path: Path, changed: int) -> np.ndarray:
    try:
        return as_embeddings(read_embeddings(path).astype(np.float32))
    except InputError as error:
        text = str(error)
        raise InputError(text if str(path) in text else f"{path}: {text}") from None


def file_shape(path: Path) -> tuple[int, int, str]:
    """Items, dimensions and digest of the vectors in a file.

    Raises InputError that names the file.
    """
    every = _file(path, path.stat().st_mtime_ns if path.exists() else 0)
    if len(every) < 4:
        raise InputError(f"{path}: holds {len(every)} vectors; give 4 or more")
    return len(every), every.shape[1], hashlib.sha256(every.tobytes()).hexdigest()


def spectrum(vectors: np.ndarray) -> dict[str, float]:
    """Share of the second moments in the first direction, and the effective number of directions.

    The latter is the exponential of the entropy of the shares.
    """
    values = np.linalg.eigvalsh(vectors.T.astype(np.float64) @ vectors)
    shares = np.clip(values, 0, None) / values.sum()
    kept = shares[shares > 0]
    return {
        "first": float(shares.max()),
        "directions": float(np.exp(-(kept * np.log(kept)).sum())),
    }
