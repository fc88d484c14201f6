"""Balanced codes: constant weight, seeded, and more even than independent columns."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.constructions.balanced_code import balanced_code
from superproof.verify.errors import InputError


def spread(code: np.ndarray) -> tuple[float, float]:
    """Standard deviations of the overlaps of two columns, and of the row sums."""
    number = code.astype(np.int64)
    overlaps = (number.T @ number)[np.triu_indices(code.shape[1], 1)]
    return float(overlaps.std()), float(number.sum(axis=1).std())


def test_columns_have_the_same_weight_and_even_overlaps() -> None:
    code = balanced_code(60, 30, 0.4, 1)
    plain = balanced_code(60, 30, 0.4, 1, sweeps=0)
    for each in (code, plain):
        assert (each.sum(axis=0) == 24).all()
    assert spread(code)[0] < spread(plain)[0] / 2
    assert spread(code)[1] < spread(plain)[1]


def test_the_same_seed_gives_the_same_code() -> None:
    assert np.array_equal(balanced_code(20, 9, 0.3, 5), balanced_code(20, 9, 0.3, 5))
    assert not np.array_equal(balanced_code(20, 9, 0.3, 5), balanced_code(20, 9, 0.3, 6))


@pytest.mark.parametrize(("neurons", "inputs", "density"), [(1, 1, 0.5), (3, 4, 0.99), (7, 1, 0.1)])
def test_small_and_extreme_codes(neurons: int, inputs: int, density: float) -> None:
    code = balanced_code(neurons, inputs, density)
    weight = min(max(round(density * neurons), 1), neurons)
    assert (code.sum(axis=0) == weight).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3, 0.5), "a code needs neurons and inputs, not 0 x 3"),
        ((3, 0, 0.5), "a code needs neurons and inputs, not 3 x 0"),
        ((3, 3, 1.0), "density must lie between 0 and 1, not 1.0"),
        ((3, 3, 0.5, -1), "the seed must be 0 or more, not -1"),
    ],
)
def test_bad_arguments(arguments: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        balanced_code(*arguments)
