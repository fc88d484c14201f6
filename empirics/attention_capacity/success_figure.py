"""The third figure of ``attention-capacity``: share of seeds that succeed, by key dimension."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..figures import COLOURS, caption, house_style, require_matplotlib, save
from .capacity_figure import SERIES
from .thresholds import Threshold, best

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .capacity import AttentionResult
    from .plan import Cell

COLUMNS = 3


def draw_success(result: AttentionResult, stem: Path) -> tuple[Path, Path]:
    """Draw a panel a cell: shares with intervals, and fitted logistic curves; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    cells = result.plan.cells
    lines = math.ceil(len(cells) / COLUMNS)
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(12.5, 2.9 * lines + 1.2), layout="constrained")
        panels = figure.subplots(lines, COLUMNS, squeeze=False, sharey=True).ravel()
        for axes, cell in zip(panels, cells, strict=False):
            _panel(axes, result, cell)
        for axes in panels[len(cells) :]:
            axes.set_visible(False)
        for axes in panels[::COLUMNS]:
            axes.set_ylabel("share of seeds")
        figure.suptitle(
            "The change from failure to success, by total key dimension",
            x=0.01,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        caption(
            figure,
            "Random permutations of m Gaussian directions in d dimensions; at the number of heads "
            "h that came out with the least size. Bars: 95 % intervals of the chance "
            "(Clopper-Pearson).\nLines: logistic curves in ln D_K of largest likelihood, with "
            "their half points.",
        )
        return save(figure, stem)


def _panel(axes: Axes, result: AttentionResult, cell: Cell) -> None:
    found: list[tuple[Threshold, str, str, str, float]] = []
    for recipe, criterion, colour, marker, text, shift in SERIES:
        one = best(result.thresholds, cell, recipe, criterion)
        if one is not None:
            found.append((one, colour, marker, text, shift))
    axes.set_title(f"m = {cell.items}, d = {cell.embedding_dim}", fontsize=11)
    axes.set_xlabel("D_K")
    axes.set_ylim(-0.05, 1.05)
    if not found:
        return
    high = 2.1 * max(one.reliable or 1 for one, *_ in found)
    low = 0.5 * min(one.least or 1 for one, *_ in found)
    # room for names
    axes.set_xlim(low, high + 0.4 * (high - low))
    for row, (one, colour, marker, text, shift) in enumerate(found):
        curve = [rate for rate in one.found.curve if low < rate.size < high]
        share = np.array([rate.successes / rate.tried for rate in curve])
        reach = [
            share - [rate.low for rate in curve],
            [rate.high for rate in curve] - share,
        ]
        x = [rate.size + 0.4 * shift * (high - low) for rate in curve]
        axes.errorbar(
            x, share, yerr=np.maximum(reach, 0), color=COLOURS[colour], marker=marker,
            markersize=5, lw=0, elinewidth=1.0,
        )  # fmt: skip
        fit = one.found.fit
        name = f"{text}\nh = {one.heads}: all agree"
        if fit is not None:
            line = np.geomspace(low, high, 400)
            with np.errstate(over="ignore"):
                axes.plot(
                    line, 1 / (1 + np.exp(-(np.log(line) - fit.half) / fit.width)),
                    color=COLOURS[colour], lw=1.2, alpha=0.8,
                )  # fmt: skip
            name = f"{text}\nh = {one.heads}: half at {math.exp(fit.half):.1f}"
        axes.annotate(
            name, (0.99, 0.16 + 0.24 * row), xycoords="axes fraction", ha="right", va="center",
            color=COLOURS[colour], fontsize=8.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
