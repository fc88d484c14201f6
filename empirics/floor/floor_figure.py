"""The figure of ``sparsification-floor``: a panel a kind of start, and the least of all by size."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ...theory.picture import spread
from ..figures import COLOURS, caption, house_style, require_matplotlib, save, tether
from .floor_files import TITLES, least_by_start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .sparsification import Finished, FloorResult

#: Colour, marker and name of the ways that are drawn; the ways of single arrays are in the tables.
STYLES = {
    "magnitude": ("orange", "v", "by magnitude"),
    "one-by-one": ("blue", "o", "one by one"),
    "trained-between": ("green", "s", "trained between"),
    "bits": ("purple", "D", "fewer bits"),
    "values": ("amber", "P", "few values"),
    "neurons": ("sky", "^", "distilled"),
    "in-turn": ("ink", "*", "in turn"),
}
#: Colours of the kinds in the last panel.
KIND_COLOURS = {
    "plain": ("green", "s"),
    "trained": ("blue", "o"),
    "key-value": ("purple", "D"),
    "one-bit": ("orange", "^"),
    "free": ("amber", "v"),
}
#: Least distance of two names, as a share of the height.
SPACING = 0.085
#: Ticks.
STEPS = [k * 10.0**power for power in range(-2, 5) for k in (1, 2, 5)]


def draw_floor(result: FloorResult, stem: Path) -> tuple[Path, Path]:
    """Draw the ways of the largest start of every kind, and the fewest bits by size; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    chosen = _largest(result)
    count = len(chosen) + 1
    lines = math.ceil(count / 2)
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(11.0, 4.1 * lines + 0.9), layout="constrained")
        panels = figure.subplots(lines, 2, squeeze=False).ravel()
        for axes, ways in zip(panels, chosen, strict=False):
            _panel(axes, ways)
        _summary(panels[len(chosen)], result)
        for axes in panels[count:]:
            axes.set_visible(False)
        figure.suptitle(
            "Certified networks made smaller until the first exact violation",
            x=0.01,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        caption(
            figure,
            "Random pairwise ANDs, at most 2 inputs active, every network decided on all such "
            "inputs. Marks: exact; ×: the first network of a way that is not.\n"
            "Ring: the start. Bits: places of the nonzero weights, their values and the levels; "
            "the counting bound lies at 1 for every form, and holds for the family of all\n"
            "tasks, not for a single one. The closed form's and the trained networks' arrays that "
            "hold no function (code, decoder) are free in the superposed forms only.",
        )
        return save(figure, stem)


def _largest(result: FloorResult) -> list[list[Finished]]:
    """The ways of the first seed at the largest size, by kind."""
    chosen = []
    for kind in TITLES:
        mine = [f for f in result.finished if f.kind == kind]
        if mine:
            outputs = max(f.outputs for f in mine)
            seed = min(f.seed for f in mine if f.outputs == outputs)
            chosen.append([f for f in mine if (f.outputs, f.seed) == (outputs, seed)])
    return chosen


def _panel(axes: Axes, ways: list[Finished]) -> None:
    first = ways[0]
    drawn = [f for f in ways if f.way in STYLES]
    x = [step["nonzeros"] / f.outputs for f in drawn for step in f.steps]
    y = [step["ratio"] for f in drawn for step in f.steps]
    _scale(axes, x, [*y, 1.0])
    axes.set_title(f"{TITLES[first.kind]}: {first.outputs} ANDs", fontsize=11.5)
    axes.set_xlabel("nonzero weights an AND")
    axes.set_ylabel("bits / counting bound")
    ends: list[tuple[float, float, str, str]] = []
    for way in drawn:
        colour, marker, name = STYLES[way.way]
        exact = [step for step in way.steps if step["exact"]]
        points = [(step["nonzeros"] / way.outputs, step["ratio"]) for step in exact]
        axes.plot(
            *zip(*points, strict=True),
            color=COLOURS[colour],
            marker=marker,
            markersize=4 if marker != "*" else 6,
            linewidth=1.3,
        )
        wrong = [(s["nonzeros"] / way.outputs, s["ratio"]) for s in way.steps if not s["exact"]]
        if wrong:
            axes.plot(
                *zip(*wrong, strict=True),
                color=COLOURS[colour],
                marker="x",
                markersize=8,
                markeredgewidth=1.8,
                linestyle="none",
            )
        ends.append((*points[-1], name, colour))
    begin = first.begin
    axes.plot(
        [begin["nonzeros"] / first.outputs],
        [begin["ratio"]],
        marker="o",
        markersize=13,
        markerfacecolor="none",
        markeredgecolor=COLOURS["ink"],
    )
    _bound(axes)
    _names(axes, ends)


def _summary(axes: Axes, result: FloorResult) -> None:
    least = list(least_by_start(result))
    y = [value for *_, f in least for value in (f.begin["ratio"], f.least["ratio"])]
    _scale(axes, [outputs for _, outputs, _ in least] or [1], [*y, 1.0], room=0.9)
    sizes = sorted({outputs for _, outputs, _ in least})
    axes.set_xticks(sizes)
    axes.set_title("fewest bits of all ways and seeds", fontsize=11.5)
    axes.set_xlabel("ANDs m'")
    axes.set_ylabel("bits / counting bound")
    ends: list[tuple[float, float, str, str]] = []
    for kind, (colour, marker) in KIND_COLOURS.items():
        mine = [(outputs, f) for name, outputs, f in least if name == kind]
        if not mine:
            continue
        x = [outputs for outputs, _ in mine]
        axes.plot(x, [f.least["ratio"] for _, f in mine], color=COLOURS[colour], marker=marker)
        axes.plot(
            x,
            [f.begin["ratio"] for _, f in mine],
            color=COLOURS[colour],
            marker=marker,
            markerfacecolor="none",
            linestyle=(0, (2, 3)),
            linewidth=1.0,
        )
        name = {"free": "free weights", "plain": "plain code"}.get(kind, kind)
        ends.append((x[0], mine[0][1].least["ratio"], name, colour))
    _bound(axes)
    _names(axes, ends)
    axes.annotate(
        "hollow: the start",
        (0.99, 0.97),
        xycoords="axes fraction",
        ha="right",
        va="top",
        fontsize=9,
        color=COLOURS["grey"],
    )


def _scale(axes: Axes, x: list[float], y: list[float], room: float = 0.55) -> None:
    """Log axes around the points, with room for names on the left."""
    ticker = require_matplotlib().ticker
    low, high = min(x), max(x)
    width = max(math.log(high / low), 0.7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low * math.exp(-max(room * width, 0.9)), high * math.exp(0.08 * width))
    axes.set_ylim(0.55, max(y) * 1.35)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(ticker.FixedLocator(STEPS))
        axis.set_minor_locator(ticker.NullLocator())
        axis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:,.10g}"))


def _bound(axes: Axes) -> None:
    """The counting bound, and below it what cannot hold for all tasks."""
    axes.axhline(1.0, color=COLOURS["ink"], linewidth=1.4)
    axes.axhspan(axes.get_ylim()[0], 1.0, color="#EFEFEF", zorder=0)
    axes.annotate(
        "counting bound",
        (0.99, 1.0),
        xycoords=("axes fraction", "data"),
        xytext=(0, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=9,
        color=COLOURS["ink"],
    )


def _names(axes: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """The names on the left, each with a thin line to its end."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    room = math.log(high / low)
    wanted = [math.log(y / low) / room for _, y, _, _ in ends]
    order = sorted(range(len(ends)), key=wanted.__getitem__)
    floor = math.log(1.0 / low) / room + 0.05
    placed = spread([wanted[k] for k in order], SPACING, floor, 0.97)
    for k, height in zip(order, placed, strict=True):
        x, y, text, colour = ends[k]
        axes.annotate(
            text,
            (x, y),
            xytext=(left * (right / left) ** 0.02, low * math.exp(height * room)),
            textcoords="data",
            va="center",
            ha="left",
            color=COLOURS[colour],
            fontsize=9,
            arrowprops=tether(colour, left=True),
        )
