"""Which pairs of inputs a network is asked to AND: the families of tasks, seeded."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..verify.errors import InputError, require_seed
from ..verify.formats.index_pairs import read_index_pairs


def matching(inputs: int, outputs: int | None, seed: int) -> np.ndarray:
    """Disjoint pairs of inputs; as many as fit when ``outputs`` is None."""
    outputs = inputs // 2 if outputs is None else outputs
    if 2 * outputs > inputs:
        raise InputError(
            f"a matching of {outputs} pairs needs {2 * outputs} inputs, not {inputs}; "
            f"ask for at most {inputs // 2} outputs"
        )
    return np.random.default_rng(seed).permutation(inputs)[: 2 * outputs].reshape(-1, 2)


def star(inputs: int, outputs: int | None, seed: int) -> np.ndarray:
    """Pairs that all share one input; all of them when ``outputs`` is None."""
    outputs = inputs - 1 if outputs is None else outputs
    if outputs > inputs - 1:
        raise InputError(
            f"a star on {inputs} inputs has {inputs - 1} pairs, not {outputs}; "
            f"ask for at most {inputs - 1} outputs"
        )
    order = np.random.default_rng(seed).permutation(inputs)
    return np.stack([np.full(outputs, order[0]), order[1 : outputs + 1]], axis=1)


def complete(inputs: int, outputs: int | None, seed: int) -> np.ndarray:
    """All pairs; the labels of the outputs are in random order."""
    pairs = math.comb(inputs, 2)
    if outputs is not None and outputs != pairs:
        raise InputError(
            f"the complete pattern on {inputs} inputs has {pairs} outputs, not {outputs}; "
            "leave the outputs out, or use the pattern random"
        )
    return _unrank(np.random.default_rng(seed).permutation(pairs))


def random(inputs: int, outputs: int | None, seed: int) -> np.ndarray:
    """Distinct pairs drawn uniformly; as many as there are inputs when ``outputs`` is None."""
    outputs = _fitting(inputs, inputs if outputs is None else outputs)
    ranks = np.random.default_rng(seed).choice(math.comb(inputs, 2), outputs, replace=False)
    return _unrank(ranks)


def random_low_influence(inputs: int, outputs: int | None, seed: int) -> np.ndarray:
    """Distinct random pairs in which every input has nearly the same influence.

    The influence of an input is the number of outputs that depend on it. Random pairs are
    taken while both members are below a limit: the average influence rounded up, and one more
    whenever no pair is left.
    """
    outputs = _fitting(inputs, inputs if outputs is None else outputs)
    available = math.comb(inputs, 2)
    ranks = np.random.default_rng(seed).choice(
        available, min(available, 32 * outputs), replace=False
    )
    candidates = _unrank(ranks)
    limit = -(-2 * outputs // inputs)
    influence = np.zeros(inputs, dtype=np.int64)
    taken: list[tuple[int, int]] = []
    while True:
        passed = []
        for a, b in candidates:
            if len(taken) < outputs and influence[a] < limit and influence[b] < limit:
                influence[a] += 1
                influence[b] += 1
                taken.append((a, b))
            else:
                passed.append((a, b))
        if len(taken) == outputs:
            return np.array(taken, dtype=np.int64)
        candidates = np.array(passed, dtype=np.int64)
        limit += 1


#: Patterns by the name used on the command line: function of (inputs, outputs, seed).
PATTERNS: dict[str, Callable[[int, int | None, int], np.ndarray]] = {
    "random": random,
    "random-low-influence": random_low_influence,
    "matching": matching,
    "star": star,
    "complete": complete,
}


#: Most inputs, as many as a specification file may have; and most (inputs x outputs), each of
#: which a round of the exactness criterion looks at.
MOST_INPUTS, MOST_OVERLAPS = 1_000_000, 10**11


def require_feasible(inputs: int, outputs: int) -> None:
    """Raise InputError for sizes that would take days or more memory than machines have."""
    if inputs > MOST_INPUTS:
        raise InputError(f"{inputs:,} inputs are too many; at most {MOST_INPUTS:,} can be handled")
    if inputs * outputs > MOST_OVERLAPS:
        raise InputError(
            f"{inputs:,} inputs and {outputs:,} outputs are too many: the proof compares every "
            f"output with every input, {inputs * outputs:.0e} times a round; at most "
            f"{MOST_OVERLAPS:.0e} can be handled"
        )


def pattern(name: str, inputs: int, outputs: int | None = None, seed: int = 0) -> np.ndarray:
    """The pairs of a named pattern.

    Args:
        name: one of :data:`PATTERNS`.
        inputs: number of inputs, 2 or more.
        outputs: number of pairs; None for the pattern's own number.
        seed: decides which pairs, and which output computes which.

    Returns:
        int64 array (outputs, 2), the smaller index first in every row, rows distinct.

    Raises:
        InputError: an unknown name, or sizes that do not fit.
    """
    if name not in PATTERNS:
        raise InputError(f"unknown pattern '{name}'; use one of {', '.join(PATTERNS)}")
    if inputs < 2:
        raise InputError(f"pairs need at least 2 inputs, not {inputs}")
    if outputs is not None and outputs < 1:
        raise InputError(f"outputs must be 1 or more, not {outputs}")
    require_seed(seed)
    own = math.comb(inputs, 2) if name == "complete" else inputs
    require_feasible(inputs, own if outputs is None else outputs)
    return as_pairs(PATTERNS[name](inputs, outputs, seed), inputs)


def as_pairs(pairs: Any, inputs: int) -> np.ndarray:
    """Check a list of pairs of input indices and bring it into standard form.

    Args:
        pairs: (outputs, 2) integers; row j is what output j ANDs.
        inputs: number of inputs; indices run from 0 to ``inputs - 1``.

    Returns:
        int64 array (outputs, 2), the smaller index first in every row.

    Raises:
        InputError: not pairs of integers, an index out of range, a pair of an input with
            itself, or the same pair twice; with the number of the row.
    """
    try:
        array = np.asarray(pairs)
    except ValueError:
        raise InputError("pairs: every row must hold two input indices") from None
    if array.ndim != 2 or array.shape[1] != 2:
        raise InputError(f"pairs: the shape must be (outputs, 2), not {array.shape}")
    if array.dtype.kind not in "iu":
        raise InputError("pairs: the indices must be integers")
    if not len(array):
        raise InputError("pairs: there is not a single pair")
    outside = np.flatnonzero(((array < 0) | (array >= inputs)).any(axis=1))
    if outside.size:
        row = outside[0]
        raise InputError(
            f"pairs: row {row} is {_shown(array[row])}; indices run from 0 to {inputs - 1}"
        )
    array = np.sort(array.astype(np.int64), axis=1)
    same = np.flatnonzero(array[:, 0] == array[:, 1])
    if same.size:
        row = same[0]
        raise InputError(
            f"pairs: row {row} is {_shown(array[row])}; a pair needs two different inputs"
        )
    _, first, inverse = np.unique(array, axis=0, return_index=True, return_inverse=True)
    repeated = np.flatnonzero(first[inverse.ravel()] != np.arange(len(array)))
    if repeated.size:
        row = repeated[0]
        earlier = first[inverse.ravel()[row]]
        raise InputError(
            f"pairs: row {row} repeats row {earlier}, {_shown(array[row])}; "
            "every output needs a pair of its own"
        )
    return array


def read_pairs(path: Path, inputs: int) -> np.ndarray:
    """Read an edge list: two input indices a line, by spaces or a comma; ``#`` starts a comment.

    A ``.npz`` holds one array (outputs, 2) of integers instead. Returns pairs as :func:`as_pairs`
    does. Raises InputError with the file and the line.
    """
    try:
        return as_pairs(read_index_pairs(path, inputs, "input"), inputs)
    except InputError as error:
        named = str(error).startswith(f"{path}: ")
        raise error if named else InputError(f"{path}: {error}") from None


def _fitting(inputs: int, outputs: int) -> int:
    available = math.comb(inputs, 2)
    if outputs > available:
        raise InputError(
            f"{inputs} inputs have {available} pairs, not {outputs}; "
            f"ask for at most {available} outputs"
        )
    return outputs


def _unrank(ranks: np.ndarray) -> np.ndarray:
    """Pair number r = b (b - 1) / 2 + a, a < b, for every rank."""
    ranks = ranks.astype(np.int64)
    b = ((1 + np.sqrt(1 + 8 * ranks.astype(np.float64))) / 2).astype(np.int64)
    b -= b * (b - 1) // 2 > ranks  # the root may round across an integer, by one
    b += b * (b + 1) // 2 <= ranks
    return np.stack([ranks - b * (b - 1) // 2, b], axis=1)


def _shown(row: np.ndarray) -> str:
    return f"({row[0]}, {row[1]})"
