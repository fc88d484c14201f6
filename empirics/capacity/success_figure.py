"""The figure of success: the share of exact networks by number of ANDs, a panel a family."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..figures import COLOURS, caption, house_style, require_matplotlib, save
from .families import FAMILIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .experiment import CapacityResult
    from .search import Capacity

#: Colours and markers of the widths, in turn.
STYLES = (
    *(("green", "s"), ("blue", "o"), ("purple", "D"), ("orange", "^")),
    *(("ink", "v"), ("amber", "P"), ("sky", "X")),
)
#: Ticks of the number of ANDs.
PLACES = [k * 10**power for power in range(5) for k in (1, 2, 5)]


def draw_success(result: CapacityResult, stem: Path) -> tuple[Path, Path]:
    """Draw shares with Clopper-Pearson intervals and the fitted curves; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    names = list(result.plan.widths)
    with house_style():
        figure = matplotlib.figure.Figure(
            figsize=(10.4, 1.4 + 3.6 * len(names)), layout="constrained"
        )
        panels = figure.subplots(len(names), 1, squeeze=False)
        for axes, name in zip(panels[:, 0], names, strict=True):
            _panel(axes, result.exact(name))
            axes.set_title(FAMILIES[name].title, fontsize=11.5)
            axes.set_ylabel("share of trials without error")
        panels[-1, 0].set_xlabel("ANDs m'")
        figure.suptitle(
            "Where training stops being exact, by number of neurons",
            x=0.01, ha="left", fontsize=13, fontweight="bold",
        )  # fmt: skip
        caption(
            figure,
            f"Marks: {result.plan.seeds} trials each, other pairs and starts at every size; bars: "
            "95 % Clopper-Pearson intervals. Lines: logistic curves in ln m' of largest\n"
            "likelihood, named at their half points by the number of neurons n.",
        )
        return save(figure, stem)


def _panel(axes: Axes, capacities: list[Capacity]) -> None:
    matplotlib = require_matplotlib()
    sizes = [s.outputs for c in capacities for s in c.curve]
    low, high = min(sizes) / 1.15, max(sizes) * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(-0.04, 1.16)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_locator(
        matplotlib.ticker.FixedLocator([place for place in PLACES if low <= place <= high])
    )
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
    line = np.geomspace(low, high, 600)
    for number, c in enumerate(capacities):
        colour, marker = STYLES[number % len(STYLES)]
        for s in c.curve:
            axes.plot([s.outputs] * 2, [s.low, s.high], color=COLOURS[colour], lw=0.9, alpha=0.35)
        axes.plot([s.outputs for s in c.curve], [s.successes / s.tried for s in c.curve],
                  color=COLOURS[colour], marker=marker, markersize=5, lw=0)  # fmt: skip
        if c.threshold is None:
            continue
        half = math.log(c.threshold.outputs)
        with np.errstate(over="ignore"):
            share = 1 / (1 + np.exp((np.log(line) - half) / c.threshold.width))
        axes.plot(line, share, color=COLOURS[colour], lw=1.6)
        # names stand above the curves, over their half points
        axes.annotate(
            f"n = {c.width}" if number == 0 else f"{c.width}",
            (c.threshold.outputs, 1.08),
            ha="center", va="center", fontsize=10, color=COLOURS[colour],
        )  # fmt: skip
        axes.plot([c.threshold.outputs], [0.5], marker="|", markersize=9, color=COLOURS[colour])
