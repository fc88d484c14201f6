"""Counting where whole clauses are lost: the order of the clauses must not change the count."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.check import check
from superproof.verify.engines.branching.order import lost_last
from superproof.verify.engines.branching.sides import Frame, sides_of
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification


def ring(inputs: int, lost: set[int], domain: str = "all") -> Problem:
    """The OR of neighbouring pairs round a ring, one neuron a pair, without some pairs."""
    weight = np.zeros((inputs, inputs), dtype=np.int64)
    for j in range(inputs):
        weight[j, [j, (j + 1) % inputs]] = 1
    read = np.array([[int(j not in lost) for j in range(inputs)]])
    network = Network.from_arrays([weight, read], [-np.ones(inputs, np.int64), None])
    formula = " | ".join(f"x{j} & x{(j + 1) % inputs}" for j in range(inputs))
    return Problem(network, Specification(inputs, [formula], domain=domain))


def without_pairs_on_a_ring(n: int, k: int) -> int:
    """k-subsets of a ring of n without neighbours (Kaplansky)."""
    return n * math.comb(n - k, k) // (n - k)


def lone_pair(inputs: int) -> int:
    """Subsets of a ring whose only neighbours are x0 and x1: a path of n - 4 beside them."""
    path = inputs - 4
    return sum(math.comb(path - k + 1, k) for k in range(path + 1))


def test_a_lost_clause_is_counted_among_billions() -> None:
    problem = ring(64, {0})
    for engine in ("tree", "auto"):
        verdict = check(
            problem.network, problem.specification, engine=engine, count=True, dtypes=()
        )
        assert verdict.violations == lone_pair(64)
        assert verdict.nodes < 1000


def test_several_lost_clauses() -> None:
    lost = {3, 4, 20}
    for domain in ("all", "at most 7", "exactly 5"):
        problem = ring(24, lost, domain)
        counts = [
            check(problem.network, problem.specification, engine=engine, count=True).violations
            for engine in ("tree", "enumerate")
        ]
        assert counts[0] == counts[1] is not None


def test_all_clauses_lost_is_everything_the_formula_says() -> None:
    problem = ring(40, set(range(40)))
    verdict = check(problem.network, problem.specification, count=True, engine="tree", dtypes=())
    independent = sum(without_pairs_on_a_ring(40, k) for k in range(21))
    assert verdict.violations == 2**40 - independent


@given(st.sets(st.integers(0, 5)), st.sampled_from(["all", "at most 3", "within 2 of 110101"]))
@settings(deadline=None)
def test_sides_are_disjoint_and_cover_the_domain_in_any_order(lost: set[int], domain: str) -> None:
    problem = ring(6, set(), domain)
    frame = Frame.of(problem.specification.domain)
    sides = sides_of(problem, frame, 0)
    chosen = {id(cube): q in lost for q, cube in enumerate(side.cube for side in sides[1:])}
    ordered = lost_last(sides, len(frame.forbidden), lambda side: not chosen.get(id(side.cube)))
    assert len(ordered) == len(sides)
    assert Counter(s.expected for s in ordered) == Counter(s.expected for s in sides)
    points = (np.arange(64)[:, None] >> np.arange(6)) & 1
    for point, expected in zip(points, problem.specification.expected(points)[:, 0], strict=True):
        seen = point ^ frame.flips.astype(int)

        def holds(cube: dict[int, int], seen: np.ndarray = seen) -> bool:
            return all(seen[v] == value for v, value in cube.items())

        inside = [
            side
            for side in ordered
            if holds(side.cube) and not any(holds(cube) for cube in side.forbidden)
        ]
        assert [side.expected for side in inside] == [expected]
        for side in ordered:
            variable, value = side.clauses
            cubes = [
                {int(v): int(b) for v, b in zip(vs, bs, strict=True) if v >= 0}
                for vs, bs in zip(variable, value, strict=True)
            ]
            assert cubes == side.forbidden
