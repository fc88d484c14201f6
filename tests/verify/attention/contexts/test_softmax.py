"""The softmax decision against all contexts, at its edges, and with its evidence rechecked."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from superproof.verify.attention import recheck as checker
from superproof.verify.attention.contexts import softmax as module
from superproof.verify.attention.contexts.softmax import SoftmaxDecision, decide_softmax
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.errors import InputError, ReplayError

from ....oracles.softmax_contexts import is_reported, plain_scores, wrong_pairs
from .softmax_cases import problem_of, random_softmax


def accepted(problem: RecognitionProblem, decision: SoftmaxDecision) -> str:
    """What the independent checker says of the evidence."""
    data = problem.canonical()
    content = {
        "sha256": {part: checker.digest(data[part]) for part in checker.PARTS},
        "claim": checker.HOLDS | {"status": decision.status},
        "evidence": decision.evidence,
    }
    packed = checker.MAGIC + zlib.compress(json.dumps(content).encode())
    return checker.recheck(json.loads(json.dumps(data)), packed)


def agree(problem: RecognitionProblem) -> SoftmaxDecision:
    """The decision, compared with all contexts and with the independent checker."""
    decision = decide_softmax(problem, counterexamples=100)
    wrong = wrong_pairs(problem)
    assert decision.status == ("violated" if wrong else "holds"), problem.softmax
    missed = sum(pair in problem.graph for pair in wrong)
    assert (decision.missed, decision.reported) == (missed, len(wrong) - missed)
    assert {example.pair for example in decision.counterexamples} == set(wrong)
    assert sum(decision.methods.values()) == len(problem.graph)
    assert accepted(problem, decision).startswith(decision.status)
    scores = plain_scores(problem)
    assert problem.softmax is not None
    for example in decision.counterexamples:
        assert set(example.pair) <= set(example.context)
        assert len(example.context) <= problem.softmax.context
        reported = is_reported(problem, scores, example.pair, example.context)
        assert reported is not example.edge
    return decision


def test_small_problems_agree_with_all_contexts() -> None:
    statuses: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    for seed in range(100):
        decision = agree(random_softmax(seed))
        statuses[decision.status] += 1
        methods.update(decision.methods)
    assert min(statuses["holds"], statuses["violated"]) > 15
    # every kind of argument was needed
    assert all(methods[name] for name in module.METHODS[:-1]), methods


def test_ties_with_the_null_key_are_reported() -> None:
    # weight exactly 1/2: the level is reached
    assert agree(problem_of([[[0]]], [[0, 0]], 1)).holds
    assert agree(problem_of([[[0, 0], [-9, 0]]], [[0, 0], [1, 1]], 1)).holds
    # any further item takes it below
    assert agree(problem_of([[[0, 0], [-9, 0]]], [[0, 0], [1, 1]], 2)).status == "violated"
    # three equal scores and the null key: exactly 1/4
    square = np.zeros((1, 3, 3), dtype=int)
    edges = [[i, j] for i in range(3) for j in range(3)]
    assert agree(problem_of(square, edges, 3, level=Fraction(1, 4))).holds
    assert agree(problem_of(square, edges, 3, level=Fraction(10**9 + 1, 4 * 10**9))).missed == 9


def test_many_ties_of_other_pairs_are_decided_once() -> None:
    square = np.zeros((2, 40, 40), dtype=int)
    square[0, 0, 1] = 9
    decision = decide_softmax(problem_of(square, [[0, 1]], 2, level=Fraction(1, 3)))
    assert decision.reported == 40 * 40 - 1
    decision = decide_softmax(problem_of(square, [[0, 1]], 2, level=Fraction(1, 3), null=1))
    assert decision.reported == 0


def test_without_a_null_key_something_is_always_reported() -> None:
    decision = agree(problem_of([[[1, 9], [9, 1]]], [[0, 1], [1, 0]], 2, null=None))
    assert decision.reported == 2
    loops = problem_of([[[1, 9], [9, 1]]], [[0, 1], [1, 0], [0, 0], [1, 1]], 2, null=None)
    assert agree(loops).missed == 2
    assert agree(problem_of([[[1, 1], [1, 1]]], [[0, 0], [1, 1]], 1, null=None)).holds


def test_contexts_of_one_item_only_hold_loops() -> None:
    decision = agree(problem_of([[[9, 9], [9, -9]]], [[0, 0], [0, 1]], 1))
    assert decision.holds
    assert decision.methods["in no context"] == 1


@pytest.mark.parametrize("exponent", [-1000, -400, 200, 900])
@pytest.mark.parametrize("place", ["scores", "temperature"])
def test_huge_and_tiny_scores(exponent: int, place: str) -> None:
    values = np.array([[[-1, 2, -1], [-1, -1, 2], [2, -1, -1]]])
    edges = [[0, 1], [1, 2], [2, 0]]
    scale = 2.0**exponent
    if place == "scores":
        problem = problem_of(values * scale, edges, 3)
    else:
        problem = problem_of(values, edges, 3, temperature=1 / Fraction(scale))
    # next to nothing is lost where scores are far apart, and everything where they are near
    assert agree(problem).missed == (0 if exponent > 0 else 3)


def test_long_integers_are_decided_exactly() -> None:
    big = 2**80
    # the floats of these scores agree; a unit decides whether a pair that is no edge reaches 1/2
    values = np.array([[[-big, big + 1], [0, -big]]], dtype=object)
    problem = problem_of(values, [[0, 1]], 1, temperature=Fraction(1, 8), null=big + 1)
    assert agree(problem).holds
    # alone with the null key, an item must score no less than it does
    for own, reported in ((big, 0), (big + 1, 1), (big + 2, 1)):
        values = np.array([[[own, 3 * big], [-big, -big]]], dtype=object)
        found = agree(problem_of(values, [[0, 1]], 2, temperature=10**9, null=big + 1))
        assert found.reported is not None
        pairs = {example.pair for example in found.counterexamples}
        assert ((0, 0) in pairs) == bool(reported)


def test_witnesses_are_small() -> None:
    values = np.full((1, 9, 9), -9.0)
    values[0, 0, 1] = 2
    values[0, 0, 5] = 3
    decision = agree(problem_of(values, [[0, 1]], 6))
    (missed,) = (example for example in decision.counterexamples if example.edge)
    assert missed.context == (0, 1, 5)
    assert missed.weights[0][0] < Fraction(1, 2)
    assert str(missed) == "edge (0, 1) is missed with weight 0.259495 in the context {0, 1, 5}"


def test_long_contexts_are_cut_in_print_only() -> None:
    values = np.full((1, 30, 30), -9.0)
    values[0, 0] = 0
    values[0, 0, 1] = 3
    (example,) = decide_softmax(problem_of(values, [[0, 1]], 30)).counterexamples
    assert len(example.context) > 12
    assert f"... ({len(example.context)} items)" in str(example)
    assert example.to_json()["context"] == list(example.context)


def test_examples_of_both_kinds_come_first() -> None:
    values = np.full((1, 8, 8), -3.0)
    values[0, :4] = 3
    decision = decide_softmax(problem_of(values, [[k, 0] for k in range(8)], 8), counterexamples=4)
    assert [example.edge for example in decision.counterexamples].count(True) == 2
    assert decide_softmax(
        problem_of(values, [[k, 0] for k in range(8)], 8), counterexamples=0
    ).counterexamples


def test_what_it_says() -> None:
    values = np.full((1, 3, 3), -9.0)
    values[0, [0, 1, 2], [1, 2, 0]] = 9
    edges = [[0, 1], [1, 2], [2, 0]]
    decision = decide_softmax(problem_of(values, edges, 3, temperature=2))
    assert str(decision).splitlines() == [
        "holds: the edges and no other pairs are reported in every context of at most 3 items at "
        "temperature 2",
        "edges decided by: levels 3",
    ]
    data = decision.to_json()
    assert (data["status"], data["violations"], data["temperature"]) == ("holds", 0, "2")
    json.dumps(data)
    with pytest.raises(TypeError, match="three values"):
        bool(decision)
    violated = decide_softmax(problem_of(values, edges, 3, temperature=20))
    assert "wrong in some context: 3 edges missed, 0 other pairs reported" in str(violated)
    assert violated.violations == 3


def test_progress_and_time() -> None:
    seen = []
    problem = random_softmax(3)
    decide_softmax(problem, progress=lambda done, total: seen.append((done, total)))
    assert seen
    assert all(0 <= done <= total == len(problem.graph) for done, total in seen)
    late = decide_softmax(problem, timeout=1e-9)
    assert late.status == "unknown"
    assert late.evidence is None
    assert late.violations is None
    assert "out of time" in str(late)


def test_a_heavy_item_is_not_dropped_from_a_context_by_rounding() -> None:
    # the first head is beaten by item 2 alone, at 2^51, beside which the others' .98 is rounded
    # to more than 1; the second head takes items 3, 4 and 5
    values = np.full((2, 6, 6), -60.0)
    values[:, 0, 1] = 0
    values[0, 0, [0, 2, 3, 4, 5]] = np.log([0.2, 2.0**51.5, 0.26, 0.26, 0.26])
    values[1, 0, [0, 2, 3, 4, 5]] = np.log([0.01, 1e-20, 0.4, 0.4, 0.4])
    agree(problem_of(values, [[0, 1]], 6, null=-39))


def test_ties_beside_weights_of_no_size() -> None:
    # the null key weighs exactly 1, and another item exp(-1e6) or less: together above 1
    values = np.array([[[-1.0, 0.0], [-1.0, 1.0]]])
    for null, status in ((0, "holds"), (1, "violated")):
        problem = problem_of(values, [[1, 1]], 2, temperature="1/1000000", null=null)
        assert agree(problem).status == status


def test_bad_requests() -> None:
    problem = problem_of([[[1]]], [[0, 0]], 1)
    with pytest.raises(InputError, match="no softmax read-out; give a temperature and a context"):
        decide_softmax(replace(problem, softmax=None))
    with pytest.raises(InputError, match="nodes 0: the search needs at least one"):
        decide_softmax(problem, nodes=0)
    with pytest.raises(InputError, match="timeout -1: must be above 0 seconds"):
        decide_softmax(problem, timeout=-1)
    with pytest.raises(InputError, match="counterexamples -1: must not be negative"):
        decide_softmax(problem, counterexamples=-1)
    for level in (Fraction(1, 2**600), 1 - Fraction(1, 2**501)):
        with pytest.raises(InputError, match="too near to 0 or 1; keep it 2\\^-500 away"):
            problem_of([[[1]]], [[0, 0]], 1, level=level)


def test_a_wrong_witness_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.full((1, 3, 3), -9.0)
    values[0, 0, 1] = 9
    problem = problem_of(values, [[0, 1]], 3)
    quiet = np.zeros((0, 2), dtype=np.int64)
    loud = np.array([[0, 2]])
    monkeypatch.setattr(module, "reported_non_edges", lambda *_: (loud, quiet))
    with pytest.raises(ReplayError, match=r"pair \(0, 2\) is not reported"):
        decide_softmax(problem)


def test_embeddings_that_are_no_unit_vectors() -> None:
    generator = np.random.default_rng(5)
    base = generator.standard_normal((6, 3)).astype(np.float32)
    weights = generator.standard_normal((2, 2, 3, 2)).astype(np.float32)
    template = random_softmax(0)
    for step in range(1, 6):
        layer = AttentionLayer(base * step, weights[0], weights[1])
        problem = problem_of(np.zeros((1, 6, 6), dtype=int), [[0, 1], [3, 3], [3, 4]], 4)
        agree(RecognitionProblem(layer, problem.graph, problem.softmax))
    assert template.softmax is not None
