"""The largest temperatures: by sufficient conditions, by sorting, and the exact one."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from superproof.verify.attention.contexts.softmax import decide_softmax
from superproof.verify.attention.contexts.sufficient import score_levels, sufficient_conditions
from superproof.verify.attention.contexts.temperature import TemperatureRange, largest_temperature
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.scores import Scores
from superproof.verify.errors import InputError

from ....oracles.softmax_contexts import plain_scores, wrong_pairs
from .softmax_cases import problem_of, random_softmax, redundant_heads


def at(problem: RecognitionProblem, temperature: Fraction) -> RecognitionProblem:
    assert problem.softmax is not None
    return replace(problem, softmax=replace(problem.softmax, temperature=temperature))


def separated(seed: int, **options: object) -> RecognitionProblem:
    """A permutation served by two heads, with some noise."""
    generator = np.random.default_rng(seed)
    items = 5
    targets = generator.permutation(items)
    scores = generator.uniform(-1, -0.2, (2, items, items))
    scores[np.arange(items) % 2, np.arange(items), targets] = generator.uniform(0.5, 1, items)
    edges = np.column_stack([np.arange(items), targets])
    return problem_of(np.round(scores * 256) / 256, edges, 4, **options)


def test_both_ends_are_proved() -> None:
    for seed in range(12):
        problem = separated(seed)
        found = largest_temperature(problem, digits=3)
        low, high = found.exact.low, found.exact.high
        assert low is not None
        assert high is not None
        assert 0 < high - low <= high / 90
        assert not wrong_pairs(at(problem, low))
        assert wrong_pairs(at(problem, high))
        for share in (Fraction(1, 3), Fraction(9, 10)):
            assert decide_softmax(at(problem, low * share)).holds
            assert decide_softmax(at(problem, high / share)).status == "violated"
        assert found.sorting.low is not None
        assert found.sorting.low <= low
        for condition in found.conditions:
            assert condition.low is not None
            assert condition.low <= found.sorting.low * Fraction(101, 100)
            assert decide_softmax(at(problem, condition.low)).holds
        assert not found.notes
        json.dumps(found.to_json())


def test_redundant_heads_hold_beyond_sorting() -> None:
    scores = np.full((2, 6, 6), -9.0)
    scores[:, 0, 1] = 1.0
    scores[0, 0, [2, 3]] = 0.4
    scores[1, 0, [4, 5]] = 0.4
    scores[:, 0, 0] = 0.99
    edges = [[0, 1], [0, 0], *([0, k] for k in range(2, 6))]
    problem = problem_of(scores, edges, 4, level=Fraction(1, 2), null=0)
    found = largest_temperature(replace(problem, graph=type(problem.graph)(6, [[0, 1]])), digits=3)
    # the distractors are reported as long as they score above the null key
    assert found.exact.low is None
    assert any("no edges are reported" in note for note in found.notes)
    quiet = redundant_heads(3, 16, 4, 7, 1.0, null=Fraction(-9, 10), spread=0.5)
    found = largest_temperature(quiet, digits=4)
    assert found.sorting.low is not None
    assert found.exact.low is not None
    assert found.exact.low > found.sorting.low
    assert decide_softmax(at(quiet, found.exact.low)).holds
    assert found.exact.high is not None
    assert decide_softmax(at(quiet, found.exact.high)).status == "violated"


def test_what_is_right_stays_right_below() -> None:
    """The theorem of the documentation, on random problems with levels of at least 1/2."""
    checked = 0
    for seed in range(30):
        problem = random_softmax(seed)
        assert problem.softmax is not None
        if problem.softmax.level < Fraction(1, 2):
            continue
        states = []
        for power in range(-3, 4, 2):
            wrong = wrong_pairs(at(problem, Fraction(2) ** power))
            edges = {pair for pair in wrong if pair in problem.graph}
            states.append((edges, set(wrong) - edges))
        for (missed, reported), (more, fewer) in pairwise(states):
            assert missed <= more
            assert fewer <= reported
        checked += 1
    assert checked > 10


def test_a_layer_that_is_never_right_and_one_that_always_is() -> None:
    never = problem_of([[[-1, -1], [-1, -1]]], [[0, 1]], 2)
    found = largest_temperature(never, digits=2)
    assert found.exact.low is None
    assert found.exact.high is not None
    assert "none down to" in str(found)
    always = problem_of([[[1, -1], [-1, -1]]], [[0, 0]], 1)
    found = largest_temperature(always, digits=2)
    assert found.exact.high is None
    assert str(found).startswith("largest temperature: at least")
    assert str(TemperatureRange(None, None)) == "none found"


def test_low_levels_are_marked() -> None:
    found = largest_temperature(separated(0, level=Fraction(1, 3)), digits=2)
    assert not found.monotone
    assert "level below 1/2: higher temperatures may be right again" in str(found)
    assert found.exact.low is not None
    assert decide_softmax(at(separated(0, level=Fraction(1, 3)), found.exact.low)).holds


def test_levels_are_those_of_all_scores() -> None:
    for seed in range(30):
        problem = random_softmax(seed)
        plain = plain_scores(problem)
        null = Fraction(1, 3)
        levels = score_levels(Scores(problem.layer), problem.graph, null)
        items = range(problem.layer.items)
        best = {(i, j): max(head[i][j] for head in plain) for i in items for j in items}
        edges = [value for pair, value in best.items() if pair in problem.graph]
        others = [value for pair, value in best.items() if pair not in problem.graph]
        assert levels.above == min(edges) - null
        assert levels.spread == max(edges) - min(edges)
        assert levels.below == (null - max(others) if others else None)
        assert levels.degree == max(problem.graph.degrees[0])


def test_conditions_are_sufficient() -> None:
    met = {"S1": 0, "S2": 0}
    for seed in range(70):
        problem = random_softmax(seed)
        for condition in sufficient_conditions(problem):
            if condition.met:
                met[condition.name] += 1
                assert not wrong_pairs(problem)
            if condition.low is not None:
                assert not wrong_pairs(at(problem, condition.low))
    for seed in range(10):
        for level in (Fraction(1, 2), Fraction(2, 5), Fraction(3, 5)):
            problem = separated(seed, temperature=Fraction(1, 8), level=level)
            for condition in sufficient_conditions(problem):
                met[condition.name] += condition.met
                assert condition.low is not None
                assert not wrong_pairs(at(problem, condition.low))
                # it ends there
                assert condition.high is not None
                beyond = sufficient_conditions(at(problem, condition.high * Fraction(1001, 1000)))
                assert not [c for c in beyond if c.name == condition.name and c.met]
    assert min(met.values()) > 10


def test_the_first_condition_is_a_logarithm() -> None:
    problem = problem_of([[[-1, 3], [3, -1]]], [[0, 1], [1, 0]], 2)
    first, second = sufficient_conditions(problem)
    assert first.low is not None
    assert abs(float(first.low) - 3 / np.log(2)) < 1e-12
    assert second.low is not None
    assert second.low < first.low * 2
    several = problem_of([[[3, 3], [-1, -1]]], [[0, 1], [0, 0]], 2, level=Fraction(1, 4))
    assert [condition.name for condition in sufficient_conditions(several)] == ["S2"]
    assert not sufficient_conditions(problem_of([[[1]]], [[0, 0]], 1, null=None))


def test_bad_requests_and_short_times() -> None:
    problem = separated(0)
    with pytest.raises(InputError, match="no softmax read-out; give a context"):
        largest_temperature(replace(problem, softmax=None))
    with pytest.raises(InputError, match="digits 0: between 1 and 12"):
        largest_temperature(problem, digits=0)
    with pytest.raises(InputError, match="timeout 0: must be above 0 seconds"):
        largest_temperature(problem, timeout=0)
    found = largest_temperature(problem, timeout=1e-9)
    assert found.exact == TemperatureRange(None, None)
    assert "stopped early: the ends are as far apart as the search got" in found.notes
    seen: list[Fraction] = []
    largest_temperature(problem, digits=2, progress=seen.append)
    assert len(seen) > 3
