"""The page docs/theory.md: the derivations as written, and the catalogue as the code holds it.

``python -m superproof.theory.page`` writes it, from a checkout.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from .bound import Bound
from .catalog import BOUNDS, subjects

#: The checkout, where this file is uninstalled or installed to be edited.
CHECKOUT = Path(__file__).resolve().parents[1]

INTRODUCTION = """\
<!-- Written by `python -m superproof.theory.page` from docs/derivations/ and the catalogue in
theory/. Edit those, not this file. -->

# Theory: the bounds and proofs that the code relies on
"""

#: Words for what a bound is worth.
WORTH = {
    "exact": "proved",
    "asymptotic": "an order of growth, without constants",
    "heuristic": "an estimate, not a theorem",
    "fit": "a fit to measurements, not a theorem",
}
DIRECTIONS = {
    "lower": "lower bound on",
    "upper": "upper bound on",
    "equal": "value of",
}
ORIGINS = {"paper": "stated in a paper", "derived": "derived here", "measured": "measured"}
#: What a value is called where it is no theorem.
LOOSE = {"heuristic": "estimate of", "fit": "measured range of"}


def page(derivations: Path = CHECKOUT / "docs" / "derivations") -> str:
    """The whole page: every ``*.md`` of a folder in the order of names, then the catalogue."""
    chapters = [file.read_text("utf-8").strip() for file in sorted(derivations.glob("*.md"))]
    return "\n\n".join([INTRODUCTION.strip(), *chapters, catalogue(BOUNDS)]) + "\n"


def catalogue(bounds: Sequence[Bound]) -> str:
    """All bounds by subject and task, as the last chapter."""
    lines = [
        "## Catalogue",
        "",
        "Every bound that `superproof bounds` evaluates. *Proved* bounds are theorems in their "
        "regime, and the section named holds the proof; orders, estimates and fits are not, and "
        "say so.",
    ]
    for subject in subjects():
        lines += ["", f"### {subject.capitalize()}"]
        own = [bound for bound in bounds if bound.subject == subject]
        for task in dict.fromkeys(bound.task for bound in own):
            lines += ["", f"#### `{task}`"]
            for bound in own:
                if bound.task == task:
                    lines += ["", *entry(bound)]
    return "\n".join(lines)


def entry(bound: Bound) -> list[str]:
    """One bound as lines of Markdown."""
    direction = f"{LOOSE.get(bound.exactness, DIRECTIONS[bound.direction])} {bound.quantity}"
    lines = [
        f"**{bound.name}** ({direction}; {WORTH[bound.exactness]}). {bound.statement}",
        "",
        f"$${bound.latex}$$",
        "",
        f"- networks: {bound.networks}",
        f"- takes: {_parameters(bound)}",
    ]
    if bound.regime:
        lines.append(f"- regime: {'; '.join(condition.words for condition in bound.regime)}")
    for m in bound.monotone:
        turn = "never falls with" if m.rises else "never rises with"
        only = f", for {m.only_if.words}" if m.only_if else ""
        lines.append(f"- {turn} {m.parameter}{only}: {m.proof}")
    origin = "estimated here" if bound.exactness == "heuristic" else ORIGINS[bound.mark]
    lines.append(f"- {origin}, section {bound.section}: {bound.source}")
    return lines


def _parameters(bound: Bound) -> str:
    shown = []
    for p in bound.parameters:
        default = "" if p.default is None else f", {p.default} if not given"
        shown.append(f"{p.name} ${p.symbol}$ ({p.meaning}{default})")
    return "; ".join(shown)


def main() -> int:
    """Write docs/theory.md of the checkout."""
    folder = CHECKOUT / "docs"
    if not (folder / "derivations").is_dir():
        print("the derivations are in a checkout only, in docs/derivations", file=sys.stderr)
        return 2
    (folder / "theory.md").write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
