"""The figures of ``boolean-capacity``: ANDs by neurons, by parameters and by bits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...theory.picture import spread
from ..figures import COLOURS, caption, house_style, new_axes, save, tether, ticks
from .families import FAMILIES
from .references import CONSTRUCTIONS, Built, allowed_by_bits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .experiment import CapacityResult
    from .search import Capacity

#: Colour and marker of the series.
STYLES = {
    "plain": ("blue", "o"),
    "superposed": ("orange", "s"),
    "plain-code": ("green", "D"),
    "key-value": ("purple", "^"),
    "least-squares": ("amber", "v"),
}
#: Dashes of the lines.
DASHES: dict[str, Any] = {
    "counting-superposed": (0, (6, 2)),
    "counting-free": (0, (1, 1.6)),
    "estimate": (0, (3, 1, 1, 1)),
    "order-associative": (0, (8, 2, 1, 2)),
    "order-all-pairs": (0, (8, 2, 1, 2, 1, 2)),
}
#: Bits a parameter at which the counting bound is drawn against parameters.
BOUND_BITS = (1, 14, 32)
#: Words of the horizontal axis.
COSTS = {
    "neurons": "hidden neurons n",
    "parameters": "parameters P that may depend on the function",
    "bits": "bits of the parameters that may depend on the function",
}
#: Least distance of two names, as a share of the height.
SPACING = 0.08
#: The horizontal axis is so much longer than the points, as a share, for the names.
ROOM = 0.62
#: The line without superposition.
NO_SUPERPOSITION = "one neuron an AND"
#: The law that is drawn, by axis and family.
DRAWN = {
    ("neurons", "plain"): "a n^b",
    ("neurons", "superposed"): "a n^2 / log n",
    ("parameters", "plain"): "a P^b",
    ("parameters", "superposed"): "a P^b",
}


@dataclass
class _Picture:
    """What is drawn, with the ends at which names are written."""

    cost: str
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    ends: list[tuple[float, float, str, str]] = field(default_factory=list)


def draw_capacity(result: CapacityResult, cost: str, stem: Path) -> tuple[Path, Path]:
    """Draw capacity against ``neurons``, ``parameters`` or ``bits``; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    with house_style():
        axes = new_axes(
            f"Pairwise ANDs computed exactly, by {cost.replace('neurons', 'number of neurons')}",
            COSTS[cost],
            "ANDs computed, m'",
            log=True,
            size=(10.4, 6.8),
        )
        picture = _Picture(cost)
        for name in result.plan.widths:
            _trained(axes, result, name, picture)
        for name in CONSTRUCTIONS:
            _constructed(axes, [b for b in result.built if b.construction == name], picture)
        # where nothing was found there are still the bounds
        x, y = picture.x or [3.0, 30.0], picture.y or [3.0, 300.0]
        low, high = min(x) / 1.2, max(x) * 1.1
        bottom, top = min(y) / 1.25, max(y) * 2.5
        axes.set_xlim(low, high * (high / low) ** ROOM)
        axes.set_ylim(bottom, top)
        ticks(axes, _places(low, high), _places(bottom, top))
        _bounds(axes, result, picture, (low, high), top)
        _names(axes, picture, high, (bottom, top))
        figure = axes.get_figure()
        assert figure is not None
        caption(figure, _explanation(result, cost))  # type: ignore[arg-type]
        return save(figure, stem)  # type: ignore[arg-type]


