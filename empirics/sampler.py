"""The near-miss sampler: training inputs that dwell on the border of a DNF."""

from __future__ import annotations

import numpy as np

from .tasks import DnfTask

#: Passes over the clauses that spoil accidental positives; overlapping clauses may need several.
SPOILING_PASSES = 4


def near_miss(
    task: DnfTask,
    rows: int,
    rng: np.random.Generator,
    *,
    density: float = 0.5,
    near: bool = True,
) -> np.ndarray:
    """Draw inputs: half satisfy a clause, a quarter miss one by a literal, a quarter are noise.

    Background bits are coins; a clause that they satisfy by accident has one random
    literal flipped. Then a random clause is satisfied, or satisfied up to one literal. Label
    the points by the specification: with overlapping clauses a near miss may be true. A
    reconstruction: the sampler of arXiv 2504.08842 is not known.

    Args:
        task: the DNF.
        rows: number of points.
        rng: source of randomness.
        density: probability of a one in the background.
        near: without it, the quarter that misses a clause by a literal is noise, too.

    Returns:
        uint8 array (rows, inputs).
    """
    if density == 0.5:
        points = rng.integers(0, 2, (rows, task.inputs), dtype=np.uint8)
    else:
        points = (rng.random((rows, task.inputs)) < density).astype(np.uint8)
    for _ in range(SPOILING_PASSES):
        for index, signs in _clauses(task):
            hit = np.flatnonzero((points[:, index] == signs).all(axis=1))
            points[hit, rng.choice(index, len(hit))] ^= 1
    chosen = rng.integers(0, len(task.clauses), rows)
    kind = rng.permutation(rows) % 4
    for number, (index, signs) in enumerate(_clauses(task)):
        here = np.flatnonzero((chosen == number) & (kind < (3 if near else 2)))
        points[here[:, None], index] = signs
        missed = here[kind[here] == 2]
        points[missed, rng.choice(index, len(missed))] ^= 1
    return points


def _clauses(task: DnfTask) -> list[tuple[np.ndarray, np.ndarray]]:
    """Input indices and wanted bits of every clause."""
    return [
        (np.array([i for i, _ in clause]), np.array([s for _, s in clause], dtype=np.uint8))
        for clause in task.clauses
    ]
