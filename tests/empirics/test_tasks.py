"""Task generators: seeded, of the promised structure, and labelled by their own formula."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from superproof.empirics.sampler import near_miss
from superproof.empirics.tasks import DnfTask, random_dnf
from superproof.verify.errors import InputError


def _points(inputs: int) -> np.ndarray:
    return np.array(list(itertools.product((0, 1), repeat=inputs)), dtype=np.uint8)


def _truth(task: DnfTask, points: np.ndarray) -> np.ndarray:
    """The DNF by its definition, without formulas."""
    clauses = [
        np.all([points[:, i] == sign for i, sign in clause], axis=0) for clause in task.clauses
    ]
    return np.any(clauses, axis=0)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("disjoint", [False, True])
def test_dnf_has_the_promised_shape(disjoint: bool, mixed: bool) -> None:
    polarities = set()
    for seed in range(20):
        task = random_dnf(10, 3, 3, seed, disjoint=disjoint, mixed=mixed)
        assert [len(clause) for clause in task.clauses] == [3, 3, 3]
        used = [i for clause in task.clauses for i, _ in clause]
        assert all(len({i for i, _ in clause}) == 3 for clause in task.clauses)
        assert not disjoint or len(set(used)) == 9
        polarities |= {sign for clause in task.clauses for _, sign in clause}
        points = _points(10)
        expected = task.specification.expected(points)[:, 0]
        assert np.array_equal(expected, _truth(task, points))
    assert polarities == ({False, True} if mixed else {True})


@pytest.mark.parametrize("seed", range(12))
def test_overlapping_clauses_are_prime_and_needed(seed: int) -> None:
    task = random_dnf(6, 4, 2, seed, disjoint=False, mixed=True)
    points = _points(6)
    truth = _truth(task, points)
    for index, clause in enumerate(task.clauses):
        others = task.clauses[:index] + task.clauses[index + 1 :]
        assert not np.array_equal(_truth(DnfTask(6, others, seed), points), truth)
        for drop in range(len(clause)):
            shorter = DnfTask(6, (clause[:drop] + clause[drop + 1 :],), seed)
            assert (_truth(shorter, points) & ~truth).any()


def test_a_seed_decides_the_task() -> None:
    for mixed in (False, True):
        draws = [random_dnf(12, 3, 3, s, disjoint=False, mixed=mixed) for s in (5, 5, 6)]
        assert draws[0] == draws[1] != draws[2]


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="need 12 inputs, not 10"):
        random_dnf(10, 4, 3, 0)
    with pytest.raises(InputError, match="1 to 3 literals"):
        random_dnf(3, 1, 4, 0)
    with pytest.raises(InputError, match="fewer or wider"):
        random_dnf(2, 3, 2, 0, disjoint=False)  # only one positive clause of width 2 exists


@pytest.mark.parametrize("mixed", [False, True])
def test_near_misses_dwell_on_the_border(mixed: bool) -> None:
    task = random_dnf(16, 4, 3, 1, mixed=mixed)
    points = near_miss(task, 4000, np.random.default_rng(0))
    assert points.shape == (4000, 16)
    assert set(np.unique(points)) == {0, 1}
    held = np.stack(
        [np.sum([points[:, i] == sign for i, sign in clause], axis=0) for clause in task.clauses],
        axis=1,
    )
    # disjoint clauses: a positive point satisfies exactly one, chosen evenly
    satisfied = (held == 3).sum(axis=1)
    assert satisfied.max() == 1
    assert (satisfied == 1).sum() == 2000
    assert min((held == 3).sum(axis=0)) > 400
    # three quarters satisfy a clause or miss one by a single literal
    assert ((held >= 2).any(axis=1)).sum() >= 3000
    again = near_miss(task, 4000, np.random.default_rng(0))
    assert np.array_equal(points, again)
