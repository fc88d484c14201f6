"""The figure of ``boolean-capacity``: features computed exactly against neurons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .capacity_lines import Line, caveat
from .figures import COLOURS, caption, house_style, label, new_axes, save, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .capacity import CapacityResult

#: The visible part: neurons, then features.
VIEW = ((2.6, 100.0), (2.6, 1400.0))


def draw_capacity(result: CapacityResult, stem: Path) -> tuple[Path, Path]:
    """Draw trained capacity, counting bounds and the plain construction; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    lines = {line.name: line for line in result.lines}
    with house_style():
        axes = new_axes(
            "Pairwise ANDs computed exactly, by number of neurons",
            "hidden neurons n",
            "ANDs computed without any error, m'",
            log=True,
            size=(9.0, 6.4),
        )
        axes.set_xlim(*VIEW[0])
        axes.set_ylim(*VIEW[1])
        ticks(axes, [3, 4, 6, 8, 12, 16, 24, 32, 64], [4, 8, 16, 32, 64, 128, 256, 512, 1024])
        _draw_line(axes, lines["counting-free-1"], "purple", (0, (5, 2)))
        _draw_line(axes, lines["counting-superposed-32"], "orange", (0, (5, 2)))
        _draw_line(axes, lines["plain-construction"], "green", "-", marker="s")
        axes.plot(VIEW[0], VIEW[0], color=COLOURS["grey"], linewidth=1.2, linestyle=":")
        _draw_trained(axes, result)
        label(axes, 66, 44, "one neuron an AND", "grey", ha="center")
        n, outputs = _near(lines["plain-construction"], 128)
        label(axes, n * 1.08, outputs, "plain construction,\nproved (no training)", "green")
        n, outputs = _near(lines["counting-superposed-32"], 512)
        text = "counting bound:\nfunction in n×n\nweights of 32 bits"
        label(axes, n * 1.05, outputs * 0.92, text, "orange", va="top")
        n, outputs = _near(lines["counting-free-1"], 259)
        text = "counting bound: all\nweights free, 1 bit each"
        label(axes, n * 0.94, outputs, text, "purple", ha="right")
        figure = axes.get_figure()
        assert figure is not None
        caption(figure, _explanation(result))  # type: ignore[arg-type]
        return save(figure, stem)  # type: ignore[arg-type]


def _draw_line(axes: Axes, line: Line, colour: str, style: object, marker: str = "") -> None:
    points = [(n, outputs) for n, outputs in line.points if outputs]
    axes.plot(
        [n for n, _ in points],
        [outputs for _, outputs in points],
        color=COLOURS[colour],
        linestyle=style,
        marker=marker or None,
        markersize=5,
    )


def _draw_trained(axes: Axes, result: CapacityResult) -> None:
    """Every seed a dot, the median a line, least to most a band; arrows at the ladder's top."""
    shown = [c for c in result.capacities if min(c.by_seed) > 0]
    blue = COLOURS["blue"]
    widths = [c.width for c in shown]
    axes.fill_between(
        widths,
        [min(c.by_seed) for c in shown],
        [max(c.by_seed) for c in shown],
        color=blue,
        alpha=0.18,
        linewidth=0,
    )
    axes.plot(widths, [c.median for c in shown], color=blue, linewidth=2.6)
    for c in result.capacities:
        count = len(c.by_seed)
        for index, (value, top) in enumerate(zip(c.by_seed, c.at_top, strict=True)):
            if value:
                # seeds with the same value stand side by side
                x = c.width * 1.02 ** (index - (count - 1) / 2)
                axes.plot([x], [value], "^" if top else "o", color=blue, markersize=5)
    if shown:
        last = shown[-1]
        text = f"trained,\nmedian of\n{result.plan.seeds} seeds"
        label(axes, last.width * 1.1, last.median, text, "blue", fontweight="bold")


def _near(line: Line, outputs: int) -> tuple[float, float]:
    """The point of a line whose number of outputs is nearest, by ratio."""
    drawn = [(n, o) for n, o in line.points if o]
    n, found = min(drawn, key=lambda point: max(point[1] / outputs, outputs / point[1]))
    return float(n), float(found)


def _explanation(result: CapacityResult) -> str:
    plan = result.plan
    tops = any(any(c.at_top) for c in result.capacities)
    missing = sum(value == 0 for c in result.capacities for value in c.by_seed)
    every = [plan.starts(outputs) for outputs in plan.ladder]
    starts = sorted({min(every), max(every)})
    sentences = [
        "m' random pairs of m = m' inputs, at most 2 of them on. A trained network counts when all "
        "m' outputs are right on the whole domain,",
        f"decided exactly; m' climbs {', '.join(map(str, plan.ladder))}. "
        f"{plan.seeds} tasks a step, {' to '.join(map(str, starts))} starts each.",
        "Dots: seeds; band: least to most"
        + ("; triangles: top of the climb, so at least" if tops else "")
        + (f"; seeds without any exact network, not shown: {missing}." if missing else "."),
        *caveat(result.lines),
    ]
    return "\n".join(sentences)
