"""Pictures of a reading: weights in the order of the codes, overlaps, and exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..figures import COLOURS, caption, house_style, require_matplotlib, save
from .code_table import CodeTable
from .codes import row_scales, witnesses
from .exceptions import Exceptions
from .interpretation import OutputInterpretation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Names that are written at an axis, at most.
NAMES = 40
#: Numbers are written into an overlap matrix of so many clauses.
NUMBERS = 16
#: Bars of clauses that are drawn.
BARS = 24


def draw_reading(
    one: OutputInterpretation, names: Sequence[str], folder: Path
) -> dict[str, tuple[Path, Path]]:
    """Draw what there is to draw of one output; SVG and PNG by what they show.

    Raises MissingExtraError when matplotlib is not installed.
    """
    drawn: dict[str, tuple[Path, Path]] = {}
    stem = "".join(c if c.isalnum() else "_" for c in one.name)
    if one.codes is not None and one.codes.clauses:
        drawn["weights"] = draw_codes(one.codes, names, folder / f"{stem}_weights")
        drawn["overlaps"] = draw_overlaps(one.codes, folder / f"{stem}_overlaps")
    if one.exceptions is not None and one.exceptions.cubes:
        drawn["exceptions"] = draw_exceptions(one.exceptions, folder / f"{stem}_exceptions")
    return drawn


def draw_codes(table: CodeTable, names: Sequence[str], stem: Path) -> tuple[Path, Path]:
    """The first weights, neurons and inputs grouped by the first clause that they belong to."""
    matplotlib = require_matplotlib()
    neurons, inputs = table.order
    layer = table.layer
    scales = row_scales(layer.first)[:, None]
    relative = layer.first / np.where(scales > 0, scales, 1.0)
    shown = relative[neurons][:, inputs]
    height = min(max(3.4 + 0.17 * len(neurons), 4.2), 11.0)
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(10.0, height), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(4, 1))
        image = left.imshow(shown, cmap="RdBu_r", vmin=-1.5, vmax=1.5, aspect="auto")
        left.grid(visible=False)
        left.set_title("First weights in units of their row's scale", pad=10)
        left.set_xlabel("inputs, by the first clause that they occur in")
        left.set_ylabel("neurons, by the first clause that they carry")
        _named(left, [names[i] for i in inputs], neurons)
        for clause in table.clauses:
            index = [int(np.flatnonzero(inputs == i)[0]) for i, _ in clause]
            number = table.clauses.index(clause)
            for r in np.flatnonzero(table.matrix[:, number]):
                y = int(np.flatnonzero(neurons == r)[0])
                left.plot(index, [y] * len(index), "s", mfc="none", mec=COLOURS["ink"], ms=5)
        figure.colorbar(image, ax=left, shrink=0.6, label="weight / scale")
        kinds = witnesses(layer.second)[neurons]
        second = layer.second[neurons]
        colours = [COLOURS[("grey", "orange", "blue")[int(kind)]] for kind in kinds]
        right.barh(np.arange(len(neurons)), second, color=colours)
        right.set_ylim(len(neurons) - 0.5, -0.5)
        right.set_yticks([])
        right.axvline(0, color=COLOURS["ink"], lw=0.8)
        right.set_title("Second weights", pad=10)
        caption(
            figure,
            "Boxes: the literals of a clause on the neurons of its hard code. Right: orange "
            "positive witnesses, blue negative ones, grey dead.",
        )
        return save(figure, stem)


def draw_overlaps(table: CodeTable, stem: Path) -> tuple[Path, Path]:
    """How many neurons the codes of two clauses share; sizes on the diagonal."""
    matplotlib = require_matplotlib()
    number = len(table.clauses)
    with house_style():
        side = min(max(4.2 + 0.3 * number, 5.4), 9.5)
        figure = matplotlib.figure.Figure(figsize=(side, side - 0.4), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(table.overlaps, cmap="Purples", vmin=0)
        axes.grid(visible=False)
        axes.set_title("Neurons that the codes of two clauses share", pad=10)
        axes.set_xlabel("clause")
        axes.set_ylabel("clause")
        if number <= NUMBERS:
            axes.set_xticks(range(number))
            axes.set_yticks(range(number))
            dark = table.overlaps.max(initial=0) / 2
            for y, x in np.ndindex(table.overlaps.shape):
                colour = "white" if table.overlaps[y, x] > dark else COLOURS["ink"]
                value = int(table.overlaps[y, x])
                axes.text(x, y, str(value), ha="center", va="center", color=colour)
        else:
            figure.colorbar(image, ax=axes, shrink=0.7)
        caption(figure, "Diagonal: size of the code. Clauses are numbered from 0 as printed.")
        return save(figure, stem)


def draw_exceptions(found: Exceptions, stem: Path) -> tuple[Path, Path]:
    """What every clause of the intended formula loses, and how large the wrong cubes are."""
    matplotlib = require_matplotlib()
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(10.0, 5.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        losses = [loss for loss in found.losses if loss.size][:BARS]
        shares = [100 * (loss.wrong or 0) / (loss.size or 1) for loss in losses]
        left.barh(range(len(losses)), shares, color=COLOURS["orange"])
        left.set_yticks(range(len(losses)), [f"clause {k}" for k in range(len(losses))])
        left.set_ylim(len(losses) - 0.4, -0.6)
        lost = "do not read true" if found.unsettled else "read false"
        left.set_xlabel(f"inputs of the clause that {lost}, per cent")
        left.set_title("Loss a clause", pad=10)
        kinds = ((True, "blue", "reads true"), (False, "orange", "reads false"))
        if found.unsettled:
            kinds = ((True, "blue", "not read false"), (False, "orange", "not read true"))
        sizes = {reads: [c.size for c in found.cubes if c.reads is reads] for reads, _, _ in kinds}
        right.hist(
            [np.log2(np.array(sizes[reads], dtype=np.float64)) for reads, _, _ in kinds],
            bins=np.arange(-0.5, np.log2(found.cubes[0].size) + 1.5),
            color=[COLOURS[colour] for _, colour, _ in kinds],
            label=[
                f"{text}: {len(sizes[reads]):,} cubes, {sum(sizes[reads]):,} inputs"
                for reads, _, text in kinds
            ],
        )
        right.set_ylim(top=1.2 * right.get_ylim()[1])
        right.set_xlabel("inputs of a cube, logarithm to base 2")
        right.set_ylabel("cubes")
        right.set_title("Exceptions", pad=10)
        right.legend(fontsize=9)
        more = "" if found.complete else " The search was not finished: there are more."
        origin = "given" if found.given else "guessed from the clauses that mostly hold"
        caption(figure, f"Intended formula: {origin}. Cubes are disjoint and exact.{more}")
        return save(figure, stem)


def _named(axes: Axes, columns: Sequence[str], rows: Any) -> None:
    if len(columns) <= NAMES:
        axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=8)
    if len(rows) <= 2 * NAMES:
        axes.set_yticks(range(len(rows)), [str(r) for r in rows], fontsize=7)
