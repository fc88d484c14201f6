"""Patterns of pairs: their shape, and what is said about impossible ones."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.constructions.patterns import PATTERNS, _unrank, as_pairs, pattern, read_pairs
from superproof.verify.errors import InputError


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("inputs", [2, 3, 10, 41])
def test_every_pattern_gives_distinct_pairs(name: str, inputs: int) -> None:
    outputs = 1 if inputs == 2 and name.startswith("random") else None
    outputs = 3 if inputs == 3 and name.startswith("random") else outputs
    pairs = pattern(name, inputs, outputs, seed=1)
    assert pairs.dtype == np.int64
    assert ((pairs >= 0) & (pairs < inputs)).all()
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len({tuple(row) for row in pairs.tolist()}) == len(pairs)
    assert (pairs == pattern(name, inputs, outputs, seed=1)).all()


def test_seeds_matter() -> None:
    for name in PATTERNS:
        first, second = (pattern(name, 20, None, seed) for seed in (0, 1))
        assert (first != second).any(), name


def test_shapes() -> None:
    assert len(pattern("complete", 9)) == 36
    assert len(np.unique(pattern("matching", 9))) == 8
    spokes = pattern("star", 9)
    assert len(spokes) == 8
    assert max(np.bincount(spokes.ravel())) == 8
    assert len(pattern("random", 9)) == 9
    assert len(pattern("matching", 100, 13)) == 13


@pytest.mark.parametrize(("inputs", "outputs"), [(20, 40), (128, 256), (64, 16), (7, 21), (9, 18)])
def test_low_influence_is_nearly_even(inputs: int, outputs: int) -> None:
    pairs = pattern("random-low-influence", inputs, outputs, seed=2)
    assert len(pairs) == outputs
    assert np.bincount(pairs.ravel()).max() <= math.ceil(2 * outputs / inputs) + 2


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**40))
def test_unranking_inverts_ranking(rank: int) -> None:
    ((a, b),) = _unrank(np.array([rank])).tolist()
    assert 0 <= a < b
    assert b * (b - 1) // 2 + a == rank


def test_unranking_is_exact_next_to_squares() -> None:
    for b in (2, 3, 1000, 2**20, 2**25 + 1):
        first = b * (b - 1) // 2
        ranks = np.array([first - 1, first, first + b - 1, first + b])
        rows = _unrank(ranks).tolist()
        assert rows[0] == [b - 2, b - 1]
        assert rows[1:] == [[0, b], [b - 1, b], [0, b + 1]]


def test_small_patterns_reach_every_pair() -> None:
    seen = {tuple(row) for seed in range(40) for row in pattern("random", 5, 3, seed).tolist()}
    assert seen == set(itertools.combinations(range(5), 2))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ring", 5, 5), "unknown pattern 'ring'; use one of random"),
        (("random", 4, 7), "4 inputs have 6 pairs, not 7"),
        (("random-low-influence", 4, 7), "4 inputs have 6 pairs, not 7"),
        (("matching", 7, 4), "needs 8 inputs, not 7"),
        (("star", 7, 7), "has 6 pairs, not 7"),
        (("complete", 7, 20), "has 21 outputs, not 20"),
        (("random", 1, 1), "at least 2 inputs"),
        (("random", 5, 0), "outputs must be 1 or more"),
        (("random", 5, 1, -1), "seed"),
    ],
)
def test_impossible_patterns(arguments: tuple, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        pattern(*arguments)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([[0, 1], [1, 1]], "row 1 is (1, 1); a pair needs two different inputs"),
        ([[0, 1], [2, 3], [1, 0]], "row 2 repeats row 0, (0, 1)"),
        ([[0, 4]], "row 0 is (0, 4); indices run from 0 to 3"),
        ([[-1, 2]], "row 0 is (-1, 2)"),
        ([[0, 1, 2]], "shape must be (outputs, 2)"),
        ([[0, 1], [2]], "two input indices"),
        ([], "shape"),
        (np.zeros((0, 2), dtype=int), "not a single pair"),
        ([[0.5, 1.0]], "integers"),
    ],
)
def test_bad_pairs(pairs: object, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        as_pairs(pairs, 4)


def test_edge_list(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("# which pairs\n3 1\n\n0,2  # last\n", encoding="utf-8")
    assert read_pairs(path, 4).tolist() == [[1, 3], [0, 2]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 1\n2\n", "line 2: expected two input indices such as '3 17', found '2'"),
        ("0 1 2\n", "line 1"),
        ("a b\n", "line 1"),
        ("0 -1\n", "line 1"),
        ("0 4\n", "line 1: indices run from 0 to 3"),
        ("0 1\n1 1\n", "two different inputs"),
        ("0 1\n1 0\n", "repeats row 0"),
        ("# nothing\n", "no pairs"),
    ],
)
def test_bad_edge_lists(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read_pairs(path, 4)
    assert "pairs.txt" in str(caught.value)


def test_unreadable_edge_lists(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_pairs(tmp_path / "none.txt", 4)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="not a text file"):
        read_pairs(tmp_path / "binary", 4)
