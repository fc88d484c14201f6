"""Inputs drawn around clauses are what they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from superproof import Specification
from superproof.constructions.editing.target import Target
from superproof.empirics.unlearning.samples import Samples
from superproof.verify.errors import InputError

SPEC = Specification(8, {"y0": "x0 & ~x1 & x2 | x2 & x3 | x4 ^ x5", "y1": "x0"})
SAMPLES = Samples(Target.parse("y0:0", SPEC))


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_only_chosen_clauses() -> None:
    assert sorted(SAMPLES.drawable) == [0, 1]
    assert SAMPLES.others == [1]
    truth = SAMPLES.truth(SAMPLES.only([0], 300, rng()))
    assert truth.shape == (300, 3)
    assert truth.tolist() == [[True, False, False]] * 300
    both = SAMPLES.truth(SAMPLES.only([0, 1], 300, rng()))
    assert (both.sum(axis=1) == 1).all()
    assert both[:, :2].any(axis=0).all()


def test_some_inputs_can_be_held_back() -> None:
    points = SAMPLES.only([0], 200, rng(), lambda some: some[:, 7] == 1)
    assert (points[:, 7] == 1).all()
    assert SAMPLES.truth(points)[:, 0].all()
    with pytest.raises(InputError, match="found no input"):
        SAMPLES.only([0], 10, rng(), lambda some: np.zeros(len(some), dtype=bool))


def test_no_clause_and_near_misses() -> None:
    points = SAMPLES.none([0], 400, rng())
    assert not SAMPLES.truth(points).any()
    near = (points[:, [0, 1, 2]] != [1, 0, 1]).sum(axis=1) == 1
    plain = (SAMPLES.none([], 400, rng())[:, [0, 1, 2]] != [1, 0, 1]).sum(axis=1) == 1
    assert near.mean() > plain.mean() + 0.1


def test_around_reaches_everything() -> None:
    truth = SAMPLES.truth(SAMPLES.around(400, rng()))
    assert truth[:, 0].mean() > 0.2
    assert truth[:, 1].mean() > 0.2
    assert (~truth.any(axis=1)).any()


def test_restricted_domains() -> None:
    spec = Specification(12, {"y0": "x0 & x1 | x2"}, domain="at most 2")
    samples = Samples(Target.parse("y0:0", spec))
    for points in (samples.only([0], 50, rng()), samples.none([1], 50, rng())):
        assert spec.domain.contains(points).all()
    # the only such input is repeated
    assert len(np.unique(samples.only([0], 50, rng()), axis=0)) == 1


def test_no_such_input() -> None:
    spec = Specification(["a", "b"], {"y0": "a & b | a"})
    with pytest.raises(InputError, match="no input of the domain where only a chosen clause of y0"):
        Samples(Target.parse("y0:0", spec)).only([0], 10, rng())
