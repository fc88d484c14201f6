"""Counting: how many functions a family holds, the bits that takes, and the neurons that hold them.

Numbers of functions are products of factorials and powers, kept in that form
(:class:`Cardinality`): exact when asked, and as a base-2 logarithm between two proved bounds
at any size. Proofs are in docs/theory.md, sections 1 to 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from mpmath import bernfrac, iv  # type: ignore[import-untyped]

from .enclosure import PRECISIONS, endpoints, interval_precision
from .errors import RegimeError

#: Factorials up to this argument are computed exactly, larger ones enclosed by Stirling's series.
EXACT_FACTORIAL = 256
#: Terms of Stirling's series; the first omitted one bounds the error.
STIRLING_TERMS = 24
#: Numbers with more bits than this are not written out unless a caller insists.
FEASIBLE_BITS = 1 << 24


@dataclass(frozen=True)
class Cardinality:
    """The positive rational ``prod k!^e * prod k^e``, over (k, e) pairs.

    Attributes:
        factorials: (k, exponent) pairs, k >= 0.
        powers: (k, exponent) pairs, k >= 1.
    """

    factorials: tuple[tuple[int, int], ...] = ()
    powers: tuple[tuple[int, int], ...] = ()

    def __mul__(self, other: Cardinality) -> Cardinality:
        return Cardinality(self.factorials + other.factorials, self.powers + other.powers)

    def __truediv__(self, other: Cardinality) -> Cardinality:
        return self * Cardinality(
            tuple((k, -e) for k, e in other.factorials), tuple((k, -e) for k, e in other.powers)
        )

    def exact(self, feasible_bits: int | None = FEASIBLE_BITS) -> Fraction:
        """The number itself, as a rational in lowest terms.

        Raises RegimeError when writing it out takes more than ``feasible_bits`` bits
        (None: no limit).
        """
        factorials, powers = _merged(self.factorials), _merged(self.powers)
        up = sorted((k for k, e in factorials for _ in range(e)), reverse=True)
        down = sorted((k for k, e in factorials for _ in range(-e)), reverse=True)
        # k!/j! is written out as a falling factorial, never as two factorials
        short = len(up) - len(down)
        ratios = list(zip(up + [0] * -short, down + [0] * short, strict=True))
        size = sum(abs(k - j) * max(k, j).bit_length() for k, j in ratios)
        size += sum(abs(e) * k.bit_length() for k, e in powers)
        if feasible_bits is not None and size > feasible_bits:
            raise RegimeError(f"the exact number takes some {size} bits; use log2() or bits()")
        top = math.prod(math.perm(k, k - j) for k, j in ratios if k > j)
        bottom = math.prod(math.perm(j, j - k) for k, j in ratios if k < j)
        top *= math.prod(k**e for k, e in powers if e > 0)
        bottom *= math.prod(k**-e for k, e in powers if e < 0)
        return Fraction(top, bottom)

    def log2(self, precision: int = 160) -> tuple[Fraction, Fraction]:
        """Proved lower and upper bounds of the base-2 logarithm, as exact rationals.

        ``precision`` is the working precision in bits; the bounds come from outward-rounded
        interval arithmetic (docs/theory.md, section 1).
        """
        with interval_precision(precision):
            total = iv.mpf(0)
            for k, e in _merged(self.factorials):
                total += e * _log_factorial(k, precision)
            for k, e in _merged(self.powers):
                total += e * iv.log(iv.mpf(k))
            total /= iv.log(iv.mpf(2))
            return endpoints(total)

    def bits(self) -> int:
        """The least integer B with ``2**B >=`` the number; 0 when the number is at most 1."""
        for precision in PRECISIONS:
            low, high = self.log2(precision)
            if math.ceil(low) == math.ceil(high):
                return max(math.ceil(low), 0)
        number = self.exact(None)  # a power of two, or very close to one
        return max(0, (math.ceil(number) - 1).bit_length())


def factorial(k: int) -> Cardinality:
    """k!"""
    return Cardinality(((k, 1),))


def power(k: int, exponent: int) -> Cardinality:
    """k**exponent, k >= 1."""
    return Cardinality((), ((k, exponent),))


def binomial(n: int, k: int) -> Cardinality:
    """The number of k-subsets of n things, 0 <= k <= n."""
    return factorial(n) / (factorial(k) * factorial(n - k))


def labelled_distinct_ands(inputs: int, outputs: int, arity: int = 2) -> Cardinality:
    """Number of ways to give each output its own ``arity``-subset of the inputs.

    It is ``M!/(M-outputs)!`` with ``M = C(inputs, arity)``, ``outputs <= M``.
    Source: docs/theory.md, section 2.
    """
    tuples = math.comb(inputs, arity)
    return factorial(tuples) / factorial(tuples - outputs)


def relevant_ands(inputs: int, outputs: int, wrong: int = 0) -> Cardinality:
    """Least number of networks that serve every choice of pairs on the relevant pairs only.

    A network is asked about the ``outputs`` pairs of its function and may answer ``wrong`` of
    them wrongly. The number is ``M!/(M-m')! / (C(m',t) (M/q)^q M^t)``, q = m'-t, t = wrong
    (at most m', and t < m' unless m' = 0). Source: docs/theory.md, section 2.
    """
    pairs, right = math.comb(inputs, 2), outputs - wrong
    served = binomial(outputs, wrong) * power(pairs, outputs)
    if right:
        served = served / power(right, right)
    return labelled_distinct_ands(inputs, outputs) / served


def permutations(inputs: int, wrong: int = 0) -> Cardinality:
    """Least number of networks that serve all permutations, ``wrong`` one-hot inputs excepted.

    It is ``(inputs - wrong)!``. Source: docs/theory.md, section 2.
    """
    return factorial(inputs - wrong)


def single_use_ands(inputs: int, outputs: int) -> Cardinality:
    """Number of ways to give each output its own pair, no input used twice.

    It is ``m! / ((m - 2 m')! 2^m')``, ``2 m' <= m``. Source: docs/theory.md, section 2.4.
    """
    return factorial(inputs) / (factorial(inputs - 2 * outputs) * power(2, outputs))


def star_ands(outputs: int) -> Cardinality:
    """Number of ways to AND one of m' + 1 inputs, the hub, with each other one at an own output.

    It is ``(m' + 1) m'!`` for two outputs or more, and 1 for one output, whose pair has no hub.
    Source: docs/theory.md, section 2.4.
    """
    return factorial(outputs) if outputs == 1 else power(outputs + 1, 1) * factorial(outputs)


def subset_permutations(inputs: int, error: Fraction) -> Cardinality:
    """Least number of networks that serve all permutations, right but for a share of v-subsets.

    It is ``(m - floor(4 error m))!``, and 1 where that is negative.
    Source: docs/theory.md, section 2.3.
    """
    return factorial(max(0, inputs - math.floor(4 * error * inputs)))


def sparse_weights(functions: Cardinality, neurons: int, weight_bits: int) -> int:
    """Least number of nonzero entries of an n x n matrix that can hold a family.

    The least P with ``C(n^2, P) 2^(weight_bits P)`` at least the number of functions. Raises
    RegimeError when even the full matrix is too small. Source: docs/theory.md, section 3.4.
    """
    places = neurons * neurons
    least = least_nonzeros(functions, places, 2**weight_bits)
    if least is None:
        raise RegimeError(
            f"{neurons} x {neurons} weights of {weight_bits} bits hold fewer than the "
            f"{functions.bits()} bits that are needed"
        )
    return least


def least_nonzeros(functions: Cardinality, places: int, values: int) -> int | None:
    """Least number of nonzero entries that can hold a family, whatever arrays the places form.

    The least P with ``C(places, P) values^P`` at least the number of functions, ``values``
    counting 0; None when even all places are too few. Source: docs/theory.md, section 3.4.
    """
    if not _at_most_one(functions / power(values, places)):
        return None

    def holds(count: int) -> bool:
        held = binomial(places, count) * power(values, count)
        return _at_most_one(functions / held)

    # beyond this many the product falls again, although fewer places are left empty
    low, high = -1, min(places, places * values // (values + 1) + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return int(high)


def _at_most_one(number: Cardinality) -> bool:
    return number.bits() == 0


def neurons_square(bits: int, weight_bits: int = 1, layers: int = 1) -> int:
    """Least n with ``weight_bits * layers * (n^2 + n) >= bits``.

    So many neurons a layer are needed when the function lives in ``layers`` square matrices
    with their biases, of ``weight_bits`` bits an entry. Source: docs/theory.md, section 3.
    """
    entries = -(-bits // (weight_bits * layers))
    n = max((math.isqrt(4 * entries + 1) - 1) // 2, 0)
    while n * n + n < entries:
        n += 1
    return n


def neurons_free(bits: int, inputs: int, outputs: int, weight_bits: int = 1) -> int:
    """Least n with ``weight_bits * (n (inputs + outputs + 1) + outputs) >= bits``.

    So many hidden neurons are needed when every weight and bias of an inputs-n-outputs network
    may depend on the function. Source: docs/theory.md, section 3.
    """
    entries = -(-bits // weight_bits) - outputs
    return max(0, -(-entries // (inputs + outputs + 1)))


def _merged(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    exponents: dict[int, int] = {}
    for k, e in pairs:
        exponents[k] = exponents.get(k, 0) + e
    return [(k, e) for k, e in sorted(exponents.items()) if e]


@lru_cache(maxsize=256)
def _log_factorial(k: int, precision: int) -> Any:
    """An interval that contains ln k!; the working precision is already ``precision``."""
    if k <= EXACT_FACTORIAL:
        return iv.log(iv.mpf(math.factorial(k)))
    # ln Gamma(x) = (x - 1/2) ln x - x + ln(2 pi)/2 + sum B_2j / (2j (2j-1) x^(2j-1)); for x > 0
    # the error after some terms has the sign of the next term and is no larger than it
    x = iv.mpf(k + 1)
    total = (x - iv.mpf(1) / 2) * iv.log(x) - x + iv.log(2 * iv.pi) / 2
    for j in range(1, STIRLING_TERMS + 1):
        total += _stirling_term(j, x)
    error = _stirling_term(STIRLING_TERMS + 1, x)
    return total + error * iv.mpf([0, 1])


def _stirling_term(j: int, x: Any) -> Any:
    numerator, denominator = map(int, bernfrac(2 * j))
    return iv.mpf(numerator) / (denominator * 2 * j * (2 * j - 1)) / x ** (2 * j - 1)
