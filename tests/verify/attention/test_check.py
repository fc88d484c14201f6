from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from superproof.verify.attention import recheck
from superproof.verify.attention.check import check_recognition
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.softmax_readout import SoftmaxReadout
from superproof.verify.errors import InputError

from .layers import problems


def identity(items: int, threshold: Fraction | None = Fraction(1, 2)) -> RecognitionProblem:
    """Orthonormal items, each with itself as neighbour: scores 1 and 0."""
    eye = np.eye(items)
    layer = AttentionLayer(eye, eye[None], eye[None], threshold=threshold)
    return RecognitionProblem(layer, RelationalGraph.permutation(np.arange(items)))


@given(problems)
@settings(max_examples=60, deadline=None)
def test_verdicts_have_certificates_that_are_accepted(problem: RecognitionProblem) -> None:
    from superproof.verify.attention.certificate import certify_recognition

    verdict = check_recognition(problem)
    assert verdict.engine == "scores"
    assert verdict.status == verdict.scores.status
    data = json.dumps(problem.canonical())
    said = recheck.recheck(json.loads(data), certify_recognition(problem, verdict).to_bytes())
    assert said.startswith(verdict.status)
    json.dumps(verdict.to_json(), allow_nan=False)


def test_a_verdict_in_full(tmp_path: Path) -> None:
    verdict = check_recognition(identity(3), dtypes=["float32", "float16"],
                                certificate=tmp_path / "proof")  # fmt: skip
    data = verdict.to_json()
    assert verdict.holds
    assert data["gap"] == {"exact": "1", "value": 1.0}
    assert data["margin"] == {"exact": "1/2", "value": 0.5}
    assert data["violations"] == 0
    assert data["weakest_edge"]["pair"] == [0, 0]
    assert data["float32"] == "same in every summation order"
    assert set(data["dtypes"]) == {"float32", "float16"}
    assert data["certificate"]["file"] == str(tmp_path / "proof")
    assert 0.1 < data["noise_radius"] < 0.3
    assert set(data["sha256"]) == {"layer", "graph", "readout"}
    with pytest.raises(TypeError, match="a verdict has three values"):
        bool(verdict)


def test_any_threshold_will_do() -> None:
    verdict = check_recognition(identity(3, None))
    assert verdict.holds
    assert verdict.scores.threshold == Fraction(1, 2)
    assert verdict.executions[0].guaranteed


def test_softmax() -> None:
    problem = identity(4)
    asked = RecognitionProblem(
        problem.layer, problem.graph, SoftmaxReadout(Fraction(1, 10), 4, Fraction(1, 2))
    )
    verdict = check_recognition(asked)
    assert (verdict.status, verdict.engine, verdict.violations) == ("holds", "contexts", 0)
    hot = RecognitionProblem(
        problem.layer, problem.graph, SoftmaxReadout(Fraction(1), 4, Fraction(1, 2))
    )
    verdict = check_recognition(hot)
    assert (verdict.status, verdict.violations) == ("violated", 4)
    assert verdict.scores.status == "holds"
    assert verdict.executions == ()
    assert verdict.to_json()["counterexamples"][0]["edge"] is True


def test_floats_are_taken_exactly() -> None:
    problem = identity(4)
    layer = AttentionLayer(*(a.mantissa for a in problem.layer.exact), threshold=0.1)  # type: ignore[arg-type]
    assert layer.threshold == Fraction(0.1)
    softmax = SoftmaxReadout(0.1, np.int64(4), 0.5)  # type: ignore[arg-type]
    assert softmax == SoftmaxReadout(Fraction(0.1), 4, Fraction(1, 2))
    asked = RecognitionProblem(layer, problem.graph, softmax)
    assert check_recognition(asked).holds
    json.dumps(asked.canonical())


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((np.nan, 2, 0), "temperature: nan is not a finite number"),
        ((np.inf, 2, 0), "temperature: inf is not a finite number"),
        ((None, 2, 0), "temperature: None is not a finite number"),
        ((1, 2, np.nan), "null: nan is not a finite number"),
        ((1, 2, True), "null: expected a number, found True"),
        ((1, 2, 0, np.nan), "level: nan is not a finite number"),
        ((1, 2.5, 0), "context 2.5: not a number of items"),
        ((1, None, 0), "context None: not a number of items"),
    ],
)
def test_readouts_of_no_numbers(numbers: tuple[float, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SoftmaxReadout(*numbers)  # type: ignore[arg-type]


def test_thresholds_of_no_numbers() -> None:
    with pytest.raises(InputError, match="threshold: nan is not a finite number"):
        identity(2, np.nan)  # type: ignore[arg-type]


def test_options_are_checked_first() -> None:
    for timeout in (0, -1, float("nan")):
        with pytest.raises(InputError, match=f"timeout must be positive, not {timeout}"):
            check_recognition(identity(2), timeout=timeout)
    with pytest.raises(InputError, match="unknown number type"):
        check_recognition(identity(2, Fraction(2)), dtypes=["float8"])


def test_numbers_beyond_floats_are_shown() -> None:
    layer = AttentionLayer(
        np.array([[1e200], [-1e200]]), np.full((1, 1, 1), 1e200), np.full((1, 1, 1), 1e200)
    )
    for temperature in (Fraction(10) ** 400, Fraction(1, 10**400)):
        softmax = SoftmaxReadout(temperature, 2, Fraction(0))
        problem = RecognitionProblem(layer, RelationalGraph.permutation([0, 1]), softmax)
        verdict = check_recognition(problem)
        assert verdict.holds
        assert f"e{'+' if temperature > 1 else '-'}400" in str(verdict.softmax)
        json.dumps(verdict.to_json(), allow_nan=False)


def test_destination_is_checked_first(tmp_path: Path) -> None:
    taken = tmp_path / "model"
    taken.write_text("weights")
    with pytest.raises(InputError, match="model"):
        check_recognition(identity(3), certificate=taken)
