"""Feature codes: which neurons of a hidden layer carry a clause, from weights alone.

A reconstruction of the definitions of feature channel coding (arXiv 2504.08842), of which no full
text was at hand. Arrays throughout: ``first`` is the first weight (neurons, inputs), ``bias`` its
bias (neurons,), ``second`` the row of the second weight that reads an output (neurons,). Inputs
are 0 or 1; :func:`superproof.empirics.reading.hidden_layer.hidden_layer` brings others to that
form.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..tasks import Clause

#: Entries of a row that its scale is the median of.
LARGEST = 4
#: A weight counts from this share of its row's scale on.
TERNARY = 0.5
#: A neuron is dead below this share of the largest second weight.
DEAD = 0.05
#: Least coherence of a neuron that carries a code.
COHERENT = 0.3
#: A neuron detects an AND where a missing literal leaves at most this share of its value.
PARTIAL = 0.5


def row_scales(first: np.ndarray, largest: int = LARGEST) -> np.ndarray:
    """Median of the largest absolute weights of every row, (neurons,); 0 for a row of zeros."""
    magnitude = np.sort(np.abs(first), axis=1)[:, ::-1]
    scales: np.ndarray = np.median(magnitude[:, : min(largest, first.shape[1])], axis=1)
    return scales


def signs(first: np.ndarray, share: float = TERNARY) -> np.ndarray:
    """Sign of every weight above a share of its row's scale, else 0: int8 (neurons, inputs)."""
    scales = row_scales(first)[:, None]
    kept = (np.abs(first) > share * scales) & (scales > 0)
    return np.where(kept, np.sign(first), 0).astype(np.int8)


def otsu_thresholds(first: np.ndarray) -> np.ndarray:
    """The magnitude that splits every row into two classes of least variance, (neurons,).

    Otsu's criterion over the sorted magnitudes; halfway between the two classes.
    """
    magnitude: np.ndarray = np.sort(np.abs(first), axis=1)
    inputs = first.shape[1]
    if inputs < 2:
        half: np.ndarray = magnitude[:, 0] / 2
        return half
    below = np.arange(1, inputs)
    total = magnitude.sum(axis=1, keepdims=True)
    low = np.cumsum(magnitude, axis=1)[:, :-1]
    between = (low / below - (total - low) / (inputs - below)) ** 2 * below * (inputs - below)
    cut = between.argmax(axis=1)
    rows = np.arange(len(magnitude))
    halfway: np.ndarray = (magnitude[rows, cut] + magnitude[rows, cut + 1]) / 2
    return halfway


def witnesses(second: np.ndarray, share: float = DEAD) -> np.ndarray:
    """+1 for positive witnesses, -1 for negative ones, 0 for dead neurons: int8 (neurons,)."""
    least = share * np.abs(second).max(initial=0.0)
    return np.where(np.abs(second) > least, np.sign(second), 0).astype(np.int8)


def aligned(first: np.ndarray, clause: Clause) -> np.ndarray:
    """Weights of the literals of a clause, negated inputs with the sign turned: (neurons, k)."""
    index = [i for i, _ in clause]
    polarity = np.array([1.0 if sign else -1.0 for _, sign in clause])
    turned: np.ndarray = first[:, index] * polarity
    return turned


def soft_code(first: np.ndarray, clause: Clause) -> np.ndarray:
    """Mean aligned weight of a clause in units of the row's scale, (neurons,)."""
    scales = row_scales(first)
    mean = aligned(first, clause).mean(axis=1)
    code: np.ndarray = np.divide(mean, scales, out=np.zeros_like(mean), where=scales > 0)
    return code


def coherence(first: np.ndarray, clause: Clause) -> np.ndarray:
    """Least over largest aligned magnitude where all aligned weights agree in sign, else 0."""
    weights = aligned(first, clause)
    magnitude = np.abs(weights)
    largest = magnitude.max(axis=1)
    agree = (weights > 0).all(axis=1) | (weights < 0).all(axis=1)
    ratio: np.ndarray = np.divide(
        magnitude.min(axis=1), largest, out=np.zeros_like(largest), where=agree & (largest > 0)
    )
    return ratio


