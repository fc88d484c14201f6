"""Least total key dimensions at which training succeeds, by cell, recipe and number of heads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..size_search import Sufficient, search_sizes
from .plan import RECIPES, AttentionPlan, Cell, Criterion
from .trained import TrainedLayers

#: Sizes up to so many times u are tried.
MOST = 3.0


@dataclass(frozen=True)
class Threshold:
    """What a search found.

    Attributes:
        cell, recipe, heads, criterion: what was asked.
        found: success by total key dimension.
    """

    cell: Cell
    recipe: str
    heads: int
    criterion: Criterion
    found: Sufficient

    @property
    def reliable(self) -> int | None:
        """The least D_K from which on every seed succeeded."""
        return self.found.reliable

    @property
    def least(self) -> int | None:
        """The least D_K at which some seed succeeded."""
        return self.found.least


def search(
    layers: TrainedLayers, cell: Cell, recipe: str, heads: int, criterion: Criterion, seed: int
) -> Threshold:
    """Search multiples of ``heads`` for the change from failure to success, over the seeds."""
    way = RECIPES[recipe]

    def outcomes(sizes: Sequence[int]) -> Mapping[int, Sequence[bool]]:
        seeds = range(seed, seed + cell.seeds)
        runs = [cell.run(way, heads, size // heads, own) for size in sizes for own in seeds]
        found = layers.measure(runs)
        return {
            size: [one.reaches(criterion) for one in found[k * cell.seeds : (k + 1) * cell.seeds]]
            for k, size in enumerate(sizes)
        }

    # a head wider than the embeddings computes no more
    most = min(cell.embedding_dim, math.ceil(MOST * cell.unit / heads)) * heads
    guess = way.factor * cell.unit * heads ** (1 / 6)
    found = search_sizes(outcomes, guess, low=heads, high=most, step=heads)
    return Threshold(cell, recipe, heads, criterion, found)


def searches(plan: AttentionPlan) -> list[tuple[Cell, str, int, Criterion]]:
    """Everything that a plan searches, small cells first."""
    return [
        (cell, name, heads, criterion)
        for cell in plan.cells
        for name, recipe in RECIPES.items()
        for heads in cell.tried(name)
        for criterion in recipe.criteria
    ]


def best(
    thresholds: Sequence[Threshold], cell: Cell, recipe: str, criterion: Criterion
) -> Threshold | None:
    """The search of a cell with the least reliable size, over the numbers of heads."""
    here = [
        t
        for t in thresholds
        if (t.cell, t.recipe, t.criterion) == (cell, recipe, criterion) and t.reliable is not None
    ]
    return min(here, key=lambda t: (t.reliable or 0, t.heads), default=None)
