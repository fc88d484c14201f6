"""The figure of ``value-routing``: share of sampled contexts that are wrong, by key dimension."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from ...theory.picture import spread
from ..figures import COLOURS, caption, house_style, require_matplotlib, save, tether
from .routing_files import kind_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .routing import RoutingResult

#: Colour and marker by series.
STYLES = {
    "identity": ("blue", "o"),
    "identity, whitened": ("sky", "P"),
    "identity, all items": ("purple", "D"),
    "values": ("orange", "s"),
    "block": ("green", "^"),
}


def draw_routing(result: RoutingResult, stem: Path) -> tuple[Path, Path]:
    """Draw a panel for each kind of vectors and number of heads; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    plan = result.plan
    rows, columns = len(plan.heads), len(plan.kinds)
    with house_style():
        figure = matplotlib.figure.Figure(
            figsize=(max(3.6 * columns, 8.0) + 1.2, 3.3 * rows + 1.2), layout="constrained"
        )
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for column, kind in enumerate(plan.kinds):
            for row, heads in enumerate(plan.heads):
                _panel(panels[row][column], result, kind, heads, names=column == columns - 1)
            panels[0][column].set_title(kind_name(kind), fontsize=11.5)
        for row, heads in enumerate(plan.heads):
            text = f"{heads} head{'s' if heads > 1 else ''}: share wrong"
            panels[row][0].set_ylabel(text)
        for axes in panels[-1]:
            axes.set_xlabel("total key dimension D_K")
        figure.suptitle(
            "Attention that should put out its target: sampled contexts that are wrong",
            x=0.01,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        sampled = result.routed[0].sampled if result.routed else 0
        caption(
            figure,
            f"m = {plan.items} items in d = {plan.embedding_dim} dimensions, contexts of "
            f"{plan.context} items (all items: of {plan.items}). {sampled:,} sampled contexts a "
            f"layer, {plan.seeds} seeds from {result.seed}: median, bars from the least to the "
            "largest.\nNo wrong context is drawn at half a context. Dotted: 1 %.",
        )
        return save(figure, stem)


def _panel(axes: Axes, result: RoutingResult, kind: str, heads: int, names: bool) -> None:
    ticker = require_matplotlib().ticker
    sizes = sorted(result.plan.sizes)
    least = 0.5 / max((r.sampled for r in result.routed), default=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(least / 1.6, 1.3)
    axes.axhline(0.01, color=COLOURS["grey"], lw=1.0, ls=(0, (1, 2)))
    ends = []
    for k, (name, (colour, marker)) in enumerate(STYLES.items()):
        points = []
        for size in sizes:
            here = [1 - r.accuracy for r in result.seeds_of(kind, name, heads, size)]
            if here:
                points.append((size, median(here), min(here), max(here)))
        if not points:
            continue
        x, y, low, high = (np.array(column, dtype=float) for column in zip(*points, strict=True))
        y, low, high = (np.maximum(part, least) for part in (y, low, high))
        axes.errorbar(
            x * math.exp(0.025 * (k - 2)), y, yerr=[y - low, high - y], color=COLOURS[colour],
            marker=marker, markersize=5, lw=1.4, elinewidth=0.9,
        )  # fmt: skip
        ends.append((x[-1], y[-1], name, colour))
    axes.xaxis.set_major_locator(ticker.FixedLocator(sizes))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:.0f}"))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{100 * v:.10g} %"))
    width = math.log(max(sizes[-1] / sizes[0], 2.0))
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * math.exp((0.75 if names else 0.1) * width))
    if not names:
        return
    bottom, top = axes.get_ylim()
    room = math.log(top / bottom)
    ordered = sorted(ends, key=lambda end: end[1])
    wanted = [math.log(end[1] / bottom) / room for end in ordered]
    for end, height in zip(ordered, spread(wanted, 0.09, 0.05, 0.95), strict=True):
        axes.annotate(
            end[2],
            end[:2],
            xytext=(sizes[-1] * math.exp(0.1 * width), bottom * math.exp(height * room)),
            va="center",
            ha="left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            color=COLOURS[end[3]],
            fontsize=9,
            arrowprops=tether(end[3]),
        )
