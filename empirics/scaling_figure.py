"""The figure of ``construction-scaling``: certified neurons against outputs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ..theory.picture import spread
from .figures import COLOURS, caption, house_style, new_axes, save, tether, ticks

if TYPE_CHECKING:
    from .construction_scaling import ScalingResult

#: Colour and marker of the series.
STYLES = {
    "plain": ("green", "s"),
    "trained": ("blue", "o"),
    "ternary": ("purple", "D"),
    "one-bit": ("orange", "^"),
    "all-pairs": ("ink", "v"),
}
#: Names at the series.
TITLES = {
    "plain": "plain",
    "trained": "superposed, trained (14 bits)",
    "ternary": "superposed, ternary",
    "one-bit": "superposed, one bit",
    "all-pairs": "all pairs at once (as 2408.05451)",
}
#: Dashes of the lines.
DASHES = ((0, (1, 2)), (0, (5, 2)), (0, (3, 1, 1, 1)), (0, (6, 3)), (0, (2, 3)), "-.")
#: Least distance of two names, as a share of the height.
SPACING = 0.047


def draw_scaling(result: ScalingResult, stem: Path) -> tuple[Path, Path]:
    """Draw the series and the lines, each with its name at its end; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    sizes = sorted({point.outputs for point in result.points})
    # those of all pairs lie close to others, and their numbers would overlap
    named = sorted({p.outputs for p in result.points if p.series != "all-pairs"}) or sizes
    values = [n for line in result.lines.values() for _, n in line]
    for point in result.points:
        values += [n for n in (*point.by_seed, point.neurons, point.reliable) if n is not None]
    low, high = min(values) / 1.25, max(values) * 1.25
    with house_style():
        axes = new_axes(
            "Pairwise ANDs computed exactly: neurons by number of outputs",
            "outputs m'",
            "hidden neurons n",
            log=True,
            size=(10.0, 6.6),
        )
        axes.set_xlim(sizes[0] / 1.15, sizes[-1] * (sizes[-1] / sizes[0]) ** 0.8)
        axes.set_ylim(low, high)
        steps = [k for power in range(12) for k in (10**power, 2 * 10**power, 5 * 10**power)]
        ticks(axes, named, [k for k in steps if low <= k <= high])
        ends: list[tuple[float, float, str, str]] = []
        for (name, line), dashes in zip(result.lines.items(), DASHES, strict=True):
            axes.plot(*zip(*line, strict=True), color=COLOURS["grey"], lw=1.3, linestyle=dashes)
            ends.append((*line[-1], name.replace("sqrt", "√"), "grey"))
        for series, (colour, marker) in STYLES.items():
            points = [point for point in result.points if point.series == series]
            if not points:
                continue
            x, y = [p.outputs for p in points], [p.neurons for p in points]
            axes.plot(x, y, color=COLOURS[colour], marker=marker, markersize=6)
            for point in points:
                # up to where every seed was exact
                top = point.reliable or point.neurons
                axes.plot([point.outputs] * 2, [point.neurons, top], color=COLOURS[colour])
                widths = [n for n in point.by_seed if n is not None]
                seeds = [point.outputs] * len(widths)
                axes.plot(seeds, widths, color=COLOURS[colour], marker="_", markersize=9, lw=0)
            fits = [fit for fit in result.fits if fit.series == series]
            slope = "".join(f": n ~ m'^{f.slope:.2f} ± {f.high - f.slope:.2f}" for f in fits)
            ends.append((x[-1], y[-1], TITLES[series] + slope, colour))
        room = math.log(high / low)
        wanted = [math.log(y / low) / room for _, y, _, _ in ends]
        order = sorted(range(len(ends)), key=wanted.__getitem__)
        placed = spread([wanted[k] for k in order], SPACING, 0.01, 0.99)
        for k, height in zip(order, placed, strict=True):
            x_end, y_end, text, colour = ends[k]
            axes.annotate(
                text,
                (x_end, y_end),
                xytext=(sizes[-1] * 1.22, low * math.exp(height * room)),
                textcoords="data",
                va="center",
                ha="left",
                color=COLOURS[colour],
                fontsize=9.5,
                arrowprops=tether(colour),
            )
        figure = axes.get_figure()
        assert figure is not None
        caption(figure, _explanation(result))  # type: ignore[arg-type]
        return save(figure, stem)  # type: ignore[arg-type]


def _explanation(result: ScalingResult) -> str:
    return (
        f"m' random pairs of the least number of inputs that has so many, at most 2 active; "
        f"{result.plan.seeds} seeds from {result.seed}.\n"
        "Marks: the least width found by bisection at which a seed was proved exact on every such "
        "input, an upper bound;\nticks: the same for each seed; bars: up to the width from which "
        "on all seeds were exact.\nSlopes: least squares, 95 % interval of a straight line. The "
        "counting bounds are for the superposed form, n x n\nentries of so many bits; in the plain "
        "form the read-out holds the function, and they do not apply.\nOrders are drawn with the "
        "constant 1; m^(2/3), m the inputs, is stated for all pairs of them, logarithms left out."
    )
