"""How much features and neurons get in each other's way: capacities and cosines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interference:
    """Of one weight matrix.

    Attributes:
        capacity: mean over inputs of C_i = (W_i . W_i)^2 / sum_j (W_i . W_j)^2, W_i the columns.
            It is 1 for orthogonal columns; k equal columns have 1/k each.
        signed, absolute: mean cosine, and mean absolute cosine, of all pairs of rows.
        strangers: mean absolute cosine of rows of different parents. Siblings read disjoint
            inputs, so their cosine is 0 by construction. Equal to ``absolute`` without parents.
    """

    capacity: float
    signed: float
    absolute: float
    strangers: float


def feature_capacity(weight: np.ndarray) -> np.ndarray:
    """C_i of every input, float64 (inputs,); 0 for inputs that nothing reads.

    Source: the definition of "Polysemanticity and capacity in neural networks"
    (arXiv 2210.01892), which arXiv 2510.04500 uses by a summary.
    """
    columns = np.asarray(weight, dtype=np.float64)
    gram = columns.T @ columns
    own, total = np.diag(gram) ** 2, (gram**2).sum(axis=1)
    return np.asarray(np.divide(own, total, out=np.zeros(len(gram)), where=total > 0))


def interference(weight: np.ndarray, parents: np.ndarray | None = None) -> Interference:
    """Capacities and cosines of a layer.

    Args:
        weight: (neurons, inputs). Rows that read nothing take part in no pair.
        parents: the neuron that every row was split from, (neurons,).
    """
    rows = np.asarray(weight, dtype=np.float64)
    norms = np.linalg.norm(rows, axis=1)
    awake = norms > 0
    unit = rows[awake] / norms[awake, None]
    first, second = np.triu_indices(len(unit), 1)
    cosines = np.einsum("ij,ij->i", unit[first], unit[second])
    apart = np.ones(len(cosines), dtype=bool)
    if parents is not None:
        family = np.asarray(parents)[awake]
        apart = family[first] != family[second]
    used = feature_capacity(weight)[np.abs(rows).sum(axis=0) > 0]
    return Interference(
        _mean(used), _mean(cosines), _mean(np.abs(cosines)), _mean(np.abs(cosines[apart]))
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
