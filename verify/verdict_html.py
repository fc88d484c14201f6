"""Verdicts as HTML for notebooks: self-contained, every name escaped."""

from __future__ import annotations

from html import escape

from .verdict import Counterexample, Verdict
from .verdict_report import execution_line, label, probability_lines
from .verdict_text import decimal, fraction, headline, quantity, seconds, truth

_COLOURS = {"holds": "#1a7f37", "violated": "#c62828", "unknown": "#8a6d00"}
#: A counterexample lists at most this many outputs, the wrong ones first.
OUTPUTS = 20
#: Inputs beyond this many are given as the list of the true ones.
INPUTS = 16
#: As many of those are named.
NAMES = 60


def render(verdict: Verdict) -> str:
    """The verdict as an HTML fragment: headline, counterexamples, margin and cost."""
    colour = _COLOURS[verdict.status]
    parts = [f'<p><strong style="color:{colour}">{escape(headline(verdict))}</strong></p>']
    for number, example in enumerate(verdict.counterexamples):
        parts.append(f"<p>{label(verdict, number)}</p>{_example(example)}")
    by_output = verdict.violations_by_output or {}
    wrong = [(name, n) for name, n in by_output.items() if n]
    if wrong:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{quantity(n)}</td></tr>" for name, n in wrong[:OUTPUTS]
        )
        more = f"<p>and {len(wrong) - OUTPUTS} more outputs</p>" if len(wrong) > OUTPUTS else ""
        parts.append(f"<table><tr><th>output</th><th>violations</th></tr>{rows}</table>{more}")
    if verdict.margin is not None:
        exact = f"{fraction(verdict.margin)} ({decimal(verdict.margin)})"
        parts.append(f"<p>margin: {escape(exact)}</p>")
    parts += [f"<p>{escape(line)}</p>" for line in probability_lines(verdict)]
    parts += [f"<p>{escape(execution_line(e))}</p>" for e in verdict.executions]
    parts += [f"<p>note: {escape(note)}</p>" for note in verdict.notes]
    parts.append(f"<p><small>{escape(verdict.engine)}, {seconds(verdict.seconds)}</small></p>")
    return "<div>" + "".join(parts) + "</div>"


def render_counterexample(example: Counterexample) -> str:
    """The counterexample as an HTML fragment: its input, and what every output reads."""
    return f"<div>{_example(example)}</div>"


def _example(example: Counterexample) -> str:
    if len(example.bits) <= INPUTS:
        names = "".join(f"<th>{escape(name)}</th>" for name in example.names)
        bits = "".join(f"<td>{int(bit)}</td>" for bit in example.bits)
        given = f"<table><tr>{names}</tr><tr>{bits}</tr></table>"
    else:
        true = [name for name, bit in example.assignment.items() if bit]
        listed = escape(", ".join(true[:NAMES])) or "none"
        if len(true) > NAMES:
            listed += f" and {len(true) - NAMES} more"
        given = f"<p>true inputs: {listed}; all others are false</p>"
    ordered = sorted(example.outputs.items(), key=lambda item: not item[1].wrong)
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{truth(o.expected)}</td>"
        f"<td>{'<strong>' + truth(o.read) + '</strong>' if o.wrong else truth(o.read)}</td>"
        f"<td>{decimal(o.value)}</td></tr>"
        for name, o in ordered[:OUTPUTS]
    )
    more = f"<p>and {len(ordered) - OUTPUTS} more outputs</p>" if len(ordered) > OUTPUTS else ""
    head = "<tr><th>output</th><th>expected</th><th>read</th><th>value</th></tr>"
    return f"{given}<table>{head}{rows}</table>{more}"
