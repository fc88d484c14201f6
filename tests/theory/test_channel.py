"""The channel for disjoint pairs, built and run on every input with at most two ones."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from superproof.theory import RegimeError, lookup
from superproof.theory.channel import (
    CLEAN,
    ONE_SHOT,
    channel_choice,
    channel_failure,
    channel_width,
    row_sum,
)
from superproof.theory.enclosure import enclose

from .direct import checks


def balanced_graph(neurons: int, edges: int) -> list[tuple[int, int]]:
    """A simple graph of least degree: chords of a circle, first those that meet nowhere."""
    chords = [
        (i, (i + step) % neurons)
        for step in range(1, (neurons + 1) // 2)
        for start in (0, 1)
        for i in range(start, neurons - neurons % 2, 2)
    ]
    return chords[:edges]


def _draw(
    inputs: int, edges: list[tuple[int, int]], rows: int, seed: int
) -> tuple[float, bool, bool]:
    """Largest |delta| of one draw, and whether one-shot and clean reads are right everywhere."""
    generator = np.random.default_rng(seed)
    outputs = len(edges)
    members = generator.permutation(inputs)[: 2 * outputs].reshape(outputs, 2)
    feeds = np.zeros((rows, inputs), dtype=np.int64)
    for (a, b), (r, s) in zip(members, edges, strict=True):
        feeds[np.ix_([r, s], [a, b])] = 1
    code = generator.choice([-1, 1], size=(rows, inputs)).astype(np.int64)
    single = feeds @ (code.T @ code)  # W C: what each input sends to the neurons
    worst, one_shot, clean = 0.0, True, True
    ends = np.array(edges)
    for size in range(3):
        for chosen in itertools.combinations(range(inputs), size):
            active = list(chosen)
            reached = single[:, active].sum(axis=1)  # n (N + delta), in integers
            counts = feeds[:, active].sum(axis=1)
            worst = max(worst, float(np.abs(reached / rows - counts).max()))
            wanted = np.isin(members, active).all(axis=1)
            hidden = np.maximum(reached - rows, 0)
            one_shot &= bool(((2 * hidden[ends].sum(axis=1) > 3 * rows) == wanted).all())
            above = reached - 3 * rows // 2 - 1
            state = np.maximum(above + 1, 0) - np.maximum(above, 0)
            clean &= bool(((state[ends].sum(axis=1) == 2) == wanted).all())
    return worst, one_shot, clean


@pytest.mark.parametrize(
    ("neurons", "edges"), [(9, 4), (9, 9), (9, 14), (10, 23), (8, 24), (50, 3)]
)
def test_rows_are_as_full_as_stated(neurons: int, edges: int) -> None:
    graph = balanced_graph(neurons, edges)
    assert len({frozenset(edge) for edge in graph}) == edges
    degrees = [sum(r in edge for edge in graph) for r in range(neurons)]
    if neurons % 2 == 0:
        assert 2 * max(degrees) == row_sum(edges, neurons)
    assert 2 * max(degrees) >= row_sum(edges, neurons)


@checks("single-use-and-one-shot", "single-use-and-clean")
def test_draws_of_the_proved_width_rarely_fail() -> None:
    inputs, outputs = 7, 3
    for name, rows_of, which in (("one-shot", 1, 1), ("clean", 2, 2)):
        (bound,) = lookup(f"single-use-and-{name}")
        neurons = bound.evaluate(inputs=inputs, outputs=outputs, failure_odds=10)
        rows = neurons // rows_of
        graph = balanced_graph(rows, outputs)
        draws = [_draw(inputs, graph, rows, seed) for seed in range(12)]
        # at most 1 in 10 each: 9 or more of 12 has a probability below 1e-6
        assert sum(not draw[which] for draw in draws) < 9


def test_small_noise_is_enough_and_the_failure_bound_holds() -> None:
    # the six edges of four neurons: every two outputs share as many as they may
    inputs, crowded = 13, list(itertools.combinations(range(4), 2))
    seen = set()
    for rows in (60, 150, 400):
        for seed in range(40):
            worst, one_shot, clean = _draw(inputs, crowded, rows, seed)
            assert one_shot or worst >= ONE_SHOT
            assert clean or worst >= CLEAN
            seen |= {("one-shot", one_shot), ("clean", clean)}
    assert len(seen) == 4  # sizes where both happen
    outputs = 5
    for rows in (150, 300):
        logarithm, tau = channel_choice(rows, inputs, outputs, CLEAN)
        found = enclose(lambda n=rows, t=tau: channel_failure(n, inputs, outputs, CLEAN, t))
        assert math.isclose(math.log(found.middle), logarithm, abs_tol=1e-9)
        share = min(1.0, float(found.high))
        graph = balanced_graph(rows, outputs)
        failed = sum(_draw(inputs, graph, rows, seed)[0] >= CLEAN for seed in range(40))
        assert failed <= 40 * share + 5 * math.sqrt(40 * share * (1 - share)) + 1


def test_the_width_is_least_and_grows_with_every_demand() -> None:
    for inputs, outputs, odds in ((20, 10, 2), (5000, 2000, 7), (10**6, 1, 2)):
        for noise in (ONE_SHOT, CLEAN):
            rows = channel_width(inputs, outputs, odds, noise)
            _, tau = channel_choice(rows, inputs, outputs, noise)
            assert 0 < 2 * tau < noise
            found = enclose(
                lambda n=rows, m=inputs, k=outputs, e=noise, t=tau: channel_failure(n, m, k, e, t)
            )
            assert found.high <= Fraction(1, odds)
            assert channel_choice(rows - 1, inputs, outputs, noise)[0] > -math.log(odds)
            assert math.comb(rows, 2) >= outputs
            assert rows <= channel_width(inputs + 1, outputs, odds, noise)
            assert rows <= channel_width(2 * inputs, 2 * outputs, odds, noise)
            assert rows <= channel_width(inputs, outputs, 10 * odds, noise)


def test_fewer_neurons_than_outputs_at_large_sizes_only() -> None:
    (bound,) = lookup("single-use-and-clean")
    small, large = (bound.evaluate(inputs=2 * m, outputs=m) for m in (1000, 100_000))
    assert small > 1000
    assert large < 100_000
    with pytest.raises(RegimeError, match="no input is used twice"):
        bound.evaluate(inputs=9, outputs=5)
