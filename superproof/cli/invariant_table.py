"""Answers to questions of invariance for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from rich.console import RenderableType
from rich.text import Text

from ..verify.domain import Domain
from ..verify.invariance.invariance import Answer, Example, Invariance, PropertyAnswer
from ..verify.invariance.pairing import FALLS, RISES
from ..verify.verdict import Counterexample
from ..verify.verdict_report import OUTPUTS, given
from ..verify.verdict_text import amount, decimal, quantity, seconds, shorten, truth, unknown_reason
from .terminal import print_parts, table

_STYLES = {"holds": "bold green", "violated": "bold red", "unknown": "bold yellow"}


def print_invariance(answer: Invariance, domain: Domain, *, fractions: bool = False) -> None:
    """Print the answer to standard output; values as exact fractions, or as decimals."""
    print_parts(render(answer, domain, fractions=fractions))


def render(
    answer: Invariance, domain: Domain, *, fractions: bool = False
) -> Iterator[RenderableType]:
    """The parts of the printed answer, from the headline down."""
    for one in answer.properties:
        yield Text(headline(one, domain), _STYLES[one.status])
        yield from _outputs(one, answer.outputs)
        yield from _exchanges(one)
        for number, example in enumerate(one.examples):
            count = len(one.examples)
            label = "example" if count == 1 else f"example {number + 1} of {count}"
            yield from _example(label, example, fractions)
        for part in one.answers:
            for note in part.verdict.notes:
                yield Text(f"note: {part.part.exchange.words}: {note}")
    if answer.interrupted:
        yield Text("interrupted: this is what was known by then", "yellow")
    if answer.certificate is not None:
        yield Text(f"certificate: {answer.certificate}")
    yield Text(_cost(answer), "dim")


def headline(one: PropertyAnswer, domain: Domain) -> str:
    """What is true of a property, in one sentence."""
    place = "" if domain.is_all else f" of the domain '{shorten(str(domain), 60)}'"
    if one.status == "holds":
        which = "every pair" if one.pairs is None else f"all {amount(one.pairs, 'pair')}"
        if one.pairs == 1:
            which = "the only pair"
        return f"holds: {one.asked.sentence}, on {which} of inputs{place}"
    if one.status == "violated":
        count = "at least one" if one.violations is None else quantity(one.violations)
        which = "the pairs" if one.pairs is None else amount(one.pairs, "pair")
        return f"violated: {one.asked.opposite}, on {count} of {which} of inputs{place}"
    return f"unknown whether {one.asked.sentence}: {_reason(one)}"


def _reason(one: PropertyAnswer) -> str:
    open_ones = [a.verdict for a in one.answers if a.verdict.status == "unknown"]
    asked = [verdict for verdict in open_ones if verdict.tried]
    return unknown_reason(asked[0]) if asked else "not asked any more"


def _outputs(one: PropertyAnswer, outputs: tuple[str, ...]) -> Iterator[RenderableType]:
    """One line an output with what happens to it, where something does."""
    flips = one.asked.kind == "flip"
    counts = [(name, one.count(FALLS, name), one.count(RISES, name)) for name in outputs]
    if one.status != "violated" or any(falls is None for _, falls, _ in counts):
        return
    found = [(name, falls or 0, rises or 0) for name, falls, rises in counts]
    wrong = sorted((f for f in found if f[1] + f[2]), key=lambda f: -f[1] - f[2])
    shown = [f for f in found if f in wrong[:OUTPUTS]] if len(found) > OUTPUTS else found
    columns = [("output", "left"), ("falls", "right"), ("rises", "right"), ("changes", "right")]
    rows = table(*(columns if flips else columns[:2]))
    for name, falls, rises in shown:
        cells = [falls, rises, falls + rises] if flips else [falls]
        style = "red" if sum(cells) else "green"
        rows.add_row(Text(name), *(Text(quantity(c), style if c else "dim") for c in cells))
    yield Text("")
    yield rows
    if len(wrong) > OUTPUTS:
        yield Text(f"and {quantity(len(wrong) - OUTPUTS)} more outputs", "dim")
    yield Text("")


def _exchanges(one: PropertyAnswer) -> Iterator[RenderableType]:
    """One line an exchange where there are several."""
    if len(one.answers) > 1:
        rows = table(("exchange", "left"), ("pairs", "right"), ("violations", "right"))
        ordered = sorted(one.answers, key=lambda a: a.verdict.status != "violated")
        for answer in ordered[:OUTPUTS]:
            pairs = answer.verdict.domain_size
            state, style = _state(answer)
            rows.add_row(
                Text(answer.part.exchange.words),
                Text("" if pairs is None else quantity(pairs)),
                Text(state, style),
            )
        yield rows
        if len(ordered) > OUTPUTS:
            yield Text(f"and {amount(len(ordered) - OUTPUTS, 'more exchange')}", "dim")
        yield Text("")
    if one.asked.skipped:
        words = ", ".join(exchange.words for exchange in one.asked.skipped[:OUTPUTS])
        yield Text(f"no pair in the domain: {words}", "dim")


def _state(answer: Answer) -> tuple[str, str]:
    verdict = answer.verdict
    if verdict.status == "holds":
        return "0", "green"
    if verdict.status == "unknown":
        return "unknown", "yellow"
    return "some" if verdict.violations is None else quantity(verdict.violations), "red"


def _example(title: str, example: Example, fractions: bool) -> Iterator[RenderableType]:
    """The inputs that both sides share, then what is read on either side."""
    words = f"{example.exchange.verb} {example.exchange.words}"
    rest = {
        name: bit
        for name, bit in zip(example.names, example.before, strict=True)
        if name not in example.exchange.before
    }
    shared = given(Counterexample(tuple(rest), tuple(rest.values()), {})) if rest else ""
    yield Text(f"{title}: {words}{f', at {shared}' if shared else ''}")
    rows = table(("output", "left"), ("before", "left"), ("after", "left"), ("values", "right"))
    ordered = sorted(example.outputs, key=lambda name: name not in example.wrong)
    for name in ordered[:OUTPUTS]:
        reading = example.outputs[name]
        style = "red" if name in example.wrong else "dim"
        values = (reading.value_before, reading.value_after)
        rows.add_row(
            Text(name, style),
            Text(truth(reading.before), style),
            Text(truth(reading.after), style),
            Text(", ".join(_value(value, fractions) for value in values)),
        )
    yield rows
    if len(ordered) > OUTPUTS:
        yield Text(f"and {amount(len(ordered) - OUTPUTS, 'more output')}", "dim")
    yield Text("")


def _value(value: Fraction, fractions: bool) -> str:
    return str(value) if fractions else decimal(value)


def _cost(answer: Invariance) -> str:
    verdicts = [part.verdict for one in answer.properties for part in one.answers]
    engines = ", ".join(dict.fromkeys(v.engine for v in verdicts if v.tried)) or "none"
    asked = amount(len(verdicts), "exchange")
    return f"{asked}, engine: {engines}, {seconds(answer.seconds)}"
