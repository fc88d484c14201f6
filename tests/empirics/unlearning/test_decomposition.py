"""Decomposition along the erasure: closed cases, and nulls by sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest

from superproof.empirics.unlearning.decomposition import (
    by_tensor,
    decompose,
    decompose_update,
    isotropic_energy,
    parts,
)

RNG = np.random.default_rng(0)
SHAPES = {"0.weight": (5, 4), "0.bias": (5,), "1.weight": (1, 5)}
ORIGINAL = {name: RNG.normal(size=shape) for name, shape in SHAPES.items()}
ERASED = {name: array + RNG.normal(size=array.shape) for name, array in ORIGINAL.items()}


def test_a_full_return_is_a_full_reversal() -> None:
    found = decompose(ORIGINAL, ERASED, ORIGINAL)
    assert found.reversal == pytest.approx(1)
    assert found.energy == pytest.approx(1)
    assert found.remainder == pytest.approx(0, abs=1e-7)
    for part in by_tensor(ORIGINAL, ERASED, ORIGINAL).values():
        assert part == pytest.approx((1, 1, 0), abs=1e-7)


def test_the_order_of_the_tensors_does_not_matter() -> None:
    turned = dict(reversed(ERASED.items()))
    assert decompose(ORIGINAL, turned, ORIGINAL) == pytest.approx((1, 1, 0), abs=1e-7)


def test_half_a_return_and_a_sidestep() -> None:
    erasure = np.array([2.0, 0, 0])
    found = decompose_update(erasure, np.array([-1.0, 0, 3]))
    assert found.reversal == pytest.approx(0.5)
    assert found.energy == pytest.approx(1 / 10)
    assert found.remainder == pytest.approx(3 / math.sqrt(10))
    onward = decompose_update(erasure, np.array([4.0, 0, 0]))
    assert onward.reversal == pytest.approx(-2)


def test_nothing_moved() -> None:
    found = decompose(ORIGINAL, ERASED, ERASED)
    assert found.reversal == 0
    assert math.isnan(found.energy)
    assert math.isnan(decompose(ORIGINAL, ORIGINAL, ERASED).reversal)


def test_parts_add_up_to_the_recovery() -> None:
    now = {name: array + RNG.normal(size=array.shape) for name, array in ERASED.items()}
    split = parts(ORIGINAL, ERASED, now)
    for name in ORIGINAL:
        whole = split.along[name] + split.beside[name] - ERASED[name]
        assert np.allclose(whole, now[name])
    assert decompose(ORIGINAL, ERASED, split.beside).reversal == pytest.approx(0, abs=1e-12)
    assert decompose(ORIGINAL, ERASED, split.along).energy == pytest.approx(1)


def test_the_isotropic_null() -> None:
    erasure = RNG.normal(size=40)
    updates = RNG.normal(size=(4000, 40))
    mean = np.mean([decompose_update(erasure, update).energy for update in updates])
    assert mean == pytest.approx(isotropic_energy(40), rel=0.1)
