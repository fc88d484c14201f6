"""Permutation, representation and polynomial codes: closed criteria against enumeration."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from superproof.constructions.patterns import pattern
from superproof.constructions.permutation import (
    linear_extremes,
    linear_network,
    superposed_permutation,
)
from superproof.constructions.polynomial_code import (
    deterministic_pairwise_and,
    feature_polynomials,
    pair_polynomials,
    point_code,
)
from superproof.constructions.representation import represented
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError


@pytest.mark.parametrize("active", [1, 2, 3, 6])
def test_extremes_are_those_of_all_inputs(active: int) -> None:
    rng = np.random.default_rng(active)
    matrix, wanted = rng.integers(-9, 10, (6, 6)), rng.permutation(6)
    true, false = [], []
    for size in range(active + 1):
        for support in itertools.combinations(range(6), size):
            values = matrix[:, list(support)].sum(axis=1)
            for j, value in enumerate(values.tolist()):
                (true if wanted[j] in support else false).append(value)
    assert linear_extremes(matrix, wanted, active) == (min(true), max(false))


@pytest.mark.parametrize(
    ("method", "neurons", "active"),
    [("trained", 16, 2), ("trained", 20, 3), ("closed-form", 90, 2), ("one-bit", 120, 2)],
)
def test_permutations_are_right_on_every_input(method: str, neurons: int, active: int) -> None:
    order = np.random.default_rng(1).permutation(14)
    built = superposed_permutation(order, neurons, active, method=method, draws=10)
    verdict = check(built.network, built.specification, engine="enumerate", margin=True, dtypes=())
    assert verdict.holds
    gap = built.parameters["least_true"] - built.parameters["largest_false"]
    assert verdict.margin == gap / 2
    assert built.neurons == neurons
    if method == "one-bit":
        assert set(np.unique(built.network.layers[1].weight).tolist()) == {-1, 1}
    report = built.report()
    assert report["total_bits"] >= report["lower_bound"]["bits"]


@pytest.mark.parametrize(("code", "neurons"), [("signs", 120), ("polynomials", None)])
def test_representations_return_their_inputs(code: str, neurons: int | None) -> None:
    built = represented(20, 3, neurons, code=code, draws=20)
    assert check(built.network, built.specification, engine="enumerate", dtypes=()).holds
    assert built.neurons >= built.lower_bound["neurons"]


def test_polynomials_agree_in_few_places() -> None:
    sizes = feature_polynomials(1000, 3)
    code = point_code(sizes, 1000).astype(int)
    overlaps = code.T @ code
    assert (np.diag(overlaps) == sizes.places).all()
    assert (overlaps - np.diag(np.diag(overlaps))).max() <= sizes.coefficients - 1
    assert code.shape == (sizes.points, 1000)


@pytest.mark.parametrize(
    ("inputs", "active", "cells"),
    [
        (1024, 2, 385),
        (1024, 3, 605),
        (1024, 4, 2040),
        (10**6, 2, 1768),
        (10**6, 3, 5313),
        (10**6, 4, 11774),
    ],
)
def test_widths_of_the_deterministic_code(inputs: int, active: int, cells: int) -> None:
    sizes = pair_polynomials(inputs, active)
    assert sizes.cells == cells
    assert sizes.field**sizes.coefficients >= inputs
    assert sizes.field >= sizes.places == (2 * active - 1) * (sizes.coefficients - 1) + 1


@pytest.mark.parametrize(("inputs", "active"), [(2, 2), (12, 2), (12, 3), (14, 4)])
def test_all_pairs_at_once_without_a_seed(inputs: int, active: int) -> None:
    built = deterministic_pairwise_and(inputs, None, active)
    assert built.network.output_size == inputs * (inputs - 1) // 2
    assert check(built.network, built.specification, engine="sparse", dtypes=()).holds
    dense = built.network.dense
    assert check(dense, built.specification, engine="enumerate", dtypes=()).holds


def test_chosen_pairs_of_many_inputs() -> None:
    built = deterministic_pairwise_and(2000, pattern("random", 2000, 300, 0), 3)
    assert built.neurons == pair_polynomials(2000, 3).cells
    assert built.network.output_size == 300


def permute(**changes: Any) -> Any:
    return superposed_permutation(**({"order": [1, 0, 2], "neurons": 8} | changes))


def represent(**changes: Any) -> Any:
    return represented(**({"inputs": 5, "neurons": 8} | changes))


def deterministic(**changes: Any) -> Any:
    return deterministic_pairwise_and(**({"inputs": 5} | changes))


@pytest.mark.parametrize(
    ("build", "changes", "message"),
    [
        (permute, {"order": [0, 0]}, "every number from 0 to 1 must stand in it exactly once"),
        (permute, {"order": [0.5]}, "order: give a list of two or more input numbers"),
        (permute, {"method": "magic"}, "unknown method 'magic'; use one of trained"),
        (permute, {"active": 4}, "active must lie between 1 and the 3 inputs, not 4"),
        (permute, {"bits": 1}, "bits between 2 and 24, not 8, 1, 0 and 1"),
        (permute, {"order": range(300), "active": 3}, "are too many to train on"),
        (represent, {"inputs": 1}, "a representation needs 2 inputs or more, not 1"),
        (represent, {"inputs": 20000}, "20,000 inputs are too many"),
        (represent, {"code": "gray"}, "unknown code 'gray'; use one of signs, polynomials"),
        (represent, {"code": "polynomials"}, "give neurons for a code of signs, and none"),
        (represent, {"active": 0}, "active must lie between 1 and the 5 inputs, not 0"),
        (represent, {"draws": 0}, "neurons and draws must be 1 or more"),
        (deterministic, {"active": 6}, "active must lie between 2 and the 5 inputs, not 6"),
        (deterministic, {"inputs": 60000}, "60,000 inputs and 1,799,970,000 outputs are too many"),
        (deterministic, {"inputs": 10**6, "pairs": [(0, 1)]}, "weights other than 0, more than"),
        (deterministic, {"pairs": [(1, 1)]}, "a pair needs two different inputs"),
    ],
)
def test_bad_arguments(build: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(**changes)


def test_too_few_neurons_are_no_network() -> None:
    with pytest.raises(ProofError, match="no exact network of 3 neurons was found for a permut"):
        superposed_permutation(range(12), 3, 2, method="closed-form", draws=2)
    with pytest.raises(ProofError, match="no exact code of 3 neurons was found for 12 inputs"):
        represented(12, 2, 3, draws=2)
    with pytest.raises(ProofError, match="too large to be stored exactly"):
        linear_network([np.eye(2), np.full((2, 2), 2.0**53)], 1, 0.5)
