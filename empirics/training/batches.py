"""Points dealt into batches, so that every step of a descent sees some of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .device import require_torch
from .program import Tensors

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Batches:
    """How points are dealt: in their order, the last batch filled up with zeros.

    Attributes:
        count: number of points.
        rows: points a step; None for all of them.
    """

    count: int
    rows: int | None = None

    @property
    def size(self) -> int:
        """Rows of a batch."""
        return self.count if self.rows is None else min(self.rows, self.count)

    @property
    def number(self) -> int:
        """Number of batches."""
        return -(-self.count // self.size)

    def dealt(self, array: np.ndarray) -> np.ndarray:
        """An array (points, columns) as float32 (batches, columns, rows)."""
        room = np.zeros((self.number * self.size, array.shape[1]), dtype=np.float32)
        room[: self.count] = array
        batches = room.reshape(self.number, self.size, -1).transpose(0, 2, 1)
        return np.ascontiguousarray(batches)

    def collected(self, batches: np.ndarray) -> np.ndarray:
        """The array (points, columns) that was dealt."""
        columns = batches.shape[1]
        return batches.transpose(0, 2, 1).reshape(-1, columns)[: self.count].copy()

    @property
    def filled(self) -> np.ndarray:
        """How many points the batch of every point has, (points,)."""
        place = np.arange(self.count) // self.size
        return np.minimum(self.count - place * self.size, self.size)


def present(data: Tensors, names: Iterable[str], age: Tensor, number: Tensor) -> Tensors:
    """The batch of every run's present step.

    Args:
        data: tensors (runs, batches, ...).
        names: of those that are dealt into batches.
        age: steps of the runs so far, (runs,).
        number: of batches that a run has, (runs,).
    """
    chosen = list(names)
    if all(data[name].shape[1] == 1 for name in chosen):
        return {name: data[name][:, 0] for name in chosen}
    place = age.remainder(number)
    runs = require_torch().arange(len(age), device=age.device)
    return {name: data[name][runs, place] for name in chosen}
