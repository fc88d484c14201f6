"""Speed of the compiled scan loops alone: points a second on one thread, by machine type.

    python benchmarks/kernels.py [--repeats 7] [--case TEXT ...] [--out FILE.json]

A case is a grid of 2^rows x 2^lanes points and random tables; formulas are eight clauses of four
literals an output where not said otherwise, so that about half of the points are wrong. Each time
is that of one call over all rows: repacking, formulas, comparison and counting included, compiling
not. Printed is the best of the repeats, as other work on the machine can only slow a run down.
docs/kernels.md explains the loops and shows a measured table.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from superproof.verify.bitprogram import BitProgram, pack_bits
from superproof.verify.domain import Domain
from superproof.verify.engines.kernels import scan as kernels
from superproof.verify.formula import And, Formula, Or, Variable

TYPES = (np.int16, np.int32, np.int64)
LITERALS = 4


@dataclass(frozen=True)
class Case:
    """A query: ``neurons`` and ``clauses`` are numbers for each output."""

    name: str
    rows: int
    lanes: int
    neurons: int
    outputs: int = 1
    clauses: int = 8
    step: bool = False
    filter: bool = False
    ragged: bool = False
    margin: bool = False


CASES = (
    Case("12/12, 64 neurons", 12, 12, 64),
    Case("12/12, 64 neurons, undecided band", 12, 12, 64, filter=True),
    Case("12/12, 64 step neurons", 12, 12, 64, step=True),
    Case("12/12, 64 neurons, margin", 12, 12, 64, margin=True),
    Case("12/12, 8 neurons", 12, 12, 8),
    Case("12/10, 256 neurons", 12, 10, 256),
    Case("13/9, 64 neurons", 13, 9, 64),
    Case("14/6, 64 neurons", 14, 6, 64),
    Case("13/10, 64 neurons, random starts", 13, 10, 64, ragged=True),
    Case("10/10, 200 outputs x 2 neurons", 10, 10, 2, outputs=200, clauses=1),
    Case("10/10, 200 outputs x 6 neurons", 10, 10, 6, outputs=200, clauses=2),
    Case("10/10, 200 outputs x 10 neurons", 10, 10, 10, outputs=200, clauses=3),
)


def network(case: Case, dtype: type[np.signedinteger], seed: int) -> tuple[Any, ...]:
    """Random tables whose sums fit the type, and the range of every row."""
    random = np.random.default_rng(seed)
    rows, lanes = 1 << case.rows, 1 << case.lanes
    columns = case.neurons * case.outputs
    top = 100 if dtype == np.int16 else 10**4

    def draw(*shape: int) -> np.ndarray:
        return random.integers(-top, top, shape).astype(dtype)

    first = np.arange(case.outputs)[:, None] * case.neurons
    bounds = first + np.array([[0, case.neurons // 2, case.neurons]])
    jumps = random.integers(-3, 4, columns).astype(dtype) if case.step else None
    start = random.integers(0, lanes, rows) if case.ragged else np.zeros(rows, np.int64)
    return (
        draw(rows, columns),
        draw(rows, case.outputs),
        draw(columns, lanes),
        draw(case.outputs, lanes),
        bounds,
        jumps,
        start,
        np.full(rows, lanes, np.int64),
    )


def specification(case: Case, seed: int) -> tuple[Any, ...]:
    """Random DNFs over all inputs, those of the rows first."""
    random = np.random.default_rng(seed)
    domain = Domain(tuple(f"x{i}" for i in range(case.rows + case.lanes)))

    def clause() -> Formula:
        chosen = np.sort(random.choice(domain.inputs, LITERALS, replace=False))
        return And(tuple(Variable(domain.names[i]) for i in chosen))

    formulas = [Or(tuple(clause() for _ in range(case.clauses))) for _ in range(case.outputs)]
    program = BitProgram.compile(formulas, domain.index)
    row_bits = np.arange(1 << case.rows)[:, None] >> np.arange(case.rows) & 1
    lane_bits = np.arange(1 << case.lanes)[:, None] >> np.arange(case.lanes) & 1
    return (
        np.pad(row_bits.astype(np.uint8), ((0, 0), (0, case.lanes))),
        pack_bits(np.pad(lane_bits.astype(np.uint8), ((0, 0), (case.rows, 0)))),
        np.zeros(domain.inputs, np.uint64),
        program.operation,
        program.left,
        program.right,
        program.results,
        -1,
    )


def points_per_second(case: Case, dtype: type[np.signedinteger], repeats: int, seed: int) -> float:
    """Best of the repeats, after one call that compiles or loads the kernel."""
    tables, program = network(case, dtype, seed), specification(case, seed + 1)
    rows = len(tables[0])
    points = int((tables[-1] - tables[-2]).sum())
    cuts = [1, 0, 0, -1] if case.filter else [0, 0, 0, 0]
    thresholds = np.tile(np.array(cuts, np.int64), (case.outputs, 1))
    undecided = np.empty((1 << 20, 2), np.int64)
    found = np.empty((16, 2), np.int64)
    limits = np.iinfo(np.int64)

    def run() -> None:
        if case.margin:
            least = np.full(case.outputs, limits.max)
            greatest = np.full(case.outputs, limits.min)
            kernels.margin(0, rows, *tables, *program, least, greatest)
            return
        counters, by_output = np.zeros(4, np.int64), np.zeros(case.outputs, np.int64)
        end = kernels.scan(
            0, rows, *tables, thresholds, *program, False, counters, by_output, undecided, found
        )
        if end != rows or counters[kernels.POINTS] != points:
            raise RuntimeError(f"{case.name}: stopped at row {end} of {rows}")

    run()
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return points / best


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", action="append", help="only cases whose name contains this")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    names = [np.dtype(dtype).name for dtype in TYPES]
    table = Table(title="points per second, one thread")
    table.add_column("rows/lanes (powers of two)")
    for name in names:
        table.add_column(name, justify="right")
    results = []
    for case in CASES:
        if options.case and not any(part in case.name for part in options.case):
            continue
        rates = [points_per_second(case, t, options.repeats, options.seed) for t in TYPES]
        table.add_row(case.name, *(f"{rate:.2e}" for rate in rates))
        measured = dict(zip(names, rates, strict=True))
        results.append({"case": case.name, "seed": options.seed, **measured})
    Console().print(table)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
