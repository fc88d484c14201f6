"""Removing single weights: the cheap update against the values computed anew."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.empirics.floor.form import Form
from superproof.empirics.floor.pruning import ordered
from superproof.empirics.floor.scores import scores_of


def test_a_removal_is_refused_exactly_where_no_levels_are_left(form: Form) -> None:
    scores = scores_of(form)
    answers = set()
    for name, row, column in ordered(form, seed=1)[::3]:
        before = scores.form()
        arrays = {key: array.copy() for key, array in before.arrays.items()}
        arrays[name][row, column] = 0
        without = before.with_arrays(arrays)
        removed = scores.remove((name, row, column))
        assert removed == without.separated
        assert scores.form().nonzeros == (without if removed else before).nonzeros
        answers.add(removed)
    assert scores.form().separated
    assert answers


def test_a_wrong_network_has_no_such_values(form: Form) -> None:
    nothing = form.with_arrays({name: np.zeros_like(a) for name, a in form.arrays.items()})
    with pytest.raises(ValueError, match="only a form that is exact can lose weights one by one"):
        scores_of(nothing)
