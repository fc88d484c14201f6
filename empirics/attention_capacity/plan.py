"""Plans of ``attention-capacity``: cells, ways to train, and layers of one total key dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from ..training.attention_layers import AttentionRun
from ..training.schedule import Schedule

#: What a run should reach: micro-F1 of at least .99, or no error at all.
Criterion = Literal["f1", "zero"]
CRITERIA: dict[Criterion, str] = {"f1": "micro-F1 >= .99", "zero": "no error"}
_MOMENTA = (0.9, 0.99)


@dataclass(frozen=True)
class Recipe:
    """A way to train a layer.

    Attributes:
        name: short.
        about: loss, start, steps, in words.
        loss, start, level: see :class:`superproof.empirics.training.attention_layers.AttentionRun`.
        schedule: of the descent.
        criteria: what sizes are searched for.
        factor: success is expected from this many times u on.
    """

    name: str
    about: str
    loss: str
    start: str
    level: float
    schedule: Schedule
    criteria: tuple[Criterion, ...]
    factor: float


def _schedule(steps: int, warm_up: float) -> Schedule:
    return Schedule(steps, 0.1, patience=10, decay="linear", warm_up=warm_up, momenta=_MOMENTA)


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "logistic",
            "logistic loss with learned scale and threshold, random start of deviation "
            ".3/sqrt(d_k), 1,000 steps of Adam at rate .1 that falls to 0 in the second half",
            *("logistic", "random", 0.9, _schedule(1000, 0.02), ("f1", "zero"), 0.40),
        ),
        Recipe(
            "hinge",
            "bracketed squared hinge with r0 = .9, spectral start, 1,000 steps of Adam at rate .1",
            *("hinge", "spectral", 0.9, _schedule(1000, 0.01), ("zero",), 0.45),
        ),
        Recipe(
            "tight hinge",
            "the same with r0 = .98 and 2,500 steps",
            *("hinge", "spectral", 0.98, _schedule(2500, 0.004), ("zero",), 0.36),
        ),
    )
}


@dataclass(frozen=True)
class Cell:
    """Numbers of items and dimensions, with what is tried there.

    Attributes:
        items, embedding_dim: m and d.
        heads: numbers of heads.
        seeds: number of seeds; a seed decides vectors, permutation and start.
        tight: numbers of heads that the recipe ``tight hinge`` gets.
        certified: number of seeds for which the least certified construction is searched.
        stretch: training takes so many times the steps of the recipe.
    """

    items: int
    embedding_dim: int
    heads: tuple[int, ...]
    seeds: int
    tight: tuple[int, ...] = ()
    certified: int = 1
    stretch: int = 1

    @property
    def unit(self) -> float:
        """u = m lg m / d."""
        return self.items * math.log2(self.items) / self.embedding_dim

    @property
    def load(self) -> float:
        """m ln m / d^2; one head cannot do beyond about .9."""
        return self.items * math.log(self.items) / self.embedding_dim**2

    @property
    def name(self) -> str:
        """As in tables."""
        return f"{self.items}, {self.embedding_dim}"

    def tried(self, recipe: str) -> tuple[int, ...]:
        """Numbers of heads that a recipe gets here."""
        return self.tight if recipe == "tight hinge" else self.heads

    def run(self, recipe: Recipe, heads: int, key_dim: int, seed: int) -> AttentionRun:
        """One layer to train."""
        return AttentionRun(
            self.items,
            self.embedding_dim,
            heads,
            key_dim,
            task_seed=seed,
            seed=seed,
            loss=recipe.loss,
            start=recipe.start,
            level=recipe.level,
            schedule=replace(recipe.schedule, steps=self.stretch * recipe.schedule.steps),
        )


@dataclass(frozen=True)
class TradeOff:
    """Layers of one total key dimension in one cell, by number of heads.

    Attributes:
        cell: where.
        total_key_dim: D_K.
        heads: divisors of it.
    """

    cell: Cell
    total_key_dim: int
    heads: tuple[int, ...]


@dataclass(frozen=True)
class AttentionPlan:
    """What to train.

    Attributes:
        cells: where least sizes are searched.
        trade_offs: where one total key dimension is shared out among heads.
        certified_seconds: of training at each size that a certified construction is tried at.
    """

    cells: tuple[Cell, ...]
    trade_offs: tuple[TradeOff, ...]
    certified_seconds: float


_SMALL = (
    Cell(64, 32, (1, 2), 4),
    Cell(64, 16, (1, 2, 4), 4),
    Cell(128, 64, (1, 2), 4),
    Cell(128, 32, (1, 2), 4),
)
QUICK = AttentionPlan(
    cells=_SMALL,
    trade_offs=(TradeOff(_SMALL[1], 16, (1, 2, 4, 8, 16)), TradeOff(_SMALL[3], 12, (1, 2, 4))),
    certified_seconds=1.5,
)
_ALL = (1, 2, 4, 8)
_CELLS = {
    (cell.items, cell.embedding_dim): cell
    for cell in (
        Cell(64, 32, _ALL, 10, certified=3),
        Cell(64, 16, _ALL, 10, certified=3),
        # one head cannot do where its load is far beyond .9; the largest load takes longest
        Cell(128, 16, (2, 4, 8), 6, certified=2, stretch=2),
        Cell(128, 64, _ALL, 6, certified=2),
        Cell(128, 32, _ALL, 6, tight=(2,), certified=2),
        Cell(256, 32, (2, 4, 8), 5, certified=2),
        Cell(256, 64, _ALL, 5, tight=(1,), certified=2),
        Cell(512, 64, (1, 2, 3, 4, 8), 5, tight=(2, 3)),
        Cell(512, 128, _ALL, 5, tight=(1,)),
        Cell(1024, 128, (1, 2, 3, 4), 3, tight=(2,)),
        Cell(1024, 256, (1, 2, 4), 3, tight=(1,)),
    )
}
FULL = AttentionPlan(
    cells=tuple(_CELLS.values()),
    trade_offs=tuple(
        TradeOff(_CELLS[size], total, heads)
        for size, total, heads in (
            ((64, 16), 16, (1, 2, 4, 8, 16)),
            ((128, 16), 32, (1, 2, 4, 8, 16, 32)),
            ((128, 32), 12, (1, 2, 3, 4, 6, 12)),
            ((256, 32), 32, (1, 2, 4, 8, 16, 32)),
            ((256, 64), 12, (1, 2, 3, 4, 6, 12)),
            ((512, 64), 32, (1, 2, 4, 8, 16, 32)),
        )
    ),
    certified_seconds=15.0,
)
#: For a GPU: twice as many items.
LARGE = AttentionPlan(
    cells=(
        *FULL.cells,
        Cell(2048, 128, (1, 2, 4, 8), 3),
        Cell(2048, 256, (1, 2, 4), 3, tight=(1,)),
    ),
    trade_offs=FULL.trade_offs,
    certified_seconds=60.0,
)
