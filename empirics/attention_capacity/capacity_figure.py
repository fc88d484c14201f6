"""The figure of ``attention-capacity``: least key dimensions against the unit, and their factor."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...theory.picture import spread
from ..figures import COLOURS, caption, house_style, require_matplotlib, save, tether, ticks
from .plan import Criterion
from .thresholds import best

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .capacity import AttentionResult
    from .plan import Cell

#: Recipe, criterion, colour, marker, name and shift to the side, so that marks do not hide another.
SERIES: tuple[tuple[str, Criterion, str, str, str, float], ...] = (
    ("logistic", "f1", "sky", "o", "logistic, F1 ≥ .99", -0.045),
    ("logistic", "zero", "blue", "s", "logistic, no error", -0.015),
    ("hinge", "zero", "orange", "^", "hinge, no error", 0.015),
)
#: Names stand at least so far apart, as a share of the height.
SPACING = 0.062


def draw_capacity(result: AttentionResult, stem: Path) -> tuple[Path, Path]:
    """Draw sizes and bounds against u, and sizes over u against the load; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(13.6, 6.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        _against_unit(left, result)
        _against_load(right, result)
        figure.suptitle(
            "Least total key dimension of attention that recognises a random permutation",
            x=0.01,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        numbers = sorted({cell.seeds for cell in result.plan.cells})
        seeds = f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
        caption(
            figure,
            "m Gaussian directions in d dimensions, all m² pairs decided exactly for the stored "
            f"float32 weights; best number of heads; {seeds} seeds a cell, from {result.seed}.\n"
            "Marks: the least D_K from which on every seed succeeded; bars reach down to the least "
            "with some seed. Certified: proved in integers, mean over seeds, bars over all of "
            "them.\nLaw of freedom: one degree of freedom of the score matrices for 1.4 to 2.2 "
            "bits of lg C(m², m).",
        )
        return save(figure, stem)


def _sizes(result: AttentionResult, recipe: str, criterion: Criterion) -> list[Any]:
    """(cell, reliable, least) where there is a size, the best number of heads."""
    found = []
    for cell in result.plan.cells:
        one = best(result.thresholds, cell, recipe, criterion)
        if one is not None:
            found.append((cell, one.reliable, one.least))
    return found


def _certified(result: AttentionResult) -> list[tuple[Cell, float, int, int]]:
    """(cell, mean, least, largest) over the seeds."""
    found = []
    for cell in result.plan.cells:
        sizes = [
            c.total_key_dim
            for c in result.certified
            if c.cell == cell and c.total_key_dim is not None
        ]
        if sizes:
            found.append((cell, sum(sizes) / len(sizes), min(sizes), max(sizes)))
    return found


def _against_unit(axes: Axes, result: AttentionResult) -> None:
    cells = sorted(result.plan.cells, key=lambda cell: cell.unit)
    about = [result.laws(cell) for cell in cells]
    units = np.array([cell.unit for cell in cells])
    low, high = units[0] / 1.25, units[-1] * 1.12
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high * (high / low) ** 0.5)
    names: list[tuple[float, float, str, str]] = []
    line = np.array([low, high])
    axes.plot(line, line, color=COLOURS["grey"], lw=1.2)
    names.append((high, high, "u = m lg m / d", "grey"))
    constants = [
        (zero.reliable or 0) / cell.unit
        for cell in cells
        if (zero := result.best_zero(cell)) is not None
    ]
    if constants:
        middle = math.exp(sum(map(math.log, constants)) / len(constants))
        axes.plot(line, middle * line, color=COLOURS["ink"], lw=1.2, ls=(0, (4, 3)))
        names.append((high, middle * high, f"{middle:.2f} u, no error: mean", "ink"))
    ends = [law.freedom for law in about]
    lower, upper = zip(*ends, strict=True)
    axes.fill_between(units, lower, upper, color="#E3E9D8", lw=0, zorder=0)
    names.append((units[-1], math.sqrt(ends[-1][0] * ends[-1][1]), "law of freedom", "green"))
    for values, text, colour in (
        ([law.one_bit for law in about], "lg m! / 2d: 1 bit a weight", "purple"),
        ([law.stored for law in about], "bound, 32 bits a weight", "purple"),
        ([law.real for law in about], "bound, real weights", "amber"),
    ):
        style: Any = (0, (1, 2)) if text.startswith("lg") else "-"
        axes.plot(units, values, color=COLOURS[colour], lw=1.3, ls=style, zorder=1.2)
        names.append((units[-1], values[-1], text, colour))
    for recipe, criterion, colour, marker, text, shift in SERIES:
        found = _sizes(result, recipe, criterion)
        if not found:
            continue
        x = [cell.unit * math.exp(shift) for cell, *_ in found]
        y = np.array([size for _, size, _ in found], dtype=float)
        down = y - np.array([least for *_, least in found])
        axes.errorbar(
            x, y, yerr=[down, 0 * y], color=COLOURS[colour], marker=marker, markersize=6, lw=0,
            elinewidth=1.2, zorder=3,
        )  # fmt: skip
        last = max(range(len(x)), key=x.__getitem__)
        names.append((x[last], y[last], text, colour))
    proved = _certified(result)
    if proved:
        x = [cell.unit * math.exp(0.045) for cell, *_ in proved]
        y = np.array([mean for _, mean, _, _ in proved])
        reach = [y - [p[2] for p in proved], [p[3] for p in proved] - y]
        axes.errorbar(
            x, y, yerr=reach, color=COLOURS["ink"], marker="D", markersize=6, mfc="white", lw=0,
            elinewidth=1.2, zorder=3,
        )  # fmt: skip
        last = max(range(len(x)), key=x.__getitem__)
        names.append((x[last], y[last], "certified construction", "ink"))
    top = high * 1.15
    axes.set_ylim(0.8, top)
    ticks(axes, [v for v in (10, 20, 30, 40, 60, 80) if low <= v <= high * 1.1],
          [v for v in (1, 2, 4, 8, 16, 32, 64, 128) if v <= top])  # fmt: skip
    _plain(axes)
    _name(axes, names, high * (high / low) ** 0.09, 0.8, top)
    axes.set_title("Size against the unit", fontsize=11.5)
    axes.set_xlabel("u = m lg m / d")
    axes.set_ylabel("total key dimension D_K")


def _against_load(axes: Axes, result: AttentionResult) -> None:
    """Factors c = D_K / u by cell, in order of the load."""
    cells = sorted(result.plan.cells, key=lambda cell: cell.load)
    place = {cell: k for k, cell in enumerate(cells)}
    for recipe, criterion, colour, marker, _, shift in SERIES:
        found = _sizes(result, recipe, criterion)
        x = [place[cell] + 4 * shift for cell, *_ in found]
        y = np.array([size / cell.unit for cell, size, _ in found])
        down = y - np.array([least / cell.unit for cell, _, least in found])
        axes.errorbar(
            x, y, yerr=[down, 0 * y], color=COLOURS[colour], marker=marker, markersize=6, lw=0,
            elinewidth=1.2,
        )  # fmt: skip
    proved = _certified(result)
    axes.plot(
        [place[cell] + 0.18 for cell, *_ in proved], [p[1] / p[0].unit for p in proved],
        color=COLOURS["ink"], marker="D", mfc="white", lw=0, markersize=6,
    )  # fmt: skip
    for cell in cells:
        low, high = (value / cell.unit for value in result.laws(cell).freedom)
        axes.fill_between(
            [place[cell] - 0.32, place[cell] + 0.32], low, high, color="#E3E9D8", lw=0, zorder=0
        )
    axes.set_xticks(
        range(len(cells)), [f"{c.items}\n{c.embedding_dim}\n{c.load:.2f}" for c in cells]
    )
    axes.set_xlim(-0.9, len(cells) - 0.3)
    axes.annotate(
        "m\nd\nload", (-0.9, 0), xycoords=("data", "axes fraction"), xytext=(-6, -4),
        textcoords="offset points", va="top", ha="right", fontsize=11, color=COLOURS["grey"],
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_title("The same over u; load = m ln m / d²", fontsize=11.5)
    axes.set_ylabel("D_K / u")
    axes.grid(axis="x", visible=False)


def _plain(axes: Axes) -> None:
    ticker = require_matplotlib().ticker
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))


def _name(
    axes: Axes, names: list[tuple[float, float, str, str]], x: float, low: float, top: float
) -> None:
    """Names in the right margin, in order of height, each with a thin line to its end."""
    room = math.log(top / low)
    ordered = sorted(names, key=lambda name: name[1])
    wanted = [math.log(name[1] / low) / room for name in ordered]
    for name, height in zip(ordered, spread(wanted, SPACING, 0.03, 0.97), strict=True):
        end_x, end_y, text, colour = name
        axes.annotate(
            text,
            (end_x, end_y),
            xytext=(x, low * math.exp(height * room)),
            va="center",
            ha="left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            color=COLOURS[colour],
            fontsize=9.5,
            arrowprops=tether(colour),
        )
