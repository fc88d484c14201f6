"""Descent of one square matrix between fixed codes, one run after the other."""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .adam import adam
from .products import correlate, multiply
from .vectors import ZERO

kernel = compiler(
    Path(__file__).parent,
    fastmath={"reassoc", "contract", "nsz", "arcp"},
    error_model="numpy",
)

TWO = np.float32(2)


@kernel
def _slopes(values, levels, signs, weights):
    """In place: slopes of the sum of ``weights signs max(0, levels - signs values)**2``."""
    for j in range(len(values)):
        short = levels[j] - signs[j] * values[j]
        values[j] = -TWO * (ZERO if short < ZERO else short) * weights[j]


@kernel
def descend_matrix(
    first, last, flat, mean, square, sizes, decoder, states, signs, weights, levels, rates, roots,
    constants,
):  # fmt: skip
    """Take some steps with the runs from first to last.

    Args:
        flat, mean, square: (runs, neurons * neurons), neurons padded to a multiple of LANES.
        sizes: int64 (runs, 2): neurons and outputs without padding.
        decoder: (runs, outputs, neurons).
        states: (runs, neurons, points), points a multiple of LANES.
        signs, weights, levels: (runs, outputs, points).
        rates, roots: (steps, runs, 1); a run stands still where its rate is 0.
        constants: (3, runs, 1), as for Adam.
    """
    room, points = states.shape[1], states.shape[2]
    rows = np.empty(decoder.shape[1] * room, np.float32)
    values = np.empty(decoder.shape[1] * points, np.float32)
    gradient = np.empty(room * room, np.float32)
    for run in range(first, last):
        neurons, outputs = sizes[run]
        read, fed = decoder[run].reshape(-1), states[run].reshape(-1)
        for step in range(len(rates)):
            if rates[step, run, 0] == 0:
                continue
            rows[:] = ZERO
            multiply(read, 0, room, 1, outputs, neurons, flat[run], 0, room, rows)
            values[:] = ZERO
            multiply(rows, 0, room, 1, outputs, neurons, fed, 0, points, values)
            for n in range(outputs):
                _slopes(
                    values[n * points : (n + 1) * points], levels[run, n], signs[run, n],
                    weights[run, n],
                )  # fmt: skip
            # by the rows of the decoder times the matrix, then by the matrix
            correlate(values, outputs, fed, 0, neurons, points, rows, 0, room)
            gradient[:] = ZERO
            multiply(read, 0, 1, room, neurons, outputs, rows, 0, room, gradient)
            adam(
                flat[run], mean[run], square[run], gradient, rates[step, run, 0],
                roots[step, run, 0], constants[0, run, 0], constants[1, run, 0],
                constants[2, run, 0],
            )  # fmt: skip
