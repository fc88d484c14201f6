"""Overlaps, random reads and projections: exact frames, exact tails and simulation."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from superproof.theory import RegimeError, lookup
from superproof.theory.tails import sign_sum_tail

from .direct import checks


def _value(name: str, **values: object) -> object:
    (bound,) = lookup(name)
    return bound.evaluate(**values)  # type: ignore[arg-type]


# Welch floor of 1000 features as printed in the notes
@pytest.mark.parametrize(
    ("neurons", "floor"),
    [(10, 0.0991), (16, 0.0616), (25, 0.0390), (40, 0.0240), (63, 0.0149), (100, 0.0090)],
)
def test_reference_welch_floors(neurons: int, floor: float) -> None:
    found = _value("overlap-mean-square", features=1000, neurons=neurons)
    assert isinstance(found, Fraction)
    assert abs(float(found) - floor) < 5e-5


def test_welch_slope() -> None:
    sizes = [10, 16, 25, 40, 63, 100]
    floors = [_value("overlap-mean-square", features=1000, neurons=n) for n in sizes]
    slope = np.polyfit(np.log(sizes), np.log([float(f) for f in floors]), 1)[0]  # type: ignore[arg-type]
    assert abs(slope + 1.040) < 5e-4


@checks("overlap-mean-square", "overlap-largest")
def test_frames_attain_the_floor_and_random_vectors_do_not_fall_below() -> None:
    for n in (2, 3, 7):
        # the simplex: n + 1 unit vectors with overlaps -1/n
        assert _value("overlap-mean-square", features=n + 1, neurons=n) == Fraction(1, n * n)
    angles = 2 * math.pi * np.arange(5) / 5
    for vectors in (
        np.stack([np.cos(angles), np.sin(angles)], axis=1),
        np.random.default_rng(2).normal(size=(20, 6)),
    ):
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        count, n = units.shape
        squares = (units @ units.T) ** 2
        mean = (squares.sum() - count) / (count * (count - 1))
        floor = _value("overlap-mean-square", features=count, neurons=n)
        assert mean >= float(floor) - 1e-12  # type: ignore[arg-type]
        largest = _value("overlap-largest", features=count, neurons=n)
        assert squares[~np.eye(count, dtype=bool)].max() >= float(largest.low) ** 2 - 1e-12  # type: ignore[attr-defined]
        if count == 5:  # a regular polygon is a tight frame
            assert abs(mean - float(floor)) < 1e-12  # type: ignore[arg-type]
    with pytest.raises(RegimeError, match="features >= neurons"):
        _value("overlap-largest", features=3, neurons=4)


@checks("representation-one-input")
def test_one_input_is_read_as_often_as_promised() -> None:
    inputs, active = 12, 3
    neurons = _value("representation-one-input", inputs=inputs, active=active, failure_odds=4)
    assert isinstance(neurons, int)
    # union bound over exact tails: a read errs when the sum of at most n v signs reaches n/2
    exact = inputs * sign_sum_tail(neurons * active, Fraction(neurons, 2))
    assert exact <= Fraction(1, 4)


@checks("representation-all-inputs")
def test_all_inputs_are_read() -> None:
    inputs, active = 8, 2
    neurons = _value("representation-all-inputs", inputs=inputs, active=active, failure_odds=10)
    failed = 0
    for seed in range(50):
        code = np.random.default_rng(seed).choice([-1, 1], size=(inputs, neurons))  # type: ignore[arg-type]
        wrong = False
        for size in range(active + 1):
            for chosen in itertools.combinations(range(inputs), size):
                state = code[list(chosen)].sum(axis=0)
                read = 2 * code @ state > neurons  # type: ignore[operator]
                wrong |= bool((read != np.isin(np.arange(inputs), chosen)).any())
        failed += wrong
    assert failed < 18  # at most one in ten; 18 of 50 has a probability below 1e-6


@checks("representation-states")
def test_states_are_counted() -> None:
    for inputs, active in ((1, 1), (5, 2), (10, 10)):
        states = sum(math.comb(inputs, k) for k in range(active + 1))
        found = _value("representation-states", inputs=inputs, active=active)
        assert found == (states - 1).bit_length()
    assert _value("representation-states", inputs=10, active=10, active_bits=3) == 4


@checks("distances")
def test_projection() -> None:
    points, distortion = 30, Fraction(1, 2)
    neurons = _value("distances", inputs=points, distortion=distortion)
    assert neurons == math.ceil(4 * math.log(points) / (1 / 8 - 1 / 24))
    generator = np.random.default_rng(3)
    cloud = generator.normal(size=(points, 50))
    best = math.inf
    for _ in range(20):  # some draw works; each does with a sizeable chance
        image = cloud @ generator.normal(size=(50, neurons)) / math.sqrt(neurons)  # type: ignore[arg-type]
        ratios = [
            float(((image[a] - image[b]) ** 2).sum() / ((cloud[a] - cloud[b]) ** 2).sum())
            for a, b in itertools.combinations(range(points), 2)
        ]
        best = min(best, max(abs(r - 1) for r in ratios))
    assert best <= 0.5
    with pytest.raises(RegimeError, match="0 < distortion < 1"):
        _value("distances", inputs=4, distortion=1)
    with pytest.raises(RegimeError, match="inputs >= 2"):
        _value("representation-all-inputs", inputs=1, active=1)


@checks("overlap-random-signs")
def test_random_overlaps() -> None:
    (bound,) = lookup("overlap-random-signs")
    limit = float(bound.evaluate(features=40, neurons=200, failure_odds=10).high)
    exceeded = 0
    for seed in range(60):
        code = np.random.default_rng(seed).choice([-1, 1], size=(40, 200))
        overlaps = np.abs(code @ code.T) / 200 - np.eye(40)
        exceeded += overlaps.max() > limit
    assert exceeded < 21  # at most one in ten; 21 of 60 has a probability below 1e-6
