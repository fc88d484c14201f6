"""Asking: run an engine on a problem, replay what it finds, and report a verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .engines.engine import Engine, Outcome, Progress, Request
from .errors import InputError, ReplayError
from .network import Network
from .problem import Problem
from .specification import Specification
from .verdict import Attempt, Counterexample, OutputReading, Verdict

if TYPE_CHECKING:
    import torch

#: Domains with at most this many candidate inputs are enumerated by ``auto``.
ENUMERATE_UP_TO = 1 << 28


def _enumeration() -> Engine:
    from .engines.enumeration import Enumeration

    return Enumeration()


def _smt() -> Engine:
    from .engines.smt import Smt

    return Smt()


def _tree() -> Engine:
    from .engines.tree import Tree

    return Tree()


#: Engine constructors by the name used in ``--engine``; each imports its solver when called.
ENGINES: dict[str, Callable[[], Engine]] = {
    "enumerate": _enumeration,
    "tree": _tree,
    "z3": _smt,
}


def check(
    network: Network | torch.nn.Module | str | Path,
    specification: Specification | str | Path,
    *,
    engine: str = "auto",
    count: bool = False,
    margin: bool = False,
    counterexamples: int = 1,
    timeout: float | None = None,
    threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Decide whether the network computes the specification on every input of its domain.

    Args:
        network: a Network, a model file, or a torch module that :meth:`Network.from_torch`
            understands.
        specification: formulas, read-out and domain, or the file that holds them.
        engine: ``auto``, ``enumerate`` or ``z3``.
        count: also count the violating inputs, in all and by output.
        margin: also compute the exact margin.
        counterexamples: return at most this many (one is returned whenever one exists).
        timeout: give up after this many seconds with ``unknown``.
        threads: processor threads, default all.
        device: a torch device such as ``"cuda"`` for enumeration.
        progress: called with (done, total) a few times a second.

    Returns:
        The verdict; its counterexamples have been replayed in exact arithmetic.

    Raises:
        InputError: sizes do not fit, or the chosen engine cannot take the problem.
        ReplayError: an engine reported a counterexample that is none (an internal fault).
    """
    if isinstance(network, str | Path):
        network = Network.load(network)
    elif not isinstance(network, Network):
        network = Network.from_torch(network)
    if isinstance(specification, str | Path):
        specification = Specification.load(specification)
    if counterexamples < 0:
        raise InputError(f"counterexamples must be 0 or more, not {counterexamples}")
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout must be positive, not {timeout}")
    if threads is not None and threads < 1:
        raise InputError(f"threads must be 1 or more, not {threads}")
    problem = Problem(network, specification)
    start = time.monotonic()
    request = Request(
        count=count,
        margin=margin,
        counterexamples=counterexamples,
        deadline=None if timeout is None else start + timeout,
        threads=threads or os.cpu_count() or 1,
        device=device,
        progress=progress or (lambda done, total: None),
    )
    return decide(problem, request, engine, start)


def decide(problem: Problem, request: Request, engine: str, start: float) -> Verdict:
    """Run the named engine on the problem and build the verdict."""
    name = choose(problem) if engine == "auto" else engine
    if name not in ENGINES:
        raise InputError(f"unknown engine '{name}'; use one of auto, {', '.join(ENGINES)}")
    solver = ENGINES[name]()
    outcome = Outcome()
    interrupted = False
    try:
        solver.decide(problem, request, outcome)
    except KeyboardInterrupt:
        interrupted = True
        outcome.detail = outcome.detail or "interrupted"
    if request.count and outcome.violations is None and outcome.wrong_so_far:
        outcome.notes.append(
            f"at least {outcome.wrong_so_far:,} violating inputs among the first "
            f"{outcome.visited:,} visited"
        )
    seconds = time.monotonic() - start
    if outcome.points:
        outcome.status = "violated"
    elif outcome.status == "violated":
        raise ReplayError(f"engine '{name}' reported a violation without a counterexample")
    examples = replay(problem, outcome.points[: max(request.counterexamples, 1)])
    return Verdict(
        status=outcome.status,
        engine=name,
        domain_size=outcome.domain_size or problem.specification.domain.size,
        violations=0 if outcome.status == "holds" else outcome.violations,
        violations_by_output=_by_output(problem, outcome),
        counterexamples=tuple(examples[: request.counterexamples]),
        margin=outcome.margin,
        notes=tuple(outcome.notes),
        nodes=outcome.visited,
        seconds=seconds,
        tried=(Attempt(name, seconds, outcome.detail or outcome.status),),
        sha256=problem.sha256,
        interrupted=interrupted,
    )


def choose(problem: Problem) -> str:
    """The engine that ``auto`` uses: enumeration while the domain is small, else Z3."""
    return "enumerate" if problem.specification.domain.candidates <= ENUMERATE_UP_TO else "z3"


def replay(problem: Problem, points: list[np.ndarray]) -> list[Counterexample]:
    """Evaluate reported violations exactly, with the shared evaluator, not the engine's.

    Raises ReplayError if one lies outside the domain or breaks nothing.
    """
    if not points:
        return []
    matrix = np.array(points, dtype=np.uint8)
    spec = problem.specification
    expected = spec.expected(matrix)
    values = problem.values(matrix)
    _, violated = problem.margins(matrix)
    inside = spec.domain.contains(matrix)
    examples = []
    for row, bits in enumerate(matrix):
        text = "".join(map(str, bits))
        if not inside[row] or not violated[row].any():
            why = "it breaks nothing" if inside[row] else "it is outside the domain"
            raise ReplayError(f"the counterexample {text} failed its exact replay: {why}")
        reads = spec.readout.reads(values[row])
        readings = {
            name: OutputReading(bool(expected[row, j]), reads[j], values[row, j])
            for j, name in enumerate(spec.outputs)
        }
        examples.append(Counterexample(spec.inputs, tuple(map(bool, bits)), readings))
    return examples


def _by_output(problem: Problem, outcome: Outcome) -> dict[str, int] | None:
    names = problem.specification.outputs
    if outcome.status == "holds":
        return dict.fromkeys(names, 0)
    if outcome.by_output is None:
        return None
    return dict(zip(names, outcome.by_output, strict=True))
