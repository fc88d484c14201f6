"""Sparse domains at scale: the criterion for plain codes, and the tree on general networks.

    python -m benchmarks.sparse [--large] [--repeats 3] [--seed 0]

First table: plain code networks (random pairs, drawn as a channel). "criterion" is the engine, from
the problem in memory to the verdict, with one thread and with all; "dense" is the same criterion as
one float32 product of numpy, on a share of the outputs where it would take long, and scaled up;
"enumerate" visits every input, where that is possible; "check" is the command in a process of its
own, reading files included, with its peak memory; "recheck" is the independent checker. Second
table: networks of 1,000 inputs and 256 hidden neurons with a planted specification and small
random weights besides, decided by the tree, and violations counted by enumeration where one output
was damaged. Times are the best of the repeats. docs/sparse.md shows a measured table.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from superproof.constructions import pattern, plain_pairwise_and
from superproof.verify import recheck_sparse
from superproof.verify.certificate import Certificate
from superproof.verify.check import check
from superproof.verify.engines.plain_network import plain_network
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

#: Multiplications that the dense criterion is given; beyond, a share of the outputs.
DENSE = 2e11


@dataclass(frozen=True)
class Case:
    """A plain code network; large ones are the targets."""

    inputs: int
    outputs: int
    active: int
    neurons: int
    large: bool = False


CASES = (
    Case(400, 400, 2, 60),
    Case(400, 400, 3, 300),
    Case(2_000, 4_000, 2, 400),
    Case(10_000, 100_000, 2, 2_500, large=True),
    Case(100_000, 100_000, 3, 2_500, large=True),
)
#: Enumeration is measured up to so many inputs of the domain.
ENUMERATED = 200_000


def best(action: Callable[[], Any], repeats: int) -> float:
    """Least seconds of some repeats."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def dense_seconds(problem: Problem, repeats: int) -> tuple[float, float]:
    """Seconds of the criterion as a dense product, and the share of the outputs it was run on."""
    plain = plain_network(problem)
    code, active = plain.code, plain.active
    work = code.outputs * code.inputs * code.code.height
    count = max(1, min(code.outputs, int(code.outputs * DENSE / work)))
    matrix = code.code.matrix(code.inputs)
    r = int(code.intruders(active)[0])

    def run() -> None:
        for start in range(0, count, 1024):
            end = min(start + 1024, count)
            counts = code.shared.matrix(code.code.height, start, end) @ matrix
            members = code.tuples.items.reshape(code.outputs, -1)[start:end]
            counts[np.arange(end - start)[:, None], members] = -1
            np.partition(counts, counts.shape[1] - r, axis=1)[:, -r:].sum(axis=1)

    share = count / code.outputs
    return best(run, repeats) / share, share


