"""A comparison in words: a sentence, short tables, examples.

What is printed is a list of parts: sentences and tables. The command shows the tables in its own
style; ``print(comparison)`` aligns them with spaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..verdict import Counterexample
from ..verdict_report import OUTPUTS, given
from ..verdict_text import amount, decimal, quantity, seconds, shorten, truth
from .change import RegionChange
from .comparison import Comparison, Example, ForgottenClaim
from .regions import SEVERAL

#: A clause is cut at this many characters; this many rows and changes are shown.
CLAUSE_WIDTH, ROWS, CHANGES = 40, 40, 4
#: Words for rows in which nothing is different.
SAME = ("still computed", "still false", "unchanged", "empty")


@dataclass(frozen=True)
class Sentence:
    """A line of text, with what it is good or bad for: good, bad, open or plain."""

    text: str
    tone: str = "plain"


@dataclass
class Rows:
    """A table: titles with their alignment, and rows of text."""

    titles: tuple[tuple[str, str], ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)


def report(comparison: Comparison) -> str:
    """Everything as plain text."""
    lines = []
    for part in parts(comparison):
        lines += [part.text] if isinstance(part, Sentence) else list(_columns(part))
    return "\n".join(lines)


def parts(comparison: Comparison) -> Iterator[Sentence | Rows]:
    """From the headline down."""
    tones = {"equal": "good", "differs": "bad", "unknown": "open"}
    if comparison.claim is None:
        yield Sentence(headline(comparison), tones[comparison.status])
    else:
        claimed = {"holds": "good", "fails": "bad", "unknown": "open"}
        yield Sentence(claim_line(comparison.claim), claimed[comparison.claim.status])
        yield Sentence(headline(comparison))
    yield Sentence(_about_a(comparison), "plain" if comparison.a_computes else "open")
    if comparison.interrupted:
        yield Sentence("interrupted: this is what was known by then", "open")
    if comparison.claim is not None and comparison.claim.status != "holds":
        yield from _claim_table(comparison.claim)
    if comparison.status == "differs":
        yield from _changes(comparison)
    if comparison.claim is None or comparison.claim.status != "fails":
        yield from _examples("example", comparison.examples)
    else:
        yield from _examples("residual, example", comparison.claim.residual_examples)
        yield from _examples("damage, example", comparison.claim.damage_examples)
    for note in comparison.notes:
        yield Sentence(f"note: {note}")
    if comparison.certificate is not None:
        yield Sentence(f"certificate: {comparison.certificate}")
    yield Sentence(f"decided by {comparison.how}, {seconds(comparison.seconds)}", "dim")


def headline(comparison: Comparison) -> str:
    """The answer in one sentence, with what changed."""
    size = comparison.domain_size
    if comparison.status == "unknown":
        return "unknown: it was not decided whether A and B read the same"
    if comparison.status == "equal":
        where = "every input" if size is None else f"all {amount(size, 'input')}"
        return f"equal: A and B read the same on {where} of the domain"
    count = comparison.differing
    some = "some inputs" if count is None else quantity(count)
    of = " of the domain" if count is None else " of the inputs of the domain"
    if size is not None:
        of = f" of {amount(size, 'input')}"
    changes = _in_words(comparison)
    return f"differs: B reads {some}{of} differently from A" + (f"; {changes}" if changes else "")


def claim_line(claim: ForgottenClaim) -> str:
    """The answer to what was to be forgotten, in one sentence."""
    if claim.status == "holds":
        vacuous = all(count == 0 for count in claim.inputs.values())
        there = "no input makes only this true" if vacuous else "B reads false where only this held"
        return f"forgotten: {claim.words}; {there}, and as A does everywhere else"
    if claim.status == "unknown":
        return f"unknown: it was not decided whether B forgot {claim.words} and nothing else"
    residual = _count(claim.residual, claim.residual_by_output)
    damage = _count(claim.damage, claim.damage_by_output)
    return (
        f"not cleanly forgotten: {claim.words}; residual on {residual} "
        f"(not false where only this held), damage on {damage} (other than A elsewhere)"
    )


def _count(total: int | None, by_output: dict[str, int | None]) -> str:
    if total is not None:
        return amount(total, "input")
    counts = [count for count in by_output.values() if count is not None]
    if len(counts) == len(by_output):
        return f"{quantity(max(counts))} inputs or more"
    return "a number of inputs not counted"


def _about_a(comparison: Comparison) -> str:
    if comparison.a_computes is None:
        return "whether A computes the specification was not decided"
    if comparison.a_computes:
        return "A computes the specification"
    count = comparison.a.violations
    some = "some inputs" if count is None else amount(count, "input")
    return f"A does not compute the specification: it is wrong on {some}"


def _in_words(comparison: Comparison) -> str:
    """Which clauses explain the difference."""
    changed = [row for row in comparison.regions if row.status not in (*SAME, "not decided")]
    # what is lost with several clauses follows from what is lost with one
    named = [row for row in changed if row.region != SEVERAL] or changed
    texts = []
    for output in dict.fromkeys(row.output for row in named):
        rows = [row for row in comparison.regions if row.output == output]
        if all(row.status in ("inverted", "empty") for row in rows):
            texts.append(f"{output} inverted")
        else:
            texts += [f"{_place(row)} {row.status}" for row in named if row.output == output]
    shown = texts[:CHANGES]
    if len(texts) > CHANGES:
        shown.append(f"and {amount(len(texts) - CHANGES, 'more change')}")
    return ", ".join(shown)


def _place(row: RegionChange) -> str:
    if row.clause is not None:
        return f"clause {row.clause} of {row.output}"
    return f"{row.output} with {row.region}"


def _claim_table(claim: ForgottenClaim) -> Iterator[Rows]:
    table = Rows(
        (
            ("output", "left"),
            ("inputs to forget", "right"),
            ("residual", "right"),
            ("damage", "right"),
        )
    )
    for name, residual in claim.residual_by_output.items():
        damage = claim.damage_by_output[name]
        if name in claim.inputs or residual or damage:
            asked = _number(claim.inputs[name]) if name in claim.inputs else ""
            table.rows.append((name, asked, _number(residual), _number(damage)))
    yield table


def _changes(comparison: Comparison) -> Iterator[Sentence | Rows]:
    """Outputs and their clauses: what changed first, the rest in one line."""
    outputs = Rows(
        (
            ("output", "left"),
            ("differs on", "right"),
            ("true in A only", "right"),
            ("true in B only", "right"),
        )
    )
    same = 0
    for name, change in comparison.by_output.items():
        if change.differing == 0:
            same += 1
        elif len(outputs.rows) < OUTPUTS:
            sides = (change.differing, change.lost, change.gained)
            outputs.rows.append((name, *map(_number, sides)))
    if len(comparison.by_output) > 1 and outputs.rows:
        yield outputs
        if same:
            verb = "reads" if same == 1 else "read"
            yield Sentence(f"{amount(same, 'other output')} {verb} the same in A and B", "dim")
    changed = {row.output for row in comparison.regions if row.status not in SAME}
    clauses = Rows(
        (
            ("output", "left"),
            ("true there", "left"),
            ("inputs", "right"),
            ("still true", "right"),
            ("lost", "right"),
            ("gained", "right"),
            ("", "whole"),
        )
    )
    concerned = [row for row in comparison.regions if row.output in changed]
    ordered = sorted(concerned, key=lambda row: row.status in SAME)
    shown = {id(row) for row in ordered[:ROWS]}
    for row in concerned:
        if id(row) in shown:
            region = row.region if row.clause is None else f"{row.clause}: {row.region}"
            change = row.change
            counts = (change.inputs, change.both, change.lost, change.gained)
            clauses.rows.append(
                (row.output, shorten(region, CLAUSE_WIDTH), *map(_number, counts), row.status)
            )
    if clauses.rows:
        yield clauses
    if len(concerned) > ROWS:
        yield Sentence(f"and {amount(len(concerned) - ROWS, 'more row')} (see --json)", "dim")


def _number(count: int | None) -> str:
    return "?" if count is None else quantity(count)


def _examples(title: str, examples: tuple[Example, ...]) -> Iterator[Sentence | Rows]:
    for number, example in enumerate(examples):
        several = f" {number + 1} of {len(examples)}" if len(examples) > 1 else ""
        bits = given(Counterexample(example.names, example.bits, {}))
        yield Sentence(f"{title}{several}: {bits}")
        table = Rows((("output", "left"), ("A reads", "left"), ("B reads", "left")))
        for name in example.shown[:OUTPUTS]:
            o = example.outputs[name]
            a, b = f"{truth(o.a_read)} at {decimal(o.a_value)}", decimal(o.b_value)
            table.rows.append((name, a, f"{truth(o.b_read)} at {b}"))
        yield table
        if len(example.shown) > OUTPUTS:
            yield Sentence(f"and {amount(len(example.shown) - OUTPUTS, 'more output')}", "dim")


def _columns(table: Rows) -> Iterator[str]:
    """Aligned columns, indented."""
    lines = [tuple(title for title, _ in table.titles), *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if align == "right" else cell.ljust(width)
            for cell, width, (_, align) in zip(line, widths, table.titles, strict=True)
        ]
        yield ("  " + "   ".join(cells)).rstrip()
