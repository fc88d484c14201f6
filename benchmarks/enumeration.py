"""Speed of enumeration: inputs a second, beside a plain torch loop and the hardware's ceiling.

    python benchmarks/enumeration.py [--inputs 24] [--hidden 64] [--repeats 5] [--out FILE.json]

Every row decides one problem over all 2^inputs inputs with a full count of violations, from the
in-memory Problem to the verdict, on one thread and on all. The torch row is the loop that one
would write by hand: float64 batches, no exactness. Ratios are of medians measured in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from superproof import Network, Specification, check

#: Inputs a second that a C++ prototype of the same loop reached at 24 inputs x 64 hidden on
#: another machine (one AVX-512 core): int16 folded, int32 folded, float64.
PROTOTYPE = {"weights -1, 0, 1": 4.0e8, "8-bit weights": 1.8e8, "float32 weights": 8.6e7}


def specification(inputs: int) -> Specification:
    """Eight four-literal clauses, spread over the inputs."""
    rng = np.random.default_rng(0)
    clauses = []
    for _ in range(8):
        names = rng.choice(inputs, 4, replace=False)
        signs = rng.integers(0, 2, 4)
        clauses.append(
            " & ".join(("~" if s else "") + f"x{i}" for i, s in zip(names, signs, strict=True))
        )
    return Specification(inputs, {"y0": " | ".join(clauses)})


def networks(inputs: int, hidden: int) -> dict[str, Network]:
    """Random networks whose weights need the three machine types."""
    rng = np.random.default_rng(1)

    def integers(top: int) -> Network:
        return Network.from_arrays(
            [
                rng.integers(-top, top + 1, (hidden, inputs)),
                rng.integers(-top, top + 1, (1, hidden)),
            ],
            [rng.integers(-top, top + 1, hidden), rng.integers(-top, top + 1, 1)],
        )

    floats = Network.from_arrays(
        [rng.normal(size=s).astype(np.float32) for s in ((hidden, inputs), (1, hidden))],
        [rng.normal(size=s).astype(np.float32) for s in (hidden, 1)],
    )
    return {
        "weights -1, 0, 1": integers(1),
        "8-bit weights": integers(127),
        "float32 weights": floats,
    }


def torch_loop(network: Network, spec: Specification, limit: int) -> Callable[[], None]:
    """The plain loop over the first ``limit`` inputs: float64 batches of 2^14, one thread."""
    import torch

    torch.set_num_threads(1)
    first, last = network.layers
    w1, b1 = torch.tensor(first.weight).double(), torch.tensor(first.bias).double()
    w2, b2 = torch.tensor(last.weight).double(), torch.tensor(last.bias).double()
    inputs = network.input_size
    clauses = []
    for clause in spec.formulas[0].clauses():
        literals = [str(literal) for literal in clause.operands]
        clauses.append([(int(lit.lstrip("~x")), not lit.startswith("~")) for lit in literals])

    def run() -> None:
        wrong = 0
        for start in range(0, limit, 1 << 14):
            rank = torch.arange(start, start + (1 << 14))
            x = (rank[:, None] >> torch.arange(inputs)) & 1
            y = torch.relu(x.double() @ w1.T + b1) @ w2.T + b2
            truth = torch.zeros(len(x), dtype=torch.bool)
            for clause in clauses:
                part = torch.ones(len(x), dtype=torch.bool)
                for index, positive in clause:
                    part &= x[:, index] == int(positive)
                truth |= part
            wrong += int(((y[:, 0] > 0) != truth).sum())

    return run


def seconds(run: Callable[[], object], repeats: int) -> list[float]:
    """Wall times of ``repeats`` runs after one warm-up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=24)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    spec = specification(options.inputs)
    size = 1 << options.inputs
    results = []
    for name, network in networks(options.inputs, options.hidden).items():
        loop_size = min(size, 1 << 20)
        loop = statistics.median(seconds(torch_loop(network, spec, loop_size), 3)) / loop_size
        for threads in sorted({1, os.cpu_count() or 1}):

            def run(network: Network = network, threads: int = threads) -> None:
                check(network, spec, engine="enumerate", count=True, threads=threads)

            times = seconds(run, options.repeats)
            rate = size / statistics.median(times)
            results.append(
                {
                    "weights": name,
                    "threads": threads,
                    "inputs_per_second": rate,
                    "fastest": size / min(times),
                    "slowest": size / max(times),
                    "over_torch_loop": rate * loop,
                    "torch_loop": 1 / loop,
                    "prototype": PROTOTYPE[name],
                }
            )
    table = Table(title=f"{options.inputs} inputs, {options.hidden} hidden, all 2^{options.inputs}")
    for column in (
        "weights",
        "threads",
        "inputs/s (median)",
        "range",
        "torch loop",
        "ratio",
        "C++",
    ):
        table.add_column(column, justify="left" if column == "weights" else "right")
    for row in results:
        table.add_row(
            str(row["weights"]),
            str(row["threads"]),
            f"{row['inputs_per_second']:.2e}",
            f"{row['slowest']:.1e} .. {row['fastest']:.1e}",
            f"{row['torch_loop']:.1e}",
            f"{row['over_torch_loop']:.0f}x",
            f"{row['prototype']:.1e}",
        )
    Console().print(table)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