def command_cost(folder: Path) -> tuple[float, float]:
    """Seconds and peak gigabytes of ``superproof check FOLDER``."""
    script = (
        "import resource, subprocess, sys; "
        "code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    words = [sys.executable, "-m", "superproof", "check", str(folder)]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - start
    code, kilobytes = map(int, done.stdout.split())
    if code:
        raise RuntimeError(f"superproof check ended with {code}")
    return seconds, kilobytes / 1e6


def criterion_row(case: Case, repeats: int, seed: int) -> list[str]:
    """One line of the first table."""
    pairs = pattern("random", case.inputs, case.outputs, seed)
    built = plain_pairwise_and(
        case.inputs, pairs, case.active, seed, neurons=case.neurons, code="channel"
    )
    problem = built.problem

    def decide(engine: str, threads: int, number: int = repeats) -> float:
        seconds = []
        for _ in range(number):
            verdict = check(
                problem.network, problem.specification, engine=engine, threads=threads, dtypes=()
            )
            if not verdict.holds:
                raise RuntimeError("the network does not hold")
            seconds.append(verdict.seconds)
        return min(seconds)

    one, every = decide("sparse", 1), decide("sparse", os.cpu_count() or 1)
    dense, share = dense_seconds(problem, repeats)
    size = problem.specification.domain.size
    listed = "-"
    if size is not None and size <= ENUMERATED:
        visit = decide("enumerate", os.cpu_count() or 1, 1)
        listed = f"{visit:.3g} ({visit / every:.3g}x)"
    with tempfile.TemporaryDirectory() as folder:
        built.write(folder)
        seconds, memory = command_cost(Path(folder))
    claim = {"status": "holds", "violations": 0, "violations_by_output": None}
    proof = Certificate(
        problem.sha256, claim, {"kind": "criterion"}, recheck_sparse.MAGIC
    ).to_bytes()
    data = problem.canonical()
    checking = best(lambda: recheck_sparse.recheck(data, proof), 1)
    scaled = "" if share == 1 else ", scaled"
    return [
        f"{case.inputs:,} x {case.outputs:,}, v = {case.active}",
        f"{case.neurons:,}",
        f"{one:.3g} / {every:.3g}",
        f"{dense:.3g} ({dense / every:.3g}x{scaled})",
        listed,
        f"{seconds:.3g} s, {memory:.2f} GB",
        f"{checking:.3g}",
    ]


def planted(inputs: int, hidden: int, outputs: int, active: int, seed: int) -> Problem:
    """Every output is an OR of ANDs of pairs, one a hidden neuron; small weights besides."""
    rng = np.random.default_rng(seed)
    weight = np.zeros((hidden, inputs))
    for row in weight:
        row[rng.choice(inputs, 6, replace=False)] = rng.choice([-1, 1], 6) / 32
    pairs = np.array([rng.choice(inputs, 2, replace=False) for _ in range(hidden)])
    weight[np.arange(hidden)[:, None], pairs] = 1
    clauses = hidden // outputs
    read = rng.choice([-1, 0, 0, 0, 1], (outputs, hidden)) / 64
    formulas = []
    for j in range(outputs):
        own = range(j * clauses, (j + 1) * clauses)
        read[j, own] = 1
        formulas.append(" | ".join(f"x{pairs[i, 0]} & x{pairs[i, 1]}" for i in own))
    network = Network.from_arrays([weight, read], [np.full(hidden, -1.0), np.full(outputs, -0.5)])
    return Problem(network, Specification(inputs, formulas, domain=f"at most {active}"))


def tree_row(active: int, repeats: int, seed: int) -> list[str]:
    """One line of the second table."""
    problem = planted(1000, 256, 16, active, seed)
    verdicts = [
        check(problem.network, problem.specification, engine="tree", dtypes=())
        for _ in range(repeats)
    ]
    seconds = min(verdict.seconds for verdict in verdicts)
    counted = "-"
    if active <= 2:
        # a clause more than the network computes: all inputs with that pair are wrong
        formulas = list(map(str, problem.specification.formulas))
        formulas[0] += " | x0 & x1"
        other = Specification(1000, formulas, domain=f"at most {active}")
        start = time.perf_counter()
        verdict = check(problem.network, other, engine="enumerate", count=True, dtypes=())
        counted = f"{time.perf_counter() - start:.3g} s, {verdict.violations} wrong"
    return [
        f"at most {active}: {problem.specification.domain.size:,}",
        verdicts[0].status,
        f"{verdicts[0].nodes:,}",
        f"{seconds:.3g}",
        f"{1000 * seconds / 16:.3g}",
        counted,
    ]


def table(title: str, headings: tuple[str, ...]) -> Table:
    """An empty table with numbers to the right."""
    result = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        result.add_column(heading, justify="right" if number else "left")
    return result


def main(arguments: list[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", action="store_true", help="also the two large networks")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    headings = ("ANDs", "neurons", "criterion: 1, all threads [s]", "dense [s]", "enumerate [s]")
    plain = table("plain codes", (*headings, "check", "recheck [s]"))
    for case in CASES:
        if given.large or not case.large:
            plain.add_row(*criterion_row(case, given.repeats, given.seed))
    Console(width=150).print(plain)
    headings = ("domain", "tree", "nodes", "seconds", "ms an output", "count by enumeration")
    general = table("1,000 inputs, 256 hidden, 16 outputs", headings)
    for active in (2, 3, 4):
        general.add_row(*tree_row(active, given.repeats, given.seed))
    Console(width=150).print(general)


if __name__ == "__main__":
    main()
