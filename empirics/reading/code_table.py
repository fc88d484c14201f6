"""The codes of the clauses of one output: who carries each, how well, and how much they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..tasks import Clause
from .codes import (
    and_margin,
    coding_matrix,
    coherence,
    interference,
    otsu_thresholds,
    overlaps,
    polysemanticity,
    row_scales,
    soft_codes,
    witnesses,
)
from .hidden_layer import HiddenLayer


@dataclass(frozen=True)
class CodeRow:
    """One clause.

    Attributes:
        clause: its literals.
        positive, negative: numbers of the neurons in its hard code.
        detectors: neurons of the code that respond to the AND and not to single literals.
        coherence: mean over the code; NaN without one.
        strength: mean magnitude of the soft code over the code; NaN without one.
        ratio: signal over noise from all other inputs; NaN without a code.
        shared: neurons of its code that other clauses use too.
    """

    clause: Clause
    positive: tuple[int, ...]
    negative: tuple[int, ...]
    detectors: int
    coherence: float
    strength: float
    ratio: float
    shared: int

    @property
    def size(self) -> int:
        """Neurons in the code."""
        return len(self.positive) + len(self.negative)


@dataclass(frozen=True)
class CodeTable:
    """Codes of some clauses in a hidden layer.

    Attributes:
        layer: the hidden layer.
        clauses: of the output.
        density: probability of a one in inputs outside a clause.
    """

    layer: HiddenLayer
    clauses: tuple[Clause, ...]
    density: float = 0.5

    @cached_property
    def matrix(self) -> np.ndarray:
        """Hard codes as columns, int8 (neurons, clauses)."""
        return coding_matrix(self.layer.first, self.layer.second, self.clauses)

    @cached_property
    def soft(self) -> np.ndarray:
        """Soft codes as columns, (neurons, clauses)."""
        return soft_codes(self.layer.first, self.clauses)

    @cached_property
    def overlaps(self) -> np.ndarray:
        """Inner products of the hard codes, (clauses, clauses)."""
        return overlaps(self.matrix)

    @cached_property
    def polysemanticity(self) -> np.ndarray:
        """Clauses of every neuron, (neurons,)."""
        return polysemanticity(self.matrix)

    @cached_property
    def rows(self) -> tuple[CodeRow, ...]:
        """One row a clause."""
        return tuple(self._row(number) for number in range(len(self.clauses)))

    def _row(self, number: int) -> CodeRow:
        layer, clause = self.layer, self.clauses[number]
        code = self.matrix[:, number]
        carried = code != 0
        margin = and_margin(layer.first, layer.bias, clause, self.density)
        noise = interference(layer.first, layer.second, clause, self.density)
        some = bool(carried.any())
        whole = coherence(layer.first, clause)[carried]
        return CodeRow(
            clause,
            tuple(np.flatnonzero(code > 0).tolist()),
            tuple(np.flatnonzero(code < 0).tolist()),
            int((margin.detects & (code > 0)).sum()),
            float(whole.mean()) if some else float("nan"),
            float(np.abs(self.soft[carried, number]).mean()) if some else float("nan"),
            noise.ratio,
            int((self.polysemanticity[carried] > 1).sum()),
        )

    @cached_property
    def order(self) -> tuple[np.ndarray, np.ndarray]:
        """Neurons and inputs, those of the same clause side by side, for pictures."""
        neurons = _grouped(self.matrix.T != 0, len(self.layer.first))
        inputs = np.zeros((len(self.clauses), self.layer.first.shape[1]), dtype=bool)
        for number, clause in enumerate(self.clauses):
            inputs[number, [i for i, _ in clause]] = True
        return neurons, _grouped(inputs, self.layer.first.shape[1])

    def summary(self) -> dict[str, Any]:
        """Counts of the whole layer, as JSON values."""
        kinds = witnesses(self.layer.second)
        scales = row_scales(self.layer.first)
        alive = scales > 0
        otsu = np.divide(
            otsu_thresholds(self.layer.first), scales, out=np.zeros_like(scales), where=alive
        )
        used = self.polysemanticity
        carried = used > 0
        return {
            "neurons": len(self.layer.first),
            "positive_witnesses": int((kinds > 0).sum()),
            "negative_witnesses": int((kinds < 0).sum()),
            "dead": int((kinds == 0).sum()),
            "in_no_code": int((~carried).sum()),
            "mean_clauses_a_neuron": float(used[carried].mean()) if carried.any() else 0.0,
            "polysemantic": int((used > 1).sum()),
            "otsu_threshold_in_row_scales": float(np.median(otsu[alive])) if alive.any() else 0.0,
        }

    def to_json(self, names: Sequence[str]) -> dict[str, Any]:
        """Rows and summary as JSON data; NaN becomes null."""
        rows = [
            {
                "clause": " & ".join(("" if sign else "~") + names[i] for i, sign in row.clause),
                "positive_neurons": list(row.positive),
                "negative_neurons": list(row.negative),
                "detectors": row.detectors,
                "coherence": _number(row.coherence),
                "strength": _number(row.strength),
                "signal_to_noise": _number(row.ratio),
                "shared_neurons": row.shared,
            }
            for row in self.rows
        ]
        return {"clauses": rows, "overlaps": self.overlaps.tolist(), **self.summary()}


def _grouped(members: np.ndarray, size: int) -> np.ndarray:
    """Numbers below ``size`` by the first group that holds them, the others last."""
    if not len(members):
        return np.arange(size)
    first = np.where(members.any(axis=0), members.argmax(axis=0), len(members))
    return np.lexsort((np.arange(size), -members.sum(axis=0), first))


def _number(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
