"""Descent of relu networks by the squared hinge: all steps of a run, one run after the other.

A run's weights, moments, points and values stay in the caches of a core for as many steps as lie
between two looks (docs/training.md). Every run is computed by itself, with its own sizes: padding
costs no time, and its numbers do not depend on the batch.
"""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .adam import adam
from .products import correlate, multiply
from .vectors import LANES, ONE, ZERO

kernel = compiler(
    Path(__file__).parent,
    fastmath={"reassoc", "contract", "nsz", "arcp"},
    error_model="numpy",
)

TWO = np.float32(2)


@kernel
def _bend(values):
    """relu in place; what is no number stays so."""
    for j in range(len(values)):
        values[j] = ZERO if values[j] < ZERO else values[j]


@kernel
def _mask(slope, values):
    """The slope before relu: zero where the value is zero."""
    for j in range(len(slope)):
        slope[j] = slope[j] if values[j] > ZERO else ZERO


@kernel
def _hinge(values, signs, weights, slope):
    """Slopes of the sum of ``weights signs max(0, 1 - values signs)**2``."""
    for j in range(len(slope)):
        short = ONE - values[j] * signs[j]
        slope[j] = -TWO * (ZERO if short < ZERO else short) * weights[j]


@kernel
def _sum(values):
    total = ZERO
    for value in values:
        total += value
    return total


@kernel
def descend(
    first, last, flat, mean, square, shape, sizes, points, signs, weights, ages, rates, roots,
    constants,
):  # fmt: skip
    """Take some steps with the runs from first to last.

    Args:
        flat, mean, square: (runs, entries): weight (out, in) and bias (out, 1) of every layer,
            with padding.
        shape: int64 (layers + 1,), widths with padding.
        sizes: int64 (runs, layers + 3): widths, batches and rows without padding.
        points, signs, weights: (runs, batches, width, rows), rows a multiple of LANES.
        ages: int64 (steps, runs).
        rates, roots: (steps, runs, 1); a run stands still where its rate is 0.
        constants: (3, runs, 1), as for Adam.
    """
    layers = len(shape) - 1
    room = points.shape[3]
    bases = np.zeros(layers + 1, np.int64)
    for layer in range(layers):
        bases[layer + 1] = bases[layer] + (shape[layer] + 1) * shape[layer + 1]
    inner = np.empty(shape.sum() * room, np.float32)
    slope, other = (
        np.empty(shape.max() * room, np.float32),
        np.empty(shape.max() * room, np.float32),
    )
    places = np.zeros(layers + 1, np.int64)
    for run in range(first, last):
        row, gradient = flat[run], np.zeros(flat.shape[1], np.float32)
        widths, batches = sizes[run, : layers + 1], sizes[run, layers + 1]
        here = (sizes[run, layers + 2] + LANES - 1) // LANES * LANES
        fed = -1
        for step in range(len(ages)):
            if rates[step, run, 0] == 0:
                continue
            batch = ages[step, run] % batches
            if batch != fed:
                for c in range(widths[0]):
                    inner[c * here : (c + 1) * here] = points[run, batch, c, :here]
                fed = batch
            # values of a layer, (width, here), lie in ``inner`` from its place on
            for layer in range(layers):
                before, after = widths[layer], widths[layer + 1]
                place = places[layer] + before * here
                bias = bases[layer] + shape[layer] * shape[layer + 1]
                for n in range(after):
                    inner[place + n * here : place + (n + 1) * here] = row[bias + n]
                values = inner[place : place + after * here]
                multiply(
                    row, bases[layer], shape[layer], 1, after, before, inner, places[layer], here,
                    values,
                )  # fmt: skip
                if layer < layers - 1:
                    _bend(values)
                places[layer + 1] = place
            for n in range(widths[layers]):
                start = places[layers] + n * here
                _hinge(
                    inner[start : start + here], signs[run, batch, n], weights[run, batch, n],
                    slope[n * here : (n + 1) * here],
                )  # fmt: skip
            for layer in range(layers - 1, -1, -1):
                before, after = widths[layer], widths[layer + 1]
                bias = bases[layer] + shape[layer] * shape[layer + 1]
                correlate(
                    slope, after, inner, places[layer], before, here, gradient, bases[layer],
                    shape[layer],
                )  # fmt: skip
                for n in range(after):
                    gradient[bias + n] = _sum(slope[n * here : (n + 1) * here])
                if layer:
                    pulled = other[: before * here]
                    pulled[:] = ZERO
                    multiply(
                        row, bases[layer], 1, shape[layer], before, after, slope, 0, here, pulled
                    )
                    _mask(pulled, inner[places[layer] : places[layer] + before * here])
                    slope, other = other, slope
            adam(
                row, mean[run], square[run], gradient, rates[step, run, 0], roots[step, run, 0],
                constants[0, run, 0], constants[1, run, 0], constants[2, run, 0],
            )  # fmt: skip
