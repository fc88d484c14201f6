"""What the reading experiment runs: networks to read, also deep ones, and their capacities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..run_plan import Planned
from .stacked import DeepCell, StackedCell
from .training import Cell

NAME = "reading"
#: Rounds of counterexamples for the networks whose capacity is measured.
CAPACITY_ROUNDS = 2


@dataclass(frozen=True)
class ReadingPlan:
    """Sizes and seeds.

    Attributes:
        cells: networks to read.
        seeds: of each cell.
        chance: networks whose weights, and those of others without structure, are decoded.
        chance_seeds: of each.
        neurons, clauses: grid of the capacities, clauses of four positive literals on 16 inputs.
        capacity_seeds: of each.
        timeout: seconds for reading one network.
        stacks: trained blocks put on each other.
        deep: networks with several hidden layers.
        layered_seeds: of each of these two.
    """

    cells: tuple[Cell, ...]
    seeds: int
    chance: tuple[Cell, ...]
    chance_seeds: int
    neurons: tuple[int, ...]
    clauses: tuple[int, ...]
    capacity_seeds: int
    timeout: float
    stacks: tuple[StackedCell, ...] = ()
    deep: tuple[DeepCell, ...] = ()
    layered_seeds: int = 1

    def planned(self, seed: int) -> list[Planned]:
        """All runs, networks of one size side by side."""
        parts: Sequence[tuple[str, Sequence[Cell | StackedCell | DeepCell], int]] = (
            ("read", self.cells, self.seeds),
            ("chance", self.chance, self.chance_seeds),
            ("capacity", self.capacity_cells, self.capacity_seeds),
            ("stacked", self.stacks, self.layered_seeds),
            ("deep", self.deep, self.layered_seeds),
        )
        return [
            Planned(NAME, {"part": part, "timeout": self.timeout, **asdict(cell)}, one)
            for part, cells, seeds in parts
            for cell in cells
            for one in range(seed, seed + seeds)
        ]

    @property
    def capacity_cells(self) -> tuple[Cell, ...]:
        """The grid."""
        return tuple(
            Cell("dnf", 16, m, 4, h, disjoint=False, rounds=CAPACITY_ROUNDS)
            for h in self.neurons
            for m in self.clauses
        )


def cell_of(configuration: dict[str, Any]) -> Cell:
    """The cell of a planned run of the parts ``read``, ``chance`` and ``capacity``."""
    left = {k: v for k, v in configuration.items() if k not in ("part", "timeout")}
    return Cell(**left)


def _dnfs(sizes: Sequence[tuple[int, int, int, int]], l1: float = 1e-3) -> tuple[Cell, ...]:
    """Every (inputs, clauses, arity, hidden), disjoint and overlapping, positive and mixed."""
    return tuple(
        Cell("dnf", n, m, k, h, disjoint=disjoint, mixed=mixed, l1=l1)
        for n, m, k, h in sizes
        for disjoint in (True, False)
        for mixed in (False, True)
    )


QUICK = ReadingPlan(
    cells=(
        *_dnfs(((16, 2, 4, 8), (16, 4, 4, 16))),
        Cell("dnf", 24, 4, 4, 16, disjoint=False, mixed=True),
        Cell("cnf", 16, 4, 3, 16, disjoint=False, mixed=True),
        Cell("pattern", 12, 1, 3, 24),
        Cell("atleast", 12, 6, 3, 8),
    ),
    seeds=1,
    chance=(Cell("dnf", 16, 4, 4, 16),),
    chance_seeds=2,
    neurons=(4, 8, 16),
    clauses=(2, 4, 8, 16),
    capacity_seeds=1,
    timeout=8.0,
    stacks=(StackedCell("dnf", 10, 3),),
    deep=(DeepCell(12, 3, 3, (8, 8), mixed=True),),
)

FULL = ReadingPlan(
    cells=(
        *_dnfs(((16, 2, 4, 8), (16, 4, 4, 16), (24, 4, 4, 16), (24, 6, 3, 32))),
        *_dnfs(((32, 8, 4, 32), (32, 8, 4, 64))),
        *_dnfs(((16, 4, 4, 16), (24, 4, 4, 16)), l1=1e-5),
        Cell("cnf", 16, 4, 3, 16, disjoint=False, mixed=True),
        Cell("cnf", 24, 6, 4, 32, mixed=True),
        Cell("pattern", 12, 1, 3, 24),
        Cell("pattern", 16, 1, 4, 48),
        Cell("atleast", 12, 6, 3, 8),
        Cell("atleast", 16, 7, 4, 16, mixed=True),
    ),
    seeds=5,
    chance=(Cell("dnf", 16, 4, 4, 16), Cell("dnf", 32, 8, 4, 32, mixed=True)),
    chance_seeds=10,
    neurons=(4, 6, 8, 12, 16, 24, 32),
    clauses=(1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24),
    capacity_seeds=5,
    timeout=60.0,
    stacks=(
        *(
            StackedCell(form, inputs, units, upper_clauses=clauses)
            for inputs, units, clauses in ((12, 4, 2), (16, 6, 3), (24, 8, 3))
            for form in ("dnf", "cnf")
        ),
        StackedCell("dnf", 32, 12, upper_clauses=4),
    ),
    deep=(
        *(
            DeepCell(inputs, 4, 4, hidden, mixed=mixed)
            for inputs in (16, 24)
            for hidden in ((16, 16), (24, 12))
            for mixed in (False, True)
        ),
        DeepCell(16, 4, 4, (6, 4), mixed=True),
        DeepCell(32, 8, 4, (32, 16)),
        DeepCell(32, 8, 4, (32, 16), mixed=True),
    ),
    layered_seeds=5,
)
