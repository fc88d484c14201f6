"""The width of random codes against exact failure probabilities."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from superproof.theory.concentration import (
    _imitation,
    intruders,
    plain_code_density,
    plain_code_neurons,
)
from superproof.theory.errors import RegimeError


def imitation_probability(neurons: int, arity: int, r: int, p: Fraction) -> Fraction:
    """Exact probability that r given outsiders cover |K| or more, by convolution."""
    shared = p**arity
    step = {0: 1 - shared}
    for count in range(r + 1):
        chance = shared * math.comb(r, count) * p**count * (1 - p) ** (r - count)
        step[count - 1] = step.get(count - 1, Fraction(0)) + chance
    total = {0: Fraction(1)}
    for _ in range(neurons):
        after: dict[int, Fraction] = {}
        for value, chance in total.items():
            for move, likely in step.items():
                after[value + move] = after.get(value + move, Fraction(0)) + chance * likely
        total = after
    return sum((chance for value, chance in total.items() if value >= 0), Fraction(0))


@pytest.mark.parametrize("arity", [2, 3])
@pytest.mark.parametrize(("r", "p"), [(1, "2/3"), (1, "1/5"), (2, "1/4"), (3, "1/6"), (3, "3/10")])
def test_exponent_bounds_the_exact_probability(arity: int, r: int, p: str) -> None:
    density = Fraction(p)
    base = 1 - float(density) ** arity * (1 - _imitation(float(density), r))
    for neurons in (1, 2, 5, 12):
        exact = float(imitation_probability(neurons, arity, r, density))
        assert exact <= base**neurons * (1 + 1e-12)
        if r == 1:  # one outsider covers K only if it covers every neuron: no loss at all
            assert math.isclose(exact, base**neurons, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("active", "density", "neurons_per_nat"),
    [(2, 2 / 3, 6.2), (3, 1 / 4, 63.5), (4, 0.16, 164), (5, 0.12, 309)],
)
def test_reference_rates(active: int, density: float, neurons_per_nat: float) -> None:
    r = active - 1
    p = float(plain_code_density(r))
    assert math.isclose(p, density, abs_tol=0.002)
    assert math.isclose(
        -1 / math.log(1 - p * p * (1 - _imitation(p, r))), neurons_per_nat, rel_tol=0.01
    )


@pytest.mark.parametrize("r", [1, 2, 3, 7])
def test_imitation_factor_is_the_divergence(r: int) -> None:
    p = 0.6 / r
    q = 1 / r
    divergence = q * math.log(q / p)
    if r > 1:
        divergence += (1 - q) * math.log((1 - q) / (1 - p))
    assert math.isclose(_imitation(p, r), math.exp(-r * divergence), rel_tol=1e-12)


def test_width_is_the_least_of_the_formula() -> None:
    for inputs, outputs, active, odds in [(64, 64, 2, 2), (100, 200, 3, 10), (9, 30, 5, 1000)]:
        n = plain_code_neurons(inputs, outputs, active, failure_odds=odds)
        r = active - 1
        p = float(plain_code_density(r))
        base = 1 - p * p * (1 - _imitation(p, r))
        failure = outputs * math.comb(inputs - 2, r)
        assert failure * base**n <= 1 / odds < failure * base ** (n - 1)


def test_width_grows_with_every_demand() -> None:
    def width(inputs: int = 64, outputs: int = 64, active: int = 2, odds: int = 2) -> int:
        return plain_code_neurons(inputs, outputs, active, failure_odds=odds)

    assert width() < width(inputs=640)
    assert width() < width(outputs=640)
    assert width() < width(active=3) < width(active=4)
    assert width() < width(odds=100)


def test_few_outside_inputs_limit_the_intruders() -> None:
    assert [intruders(4, active) for active in (1, 2, 3, 4, 9)] == [0, 1, 2, 2, 2]
    assert plain_code_neurons(4, 6, 4) == plain_code_neurons(4, 6, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"inputs": 2, "outputs": 1, "active": 2},
        {"inputs": 9, "outputs": 1, "active": 1},
        {"inputs": 9, "outputs": 0, "active": 2},
        {"inputs": 9, "outputs": 1, "active": 2, "failure_odds": 1},
        {"inputs": 9, "outputs": 1, "active": 3, "density": Fraction(1, 2)},
        {"inputs": 9, "outputs": 1, "active": 3, "density": Fraction(0)},
    ],
)
def test_out_of_regime(arguments: dict[str, int]) -> None:
    with pytest.raises(RegimeError):
        plain_code_neurons(**arguments)
