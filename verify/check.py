"""Asking: run an engine on a problem, replay what it finds, and report a verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .engines.engine import Engine, Outcome, Progress, Request
from .errors import ContradictionError, InputError, ReplayError
from .network import Network
from .problem import Problem
from .rounding.number_type import number_type
from .specification import Specification
from .verdict import Attempt, Counterexample, OutputReading, OutputReadings, Verdict

if TYPE_CHECKING:
    import torch


def _enumeration() -> Engine:
    from .engines.enumeration import Enumeration

    return Enumeration()


def _smt() -> Engine:
    from .engines.smt import Smt

    return Smt()


def _sparse() -> Engine:
    from .engines.sparse import Sparse

    return Sparse()


def _superposed() -> Engine:
    from .engines.superposed import Superposed

    return Superposed()


def _tree() -> Engine:
    from .engines.tree import Tree

    return Tree()


def _portfolio() -> Engine:
    from .engines.portfolio import Portfolio

    return Portfolio()


#: Counterexamples replayed between two looks at the clock.
REPLAY = 64

#: Engine constructors by the name used in ``--engine``; each imports its solver when called.
ENGINES: dict[str, Callable[[], Engine]] = {
    "auto": _portfolio,
    "enumerate": _enumeration,
    "sparse": _sparse,
    "superposed": _superposed,
    "tree": _tree,
    "z3": _smt,
}

#: Engines that are given sparse layers as they are; the others get dense weights.
TAKES_SPARSE = ("auto", "sparse")


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
    dtypes: Sequence[str] = ("float32",),
    certificate: str | Path | None = None,
    probability: Any = None,
) -> Verdict:
    """Decide whether the network computes the specification on every input of its domain.

    Args:
        network: a Network, a model file, or a torch module that :meth:`Network.from_torch`
            understands.
        specification: formulas, read-out and domain, or the file that holds them.
        engine: ``auto`` (several in turn), ``enumerate``, ``sparse`` (plain 0/1 codes only),
            ``superposed`` (pairwise ANDs in superposition only), ``tree`` or ``z3``.
        count: also count the violating inputs, in all and by output.
        margin: also compute the exact margin.
        counterexamples: return at most this many (one is returned whenever one exists).
        timeout: give up after this many seconds with ``unknown``.
        threads: processor threads, default all.
        device: a torch device such as ``"cuda"`` for enumeration.
        progress: called with (done, total) a few times a second.
        dtypes: number types (``float64``, ``float32``, ``bfloat16``, ``float16``) for which to
            say whether every execution reads the same bits; takes about as long again at most.
        certificate: write evidence that :mod:`superproof.verify.recheck` can check to this file;
            the verdict's ``certificate`` says what became of it. Building it takes what is left
            of the timeout, or a second more, and a minute at most.
        probability: also find the exact probability of error under this law; see
            :func:`superproof.verify.law.parse_law`.

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
    kinds = [number_type(name) for name in dict.fromkeys(dtypes)]
    if certificate is not None:
        from .certificate import check_destination

        check_destination(certificate)
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
    question = None
    if probability is not None:
        from .law import parse_law
        from .probability import ErrorQuestion

        law = parse_law(probability, specification.inputs)
        question = ErrorQuestion(problem, law, request, engine, _asking(engine))
    verdict = decide(problem, request, engine, start)
    if question is not None:
        verdict = question.answered(verdict)
    if certificate is not None:
        from .certificate import seconds_left, write_certificate

        left = 0.0 if verdict.interrupted else seconds_left(request.deadline)
        written = write_certificate(problem, verdict, certificate, seconds=left)
        verdict = replace(verdict, certificate=written)
    if not kinds:
        return verdict
    from .rounding.guarantee import Guarantee

    guarantee = Guarantee(problem, verdict, request, _asking(verdict.engine))
    return replace(verdict, executions=tuple(map(guarantee.state, kinds)))


def _asking(engine: str) -> Callable[[Problem, Request], Outcome]:
    """Asks the named engine, without replay."""

    def solve(problem: Problem, request: Request) -> Outcome:
        outcome = Outcome()
        ENGINES[engine]().decide(_given(problem, engine), request, outcome)
        return outcome

    return solve


def _given(problem: Problem, engine: str) -> Problem:
    """The problem as the engine takes it. Raises InputError for weights too large to be dense."""
    return problem if engine in TAKES_SPARSE else problem.dense


