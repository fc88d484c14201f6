"""Pruning: what goes, in which order, and where it ends."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.empirics.floor.form import Form, SquareForm
from superproof.empirics.floor.path import walk
from superproof.empirics.floor.pruning import (
    SparseWhitening,
    by_magnitude,
    one_by_one,
    ordered,
    trained_again,
)

from .conftest import exact_form


def test_order_is_by_share_of_the_largest(form: Form) -> None:
    order = ordered(form, seed=2)
    assert len(order) == len(set(order)) == form.nonzeros
    sizes = [
        abs(int(form.arrays[name][row, column])) / int(np.abs(form.arrays[name]).max())
        for name, row, column in order
    ]
    assert sizes == sorted(sizes)
    assert order == ordered(form, seed=2)


@pytest.mark.parametrize("layer", [None, "each"])
def test_magnitude_takes_one_weight_first_and_more_each_time(form: Form, layer: str | None) -> None:
    left = [candidate.form.nonzeros for candidate in by_magnitude(form, layer=layer, seed=0)]
    assert left == sorted(left, reverse=True)
    assert left[0] >= form.nonzeros - len(form.arrays)
    assert left[-1] < 0.05 * form.nonzeros + 2


def test_magnitude_of_one_layer_leaves_the_other() -> None:
    form = exact_form("free")
    for candidate in by_magnitude(form, layer="T"):
        assert (candidate.form.arrays["K"] == form.arrays["K"]).all()


def test_one_by_one_ends_where_no_weight_can_go(form: Form) -> None:
    path = walk(form, one_by_one(form, seed=0))
    last, verdict = path.last
    assert verdict.holds
    assert last.nonzeros <= form.nonzeros
    for name, row, column in ordered(last, seed=0):
        arrays = {key: array.copy() for key, array in last.arrays.items()}
        arrays[name][row, column] = 0
        assert not last.with_arrays(arrays).separated
    assert path.first_wrong is not None


def test_training_again_keeps_the_zeros() -> None:
    form = exact_form("trained")
    assert isinstance(form, SquareForm)
    rng = np.random.default_rng(0)
    matrix = np.where(rng.random(form.matrix.shape) < 0.2, 0, form.matrix)
    again = trained_again(form.frame, matrix)
    assert (again[matrix == 0] == 0).all()
    assert np.abs(again).max() == 2**13 - 1


def test_sparse_coordinates_give_their_matrix_back() -> None:
    form = exact_form("trained")
    assert isinstance(form, SquareForm)
    matrix = form.matrix / np.abs(form.matrix).max()
    whitening = SparseWhitening(form.frame, form.matrix != 0)
    found = whitening.matrix(whitening.coordinates(matrix))
    # directions that the roots shrink to nothing are lost, so up to the pseudo-inverse
    assert np.abs(found - matrix).max() < 1e-4
