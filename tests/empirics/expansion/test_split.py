"""Splits are partitions, keep clauses together, and follow the probabilities of theory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.empirics.expansion.collisions import collision, coverage, covered, some_parent
from superproof.empirics.expansion.split import SPLITS, Split, clause_groups, split_inputs
from superproof.theory.catalog import lookup
from superproof.verify.errors import InputError

CLAUSES = [[0, 3], [1, 4, 5], [2, 7]]


@settings(deadline=None)
@given(
    kind=st.sampled_from(sorted(SPLITS)),
    factor=st.integers(2, 4),
    parents=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_every_input_goes_to_exactly_one_child(
    kind: str, factor: int, parents: int, seed: int
) -> None:
    weight = np.random.default_rng(seed).standard_normal((parents, 9))
    split = split_inputs(kind, factor, weight, seed, clauses=CLAUSES)
    masks = split.masks.reshape(parents, factor, 9)
    assert (masks.sum(axis=1) == 1).all()
    again = split_inputs(kind, factor, weight, seed, clauses=CLAUSES)
    assert (again.child == split.child).all()


@settings(deadline=None)
@given(factor=st.integers(2, 7), inputs=st.integers(7, 20), seed=st.integers(0, 99))
def test_random_deals_are_balanced(factor: int, inputs: int, seed: int) -> None:
    split = split_inputs("random", factor, np.zeros((3, inputs)), seed)
    sizes = np.stack([np.bincount(row, minlength=factor) for row in split.child])
    assert sizes.max() - sizes.min() <= 1


@settings(deadline=None)
@given(factor=st.integers(2, 3), seed=st.integers(0, 99))
def test_clauses_stay_whole(factor: int, seed: int) -> None:
    split = split_inputs("clause", factor, np.zeros((6, 9)), seed, clauses=CLAUSES)
    for clause in CLAUSES:
        assert covered(split, clause).all()
    assert coverage(split, CLAUSES) == some_parent(split, CLAUSES) == 1


def test_clauses_that_share_an_input_go_together() -> None:
    group = clause_groups([[0, 1], [1, 2], [4, 5]], 7)
    assert group[0] == group[1] == group[2] != group[4]
    assert group[4] == group[5]
    assert (group[[3, 6]] == -1).all()


def test_alike_columns_stay_together() -> None:
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(4), 5)
    weight = rng.standard_normal((12, 4))[:, kinds] + 0.01 * rng.standard_normal((12, 20))
    split = split_inputs("gram", 2, weight, 1, groups=4)
    for kind in range(4):
        assert covered(split, np.flatnonzero(kinds == kind).tolist()).all()


def test_equal_columns_leave_fewer_groups() -> None:
    split = split_inputs("gram", 2, np.ones((3, 8)), 0)
    masks = split.masks.reshape(3, 2, 8)
    assert (masks.sum(axis=1) == 1).all()
    # as good as a random deal
    assert (masks.sum(axis=2) == 4).all()


def test_counts_by_hand() -> None:
    split = Split("random", 2, np.array([[0, 0, 1, 1], [0, 1, 1, 1]]))
    assert covered(split, [0, 1]).tolist() == [True, False]
    assert coverage(split, [[0, 1], [2, 3]]) == 3 / 4
    assert some_parent(split, [[0, 1], [2, 3]]) == 1
    assert collision(split, [[1, 2], [3]]) == 1 / 2
    assert collision(split, [[0, 1]]) == 0


@pytest.mark.parametrize(("kind", "form"), [("independent", ""), ("random", "-balanced")])
@pytest.mark.parametrize("factor", [2, 4])
def test_measured_shares_are_those_of_theory(kind: str, form: str, factor: int) -> None:
    inputs, clause, parents = 8, 2, 40_000
    split = split_inputs(kind, factor, np.zeros((parents, inputs)), 5)
    clauses = [[0, 1], [2, 3]]
    sizes = {"factor": factor, "clause": clause} | ({"inputs": inputs} if form else {})
    for name, found in (
        ("expansion-collision", collision(split, clauses)),
        ("expansion-coverage", covered(split, clauses[0]).mean()),
    ):
        exact = float(lookup(name + form)[0].evaluate(**sizes))
        # six standard errors of a share of so many draws
        assert abs(found - exact) < 6 * (exact * (1 - exact) / parents) ** 0.5 + 1e-9


def test_some_parent_is_that_of_theory() -> None:
    draws, parents, clause = 4_000, 8, 4
    split = split_inputs("independent", 2, np.zeros((draws * parents, clause)), 3)
    hit = covered(split, range(clause)).reshape(draws, parents).any(axis=1).mean()
    exact = float(
        lookup("expansion-some-parent")[0].evaluate(factor=2, clause=clause, parents=parents)
    )
    assert abs(hit - exact) < 6 * (exact * (1 - exact) / draws) ** 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "both"}, "unknown split 'both'; use one of random, independent, clause, gram"),
        ({"factor": 1}, "the factor must lie between 2 and the 9 inputs of a neuron, not 1"),
        ({"factor": 10}, "the factor must lie between 2 and the 9 inputs of a neuron, not 10"),
        ({"seed": -1}, "the seed must be 0 or more, not -1"),
        ({"kind": "clause"}, "the split 'clause' needs the clauses"),
        ({"kind": "clause", "clauses": [[0, 9]]}, "a clause names an input beyond the 9"),
        ({"kind": "gram", "groups": 1}, "groups must lie between the factor 2 and 9"),
    ],
)
def test_what_does_not_fit_is_said(options: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"kind": "random", "factor": 2, "seed": 0} | options
    with pytest.raises(InputError, match=message):
        split_inputs(weight=np.ones((2, 9)), **given)  # type: ignore[arg-type]
