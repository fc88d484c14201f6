"""Contexts: for every item some other items, its target among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def contexts(targets: np.ndarray, size: int, number: int, seed: Sequence[int]) -> np.ndarray:
    """Random contexts of every item, int32 (number, items, size).

    Each has the target first, the item itself, and others drawn uniformly without repetition.

    Args:
        targets: of every item.
        size: items of a context, at least 2.
        number: contexts of each item.
        seed: of the choice.
    """
    items = len(targets)
    rng = np.random.default_rng(seed)
    own = np.arange(items)
    found = np.empty((number, items, size), dtype=np.int32)
    for place in range(number):
        order = rng.random((items, items))
        # the target comes first, then the item, then the rest in random order
        order[own, own] = -1.0
        order[own, targets] = -2.0
        found[place] = np.argpartition(order, size - 1, axis=1)[:, :size]
    return _target_first(found, targets)


def hardest(scores: np.ndarray, targets: np.ndarray, size: int) -> np.ndarray:
    """For every item the context of target, item and those that score highest, (items, size).

    Args:
        scores: (items, items), of a query (row) for a key.
    """
    items = len(targets)
    order = -scores.copy()
    own = np.arange(items)
    order[own, own] = -np.inf
    order[own, targets] = -np.inf
    found = np.argsort(order, axis=1, kind="stable")[:, :size].astype(np.int32)
    return np.asarray(_target_first(found[None], targets)[0])


def _target_first(found: np.ndarray, targets: np.ndarray) -> np.ndarray:
    at = np.argmax(found == targets[None, :, None], axis=2)[..., None]
    first = found[..., :1].copy()
    np.put_along_axis(found, at, first, axis=2)
    found[..., 0] = targets
    return found
