"""Formulas compiled to word instructions, against the oracle's evaluation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.bitprogram import BitProgram, pack_bits, unpack_bits
from superproof.verify.formula import AtLeast, AtMost, Formula, Variable
from superproof.verify.grammar import parse_formula

from .. import strategies
from ..oracles.fraction_oracle import truth

NAMES = ("a", "b", "c", "d", "e", "f", "g")
INDEX = {name: i for i, name in enumerate(NAMES)}
#: All 128 vectors: two words.
CUBE = np.array(list(itertools.product((0, 1), repeat=7)), dtype=np.uint8)


@settings(deadline=None, max_examples=200)
@given(st.lists(strategies.formulas(NAMES, max_leaves=12), max_size=4))
def test_compiled_formulas_agree_with_the_oracle(formulas: list[Formula]) -> None:
    program = BitProgram.compile(formulas, INDEX)
    assert program.variables == 7
    assert len(program.operation) == len(program.left) == len(program.right)
    values = program.run_points(CUBE)
    assert values.shape == (128, len(formulas))
    for row, bits in zip(values, CUBE, strict=True):
        assignment = dict(zip(NAMES, map(bool, bits), strict=True))
        assert list(row) == [truth(formula, assignment) for formula in formulas]


@pytest.mark.parametrize("size", range(1, 8))
def test_every_count_of_every_size(size: int) -> None:
    """Bit-sliced counting against sums, also for counts out of range."""
    variables = tuple(map(Variable, NAMES[:size]))
    counts = range(-1, size + 3)
    formulas = [node(k, variables) for k in counts for node in (AtLeast, AtMost)]
    values = BitProgram.compile(formulas, INDEX).run_points(CUBE)
    sums = CUBE[:, :size].sum(axis=1, dtype=int)
    expected = [column for k in counts for column in (sums >= k, sums <= k)]
    assert (values == np.array(expected).T).all()


def test_counting_many_operands() -> None:
    """200 operands, among them the borders of a power of two."""
    names = [f"x{i}" for i in range(200)]
    variables = tuple(map(Variable, names))
    counts = (1, 2, 63, 64, 65, 100, 127, 128, 129, 199, 200)
    program = BitProgram.compile(
        [AtLeast(k, variables) for k in counts], {name: i for i, name in enumerate(names)}
    )
    random = np.random.default_rng(0)
    totals = np.repeat(np.arange(201), 2)
    points = np.zeros((len(totals), 200), dtype=np.uint8)
    for row, total in zip(points, totals, strict=True):
        row[random.choice(200, total, replace=False)] = 1
    assert (program.run_points(points) == (totals[:, None] >= np.array(counts))).all()


@given(st.integers(0, 200), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_packing_round_trip(count: int, variables: int, seed: int) -> None:
    points = np.random.default_rng(seed).integers(0, 2, (count, variables)).astype(np.uint8)
    words = pack_bits(points)
    assert words.shape == (variables, -(-count // 64))
    assert words.dtype == np.uint64
    for row, column in itertools.product(range(count), range(variables)):
        assert int(words[column, row // 64]) >> (row % 64) & 1 == points[row, column]
    assert (unpack_bits(words, count) == points.astype(bool)).all()


def test_equal_subformulas_share_instructions() -> None:
    one = BitProgram.compile([parse_formula("(a ^ b) & c")], INDEX)
    many = BitProgram.compile(
        [parse_formula(text) for text in ("(a ^ b) & c", "c & (b ^ a)", "a ^ b")], INDEX
    )
    assert len(many.operation) == len(one.operation) == 2
    assert many.results[0] == many.results[1]


def test_a_formula_that_is_an_input_needs_no_instruction() -> None:
    program = BitProgram.compile([parse_formula("c")], INDEX)
    assert len(program.operation) == 0
    assert list(program.results) == [2]


def test_no_formulas() -> None:
    assert BitProgram.compile([], INDEX).run_points(CUBE).shape == (128, 0)
