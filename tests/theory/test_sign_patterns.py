"""Counting sign patterns: against enumeration, and the published vectors."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.theory.counting import Cardinality, labelled_distinct_ands, permutations
from superproof.theory.enclosure import enclose
from superproof.theory.sign_patterns import (
    affine_cells,
    key_dim,
    log2_patterns,
    one_head_embedding_dim,
    superposed_neurons,
)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300))
def test_patterns_bound_the_exact_number_of_cells(conditions: int, unknowns: int) -> None:
    bound = enclose(lambda: log2_patterns(conditions, unknowns))
    assert math.log2(affine_cells(conditions, unknowns)) <= bound.high + 1e-9
    assert bound.high <= conditions + 1e-9
    more = enclose(lambda: log2_patterns(conditions + 1, unknowns))
    wider = enclose(lambda: log2_patterns(conditions, unknowns + 1))
    assert bound.low <= more.high
    assert bound.low <= wider.high


def test_patterns_of_random_affine_conditions() -> None:
    generator = np.random.default_rng(1)
    for conditions, unknowns in ((4, 1), (6, 2), (7, 3)):
        normals = generator.normal(size=(conditions, unknowns))
        offsets = generator.normal(size=conditions)
        points = generator.normal(scale=4, size=(60_000, unknowns))
        seen = np.unique(points @ normals.T + offsets > 0, axis=0)
        assert len(seen) <= affine_cells(conditions, unknowns)
        if unknowns == 1:
            assert len(seen) == conditions + 1  # on a line every cell is found


def test_patterns_of_degree_two_exceed_those_of_degree_one() -> None:
    for conditions, unknowns in itertools.product((10, 100, 1000), (1, 5, 9)):
        first = enclose(lambda c=conditions, u=unknowns: log2_patterns(c, u))
        second = enclose(lambda c=conditions, u=unknowns: log2_patterns(c, u, 2))
        assert first.low <= second.high


@pytest.mark.parametrize(
    ("number", "outputs", "tests", "neurons"),
    [
        (permutations(1024), 1024, 1024, 21),
        (permutations(4096), 4096, 4096, 44),
        (permutations(10**6), 10**6, 10**6, 736),
        (labelled_distinct_ands(1024, 4096), 4096, math.comb(1024, 2), 46),
        (labelled_distinct_ands(10**4, 10**6), 10**6, math.comb(10**4, 2), 751),
    ],
)
def test_reference_widths(number: Cardinality, outputs: int, tests: int, neurons: int) -> None:
    assert superposed_neurons(number, outputs, tests) == neurons


@pytest.mark.parametrize(
    ("items", "embedding_dim", "least"),
    # The notes have 2 at (512, 64): they count sign patterns with zeros, 16 e where 8 e suffices
    # (docs/theory.md, section 9.3); with 16 e the column is 1, 1, 1, 2, 2, 3, 5.
    [(64, 16, 1), (128, 32, 1), (256, 64, 1), (256, 32, 2), (512, 64, 3), (1024, 128, 3),
     (2048, 128, 5)],
)  # fmt: skip
def test_reference_key_dimensions(items: int, embedding_dim: int, least: int) -> None:
    assert key_dim(permutations(items), items, embedding_dim, 1) == least


def test_more_heads_are_ruled_out_less() -> None:
    one, many = (key_dim(permutations(512), 512, 64, heads) for heads in (1, 64))
    assert many <= one


def test_one_head_needs_dimensions() -> None:
    found = [one_head_embedding_dim(permutations(items), items) for items in (1, 2, 64, 1024)]
    assert found == sorted(found)
    assert found[0] == 0
    # the least dimension of the formula, in floating point
    needed = math.lgamma(1025) / math.log(2)
    d = found[-1]
    held = [(k * k + 1) * math.log2(math.e * 1024**2 / (k * k + 1)) for k in (d - 1, d)]
    assert held[0] < needed <= held[1]
