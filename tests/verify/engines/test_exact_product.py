"""Exact integer products against Python integers, at every size of numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.engines.superposition.exact_product import (
    DOUBLE,
    SINGLE,
    exact_product,
    float_type,
    reach,
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 70), st.integers(0, 40))
def test_products_are_exact(seed: int, left_bits: int, right_bits: int) -> None:
    rng = np.random.default_rng(seed)
    rows, terms, columns = rng.integers(1, 6, 3)

    def matrix(shape: tuple[int, int], bits: int) -> np.ndarray:
        drawn = rng.integers(-(2**31), 2**31, shape).astype(object)
        exact = np.asarray(drawn * 2**bits >> 31)
        return exact.astype(np.int64) if bits < 62 else exact

    left, right = matrix((rows, terms), left_bits), matrix((terms, columns), right_bits)
    product = exact_product(left, right)
    assert (product.astype(object) == left.astype(object) @ right.astype(object)).all()
    assert reach(left) == max(sum(abs(int(x)) for x in row) for row in left)


def test_the_largest_sums_of_each_float_type_are_still_exact() -> None:
    for limit, kind in ((SINGLE, np.float32), (DOUBLE, np.float64)):
        assert float_type(limit - 1) is kind
        assert float_type(limit) is not kind
        row = np.array([[limit // 2, limit // 2 - 1]])
        assert exact_product(row, np.ones((2, 1), dtype=np.int64)) == limit - 1
        assert exact_product(row + 1, np.ones((2, 1), dtype=np.int64)) == limit + 1


def test_empty_products_are_zero() -> None:
    empty = np.zeros((2, 0), dtype=np.int64)
    assert (exact_product(empty, empty.T) == np.zeros((2, 2))).all()
    assert reach(np.zeros((0, 3), dtype=np.int64)) == 0
