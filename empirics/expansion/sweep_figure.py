"""The figure of ``fixed-parameter-expansion``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...theory.picture import spread
from ..figures import COLOURS, caption, house_style, require_matplotlib, save, tether
from .sweep_files import arms, improvements, published

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .sweep import SweepResult

#: A colour a split, a marker a factor.
SPLIT_COLOURS = {"clause": "blue", "random": "orange", "gram": "green"}
MARKERS = {2: "o", 4: "s"}
#: Least distance of two names, as a share of the height.
SPACING = 0.055


def draw_sweep(result: SweepResult, stem: Path) -> tuple[Path, Path]:
    """Improvement against neurons and against clauses; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(11.5, 6.0), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        by_neurons = [cell for cell in result.plan.cells if cell[0] == 8]
        by_clauses = [cell for cell in result.plan.cells if cell[1] == 8]
        _lines(panels[0], result, by_neurons, 1)
        _lines(panels[1], result, by_clauses, 0)
        panels[0].set_xlabel("hidden neurons, 8 clauses")
        panels[1].set_xlabel("clauses, 8 hidden neurons")
        panels[0].set_ylabel("relative improvement in accuracy, %")
        for axes, cells, place in ((panels[0], by_neurons, 1), (panels[1], by_clauses, 0)):
            _names(axes, result, cells, place)
        figure.suptitle(
            "More neurons, no more weights: what a split gains over the dense network",
            x=0.01,
            ha="left",
            fontsize=13,
            fontweight="bold",
        )
        caption(
            figure,
            f"Means and standard errors over {result.plan.seeds} seeds, both halves of training as "
            "long for every network. Circles: 2 children a neuron, squares: 4.\n"
            "Hollow marks: read off the figures of arXiv 2510.04500, whose protocol is not known; "
            "this is a reconstruction.",
        )
        return save(figure, stem)


def _lines(axes: Axes, result: SweepResult, cells: list[tuple[int, int]], place: int) -> None:
    sizes = [cell[place] for cell in cells]
    for split, factor in arms(result):
        gains = [improvements(result, cell, (split, factor)) for cell in cells]
        axes.errorbar(
            sizes,
            [float(gain.mean()) for gain in gains],
            [_error(gain) for gain in gains],
            color=COLOURS[SPLIT_COLOURS[split]],
            marker=MARKERS[factor],
            markersize=5,
            linewidth=1.8 if factor == 4 else 1.1,
            elinewidth=0.8,
        )
        known = [
            (size, value)
            for size, cell in zip(sizes, cells, strict=True)
            if (value := published(cell, (split, factor))) is not None
        ]
        if known:
            axes.plot(
                *zip(*known, strict=True),
                color=COLOURS[SPLIT_COLOURS[split]],
                marker=MARKERS[factor],
                fillstyle="none",
                markersize=6,
                linestyle=":",
                linewidth=0.7,
            )
    axes.axhline(0, color=COLOURS["ink"], linewidth=1.1)
    axes.set_xticks(sizes)


def _error(gains: np.ndarray) -> float:
    return float(gains.std(ddof=1) / len(gains) ** 0.5) if len(gains) > 1 else 0.0


def _names(axes: Axes, result: SweepResult, cells: list[tuple[int, int]], place: int) -> None:
    """Beside the ends of the lines, pushed apart; scales are settled before."""
    first, last = cells[0][place], cells[-1][place]
    axes.set_xlim(first - 0.04 * (last - first), last + 0.3 * (last - first))
    low, high = axes.get_ylim()
    ends = sorted((float(improvements(result, cells[-1], arm).mean()), arm) for arm in arms(result))
    placed = spread([(end - low) / (high - low) for end, _ in ends], SPACING, 0.02, 0.98)
    for (end, (split, factor)), height in zip(ends, placed, strict=True):
        colour = SPLIT_COLOURS[split]
        axes.annotate(
            f"{split}, {factor} children",
            (last, end),
            xytext=(last + 0.06 * (last - first), low + height * (high - low)),
            va="center",
            ha="left",
            color=COLOURS[colour],
            fontsize=9,
            arrowprops=tether(colour),
        )
