"""The picture of a construction: its code, what holds its function, and how well outputs are apart.

Values are those of the stored network on every input of the domain (for ANDs of pairs: with two
active inputs or more), or on a seeded sample of these inputs where there are many; the certificate
is about all of them.
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


def draw_construction(built: Construction, pairs: np.ndarray | None, file: Path) -> Path:
    """Draw the code matrix, the matrix that holds the function, and the values that outputs read.

    Args:
        built: a construction, read above a threshold of 0.
        pairs: (outputs, 2) inputs of the ANDs where it is for these, else None.
        file: picture to write.

    Raises MissingExtraError when matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    (place, code), (other, held) = _shown_layers(built)
    layers = built.network.layers
    true, false, states, sampled = read_values(built, pairs)
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(11.0, 7.2), layout="constrained")
        grid = figure.add_gridspec(2, 2, height_ratios=(1.15, 1.0))
        figure.suptitle(
            f"{_outputs(built)} of {built.network.input_size:,} inputs in {built.neurons:,} "
            f"hidden neurons, {built.form} form",
            x=0.01,
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        last = "output" if other + 1 == len(layers) else "neuron"
        _matrix(figure.add_subplot(grid[0, 0]), layers[place].weight, code, ("input", "neuron"))
        _matrix(figure.add_subplot(grid[0, 1]), layers[other].weight, held, ("neuron", last))
        _histogram(figure.add_subplot(grid[1, :]), true, false)
        chosen = f"a sample of {states:,}" if sampled else f"all {states:,}"
        ones = "2" if built.active == 2 else f"2 to {built.active}"
        ones = f"with {ones} ones" if pairs is not None and not sampled else "of the domain"
        ratio = f", {built.ratio:.1f} times the counting bound" if built.lower_bound["bits"] else ""
        caption(
            figure,
            f"Values of all outputs on {chosen} inputs {ones}; all inputs of the domain "
            f"({built.specification.domain}) are right:\n{built.certified_how}. "
            f"{built.total_bits:,} bits{ratio}.",
        )
        figure.savefig(file, dpi=130)
    return file


def read_values(
    built: Construction, pairs: np.ndarray | None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, int, bool]:
    """Values where outputs should read true, elsewhere, the number of inputs, whether sampled.

    In float64, for drawing only. All true pairs are among the inputs, up to the limit on values.
    """
    inputs, outputs = built.network.input_size, built.network.output_size
    most = max(VALUES // outputs, 1)
    if pairs is None:
        fed, all_inputs = _points(built, most, seed)
        expected = built.specification.expected(fed).astype(bool).T
    else:
        sets = _sets(inputs, built.active, pairs, most, seed)
        marked = np.zeros((len(sets), inputs + 1), dtype=np.uint8)
        np.put_along_axis(marked, sets, 1, axis=1)
        fed = marked[:, :-1]
        expected = (fed[:, pairs[:, 0]] & fed[:, pairs[:, 1]]).T > 0
        all_inputs = sum(math.comb(inputs, k) for k in range(2, built.active + 1))
    state = fed.astype(np.float64).T
    for layer in built.network.layers:
        state = layer.weight @ state + np.asarray(layer.bias, dtype=np.float64)[:, None]
        if layer.activation == "relu":
            state = np.maximum(state, 0)
        elif layer.activation == "step":
            state = (state > 0).astype(np.float64)
    return state[expected], state[~expected], len(fed), len(fed) < all_inputs


def _points(built: Construction, most: int, seed: int) -> tuple[np.ndarray, int]:
    """Inputs of the domain, all or a sample, and how many there are (at most ``active`` ones)."""
    domain = built.specification.domain
    if domain.candidates <= most:
        points = np.concatenate(list(domain.chunks()))
        return points, len(points)
    # each with as many different ones as may be active, which holds for every large domain here
    rng = np.random.default_rng(seed)
    rows = np.zeros((most, domain.inputs), dtype=np.uint8)
    chosen = rng.integers(0, domain.inputs, (most, built.active))
    np.put_along_axis(rows, chosen, 1, axis=1)
    rows = rows[domain.contains(rows)]
    return rows, domain.candidates


#: Places of two layers, each with the title of its weights.
_Shown = tuple[tuple[int, str], tuple[int, str]]


def _shown_layers(built: Construction) -> _Shown:
    """Which weights are drawn, and what they are."""
    if built.kind == "circuit":
        return (0, "code of the inputs, twice (from the seed alone)"), (
            2,
            "first square matrix W, twice (holds gates)",
        )
    if built.kind == "representation":
        return (0, "code C (fixed)"), (1, "read-out, C transposed (fixed)")
    if built.form == "plain":
        fixed = built.matrices[0].holds != "function"
        code = "serves every pair" if fixed else "repaired for the function"
        return (0, f"code T ({code})"), (1, "read-out (holds the function)")
    code = "code C" if built.kind == "permutation" else "code T"
    return (0, f"{code} (from the seed alone)"), (1, "square matrix W (holds the function)")


def _outputs(built: Construction) -> str:
    count = f"{built.network.output_size:,}"
    if built.kind == "pairwise-and":
        return f"{count} ANDs"
    if built.kind == "gates":
        return f"{count} gates"
    if built.kind == "circuit":
        return f"Circuit with {count} outputs"
    return f"{built.kind.capitalize()}"


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
    most = f"{false.max():.4g} and less" if false.size else "none"
    texts = (
        (
            "right",
            -1,
            f"should read false: {false.size:,} values,\n{most}",
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
