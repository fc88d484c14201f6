"""Networks that meet the upper bounds, built and run on every input of their domain."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from superproof.theory import RegimeError
from superproof.theory.concentration import plain_code_density
from superproof.theory.free_reads import crossing

from .direct import checks, value


def _all_tuples_read(code: np.ndarray, arity: int, active: int) -> bool:
    """Whether sums of sign columns, against one level, find all ANDs of this arity."""
    neurons, inputs = code.shape
    tau = Fraction(1, crossing(active, arity))
    level = arity * neurons * (1 - (active - 1) * tau)
    own = list(itertools.combinations(range(inputs), arity))
    reads = np.stack([code[:, list(members)].sum(axis=1) for members in own])
    for size in range(active + 1):
        for chosen in itertools.combinations(range(inputs), size):
            shifted = np.maximum(code[:, list(chosen)].sum(axis=1) + active, 0)
            found = reads @ shifted - active * reads.sum(axis=1)
            wanted = [set(members) <= set(chosen) for members in own]
            if [Fraction(int(f)) >= level for f in found] != wanted:
                return False
    return True


@pytest.mark.parametrize(("inputs", "arity", "active"), [(7, 2, 2), (6, 2, 3), (6, 3, 3)])
@checks("k-and-sign-reads")
def test_sign_reads(inputs: int, arity: int, active: int) -> None:
    sizes = {"inputs": inputs, "outputs": 1, "arity": arity, "active": active}
    neurons = value("k-and-sign-reads", **sizes, failure_odds=10)
    failed = sum(
        not _all_tuples_read(
            np.random.default_rng(seed).choice([-1, 1], size=(neurons, inputs)), arity, active
        )
        for seed in range(12)
    )
    assert failed < 9  # at most one in ten: 9 of 12 has a probability below 1e-6


@checks("pairwise-and-sign-reads")
def test_small_overlaps_are_enough() -> None:
    inputs, active = 6, 2
    tau, both = Fraction(1, crossing(active, 2)), set()
    for seed in range(60):
        code = np.random.default_rng(seed).choice([-1, 1], size=(90, inputs))
        overlaps = np.abs(code.T @ code) - 90 * np.eye(inputs, dtype=int)
        small = bool(overlaps.max() < tau * 90)
        both.add(small)
        if small:
            assert _all_tuples_read(code, 2, active)
    assert both == {True, False}
    # the width is the least at which the union bound allows 1/K
    for odds in (2, 50):
        sizes = {"inputs": inputs, "outputs": 3, "active": active, "failure_odds": odds}
        n = value("pairwise-and-sign-reads", **sizes)
        events = inputs * (inputs - 1) * odds
        assert events * math.exp(-n / 50) <= 1 < events * math.exp(-(n - 1) / 50)


@pytest.mark.parametrize("inputs", [2, 3, 9, 14])
@checks("pairwise-and-four-real")
def test_four_real_neurons(inputs: int) -> None:
    neurons = value("pairwise-and-four-real", inputs=inputs, outputs=1)
    angles = 2 * np.pi * (np.arange(inputs) + 0.25) / inputs
    points = np.stack([np.cos(angles), np.sin(angles), np.cos(2 * angles), np.sin(2 * angles)])
    assert len(points) == neurons
    for a, b in itertools.combinations(range(inputs), 2):
        # g = (1 - cos(x - a))(1 - cos(x - b)) = G - <f, p>, written out by product formulas
        u, w = angles[a], angles[b]
        mean = 1 + np.cos(u - w) / 2
        f = -np.array(
            [-np.cos(u) - np.cos(w), -np.sin(u) - np.sin(w), np.cos(u + w) / 2, np.sin(u + w) / 2]
        )
        g = (1 - np.cos(angles - u)) * (1 - np.cos(angles - w))
        assert np.allclose(g, mean - f @ points)
        others = []
        for size in range(3):
            for chosen in itertools.combinations(range(inputs), size):
                hidden = np.maximum(points[:, list(chosen)].sum(axis=1) + 2, 0)
                read = f @ hidden - 2 * f.sum()
                if chosen == (a, b):
                    own = read
                else:
                    others.append(read)
        assert own > max(others) + 1e-6
    with pytest.raises(RegimeError, match="active = 2"):
        value("pairwise-and-four-real", inputs=5, outputs=1, active=3)


@pytest.mark.parametrize(("inputs", "arity", "active"), [(5, 2, 3), (6, 3, 4), (4, 1, 2)])
@checks("k-and-one-each")
def test_one_neuron_an_and(inputs: int, arity: int, active: int) -> None:
    own = list(itertools.combinations(range(inputs), arity))
    sizes = {"inputs": inputs, "outputs": len(own), "arity": arity, "active": active}
    assert value("k-and-one-each", **sizes) == len(own)
    if arity == 2:
        assert value("pairwise-and-one-each", inputs=inputs, outputs=len(own)) == len(own)
    for size in range(active + 1):
        for chosen in itertools.combinations(range(inputs), size):
            hidden = [max(0, len(set(t) & set(chosen)) - (arity - 1)) for t in own]
            assert [h >= 1 for h in hidden] == [set(t) <= set(chosen) for t in own]


@checks("pairwise-and-one-each")
def test_one_neuron_a_pair_is_the_case_of_two() -> None:
    assert value("pairwise-and-one-each", inputs=5, outputs=7) == 7


def _plain_code_is_right(code: np.ndarray, tuples: list[tuple[int, ...]], active: int) -> bool:
    _neurons, inputs = code.shape
    arity = len(tuples[0])
    shared = [code[:, list(t)].all(axis=1) for t in tuples]
    for size in range(active + 1):
        for chosen in itertools.combinations(range(inputs), size):
            hidden = np.maximum(code[:, list(chosen)].sum(axis=1) - (arity - 1), 0)
            for members, own in zip(tuples, shared, strict=True):
                if (hidden[own].sum() >= own.sum()) != (set(members) <= set(chosen)):
                    return False
    return True


@pytest.mark.parametrize(("inputs", "arity", "active"), [(7, 2, 2), (6, 2, 3), (6, 3, 3)])
@checks("k-and-plain-code")
def test_random_codes_of_the_proved_width_rarely_fail(inputs: int, arity: int, active: int) -> None:
    tuples = list(itertools.combinations(range(inputs), arity))[:6]
    sizes = {"inputs": inputs, "outputs": len(tuples), "active": active, "failure_odds": 10}
    neurons = value("k-and-plain-code", **sizes, arity=arity)
    p = float(plain_code_density(active - arity + 1, arity))
    failed = sum(
        not _plain_code_is_right(
            (np.random.default_rng(seed).random((neurons, inputs)) < p).astype(int), tuples, active
        )
        for seed in range(20)
    )
    assert failed < 11  # at most one in ten: 11 of 20 has a probability below 1e-6


@checks("pairwise-and-plain-code")
def test_the_union_bound_by_exact_probabilities() -> None:
    # one intruder: the chance that it covers all shared neurons is exactly (1 - p^2 (1-p))^n
    inputs, outputs, odds = 30, 200, 10
    n = value("pairwise-and-plain-code", inputs=inputs, outputs=outputs, failure_odds=odds)
    base = 1 - Fraction(333 * 667 * 667, 1000**3)  # density 667/1000
    assert plain_code_density(1) == Fraction(667, 1000)
    failure = outputs * (inputs - 2)
    assert failure * base**n <= Fraction(1, odds) < failure * base ** (n - 1)


@pytest.mark.parametrize("items", [3, 7, 40])
@checks("permutation-graph-circle", "permutation-graph-circle-gap")
def test_the_circle(items: int) -> None:
    order = np.random.default_rng(items).permutation(items)
    angle = 2 * np.pi * np.arange(items) / items
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert circle.shape[1] == value("permutation-graph-circle", items=items, embedding_dim=items)
    scores = circle[order] @ circle.T
    edge = np.zeros((items, items), dtype=bool)
    edge[np.arange(items), order] = True
    gap = value("permutation-graph-circle-gap", items=items)
    assert math.isclose(scores[edge].min() - scores[~edge].max(), float(gap.middle), rel_tol=1e-9)


@checks("permutation-graph-one-edge-heads")
def test_one_edge_heads_for_a_permutation() -> None:
    generator = np.random.default_rng(8)
    vectors = generator.normal(size=(6, 2))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = generator.permutation(6)
    heads = [np.outer(vectors @ vectors[i], vectors @ vectors[j]) for i, j in enumerate(order)]
    assert len(heads) == value("permutation-graph-one-edge-heads", items=6, embedding_dim=2)
    best = np.max(heads, axis=0)
    edge = np.zeros((6, 6), dtype=bool)
    edge[np.arange(6), order] = True
    assert best[edge].min() > best[~edge].max() + 1e-9


# where half of the permutations were separable, by the notes: m ln m / d^2 = 0.96 to 0.90
@pytest.mark.parametrize(("dim", "constant"), [(12, 0.96), (16, 0.94), (24, 0.91), (32, 0.90)])
@checks("one-head-half-point")
def test_the_half_point_of_one_head(dim: int, constant: float) -> None:
    items = next(m for m in range(2, 1000) if m * math.log(m) >= constant * dim * dim)
    found = value("one-head-half-point", items=items)
    assert float(found.low) <= dim * 1.02
    assert dim * 0.98 <= float(found.high)
