"""Certificates: bytes and checking time beside solving time, ``python -m benchmarks.certificates``.

Solving runs from the in-memory problem to the verdict, building from the verdict to the
certificate; the checker (plain Python, one process) reads the canonical problem and the file.
Every certificate is checked, and a line ends with what the checker said.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from superproof import Network, Specification, check
from superproof.verify import recheck
from superproof.verify.certificate import certify
from superproof.verify.errors import ProofError
from superproof.verify.problem import Problem

from .problem_set import instances, random_problem

FAMILIES = ("trained", "quantised", "violated", "damaged", "pairs", "noise", "dense", "random")


@dataclass(frozen=True)
class Row:
    """One problem: seconds of each step, bytes of the file, and the checker's answer."""

    name: str
    status: str
    nodes: int
    solving: float
    building: float
    checking: float | None
    size: int | None
    answer: str


def measure(name: str, problem: Problem, count: bool, seconds: float) -> Row:
    """Solve (a second time, when everything is compiled), certify and check."""

    def solve() -> Any:
        return check(problem.network, problem.specification, count=count, dtypes=(), threads=1)

    solve()
    solving, verdict = timed(solve)
    start = time.perf_counter()
    try:
        data = certify(problem, verdict, seconds=seconds).to_bytes()
    except ProofError as error:
        building = time.perf_counter() - start
        row = Row(name, verdict.status, verdict.nodes, solving, building, None, None, str(error))
        return row
    building = time.perf_counter() - start
    canonical = json.loads(json.dumps(problem.canonical()))
    checking, answer = timed(lambda: recheck.recheck(canonical, data))
    return Row(name, verdict.status, verdict.nodes, solving, building, checking, len(data), answer)


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and the result."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def tables() -> Iterator[tuple[str, Problem, int]]:
    """Random networks without trees, to measure the evaluation of all inputs: inputs x neurons."""
    for inputs, hidden in ((16, (16,)), (16, (64,)), (16, (16, 16)), (18, (16,))):
        problem = random_problem(inputs, hidden, 0)
        yield f"float32-{inputs}-{'-'.join(map(str, hidden))}", problem, (1 << inputs)
    rng = np.random.default_rng(0)
    weights = [rng.integers(-7, 8, (16, 16)), rng.integers(-7, 8, (1, 16))]
    problem = Problem(Network.from_arrays(weights), Specification(16, ["x0 & x1 | x2 & ~x3"]))
    yield "4-bit-16-16", problem, 1 << 16


def main(arguments: list[str] | None = None) -> None:
    """Print one line a problem, and a line of geometric means a family."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.certificates", description=__doc__)
    parser.add_argument("--family", action="append", choices=FAMILIES, help="default: all")
    parser.add_argument("--name", default="", help="only problems whose name contains this")
    parser.add_argument("--seconds", type=float, default=20.0, help="limit for building one")
    parser.add_argument("--tables", action="store_true", help="measure tables and nothing else")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    options = parser.parse_args(arguments)
    if options.tables:
        for name, problem, inputs in tables():
            checked = recheck.Problem(problem.canonical())
            seconds, _ = timed(checked.table)
            print(f"{name:24} {inputs / seconds:12,.0f} inputs/s, lanes of {checked.width} bits")
        return
    rows: list[Row] = []
    for family in options.family or FAMILIES:
        chosen = [i for i in instances() if i.family == family and options.name in i.name]
        measured = []
        for instance in chosen:
            row = measure(instance.name, instance.build(), instance.count, options.seconds)
            measured.append(row)
            print(line(row), flush=True)
        rows += measured
        print(f"{family}: {summary(measured)}\n")
    if options.out is not None:
        options.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def line(row: Row) -> str:
    """The row as text."""
    start = f"{row.name:30} solve {1000 * row.solving:9.1f} ms  build {row.building:6.2f} s  "
    if row.checking is None:
        return f"{start}none: {row.answer}"
    return f"{start}check {row.checking:6.2f} s  {row.size:6,} bytes  {row.answer}"


def summary(rows: list[Row]) -> str:
    """How many have a certificate, with geometric means."""
    done = [row for row in rows if row.checking is not None]
    if not done:
        return f"0 of {len(rows)} certified"
    means = [
        float(np.exp(np.mean(np.log(values))))
        for values in (
            [row.solving for row in done],
            [row.checking or 0.0 for row in done],
            [row.size or 0 for row in done],
        )
    ]
    return (
        f"{len(done)} of {len(rows)} certified; geometric means: solving {1000 * means[0]:.1f} ms, "
        f"checking {1000 * means[1]:.0f} ms, {means[2]:,.0f} bytes"
    )


if __name__ == "__main__":
    main()
