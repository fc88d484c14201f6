"""The second figure of ``attention-capacity``: what more heads bring."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...theory.picture import spread
from ..figures import COLOURS, caption, house_style, require_matplotlib, save, tether
from .trade_off import SHARED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .capacity import AttentionResult
    from .plan import Cell

#: Colours and markers of the cells, in order.
STYLES = (
    *(("blue", "o"), ("orange", "s"), ("green", "^"), ("purple", "D"), ("amber", "v")),
    *(("sky", "P"), ("ink", "X"), ("grey", "*"), ("blue", "<"), ("orange", ">"), ("green", "h")),
)


def draw_heads(result: AttentionResult, stem: Path) -> tuple[Path, Path]:
    """Draw micro-F1 by number of heads at one D_K, and the least D_K; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(14.0, 5.9), layout="constrained")
        panels = figure.subplots(1, 3)
        for axes, recipe in zip(panels, SHARED, strict=False):
            _shared(axes, result, recipe)
        _least(panels[2], result)
        figure.suptitle(
            "Heads: one total key dimension shared out, and the least that each number needs",
            x=0.01,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        caption(
            figure,
            "Random permutations of m Gaussian directions in d dimensions; load = m ln m / d². "
            "Left and middle: median of exact micro-F1 over the seeds, bars from the least to the "
            "largest.\nRight: least D_K from which on every seed was without an error, logistic "
            "training, over u = m lg m / d; sizes are multiples of the number of heads.",
        )
        return save(figure, stem)


def _style(result: AttentionResult, cell: Cell) -> tuple[str, str]:
    """Colour and marker of a cell, the same in all panels."""
    return STYLES[result.plan.cells.index(cell) % len(STYLES)]


def _shared(axes: Axes, result: AttentionResult, recipe: str) -> None:
    ends: list[tuple[float, float, str, str]] = []
    for k, trade_off in enumerate(result.plan.trade_offs):
        colour, marker = _style(result, trade_off.cell)
        here = [s for s in result.shares if s.trade_off == trade_off and s.recipe == recipe]
        x = [s.heads * math.exp(0.03 * (k - len(result.plan.trade_offs) / 2)) for s in here]
        y = np.array([s.median for s in here])
        reach = [
            y - [float(s.micro_f1[0]) for s in here],
            [float(s.micro_f1[-1]) for s in here] - y,
        ]
        axes.errorbar(
            x, y, yerr=np.maximum(reach, 0), color=COLOURS[colour], marker=marker, markersize=5,
            lw=1.4, elinewidth=0.9,
        )  # fmt: skip
        cell = trade_off.cell
        text = f"{cell.name}: D_K = {trade_off.total_key_dim}\nload {cell.load:.2f}"
        ends.append((x[-1], float(y[-1]), text, colour))
    _heads_axis(axes, max((max(t.heads) for t in result.plan.trade_offs), default=1), 1.3)
    axes.set_ylim(-0.02, 1.04)
    axes.set_title(f"{recipe}, one D_K a line", fontsize=11.5)
    axes.set_ylabel("micro-F1, exact")
    _names(axes, ends, 0.085, -0.02, 1.04)


def _least(axes: Axes, result: AttentionResult) -> None:
    ends: list[tuple[float, float, str, str]] = []
    tallest = 0.1
    for cell in result.plan.cells:
        colour, marker = _style(result, cell)
        here = sorted(
            (t.heads, t.reliable / cell.unit)
            for t in result.thresholds
            if (t.cell, t.recipe, t.criterion) == (cell, "logistic", "zero")
            and t.reliable is not None
        )
        if not here:
            continue
        x, y = zip(*here, strict=True)
        axes.plot(x, y, color=COLOURS[colour], marker=marker, markersize=5, lw=1.4)
        ends.append((x[-1], y[-1], cell.name, colour))
        tallest = max(tallest, *y)
    _heads_axis(axes, max(max(cell.heads) for cell in result.plan.cells), 0.75)
    axes.set_ylim(0, 1.08 * tallest)
    axes.set_title("least D_K / u without an error (logistic)", fontsize=11.5)
    axes.set_ylabel("D_K / u")
    _names(axes, ends, 0.05, 0, 1.08 * tallest)


def _heads_axis(axes: Axes, most: int, room: float) -> None:
    """Powers of two, with room for names on the right."""
    ticker = require_matplotlib().ticker
    axes.set_xscale("log")
    axes.set_xlim(0.8, most * math.exp(room * max(math.log(most), 1.0) * 0.7))
    axes.xaxis.set_major_locator(
        ticker.FixedLocator([2**k for k in range(int(math.log2(most)) + 1)])
    )
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:.0f}"))
    axes.set_xlabel("heads")


def _names(
    axes: Axes,
    ends: list[tuple[float, float, str, str]],
    spacing: float,
    low: float,
    high: float,
) -> None:
    """Names in the right margin, each with a thin line to the end of its own."""
    ordered = sorted(ends, key=lambda end: end[1])
    wanted = [(end[1] - low) / (high - low) for end in ordered]
    edge = max((end[0] for end in ends), default=1.0) * 1.25
    for end, height in zip(ordered, spread(wanted, spacing, 0.04, 0.96), strict=True):
        axes.annotate(
            end[2],
            end[:2],
            xytext=(edge, low + height * (high - low)),
            va="center",
            ha="left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            color=COLOURS[end[3]],
            fontsize=8.5,
            arrowprops=tether(end[3]),
        )
