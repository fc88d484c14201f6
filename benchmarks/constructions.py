"""Sizes, bits and times of networks that compute pairwise ANDs in full superposition.

    python benchmarks/constructions.py [--case TEXT ...] [--seeds 3] [--seconds 120] [--device NAME]
        [--out FILE.json]

Every network is built and then proved by the complete criterion (docs/constructions.md); a failure
is printed as one. c is neurons / sqrt(outputs ln outputs); ratio is the bits of the square matrix
and its level over the counting bound. Run with OPENBLAS_NUM_THREADS=1 on a machine that is busy
otherwise: threads that wait for each other cost more than they bring.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from superproof.constructions.patterns import pattern
from superproof.constructions.superposed import superposed_pairwise_and
from superproof.verify.check import check
from superproof.verify.errors import ProofError


@dataclass(frozen=True)
class Case:
    """One instance and width; ``outputs`` None for the pattern's own number."""

    pattern: str
    inputs: int
    outputs: int | None
    neurons: int
    method: str = "trained"
    active: int = 2

    @property
    def name(self) -> str:
        """A line to select cases by."""
        size = "" if self.outputs is None else f" {self.outputs}"
        return f"{self.pattern}{size} v={self.active} {self.method} n={self.neurons}"


CASES = (
    Case("random", 24, 256, 42),
    Case("random", 46, 1024, 94),
    Case("random", 65, 2048, 140),
    Case("random", 92, 4096, 212),
    Case("random", 129, 8192, 320),
    Case("complete", 32, None, 170, active=3),
    Case("complete", 64, None, 360, active=3),
    Case("star", 257, 256, 70),
    Case("matching", 512, 256, 66),
    Case("random", 256, 256, 61),
    Case("random-low-influence", 128, 256, 56),
    Case("random", 46, 1024, 320, "key-value"),
    Case("random", 92, 4096, 590, "key-value"),
    Case("random", 46, 1024, 280, "least-squares"),
    Case("random", 24, 256, 66, "ternary"),
    Case("random", 24, 256, 96, "one-bit"),
    Case("random", 46, 1024, 148, "ternary"),
    Case("random", 46, 1024, 200, "one-bit"),
)


def measure(case: Case, seed: int, seconds: float, device: str | None) -> dict[str, Any]:
    """Build and prove one network; the facts of a row."""
    pairs = pattern(case.pattern, case.inputs, case.outputs, seed)
    outputs = len(pairs)
    row: dict[str, Any] = asdict(case) | {"outputs": outputs, "seed": seed}
    row["c"] = case.neurons / math.sqrt(outputs * math.log(outputs))
    start = time.perf_counter()
    try:
        built = superposed_pairwise_and(
            case.inputs,
            pairs,
            case.neurons,
            case.active,
            seed,
            method=case.method,
            seconds=seconds,
            device=device if case.method == "trained" else None,
        )
    except ProofError as error:
        return row | {"seconds": time.perf_counter() - start, "result": str(error)}
    row["seconds"] = time.perf_counter() - start
    row["ratio"] = built.parameters["bits_over_bound"]
    start = time.perf_counter()
    verdict = check(built.network, built.specification, margin=True, dtypes=())
    row["proof_seconds"] = time.perf_counter() - start
    return row | {"result": verdict.status, "engine": verdict.engine}


def main() -> None:
    """Measure the chosen cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--case", action="append", help="only cases with this text; repeatable")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=120, help="of training, at most")
    parser.add_argument("--device", help="torch device for training")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    options = parser.parse_args()
    cases = [c for c in CASES if not options.case or any(t in c.name for t in options.case)]
    console = Console()
    rows = []
    columns = ["pattern", "m", "m'", "v", "method", "n", "c", "ratio", "seed"]
    table = Table(*columns, "build s", "proof s", "result")
    for case in cases:
        for seed in range(options.seeds):
            row = measure(case, seed, options.seconds, options.device)
            rows.append(row)
            ratio = f"{row['ratio']:.2f}" if "ratio" in row else "-"
            proof = f"{row['proof_seconds']:.2f}" if "proof_seconds" in row else "-"
            result = row["result"] if "ratio" in row else "not exact"
            table.add_row(
                case.pattern,
                str(case.inputs),
                str(row["outputs"]),
                str(case.active),
                case.method,
                str(case.neurons),
                f"{row['c']:.3f}",
                ratio,
                str(seed),
                f"{row['seconds']:.1f}",
                proof,
                result,
            )
            console.print(f"{case.name} seed {seed}: {result}, {row['seconds']:.1f} s")
    console.print(table)
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