def decide(problem: Problem, request: Request, engine: str, start: float) -> Verdict:
    """Run the named engine on the problem and build the verdict."""
    if engine not in ENGINES:
        raise InputError(f"unknown engine '{engine}'; use one of {', '.join(ENGINES)}")
    solver = ENGINES[engine]()
    outcome = Outcome()
    interrupted = False
    try:
        solver.decide(_given(problem, engine), request, outcome)
    except KeyboardInterrupt:
        interrupted = True
        outcome.detail = outcome.detail or "interrupted"
    if request.count and outcome.violations is None and outcome.wrong_so_far:
        outcome.notes.append(
            f"at least {outcome.wrong_so_far:,} violating inputs among the first "
            f"{outcome.visited:,} visited"
        )
    seconds = time.monotonic() - start - outcome.startup
    name = outcome.engine or engine
    attempts = outcome.attempts or [Attempt(name, seconds, outcome.detail or outcome.status)]
    if outcome.points:
        outcome.status = "violated"
    elif outcome.status == "violated":
        raise ReplayError(f"engine '{name}' reported a violation without a counterexample")
    _consistent(problem, outcome)
    examples = _replayed(problem, request, outcome, interrupted)
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
        tried=tuple(attempts),
        sha256=problem.sha256,
        interrupted=interrupted,
    )


def _replayed(
    problem: Problem, request: Request, outcome: Outcome, interrupted: bool
) -> list[Counterexample]:
    """The first few counterexamples in any case, the others while there is time."""
    wanted = outcome.points[: max(request.counterexamples, 1)]
    examples = replay(problem, wanted[:REPLAY])
    for start in range(REPLAY, len(wanted), REPLAY):
        if interrupted or request.expired():
            why = "interrupted" if interrupted else "time limit"
            outcome.notes.append(
                f"{len(examples):,} of {len(wanted):,} counterexamples were replayed: {why}"
            )
            break
        examples += replay(problem, wanted[start : start + REPLAY])
    return examples


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
    violated = spec.readout.violated(spec.readout.margins(values, expected), expected)
    inside = spec.domain.contains(matrix)
    examples = []
    for row, bits in enumerate(matrix):
        text = "".join(map(str, bits))
        if not inside[row] or not violated[row].any():
            why = "it breaks nothing" if inside[row] else "it is outside the domain"
            raise ReplayError(f"the counterexample {text} failed its exact replay: {why}")
        reads = spec.readout.reads(values[row])
        readings: Mapping[str, OutputReading]
        if spec.family is not None:
            readings = OutputReadings(spec.outputs, expected[row], reads, values[row])
        else:
            readings = {
                name: OutputReading(bool(expected[row, j]), reads[j], values[row, j])
                for j, name in enumerate(spec.outputs)
            }
        examples.append(Counterexample(spec.inputs, tuple(map(bool, bits)), readings))
    return examples


def _consistent(problem: Problem, outcome: Outcome) -> None:
    """Refuse an answer that contradicts itself, whoever gave it."""
    readout = problem.specification.readout
    margin, violations = outcome.margin, outcome.violations
    wrong = outcome.status == "violated"
    # a margin of 0 holds where no value of the read-out may be 0 less than its strict side
    zero_holds = readout.allows_zero(True) or readout.allows_zero(False)
    zero_fails = not (readout.allows_zero(True) and readout.allows_zero(False))
    for clash, what in (
        (margin is not None and not wrong and margin < 0, "a negative margin"),
        (margin == 0 and not wrong and not zero_holds, "a margin of 0"),
        (margin is not None and wrong and margin > 0, "a positive margin"),
        (margin == 0 and wrong and not zero_fails, "a margin of 0"),
        (bool(violations) and not wrong, "violations"),
        (violations == 0 and wrong, "no violations"),
    ):
        if clash and outcome.status != "unknown":
            raise ContradictionError(f"the engine said {outcome.status} with {what}")


def _by_output(problem: Problem, outcome: Outcome) -> dict[str, int] | None:
    names = problem.specification.outputs
    if outcome.status == "holds":
        return dict.fromkeys(names, 0)
    if outcome.by_output is None:
        return None
    return dict(zip(names, outcome.by_output, strict=True))
