"""Exact values of a form under removal of single weights, in integers.

A removal is tried on the values that it changes alone. The values decide, exactly, whether levels
exist at which every output is still right on every input; the verdict of a step is nevertheless
always that of the verifier on the whole network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from .form import Form, FreeForm, SquareForm

#: Neutral elements of minimum and maximum.
TOP, BOTTOM = np.iinfo(np.int64).max, np.iinfo(np.int64).min

#: Array, row and column of a weight.
Place = tuple[str, int, int]


class Scores(ABC):
    """The values of a separated form, and its arrays as they become sparser."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.arrays = {name: array.copy() for name, array in form.arrays.items()}
        self._true = form.true

    def form(self) -> Form:
        """The form as it is now."""
        return self._form.with_arrays({name: array.copy() for name, array in self.arrays.items()})

    def remove(self, place: Place) -> bool:
        """Set a weight to 0 unless that leaves no levels; whether it did."""
        name, row, column = place
        if not self._remove(name, row, column):
            return False
        self.arrays[name][row, column] = 0
        return True

    @abstractmethod
    def _remove(self, name: str, row: int, column: int) -> bool: ...

    def _low(self, values: Any, true: Any, axis: int) -> np.ndarray:
        return np.asarray(np.where(true, values, TOP).min(axis=axis))

    def _high(self, values: Any, true: Any, axis: int) -> np.ndarray:
        return np.asarray(np.where(true, BOTTOM, values).max(axis=axis))


class SquareScores(Scores):
    """Of the superposed form: one level for all outputs, so extremes by input are kept."""

    def __init__(self, form: SquareForm) -> None:
        super().__init__(form)
        self._decoder = form.frame.decoder.astype(np.int64)
        self._hidden = form.hidden
        self._values = form.scores.copy()
        self._lows = self._low(self._values, self._true, 0)
        self._highs = self._high(self._values, self._true, 0)

    def _remove(self, name: str, row: int, column: int) -> bool:
        weight = self.arrays[name][row, column]
        fed = np.flatnonzero(self._hidden[column])
        if not len(fed):
            return True
        change = self._decoder[:, row, None] * (weight * self._hidden[column, fed])
        values, true = self._values[:, fed] - change, self._true[:, fed]
        lows, highs = self._lows.copy(), self._highs.copy()
        lows[fed], highs[fed] = self._low(values, true, 0), self._high(values, true, 0)
        if lows.min() <= highs.max():
            return False
        self._values[:, fed], self._lows, self._highs = values, lows, highs
        return True


class FreeScores(Scores):
    """Of the form with free weights: a level for every output."""

    def __init__(self, form: FreeForm) -> None:
        super().__init__(form)
        self._points = form.points.astype(np.int64)
        self._fed = form.fed.copy()
        self._values = form.scores.copy()

    def _remove(self, name: str, row: int, column: int) -> bool:
        weight = self.arrays[name][row, column]
        if name == "K":
            changed = self._values[row] - weight * np.maximum(self._fed[column], 0)
            if not self._apart(changed[None], self._true[row][None]):
                return False
            self._values[row] = changed
            return True
        fed = self._fed[row] - weight * self._points[:, column]
        change = np.maximum(fed, 0) - np.maximum(self._fed[row], 0)
        readers = np.flatnonzero(self.arrays["K"][:, row])
        values = self._values[readers] + self.arrays["K"][readers, row, None] * change
        if not self._apart(values, self._true[readers]):
            return False
        self._values[readers], self._fed[row] = values, fed
        return True

    def _apart(self, values: np.ndarray, true: np.ndarray) -> bool:
        return bool((self._low(values, true, 1) > self._high(values, true, 1)).all())


def scores_of(form: Form) -> Scores:
    """The values of a form. Raises ValueError for one whose sides overlap."""
    if not form.separated:
        raise ValueError("only a form that is exact can lose weights one by one")
    return SquareScores(form) if isinstance(form, SquareForm) else _free(form)


def _free(form: Form) -> FreeScores:
    assert isinstance(form, FreeForm)
    return FreeScores(form)
