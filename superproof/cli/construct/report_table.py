"""What ``superproof construct`` prints about a network that it built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...constructions.construction import Construction
    from ...constructions.smallest import Smallest
    from .task import Task

#: Parameters that say how a network was found, the first that there is.
HOW = ("method", "code")


def print_report(
    built: Construction, task: Task, width: str, certificate: Mapping[str, Any], picture: str
) -> None:
    """Print what was built as a table.

    Args:
        built: the network.
        task: what was wanted.
        width: where the number of neurons comes from; empty where there is nothing to say.
        certificate: what report.json says about it.
        picture: its file, or why there is none.
    """
    from ..terminal import console, table

    rows = table(("", "whole"), ("", "left"), head=False)
    for heading, text in _lines(built, task, width, certificate, picture):
        rows.add_row(heading, text)
    console().print(rows)


def print_curve(found: Smallest) -> None:
    """Print what the search for the least width tried, and how often it succeeded."""
    from ...constructions.smallest import CONFIDENCE
    from ..terminal import console, table

    interval = f"{100 * CONFIDENCE:.0f} % interval"
    rows = table(*((title, "right") for title in ("neurons", "exact", "rate", interval)))
    for rate in found.curve:
        rows.add_row(
            f"{rate.neurons:,}",
            f"{rate.exact} of {rate.tried}",
            f"{rate.exact / rate.tried:.2f}",
            f"{rate.low:.2f} to {rate.high:.2f}",
        )
    out = console()
    out.print(rows)
    reliable = "no width" if found.reliable is None else f"{found.reliable:,} neurons on"
    out.print(
        f"least exact width {found.neurons:,} (seed {found.seed}); every seed was exact from "
        f"{reliable}; narrower networks may exist",
        soft_wrap=True,
    )
    out.print()


def _lines(
    built: Construction, task: Task, source: str, certificate: Mapping[str, Any], picture: str
) -> list[tuple[str, str]]:
    from ...verify.verdict_text import amount

    lower, facts = built.lower_bound, built.parameters
    how = [built.form, *(str(facts[name]) for name in HOW if name in facts)][:2]
    entry = facts.get("bits_an_entry", built.weight_bits)
    lines = [
        ("computes", f"{task.what}, {_domain(built)}"),
        ("neurons", f"{built.neurons:,} ({how[0]} form{', ' + how[1] if how[1:] else ''})"),
    ]
    if source:
        lines.append(("width from", source))
    lines.append(("bits", f"{built.total_bits:,} ({entry:.4g} a weight)"))
    for matrix in built.matrices:
        shape = " x ".join(f"{size:,}" for size in matrix.shape) or "one number"
        holds = f"{matrix.bits:,} bits, holds the function"
        free = "fixed, free" if facts.get("code") == "polynomials" else "fixed by the seed, free"
        lines.append((f"  {matrix.name}", f"{shape}: {holds if matrix.bits else free}"))
    bound = f"{amount(lower['bits'], 'bit')}; {amount(lower['neurons'], 'neuron')}"
    bound += f": {lower['networks']}"
    lines.append(("lower bound", bound))
    if lower["bits"]:
        # states of circuits are narrower than their layers, and bounds are about states
        width = facts.get("state_width", built.neurons)
        unit = "neurons of a state" if "state_width" in facts else "neurons"
        ratio = f"{width / max(lower['neurons'], 1):.1f} in {unit}"
        lines.append(("ratio", f"{built.ratio:.1f} in bits, {ratio}"))
    lines += task.facts(built)
    seed = str(built.seed)
    if facts.get("draw", built.seed) != built.seed:
        seed += f", exact at draw {facts['draw']}"
    if certificate["file"]:
        proof = f"{certificate['evidence']}, {certificate['bytes']:,} bytes"
    else:
        proof = f"none ({certificate['reason']})"
    return [
        *lines,
        ("certified", built.certified_how),
        ("certificate", proof),
        ("seed", seed),
        ("picture", picture),
    ]


def values_line(built: Construction) -> list[tuple[str, str]]:
    """How far apart the values are that outputs read as true and as false."""
    facts = built.parameters
    text = f"true from {facts['least_true']:,}, false up to {facts['largest_false']:,}"
    return [("values", text)]


def _domain(built: Construction) -> str:
    domain = str(built.specification.domain)
    return f"{domain} active" if domain == f"at most {built.active}" else f"on the domain {domain}"
