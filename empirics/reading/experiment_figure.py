"""Figures of the reading experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..figures import COLOURS, caption, house_style, require_matplotlib, save
from .capacity_law import SMALL
from .summary import capacities, tally

if TYPE_CHECKING:
    from .experiment import ReadingResult

STYLES = (("blue", "o"), ("orange", "s"), ("green", "D"), ("purple", "^"), ("amber", "v"),
          ("sky", "P"), ("ink", "X"))  # fmt: skip


def draw_questions(result: ReadingResult, stem: Path) -> tuple[Path, Path]:
    """How many exact questions a proved formula took, by way."""
    matplotlib = require_matplotlib()
    read = [run.result for run in result.part("read") if run.result["exact"]]
    learners = [r["learners"] for r in read if "learners" in r]
    ways = {
        "read": [r["verify_calls"] for r in read if r["proved"]],
        "decode, no samples": [r["decode"]["verify_calls"] for r in learners],
        "leaf cubes, no decode": [r["leaves"]["verify_calls"] for r in learners],
        "point queries": [r["queries"]["verify_calls"] for r in learners],
    }
    colours = ("blue", "green", "amber", "grey")
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(9.0, 4.8), layout="constrained")
        axes = figure.subplots()
        most = max((max(calls, default=1) for calls in ways.values()), default=1)
        for (name, calls), colour in zip(ways.items(), colours, strict=True):
            if calls:
                x = np.arange(1, most + 1)
                reached = [100 * np.mean(np.array(calls) <= k) for k in x]
                axes.step(x, reached, where="post", color=COLOURS[colour],
                          label=f"{name}: mean {np.mean(calls):.1f}")  # fmt: skip
        axes.set_xlim(0.5, most + 0.5)
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
        axes.set_xlabel("exact questions about a formula")
        axes.set_ylabel("exact networks answered, per cent")
        axes.set_ylim(-3, 105)
        axes.set_title("Exact questions until the formula is proved", pad=12)
        if any(ways.values()):
            axes.legend(loc="lower right", fontsize=10)
        whole = tally(result.part("read"))
        caption(
            figure,
            f"{whole.exact} exact networks of {whole.trained} trained, seeds from {result.seed}. "
            "Point queries also ask whether cubes are true.",
        )
        return save(figure, stem)


def draw_capacity(result: ReadingResult, stem: Path) -> tuple[Path, Path]:
    """Exact error by number of clauses for every width, and capacity by parameters."""
    matplotlib = require_matplotlib()
    found = capacities(result.part("capacity"))
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(11.0, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for k, neurons in enumerate(sorted({n for n, _ in found.errors})):
            colour, marker = STYLES[k % len(STYLES)]
            mine = {m: e for (n, m), e in found.errors.items() if n == neurons}
            x = sorted(mine)
            left.plot(x, [100 * np.median(mine[m]) for m in x], marker=marker,
                      color=COLOURS[colour], label=f"{neurons} neurons")  # fmt: skip
            for m in x:
                left.plot([m] * len(mine[m]), [100 * e for e in mine[m]], ".", ms=4,
                          color=COLOURS[colour], alpha=0.5)  # fmt: skip
        left.axhline(100 * SMALL, color=COLOURS["grey"], lw=1, ls=(0, (4, 3)))
        left.set_xscale("log", base=2)
        left.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
        left.set_xlabel("clauses of 4 literals")
        left.set_ylabel("exact error, per cent")
        left.set_title("Error by number of clauses", pad=10)
        left.legend(fontsize=9)
        for n, p, c in found.points:
            top = n in found.at_top
            right.plot(p, max(c, 0.5), "^" if top else "o", color=COLOURS["blue"], ms=8)
            right.annotate(f"n = {n}", (p, max(c, 0.5)), xytext=(6, -12),
                           textcoords="offset points", fontsize=9)  # fmt: skip
        right.set_xscale("log", base=2)
        right.set_yscale("log", base=2)
        for axis in (right.xaxis, right.yaxis):
            axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
        right.set_xlabel("parameters")
        right.set_ylabel("clauses with a median error up to 5 %")
        right.set_title("Capacity", pad=10)
        caption(
            figure,
            "Error: mean of misses and false positives over all 65,536 inputs; dots are seeds. "
            "Triangles: the largest number tried; 0.5 stands for none.",
        )
        return save(figure, stem)
