"""Descent of layers of attention over all pairs of items: all steps of a run, then the next run.

A run's weights, moments, items, queries, keys and their gradients stay in the caches of a core for
as many steps as lie between two looks (docs/training.md). Every run is computed by itself, with its
own sizes: padding costs no time, and its numbers do not depend on the batch.
"""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .adam import adam
from .hinge import hinge_gradients, hinge_survey
from .lanes import fill, read, total
from .logistic import logistic_gradients, logistic_survey
from .pairs import ROWS
from .products import correlate, multiply
from .softmax import softmax_gradients, softmax_survey
from .vectors import LANES, ONE, ZERO

kernel = compiler(Path(__file__).parent, error_model="numpy")

#: Losses by number: their places in ``attention_losses.LOSSES``.
LOGISTIC, HINGE, SOFTMAX = range(3)


@kernel
def _copy(columns, dim, items, points):
    """The items of a run, (dim, items) without padding of the batch."""
    for c in range(dim):
        for j in range(items):
            points[c * items + j] = columns[c, j]


@kernel
def _is_finite(values, size):
    """Whether all are; a number that is not finite must not hide behind comparisons."""
    gone = fill(ZERO)
    for j in range(0, size, LANES):
        # inf - inf is no number, and stays none in the sum
        gone = gone + (read(values, j) - read(values, j))
    return total(gone) == ZERO


@kernel
def _weigh(shares, items, count):
    """One over the items for items, 0 for padding."""
    shares[:count] = ONE / np.float32(count)
    shares[count:items] = ZERO


@kernel
def _project(row, base, heads, room, key_dim, points, dim, items, target):
    """Queries, or keys, of all items: (heads, key_dim, items) from weights (dim, heads, room)."""
    size = key_dim * items
    target[: heads * size] = ZERO
    for a in range(heads):
        multiply(
            row, base + a * room, 1, heads * room, key_dim, dim, points, 0, items,
            target[a * size : (a + 1) * size],
        )  # fmt: skip


@kernel
def _back(points, dim, heads, room, key_dim, items, slope, gradient, base):
    """Gradient by the weights from the one by queries or keys."""
    for a in range(heads):
        correlate(
            points, dim, slope, a * key_dim * items, key_dim, items, gradient, base + a * room,
            heads * room,
        )  # fmt: skip


@kernel
def descend(
    first, last, loss, heads, room, flat, mean, square, sizes, levels, columns, offsets, targets,
    rates, roots, constants,
):  # fmt: skip
    """Take some steps with the runs from first to last.

    Args:
        loss: LOGISTIC, HINGE or SOFTMAX.
        heads: of every run.
        room: key dimensions of a head with padding.
        flat, mean, square: (runs, entries): query and key (dim, heads, room), then log alpha and
            tau or the score of the null key.
        sizes: int64 (runs, 3): items, their dimensions, key dimensions up to a multiple of 4.
        levels: (runs, 1), of the hinge.
        columns: (runs, dim, items): the item vectors, items a multiple of LANES.
        offsets, targets: int32 (runs, items + 1) and (runs, edges), the edges by source.
        rates, roots: (steps, runs, 1); a run stands still where its rate is 0.
        constants: (3, runs, 1), as for Adam.
    """
    most_dim, most = columns.shape[1], columns.shape[2]
    points, shares = np.empty(most_dim * most, np.float32), np.empty(most, np.float32)
    columns_of = np.empty((4, heads * room * most), np.float32)
    queries, keys, by_query, by_key = (
        columns_of[0], columns_of[1], columns_of[2], columns_of[3],
    )  # fmt: skip
    scores, powers = np.empty(heads * ROWS * most, np.float32), np.empty(heads * most, np.float32)
    serving, odds = np.empty(targets.shape[1], np.int32), np.empty(targets.shape[1], np.float32)
    gradient = np.empty(flat.shape[1], np.float32)
    second = most_dim * heads * room
    scale = 2 * second
    for run in range(first, last):
        row, edges, aims = flat[run], offsets[run], targets[run]
        count, dim, key_dim = sizes[run]
        items = (count + LANES - 1) // LANES * LANES
        _copy(columns[run], dim, items, points)
        _weigh(shares, items, count)
        by_query[:] = ZERO
        gradient[:] = ZERO
        for step in range(len(rates)):
            if rates[step, run, 0] == 0:
                continue
            _project(row, 0, heads, room, key_dim, points, dim, items, queries)
            _project(row, second, heads, room, key_dim, points, dim, items, keys)
            by_key[: heads * key_dim * items] = ZERO
            if loss == LOGISTIC:
                by_alpha, by_tau = logistic_gradients(
                    queries, keys, heads, key_dim, items, count, shares, edges, aims,
                    np.exp(row[scale]), row[scale + 1], scores, serving, by_query, by_key,
                )  # fmt: skip
                gradient[scale], gradient[scale + 1] = by_alpha, by_tau
            elif loss == HINGE:
                hinge_gradients(
                    queries, keys, heads, key_dim, items, count, shares, edges, aims,
                    levels[run, 0], scores, by_query, by_key,
                )  # fmt: skip
            else:
                gradient[scale + 1] = softmax_gradients(
                    queries, keys, heads, key_dim, items, count, shares, edges, aims,
                    row[scale + 1], scores, powers, serving, odds, by_query, by_key,
                )  # fmt: skip
            _back(points, dim, heads, room, key_dim, items, by_query, gradient, 0)
            _back(points, dim, heads, room, key_dim, items, by_key, gradient, second)
            adam(
                row, mean[run], square[run], gradient, rates[step, run, 0], roots[step, run, 0],
                constants[0, run, 0], constants[1, run, 0], constants[2, run, 0],
            )  # fmt: skip


@kernel
def survey(first, last, loss, heads, room, flat, sizes, levels, columns, offsets, targets, out):
    """out (runs, 2): the loss, and 1 where all pairs are on their sides; else as above."""
    most_dim, most = columns.shape[1], columns.shape[2]
    points, shares = np.empty(most_dim * most, np.float32), np.empty(most, np.float32)
    columns_of = np.empty((2, heads * room * most), np.float32)
    queries, keys = columns_of[0], columns_of[1]
    scores, powers = np.empty(heads * ROWS * most, np.float32), np.empty(heads * most, np.float32)
    second = most_dim * heads * room
    scale = 2 * second
    for run in range(first, last):
        row, edges, aims = flat[run], offsets[run], targets[run]
        count, dim, key_dim = sizes[run]
        items = (count + LANES - 1) // LANES * LANES
        size = heads * key_dim * items
        _copy(columns[run], dim, items, points)
        _weigh(shares, items, count)
        _project(row, 0, heads, room, key_dim, points, dim, items, queries)
        _project(row, second, heads, room, key_dim, points, dim, items, keys)
        alpha, tau = np.exp(row[scale]), row[scale + 1]
        if loss == LOGISTIC:
            value, learned = logistic_survey(
                queries, keys, heads, key_dim, items, count, shares, edges, aims, alpha, tau,
                scores,
            )  # fmt: skip
        elif loss == HINGE:
            value, learned = hinge_survey(
                queries, keys, heads, key_dim, items, count, shares, edges, aims, levels[run, 0],
                scores,
            )  # fmt: skip
        else:
            value, learned = softmax_survey(
                queries, keys, heads, key_dim, items, count, shares, edges, aims, tau, scores,
                powers,
            )  # fmt: skip
        finite = np.isfinite(alpha) and np.isfinite(tau)
        finite = finite and _is_finite(queries, size) and _is_finite(keys, size)
        out[run, 0] = value if finite else np.nan
        out[run, 1] = learned
