"""Edges that sorting leaves open: Lagrangian bounds, branch and bound, and another solver."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import z3

from superproof.verify.attention.contexts import covering
from superproof.verify.attention.contexts.covering import Budget, cover_edge, find_means
from superproof.verify.attention.contexts.edge_cover import EdgeCover
from superproof.verify.attention.contexts.exponential import exponential
from superproof.verify.attention.contexts.exponents import Exponents
from superproof.verify.attention.contexts.softmax import decide_softmax
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.scores import Scores

from .softmax_cases import problem_of, redundant_heads
from .test_softmax import accepted


def cover_of(problem: RecognitionProblem) -> EdgeCover:
    assert problem.softmax is not None
    return EdgeCover(Exponents(Scores(problem.layer), problem.softmax), 0, 1)


def brute(cover: EdgeCover) -> bool:
    """Whether some further items beat every head, in floats; near ties are refused."""
    found = False
    for size in range(cover.further + 1):
        for chosen in combinations(range(len(cover.items)), size):
            total = cover.own + cover.weights[:, list(chosen)].sum(axis=1)
            assert (abs(total / cover.limit - 1) > 1e-9).all()
            found = found or bool((total > cover.limit).all())
    return found


def test_searches_agree_with_all_sets() -> None:
    outcomes: Counter[tuple[str, str]] = Counter()
    for seed in range(150):
        heads, context = 2 + seed % 4, 5 + seed % 3
        problem = redundant_heads(seed, 13, heads, context, 0.9 + 0.1 * (seed % 5))
        cover = cover_of(problem)
        result = cover_edge(cover, Budget(5000))
        assert result.outcome == ("missed" if brute(cover) else "proved")
        outcomes[result.outcome, result.method] += 1
        if result.further is not None:
            places = np.searchsorted(cover.items, result.further)
            assert len(places) <= cover.further
            assert cover.beaten(places.tolist())
    assert outcomes["proved", "Lagrangian"] > 5
    assert outcomes["proved", "branch and bound"] > 3
    assert outcomes["missed", "Lagrangian"] > 5


def test_two_heads_with_distractors_of_their_own() -> None:
    # either head alone is beaten by its two distractors, no two items beat both
    row = np.full((2, 6), -9.0)
    row[:, 1] = 1.0
    row[0, [2, 3]] = 0.4
    row[1, [4, 5]] = 0.4
    scores = np.full((2, 6, 6), -9.0)
    scores[:, 0] = row
    problem = problem_of(scores, [[0, 1]], 4)
    decision = decide_softmax(problem, counterexamples=50)
    assert decision.missed == 0
    assert decision.methods["Lagrangian"] == 1
    # four of them do
    assert decide_softmax(problem_of(scores, [[0, 1]], 6)).missed == 1
    single = decide_softmax(problem_of(scores[:1], [[0, 1]], 4))
    assert (single.missed, single.methods["one live head"]) == (1, 1)


def quiet_but_for_one(seed: int) -> RecognitionProblem:
    load = 0.95 + 0.04 * (seed % 4)
    return redundant_heads(seed, 16, 2 + seed % 3, 7, load, null=Fraction(-9, 10), spread=0.5)


def test_trees_are_accepted_by_the_checker() -> None:
    kinds = Counter[bool]()
    for seed in range(60):
        problem = quiet_but_for_one(seed)
        decision = decide_softmax(problem)
        assert accepted(problem, decision).startswith(decision.status)
        if decision.holds:
            assert decision.evidence is not None
            (tree,) = decision.evidence["edges"]
            kinds[len(tree) > 1] += 1
            leaves = sum("multipliers" in node for node in tree)
            assert len(tree) == 2 * leaves - 1
    assert kinds[True] > 2
    assert kinds[False] > 2


def solver_answer(cover: EdgeCover) -> str:
    """The same question to Z3, with enclosures of the exponentials on the safe side each time."""
    row, bits = cover.row, 80

    def missed(end: int) -> bool:
        choose = [z3.Bool(f"x{place}") for place in range(len(cover.items))]
        solver = z3.Solver()
        solver.add(z3.AtMost(*choose, cover.further))
        for head in range(cover.heads):

            def value(exponent: Fraction) -> Fraction:
                return Fraction(exponential(exponent, bits)[end], 1 << bits)

            room = row.limit - sum(map(value, row.own(head)))
            weights = [value(row.exponent(head, item)) for item in cover.items.tolist()]
            total = z3.Sum([z3.If(x, z3.Q(w.numerator, w.denominator), 0)
                            for x, w in zip(choose, weights, strict=True)])  # fmt: skip
            solver.add(total > z3.Q(room.numerator, room.denominator))
        return bool(solver.check() == z3.sat)

    low, high = missed(0), missed(1)
    return "missed" if low else "unknown" if high else "proved"


def test_another_solver_agrees() -> None:
    answers: Counter[str] = Counter()
    for seed in range(30):
        problem = redundant_heads(seed, 11, 2 + seed % 3, 5, 0.95 + 0.1 * (seed % 5))
        cover = cover_of(problem)
        answer = solver_answer(cover)
        assert cover_edge(cover, Budget(5000)).outcome == answer
        answers[answer] += 1
    assert min(answers["missed"], answers["proved"]) >= 3


def test_exact_ties_between_sums() -> None:
    # two further items of the pair's own score: the sum is 2 exactly, in both heads
    scores = np.full((2, 5, 5), -(10**6))
    scores[:, 0, 1:4] = 0
    level = Fraction(1, 4)
    tie = problem_of(scores, [[0, 1]], 4, null=0, level=level, temperature=100)
    assert decide_softmax(tie, counterexamples=50).missed == 1  # item 0 itself weighs a little
    loop = np.full((2, 4, 4), -(10**6))
    loop[:, 0, :3] = 0
    held = problem_of(loop, [[0, 0]], 3, null=0, level=level, temperature=100)
    assert decide_softmax(held, counterexamples=50).missed == 0
    assert decide_softmax(problem_of(loop, [[0, 0]], 4, level=level)).missed == 1
    assert accepted(problem_of(loop[:, :1, :1], [[0, 0]], 1), decide_softmax(
        problem_of(loop[:, :1, :1], [[0, 0]], 1))).startswith("holds")  # fmt: skip


def test_a_leaf_close_to_its_limit_is_decided_by_digits() -> None:
    scores = np.full((1, 3, 3), -50.0)
    scores[0, 0, 1] = 0
    scores[0, 0, 2] = -1
    # the level at which item 2 fits into the room up to the 30th digit
    bits = 200
    parts = [Fraction(-50), Fraction(-1), Fraction(-50)]
    for shift, missed in ((Fraction(1, 10**30), 0), (-Fraction(1, 10**30), 1)):
        total = sum(Fraction(exponential(x, bits)[0], 1 << bits) for x in parts)
        level = 1 / (1 + total + shift)
        problem = problem_of(scores, [[0, 1]], 3, null=-50, level=level)
        assert decide_softmax(problem, counterexamples=20).missed == missed


def test_budgets_end_a_search_without_an_answer() -> None:
    problem = redundant_heads(0, 24, 4, 7, 1.25)
    cover = cover_of(problem)
    assert cover_edge(cover, Budget(2)).outcome == "unknown"
    assert cover_edge(cover, Budget(10**6, deadline=0.0)).outcome == "unknown"
    assert cover_edge(cover, Budget(5000)).outcome == "missed"
    decision = decide_softmax(problem, nodes=2)
    assert decision.missed is None
    assert decision.undecided == 1
    assert "1 edges not decided: out of nodes" in decision.notes


def test_multipliers_come_close_to_the_best() -> None:
    generator = np.random.default_rng(1)
    for _ in range(5):
        shares = np.exp(generator.standard_normal((4, 40)))
        # two heads that are the same and two that are light: the light ones decide
        shares[2:] *= 1e-3
        means = find_means(shares, 5)
        light = min(float(np.sort(row)[-5:].sum()) for row in shares)
        assert means.value <= max(light, covering.ENOUGH) + 1e-9
        assert math.isclose(means.shares.sum(), 1)


def test_everything_fits_a_context() -> None:
    problem = redundant_heads(0, 10, 3, 10, 1.1)
    cover = cover_of(problem)
    assert cover_edge(cover, Budget(10)).outcome == ("missed" if brute(cover) else "proved")


@pytest.mark.parametrize("temperature", ["1/100", "1", "100"])
def test_temperatures(temperature: str) -> None:
    problem = redundant_heads(4, 12, 4, 6, 1.1, temperature=Fraction(temperature))
    cover = cover_of(problem)
    assert cover_edge(cover, Budget(5000)).outcome == ("missed" if brute(cover) else "proved")
