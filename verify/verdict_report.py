"""A whole verdict as lines of plain text: what ``print(verdict)`` shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .rounding.execution import Execution
from .verdict import Counterexample, Verdict
from .verdict_text import (
    decimal,
    fraction,
    headline,
    quantity,
    seconds,
    truth,
    whole_fraction,
)

#: Outputs that are listed, the wrong ones first.
OUTPUTS = 20
#: Counterexamples with more inputs name only the true (or false) ones.
INPUTS = 16
#: As many of those are named.
NAMES = 60
#: Fewer inputs than this say nothing about speed.
RATE_FROM = 1 << 16


def report(verdict: Verdict) -> str:
    """Headline, counts, counterexamples, margin, notes and cost, one below the other.

    The command prints the same, with the formulas and the domain of the specification.
    """
    return "\n".join(_lines(verdict))


def _lines(verdict: Verdict) -> Iterator[str]:
    yield headline(verdict)
    if verdict.interrupted and verdict.status != "unknown":
        yield "interrupted: this is what was known by then"
    counts = verdict.violations_by_output or {}
    wrong = sorted(((n, c) for n, c in counts.items() if c), key=lambda item: -item[1])
    if wrong:
        rows = [("output", "violations"), *((n, quantity(c)) for n, c in wrong[:OUTPUTS])]
        yield from _columns(rows)
        if len(wrong) > OUTPUTS:
            yield f"and {quantity(len(wrong) - OUTPUTS)} more wrong outputs"
    for number, example in enumerate(verdict.counterexamples):
        yield f"{label(verdict, number)}: {given(example)}"
        yield from _readings(example)
    if verdict.margin is not None:
        yield f"margin: {fraction(verdict.margin)} ({decimal(verdict.margin)})"
    yield from probability_lines(verdict)
    for execution in verdict.executions:
        yield execution_line(execution)
    for note in verdict.notes:
        yield f"note: {note}"
    if verdict.status == "unknown":
        for attempt in verdict.tried:
            yield f"tried: {attempt.engine}, {seconds(attempt.seconds)}: {attempt.result}"
    yield cost(verdict)


def _readings(example: Counterexample) -> Iterator[str]:
    ordered = sorted(example.outputs.items(), key=lambda item: not item[1].wrong)
    few = len(ordered) <= OUTPUTS
    shown = [(name, o) for name, o in ordered if few or o.wrong][:OUTPUTS]
    rows = [("output", "expected", "read", "value")]
    rows += [(name, truth(o.expected), truth(o.read), decimal(o.value)) for name, o in shown]
    yield from _columns(rows)
    if not few:
        wrong = sum(o.wrong for _, o in ordered)
        hidden = f"{quantity(wrong - OUTPUTS)} more wrong outputs and " if wrong > OUTPUTS else ""
        yield f"and {hidden}{quantity(len(ordered) - wrong)} right outputs"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Aligned columns, the last one to the right, indented."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for *cells, last in rows:
        left = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
        yield "  " + "   ".join([*left, last.rjust(widths[-1])])


def label(verdict: Verdict, number: int) -> str:
    """What a counterexample is called: ``counterexample 2 of 3``."""
    count = len(verdict.counterexamples)
    return "counterexample" if count == 1 else f"counterexample {number + 1} of {count}"


def given(example: Counterexample) -> str:
    """The input of a counterexample: every bit, or where there are many, the fewer kind."""
    if len(example.bits) <= INPUTS:
        return " ".join(f"{name}={int(bit)}" for name, bit in example.assignment.items())
    true = [name for name, bit in example.assignment.items() if bit]
    false = [name for name, bit in example.assignment.items() if not bit]
    few, kind, rest = (
        (true, "true", "false") if len(true) <= len(false) else (false, "false", "true")
    )
    if not few:
        return f"all {len(example.bits)} inputs are {rest}"
    listed = ", ".join(few[:NAMES])
    if len(few) > NAMES:
        listed += f" and {len(few) - NAMES} more (all of them in its JSON form)"
    return f"{kind}: {listed}; the other {len(example.bits) - len(few)} inputs are {rest}"


def probability_lines(verdict: Verdict, *, fractions: bool = False) -> Iterator[str]:
    """The probability of error, its law and that of the domain, and the outputs if several.

    ``fractions`` shows all digits of the exact numbers.
    """
    found = verdict.probability
    if found is None:
        return
    exact = whole_fraction if fractions else fraction
    yield f"probability of error: {exact(found.error)} ({decimal(found.error)})"
    given = ""
    if found.domain != 1:
        given = f"; the domain has probability {exact(found.domain)} ({decimal(found.domain)})"
    yield f"  law: {found.law}{given}"
    wrong = sorted(((n, p) for n, p in found.by_output.items() if p), key=lambda item: -item[1])
    if len(found.by_output) > 1 and wrong:
        rows = [(n, exact(p), decimal(p)) for n, p in wrong[:OUTPUTS]]
        yield from _columns([("output", "probability of error", "decimal"), *rows])
        if len(wrong) > OUTPUTS:
            yield f"and {quantity(len(wrong) - OUTPUTS)} more wrong outputs"


def execution_line(execution: Execution) -> str:
    """Whether every execution in a number type reads the same bits, and why."""
    said = f"{execution.dtype}: {execution.statement}"
    if execution.guaranteed:
        return f"{said} ({execution.reason})"
    near, margin, error = execution.nearest, execution.margin, execution.error
    if near is None or margin is None or error is None or margin > error:
        return f"{said}: {execution.reason}"
    return f"{said}: {execution.reason}, at {given(near)}"


def cost(verdict: Verdict) -> str:
    """Who decided, how long it took and how much was visited."""
    parts = [f"engine: {verdict.engine}", seconds(verdict.seconds)]
    if verdict.engine == "enumerate" and verdict.nodes:
        visited = f"{quantity(verdict.nodes)} inputs visited"
        if verdict.nodes >= RATE_FROM and verdict.seconds > 0:
            visited += f", {_rate(verdict.nodes / verdict.seconds)} inputs/s"
        parts.append(visited)
    elif verdict.engine == "sparse":
        parts.append(f"{quantity(verdict.nodes)} output{'' if verdict.nodes == 1 else 's'}")
    elif verdict.nodes:
        parts.append(f"{quantity(verdict.nodes)} nodes")
    return ", ".join(parts)


def _rate(per_second: float) -> str:
    return quantity(round(per_second)) if per_second < 1e6 else f"{per_second / 1e6:,.3g} million"
