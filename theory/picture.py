"""Bounds drawn over a range of sizes: logarithmic axes, every line named beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .bound import Bound, Number
from .enclosure import Enclosure
from .errors import PictureError, RegimeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Points of a line, equally spaced on the logarithmic axis.
POINTS = 33
#: Least distance of two names, as a share of the height of the axes.
SPACING = 0.085
#: Colours that stay apart under colour blindness; lower bounds blue, constructions orange.
COLOURS = {
    "lower": ("#0072B2", "#3A9BD9", "#004B76", "#56B4E9"),
    "upper": ("#D55E00", "#B87700", "#8C3B00"),
    "equal": ("#6B6B6B", "#AA4499", "#009E73", "#44546A", "#7A5C99", "#8A8A2A"),
}
WORDS = {"lower": "needed", "upper": "suffices", "equal": "value"}
ESTIMATES = {"heuristic": "estimate", "fit": "measured"}


@dataclass(frozen=True)
class Curve:
    """One bound over the range: the drawn numbers are only for the eye.

    Attributes:
        bound: the bound.
        places: values of the parameter, rising.
        low, high: ends of the value there; equal but for enclosures and fits.
        bits: of a weight, where the bound counts them.
    """

    bound: Bound
    places: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    bits: Number | None = None

    def up_to(self, last: int) -> Curve:
        """Without what lies beyond a value of the parameter."""
        kept = sum(place <= last for place in self.places)
        return replace(self, places=self.places[:kept], low=self.low[:kept], high=self.high[:kept])


def curve(
    bound: Bound, over: str, span: tuple[int, int], values: Mapping[str, Number | None]
) -> Curve | None:
    """The points of a bound in its regime at positive values; None when there are fewer than 2."""
    first, last = span
    steps = sorted({round(first * (last / first) ** (i / (POINTS - 1))) for i in range(POINTS)})
    found = []
    for place in steps:
        try:
            value = bound.evaluate(**{**values, over: place})
        except RegimeError:
            continue
        ends = (value.low, value.high) if isinstance(value, Enclosure) else (value, value)
        if ends[0] > 0:
            found.append((place, float(ends[0]), float(ends[1])))
    if len(found) < 2:
        return None
    places, low, high = zip(*found, strict=True)
    counted = [p.default for p in bound.parameters if p.name == "bits"]
    bits = (values.get("bits") or counted[0]) if counted else None
    return Curve(bound, places, low, high, bits)


def draw(
    bounds: Sequence[Bound],
    file: Path,
    over: str,
    span: tuple[int, int],
    values: Mapping[str, Number | None],
) -> Path:
    """Draw bounds on one quantity over a range of one parameter; returns the file.

    Args:
        bounds: with a value, about the same quantity.
        file: picture to write; its suffix (.png, .svg, .pdf) chooses the format.
        over: a whole-number parameter.
        span: its first and last value.
        values: the other parameters.

    Raises RegimeError when the range or the bounds give nothing to draw, PictureError
    when matplotlib is not installed.
    """
    if not 1 <= span[0] < span[1]:
        raise RegimeError(f"the range of {over} must rise from 1 or more, not {span[0]}:{span[1]}")
    if file.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise RegimeError(f"{file}: a picture is written as .png, .svg or .pdf")
    takers = [b for b in bounds if any(p.name == over for p in b.parameters)]
    kinds = {p.kind for b in takers for p in b.parameters if p.name == over}
    if kinds != {"integer"}:
        raise RegimeError(f"none of these bounds takes a whole number '{over}'")
    quantities = sorted({b.quantity for b in takers})
    if len(quantities) > 1:
        raise RegimeError(f"one picture shows one quantity, not {' and '.join(quantities)}")
    curves = [c for c in (curve(b, over, span, values) for b in takers) if c]
    proved = [c.places[-1] for c in curves if c.bound.exactness == "exact"]
    exact = [b for b in takers if b.exactness == "exact"]
    if exact and not proved:
        exact[0].evaluate(**{**values, over: span[0]})
    if proved:
        # an estimate or a fit alone says nothing of instances that do not exist
        last = max(proved)
        curves = [c for c in (c.up_to(last) for c in curves) if len(c.places) > 1]
    if not curves:
        takers[0].evaluate(**{**values, over: span[0]})
        raise RegimeError(f"no bound has positive values for {over} from {span[0]} to {span[1]}")
    return _draw(curves, file, over, values)


def _draw(curves: Sequence[Curve], file: Path, over: str, values: Mapping[str, Any]) -> Path:
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise PictureError(
            "drawing bounds needs the package 'matplotlib'; install it with: "
            'pip install "superproof[experiments]"'
        ) from None
    style: dict[Any, Any] = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "superproof",
    }
    with rc_context(style):
        figure = Figure(figsize=(9.6, 5.8))
        axes: Axes = figure.add_axes((0.1, 0.11, 0.575, 0.765))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.grid(True, color="#E8E8E8", linewidth=0.7)
        shown = ", ".join(f"{k} = {v}" for k, v in values.items() if v is not None and k != over)
        first = curves[0].bound
        # a name may hold $, which starts a formula in a picture
        title = f"{first.task}: {first.quantity}" + (f" ({shown})" if shown else "")
        axes.set_title(
            title.replace("$", r"\$"), loc="left", fontsize=11, fontweight="bold", pad=16
        )
        axes.set_xlabel(over.replace("_", " "))
        axes.set_ylabel(first.quantity)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda v, _: f"{v:,.0f}" if v >= 1 else f"{v:.0e}")
            axis.set_minor_formatter(lambda v, _: "")
        used = dict.fromkeys(COLOURS, 0)
        names = []
        for one in curves:
            palette = COLOURS[one.bound.direction]
            colour = palette[used[one.bound.direction] % len(palette)]
            used[one.bound.direction] += 1
            _line(axes, one, colour)
            end = math.sqrt(one.low[-1] * one.high[-1])
            names.append((end, one, colour))
        _names(axes, names)
        file.parent.mkdir(parents=True, exist_ok=True)
        metadata = {"Date": None} if file.suffix.lower() == ".svg" else None
        figure.savefig(file, dpi=150, metadata=metadata)
    return file


def _line(axes: Axes, one: Curve, colour: str) -> None:
    dashes: Any = {"exact": "-", "heuristic": (0, (5, 2)), "fit": (0, (1, 1.5))}[
        one.bound.exactness
    ]
    middles = [math.sqrt(a * b) for a, b in zip(one.low, one.high, strict=True)]
    axes.plot(one.places, middles, color=colour, linestyle=dashes, linewidth=1.9)
    if one.bound.exactness == "fit":
        axes.fill_between(one.places, one.low, one.high, color=colour, alpha=0.18, linewidth=0)


def _names(axes: Axes, names: Sequence[tuple[float, Curve, str]]) -> None:
    """Write the names right of the axes, apart from each other, with a rule to each line's end."""
    # limits that are still pending would move the lines after their names are placed
    axes.set_xlim(axes.get_xlim())
    axes.set_ylim(axes.get_ylim())
    transform = axes.transScale + axes.transLimits
    ordered = sorted(names, key=lambda entry: entry[0])
    wanted = [float(transform.transform((one.places[-1], end))[1]) for end, one, _ in ordered]
    spacing = min(SPACING, 1.0 / max(1, len(ordered)))
    placed = spread(wanted, spacing, 0.0, 1.0)
    for (end, one, colour), height in zip(ordered, placed, strict=True):
        note = ESTIMATES.get(one.bound.exactness, WORDS[one.bound.direction])
        if one.bound.form in ("superposed", "free"):
            note += f", {one.bound.form} networks"
        if one.bits is not None and one.bound.direction == "lower":
            note += f", {one.bits} bit" + ("" if one.bits == 1 else "s")
        text = f"{one.bound.title}\n{note}"
        axes.annotate(
            text.replace("$", r"\$"),
            (one.places[-1], end),
            xycoords="data",
            xytext=(1.07, height),
            textcoords="axes fraction",
            color=colour,
            fontsize=8.5 if spacing == SPACING else 7,
            va="center",
            ha="left",
            linespacing=1.15,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.7,
                "relpos": (0.0, 0.5),
                "shrinkA": 2,
                "shrinkB": 0,
            },
        )


def spread(wanted: Sequence[float], spacing: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, in the same order, at least ``spacing`` apart, inside a range.

    Args:
        wanted: rising places.
        spacing: least distance; ``(len(wanted) - 1) * spacing`` must fit into the range.
        low, high: the range.
    """
    placed: list[float] = []
    for place in wanted:
        placed.append(max(place, placed[-1] + spacing if placed else low))
    ceiling = high
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - spacing
    return placed
