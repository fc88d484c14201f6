"""The figure of ``separation-curve``: shares of impossible instances against m ln m / d^2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .figures import COLOURS, caption, house_style, new_axes, save, tether

if TYPE_CHECKING:
    from .separation_curve import CurveResult

#: Colours and markers of the dimensions, in order.
STYLES = (("green", "s"), ("blue", "o"), ("purple", "D"), ("orange", "^"), ("ink", "v"))
#: Heights at which the names stand, away from the crossing lines.
HEIGHTS = (0.82, 0.66, 0.5, 0.34, 0.18)


def draw_separation(result: CurveResult, stem: Path) -> tuple[Path, Path]:
    """Draw shares and fitted curves, each named beside its own; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    with house_style():
        axes = new_axes(
            "When can no single head, of any width, recognise a random permutation?",
            "m ln m / d²",
            "share of instances proved impossible",
            size=(9.6, 6.0),
        )
        loads = [count.load for count in result.counts]
        low, high = min(loads), max(loads)
        room = (high - low) or 1.0
        axes.set_xlim(low - 0.04 * room, high + 0.5 * room)
        axes.set_ylim(-0.04, 1.06)
        axes.set_xticks([place for place in axes.get_xticks() if low <= place <= high])
        dims = sorted(result.transitions)
        for k, dim in enumerate(dims):
            colour, marker = STYLES[k % len(STYLES)]
            here = [c for c in result.counts if c.embedding_dim == dim]
            decided = [c for c in here if c.separable + c.impossible]
            x = [c.load for c in decided]
            share = [c.impossible / (c.separable + c.impossible) for c in decided]
            axes.plot(x, share, color=COLOURS[colour], marker=marker, markersize=6, lw=0)
            text, end = f"d = {dim}: all answers agree", (x[-1], share[-1])
            found = result.transitions[dim]
            if found is not None:
                line = np.linspace(low - 0.04 * room, high + 0.04 * room, 600)
                with np.errstate(over="ignore"):
                    height = 1 / (1 + np.exp(-(line - found.half) / found.width))
                axes.plot(line, height, color=COLOURS[colour], lw=1.8)
                text = f"d = {dim}: half at {found.half:.3f} [{found.low:.3f}, {found.high:.3f}]"
                tall = HEIGHTS[k % len(HEIGHTS)]
                end = (found.half + found.width * float(np.log(tall / (1 - tall))), tall)
            axes.annotate(
                text,
                end,
                xytext=(high + 0.06 * room, HEIGHTS[k % len(HEIGHTS)]),
                va="center",
                ha="left",
                color=COLOURS[colour],
                fontsize=10,
                arrowprops=tether(colour),
            )
        figure = axes.get_figure()
        assert figure is not None
        caption(figure, _explanation(result))  # type: ignore[arg-type]
        return save(figure, stem)  # type: ignore[arg-type]


def _explanation(result: CurveResult) -> str:
    seeds = ", ".join(f"{n} at d = {dim}" for dim, n in sorted(result.plan.seeds.items()))
    undecided = sum(count.undecided for count in result.counts)
    return (
        "m Gaussian directions in d dimensions, rounded to multiples of 2^-10, and a random "
        "permutation of them.\n"
        f"Seeds from {result.seed}: {seeds}.\n"
        f"{undecided} of {len(result.runs)} instances undecided, left out; every other answer is "
        "proved in integers.\n"
        "Lines: logistic curves of largest likelihood, with 95 % intervals of the half point by "
        "profile likelihood."
    )
