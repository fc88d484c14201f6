"""Exact solutions of integer systems, against fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.attention.separation import modular
from superproof.verify.attention.separation.modular import solve_exactly


def by_elimination(matrix: list[list[int]], right: list[int]) -> list[Fraction] | None:
    rows = [[Fraction(v) for v in [*row, r]] for row, r in zip(matrix, right, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = next((r for r in range(k, n) if rows[r][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for r in range(n):
            if r != k and rows[r][k]:
                factor = rows[r][k]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[k], strict=True)]
    return [row[-1] for row in rows]


@st.composite
def systems(draw: st.DrawFn) -> tuple[list[list[int]], list[int]]:
    n = draw(st.integers(1, 6))
    bound = draw(st.sampled_from([1, 3, 1 << 12, 1 << 40, 1 << 90]))
    entry = st.integers(-bound, bound)
    matrix = draw(st.lists(st.lists(entry, min_size=n, max_size=n), min_size=n, max_size=n))
    return matrix, draw(st.lists(entry, min_size=n, max_size=n))


@settings(max_examples=300, deadline=None)
@given(systems())
def test_against_elimination_in_fractions(system: tuple[list[list[int]], list[int]]) -> None:
    matrix, right = system
    expected = by_elimination(matrix, right)
    solved = solve_exactly(np.array(matrix, dtype=object), np.array(right, dtype=object))
    if expected is None:
        assert solved is None
        return
    assert solved is not None
    numerators, denominator = solved
    assert denominator > 0
    assert [Fraction(n, denominator) for n in numerators] == expected


def test_a_larger_system() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.integers(-(1 << 20), 1 << 20, (70, 70)).astype(object)
    right = rng.integers(-(1 << 30), 1 << 30, 70).astype(object)
    solved = solve_exactly(matrix, right)
    assert solved is not None
    numerators, denominator = solved
    assert list(matrix @ np.array(numerators, dtype=object)) == list(right * denominator)


def test_a_matrix_that_is_singular_modulo_the_first_prime() -> None:
    prime = modular.PRIMES[0]
    solved = solve_exactly(np.array([[prime]], dtype=object), np.array([3], dtype=object))
    assert solved is not None
    numerators, denominator = solved
    assert Fraction(numerators[0], denominator) == Fraction(3, prime)


@pytest.mark.parametrize("prime", modular.PRIMES)
def test_the_primes_are_primes(prime: int) -> None:
    assert prime < 1 << modular.RESIDUE
    assert all(prime % k for k in range(2, int(prime**0.5) + 1))


def test_a_right_side_longer_than_the_columns() -> None:
    large = 32_741_958_820_060_273_242_605
    matrix = [[0, large, 167], [1, 0, 0], [0, -1307, 0]]
    right = [0, 0, large]
    solved = solve_exactly(np.array(matrix, dtype=object), np.array(right, dtype=object))
    assert solved is not None
    numerators, denominator = solved
    for row, value in zip(matrix, right, strict=True):
        assert sum(a * n for a, n in zip(row, numerators, strict=True)) == value * denominator
