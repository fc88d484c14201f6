from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from superproof.verify.attention import scores as scores_module
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.threshold import decide_threshold

from .layers import adjacency, problems, scores_of


@given(problems)
@settings(max_examples=300, deadline=None)
def test_against_the_definition(problem: RecognitionProblem) -> None:
    scores, edges = scores_of(problem.layer), adjacency(problem.graph)
    threshold = problem.layer.threshold
    found = decide_threshold(problem, counterexamples=100)
    least = min(scores[edges])
    greatest = None if edges.all() else max(scores[~edges])
    assert found.weakest is not None
    assert found.weakest.score == least == scores[found.weakest.query, found.weakest.key]
    assert edges[found.weakest.query, found.weakest.key]
    if greatest is None:
        assert found.strongest is None
        assert found.gap is None
    else:
        assert found.strongest is not None
        assert found.strongest.score == greatest
        assert scores[found.strongest.query, found.strongest.key] == greatest
        assert not edges[found.strongest.query, found.strongest.key]
        assert found.gap == least - greatest
    if threshold is None:
        assert found.status == ("holds" if greatest is None or least > greatest else "violated")
        assert found.violations == (0 if found.status == "holds" else None)
        if found.status == "holds":
            assert found.threshold is not None
            assert ((scores > found.threshold) == edges).all()
        return
    wrong = np.argwhere((scores > threshold) != edges)
    assert found.status == ("violated" if len(wrong) else "holds")
    assert found.violations == len(wrong)
    assert [[pair.query, pair.key] for pair in found.wrong] == wrong.tolist()
    for pair in found.wrong:
        assert pair.score == scores[pair.query, pair.key]
        assert pair.edge == edges[pair.query, pair.key]
    sides = [least - threshold] + ([] if greatest is None else [threshold - greatest])
    assert found.margin == min(sides)


def near_ties(items: int) -> RecognitionProblem:
    """Scores that differ by less than floats can tell: x_i x_j with x near 2^30."""
    values = (1 << 30) + np.arange(items)
    layer = AttentionLayer(values[:, None] * (1 << 10) + 1, np.ones((1, 1, 1)), np.ones((1, 1, 1)))
    edges = np.argwhere(np.add.outer(np.arange(items), np.arange(items)) >= items)
    return RecognitionProblem(layer, RelationalGraph(items, edges))


def test_scores_that_floats_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores_module, "BLOCK", 64)
    problem = near_ties(16)
    scores, edges = scores_of(problem.layer), adjacency(problem.graph)
    found = decide_threshold(problem)
    assert found.gap == min(scores[edges]) - max(scores[~edges])
    middle = sorted(scores.ravel())[128]
    layer = problem.layer.with_threshold(middle)
    found = decide_threshold(RecognitionProblem(layer, problem.graph), counterexamples=3)
    wrong = np.argwhere((scores > middle) != edges)
    assert found.violations == len(wrong)
    assert [[pair.query, pair.key] for pair in found.wrong] == wrong[:3].tolist()


def test_thresholds_beyond_floats() -> None:
    problem = near_ties(4)
    for threshold, wrong in ((Fraction(10) ** 400, 6), (-(Fraction(10) ** 400), 10)):
        layer = problem.layer.with_threshold(threshold)
        assert decide_threshold(RecognitionProblem(layer, problem.graph)).violations == wrong


def test_timeout_and_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores_module, "BLOCK", 16)
    problem = near_ties(16)
    seen: list[tuple[int, int]] = []
    decide_threshold(problem, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 16) for n in range(1, 17)]
    found = decide_threshold(problem, timeout=0)
    assert (found.status, found.gap, found.violations, found.wrong) == ("unknown", None, None, ())
    assert found.margin is None


def test_text_of_a_pair() -> None:
    problem = near_ties(4)
    found = decide_threshold(RecognitionProblem(problem.layer.with_threshold(Fraction(0)),
                                                problem.graph))  # fmt: skip
    assert str(found.wrong[0]).startswith("(0, 0), no edge, scores ")
