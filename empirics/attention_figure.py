"""The figure of ``attention-constructions``: certified key dimensions by d, one panel an m."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..theory.picture import spread
from ..verify.verdict_text import amount
from .figures import COLOURS, caption, house_style, require_matplotlib, save, tether, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .attention_scaling import AttentionResult

#: Colour, marker and name of the series.
STYLES = {
    "paper": ("orange", "D", "edge blocks with signatures\n(the paper's, reconstructed)"),
    "pseudo-inverse": ("green", "s", "pseudo-inverse blocks"),
    "rule": ("purple", "^", "trained, size by rule"),
    "least": ("blue", "o", "trained, least size found"),
}
#: Dashes of the lines.
DASHES = ((0, (1, 2)), "-", (0, (5, 2)), (0, (3, 1, 1, 1)))
#: Least distance of two names, as a share of the height.
SPACING = 0.062


def draw_attention(result: AttentionResult, stem: Path) -> tuple[Path, Path]:
    """Draw all layers and the bounds, names beside the last panel; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    values = [float(p.total_key_dim) for p in result.points if p.total_key_dim is not None]
    values += [value for line in result.lines.values() for value in line.values()]
    low, high = max(min(values) / 1.4, 0.7), max(values) * 1.4
    panels = sorted(result.plan.dims)
    with house_style():
        figure = matplotlib.figure.Figure(
            figsize=(3.4 + 2.5 * len(panels), 5.8), layout="constrained"
        )
        figure.suptitle(
            "Total key dimension of attention layers that recognise a permutation of m items",
            x=0.01, ha="left", fontsize=13, fontweight="bold",
        )  # fmt: skip
        every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, items in zip(every, panels, strict=True):
            _set_up(axes, f"m = {items:,}", sorted(result.plan.dims[items]), (low, high))
            ends = _panel(axes, result, items)
        every[0].set_ylabel("total key dimension D_K")
        for axes in every:
            axes.set_xlabel("embedding dimension d")
        _names(every[-1], ends, sorted(result.plan.dims[panels[-1]])[-1], (low, high))
        caption(figure, _explanation(result))
        return save(figure, stem)


def _set_up(axes: Axes, title: str, dims: list[int], span: tuple[float, float]) -> None:
    matplotlib = require_matplotlib()
    axes.set_title(title, fontsize=11, fontweight="normal")
    for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        scale("log")
        axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
    axes.set_xlim(dims[0] / 1.25, dims[-1] * 1.25)
    axes.set_ylim(*span)
    steps = [k for power in range(8) for k in (10**power, 2 * 10**power, 5 * 10**power)]
    ticks(axes, dims, [k for k in steps if span[0] <= k <= span[1]])


def _panel(axes: Axes, result: AttentionResult, items: int) -> list[tuple[float, str, str]]:
    """Draw lines and layers of so many items; where each ends, its name and colour."""
    ends: list[tuple[float, str, str]] = []
    dims = sorted(result.plan.dims[items])
    for (name, line), dashes in zip(result.lines.items(), DASHES, strict=True):
        heights = [line[items, dim] for dim in dims]
        axes.plot(dims, heights, color=COLOURS["grey"], lw=1.3, linestyle=dashes)
        ends.append((heights[-1], name, "grey"))
    for series, (colour, marker, name) in STYLES.items():
        middles = [(dim, result.middle(series, items, dim)) for dim in dims]
        known = [(dim, middle) for dim, middle in middles if middle is not None]
        axes.plot(
            [dim for dim, _ in known], [height for _, height in known],
            color=COLOURS[colour], lw=1.4,
        )  # fmt: skip
        for dim in dims:
            heights = [float(value) for value in result.built(series, items, dim)]
            style: dict[str, Any] = {"marker": marker, "markersize": 5, "alpha": 0.8, "lw": 0}
            axes.plot([dim] * len(heights), heights, color=COLOURS[colour], **style)
        if known:
            ends.append((known[-1][1], name, colour))
    return ends


def _names(
    axes: Axes, ends: list[tuple[float, str, str]], last: int, span: tuple[float, float]
) -> None:
    """Write the names to the right of the last panel, a rule leading to each end."""
    low, high = span
    room = math.log(high / low)
    # of two that end at one height, the one drawn first stands higher
    order = sorted(range(len(ends)), key=lambda k: (ends[k][0], -k))
    ends = [ends[k] for k in order]
    placed = spread([math.log(y / low) / room for y, _, _ in ends], SPACING, 0.02, 0.98)
    for (y, name, colour), height in zip(ends, placed, strict=True):
        axes.annotate(
            name,
            (last, y),
            xytext=(1.06, height),
            textcoords="axes fraction",
            va="center",
            ha="left",
            color=COLOURS[colour],
            fontsize=9.5,
            annotation_clip=False,
            arrowprops=tether(colour),
        )


def _explanation(result: AttentionResult) -> str:
    lines = [
        "Random permutations, Gaussian vectors in d dimensions; "
        f"{amount(result.plan.seeds, 'seed')} from {result.seed}; lines through the medians.",
        "Every mark is a layer that was proved in exact integers to report exactly the m edges "
        "among all m² pairs.",
        "Least sizes are upper bounds, found by a search downwards. The two dashed lines are lower "
        "bounds for layers that serve\nevery permutation.",
    ]
    for series, (_, _, name) in STYLES.items():
        some = [p for p in result.points if p.series == series and p.total_key_dim is None]
        gone = sorted({(p.items, p.embedding_dim) for p in some})
        if gone:
            plain = name.replace("\n", " ")
            lines.append(f"Not every seed: {plain}, (m, d) = " + ", ".join(map(str, gone)) + ".")
    return "\n".join(lines)
