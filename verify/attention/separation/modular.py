"""Exact solutions of integer linear systems by lifting modulo a prime."""

from __future__ import annotations

import math

import numpy as np

#: Primes below 2^25: products of residues, summed, stay below 2^63.
PRIMES = (33554393, 33554383, 33554371)
#: Bits of a residue.
RESIDUE = 25


def solve_exactly(matrix: np.ndarray, right: np.ndarray) -> tuple[list[int], int] | None:
    """Solve ``matrix @ solution = right`` over the rationals, by p-adic lifting.

    Args:
        matrix: integers (n, n), of any size (objects).
        right: integers (n,).

    Returns:
        Numerators and a common positive denominator; None where the matrix is singular (or is so
        modulo several primes). The solution is checked exactly.

    Source: J. D. Dixon, Exact solution of linear equations using p-adic expansions, Numerische
    Mathematik 40, 1982.
    """
    for prime in PRIMES:
        inverse = _inverse(np.asarray(matrix % prime, dtype=np.int64), prime)
        if inverse is not None:
            return _lift(matrix, right, inverse, prime)
    return None


def _inverse(matrix: np.ndarray, prime: int) -> np.ndarray | None:
    """The inverse modulo the prime, by elimination; None where there is none."""
    n = len(matrix)
    work = np.concatenate([matrix, np.eye(n, dtype=np.int64)], axis=1)
    for k in range(n):
        candidates = np.flatnonzero(work[k:, k])
        if not len(candidates):
            return None
        best = k + int(candidates[0])
        work[[k, best]] = work[[best, k]]
        work[k] = work[k] * pow(int(work[k, k]), -1, prime) % prime
        factors = work[:, k].copy()
        factors[k] = 0
        used = np.flatnonzero(factors)
        work[used, k:] = (work[used, k:] - factors[used, None] * work[k, k:]) % prime
    return work[:, n:]


def _lift(
    matrix: np.ndarray, right: np.ndarray, inverse: np.ndarray, prime: int
) -> tuple[list[int], int] | None:
    wide = max(abs(int(v)).bit_length() for v in matrix.flat)
    wide += RESIDUE + len(matrix).bit_length()
    narrow = wide <= 61
    small = matrix.astype(np.int64) if narrow else matrix
    digits: list[np.ndarray] = []
    rest = right.astype(object)
    steps = math.ceil(_size(matrix, right) / math.log2(prime)) + 2
    for _ in range(steps):
        if narrow and rest.dtype == object and max(abs(int(v)) for v in rest) < 1 << 61:
            rest = rest.astype(np.int64)
        residue = np.asarray(rest % prime, dtype=np.int64)
        digit = _modular_product(inverse, residue, prime)
        digits.append(digit)
        rest = (rest - small @ digit) // prime
    # in halves, so that most products are of short integers
    powers: list[list[int]] = [digit.tolist() for digit in digits]
    base = prime
    while len(powers) > 1:
        pairs = [powers[k : k + 2] for k in range(0, len(powers), 2)]
        powers = [
            [a + base * b for a, b in zip(*pair, strict=True)] if len(pair) == 2 else pair[0]
            for pair in pairs
        ]
        base *= base
    values = powers[0]
    return _reconstruct(matrix, right, values, prime**steps)


def _modular_product(inverse: np.ndarray, vector: np.ndarray, prime: int) -> np.ndarray:
    """A product modulo the prime; rows are cut so that no sum passes 2^63."""
    most = 1 << (62 - 2 * RESIDUE)
    total = np.zeros(len(inverse), dtype=np.int64)
    for start in range(0, len(vector), most):
        part = slice(start, start + most)
        total = (total + inverse[:, part] @ vector[part]) % prime
    return total


def _size(matrix: np.ndarray, right: np.ndarray) -> float:
    """Bits of twice the square of the largest numerator or denominator (Cramer, Hadamard)."""
    columns = [math.log2(max(math.isqrt(int((c * c).sum())) + 1, 2)) for c in matrix.T]
    last = math.log2(max(math.isqrt(int((right * right).sum())) + 1, 2))
    # a numerator has the right side in place of a column
    return 2 * (sum(columns) + max(last - min(columns), 0.0)) + 2


def _reconstruct(
    matrix: np.ndarray, right: np.ndarray, values: list[int], modulus: int
) -> tuple[list[int], int] | None:
    """Numerators over one denominator that agree with the values modulo the modulus."""
    half = modulus // 2
    bound = math.isqrt(half)
    denominator = 1
    numerators: list[int] = []
    for value in values:
        reduced = value * denominator % modulus
        if reduced > half:
            reduced -= modulus
        if abs(reduced) > bound:
            found = _fraction(reduced % modulus, modulus, bound)
            if found is None:
                return None
            reduced, factor = found
            denominator *= factor
            numerators = [n * factor for n in numerators]
        numerators.append(reduced)
    exact = matrix.astype(object) @ np.array(numerators, dtype=object)
    if any(left != r * denominator for left, r in zip(exact, right, strict=True)):
        return None
    return numerators, denominator


def _fraction(value: int, modulus: int, bound: int) -> tuple[int, int] | None:
    """a / b = value modulo the modulus with |a| <= bound, by Euclid's algorithm."""
    before, now = (modulus, 0), (value, 1)
    while now[0] > bound:
        quotient = before[0] // now[0]
        before, now = now, (before[0] - quotient * now[0], before[1] - quotient * now[1])
    if now[1] == 0:
        return None
    return (now[0], now[1]) if now[1] > 0 else (-now[0], -now[1])
