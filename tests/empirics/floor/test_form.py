"""Forms: their own integers against the network that the verifier sees."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from superproof import check
from superproof.empirics.floor.form import Form, FreeForm, SquareForm, signed_values, states
from superproof.empirics.floor.starts import rounded_form


def test_states_are_all_inputs_with_few_ones() -> None:
    points = states(6, 2)
    assert len(points) == len(np.unique(points, axis=0)) == 1 + 6 + comb(6, 2)
    assert points.sum(axis=1).max() == 2


def test_the_start_is_exact_and_its_sides_are_apart(form: Form) -> None:
    assert form.separated
    verdict = check(form.network(), form.specification, count=True)
    assert verdict.holds
    assert form.specification.domain.size == len(form.points)
    assert (form.true == form.specification.expected(form.points).T).all()


def test_scores_are_those_of_the_network(form: Form) -> None:
    network = form.network()
    for column in (0, 3, len(form.points) - 1):
        values = network.evaluate(form.points[column])
        if isinstance(form, SquareForm):
            shifts = [Fraction(form.level)] * len(values)
        else:
            shifts = [-Fraction(float(b)) for b in network.dense.layers[-1].bias]
        found = [value + shift for value, shift in zip(values, shifts, strict=True)]
        assert found == [int(score) for score in form.scores[:, column]]


def test_separated_says_what_the_verifier_says(form: Form) -> None:
    # random damage, mild to severe: both answers must occur over all kinds
    rng = np.random.default_rng(5)
    for share in (0.02, 0.1, 0.5):
        arrays = {
            name: np.where(rng.random(array.shape) < share, 0, array)
            for name, array in form.arrays.items()
        }
        damaged = form.with_arrays(arrays)
        assert damaged.separated == check(damaged.network(), damaged.specification).holds


def test_both_answers_occur(form: Form) -> None:
    nothing = form.with_arrays({name: 0 * array for name, array in form.arrays.items()})
    assert not nothing.separated
    assert not check(nothing.network(), nothing.specification).holds


def test_places_and_nonzeros_are_counted(form: Form) -> None:
    assert form.places == sum(array.size for array in form.arrays.values())
    name, array = next(iter(form.arrays.items()))
    place = tuple(np.argwhere(array)[0])
    thinner = array.copy()
    thinner[place] = 0
    assert form.with_arrays(form.arrays | {name: thinner}).nonzeros == form.nonzeros - 1


def test_values_of_signed_numbers() -> None:
    # three bits: -3 to 3 without 0
    assert [signed_values(bits) for bits in (2, 3, 14)] == [2, 6, 16382]


@pytest.mark.parametrize("bits", [13, 6, 2])
def test_rounding_keeps_to_the_range(form: Form, bits: int) -> None:
    made = rounded_form(form, dict.fromkeys(form.arrays, bits))
    for name, array in made.arrays.items():
        assert np.abs(array).max() == 2 ** (bits - 1) - 1
        assert made.values[name] == signed_values(bits)


def test_levels_take_no_bits_where_the_rows_say_them() -> None:
    # h = relu(x0 + x1 - 1), read h: the level is one half below the row's sum, 1
    plain = FreeForm(
        pairs=np.array([[0, 1]]),
        active=2,
        first=np.array([[1, 1]]),
        shift=np.array([-1]),
        second=np.array([[1]]),
        values={"T": 1, "K": 1},
    )
    assert plain.separated
    assert plain.side_bits == 0
    # read 4 h: levels 0 to 3 would do; the rule's 3.5 does as well
    assert replace(plain, second=np.array([[4]])).side_bits == 0
    # h = relu(2 x0 + 2 x1 - 1) is 0, 1, 3: the rule's half is on the wrong side of 1
    other = replace(plain, first=np.array([[2, 2]]))
    assert other.separated
    assert other.side_bits > 0
    assert check(other.network(), other.specification).holds