def _trained(axes: Axes, result: CapacityResult, name: str, picture: _Picture) -> None:
    """Thresholds with intervals, the second criterion hollow, a law as a line."""
    colour, marker = STYLES[name]
    shade = COLOURS[colour]
    exact = [c for c in result.exact(name) if c.threshold is not None]
    tolerant = [c for c in result.tolerant(name) if c.threshold is not None]
    for chosen, face in ((tolerant, "white"), (exact, shade)):
        for c in chosen:
            t = c.threshold
            assert t is not None
            place = _cost(c, picture.cost)
            picture.x.append(place)
            picture.y += [max(t.low, 2.0), t.outputs, t.high]
            axes.plot([place] * 2, [max(t.low, 2.0), t.high], color=shade, linewidth=1.4)
            axes.plot([place], [t.outputs], marker=marker, markersize=6.5, color=shade,
                      markerfacecolor=face, linestyle="none")  # fmt: skip
    if not exact:
        return
    last = exact[-1]
    assert last.threshold is not None
    title = FAMILIES[name].title
    law = _law(axes, result, name, exact, picture)
    picture.ends.append(
        (_cost(last, picture.cost), last.threshold.outputs, f"{title}{law}", colour)
    )


def _law(
    axes: Axes, result: CapacityResult, name: str, exact: list[Capacity], picture: _Picture
) -> str:
    """Draw the law of the axis through the points; returns it in words; else a plain line."""
    wanted = DRAWN.get((picture.cost, name))
    fits = [f for f in result.fits if (f.family, f.tolerance, f.law) == (name, 0.0, wanted)]
    x = [_cost(c, picture.cost) for c in exact]
    colour = COLOURS[STYLES[name][0]]
    if not fits:
        y = [c.threshold.outputs for c in exact if c.threshold is not None]
        axes.plot(x, y, color=colour, linewidth=1.2)
        return ""
    fit = fits[0]
    places = [x[0] / 1.1 * (1.21 * x[-1] / x[0]) ** (k / 40) for k in range(41)]
    power = fit.exponent
    line = [
        fit.scale * (p**2 / math.log(p) if power is None else p**power) for p in places
    ]  # fmt: skip
    axes.plot(places, line, color=colour, linewidth=1.2)
    symbol = "n" if picture.cost == "neurons" else "P"
    if power is None:
        return f":\nm* = {fit.scale:.2f} n² / ln n"
    return f":\nm* = {fit.scale:.2g} {symbol}^{power:.2f}"


def _constructed(axes: Axes, built: list[Built], picture: _Picture) -> None:
    if not built:
        return
    name = built[0].construction
    colour, marker = STYLES[name]
    x = [float(getattr(b, picture.cost)) for b in built]
    y = [float(b.outputs) for b in built]
    axes.plot(x, y, color=COLOURS[colour], marker=marker, markersize=5.5, linewidth=1.6)
    picture.x += x
    picture.y += y
    picture.ends.append((x[-1], y[-1], CONSTRUCTIONS[name], colour))


