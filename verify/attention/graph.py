"""Relational graphs: which ordered pairs of items a layer of attention should recognise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError


@dataclass(frozen=True, eq=False)
class RelationalGraph:
    """Directed edges between items; ``(i, j)`` says that item j is a neighbour of item i.

    Attributes:
        items: number of items, m.
        edges: int64 (edges, 2), distinct, in lexicographic order. Loops are allowed.

    Raises InputError for an edge that is no pair of items, for one given twice and for no edge.
    """

    items: int
    edges: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", as_edges(self.edges, self.items))

    @classmethod
    def permutation(cls, targets: Sequence[int] | np.ndarray) -> RelationalGraph:
        """Every item has one neighbour: item i has ``targets[i]``.

        Raises InputError where ``targets`` is no permutation.
        """
        values = np.asarray(targets)
        if values.ndim != 1 or sorted(values.tolist()) != list(range(len(values))):
            raise InputError("targets: not a permutation; list each of 0, 1, ... once")
        return cls(len(values), np.stack([np.arange(len(values)), values], axis=1))

    @property
    def degrees(self) -> tuple[np.ndarray, np.ndarray]:
        """Neighbours that each item has, and items that have it as a neighbour; int64 (items,)."""
        return (
            np.bincount(self.edges[:, 0], minlength=self.items),
            np.bincount(self.edges[:, 1], minlength=self.items),
        )

    @property
    def is_permutation(self) -> bool:
        """Whether every item has one neighbour and is one item's neighbour."""
        out, into = self.degrees
        return bool((out == 1).all() and (into == 1).all())

    def neighbours(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """The edges from these items, as indices into a matrix of their rows."""
        start, stop, _ = rows.indices(self.items)
        first, last = np.searchsorted(self.edges[:, 0], [start, stop])
        part = self.edges[first:last]
        return part[:, 0] - start, part[:, 1]

    def adjacency(self, rows: slice) -> np.ndarray:
        """Booleans (rows, items): which pairs are edges."""
        start, stop, _ = rows.indices(self.items)
        table = np.zeros((stop - start, self.items), dtype=bool)
        table[self.neighbours(rows)] = True
        return table

    def __contains__(self, pair: Iterable[int]) -> bool:
        i, j = pair
        first, last = np.searchsorted(self.edges[:, 0], [i, i + 1])
        return bool((self.edges[first:last, 1] == j).any())

    def __len__(self) -> int:
        return len(self.edges)

    def __repr__(self) -> str:
        return f"RelationalGraph({self.items} items, {len(self)} edges)"


def as_edges(edges: Any, items: int) -> np.ndarray:
    """Edges as a sorted int64 array (edges, 2), checked.

    Raises InputError for pairs that are no pairs, indices out of range, and duplicates.
    """
    if items < 1:
        raise InputError(f"a graph has at least one item, not {items}")
    values = np.asarray(edges)
    if values.size == 0:
        raise InputError("the graph has no edge; give at least one pair of items")
    if values.ndim != 2 or values.shape[1] != 2:
        raise InputError(f"edges: shape {values.shape}, not (edges, 2): two items a row")
    # infinities are their own floor: they are out of range below
    whole = values.dtype.kind == "f" and bool((values == np.floor(values)).all())
    if values.dtype.kind not in "iu" and not whole:
        raise InputError(f"edges: values of type {values.dtype} are not indices of items")
    outside = np.flatnonzero(((values < 0) | (values >= items)).any(axis=1))
    if outside.size:
        i, j = values[outside[0]]
        raise InputError(f"edge {outside[0]}, {i} {j}: items are numbered 0 to {items - 1}")
    values = values.astype(np.int64)
    order = np.lexsort((values[:, 1], values[:, 0]))
    ranked = values[order]
    same = np.flatnonzero((ranked[1:] == ranked[:-1]).all(axis=1))
    if same.size:
        first, second = sorted(order[same[0] : same[0] + 2].tolist())
        i, j = ranked[same[0]]
        raise InputError(f"edge {second}, {i} {j}: given before, as edge {first}; remove one")
    return ranked
