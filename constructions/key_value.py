"""The square matrix in closed form: a key for every pair, its value the decoder row."""

from __future__ import annotations

import numpy as np

from .states import Frame

#: Corrections of the coefficients, and their size.
CORRECTIONS, DAMPING = 6, 0.7


def key_value(frame: Frame) -> np.ndarray:
    """W2 = sum over j of alpha_j d_j q_j^T, from keys q_j = (T_a - p)(T_b - p) of the pairs {a, b}.

    The mean of <q_j, h> over codes is 0 unless both members are active, so other inputs add only
    noise. The coefficients start at 1 / <q_j, h_j>, h_j the state of the pair alone, and are
    corrected a few times towards reads of 1 on these states. For any number of active inputs.
    Derived in docs/constructions.md.

    Returns:
        float64 (neurons, neurons).
    """
    density = float(frame.code.mean())
    centred = frame.code.T.astype(np.float64) - density
    first, second = frame.pairs.T
    keys = centred[first] * centred[second]
    own = (frame.code[:, first] & frame.code[:, second]).T.astype(np.float64)
    response = np.einsum("ji,ji->j", keys, own)
    # a pair that shares no neuron has no response; its key still adds no signal
    response[response <= 0] = np.inf
    decoder = frame.decoder.astype(np.float64) / frame.neurons
    coefficients = 1 / response
    matrix = decoder.T @ (coefficients[:, None] * keys)
    for _ in range(CORRECTIONS):
        reads = np.einsum("ji,ji->j", decoder @ matrix, own) * frame.neurons
        coefficients = coefficients + DAMPING * (1 - reads) / response
        matrix = decoder.T @ (coefficients[:, None] * keys)
    return np.asarray(matrix)
