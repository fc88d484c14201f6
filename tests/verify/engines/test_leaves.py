"""Cubes of wrong inputs: disjoint, wholly wrong, and all of them."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from superproof.verify.engines.leaves import WrongCube, without, wrong_cubes
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from ... import strategies

DOMAINS = (
    None,
    "at most 3",
    {"one_hot": [["x0", "x1", "x2"]]},
    {"where": "x1 | x3"},
    "within 2 of 0110101",
    {"at_most": 4, "where": "x0 ^ x5 ^ x6"},
)
FORMULAS = (
    ["x0 & x1 | ~x2 & x3", "x4"],
    ["atleast(3, x0, x1, x2, x3, x4, x5, x6)", "x0 ^ x1 ^ x2 ^ x3 ^ x4"],
    ["true", "(x0 | x1) & (x2 | x3) & (x4 | x5)"],
)


def points_of(problem: Problem) -> np.ndarray:
    """All inputs of the domain."""
    inputs = len(problem.specification.inputs)
    points = np.array(list(itertools.product((0, 1), repeat=inputs)), dtype=np.uint8)
    return points[problem.specification.domain.contains(points)]


def times_covered(problem: Problem, cubes: tuple[WrongCube, ...]) -> np.ndarray:
    """How often each output of each point lies in a cube; sizes are compared on the way."""
    points = points_of(problem)
    times = np.zeros((len(points), len(problem.specification.outputs)), dtype=int)
    for cube in cubes:
        inside = np.ones(len(points), dtype=bool)
        for i, value in cube.literals:
            inside &= points[:, i] == value
        assert inside.sum() == cube.size
        expected = problem.specification.expected(points)[inside, cube.output]
        assert (expected == cube.expected).all()
        times[inside, cube.output] += 1
    return times


def network(seed: int, inputs: int = 7) -> Network:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(5, inputs)), rng.normal(size=(2, 5))]
    return Network.from_arrays(weights, [rng.normal(size=5), rng.normal(size=2)])


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
@pytest.mark.parametrize("formulas", FORMULAS, ids=str)
def test_cubes_are_the_wrong_inputs_each_once(domain: object, formulas: list[str]) -> None:
    for seed in range(4):
        problem = Problem(network(seed), Specification(7, formulas, domain=domain))
        found = wrong_cubes(problem)
        assert found.complete
        _, violated = problem.margins(points_of(problem))
        assert (times_covered(problem, found.cubes) == violated).all()
        assert found.size == violated.sum()


def test_any_problem() -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategies.problems())
    def agrees(problem: Problem) -> None:
        found = wrong_cubes(problem)
        assert found.complete
        _, violated = problem.margins(points_of(problem))
        assert (times_covered(problem, found.cubes) == violated).all()

    agrees()


def test_a_wholly_wrong_half_is_one_cube() -> None:
    always = Network.from_arrays([[[0.0] * 30], [[1.0]]], [[1.0], [0.0]])
    found = wrong_cubes(Problem(always, Specification(30, {"y": "x3"})))
    assert found.complete
    assert [(cube.literals, cube.size) for cube in found.cubes] == [(((3, False),), 1 << 29)]


def test_cubes_of_a_listed_domain_are_its_points() -> None:
    listed = {"points": ["0110101", "1111111", "0000000"]}
    problem = Problem(network(1), Specification(7, FORMULAS[0], domain=listed))
    found = wrong_cubes(problem)
    assert found.complete
    assert (times_covered(problem, found.cubes) == problem.margins(points_of(problem))[1]).all()
    assert all(len(cube.literals) == 7 for cube in found.cubes)
    assert not wrong_cubes(problem, most=1).complete


def test_limits_leave_an_incomplete_list() -> None:
    problem = Problem(network(2), Specification(7, FORMULAS[0]))
    whole = wrong_cubes(problem)
    few = wrong_cubes(problem, most=1)
    assert not few.complete
    assert 1 <= len(few.cubes) < len(whole.cubes)
    short = wrong_cubes(problem, nodes=1)
    assert not short.complete
    assert short.nodes < whole.nodes
    assert not wrong_cubes(problem, deadline=time.monotonic() - 1).complete


def test_a_cube_without_others() -> None:
    parts = list(without({0: 1}, [{1: 1, 2: 1}, {0: 0}, {2: 0, 3: 0}]))
    points = list(itertools.product((0, 1), repeat=4))
    for point in points:
        inside = point[0] == 1 and not (point[1] and point[2]) and (point[2] or point[3])
        assert sum(all(point[i] == v for i, v in part.items()) for part in parts) == inside
