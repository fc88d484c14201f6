"""How many clauses networks compute with a small exact error, and what explains the errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...verify.network import Network
from ..tasks import Clause
from .codes import coding_matrix, interference, overlaps
from .dnf import satisfied
from .hidden_layer import hidden_layer

#: Mean of the two error rates up to which clauses count as computed.
SMALL = 0.05
#: Enumerated at once.
INPUTS = 16
#: Names of the regression's columns.
COLUMNS = ("intercept", "log signal/noise", "overlap a neuron", "log2 clauses")
#: The candidate laws for the number of clauses, by parameters P and neurons n.
LAWS = ("a P^b", "a P / log P", "a n^2 / log n")


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of the regression with a 95 % interval, robust to networks as clusters.

    Attributes:
        name, value, low, high: as printed.
    """

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Regression:
    """Per-clause true-positive rates explained.

    Attributes:
        coefficients: of the log odds.
        r_squared: of the log odds.
        clauses, networks: how many.
    """

    coefficients: tuple[Coefficient, ...]
    r_squared: float
    clauses: int
    networks: int


@dataclass(frozen=True)
class Law:
    """A law fitted to logarithms of capacities.

    Attributes:
        name: one of :data:`LAWS`.
        parameters: fitted numbers.
        aic: Akaike's criterion, smaller is better.
    """

    name: str
    parameters: tuple[float, ...]
    aic: float


def clause_errors(network: Network, clauses: Sequence[Clause]) -> dict[str, Any]:
    """Exact error rates by enumeration, and the codes behind them.

    Returns:
        ``error``: mean of the miss rate over true inputs and the false-positive rate over the
        others; ``clauses``: for each its exact true-positive rate on inputs where it alone is
        true, size of its code, overlap with other codes a neuron of its own, and signal over
        noise (None without a code).

    Raises ValueError for more than 16 inputs.
    """
    inputs = network.input_size
    if inputs > INPUTS:
        raise ValueError(f"{inputs} inputs are not enumerated")
    points = ((np.arange(1 << inputs)[:, None] >> np.arange(inputs)) & 1).astype(np.uint8)
    reads = np.concatenate(
        [np.asarray(network.evaluate(part.astype(np.int64))[:, 0] > 0, dtype=bool)
         for part in np.array_split(points, 8)]
    )  # fmt: skip
    table = satisfied(clauses, points)
    number = table.sum(axis=1)
    layer = hidden_layer(network, 0)
    assert layer is not None
    matrix = coding_matrix(layer.first, layer.second, tuple(clauses))
    shared = np.abs(overlaps(np.abs(matrix)))
    rows = []
    for k, clause in enumerate(clauses):
        alone = table[:, k] & (number == 1)
        size = int(shared[k, k])
        ratio = interference(layer.first, layer.second, clause).ratio
        rows.append(
            {
                "alone": int(alone.sum()),
                "right": int(reads[alone].sum()),
                "code": size,
                "overlap": float((shared[k].sum() - size) / size) if size else 0.0,
                "ratio": float(ratio) if np.isfinite(ratio) else None,
            }
        )
    true = number > 0
    miss = float((~reads[true]).mean()) if true.any() else 0.0
    false = float(reads[~true].mean()) if (~true).any() else 0.0
    sizes = np.diag(shared).astype(float)
    pairs = (shared.sum() - sizes.sum()) / max(len(clauses) * (len(clauses) - 1), 1)
    expected = (sizes.sum() ** 2 - (sizes**2).sum()) / max(len(clauses) * (len(clauses) - 1), 1)
    return {
        "error": (miss + false) / 2,
        "wrong": int((reads != true).sum()),
        "mean_overlap": float(pairs),
        "random_overlap": float(expected / len(layer.first)),
        "clauses": rows,
    }


def regression(networks: Sequence[Sequence[dict[str, Any]]]) -> Regression | None:
    """Log odds of the true-positive rate on signal over noise, overlap and number of clauses.

    Least squares; the covariance takes clauses of the same network as one cluster. Clauses
    without a code or without inputs of their own are left out. None for too few of them.
    """
    columns, odds, cluster = [], [], []
    for number, clauses in enumerate(networks):
        for clause in clauses:
            if clause["ratio"] is None or not clause["alone"] or clause["ratio"] <= 0:
                continue
            # half an input each way keeps rates of 0 and 1 finite
            right, alone = clause["right"], clause["alone"]
            odds.append(math.log((right + 0.5) / (alone - right + 0.5)))
            columns.append(
                (1.0, math.log(clause["ratio"]), clause["overlap"], math.log2(len(clauses)))
            )
            cluster.append(number)
    groups = np.array(cluster)
    if len(set(cluster)) < len(COLUMNS) + 2:
        return None
    x, y = np.array(columns), np.array(odds)
    solved, *_ = np.linalg.lstsq(x, y, rcond=None)
    residual = y - x @ solved
    bread = np.linalg.pinv(x.T @ x)
    scores = np.stack([x[groups == g].T @ residual[groups == g] for g in np.unique(groups)])
    many = len(scores)
    covariance = bread @ (scores.T @ scores) @ bread * many / (many - 1)
    half = 1.96 * np.sqrt(np.maximum(np.diag(covariance), 0))
    spread = float(((y - y.mean()) ** 2).sum())
    return Regression(
        tuple(
            Coefficient(name, float(b), float(b - h), float(b + h))
            for name, b, h in zip(COLUMNS, solved, half, strict=True)
        ),
        1 - float((residual**2).sum()) / spread if spread else 0.0,
        len(y),
        many,
    )


def capacity(errors: Mapping[int, Sequence[float]]) -> int:
    """Largest number of clauses from the smallest on with a small median error; 0 for none."""
    best = 0
    for clauses in sorted(errors):
        if float(np.median(errors[clauses])) > SMALL:
            break
        best = clauses
    return best


def laws(points: Sequence[tuple[int, int, int]]) -> tuple[Law, ...]:
    """Laws fitted to (neurons, parameters, capacity) in logarithms, best first.

    Empty for fewer than three capacities above 0.
    """
    used = [(n, p, c) for n, p, c in points if c > 0]
    if len(used) < 3:
        return ()
    neurons, parameters, found = np.array(used, dtype=float).T
    y = np.log(found)
    size = len(y)
    fits = []
    slope, level = np.polyfit(np.log(parameters), y, 1)
    line = slope * np.log(parameters) + level
    fits.append(Law(LAWS[0], (float(np.exp(level)), float(slope)), _aic(y - line, 2, size)))
    for name, shape in (
        (LAWS[1], np.log(parameters / np.log(parameters))),
        (LAWS[2], np.log(neurons**2 / np.log(neurons))),
    ):
        level = float((y - shape).mean())
        fits.append(Law(name, (float(np.exp(level)),), _aic(y - shape - level, 1, size)))
    return tuple(sorted(fits, key=lambda law: law.aic))


def _aic(residual: np.ndarray, fitted: int, size: int) -> float:
    return size * math.log(max(float((residual**2).mean()), 1e-12)) + 2 * (fitted + 1)
