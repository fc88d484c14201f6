"""The figure of ``value-routing``: share of sampled contexts that are wrong, by key dimension."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...theory.picture import spread
from ..figures import COLOURS, caption, house_style, require_matplotlib, save, tether
from .routing_files import kind_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .routing import RoutingResult

#: Colour and marker by series; networks alone have the colour of their block, and no marker.
STYLES = {
    "identity": ("blue", "o"),
    "identity, whitened": ("sky", "P"),
    "identity, all items": ("purple", "D"),
    "values": ("orange", "s"),
    "values, whitened": ("ink", "X"),
    "block, 4 neurons": ("amber", "v"),
    "block, 128 neurons": ("green", "^"),
    "4 neurons alone": ("amber", ""),
    "128 neurons alone": ("green", ""),
}
#: Dashes of a network alone.
DASHES: Any = (0, (4, 2))


class End(NamedTuple):
    """Where a line ends on the right, and its name."""

    x: float
    y: float
    name: str
    colour: str


def draw_routing(result: RoutingResult, stem: Path) -> tuple[Path, Path]:
    """Draw a panel for each kind of vectors and number of heads; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    plan = result.plan
    shown = [r for r in result.routed if r.items == plan.shown]
    sampled = max((r.sampled for r in shown), default=0)
    return draw_panels(
        result,
        stem,
        _panel,
        "Attention that should put out its target: sampled contexts that are wrong",
        "share wrong",
        "total key dimension D_K",
        f"m = {plan.shown} items in d = {plan.embedding_dim} dimensions, contexts of "
        f"{plan.context} items (all items: of {plan.shown}). Up to {sampled:,} sampled contexts a "
        f"layer.\nSeeds: {plan.seeds}, from {result.seed}; median, bars from the least to the "
        "largest; no wrong context is drawn at half a context.\nDotted: 1 %. Dashed: the network "
        "of the block without attention.",
    )


def draw_panels(
    result: RoutingResult,
    stem: Path,
    panel: Callable[[Axes, RoutingResult, str, int, bool], None],
    title: str,
    upward: str,
    across: str,
    text: str,
) -> tuple[Path, Path]:
    """Panels with kinds of vectors side by side, numbers of heads one below the other.

    Args:
        result: what is drawn.
        stem: path of the files without their ending.
        panel: draws one, given axes, result, kind, heads and whether it names the lines.
        title, upward, across, text: of the figure, the axes, and below.
    """
    matplotlib = require_matplotlib()
    plan = result.plan
    rows, columns = len(plan.heads), len(plan.kinds)
    with house_style():
        figure = matplotlib.figure.Figure(
            figsize=(max(2.5 * columns, 7.0) + 1.8, 3.5 * rows + 1.2), layout="constrained"
        )
        panels = figure.subplots(
            rows,
            columns,
            squeeze=False,
            sharey=True,
            width_ratios=[1.0] * (columns - 1) + [1.75],
        )
        for column, kind in enumerate(plan.kinds):
            for row, heads in enumerate(plan.heads):
                panel(panels[row][column], result, kind, heads, column == columns - 1)
            panels[0][column].set_title(kind_name(kind), fontsize=11.5)
        for row, heads in enumerate(plan.heads):
            panels[row][0].set_ylabel(f"{heads} head{'s' if heads > 1 else ''}: {upward}")
        for axes in panels[-1]:
            axes.set_xlabel(across)
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        caption(figure, text)
        return save(figure, stem)


def log_axis(axes: Axes, places: tuple[int, ...], names: bool) -> float:
    """A logarithmic x axis with ticks at these places, and room on the right for names.

    Returns the logarithm of its length without that room.
    """
    ticker = require_matplotlib().ticker
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(ticker.FixedLocator(places))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:.0f}"))
    width = math.log(max(places[-1] / places[0], 2.0))
    room = math.exp((0.95 if names else 0.06) * width)
    axes.set_xlim(places[0] * math.exp(-0.06 * width), places[-1] * room)
    return width


def name_ends(axes: Axes, ends: list[End], at: float) -> None:
    """The names of lines beside their ends, none on another; the y axis is logarithmic."""
    bottom, top = axes.get_ylim()
    room = math.log(top / bottom)
    ordered = sorted(ends, key=lambda end: end.y)
    wanted = [math.log(end.y / bottom) / room for end in ordered]
    for end, height in zip(ordered, spread(wanted, 0.085, 0.04, 0.96), strict=True):
        axes.annotate(
            end.name,
            (end.x, end.y),
            xytext=(at, bottom * math.exp(height * room)),
            va="center",
            ha="left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            color=COLOURS[end.colour],
            fontsize=9,
            arrowprops=tether(end.colour),
        )


def _panel(axes: Axes, result: RoutingResult, kind: str, heads: int, names: bool) -> None:
    ticker = require_matplotlib().ticker
    plan = result.plan
    sizes = tuple(sorted(plan.sizes))
    least = 0.5 / max((r.sampled for r in result.routed if r.items == plan.shown), default=1)
    axes.set_yscale("log")
    axes.set_ylim(least / 1.6, 1.3)
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{100 * v:.10g} %"))
    axes.axhline(0.01, color=COLOURS["grey"], lw=1.0, ls=(0, (1, 2)))
    width = log_axis(axes, sizes, names)
    ends = []
    for k, (name, (colour, marker)) in enumerate(STYLES.items()):
        points = []
        for size in plan.sizes_of(heads if marker else 0):
            runs = result.seeds_of(kind, name, plan.shown, heads if marker else 0, size)
            here = [1 - r.accuracy for r in runs]
            if here:
                points.append((size, median(here), min(here), max(here)))
        if not points:
            continue
        x, y, low, high = (np.array(column, dtype=float) for column in zip(*points, strict=True))
        y, low, high = (np.maximum(part, least) for part in (y, low, high))
        if marker:
            axes.errorbar(
                x * math.exp(0.025 * (k - 3)), y, yerr=[y - low, high - y],
                color=COLOURS[colour], marker=marker, markersize=5, lw=1.4, elinewidth=0.9,
            )  # fmt: skip
        else:
            axes.plot([sizes[0], sizes[-1]], [y[0], y[0]], color=COLOURS[colour], ls=DASHES, lw=1.1)
        ends.append(End(float(sizes[-1]), float(y[-1]), name, colour))
    if names:
        name_ends(axes, ends, sizes[-1] * math.exp(0.1 * width))
