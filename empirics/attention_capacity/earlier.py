"""Sizes that an earlier implementation of the same recipes reached, and how far ours are from them.

They were measured before this package by a plain loop, a run at a time, with 2 to 5 seeds. One step
of D_K is one key dimension more in every head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .plan import CRITERIA, Criterion
from .thresholds import Threshold, best

#: Logistic training, micro-F1 >= .99, least D_K over the numbers of heads: by (m, d).
F1_SIZES: dict[tuple[int, int], int] = {
    (64, 16): 12,
    (64, 32): 4,
    (128, 16): 32,
    (128, 32): 10,
    (128, 64): 4,
    (256, 32): 28,
    (256, 64): 10,
    (512, 64): 30,
    (512, 128): 12,
}
#: Bracketed hinge with r0 = .9, no error with any seed: D_K by (m, d) and heads.
ZERO_SIZES: dict[tuple[int, int], dict[int, int]] = {
    (64, 16): {2: 12, 4: 16, 8: 16},
    (128, 32): {1: 12, 2: 12, 4: 16, 8: 24},
    (256, 64): {1: 11, 2: 12, 4: 16, 8: 24},
    (512, 64): {2: 34, 3: 30, 4: 32, 8: 32},
    (512, 128): {1: 13, 2: 14, 4: 16, 8: 24},
    (1024, 128): {1: 32, 2: 30, 4: 32},
    (1024, 256): {1: 13, 2: 16, 4: 20},
}
#: The same with r0 = .98.
TIGHT_SIZES: dict[tuple[int, int], dict[int, int]] = {
    (128, 32): {2: 10},
    (256, 64): {1: 10},
    (512, 64): {3: 27},
    (512, 128): {1: 11},
    (1024, 128): {2: 28},
    (1024, 256): {1: 12},
}


@dataclass(frozen=True)
class Comparison:
    """One size of the earlier table beside ours.

    Attributes:
        recipe, criterion, items, embedding_dim: what was measured.
        heads: of both; for micro-F1, where the table has the best number of heads, of ours.
        earlier: D_K of the table.
        least, reliable: ours: with some seed, and from which on with every seed.
    """

    recipe: str
    criterion: Criterion
    items: int
    embedding_dim: int
    heads: int
    earlier: int
    least: int | None
    reliable: int | None

    @property
    def steps(self) -> int | None:
        """Key dimensions a head that ours has more, rounded away from 0; None without a size."""
        if self.reliable is None:
            return None
        difference = self.reliable - self.earlier
        size = -(-abs(difference) // self.heads)
        return size if difference > 0 else -size

    @property
    def verdict(self) -> str:
        """``within one step``, or how it is not."""
        steps = self.steps
        if steps is None:
            return "no size with every seed"
        if abs(steps) <= 1:
            return "within one step"
        return f"{abs(steps)} steps {'larger' if steps > 0 else 'smaller'}"

    @property
    def about(self) -> str:
        """Recipe and criterion, in words."""
        return f"{self.recipe}, {CRITERIA[self.criterion]}"


def comparisons(thresholds: Sequence[Threshold]) -> tuple[Comparison, ...]:
    """Every size of the earlier table that was measured again."""
    found = []
    cells = {(t.cell.items, t.cell.embedding_dim): t.cell for t in thresholds}
    for size, earlier in F1_SIZES.items():
        if size in cells:
            ours = best(thresholds, cells[size], "logistic", "f1")
            if ours is not None:
                found.append(_beside(ours, earlier))
    for recipe, table in (("hinge", ZERO_SIZES), ("tight hinge", TIGHT_SIZES)):
        for t in thresholds:
            sizes = table.get((t.cell.items, t.cell.embedding_dim), {})
            if t.recipe == recipe and t.criterion == "zero" and t.heads in sizes:
                found.append(_beside(t, sizes[t.heads]))
    return tuple(found)


def _beside(ours: Threshold, earlier: int) -> Comparison:
    cell = ours.cell
    return Comparison(
        ours.recipe, ours.criterion, cell.items, cell.embedding_dim, ours.heads, earlier,
        ours.least, ours.reliable,
    )  # fmt: skip
