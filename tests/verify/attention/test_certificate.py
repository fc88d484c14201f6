"""Certificates of verdicts about attention, from the decision to the checker."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof.verify.attention import certificate as certificates
from superproof.verify.attention import recheck as checker
from superproof.verify.attention.certificate import certify_recognition
from superproof.verify.attention.check import check_recognition
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.softmax_readout import SoftmaxReadout
from superproof.verify.certificate import CHECKERS, checker_of
from superproof.verify.errors import ProofError

from ...oracles.recognition_oracle import Recognition
from .test_recheck import alone


def problem_of(seed: int, soft: bool) -> RecognitionProblem:
    """Heads whose scores are drawn, edges mostly high."""
    rng = np.random.default_rng(seed)
    items, heads = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    scores = rng.integers(-20, 20, (heads, items, items)) / 8
    edges = [(i, int(rng.integers(items))) for i in range(items)]
    for i, j in edges:
        high = rng.random(heads) < 0.8
        scores[high, i, j] = rng.integers(45, 80, int(high.sum())) / 8
    keys = np.stack([np.eye(items)] * heads)
    threshold = None if rng.random() < 0.4 else Fraction(int(rng.integers(10, 50)), 8)
    layer = AttentionLayer(np.eye(items), scores, keys, threshold=threshold)
    readout = SoftmaxReadout(
        Fraction(int(rng.integers(1, 9)), 4),
        int(rng.integers(1, items + 1)),
        (None, Fraction(3), Fraction(10, 3))[int(rng.integers(3))],
        (Fraction(1, 2), Fraction(1, 3))[int(rng.integers(2))],
    )
    return RecognitionProblem(layer, RelationalGraph(items, edges), readout if soft else None)


@pytest.mark.parametrize("soft", [False, True])
def test_what_check_writes_is_accepted_and_true(soft: bool, tmp_path: Path) -> None:
    seen = Counter[str]()
    for seed in range(80):
        problem = problem_of(seed, soft)
        verdict = check_recognition(problem, dtypes=(), certificate=tmp_path / "proof")
        assert verdict.status == ("holds" if Recognition(problem.canonical()).holds else "violated")
        assert verdict.certificate is not None
        file = (tmp_path / "proof").read_bytes()
        assert checker_of(file) is checker
        said = checker.recheck(problem.canonical(), file)
        assert said.startswith(verdict.status)
        seen[f"{verdict.status}: {verdict.certificate.content.lstrip('0123456789')}"] += 1
    assert len(seen) >= 2, seen
    assert min(Counter(key.split(":")[0] for key in seen.elements()).values()) > 10, seen
    (tmp_path / "problem.json").write_text(json.dumps(problem.canonical()))
    done = alone(tmp_path / "problem.json", tmp_path / "proof")
    assert (done.returncode, done.stdout) == (0, f"accepted: {said}\n")


def test_claims_and_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    seen = set()
    for seed in range(60):
        problem = problem_of(seed, rng.random() < 0.4)
        verdict = check_recognition(problem, dtypes=())
        monkeypatch.setattr(certificates, "COUNTED", rng.choice([0, 1 << 26]))
        made = certify_recognition(problem, verdict)
        assert made.sha256 == problem.sha256
        assert checker.recheck(problem.canonical(), made.to_bytes())
        kind = made.evidence["kind"]
        seen.add(kind)
        counted = kind == "scores" and problem.layer.threshold is not None
        assert made.claim["violations"] == (verdict.violations if counted else None)
        gap = verdict.scores.gap if kind == "scores" else None
        assert made.claim["gap"] == (None if gap is None else str(gap))
        words = {"scores": "all pairs evaluated", "pair": "1 pair", "crossing": "2 pairs"}
        trees = made.evidence.get("edges", [])
        words["contexts"] = f"{len(trees)} tree{'s' * (len(trees) > 1)} of "
        words["context"] = "1 context of "
        assert made.content.startswith(words[kind])
    assert seen == {"scores", "pair", "crossing", "contexts", "context"}


def test_verdicts_without_a_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    holds = next(
        (problem, verdict)
        for problem in (problem_of(seed, True) for seed in range(99))
        if (verdict := check_recognition(problem, dtypes=())).holds
    )
    problem, verdict = holds
    assert verdict.softmax is not None
    with pytest.raises(ProofError, match="the verdict is unknown"):
        certify_recognition(problem, replace(verdict, status="unknown"))
    without = replace(verdict, softmax=replace(verdict.softmax, evidence=None))
    with pytest.raises(ProofError, match="the decision has no evidence"):
        certify_recognition(problem, without)
    for limit, words in (("WORK", "too many contexts"), ("TEXT", "larger than the checker reads"),
                         ("BRACKETS", "larger than the checker reads")):  # fmt: skip
        with monkeypatch.context() as patched:
            patched.setattr(checker, limit, 3)
            with pytest.raises(ProofError, match=words):
                certify_recognition(problem, verdict)
    wrong = next(
        (problem, verdict)
        for problem in (problem_of(seed, False) for seed in range(99))
        if problem.layer.threshold is not None
        and (verdict := check_recognition(problem, dtypes=())).status == "violated"
    )
    problem, verdict = wrong
    monkeypatch.setattr(certificates, "COUNTED", 0)
    unlisted = replace(verdict, scores=replace(verdict.scores, wrong=()))
    with pytest.raises(ProofError, match="no wrong pair is listed"):
        certify_recognition(problem, unlisted)


def test_first_lines_tell_the_checkers_apart() -> None:
    assert CHECKERS[checker.MAGIC] is checker
    for magic in CHECKERS:
        assert not any(other.startswith(magic) for other in CHECKERS if other != magic)
