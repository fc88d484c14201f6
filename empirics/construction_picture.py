"""The picture of a construction: its code, what holds its function, and how well outputs are apart.

Values are those of the stored network on every input of the domain with two active inputs or more,
or on a seeded sample of these inputs where there are many; the certificate is about all of them.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .figures import COLOURS, caption, house_style, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..constructions.construction import Construction

#: Most values (outputs times inputs of the network) in the histogram, and most cells an axis of a
#: picture of a matrix.
VALUES, CELLS = 1 << 24, 160


def draw_construction(built: Construction, pairs: np.ndarray, file: Path) -> Path:
    """Draw the code matrix, the matrix that holds the function, and the values that outputs read.

    Args:
        built: a construction for pairwise ANDs, read above a threshold of 0.
        pairs: (outputs, 2) inputs of the ANDs.
        file: picture to write.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    layers = built.network.layers
    true, false, states, sampled = read_values(built, pairs)
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(11.0, 7.2), layout="constrained")
        grid = figure.add_gridspec(2, 2, height_ratios=(1.15, 1.0))
        figure.suptitle(
            f"{len(pairs):,} ANDs of {built.network.input_size:,} inputs in {built.neurons:,} "
            f"hidden neurons, {built.form} form",
            x=0.01,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        seeded = built.form != "plain"
        _matrix(
            figure.add_subplot(grid[0, 0]),
            layers[0].weight,
            f"code T ({'from the seed alone' if seeded else 'repaired for the function'})",
            ("input", "neuron"),
        )
        _matrix(
            figure.add_subplot(grid[0, 1]),
            layers[1].weight,
            "square matrix W (holds the function)" if seeded else "read-out (holds the function)",
            ("neuron", "neuron" if seeded else "output"),
        )
        _histogram(figure.add_subplot(grid[1, :]), true, false)
        chosen = f"a sample of {states:,}" if sampled else f"all {states:,}"
        ones = "2" if built.active == 2 else f"2 to {built.active}"
        ones = f"at most {built.active}" if sampled else ones
        caption(
            figure,
            f"Values of all outputs on {chosen} inputs with {ones} ones; all inputs "
            f"with at most {built.active} ones are right:\n{built.certified_how}. "
            f"{built.total_bits:,} bits, {built.ratio:.1f} times the counting bound.",
        )
        figure.savefig(file, dpi=130)
    return file


def read_values(
    built: Construction, pairs: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, int, bool]:
    """Values where outputs should read true, elsewhere, the number of inputs, whether sampled.

    In float64, for drawing only. All true pairs are among the inputs, up to the limit on values.
    """
    inputs, outputs = built.network.input_size, len(pairs)
    sets = _sets(inputs, built.active, pairs, max(VALUES // outputs, 1), seed)
    fed = np.zeros((len(sets), inputs + 1))
    np.put_along_axis(fed, sets, 1.0, axis=1)
    state = fed[:, :-1].T
    for layer in built.network.layers:
        state = layer.weight @ state + np.asarray(layer.bias, dtype=np.float64)[:, None]
        if layer.activation == "relu":
            state = np.maximum(state, 0)
    expected = fed[:, pairs[:, 0]].T * fed[:, pairs[:, 1]].T > 0
    all_sets = sum(math.comb(inputs, k) for k in range(2, built.active + 1))
    return state[expected], state[~expected], len(sets), len(sets) < all_sets


def _sets(inputs: int, active: int, pairs: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Sets of 2 to ``active`` inputs, all of them or a sample, padded with the number of inputs."""
    if sum(math.comb(inputs, k) for k in range(2, active + 1)) <= most:
        every = [s for k in range(2, active + 1) for s in itertools.combinations(range(inputs), k)]
        return np.array([(*s, *[inputs] * (active - len(s))) for s in every], dtype=np.int64)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(pairs)[: max(most // 2, 1)]
    own = np.full((len(chosen), active), inputs, dtype=np.int64)
    own[:, :2] = chosen
    # a few true inputs with others beside them
    if active > 2:
        beside = rng.integers(0, inputs, (len(own), active - 2))
        own[::2, 2:] = beside[::2]
    others = rng.integers(0, inputs, (min(most - len(own), 1 << 20), active))
    return np.concatenate([own, others])


def _matrix(axes: Axes, weight: Any, title: str, names: tuple[str, str]) -> None:
    """The upper left part of a matrix."""
    shape = weight.shape
    rows, columns = min(shape[0], CELLS), min(shape[1], CELLS)
    part = weight[:rows]
    part = np.asarray(part.toarray() if hasattr(part, "toarray") else part, dtype=np.float64)
    part = part[:, :columns]
    # zero is white; a heavy tail should not make the rest pale
    most = float(np.quantile(np.abs(part), 0.995)) or 1.0
    axes.imshow(part, cmap="PuOr", vmin=-most, vmax=most, aspect="auto", interpolation="nearest")
    axes.grid(visible=False)
    cut = "" if (rows, columns) == shape else f"; first {rows} x {columns} shown"
    axes.set_title(f"{title}\n{shape[0]:,} x {shape[1]:,}{cut}", fontsize=11, fontweight="normal")
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])


def _histogram(axes: Axes, true: np.ndarray, false: np.ndarray) -> None:
    matplotlib = require_matplotlib()
    low = min(false.min(initial=0.0), 0.0)
    high = max(true.max(initial=0.0), 0.0)
    edge = (high - low or 1.0) / 90
    # an edge falls on the level, so that no bar straddles it
    bins: np.ndarray = np.arange(np.floor(low / edge) - 1, np.ceil(high / edge) + 2) * edge
    heights = []
    for values, colour in ((false, "blue"), (true, "orange")):
        counts, _, _ = axes.hist(values, bins=bins.tolist(), color=COLOURS[colour])
        heights.append(float(np.max(counts)))
    axes.set_yscale("log")
    axes.set_ylim(0.7, 30 * max(heights))
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
    axes.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.axvline(0, color=COLOURS["ink"], linewidth=1.4)
    gap = f"{true.min():.4g} and more" if true.size else "none"
    texts = (
        (
            "right",
            -1,
            f"should read false: {false.size:,} values,\n{false.max():.4g} and less",
            "b",
        ),
        ("left", 1, f"should read true: {true.size:,} values,\n{gap}", "o"),
    )
    for side, sign, text, colour in texts:
        axes.annotate(
            text,
            (0, 0.96),
            xycoords=("data", "axes fraction"),
            xytext=(6 * sign, 0),
            textcoords="offset points",
            ha=side,
            va="top",
            color=COLOURS["blue" if colour == "b" else "orange"],
        )
    axes.set_xlabel("value of an output, less its level (read true above 0)")
    axes.set_ylabel("outputs x inputs")
    axes.set_title("interference: what outputs read", fontsize=11, fontweight="normal")
