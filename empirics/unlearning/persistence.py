"""Whether the code of a clause is still in the weights, against what chance would show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..reading.codes import hard_code, soft_code
from ..tasks import Clause
from .case import Case
from .weights import Weights, logits

#: Random sets of literals in the null, and the quantile that counts as above it.
NULL, QUANTILE = 200, 0.95
#: Inhibited: more than this share of the hard code is left, and less than this rate reads true.
KEPT, RATE = 0.5, 0.05


class Persistence(NamedTuple):
    """The code of a clause before and after, on the neurons of the given network.

    Attributes:
        jaccard: of the hard codes; None where both are empty.
        null_jaccard: quantile of the same against equally many random literals; None likewise.
        other_jaccard: the largest of the same against the codes of the other clauses; None
            likewise, or where there is no other clause.
        cosine: of the soft codes. null_cosine: quantile of the same.
        others: mean cosine of the soft codes of the other clauses, each with its own.
        size: neurons in the hard code before.
        margin, margin_before: mean output on inputs where only the clause is true.
        bias_change, read_change: length of the change of the biases, and of the output weights, of
            the neurons in the hard code before, in lengths of what was there; None where that is
            empty or zero.
    """

    jaccard: float | None
    null_jaccard: float | None
    other_jaccard: float | None
    cosine: float
    null_cosine: float
    others: float | None
    size: int
    margin: float
    margin_before: float
    bias_change: float | None
    read_change: float | None

    @property
    def persists(self) -> bool:
        """The soft code is closer than 95 % of random codes are."""
        return self.cosine > self.null_cosine

    def word(self, rate: float) -> str | None:
        """``inhibited``, ``removed``, ``neither``; None where there was no hard code before.

        Inhibited: more than half of the hard code is there, and the clause reads true on less
        than :data:`RATE` of its inputs. Removed: no more of it than random literals show.

        Args:
            rate: sampled share of the inputs of the clause that read true.
        """
        if not self.size:
            return None
        assert self.jaccard is not None
        if self.jaccard > KEPT and rate < RATE:
            return "inhibited"
        return "removed" if self.jaccard <= (self.null_jaccard or 0.0) else "neither"

    def to_json(self, rate: float) -> dict[str, Any]:
        """All numbers, and the word."""
        return {**self._asdict(), "persists": self.persists, "word": self.word(rate)}


def persistence(case: Case, weights: Weights) -> Persistence:
    """Compare the codes in the given network with those after unlearning.

    Neurons that were added are left out: they tell nothing of what is left of the given ones, and
    the large weights of a gate would make all others look dead.
    """
    rng = case.random(8)
    clause = case.clauses[case.clause]
    first, second = case.weights["0.weight"], case.weights["1.weight"][0]
    neurons = len(first)
    now = weights["0.weight"][:neurons].astype(np.float64)
    read = weights["1.weight"][0, :neurons].astype(np.float64)
    hard, soft = hard_code(first, second, clause), soft_code(first, clause)
    random = [_random_clause(rng, first.shape[1], clause) for _ in range(NULL)]
    chances = _defined(jaccard(hard, hard_code(now, read, other)) for other in random)
    others = [other for number, other in enumerate(case.clauses) if number != case.clause]
    shared = _defined(jaccard(hard, hard_code(now, read, other)) for other in others)
    kept = [cosine(soft_code(first, other), soft_code(now, other)) for other in others]
    points, code = case.measured["target"], hard != 0
    return Persistence(
        jaccard(hard, hard_code(now, read, clause)),
        float(np.quantile(chances, QUANTILE)) if chances else None,
        max(shared) if shared else None,
        cosine(soft, soft_code(now, clause)),
        float(np.quantile([cosine(soft, soft_code(now, other)) for other in random], QUANTILE)),
        float(np.mean(kept)) if kept else None,
        int(np.count_nonzero(hard)),
        float(logits(weights, points).mean()),
        float(logits(case.weights, points).mean()),
        _change(case.weights["0.bias"][code], weights["0.bias"][:neurons][code]),
        _change(second[code], read[code]),
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


def _random_clause(rng: np.random.Generator, inputs: int, clause: Clause) -> Clause:
    """Random inputs with the signs of a clause in random order."""
    chosen = rng.choice(inputs, len(clause), replace=False)
    signs = rng.permutation([sign for _, sign in clause])
    return tuple((int(i), bool(sign)) for i, sign in zip(chosen, signs, strict=True))


def _defined(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _change(before: np.ndarray, after: np.ndarray) -> float | None:
    length = float(np.linalg.norm(before.astype(np.float64)))
    change = float(np.linalg.norm(after.astype(np.float64) - before))
    return change / length if length else None
