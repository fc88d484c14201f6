"""The figure of ``attention-constructions``: certified key dimensions against m lg m / d."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import COLOURS, caption, house_style, new_axes, save, ticks

if TYPE_CHECKING:
    from .attention_scaling import AttentionResult

#: Colour, marker and name of the series.
STYLES = {
    "paper": ("orange", "D", "edge blocks with signatures\n(the paper's, reconstructed)"),
    "pseudo-inverse": ("green", "s", "pseudo-inverse blocks"),
    "rule": ("purple", "^", "hinge, size by rule"),
    "least": ("blue", "o", "hinge, least size found"),
}
#: Dashes of the lines.
DASHES = ("-", (0, (1, 2)), (0, (5, 2)), (0, (3, 1, 1, 1)))


def draw_attention(result: AttentionResult, stem: Path) -> tuple[Path, Path]:
    """Draw all layers and the bounds; SVG and PNG.

    Raises MissingExtraError when matplotlib is not installed.
    """
    built = [(p, float(p.total_key_dim)) for p in result.points if p.total_key_dim is not None]
    values = [value for _, value in built]
    values += [value for line in result.lines.values() for _, value in line]
    units = sorted({point.unit for point in result.points})
    low, high = max(min(values) / 1.3, 0.7), max(values) * 1.3
    with house_style():
        axes = new_axes(
            "Permutations recognised by attention: total key dimension",
            "u = m lg m / d",
            "total key dimension D_K",
            log=True,
            size=(11.5, 6.2),
        )
        axes.set_xlim(units[0] / 1.2, units[-1] * 1.2)
        axes.set_ylim(low, high)
        steps = [k for power in range(8) for k in (10**power, 2 * 10**power, 5 * 10**power)]
        ticks(
            axes,
            [k for k in steps if units[0] / 1.2 <= k <= units[-1] * 1.2],
            [k for k in steps if low <= k <= high],
        )
        for (name, line), dashes in zip(result.lines.items(), DASHES, strict=True):
            style: dict[str, Any] = {"linestyle": dashes, "lw": 1.3, "label": name}
            if name.startswith("one edge"):
                # it depends on m alone, so it is no line in u
                style |= {"linestyle": "none", "marker": "_", "markersize": 9}
            axes.plot(*zip(*line, strict=True), color=COLOURS["grey"], **style)
        for series, (colour, marker, name) in STYLES.items():
            some = [(p.unit, value) for p, value in built if p.series == series]
            axes.plot(
                [x for x, _ in some],
                [y for _, y in some],
                color=COLOURS[colour],
                marker=marker,
                markersize=5.5,
                linestyle="none",
                alpha=0.85,
                label=name,
            )
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8.5, frameon=False)
        figure = axes.get_figure()
        assert figure is not None
        caption(figure, _explanation(result))  # type: ignore[arg-type]
        return save(figure, stem)  # type: ignore[arg-type]


def _explanation(result: AttentionResult) -> str:
    sizes = ", ".join(f"{m} and {d}" for m, d in result.plan.sizes)
    return (
        f"Random permutations of m items, Gaussian vectors in d dimensions; m and d: {sizes}; "
        f"{result.plan.seeds} seeds\nfrom {result.seed}. Every mark is a layer that was proved in "
        "exact integers to report exactly the edges among all m² pairs.\nLeast sizes are upper "
        "bounds, found by bisection. The lower bounds are for layers that serve every permutation; "
        "sign\npatterns: one head with weights of any precision."
    )
