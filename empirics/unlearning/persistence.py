"""Whether the code of a clause is still in the weights, against what chance would show."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..reading.codes import hard_code, soft_code
from ..tasks import Clause
from .case import Case
from .weights import Weights

#: Random sets of literals in the null, and the quantile that counts as above it.
NULL, QUANTILE = 200, 0.95


class Persistence(NamedTuple):
    """The code of a clause before and after.

    Attributes:
        jaccard: of the hard codes; None where both are empty.
        null_jaccard: quantile of the same against equally many random literals; None likewise.
        cosine: of the soft codes. null_cosine: quantile of the same.
        others: mean cosine of the soft codes of the other clauses.
        size: neurons in the hard code before.
    """

    jaccard: float | None
    null_jaccard: float | None
    cosine: float
    null_cosine: float
    others: float | None
    size: int

    @property
    def persists(self) -> bool:
        """The soft code is closer than 95 % of random codes are."""
        return self.cosine > self.null_cosine

    def to_json(self) -> dict[str, Any]:
        """All numbers."""
        return {**self._asdict(), "persists": self.persists}


def persistence(case: Case, weights: Weights) -> Persistence:
    """Compare the codes in the given network with those after unlearning.

    Neurons that were added count as neurons that were silent before.
    """
    rng = case.random(8)
    clause = case.clauses[case.clause]
    added = len(weights["0.weight"]) - len(case.weights["0.weight"])
    first = np.pad(case.weights["0.weight"], ((0, added), (0, 0)))
    second = np.append(case.weights["1.weight"][0], np.zeros(added))
    hard, soft = hard_code(first, second, clause), soft_code(first, clause)
    now, read = weights["0.weight"].astype(np.float64), weights["1.weight"][0].astype(np.float64)
    random = [_random_clause(rng, first.shape[1], len(clause)) for _ in range(NULL)]
    overlap = jaccard(hard, hard_code(now, read, clause))
    chances = [jaccard(hard, hard_code(now, read, other)) for other in random]
    defined = [chance for chance in chances if chance is not None]
    null = float(np.quantile(defined, QUANTILE)) if defined else None
    others = [
        cosine(soft_code(first, other), soft_code(now, other))
        for number, other in enumerate(case.clauses)
        if number != case.clause
    ]
    return Persistence(
        overlap,
        null,
        cosine(soft, soft_code(now, clause)),
        float(np.quantile([cosine(soft, soft_code(now, other)) for other in random], QUANTILE)),
        float(np.mean(others)) if others else None,
        int(np.count_nonzero(hard)),
    )


def jaccard(first: np.ndarray, second: np.ndarray) -> float | None:
    """Neurons with the same sign in both signed codes over those in either; None if there is none.

    Both int8 (neurons,).
    """
    either = np.count_nonzero((first != 0) | (second != 0))
    if not either:
        return None
    return float(np.count_nonzero((first == second) & (first != 0)) / either)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Of two vectors; 0 where one is zero."""
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length else 0.0


def _random_clause(rng: np.random.Generator, inputs: int, width: int) -> Clause:
    chosen = rng.choice(inputs, width, replace=False)
    signs = rng.random(width) < 0.5
    return tuple((int(i), bool(sign)) for i, sign in zip(chosen, signs, strict=True))
