"""Counting bounds against direct enumeration, published vectors and exact integers."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.theory.counting import (
    Cardinality,
    binomial,
    factorial,
    labelled_distinct_ands,
    neurons_free,
    neurons_square,
    permutations,
    power,
    relevant_ands,
)
from superproof.theory.errors import RegimeError


def whole_bits(number: Fraction) -> int:
    """Least B with 2^B >= number, by plain integers."""
    return max(0, (math.ceil(number) - 1).bit_length())


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), *itertools.product((3, 4, 5), (1, 2, 3))])
def test_labelled_ands_are_the_injective_assignments(inputs: int, outputs: int) -> None:
    pairs = list(itertools.combinations(range(inputs), 2))
    functions = set()
    for chosen in itertools.permutations(pairs, outputs):
        # the function itself, as its table over inputs with exactly two ones
        functions.add(tuple(tuple(pair == own for own in chosen) for pair in pairs))
    assert labelled_distinct_ands(inputs, outputs).exact() == len(functions)


@pytest.mark.parametrize(("outputs", "wrong"), [(o, w) for o in (1, 2, 3) for w in range(o + 1)])
def test_no_network_serves_more_relevant_functions_than_counted(outputs: int, wrong: int) -> None:
    pairs = range(3)
    answers = list(itertools.product([False, True], repeat=outputs))
    functions = list(itertools.permutations(pairs, outputs))
    served_most = 0
    for table in itertools.product(answers, repeat=3):
        served = 0
        for own in functions:
            right = sum(
                table[own[j]] == tuple(i == j for i in range(outputs)) for j in range(outputs)
            )
            served += right >= outputs - wrong
        served_most = max(served_most, served)
    needed = relevant_ands(3, outputs, wrong).exact()
    assert Fraction(len(functions), served_most) >= needed


@pytest.mark.parametrize(("inputs", "wrong"), [(1, 0), (3, 0), (3, 1), (4, 1), (4, 2), (4, 4)])
def test_no_table_serves_more_permutations_than_counted(inputs: int, wrong: int) -> None:
    served_most = max(
        sum(
            sum(a != b for a, b in zip(table, wanted, strict=True)) <= wrong
            for wanted in itertools.permutations(range(inputs))
        )
        for table in itertools.product(range(inputs), repeat=inputs)
    )
    needed = permutations(inputs, wrong).exact()
    assert Fraction(math.factorial(inputs), served_most) >= needed


# 77,795 and the like are these logarithms rounded to the nearest integer
VECTORS = [
    (permutations(1024), 8769, (94, 33, 23)),
    (permutations(1024, 102), 7757, None),
    (permutations(4096), 43250, (208, 74, 52)),
    (permutations(10**6), 18_488_885, (4300, 1520, 1075)),
    (labelled_distinct_ands(1024, 4096), 77_795, (279, 99, 70)),
    (relevant_ands(1024, 4096), 49_129, None),
    (relevant_ands(1024, 4096, 409), 41_748, None),
    (labelled_distinct_ands(10**4, 10**6), 25_560_755, (5056, 1787, 1264)),
    (relevant_ands(10**4, 10**6), 19_917_043, None),
    (relevant_ands(10**4, 10**6, 10**5), 17_318_097, None),
]


@pytest.mark.parametrize(("number", "rounded", "neurons"), VECTORS)
def test_reference_vectors(
    number: Cardinality, rounded: int, neurons: tuple[int, int, int] | None
) -> None:
    low, high = number.log2()
    assert 0 <= high - low < Fraction(1, 10**20)
    assert round(low) == round(high) == rounded
    assert number.bits() == math.ceil(low)
    if neurons is not None:
        assert tuple(neurons_square(number.bits(), b) for b in (1, 8, 16)) == neurons


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(-2, 2)), max_size=3),
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(-9, 9)), max_size=3),
)
def test_logarithm_encloses_the_exact_number(
    factorials: list[tuple[int, int]], powers: list[tuple[int, int]]
) -> None:
    number = Cardinality(tuple(factorials), tuple(powers))
    exact = number.exact()
    direct = math.prod((Fraction(math.factorial(k)) ** e for k, e in factorials), start=Fraction(1))
    direct *= math.prod((Fraction(k) ** e for k, e in powers), start=Fraction(1))
    assert exact == direct
    low, high = number.log2()
    with mpmath.workprec(400):  # far finer than the enclosure
        logarithm = mpmath.log(exact.numerator, 2) - mpmath.log(exact.denominator, 2)
        assert mpmath.mpf(low.numerator) / low.denominator <= logarithm + mpmath.mpf(2) ** -300
        assert mpmath.mpf(high.numerator) / high.denominator >= logarithm - mpmath.mpf(2) ** -300
    assert high - low < Fraction(1, 10**25)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 40), st.integers(1, 60), st.integers(0, 60))
def test_bits_are_the_least_integer(inputs: int, outputs: int, wrong: int) -> None:
    outputs = min(outputs, math.comb(inputs, 2))
    wrong = min(wrong, outputs)
    for number in (labelled_distinct_ands(inputs, outputs), relevant_ands(inputs, outputs, wrong)):
        assert number.bits() == whole_bits(number.exact())


@pytest.mark.parametrize(
    ("number", "bits"),
    [
        (factorial(0), 0),
        (factorial(2), 1),
        (power(2, 100), 100),
        (power(2, 100) * power(3, 1) / power(3, 1), 100),
        (power(4, 3) / power(2, 7), 0),
        (power(2, 600) / (factorial(300) / factorial(299)) * power(300, 1), 600),
        (binomial(5, 2), 4),
    ],
)
def test_powers_of_two_are_decided_exactly(number: Cardinality, bits: int) -> None:
    assert number.bits() == bits


def test_huge_numbers_are_not_written_out_by_accident() -> None:
    with pytest.raises(RegimeError, match="bits"):
        factorial(10**7).exact()
    assert factorial(10**7).bits() == 218_108_030


@given(st.integers(0, 10**30), st.integers(1, 64), st.integers(1, 5))
def test_square_width_is_the_least(bits: int, weight_bits: int, layers: int) -> None:
    n = neurons_square(bits, weight_bits, layers)
    assert weight_bits * layers * (n * n + n) >= bits
    assert n == 0 or weight_bits * layers * ((n - 1) * n) < bits


@given(st.integers(0, 10**9), st.integers(1, 500), st.integers(1, 500), st.integers(1, 64))
def test_free_width_is_the_least(bits: int, inputs: int, outputs: int, weight_bits: int) -> None:
    n = neurons_free(bits, inputs, outputs, weight_bits)

    def held(width: int) -> int:
        return weight_bits * (width * (inputs + outputs + 1) + outputs)

    assert held(n) >= bits
    assert n == 0 or held(n - 1) < bits


def test_more_outputs_need_more_bits() -> None:
    needed = [labelled_distinct_ands(12, outputs).bits() for outputs in range(1, 66)]
    assert needed == sorted(needed)
    allowed = [relevant_ands(12, 40, wrong).bits() for wrong in range(10)]
    assert allowed == sorted(allowed, reverse=True)
    assert all(a < b for a, b in itertools.pairwise(permutations(m).bits() for m in range(3, 60)))
