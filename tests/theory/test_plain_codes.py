"""Polynomial codes, built and checked on every input; primes against trial division."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from superproof.theory import RegimeError, lookup
from superproof.theory.plain_codes import (
    MILLER_RABIN_LIMIT,
    is_prime,
    polynomial_code,
    polynomial_code_neurons,
)

from .direct import checks


def test_primes() -> None:
    def trial(number: int) -> bool:
        return number > 1 and all(number % d for d in range(2, int(number**0.5) + 1))

    assert [n for n in range(-3, 3000) if is_prime(n)] == [n for n in range(3000) if trial(n)]
    # strong pseudoprimes to the first few prime bases
    assert not any(is_prime(n) for n in (2047, 1373653, 25326001, 3215031751, 3825123056546413051))
    assert is_prime(2**61 - 1)
    with pytest.raises(ValueError, match="too large to be tested"):
        is_prime(MILLER_RABIN_LIMIT)


@pytest.mark.parametrize(
    ("inputs", "active", "neurons"),
    [(1024, 2, 385), (1024, 3, 605), (1024, 4, 2040), (10**6, 2, 1768), (10**6, 3, 5313),
     (10**6, 4, 11774)],
)  # fmt: skip
def test_reference_sizes(inputs: int, active: int, neurons: int) -> None:
    assert polynomial_code_neurons(inputs, active) == neurons


def _code(inputs: int, q: int, g: int, points: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """The code matrix (neurons, inputs) and the values of every input's polynomial."""
    values = []
    for coefficients in itertools.islice(itertools.product(range(q), repeat=g), inputs):
        values.append(
            tuple(sum(c * e**i for i, c in enumerate(coefficients)) % q for e in range(points))
        )
    neurons = [(e, pair) for e in range(points) for pair in itertools.combinations(range(q), 2)]
    code = np.array([[values[a][e] in pair for a in range(inputs)] for e, pair in neurons])
    return code.astype(int), values


@pytest.mark.parametrize(("inputs", "active"), [(2, 2), (5, 2), (7, 3), (9, 2), (10, 4)])
@checks("pairwise-and-polynomial-code")
def test_polynomial_codes_compute_all_pairs(inputs: int, active: int) -> None:
    q, g, points = polynomial_code(inputs, active)
    code, values = _code(inputs, q, g, points)
    (bound,) = lookup("pairwise-and-polynomial-code")
    assert len(code) == bound.evaluate(inputs=inputs, outputs=1, active=active)
    neurons = [(e, pair) for e in range(points) for pair in itertools.combinations(range(q), 2)]
    where = {neuron: index for index, neuron in enumerate(neurons)}
    for a, b in itertools.combinations(range(inputs), 2):
        own = [
            where[e, tuple(sorted((u, w)))]
            for e, (u, w) in enumerate(zip(values[a], values[b], strict=True))
            if u != w
        ]
        assert own
        for size in range(active + 1):
            for chosen in itertools.combinations(range(inputs), size):
                hidden = np.maximum(code[own][:, list(chosen)].sum(axis=1) - 1, 0)
                assert (hidden.sum() >= len(own)) == ({a, b} <= set(chosen))


def test_wider_ands_have_their_bounds() -> None:
    (code,) = lookup("k-and-plain-code")
    (each,) = lookup("k-and-one-each")
    assert code.evaluate(inputs=500, outputs=5000, arity=3, active=3) < each.evaluate(
        inputs=500, outputs=5000, arity=3, active=3
    )
    with pytest.raises(RegimeError, match="inputs > arity"):
        code.evaluate(inputs=3, outputs=1, arity=3, active=3)
    with pytest.raises(RegimeError, match=r"outputs <= C\(inputs, arity\)"):
        each.evaluate(inputs=4, outputs=5, arity=3, active=3)
    with pytest.raises(RegimeError, match="active >= arity"):
        each.evaluate(inputs=4, outputs=4, arity=3, active=2)
