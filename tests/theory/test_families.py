"""Counts of further families against enumeration, and sparse matrices against direct counting."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.theory import RegimeError, lookup
from superproof.theory.attention import graphs
from superproof.theory.counting import (
    labelled_distinct_ands,
    neurons_square,
    power,
    single_use_ands,
    sparse_weights,
    star_ands,
    subset_permutations,
)


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (4, 1), (4, 2), (5, 2), (6, 3)])
def test_single_use_assignments(inputs: int, outputs: int) -> None:
    pairs = list(itertools.combinations(range(inputs), 2))
    found = sum(
        len({i for pair in chosen for i in pair}) == 2 * outputs
        for chosen in itertools.permutations(pairs, outputs)
    )
    assert single_use_ands(inputs, outputs).exact() == found


@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5])
def test_stars(outputs: int) -> None:
    functions = {
        tuple(frozenset((hub, leaf)) for leaf in leaves)
        for hub in range(outputs + 1)
        for leaves in itertools.permutations([i for i in range(outputs + 1) if i != hub])
    }
    assert star_ands(outputs).exact() == len(functions)


@pytest.mark.parametrize(("inputs", "arity", "outputs"), [(4, 3, 2), (5, 3, 2), (5, 4, 3)])
def test_wider_ands(inputs: int, arity: int, outputs: int) -> None:
    tuples = list(itertools.combinations(range(inputs), arity))
    found = len(list(itertools.permutations(tuples, outputs)))
    assert labelled_distinct_ands(inputs, outputs, arity).exact() == found


@pytest.mark.parametrize("edges", [1, 2, 5, 9])
@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_graphs_within_some_wrong_pairs(edges: int, wrong: int) -> None:
    pairs = range(9)
    every = [frozenset(chosen) for chosen in itertools.combinations(pairs, edges)]
    # one layer reports one set of pairs; it serves the graphs within `wrong` changes of it
    most = max(
        sum(len(graph ^ frozenset(report)) <= wrong for graph in every)
        for size in range(10)
        for report in itertools.combinations(pairs, size)
    )
    assert Fraction(len(every), most) >= graphs(3, edges, wrong).exact()


@pytest.mark.parametrize("errors", [0, 1, 2, 4, 6])
def test_no_answers_on_subsets_serve_more_permutations_than_counted(errors: int) -> None:
    # inputs are the pairs of 4 items (v = 2 would need m >= 3); an answer is a set of two outputs
    inputs, subsets = 4, list(itertools.combinations(range(4), 2))
    wanted = [
        tuple(frozenset(p[i] for i in subset) for subset in subsets)
        for p in itertools.permutations(range(inputs))
    ]
    error = Fraction(errors, len(subsets))
    # the answers of machines that are a permutation with up to two of its answers replaced
    answers = set(wanted)
    for base in wanted:
        for places in itertools.combinations(range(6), 2):
            for new in itertools.product([frozenset(s) for s in subsets], repeat=2):
                changed = list(base)
                for place, value in zip(places, new, strict=True):
                    changed[place] = value
                answers.add(tuple(changed))
    most = max(
        sum(sum(a != b for a, b in zip(table, p, strict=True)) <= errors for p in wanted)
        for table in answers
    )
    assert Fraction(len(wanted), most) >= subset_permutations(inputs, error).exact()


def test_reference_values() -> None:
    # the notes print 90,589 for this count, the nearest integer to 90589.3; whole bits are 90,590
    low, high = single_use_ands(8192, 4096).log2()
    assert round(low) == round(high) == 90_589
    number = single_use_ands(8192, 4096).bits()
    assert number == 90_590
    assert [neurons_square(number, bits) for bits in (1, 8)] == [301, 106]
    (bound,) = lookup("single-use-and-neurons")
    assert bound.evaluate(inputs=8192, outputs=4096, bits=16) == 75


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 10**6))
def test_sparse_matrices_are_the_least(neurons: int, bits: int, functions: int) -> None:
    places = neurons * neurons

    def held(count: int) -> int:
        return math.comb(places, count) * 2 ** (bits * count)

    if functions > 2 ** (bits * places):
        with pytest.raises(RegimeError, match="hold fewer than the"):
            sparse_weights(power(functions, 1), neurons, bits)
        return
    found = sparse_weights(power(functions, 1), neurons, bits)
    assert held(found) >= functions
    assert all(held(fewer) < functions for fewer in range(found))


def test_families_of_any_kind() -> None:
    (bits,) = lookup("family-bits")
    assert [bits.evaluate(functions=n) for n in (1, 2, 3, 1024, 1025)] == [0, 1, 2, 10, 11]
    assert bits.evaluate(functions=1024, unserved=512) == 9
    with pytest.raises(RegimeError, match="unserved < functions"):
        bits.evaluate(functions=8, unserved=8)
    (neurons,) = lookup("family-neurons")
    assert neurons.evaluate(functions=math.factorial(64)) == neurons_square(296)
