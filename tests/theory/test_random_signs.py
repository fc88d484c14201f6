"""Random signs: the proved width in practice, its failure bound, and the published estimates."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from superproof.theory import lookup
from superproof.theory.enclosure import enclose
from superproof.theory.random_signs import _choice, estimated_neurons, failure, proved_neurons

from .direct import checks


@pytest.mark.parametrize(
    ("inputs", "active", "neurons"),
    [(1024, 1, 481), (1024, 2, 1005), (4096, 1, 905), (4096, 2, 1739), (10**6, 1, 15_282)],
)
@checks("permutation-random-signs-estimate")
def test_reference_estimates(inputs: int, active: int, neurons: int) -> None:
    # delta = 1 in the notes: a draw that works exists if the estimate were a theorem
    assert estimated_neurons(inputs, active, 1) == neurons
    (bound,) = lookup("permutation-random-signs-estimate")
    assert bound.evaluate(inputs=inputs, active=active) >= neurons  # odds of 2 take more


@checks("permutation-one-bit-estimate")
def test_the_estimate_for_signs_is_wider_by_the_root_of_half_pi() -> None:
    wide = lookup("permutation-one-bit-estimate")[0].evaluate(inputs=4096, active=1)
    assert wide == math.ceil(math.sqrt(math.pi / 2) * _estimate(4096, 1, 2))


def _estimate(inputs: int, active: int, odds: int) -> float:
    scale = 8 * active * math.log(2 * inputs * math.comb(inputs, active) * odds)
    return scale + math.sqrt(scale**2 + scale * inputs)


def _wrong(inputs: int, active: int, neurons: int, seed: int) -> bool:
    """Whether some read of one random draw is wrong on some input with at most so many ones."""
    generator = np.random.default_rng(seed)
    encoder, decoder = generator.choice([-1, 1], size=(2, inputs, neurons)).astype(np.int64)
    permutation = generator.permutation(inputs)
    weight = decoder[permutation].T @ encoder
    single = decoder @ weight @ encoder.T  # reads of one-hot inputs, (outputs, inputs)
    for size in range(active + 1):
        for chosen in itertools.combinations(range(inputs), size):
            read = 2 * single[:, list(chosen)].sum(axis=1) > neurons**2
            wanted = np.isin(np.arange(inputs), permutation[list(chosen)])
            if (read != wanted).any():
                return True
    return False


@pytest.mark.parametrize(("inputs", "active"), [(24, 1), (12, 2), (9, 3)])
@checks("permutation-random-signs")
def test_draws_of_the_proved_width_rarely_fail(inputs: int, active: int) -> None:
    (bound,) = lookup("permutation-random-signs")
    neurons = bound.evaluate(inputs=inputs, active=active, failure_odds=20)
    failed = sum(_wrong(inputs, active, neurons, seed) for seed in range(40))
    # at most 1/20 each: 12 or more of 40 has a probability below 1e-6
    assert failed < 12


def test_the_failure_bound_holds_where_failures_are_common() -> None:
    inputs, active = 16, 1
    for neurons in (60, 90, 120):
        logarithm, x, s = _choice(neurons, inputs, active)
        bound = enclose(lambda n=neurons, x=x, s=s: failure(n, inputs, active, x, s))
        assert math.isclose(math.log(bound.middle), logarithm, abs_tol=1e-6)
        failed = sum(_wrong(inputs, active, neurons, seed) for seed in range(200))
        # five standard deviations beyond the bound
        share = min(1.0, float(bound.high))
        assert failed <= 200 * share + 5 * math.sqrt(200 * share * (1 - share)) + 1


def test_the_width_is_proved_and_grows_with_every_demand() -> None:
    for inputs, active, odds in ((64, 1, 2), (64, 2, 2), (32, 3, 100)):
        neurons = proved_neurons(inputs, active, odds)
        _, x, s = _choice(neurons, inputs, active)
        bound = enclose(lambda n=neurons, x=x, s=s: failure(n, inputs, active, x, s))  # noqa: B023
        assert bound.high <= Fraction(1, odds)
        assert _choice(neurons - 1, inputs, active)[0] > -math.log(odds)
    assert proved_neurons(64, 1, 2) < proved_neurons(128, 1, 2) < proved_neurons(128, 1, 50)
    assert proved_neurons(64, 1, 2) < proved_neurons(64, 2, 2)


def test_the_theorem_is_close_to_the_estimate_for_one_active_input() -> None:
    (bound,) = lookup("permutation-random-signs")
    assert bound.evaluate(inputs=1024, active=1) == 483
    assert bound.evaluate(inputs=10**6, active=1) == 15_283
