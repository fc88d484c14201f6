"""The figures of ``unlearning``: recovery curves, and what sampled rates hide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..figures import COLOURS, caption, house_style, label, new_axes, require_matplotlib, save
from .case import WATCHED
from .methods import METHODS, REFERENCE
from .recovery import RECOVERED
from .survival import Time, kaplan_meier
from .unlearning_table import times_of

if TYPE_CHECKING:
    from .unlearning import UnlearningResult

#: The curves that are drawn, by panel; the reference is in all of them.
PANELS = {
    "ascent and its kin": (
        "ascent", "ascent + 10 retain", "preference", "orthogonal ascent", "regularised ascent",
    ),
    "other methods": ("task vector", "distil, fresh", "distil, relabel", "retrain", "delete code"),
    "proved clean": ("column, proved", "columns, proved", "gate, proved", "relabel, proved"),
}  # fmt: skip
SHADES = ("orange", "blue", "green", "purple", "amber")
#: Regimes that are drawn; the one with near misses is in the tables.
DRAWN = ("target", "all", "unrelated")


def draw_recovery(result: UnlearningResult, stem: Path) -> tuple[Path, Path]:
    """Kaplan-Meier curves, one column a regime and one row a family of methods; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(12.5, 9.4), layout="constrained")
        grid = figure.subplots(len(PANELS), len(DRAWN), sharex=True, sharey=True, squeeze=False)
        for line, (family, names) in zip(grid, PANELS.items(), strict=True):
            for axes, regime in zip(line, DRAWN, strict=True):
                reference = times_of(result.of(REFERENCE), regime)
                _curve(axes, reference, result.plan.steps, "ink", REFERENCE, dashed=True)
                for name, shade in zip(names, SHADES, strict=False):
                    times = times_of(result.of(name), regime)
                    _curve(axes, times, result.plan.steps, shade, name)
                axes.set_xscale("symlog", linthresh=1)
                axes.set_xlim(0, result.plan.steps * 1.05)
                axes.set_ylim(-0.03, 1.05)
            line[0].set_ylabel(f"{family}\nshare not recovered", fontsize=10)
            handles, labels = line[0].get_legend_handles_labels()
            line[-1].legend(
                handles, labels, fontsize=8.5, frameon=False, loc="upper left",
                bbox_to_anchor=(1.0, 1.0),
            )  # fmt: skip
        for axes, regime in zip(grid[0], DRAWN, strict=True):
            axes.set_title(f"trained on: {regime}", fontsize=11, fontweight="normal")
        ticks = [t for t in (0, 1, 10, 100, 1000) if t <= result.plan.steps]
        for axes in grid[-1]:
            axes.set_xlabel("steps of training")
            axes.xaxis.set_major_locator(matplotlib.ticker.FixedLocator(ticks))
            axes.xaxis.set_major_formatter(
                matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}")
            )
        figure.suptitle(
            "How soon does an unlearned clause come back?", x=0.01, ha="left", fontsize=13,
            fontweight="bold",
        )  # fmt: skip
        caption(
            figure,
            f"{result.exact} networks, a clause of each; recovered when {RECOVERED:.0%} of "
            f"{WATCHED} inputs of the clause read true. Kaplan-Meier; curves that end above 0\n"
            f"have censored runs at {result.plan.steps:,} steps. A curve that starts below 1 was "
            "never silent. Reconstruction.",
        )
        return save(figure, stem)


def _curve(
    axes: Any, times: list[Time], last: int, shade: str, name: str, dashed: bool = False
) -> None:
    if not times:
        return
    curve = kaplan_meier(times)
    steps = np.concatenate([[0], curve.steps, [last]])
    left = np.concatenate([[1.0], curve.left, curve.left[-1:] if len(curve.left) else [1.0]])
    axes.step(
        steps, left, where="post", color=COLOURS[shade], label=name,
        lw=1.6, ls=(0, (4, 2)) if dashed else "-",
    )  # fmt: skip


def draw_hidden(result: UnlearningResult, stem: Path) -> tuple[Path, Path]:
    """Inputs that stay true against the sampled rate, one dot a network and method; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    with house_style():
        axes = new_axes(
            "What a sampled rate of 0 hides",
            "true-positive rate of 500 sampled inputs of the clause",
            "inputs of the clause that still read true, of all",
            size=(9.6, 6.0),
        )
        axes.set_xscale("symlog", linthresh=0.002)
        axes.set_yscale("symlog", linthresh=1)
        found = [
            (method.name, outcome.result["target_rate"], outcome.result["stay"])
            for method in METHODS
            for outcome in result.of(method.name)
            if outcome.measured
        ]
        rng = np.random.default_rng(0)  # spreads dots that would lie on each other
        for proved, shade in ((False, "orange"), (True, "green")):
            chosen = [f for f in found if ("proved" in f[0] or f[0] == REFERENCE) == proved]
            x = np.array([rate for _, rate, _ in chosen])
            x = x + np.where(x == 0, rng.uniform(-0.0006, 0.0006, len(x)), 0)
            y = np.array([float(stay) for *_, stay in chosen])
            y = y + np.where(y == 0, rng.uniform(-0.25, 0.25, len(y)), 0)
            axes.scatter(x, y, s=16, color=COLOURS[shade], alpha=0.6, lw=0)
        hidden = [f for f in found if f[1] == 0 and f[2] > 0]
        if hidden:
            name, _, stay = max(hidden, key=lambda f: f[2])
            label(axes, 0, stay * 1.4, f"{stay:,} inputs after '{name}'", "orange", va="bottom")
        axes.set_xlim(-0.001, 1.3)
        axes.set_ylim(bottom=-0.4)
        axes.set_xticks([0, 0.01, 0.1, 1], ["0", "0.01", "0.1", "1"])
        top = max([stay for *_, stay in found], default=1)
        places = [p for p in (0, 1, 10, 100, 1000, 10_000, 100_000) if p <= max(top, 1) * 2]
        axes.set_yticks(places, [f"{p:,}" for p in places])
        figure = axes.get_figure()
        assert figure is not None
        caption(
            figure,  # type: ignore[arg-type]
            f"{len(found)} networks after unlearning; green: edits with a proof, and networks "
            f"trained from scratch to be exact. {len(hidden)} show a sampled rate of 0 though "
            "inputs stay true.",
        )
        return save(figure, stem)  # type: ignore[arg-type]
