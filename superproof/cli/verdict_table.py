"""A verdict for a person at a terminal: headline, outputs, counterexamples, cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rich.console import RenderableType
from rich.text import Text

from ..verify.specification import Specification
from ..verify.verdict import Counterexample, OutputReading, Verdict
from ..verify.verdict_report import (
    OUTPUTS,
    cost,
    execution_line,
    given,
    label,
    probability_lines,
)
from ..verify.verdict_text import decimal, fraction, headline, quantity, seconds, shorten, truth
from .terminal import print_parts, table

_STYLES = {"holds": "bold green", "violated": "bold red", "unknown": "bold yellow"}
FORMULA_WIDTH = 48
#: So many counterexamples are shown with tables of their outputs, and then one a line.
TABLES = 20


def print_verdict(
    verdict: Verdict, specification: Specification, *, fractions: bool = False
) -> None:
    """Print the verdict to standard output.

    Args:
        verdict: what the engine found.
        specification: what was asked, for formulas and the domain.
        fractions: show values as exact fractions instead of decimals.
    """
    print_parts(render(verdict, specification, fractions=fractions))


def render(
    verdict: Verdict, specification: Specification, *, fractions: bool = False
) -> Iterator[RenderableType]:
    """The parts of the printed verdict, from the headline down."""
    domain = str(specification.domain)
    yield Text(headline(verdict, domain), _STYLES[verdict.status])
    if verdict.interrupted and verdict.status != "unknown":
        yield Text("interrupted: this is what was known by then", "yellow")
    yield from _outputs(verdict, specification)
    for number, example in enumerate(verdict.counterexamples[:TABLES]):
        yield from _example(label(verdict, number), example, fractions)
    for number, example in enumerate(verdict.counterexamples[TABLES:], TABLES):
        yield Text(f"{label(verdict, number)}: {_line(example, fractions)}")
    if verdict.margin is not None:
        exact = str(verdict.margin) if fractions else fraction(verdict.margin)
        yield Text(f"margin: {exact} ({decimal(verdict.margin)})")
    for line in probability_lines(verdict, fractions=fractions):
        yield Text(line)
    for execution in verdict.executions:
        yield Text(execution_line(execution))
    for note in verdict.notes:
        yield Text(f"note: {note}")
    if verdict.certificate is not None:
        yield Text(f"certificate: {verdict.certificate}")
    if verdict.status == "unknown":
        for attempt in verdict.tried:
            yield Text(f"tried: {attempt.engine}, {seconds(attempt.seconds)}: {attempt.result}")
    yield Text(cost(verdict), "dim")


def _outputs(verdict: Verdict, specification: Specification) -> Iterator[RenderableType]:
    """One line an output, or a summary when there are many."""
    names = specification.outputs
    state = _output_states(verdict, names)
    shown: Sequence[int] = range(len(names))
    if len(names) > OUTPUTS:
        wrong = [j for j in shown if state[j] not in ("right", "not counted")]
        counts = verdict.violations_by_output
        if counts is not None:
            wrong.sort(key=lambda j: -counts[names[j]])
        summary = f"{quantity(len(names))} outputs, {names[0]} to {names[-1]}: "
        if verdict.status == "holds":
            yield Text(summary + "all right")
            return
        if verdict.status == "unknown" and not wrong:
            yield Text(summary + "not decided")
            return
        known = "" if counts is not None else "at least "
        yield Text(summary + f"{known}{quantity(len(wrong))} wrong")
        shown = wrong[:OUTPUTS]
    rows = table(
        ("output", "left"),
        ("formula", "left"),
        ("violations" if verdict.violations_by_output is not None else "", "right"),
    )
    for j in shown:
        style = {"right": "green", "0": "green", "not counted": "dim"}.get(state[j], "red")
        rows.add_row(
            Text(names[j]),
            Text(shorten(str(specification.formulas[j]), FORMULA_WIDTH)),
            Text(state[j], style),
        )
    yield Text("")
    yield rows
    if len(names) > OUTPUTS and len(wrong) > OUTPUTS:
        yield Text(f"and {quantity(len(wrong) - OUTPUTS)} more wrong outputs")
    yield Text("")


def _output_states(verdict: Verdict, names: Sequence[str]) -> list[str]:
    """For each output: its count of violations, ``right``, ``wrong`` or ``not counted``."""
    counts = verdict.violations_by_output
    if counts is not None:
        if verdict.status == "holds":
            return ["0"] * len(names)
        return [quantity(counts[name]) if counts[name] else "right" for name in names]
    wrong = {n for e in verdict.counterexamples for n, o in e.outputs.items() if o.wrong}
    if len(names) == 1 and verdict.status == "violated":
        wrong = set(names)
    return ["wrong" if name in wrong else "not counted" for name in names]


def _example(title: str, example: Counterexample, fractions: bool) -> Iterator[RenderableType]:
    yield Text(f"{title}: {given(example)}")
    wrong = [(name, o) for name, o in example.outputs.items() if o.wrong]
    right = [(name, o) for name, o in example.outputs.items() if not o.wrong]
    rows = table(("output", "left"), ("expected", "left"), ("read", "left"), ("value", "right"))
    few = len(example.outputs) <= OUTPUTS
    for name, output in [*wrong[:OUTPUTS], *(right if few else [])]:
        rows.add_row(*_reading(name, output, fractions))
    yield rows
    if not few:
        hidden = max(len(wrong) - OUTPUTS, 0)
        more = f"{quantity(hidden)} more wrong outputs and " if hidden else ""
        yield Text(f"and {more}{quantity(len(right))} right outputs", "dim")
    yield Text("")


def _line(example: Counterexample, fractions: bool) -> str:
    """The bits of the input and the wrong outputs."""
    wrong = [
        f"{name} reads {truth(output.read)} at {_value(output.value, fractions)}"
        for name, output in example.outputs.items()
        if output.wrong
    ]
    more = [f"and {quantity(len(wrong) - OUTPUTS)} more"] if len(wrong) > OUTPUTS else []
    return f"{example.text}, " + ", ".join(wrong[:OUTPUTS] + more)


def _reading(name: str, output: OutputReading, fractions: bool) -> tuple[Text, Text, Text, Text]:
    style = "red" if output.wrong else "dim"
    return (
        Text(name, style),
        Text(truth(output.expected)),
        Text(truth(output.read), style),
        Text(_value(output.value, fractions)),
    )


def _value(value: Fraction, fractions: bool) -> str:
    return str(value) if fractions else decimal(value)
