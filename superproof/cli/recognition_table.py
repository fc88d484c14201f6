"""The verdict on a layer of attention for a person at a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from rich.console import RenderableType
from rich.text import Text

from ..verify.attention.check import RecognitionVerdict
from ..verify.attention.recognition import RecognitionProblem
from ..verify.attention.threshold import ScoredPair
from ..verify.verdict_report import execution_line
from ..verify.verdict_text import amount, at_least, decimal, fraction, quantity, seconds
from .terminal import print_parts

_STYLES = {"holds": "bold green", "violated": "bold red", "unknown": "bold yellow"}


def print_recognition(
    verdict: RecognitionVerdict, problem: RecognitionProblem, *, fractions: bool = False
) -> None:
    """Print the verdict to standard output, with numbers as exact fractions if asked for."""
    print_parts(render(verdict, problem, fractions=fractions))


def render(
    verdict: RecognitionVerdict, problem: RecognitionProblem, *, fractions: bool = False
) -> Iterator[RenderableType]:
    """The parts of the printed verdict, from the headline down."""

    def number(value: Fraction) -> str:
        exact, near = str(value) if fractions else fraction(value), decimal(value)
        return exact if exact == near else f"{exact} ({near})"

    yield Text(headline(verdict, problem), _STYLES[verdict.status])
    scores, softmax = verdict.scores, verdict.softmax
    if softmax is None:
        for pair in scores.wrong:
            yield Text(_wrong(pair, problem, number(pair.score)))
    else:
        for example in softmax.counterexamples:
            yield Text(str(example))
        decided = ", ".join(f"{name} {quantity(n)}" for name, n in softmax.methods.items() if n)
        yield Text(f"edges decided by: {decided or 'none'}")
        for note in softmax.notes:
            yield Text(f"note: {note}")
    if scores.weakest is not None and scores.strongest is not None and scores.gap is not None:
        weakest, strongest = scores.weakest, scores.strongest
        yield Text(
            f"gap: {number(scores.gap)}, from ({strongest.query}, {strongest.key}), no edge, to "
            f"({weakest.query}, {weakest.key})"
        )
    if scores.threshold is not None:
        chosen = "" if problem.layer.threshold is not None else ", the middle of the gap"
        yield Text(f"threshold: {number(scores.threshold)}{chosen}")
    if verdict.radius is not None:
        if verdict.radius > 1e30 or math.isinf(verdict.radius):
            yield Text("embeddings may move by any distance")
        else:
            yield Text(f"embeddings may move by {at_least(verdict.radius)} each, at the threshold")
    for execution in verdict.executions:
        yield Text(execution_line(execution))
    if verdict.certificate is not None:
        yield Text(f"certificate: {verdict.certificate}")
    cost = f"engine: {verdict.engine}, {seconds(verdict.seconds)}, "
    cost += f"{quantity(problem.layer.items**2)} pairs"
    if softmax is not None and softmax.nodes:
        cost += f", {amount(softmax.nodes, 'node')}"
    yield Text(cost, "dim")


def headline(verdict: RecognitionVerdict, problem: RecognitionProblem) -> str:
    """The answer in one line."""
    edges = amount(len(problem.graph), "edge")
    if problem.softmax is None:
        asked = f"among {quantity(problem.layer.items**2)} pairs"
    else:
        asked = f"in every context of at most {amount(problem.softmax.context, 'item')}"
    if verdict.status == "holds":
        return f"holds: exactly the {edges} are reported {asked}"
    if verdict.status == "unknown":
        return f"unknown: not decided {asked}"
    if verdict.violations is None and verdict.softmax is None:
        return f"violated: no threshold reports exactly the {edges} {asked}"
    if verdict.violations is None:
        return f"violated: not exactly the {edges} are reported {asked}"
    verb = "is" if verdict.violations == 1 else "are"
    where = asked.replace("every context of", "some context of")
    return f"violated: {amount(verdict.violations, 'pair')} {verb} read wrong {where}"


def _wrong(pair: ScoredPair, problem: RecognitionProblem, score: str) -> str:
    what = "edge, not reported" if pair.edge else "no edge, but reported"
    return f"({pair.query}, {pair.key}): {what}, score {score}"
