"""Counting, on given inputs, how two networks read each output in each region of its clauses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..bitprogram import BitProgram
from ..network import Network
from ..specification import Specification
from .change import Change
from .readings import FALSE, NEITHER, TRUE, Readings
from .regions import Forgotten, regions

#: Kinds of inputs of which a few are kept.
DIFFERING, RESIDUAL, DAMAGE = "differing", "residual", "damage"
#: Residual or damage; and A breaks the specification.
FAILING, WRONG = "failing", "wrong"


class ClauseTable:
    """Which region of each output's clauses an input lies in.

    Attributes:
        regions: for each output its regions, in the order of their numbers.
    """

    def __init__(self, specification: Specification) -> None:
        self.regions = [regions(formula) for formula in specification.formulas]
        clauses = [formula.clauses() for formula in specification.formulas]
        self._bounds = np.cumsum([0, *map(len, clauses)])
        flat = [clause for some in clauses for clause in some]
        self._program = BitProgram.compile(flat, specification.domain.index)

    def truth(self, points: np.ndarray) -> list[np.ndarray]:
        """For each output its clauses, Booleans (points, clauses)."""
        values = self._program.run_points(points)
        bounds = zip(self._bounds[:-1], self._bounds[1:], strict=True)
        return [values[:, start:stop] for start, stop in bounds]

    def numbers(self, truth: list[np.ndarray]) -> np.ndarray:
        """The region that each input lies in, by output: int64 (points, outputs)."""
        columns = []
        for output, clauses in enumerate(truth):
            true = clauses.sum(axis=1)
            last = len(self.regions[output]) - 1
            # several clauses come after the single ones, no clause is last
            number = np.where(true == 0, last, clauses.shape[1])
            if clauses.shape[1]:
                number = np.where(true == 1, clauses.argmax(axis=1), number)
            columns.append(number)
        return np.stack(columns, axis=1)


@dataclass
class Tally:
    """Sums over the inputs handed to :meth:`add`, each of which must come once.

    Attributes:
        a, b: the networks, the specification that numbers the clauses, what was to be forgotten.
        keep: how many inputs of each kind are kept.
        size: inputs seen.
        matrices: for each output int64 (regions, 3, 3): how A and how B read.
        counts: inputs that are of each kind in some output.
        counts_by_output: the same, int64 (outputs,).
        points: the first few inputs of each kind.
        b_wrong: inputs on which B breaks what remains of the specification.
        b_wrong_by_output: the same, int64 (outputs,).
        forgotten_inputs: inputs on which each output must read false now, int64 (outputs,).
    """

    a: Network
    b: Network
    specification: Specification
    forgotten: Forgotten
    keep: int
    size: int = 0
    b_wrong: int = 0
    b_wrong_by_output: np.ndarray = field(init=False)
    forgotten_inputs: np.ndarray = field(init=False)
    matrices: list[np.ndarray] = field(init=False)
    counts: dict[str, int] = field(init=False)
    counts_by_output: dict[str, np.ndarray] = field(init=False)
    points: dict[str, list[np.ndarray]] = field(init=False)

    def __post_init__(self) -> None:
        kinds = (DIFFERING, RESIDUAL, DAMAGE, FAILING, WRONG)
        outputs = len(self.specification.outputs)
        self.table = ClauseTable(self.specification)
        self.matrices = [np.zeros((len(r), 3, 3), dtype=np.int64) for r in self.table.regions]
        self.b_wrong_by_output = np.zeros(outputs, dtype=np.int64)
        self.forgotten_inputs = np.zeros(outputs, dtype=np.int64)
        self.counts = dict.fromkeys(kinds, 0)
        self.counts_by_output = {kind: np.zeros(outputs, dtype=np.int64) for kind in kinds}
        self.points = {kind: [] for kind in kinds}
        self.readers = Readings(self.a, self.specification), Readings(self.b, self.specification)

    @property
    def work(self) -> int:
        """Multiplications an input."""
        return sum(reader.work for reader in self.readers)

    def add(self, points: np.ndarray) -> None:
        """Read both networks on a 0/1 matrix (points, inputs)."""
        if not len(points):
            return
        truth = self.table.truth(points)
        region = self.table.numbers(truth)
        expected, forgotten = self._asked(truth)
        a_reads, b_reads = (reader(points) for reader in self.readers)
        for output, matrix in enumerate(self.matrices):
            code = region[:, output] * 9 + a_reads[:, output] * 3 + b_reads[:, output]
            matrix += np.bincount(code, minlength=matrix.size).reshape(matrix.shape)
        wrong = b_reads != np.where(expected & ~forgotten, TRUE, FALSE)
        self.b_wrong += int(wrong.any(axis=1).sum())
        self.b_wrong_by_output += wrong.sum(axis=0)
        self.forgotten_inputs += forgotten.sum(axis=0)
        for kind, pairs in _kinds(a_reads, b_reads, expected, forgotten).items():
            rows = pairs.any(axis=1)
            self.counts[kind] += int(rows.sum())
            self.counts_by_output[kind] += pairs.sum(axis=0)
            room = self.keep - len(self.points[kind])
            self.points[kind] += list(points[rows][: max(room, 0)])
        self.size += len(points)

    def pairs(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Which inputs are of which kind in which output: Booleans (points, outputs)."""
        expected, forgotten = self._asked(self.table.truth(points))
        a_reads, b_reads = (reader(points) for reader in self.readers)
        return _kinds(a_reads, b_reads, expected, forgotten)

    def _asked(self, truth: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What the specification says, and where an output must read false now."""
        expected = [clauses.any(axis=1) for clauses in truth]
        forgotten = [self._forgotten(output, clauses) for output, clauses in enumerate(truth)]
        return np.stack(expected, axis=1), np.stack(forgotten, axis=1)

    def _forgotten(self, output: int, clauses: np.ndarray) -> np.ndarray:
        """Where an output must read false now, Booleans (points,)."""
        chosen = self.forgotten.clauses.get(output, frozenset())
        if chosen is None:
            return np.ones(len(clauses), dtype=bool)
        inside = np.isin(np.arange(clauses.shape[1]), list(chosen))
        return np.asarray(clauses[:, inside].any(axis=1) & ~clauses[:, ~inside].any(axis=1))

    def change(self, output: int, region: int | None = None) -> Change:
        """The counts of an output in one of its regions, or on all inputs seen."""
        matrix = self.matrices[output]
        return change_of(matrix.sum(axis=0) if region is None else matrix[region])


def _kinds(
    a_reads: np.ndarray, b_reads: np.ndarray, expected: np.ndarray, forgotten: np.ndarray
) -> dict[str, np.ndarray]:
    apart, told = a_reads != b_reads, forgotten & (b_reads != FALSE)
    return {
        DIFFERING: apart,
        RESIDUAL: told,
        DAMAGE: ~forgotten & apart,
        FAILING: told | (~forgotten & apart),
        WRONG: a_reads != np.where(expected, TRUE, FALSE),
    }


def change_of(matrix: np.ndarray) -> Change:
    """The counts in a matrix of how A (row) and B (column) read."""
    m = [[int(entry) for entry in row] for row in matrix]
    return Change(
        inputs=sum(map(sum, m)),
        both=m[TRUE][TRUE],
        lost=m[TRUE][FALSE] + m[TRUE][NEITHER],
        gained=m[FALSE][TRUE] + m[NEITHER][TRUE],
        other=m[FALSE][NEITHER] + m[NEITHER][FALSE],
        opposite=m[TRUE][FALSE] + m[FALSE][TRUE],
    )
