"""How much of a recovery is the erasure undone: its part along the direction of the erasure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]


class Decomposition(NamedTuple):
    """A recovery r = now - erased against the erasure e = erased - original.

    A reconstruction of the decomposition of arXiv 2602.19215.

    Attributes:
        reversal: -<r, e> / |e|^2; 1 where the erasure is undone in full, 0 where nothing of it is.
        energy: <r, e>^2 / (|r|^2 |e|^2), the share of the recovery along the erasure; NaN where
            nothing moved.
        remainder: |r + reversal e| / |r|; NaN where nothing moved.
    """

    reversal: float
    energy: float
    remainder: float


def decompose(original: Arrays, erased: Arrays, now: Arrays) -> Decomposition:
    """Decompose a recovery over all tensors at once.

    Args:
        original, erased, now: float arrays of the same shapes, by name.
    """
    return decompose_update(difference(original, erased), difference(erased, now))


def decompose_update(erasure: np.ndarray, update: np.ndarray) -> Decomposition:
    """Decompose an update of the weights, both flat."""
    inner, length, moved = (
        float(update @ erasure),
        float(erasure @ erasure),
        float(update @ update),
    )
    if not length or not moved:
        return Decomposition(0.0 if length else float("nan"), float("nan"), float("nan"))
    reversal = -inner / length
    rest = update + reversal * erasure
    return Decomposition(reversal, inner**2 / (length * moved), float(np.sqrt(rest @ rest / moved)))


def by_tensor(original: Arrays, erased: Arrays, now: Arrays) -> dict[str, Decomposition]:
    """The same for every tensor by itself."""
    return {
        name: decompose({name: original[name]}, {name: erased[name]}, {name: now[name]})
        for name in original
    }


class Block(NamedTuple):
    """A recovery and an erasure in some rows of a network with one hidden layer.

    Attributes:
        energy: see :class:`Decomposition`, of these rows by themselves; NaN where nothing moved.
        recovery, erasure: share of the squared length of either that lies here; NaN likewise.
        weights: share of all weights that are these.
    """

    energy: float
    recovery: float
    erasure: float
    weights: float


def by_block(erasure: Arrays, update: Arrays, code: np.ndarray) -> dict[str, Block] | None:
    """The same for the weights of some hidden neurons, ``code``, and of all ``others``.

    The weights of a neuron are its row of the first layer, its bias, and what reads it; the last
    bias goes with the others.

    Args:
        erasure, update: from :func:`move`.
        code: Booleans (neurons,); None comes back where no neuron, or every one, is chosen.
    """
    if code.all() or not code.any():
        return None
    count = sum(array.size for array in erasure.values())
    found = {}
    for name, rows in (("code", code), ("others", ~code)):
        r, e = (_rows(whole, rows, last=name == "others") for whole in (update, erasure))
        found[name] = Block(
            decompose_update(e, r).energy, _share(r, update), _share(e, erasure), len(r) / count
        )
    return found


def move(first: Arrays, second: Arrays) -> dict[str, np.ndarray]:
    """Second minus first by name, in float64."""
    return {name: second[name].astype(np.float64) - first[name] for name in first}


def _rows(whole: Arrays, rows: np.ndarray, last: bool) -> np.ndarray:
    parts = [whole["0.weight"][rows], whole["0.bias"][rows], whole["1.weight"][:, rows]]
    if last:
        parts.append(whole["1.bias"])
    return np.concatenate([part.ravel() for part in parts])


def _share(part: np.ndarray, whole: Arrays) -> float:
    total = float(sum((array**2).sum() for array in whole.values()))
    return float(part @ part) / total if total else float("nan")


class Parts(NamedTuple):
    """Two networks for the causal test.

    Attributes:
        along: the erased network moved by the part of the recovery along the erasure.
        beside: the erased network moved by all the rest.
    """

    along: dict[str, np.ndarray]
    beside: dict[str, np.ndarray]


def parts(original: Arrays, erased: Arrays, now: Arrays) -> Parts:
    """Split a recovery: does the part along the erasure alone bring the clause back?"""
    reversal = decompose(original, erased, now).reversal
    along, beside = {}, {}
    for name, start in erased.items():
        erasure = start.astype(np.float64) - original[name]
        along[name] = start - reversal * erasure
        beside[name] = now[name] + reversal * erasure
    return Parts(along, beside)


def isotropic_energy(parameters: int) -> float:
    """Expected share of energy of a uniformly random direction: one in so many parameters."""
    return 1 / parameters


def difference(first: Arrays, second: Arrays) -> np.ndarray:
    """Second minus first, flat, tensors in the order of their names."""
    # dictionaries of the same tensors may come in different orders
    moved = move(first, second)
    return np.concatenate([moved[name].ravel() for name in sorted(moved)])
