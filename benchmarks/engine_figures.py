"""Figures of the engine comparison: time against inputs, and how far every engine reaches."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import Any

from superproof.empirics.figures import COLOURS, caption, house_style, require_matplotlib, save

from .peers import PEERS
from .problem_set import FAMILIES
from .records import Record, geometric_mean

#: Colour of each engine's line and name.
ENGINE_COLOURS = {
    "auto": "ink",
    "tree": "blue",
    "enumerate": "green",
    "z3": "orange",
    "z3-split": "amber",
    "z3-rounded": "purple",
    "cp-sat": "sky",
    "cvc5": "grey",
    "highs": "grey",
    "marabou": "grey",
}
DASHES = {"auto": "-", "z3-split": ":", "cvc5": ":", "highs": "--", "marabou": "-."}
#: Least ratio between the heights of two names, in powers of ten.
APART = 0.24


def draw(records: list[Record], engines: Sequence[str], limit: float, folder: Path) -> list[Path]:
    """Write both figures; returns the paths."""
    engines = [e for e in engines if any(r.engine == e for r in records)]
    return [
        *time_against_inputs(records, engines, limit, folder / "engines-time"),
        *reach(records, engines, limit, folder / "engines-reach"),
    ]


def time_against_inputs(
    records: list[Record], engines: Sequence[str], limit: float, stem: Path
) -> tuple[Path, Path]:
    """Geometric means by the number of inputs, float32 and 8-bit trained networks side by side."""
    matplotlib = require_matplotlib()
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(12.5, 6.0), layout="constrained")
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        titles = {
            "trained": "trained networks, float32 weights",
            "quantised": "the same with 8-bit weights",
        }
        for axes, (family, title) in zip(panels, titles.items(), strict=True):
            chosen = [r for r in records if r.family == family]
            axes.set_title(title)
            axes.set_yscale("log")
            axes.set_xscale("log")
            axes.axhline(limit, color=COLOURS["grey"], linewidth=1, linestyle=(0, (2, 2)))
            sizes = sorted({r.inputs for r in chosen})
            ends: list[tuple[float, str]] = []
            for engine in engines:
                last = _line(axes, [r for r in chosen if r.engine == engine], engine, limit)
                if last is not None:
                    ends.append((last, engine))
            if not sizes:
                continue
            _names(axes, ends, sizes[-1])
            axes.set_xticks(sizes, [str(n) for n in sizes])
            axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
            axes.set_xlim(sizes[0] * 0.93, sizes[-1] * 1.75)
            axes.set_xlabel("inputs")
        panels[0].set_ylabel("processor seconds from the problem to the verdict")
        panels[0].yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_seconds))
        caption(
            figure,
            "Geometric mean over networks of 8 to 64 hidden neurons in one to three layers. Rings: "
            f"some were not decided within {limit:g} s (dotted) and\nenter the mean with the time "
            "that they had, a lower bound. Start-up and compilation are not counted.",
        )
        return save(figure, stem)


def _line(axes: Any, own: list[Record], engine: str, limit: float) -> float | None:
    sizes = sorted({r.inputs for r in own})
    if not sizes:
        return None
    colour = COLOURS[ENGINE_COLOURS[engine]]
    means, whole = [], []
    for n in sizes:
        here = [r for r in own if r.inputs == n]
        means.append(geometric_mean(r.time(limit) for r in here))
        whole.append(all(r.decided(limit) for r in here))
    axes.plot(sizes, means, color=colour, linestyle=DASHES.get(engine, "-"))
    for n, mean, done in zip(sizes, means, whole, strict=True):
        face = colour if done else "white"
        axes.plot([n], [mean], "o", markersize=5, color=colour, markerfacecolor=face)
    return means[-1]


def _names(axes: Any, ends: list[tuple[float, str]], right: float) -> None:
    """Names beside the ends of the lines, pushed apart where they would overlap."""
    heights: list[tuple[float, str]] = []
    for value, engine in sorted(ends, reverse=True):
        height = log10(value)
        if heights and heights[-1][0] - height < APART:
            height = heights[-1][0] - APART
        heights.append((height, engine))
    for height, engine in heights:
        name = engine if PEERS[engine].exact else f"{engine} (inexact)"
        axes.text(
            right * 1.06,
            10**height,
            name,
            color=COLOURS[ENGINE_COLOURS[engine]],
            va="center",
            fontsize=10,
        )


def _seconds(value: float, position: int) -> str:
    if value >= 1:
        return f"{value:g} s"
    return f"{1e3 * value:g} ms" if value >= 1e-3 else f"{1e6 * value:g} µs"


def reach(
    records: list[Record], engines: Sequence[str], limit: float, stem: Path
) -> tuple[Path, Path]:
    """The largest number of inputs at which half of the problems are decided, as a grid."""
    matplotlib = require_matplotlib()
    families = [f for f in FAMILIES if any(r.family == f for r in records)]
    with house_style():
        figure = matplotlib.figure.Figure(
            figsize=(2.6 + 1.05 * len(engines), 1.6 + 0.5 * len(families)), layout="constrained"
        )
        axes = figure.add_subplot()
        axes.set_title(f"Largest number of inputs with half of the problems decided in {limit:g} s")
        axes.grid(visible=False)
        for side in axes.spines.values():
            side.set_visible(False)
        for y, family in enumerate(families):
            for x, engine in enumerate(engines):
                own = [r for r in records if r.family == family and r.engine == engine]
                best, tried = largest(own, limit), max((r.inputs for r in own), default=0)
                _cell(axes, x, y, best, tried)
        axes.set_xlim(-0.5, len(engines) - 0.5)
        axes.set_ylim(len(families) - 0.5, -0.5)
        names = [e if PEERS[e].exact else f"{e}\n(inexact)" for e in engines]
        axes.set_xticks(range(len(engines)), names)
        axes.set_yticks(range(len(families)), families)
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        caption(
            figure,
            "Filled: the largest size of the family, so the reach may be beyond it. 'none': not "
            "even half at the smallest size. '-': the engine does not count.",
        )
        return save(figure, stem)


def largest(own: Sequence[Record], limit: float) -> int:
    """The largest number of inputs at which at least half of the records are decided; 0 if none."""
    best = 0
    for n in {r.inputs for r in own}:
        here = [r.decided(limit) for r in own if r.inputs == n]
        if 2 * sum(here) >= len(here):
            best = max(best, n)
    return best


def _cell(axes: Any, x: int, y: int, best: int, tried: int) -> None:
    if not tried:
        axes.text(x, y, "-", ha="center", va="center", color=COLOURS["grey"])
        return
    share = best / tried
    whole = best == tried
    face = COLOURS["blue"] if whole else "white"
    axes.barh(y, 0.92 * share, height=0.8, left=x - 0.46, color=COLOURS["sky"], alpha=0.35)
    if whole:
        axes.barh(y, 0.92, height=0.8, left=x - 0.46, color=face)
    axes.text(
        x,
        y,
        str(best) if best else "none",
        ha="center",
        va="center",
        color="white" if whole else COLOURS["ink"],
        fontweight="bold" if whole else "normal",
    )
