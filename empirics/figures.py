"""House style of figures: readable sizes, direct labels, colours that everybody can tell apart."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..verify.errors import MissingExtraError
from .margins import DomainMargins

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours after Okabe and Ito, darkened where text needs it; apart under colour blindness.
COLOURS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "purple": "#AA4499",
    "amber": "#B87700",
    "sky": "#3A9BD9",
    "grey": "#6B6B6B",
    "ink": "#222222",
}

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.edgecolor": COLOURS["grey"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # text stays text, and the same figure gives the same file
    "svg.fonttype": "none",
    "svg.hashsalt": "superproof",
}


def require_matplotlib() -> Any:
    """The matplotlib module. Raises MissingExtraError when it is not installed."""
    try:
        import matplotlib
        import matplotlib.figure
        import matplotlib.ticker
    except ImportError:
        raise MissingExtraError("matplotlib", "experiments", "drawing figures") from None
    # a first import may announce that it builds its font cache
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    return matplotlib


def house_style() -> AbstractContextManager[None]:
    """The settings under which figures are made and saved, for a ``with`` block."""
    context: AbstractContextManager[None] = require_matplotlib().rc_context(_STYLE)
    return context


def new_axes(
    title: str,
    xlabel: str,
    ylabel: str,
    *,
    log: bool = False,
    size: tuple[float, float] = (9.0, 5.6),
) -> Axes:
    """Axes on a figure of their own, set up in the house style; call it inside the style.

    Args:
        title, xlabel, ylabel: texts.
        log: both axes logarithmic, with plain numbers at the ticks.
        size: width and height in inches.
    """
    matplotlib = require_matplotlib()
    figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.set_title(title, pad=12)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    if log:
        for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
            scale("log")
            axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
            axis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    return axes


def ticks(axes: Axes, x: list[int], y: list[int]) -> None:
    """Exactly these major ticks, no minor ones."""
    matplotlib = require_matplotlib()
    for axis, places in ((axes.xaxis, x), (axes.yaxis, y)):
        axis.set_major_locator(matplotlib.ticker.FixedLocator(places))
        axis.set_minor_locator(matplotlib.ticker.NullLocator())


def label(axes: Axes, x: float, y: float, text: str, colour: str, **options: Any) -> None:
    """Write a line's name beside it, in its colour; the box hides the grid, never a line."""
    options = {"ha": "left", "va": "center", "fontsize": 10, "zorder": 1.5, **options}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.text(x, y, text, color=COLOURS[colour], bbox=box, **options)


def tether(colour: str, *, left: bool = False) -> dict[str, Any]:
    """A thin line from a name to what it names: ``arrowprops`` of an annotation.

    It begins at the middle of the text's left edge, or of its right one for a name on the left.
    """
    relpos = (1.0, 0.5) if left else (0.0, 0.5)
    return {"arrowstyle": "-", "color": COLOURS[colour], "lw": 0.7, "alpha": 0.6, "relpos": relpos}


def caption(figure: Figure, text: str) -> None:
    """A few lines under the figure that say what is drawn."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8.5, color=COLOURS["grey"])


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write ``stem.svg`` and ``stem.png``; returns both paths. Call it inside the style."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    svg, png = stem.with_name(stem.name + ".svg"), stem.with_name(stem.name + ".png")
    figure.savefig(svg, metadata={"Date": None})
    figure.savefig(png, dpi=160)
    return svg, png


def margin_histogram(networks: Mapping[str, DomainMargins], title: str, stem: Path) -> list[Path]:
    """Draw how far each network stays from the wrong side, over all inputs of the domain.

    Args:
        networks: margins by the name of the network, one panel each, on a common scale.
        title: of the figure.
        stem: path without suffix; ``.svg`` and ``.png`` are written.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    everything = np.concatenate([m.values for m in networks.values()])
    low, high = min(float(everything.min()), 0.0), max(float(everything.max()), 0.0)
    edge = (high - low or 1.0) / 48
    # an edge falls on 0, so that no bar straddles right and wrong
    bins = np.arange(np.floor(low / edge) - 1, np.ceil(high / edge) + 2) * edge
    with house_style():
        figure = matplotlib.figure.Figure(
            figsize=(9.0, 1.3 + 2.3 * len(networks)), layout="constrained"
        )
        panels = figure.subplots(len(networks), 1, sharex=True, sharey=True, squeeze=False)
        for axes, (name, margins) in zip(panels[:, 0], networks.items(), strict=True):
            for chosen, colour in ((~margins.wrong, "blue"), (margins.wrong, "orange")):
                axes.hist(margins.values[chosen], bins=bins, color=COLOURS[colour])
            axes.set_yscale("log")
            axes.set_ylim(bottom=0.7)
            axes.yaxis.set_major_formatter(
                matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}")
            )
            axes.axvline(0, color=COLOURS["ink"], linewidth=1.2)
            axes.set_ylabel("inputs")
            wrong = int(margins.wrong.sum())
            heading = f"{name}: {wrong:,} of {len(margins.values):,} inputs wrong"
            axes.set_title(heading, fontsize=11, fontweight="normal")
            least, colour = float(margins.least), COLOURS["orange" if wrong else "blue"]
            axes.axvline(least, color=colour, linewidth=1.2, linestyle=(0, (4, 3)))
            # left of both lines; a thin rule leads to the margin where 0 lies between
            axes.annotate(
                f"least margin\n{least:.4g}",
                (least, 0.88),
                xycoords=("data", "axes fraction"),
                xytext=(min(least, 0.0) - 0.01 * (high - low or 1.0), 0.88),
                textcoords=("data", "axes fraction"),
                ha="right",
                va="center",
                color=colour,
                arrowprops={"arrowstyle": "-", "color": colour} if least > 0 else None,
            )
        bottom = panels[-1, 0]
        # room on the left for the least margin
        bottom.set_xlim(low - 0.16 * (high - low or 1.0), bins[-1])
        bottom.set_xlabel("margin: exact distance of the output to the wrong side (below 0: wrong)")
        figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        return list(save(figure, stem))
