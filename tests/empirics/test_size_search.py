from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.empirics.size_search import search_sizes, sufficient
from superproof.verify.errors import InputError


@given(st.integers(1, 200), st.floats(0.5, 300), st.integers(1, 4), st.integers(1, 5))
@settings(deadline=None)
def test_a_sharp_threshold_is_found(threshold: int, guess: float, step: int, seeds: int) -> None:
    asked: list[int] = []

    def run(sizes: Sequence[int]) -> dict[int, list[bool]]:
        asked.extend(sizes)
        return {size: [size >= threshold] * seeds for size in sizes}

    found = search_sizes(run, guess, high=400, step=step)
    least = -(-threshold // step) * step
    assert found.least == found.reliable == least
    assert len(asked) == len(set(asked)) <= 30
    assert all(size % step == 0 for size in asked)
    if found.fit is not None:
        assert found.half is not None
        assert least - step <= found.half <= least


def test_seeds_that_differ() -> None:
    thresholds = [10, 12, 15]

    def run(sizes: Sequence[int]) -> dict[int, list[bool]]:
        return {size: [size >= t for t in thresholds] for size in sizes}

    found = search_sizes(run, 11.0, high=64)
    assert (found.least, found.reliable) == (10, 15)
    rates = {rate.size: rate for rate in found.curve}
    assert rates[10].successes == 1
    assert rates[10].low < 1 / 3 < rates[10].high
    assert {9, 10, 14, 15} <= set(rates)
    assert found.half is not None
    assert 10 <= found.half <= 15


def test_ends_of_the_range() -> None:
    never = search_sizes(lambda sizes: {s: [False] for s in sizes}, 5.0, high=20)
    assert (never.least, never.reliable, never.fit) == (None, None, None)
    assert never.curve[-1].size == 20
    always = search_sizes(lambda sizes: {s: [True] for s in sizes}, 5.0, low=2, high=20)
    assert (always.least, always.reliable, always.fit) == (2, 2, None)


def test_coarse_resolution_tries_fewer_sizes() -> None:
    def run(sizes: Sequence[int]) -> dict[int, list[bool]]:
        return {size: [size >= 700] for size in sizes}

    fine = search_sizes(run, 1000.0, high=4000)
    coarse = search_sizes(run, 1000.0, high=4000, resolution=0.1)
    assert fine.least == 700
    assert coarse.least is not None
    assert 700 <= coarse.least <= 780
    assert len(coarse.curve) < len(fine.curve)


def test_success_that_is_not_monotone() -> None:
    found = sufficient({4: [False], 5: [True], 6: [False], 7: [True]})
    assert (found.least, found.reliable) == (5, 7)


def test_no_sizes() -> None:
    with pytest.raises(InputError, match="no multiples of 8 lie between 9 and 15"):
        search_sizes(lambda sizes: {}, 10.0, low=9, high=15, step=8)
