"""What ``superproof construct`` prints about a network that it built."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..constructions.construction import Construction


def print_report(built: Construction, pattern: str, width: str, picture: str) -> None:
    """Print what was built as a table.

    Args:
        built: the network.
        pattern: what the pairs are.
        width: where the number of neurons comes from; empty for a plain network.
        picture: its file, or why there is none.
    """
    from .terminal import console, table

    rows = table(("", "whole"), ("", "left"), head=False)
    for heading, text in _lines(built, pattern, width, picture):
        rows.add_row(heading, text)
    console().print(rows)


def _lines(built: Construction, pattern: str, width: str, picture: str) -> list[tuple[str, str]]:
    report, lower, facts = built.report(), built.lower_bound, built.parameters
    plain = built.form == "plain"
    how = f"{built.form} form, {facts['code'] if plain else facts['method']}"
    entry = built.weight_bits if plain else facts["bits_an_entry"]
    lines = [
        (
            "computes",
            f"{report['outputs']:,} ANDs of {report['inputs']:,} inputs ({pattern}), "
            f"at most {built.active} active",
        ),
        ("neurons", f"{built.neurons:,} ({how})"),
    ]
    if not plain:
        lines.append(("width from", width))
    lines.append(("bits", f"{built.total_bits:,} ({entry:.4g} a weight)"))
    for matrix in built.matrices:
        shape = " x ".join(f"{size:,}" for size in matrix.shape) or "one number"
        holds = f"{matrix.bits:,} bits, holds the function"
        lines.append(
            (f"  {matrix.name}", f"{shape}: {holds if matrix.bits else 'fixed by the seed, free'}")
        )
    lines += [
        (
            "lower bound",
            f"{lower['bits']:,} bits; {lower['neurons']:,} neurons: {lower['networks']}",
        ),
        (
            "ratio",
            f"{built.ratio:.1f} in bits, {built.neurons / max(lower['neurons'], 1):.1f} in neurons",
        ),
    ]
    if plain:
        text = f"{facts['theory_neurons']:,} neurons suffice by the union bound"
        lines.append(("random code", text))
    else:
        text = f"true from {facts['least_true']:,}, false up to {facts['largest_false']:,}"
        lines.append(("values", text))
    seed = str(built.seed)
    if not plain and facts["draw"] != built.seed:
        seed += f", exact at draw {facts['draw']}"
    return [*lines, ("certified", built.certified_how), ("seed", seed), ("picture", picture)]
