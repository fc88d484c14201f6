"""Domains: membership, exact size and enumeration, against the oracle and closed forms."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.domain import CHUNK_BYTES, Ball, Domain, _subsets, canonical_formula
from superproof.verify.domain_notation import parse_domain
from superproof.verify.errors import InputError
from superproof.verify.grammar import parse_formula
from superproof.verify.specification import Specification

from .. import strategies
from ..oracles import fraction_oracle as oracle

domains = st.integers(1, 7).flatmap(strategies.names).flatmap(strategies.loose_domains)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(count))


@settings(deadline=None, max_examples=600)
@given(domains, st.sampled_from((1, 3, 1 << 14)))
def test_size_and_chunks_agree_with_the_oracle(domain: Domain, rows: int) -> None:
    """Each vector of the domain exactly once, in chunks no larger than asked for."""
    members = oracle.members(domain)
    assert domain.size == len(members)
    assert domain.is_empty() == (not members)
    assert domain.candidates >= len(members)
    chunks = list(domain.chunks(rows))
    assert all(len(chunk) <= rows and chunk.dtype == np.uint8 for chunk in chunks)
    seen = [tuple(map(bool, row)) for chunk in chunks for row in chunk]
    assert len(seen) == len(members)
    assert set(seen) == set(members)


@settings(deadline=None, max_examples=300)
@given(domains)
def test_membership_agrees_with_the_oracle(domain: Domain) -> None:
    cube = list(itertools.product((False, True), repeat=domain.inputs))
    expected = [oracle.belongs(domain, bits) for bits in cube]
    for dtype in (bool, np.uint8, np.int64):
        assert list(domain.contains(np.array(cube, dtype=dtype))) == expected
    assert not domain.is_all or all(expected)


@settings(deadline=None, max_examples=200)
@given(domains)
def test_the_constraint_formula_says_the_same(domain: Domain) -> None:
    """Apart from the list of points, which it leaves out."""
    constraint = domain.constraint()
    listed = None if domain.points is None else {tuple(map(bool, row)) for row in domain.points}
    for bits in itertools.product((False, True), repeat=domain.inputs):
        assignment = dict(zip(domain.names, bits, strict=True))
        inside = constraint is None or oracle.truth(constraint, assignment)
        assert (inside and (listed is None or bits in listed)) == oracle.belongs(domain, bits)


@settings(deadline=None, max_examples=200)
@given(domains)
def test_an_empty_domain_is_refused(domain: Domain) -> None:
    if oracle.members(domain):
        assert Specification(domain.names, ["true"], domain=domain).domain is domain
    else:
        with pytest.raises(InputError, match="domain: empty"):
            Specification(domain.names, ["true"], domain=domain)


@pytest.mark.parametrize(
    ("description", "inputs", "size"),
    [
        ("all", 1000, 1 << 1000),
        ("at most 2", 1000, 1 + 1000 + 499500),
        ("at most 1000", 1000, 1 << 1000),
        ("at least 999", 1000, 1001),
        ("exactly 500", 1000, math.comb(1000, 500)),
        ({"at_least": 2, "at_most": 3}, 100, math.comb(100, 2) + math.comb(100, 3)),
        ("within 3 of " + "01" * 50, 100, sum(math.comb(100, k) for k in range(4))),
        ({"one_hot": [[f"x{i}" for i in range(10)]]}, 40, 10 << 30),
        (
            {"one_hot": [[f"x{i}" for i in range(k, k + 10)] for k in range(0, 40, 10)]},
            100,
            10**4 << 60,
        ),
        (
            {"one_hot": [[f"x{i}" for i in range(10)]], "at_most": 3},
            100,
            10 * sum(math.comb(90, k) for k in range(3)),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_closed_form_sizes(description: object, inputs: int, size: int) -> None:
    domain = parse_domain(description, names(inputs))
    assert domain.size == size
    assert domain.candidates >= size


def test_a_ball_with_one_hot_groups_in_closed_form() -> None:
    """Distances from the centre, counted by hand: a group costs 0 or 2 flips, a zero one 1."""
    centre = (True, False, False, False, False, False) + (False,) * 94
    domain = Domain(names(100), balls=(Ball(centre, 2),), one_hot=((0, 1, 2), (3, 4, 5)))
    # group one stays (0 flips) or moves (2), group two takes one flip in 3 ways; 94 free inputs
    assert domain.size == 3 * (1 + 94)


def test_sizes_nobody_knows() -> None:
    """A formula over 40 inputs has no closed form, and is not counted one by one."""
    domain = parse_domain({"where": "x0 | x1"}, names(40))
    assert domain.size is None
    assert not domain.is_empty()
    assert domain.candidates == 1 << 40


def test_a_formula_on_a_small_cardinality_is_counted() -> None:
    domain = parse_domain(["at most 2", "where x0"], names(500))
    assert domain.size == 1 + 499


def test_enumeration_of_a_large_cube_is_lazy() -> None:
    domain = Domain(names(100))
    first = next(iter(domain.chunks(8)))
    assert [oracle.text(row)[-4:] for row in first] == [f"{k:04b}" for k in range(8)]


def test_two_true_inputs_of_300() -> None:
    domain = parse_domain("exactly 2", names(300))
    seen = np.concatenate(list(domain.chunks(1000)))
    assert (seen.sum(axis=1) == 2).all()
    assert len({row.tobytes() for row in seen}) == math.comb(300, 2) == domain.size


def test_printed_forms() -> None:
    cases = {
        "all": "all",
        "at most 2": "at most 2",
        "exactly 1": "exactly 1",
        "at least 1": "1 to 3 true",
        "within 1 of 010": "within 1 of 010",
        "where x0 | x1": "where x0 | x1",
    }
    for text, shown in cases.items():
        assert str(parse_domain(text, names(3))) == shown
    both = parse_domain({"one_hot": [["x0", "x1"]], "points": ["010"]}, names(3), (-1, 1))
    assert str(both) == "1 one-hot group, 1 listed (values -1, 1)"


def test_canonical_data() -> None:
    domain = Domain(
        names(3),
        (Fraction(1, 3), Fraction(5, 7)),
        at_least=1,
        balls=(Ball((True, False, True), 2),),
        one_hot=((2, 0),),
        where=parse_formula("atleast(1, x0, ~x1) >> true"),
        points=np.array([[1, 1, 0], [0, 1, 0]], dtype=bool),
    )
    assert domain.canonical() == {
        "values": ["1/3", "5/7"],
        "cardinality": [1, 3],
        "within": [["101", 2]],
        "one_hot": [[2, 0]],
        "where": ["implies", ["atleast", 1, 0, ["not", 1]], True],
        "points": ["010", "110"],
    }
    assert Domain(names(2)).canonical() == {"values": ["0", "1"]}


def test_canonical_formula_uses_positions() -> None:
    index = {"b": 0, "a": 1}
    assert canonical_formula(parse_formula("a & b | ~a ^ false"), index) == [
        "or",
        ["and", 1, 0],
        ["xor", ["not", 1], False],
    ]


@pytest.mark.parametrize(
    ("description", "size"),
    [
        (None, 1 << 100_000),
        ("at most 2", 1 + 100_000 + math.comb(100_000, 2)),
        ("at least 99999", 100_001),
        ("exactly 3", math.comb(100_000, 3)),
        ({"at_least": 1}, (1 << 100_000) - 1),
        ({"one_hot": [["x0", "x1"], ["x2", "x99999"]], "at_most": 3}, 4 * (1 + 99_996)),
        ({"one_hot": [["x0", "x1", "x2"]]}, 3 << 99_997),
        ({"within": "1 of " + "01" * 50_000}, 100_001),
    ],
    ids=lambda value: "size" if isinstance(value, int) else str(value)[:20],
)
def test_a_hundred_thousand_inputs(description: object, size: int) -> None:
    """Sizes, membership and the first points, without a formula over all inputs."""
    domain = parse_domain(description, [f"x{i}" for i in range(100_000)])
    assert domain.size == size
    assert domain.contains(next(domain.chunks(2))).all()
    far = np.ones((1, 100_000), dtype=np.uint8)
    far[0, ::7] = 0
    assert domain.contains(far).all() == (description is None or description == {"at_least": 1})


def test_chunks_of_many_inputs_are_short() -> None:
    domain = parse_domain("at most 2", [f"x{i}" for i in range(100_000)])
    chunks = domain.chunks()
    sizes = [len(chunk) for chunk in itertools.islice(chunks, 3)]
    assert sizes == [1, CHUNK_BYTES // 100_000, CHUNK_BYTES // 100_000]


@pytest.mark.parametrize("size", range(7))
def test_numbers_of_subsets(size: int) -> None:
    for lowest, highest in itertools.product(range(-2, size + 3), repeat=2):
        expected = sum(math.comb(size, k) for k in range(size + 1) if lowest <= k <= highest)
        assert _subsets(size, lowest, highest) == expected


def test_size_of_a_ball_among_vectors_of_few_ones() -> None:
    """Of the centre's c ones a are lost, of its zeros b are gained."""
    inputs, radius, most = 64, 8, 30
    centre = tuple(i % 2 == 0 for i in range(inputs))
    domain = Domain(names(inputs), at_most=most, balls=(Ball(centre, radius),))
    ones = sum(centre)
    expected = sum(
        math.comb(ones, a) * math.comb(inputs - ones, b)
        for a, b in itertools.product(range(radius + 1), repeat=2)
        if a + b <= radius and ones - a + b <= most
    )
    assert domain.size == expected


def test_size_between_two_centres_and_groups() -> None:
    """Twelve groups; within 4 of one choice (2 members exchanged) and within 20 of another."""
    groups = tuple(tuple(range(5 * k, 5 * k + 5)) for k in range(12))
    first, second = (tuple(i % 5 == m for i in range(60)) for m in (0, 1))
    domain = Domain(names(60), balls=(Ball(first, 4), Ball(second, 20)), one_hot=groups)
    # two groups away from the first choice at most, two at least at the second
    assert domain.size == math.comb(12, 2)
    assert not domain.is_empty()
    none = Domain(names(60), balls=(Ball(first, 4), Ball(second, 18)), one_hot=groups)
    assert none.size == 0
    assert none.is_empty()
