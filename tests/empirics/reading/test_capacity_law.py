"""Exact clause errors, and fits on data with a known answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from superproof.empirics.reading.capacity_law import (
    COLUMNS,
    capacity,
    clause_errors,
    laws,
    regression,
)
from superproof.empirics.tasks import Clause
from superproof.verify.network import Network

from .built import dnf_network

CLAUSES: tuple[Clause, ...] = (((0, True), (1, True)), ((2, True), (3, False), (4, True)))


def test_errors_of_a_network_without_its_second_clause() -> None:
    first, second = dnf_network(6, CLAUSES).layers
    weights = second.weight.copy()
    weights[0, 1] = 0
    broken = Network.from_arrays([first.weight, weights], [first.bias, second.bias])
    found = clause_errors(broken, CLAUSES)
    # 16 inputs of the first clause, 8 of the second, 2 of both
    assert [row["alone"] for row in found["clauses"]] == [14, 6]
    assert [row["right"] for row in found["clauses"]] == [14, 0]
    assert [row["code"] for row in found["clauses"]] == [1, 0]
    assert found["wrong"] == 6
    assert found["error"] == pytest.approx(6 / 22 / 2)
    whole = clause_errors(dnf_network(6, CLAUSES, copies=2), CLAUSES)
    assert (whole["error"], whole["wrong"]) == (0, 0)
    assert [row["code"] for row in whole["clauses"]] == [2, 2]
    assert whole["mean_overlap"] == 0
    assert whole["random_overlap"] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="17 inputs are not enumerated"):
        clause_errors(dnf_network(17, CLAUSES), CLAUSES)


def test_regression_finds_the_coefficients_it_was_given() -> None:
    rng = np.random.default_rng(0)
    networks = []
    for _ in range(80):
        number = int(rng.choice([2, 4, 8]))
        clauses = []
        for _ in range(number):
            ratio, overlap = float(np.exp(rng.normal())), float(rng.uniform(0, 3))
            odds = 1 + 2 * math.log(ratio) - 0.5 * overlap - 0.3 * math.log2(number)
            alone = 100_000
            right = round(alone / (1 + math.exp(-odds)))
            clauses.append({"ratio": ratio, "overlap": overlap, "alone": alone, "right": right})
        networks.append(clauses)
    found = regression(networks)
    assert found is not None
    assert [c.name for c in found.coefficients] == list(COLUMNS)
    assert [c.value for c in found.coefficients] == pytest.approx([1, 2, -0.5, -0.3], abs=0.02)
    assert all(c.low <= c.value <= c.high for c in found.coefficients)
    assert found.r_squared > 0.99
    assert found.networks == 80
    assert regression(networks[:2]) is None
    without = [[{"ratio": None, "overlap": 0.0, "alone": 5, "right": 1}]] * 20
    assert regression(without) is None


def test_capacity_ends_at_the_first_large_error() -> None:
    assert capacity({1: [0.0], 2: [0.01, 0.2, 0.02], 4: [0.3], 8: [0.0]}) == 2
    assert capacity({2: [0.5]}) == 0


def test_the_right_law_wins() -> None:
    points = [(n, 18 * n + 1, round(0.01 * (18 * n + 1) ** 1.5)) for n in (8, 16, 32, 64, 128)]
    fits = laws(points)
    assert fits[0].name == "a P^b"
    assert fits[0].parameters == pytest.approx((0.01, 1.5), rel=0.1)
    square = [(n, 10 * n, round(3 * n**2 / math.log(n))) for n in (16, 32, 64, 128, 256)]
    assert laws(square)[0].name in ("a n^2 / log n", "a P^b")
    assert min(law.aic for law in laws(square) if law.name == "a n^2 / log n") < -20
    assert laws(points[:2]) == ()
