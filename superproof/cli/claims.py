"""``superproof claims``: what the papers claim, how it is tested here, and what stands."""

from __future__ import annotations

from typing import Annotated

import typer


def claims(
    standing: Annotated[
        str | None,
        typer.Option(metavar="S", help="Only claims of this standing, such as 'open'."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the ledger as JSON.")] = False,
) -> None:
    """Show the ledger of claims: statement, source, standing and evidence.

    A claim stands as "proved here", "verified on instances", "reproduced", "not reproduced",
    "false in general" or "open".
    """
    from ..theory.claims import STANDINGS, read_claims
    from ..verify.errors import InputError
    from .terminal import print_json

    if standing is not None and standing not in STANDINGS:
        raise InputError(f"no standing '{standing}'; there are {', '.join(STANDINGS)}")
    chosen = [c for c in read_claims() if standing in (None, c.standing)]
    if json:
        print_json({"claims": [claim.to_json() for claim in chosen]})
        return
    _print(chosen, STANDINGS)


def _print(chosen: list, standings: tuple[str, ...]) -> None:  # type: ignore[type-arg]
    from rich.text import Text

    from .terminal import print_parts, table

    rows = table(("standing", "left"), ("claim", "left"), ("tested by", "left"))
    for claim in chosen:
        said = f"{claim.statement} [{claim.source}]"
        how = claim.tested
        if claim.counterexample:
            how += f" Counterexample: {claim.counterexample}"
        rows.add_row(Text(claim.standing), Text(f"{claim.id}: {said}"), Text(how))
        rows.add_section()
    counts = {s: sum(claim.standing == s for claim in chosen) for s in standings}
    summary = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    print_parts([rows, Text(f"{len(chosen)} claims: {summary or 'none'}")])
