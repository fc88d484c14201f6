"""Comparing what an engine says about a problem with what the oracle knows."""

from __future__ import annotations

from superproof.verify.check import check
from superproof.verify.problem import Problem

from .fraction_oracle import Answer


def disagreements(problem: Problem, engine: str, truth: Answer) -> list[str]:
    """One sentence for each field of the full verdict that differs from the oracle's answer."""
    verdict = check(
        problem.network,
        problem.specification,
        engine=engine,
        count=True,
        margin=True,
        counterexamples=1000,
        threads=1,
    )
    if verdict.interrupted:
        raise KeyboardInterrupt
    names = problem.specification.outputs
    pairs = [
        ("status", verdict.status, truth.status),
        ("domain_size", verdict.domain_size, truth.domain_size),
        ("violations", verdict.violations, truth.violations),
        (
            "violations_by_output",
            verdict.violations_by_output,
            dict(zip(names, truth.violations_by_output, strict=True)),
        ),
        ("margin", verdict.margin, truth.margin),
        (
            "counterexamples",
            sorted(example.text for example in verdict.counterexamples),
            sorted(truth.violating),
        ),
    ]
    notes = f"; notes: {' '.join(verdict.notes)}" if verdict.notes else ""
    return [
        f"{engine}: {what} is {said}, the oracle says {knows}{notes}"
        for what, said, knows in pairs
        if said != knows
    ]


def short_disagreements(problem: Problem, engine: str, truth: Answer) -> list[str]:
    """The same for the plain question: status and one counterexample, nothing counted."""
    verdict = check(problem.network, problem.specification, engine=engine, threads=1)
    if verdict.interrupted:
        raise KeyboardInterrupt
    wrong = []
    if verdict.status != truth.status:
        wrong.append(f"{engine}: status is {verdict.status}, the oracle says {truth.status}")
    if verdict.status == "violated":
        if len(verdict.counterexamples) != 1:
            wrong.append(f"{engine}: {len(verdict.counterexamples)} counterexamples, not one")
        for example in verdict.counterexamples:
            if example.text not in truth.violating:
                wrong.append(f"{engine}: {example.text} violates nothing")
    return wrong
