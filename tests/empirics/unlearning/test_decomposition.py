"""Decomposition along the erasure: closed cases, and nulls by sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest

from superproof.empirics.unlearning.decomposition import (
    by_block,
    by_tensor,
    decompose,
    decompose_update,
    isotropic_energy,
    move,
    parts,
)

RNG = np.random.default_rng(0)
SHAPES = {"0.weight": (5, 4), "0.bias": (5,), "1.weight": (1, 5), "1.bias": (1,)}
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


def test_blocks_of_rows() -> None:
    code = np.array([True, False, False, True, False])
    erasure = move(ORIGINAL, ERASED)
    update = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    # the code goes back half of its way, and another neuron a way of its own
    update["0.weight"][code] = -0.5 * erasure["0.weight"][code]
    update["0.bias"][code] = -0.5 * erasure["0.bias"][code]
    update["1.weight"][:, code] = -0.5 * erasure["1.weight"][:, code]
    update["1.weight"][0, 1] = 3.0
    found = by_block(erasure, update, code)
    assert found is not None
    coded, others = found["code"], found["others"]
    assert coded.energy == pytest.approx(1)
    length = sum(float((erasure[n] ** 2).sum()) for n in erasure)
    inside = float(
        (erasure["0.weight"][code] ** 2).sum()
        + (erasure["0.bias"][code] ** 2).sum()
        + (erasure["1.weight"][:, code] ** 2).sum()
    )
    assert coded.erasure == pytest.approx(inside / length)
    assert coded.recovery == pytest.approx(inside / 4 / (inside / 4 + 9))
    turn = erasure["1.weight"][0, 1] ** 2 / (length - inside)
    assert others.energy == pytest.approx(turn)
    assert coded.weights == 2 * (4 + 1 + 1) / 31
    for shares in ("recovery", "erasure", "weights"):
        assert getattr(coded, shares) + getattr(others, shares) == pytest.approx(1)
    whole = decompose_update(
        np.concatenate([erasure[n].ravel() for n in SHAPES]),
        np.concatenate([update[n].ravel() for n in SHAPES]),
    )
    # all energy is that of the blocks, when they are put together
    both = [math.sqrt(block.energy * block.recovery * block.erasure) for block in found.values()]
    signs = (-1, math.copysign(1, erasure["1.weight"][0, 1]))
    assert whole.energy == pytest.approx(sum(s * b for s, b in zip(signs, both, strict=True)) ** 2)


def test_without_a_code_there_are_no_blocks() -> None:
    erasure = move(ORIGINAL, ERASED)
    for chosen in (False, True):
        assert by_block(erasure, erasure, np.full(5, chosen)) is None
    still = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    found = by_block(erasure, still, np.arange(5) < 2)
    assert found is not None
    assert math.isnan(found["code"].energy)
    assert math.isnan(found["code"].recovery)