def _bounds(
    axes: Axes,
    result: CapacityResult,
    picture: _Picture,
    span: tuple[float, float],
    top: float,
) -> None:
    """The lines, cut off at the top of the picture."""
    drawn: list[tuple[str, Any, list[tuple[float, float]]]] = []
    if picture.cost == "neurons":
        for line in result.lines:
            points = [(float(n), float(y)) for n, y in line.points if y]
            drawn.append((line.title, DASHES[line.name], points))
        even = [span[0] * (span[1] / span[0]) ** (k / 40) for k in range(41)]
        drawn.append((NO_SUPERPOSITION, (0, (1, 4)), [(x, x) for x in even]))
    else:
        places = [span[0] * (span[1] / span[0]) ** (k / 60) for k in range(61)]
        each = BOUND_BITS if picture.cost == "parameters" else (1,)
        for bits, dashes in zip(each, DASHES.values(), strict=False):
            counted = ((x, allowed_by_bits(bits * x)) for x in places)
            points = [(x, float(y)) for x, y in counted if y]
            words = "counting bound, any form"
            if picture.cost == "parameters":
                words += f", {bits} bit{'s' * (bits > 1)} each"
            drawn.append((words, dashes, points))
    for words, dashes, points in drawn:
        inside = [(x, y) for x, y in points if span[0] <= x <= span[1]]
        cut = _cut(inside, top)
        if len(cut) < 2:
            continue
        axes.plot(*zip(*cut, strict=True), color=COLOURS["grey"], linewidth=1.4,
                  linestyle=dashes)  # fmt: skip
        if words == NO_SUPERPOSITION:
            cut = cut[: max(2, len(cut) // 2)]
        _along(axes, cut, words, (top / axes.get_ylim()[0]) ** 0.3)


def _along(axes: Axes, line: list[tuple[float, float]], words: str, height: float) -> None:
    """Write a name along the upper end of a line, turned with it when the figure is drawn.

    It is turned along the chord over the last ``height``, a ratio, so that a line that bends up
    stays below it.
    """
    x, y = line[-1]
    x0, y0 = next(
        point for point in reversed(line[:-1]) if point[1] < y / height or point == line[0]
    )
    # the chord in shares of the numbers at its end, as the axes are logarithmic
    slope = math.log(y / y0) / math.log(x / x0) * y / x
    axes.text(
        x * 0.97,
        y * 0.97,
        words + " ",
        rotation=math.degrees(math.atan(slope)),
        rotation_mode="anchor",
        transform_rotates_text=True,
        ha="right",
        va="bottom",
        fontsize=9,
        color=COLOURS["grey"],
    )


def _places(low: float, high: float) -> list[int]:
    """Round numbers for the ticks of a range, fewer where it is wide."""
    steps = (1, 2, 5) if high / low < 200 else (1, 3) if high / low < 3e4 else (1,)
    return [k * 10**power for power in range(10) for k in steps if low <= k * 10**power <= high]


def _cut(points: list[tuple[float, float]], top: float) -> list[tuple[float, float]]:
    """The part of a rising line below the top, ending on it where it leaves."""
    kept: list[tuple[float, float]] = []
    for x, y in points:
        if y > top:
            if kept:
                x0, y0 = kept[-1]
                share = math.log(top / y0) / math.log(y / y0)
                kept.append((x0 * (x / x0) ** share, top))
            break
        kept.append((x, y))
    return kept


def _names(axes: Axes, picture: _Picture, right: float, height: tuple[float, float]) -> None:
    """All names in a column on the right, each with a thin line to its end."""
    low, high = height
    room = math.log(high / low)
    wanted = [math.log(y / low) / room for _, y, _, _ in picture.ends]
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], -picture.ends[k][0]))
    placed = spread([wanted[k] for k in order], SPACING, 0.02, 0.98)
    for k, place in zip(order, placed, strict=True):
        x, y, text, colour = picture.ends[k]
        axes.annotate(
            text,
            (x, y),
            xytext=(right * 1.25, low * math.exp(place * room)),
            textcoords="data",
            va="center",
            ha="left",
            color=COLOURS[colour],
            fontsize=9.5,
            fontweight="bold" if text.startswith("trained") else "normal",
            arrowprops=tether(colour),
        )


def _cost(c: Capacity, cost: str) -> float:
    value = c.width if cost == "neurons" else getattr(c, cost)
    return float(value)


def _explanation(result: CapacityResult, cost: str) -> str:
    plan = result.plan
    share = f"{float(plan.tolerance):.0%}".replace("%", " %")
    counted = {
        "neurons": "The bound for free weights of 32 bits, which binds the blue points, lies far "
        "above the picture.",
        "parameters": "P: all weights and biases of plain networks; n² + 1 in superposition, "
        "where code and decoder are drawn before the function is known.",
        "bits": "32 bits a weight of trained plain networks, 14 in superposition, 1 in the plain "
        "code; codes and decoders drawn beforehand are free.",
    }[cost]
    return (
        "m' random pairs of the least number of inputs that has so many, at most 2 inputs on. "
        "Filled: the number of ANDs at which half of\n"
        f"{plan.seeds} trials a size are exact on every such input, decided by the verifier, with "
        "95 % intervals; hollow: with up to "
        f"{share} of these inputs wrong.\n{counted}"
    )
