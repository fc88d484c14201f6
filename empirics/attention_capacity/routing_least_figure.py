"""The figure of least sizes of ``value-routing``, by number of items."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ..figures import COLOURS, require_matplotlib
from .routing_figure import STYLES, End, draw_panels, log_axis, name_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .routing import RoutingResult


def draw_least(result: RoutingResult, stem: Path) -> tuple[Path, Path]:
    """Draw the least key dimension that routes by number of items; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    plan = result.plan
    return draw_panels(
        result,
        stem,
        _panel,
        "Least key dimension from which on 99 % of the sampled contexts are right",
        "least D_K",
        "items m",
        f"d = {plan.embedding_dim}, contexts of {plan.context} items (all items: of m). Seeds "
        f"together: {plan.seeds}, from {result.seed}. Sizes: the numbers on the left;\nnone: "
        f"not at {max(plan.sizes)} either. Lines are moved apart a little.",
    )


def _panel(axes: Axes, result: RoutingResult, kind: str, heads: int, names: bool) -> None:
    ticker = require_matplotlib().ticker
    plan = result.plan
    sizes = tuple(sorted(plan.sizes))
    # a place above all sizes for those of which none is enough
    none = 2.0 * sizes[-1]
    axes.set_yscale("log")
    axes.set_ylim(sizes[0] / 1.5, none * 1.5)
    axes.yaxis.set_major_locator(ticker.FixedLocator([*sizes, none]))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    axes.yaxis.set_major_formatter(
        ticker.FuncFormatter(lambda v, _: "none" if v == none else f"{v:.0f}")
    )
    width = log_axis(axes, plan.items, names)
    ends = []
    attending = [name for name, (_, marker) in STYLES.items() if marker]
    for k, name in enumerate(attending):
        colour, marker = STYLES[name]
        apart = math.exp(0.05 * (k - (len(attending) - 1) / 2))
        found = [result.least(kind, name, items, heads) for items in plan.items]
        y = [apart * (none if size is None else size) for size in found]
        axes.plot(plan.items, y, color=COLOURS[colour], marker=marker, markersize=5, lw=1.4)
        ends.append(End(float(plan.items[-1]), y[-1], name, colour))
    if names:
        name_ends(axes, ends, plan.items[-1] * math.exp(0.1 * width))
