"""Theorem 1 against evaluation of every sparse input, in both directions."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.engines import plain_code
from superproof.verify.engines.criterion import slacks, violated_outputs, weakest_points


def largest_false_sums(code: list[list[int]], tuples: list[tuple[int, ...]], active: int) -> list:
    """Per output: |K|, the largest sum on an inactive tuple, and whether any input reads wrong.

    Follows the definition of the plain network with Python integers, one input at a time.
    """
    neurons, inputs = len(code), len(code[0])
    results = []
    for members in tuples:
        shared = [i for i in range(neurons) if all(code[i][a] for a in members)]
        largest, wrong = 0, False
        for ones in range(active + 1):
            for support in itertools.combinations(range(inputs), ones):
                total = 0
                for i in shared:
                    total += max(0, sum(code[i][c] for c in support) - (len(members) - 1))
                true = set(members) <= set(support)
                wrong |= (total >= len(shared)) != true
                if not true:
                    largest = max(largest, total)
        results.append((len(shared), largest, wrong))
    return results


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    inputs = draw(st.integers(2, 6))
    neurons = draw(st.integers(1, 7))
    arity = draw(st.integers(1, min(3, inputs)))
    code = np.array(
        draw(
            st.lists(
                st.lists(st.integers(0, 1), min_size=inputs, max_size=inputs),
                min_size=neurons,
                max_size=neurons,
            )
        )
    )
    tuples = list(itertools.combinations(range(inputs), arity))
    chosen = draw(st.lists(st.sampled_from(tuples), min_size=1, max_size=4, unique=True))
    return code, np.array(chosen), draw(st.integers(0, inputs))


@settings(max_examples=1500, deadline=None)
@given(cases())
def test_criterion_is_sound_and_complete(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    code, tuples, active = case
    expected = largest_false_sums(code.tolist(), [tuple(row) for row in tuples.tolist()], active)
    slack = slacks(code, tuples, active)
    assert slack.tolist() == [size - largest for size, largest, _ in expected]
    wrong = [j for j, (_, _, is_wrong) in enumerate(expected) if is_wrong]
    assert violated_outputs(code, tuples, active).tolist() == wrong


def test_both_verdicts_occur_on_random_codes() -> None:
    rng = np.random.default_rng(5)
    seen: Counter[bool] = Counter()
    for _ in range(2000):
        inputs, neurons = int(rng.integers(3, 6)), int(rng.integers(4, 16))
        active = int(rng.integers(2, 4))
        code = (rng.random((neurons, inputs)) < (0.6 if active == 2 else 0.35)).astype(int)
        tuples = np.array([rng.choice(inputs, 2, replace=False)])
        (_, _, wrong), *_ = largest_false_sums(code.tolist(), tuples.tolist(), active)
        assert (violated_outputs(code, tuples, active).size > 0) == wrong
        seen[wrong] += 1
    assert min(seen[True], seen[False]) > 300


def test_weakest_points_attain_the_slack() -> None:
    rng = np.random.default_rng(1)
    code = rng.random((40, 12)) < 0.4
    tuples = np.array(list(itertools.combinations(range(12), 2)))
    for active in (2, 3, 5):
        slack, intruding = weakest_points(code, tuples, active)
        assert intruding.shape == (66, active - 1)
        for j, (a, b) in enumerate(tuples):
            x = np.zeros(12, dtype=int)
            x[a] = 1
            x[intruding[j]] = 1
            assert x.sum() == active
            assert x[b] == 0
            shared = code[:, a] & code[:, b]
            total = np.maximum(code.astype(int) @ x - 1, 0)[shared].sum()
            assert slack[j] == shared.sum() - total


def test_blocks_agree_with_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    code = rng.random((30, 20)) < 0.5
    tuples = np.array(list(itertools.combinations(range(20), 2)))
    whole = slacks(code, tuples, 3)
    monkeypatch.setattr("superproof.verify.engines.plain_code.BLOCK", 7)
    assert (slacks(code, tuples, 3) == whole).all()


def test_products_of_float32_are_not_used_beyond_their_exact_range() -> None:
    """2^24 + 1 ones cannot be counted in float32."""
    starts = np.zeros(plain_code.EXACT_ONES + 2, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    for height, used in ((plain_code.EXACT_ONES, True), (plain_code.EXACT_ONES + 1, False)):
        code = plain_code.PlainCode(
            2,
            plain_code.Rows(starts[: height + 1], none),
            plain_code.Rows(np.zeros(2, dtype=np.int64), none),
            plain_code.Rows(np.array([0, 1]), np.array([0])),
        )
        assert code._uses_product is used