def hard_code(first: np.ndarray, second: np.ndarray, clause: Clause) -> np.ndarray:
    """The neurons that carry a clause, int8 (neurons,).

    +1: a positive witness with the sign of every literal. -1: a negative witness with the
    opposite sign of every literal. Both only where the code is coherent.
    """
    polarity = np.array([1 if sign else -1 for _, sign in clause], dtype=np.int8)
    turned = signs(first)[:, [i for i, _ in clause]] * polarity
    kind = witnesses(second)
    whole = coherence(first, clause) > COHERENT
    positive = (kind > 0) & (turned == 1).all(axis=1) & whole
    negative = (kind < 0) & (turned == -1).all(axis=1) & whole
    code: np.ndarray = positive.astype(np.int8) - negative.astype(np.int8)
    return code


def coding_matrix(first: np.ndarray, second: np.ndarray, clauses: tuple[Clause, ...]) -> np.ndarray:
    """Hard codes of the clauses as columns, int8 (neurons, clauses)."""
    if not clauses:
        return np.zeros((len(first), 0), dtype=np.int8)
    return np.stack([hard_code(first, second, clause) for clause in clauses], axis=1)


def soft_codes(first: np.ndarray, clauses: tuple[Clause, ...]) -> np.ndarray:
    """Soft codes of the clauses as columns, (neurons, clauses)."""
    if not clauses:
        return np.zeros((len(first), 0))
    return np.stack([soft_code(first, clause) for clause in clauses], axis=1)


def polysemanticity(matrix: np.ndarray) -> np.ndarray:
    """Clauses that every neuron carries, (neurons,), from a coding matrix."""
    count: np.ndarray = np.abs(matrix).sum(axis=1, dtype=np.int64)
    return count


def overlaps(matrix: np.ndarray) -> np.ndarray:
    """Inner products of the codes, int64 (clauses, clauses); sizes of the codes on the diagonal."""
    wide = matrix.astype(np.int64)
    product: np.ndarray = wide.T @ wide
    return product


class AndMargin(NamedTuple):
    """What every neuron sees of a clause, the other inputs at their mean. All (neurons,).

    Attributes:
        full: value before the activation with all literals true.
        partial: the largest such value with one literal false.
        detects: Booleans: active when full, and clearly less when partial.
    """

    full: np.ndarray
    partial: np.ndarray
    detects: np.ndarray


def and_margin(
    first: np.ndarray, bias: np.ndarray, clause: Clause, density: float = 0.5
) -> AndMargin:
    """Whether neurons respond to the AND of a clause rather than to any of its literals.

    Args:
        first, bias: of the first layer.
        clause: its literals.
        density: probability of a one in the other inputs.
    """
    outside = np.ones(first.shape[1], dtype=bool)
    outside[[i for i, _ in clause]] = False
    on = [i for i, sign in clause if sign]
    full = bias + density * first[:, outside].sum(axis=1) + first[:, on].sum(axis=1)
    partial = full - aligned(first, clause).min(axis=1)
    detects = (full > 0) & (np.maximum(partial, 0) <= PARTIAL * full)
    return AndMargin(full, partial, detects)


class Interference(NamedTuple):
    """Noise on the code of a clause from all other inputs.

    Attributes:
        variance: of the value before the activation, (neurons,), whether in the code or not.
        signal: mean over the code of the sum of its aligned weights.
        noise: mean over the code of the standard deviation.
        ratio: signal over noise; NaN for an empty code.
    """

    variance: np.ndarray
    signal: float
    noise: float
    ratio: float


def interference(
    first: np.ndarray, second: np.ndarray, clause: Clause, density: float = 0.5
) -> Interference:
    """Signal and noise of a clause on the neurons that carry it.

    Args:
        first, second: weights of both layers.
        clause: its literals.
        density: probability of a one in the other inputs.
    """
    outside = np.ones(first.shape[1], dtype=bool)
    outside[[i for i, _ in clause]] = False
    variance = (first[:, outside] ** 2).sum(axis=1) * density * (1 - density)
    code = hard_code(first, second, clause)
    carried = code != 0
    if not carried.any():
        return Interference(variance, 0.0, float("nan"), float("nan"))
    signal = float((aligned(first, clause).sum(axis=1) * code)[carried].mean())
    noise = float(np.sqrt(variance[carried]).mean())
    return Interference(variance, signal, noise, signal / noise if noise else float("inf"))
