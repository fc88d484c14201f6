"""The driver: bad arguments, engines that lie or are interrupted, and the verdict itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.verify import check as driver
from superproof.verify.check import check, replay
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.errors import ContradictionError, InputError, ReplayError, SuperproofError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification
from superproof.verify.verdict import OutputReading, Verdict

#: Computes x0 | x1; with 1 as the threshold, x0 & x1.
SUM = Network.from_arrays([[[1, 1]]])
OR, AND = (Specification(2, [text]) for text in ("x0 | x1", "x0 & x1"))

Decide = Callable[[Problem, Request, Outcome], None]


class Fake:
    """An engine that does what a test tells it to."""

    name = "fake"

    def __init__(self, decide: Decide) -> None:
        self.decide = decide


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[Decide], None]:
    """Registers an engine called ``fake``."""

    def register(decide: Decide) -> None:
        monkeypatch.setitem(driver.ENGINES, "fake", lambda: Fake(decide))

    return register


def point(text: str) -> np.ndarray:
    return np.array([int(c) for c in text], dtype=np.uint8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"counterexamples": -1}, "counterexamples must be 0 or more, not -1"),
        ({"timeout": 0}, "timeout must be positive, not 0"),
        ({"timeout": -1.5}, "timeout must be positive, not -1.5"),
        ({"threads": 0}, "threads must be 1 or more, not 0"),
        ({"engine": "magic"}, "unknown engine 'magic'; use one of auto, enumerate"),
        ({"engine": ""}, "unknown engine ''"),
    ],
    ids=str,
)
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(SUM, OR, **options)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Network.from_arrays([[[1, 1, 1]]]), "the network has 3 inputs, .* names 2"),
        (Network.from_arrays([[[1, 1], [1, 1]]]), "the network has 2 outputs, .* names 1"),
    ],
)
def test_sizes_that_do_not_fit(network: Network, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(network, OR)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        (["11"], "the counterexample 11 failed its exact replay: it breaks nothing"),
        (["01", "11"], "the counterexample 11 failed its exact replay: it breaks nothing"),
        (["10"], "the counterexample 10 failed its exact replay: it is outside the domain"),
    ],
)
def test_a_false_counterexample_is_an_internal_error(
    install: Callable[[Decide], None], claims: list[str], why: str
) -> None:
    def lie(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.status = "violated"
        outcome.points = [point(text) for text in claims]

    install(lie)
    specification = Specification(2, ["x0 & x1"], domain="where x1")
    with pytest.raises(ReplayError, match=why) as caught:
        check(SUM, specification, engine="fake", counterexamples=5)
    assert not isinstance(caught.value, InputError)
    assert isinstance(caught.value, SuperproofError)


def test_the_first_counterexample_is_replayed_even_when_none_is_wanted(
    install: Callable[[Decide], None],
) -> None:
    def lie(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.status = "violated"
        outcome.points = [point("11")]

    install(lie)
    with pytest.raises(ReplayError):
        check(SUM, AND, engine="fake", counterexamples=0)


def test_a_violation_without_a_counterexample_is_an_internal_error(
    install: Callable[[Decide], None],
) -> None:
    def claim(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.status = "violated"

    install(claim)
    with pytest.raises(ReplayError, match="'fake' reported a violation without a counterexample"):
        check(SUM, OR, engine="fake")


def test_a_counterexample_overrules_the_status(install: Callable[[Decide], None]) -> None:
    def confused(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.points = [point("01")]
        outcome.status = "holds"

    install(confused)
    assert check(SUM, AND, engine="fake").status == "violated"


def test_interrupt_keeps_what_is_known(install: Callable[[Decide], None]) -> None:
    def interrupted(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.visited = 2
        outcome.points = [point("10")]
        raise KeyboardInterrupt

    install(interrupted)
    verdict = check(SUM, AND, engine="fake", count=True, margin=True)
    assert verdict.interrupted
    assert (verdict.status, verdict.nodes) == ("violated", 2)
    assert [example.text for example in verdict.counterexamples] == ["10"]
    assert (verdict.violations, verdict.violations_by_output, verdict.margin) == (None, None, None)
    assert verdict.tried[0].result == "interrupted"
    assert verdict.to_json()["interrupted"] is True


def test_interrupt_before_anything_is_known(install: Callable[[Decide], None]) -> None:
    def interrupted(problem: Problem, request: Request, outcome: Outcome) -> None:
        raise KeyboardInterrupt

    install(interrupted)
    verdict = check(SUM, OR, engine="fake")
    assert (verdict.status, verdict.interrupted, verdict.counterexamples) == ("unknown", True, ())
    assert not verdict.holds


def test_engines_see_the_request(install: Callable[[Decide], None]) -> None:
    seen: list[Request] = []

    def look(problem: Problem, request: Request, outcome: Outcome) -> None:
        seen.append(request)
        request.progress(1, 4)

    install(look)
    reported: list[tuple[int, int]] = []
    before = time.monotonic()
    check(
        SUM,
        OR,
        engine="fake",
        count=True,
        counterexamples=0,
        timeout=1000,
        threads=3,
        device="cuda:1",
        progress=lambda done, total: reported.append((done, total)),
    )
    check(SUM, OR, engine="fake")
    full, plain = seen
    assert (full.count, full.margin, full.counterexamples) == (True, False, 0)
    assert (full.threads, full.device) == (3, "cuda:1")
    assert full.deadline is not None
    assert before + 1000 <= full.deadline <= time.monotonic() + 1000
    assert full.exhaustive
    assert not full.expired()
    assert reported == [(1, 4)]
    assert plain.threads >= 1
    assert (plain.deadline, plain.exhaustive, plain.expired()) == (None, False, False)


def test_a_request_expires() -> None:
    assert Request(deadline=time.monotonic() - 1).expired()
    assert Request(counterexamples=2).exhaustive
    assert Request(margin=True).exhaustive


def test_unknown_verdicts_say_how_far_it_came(install: Callable[[Decide], None]) -> None:
    def gives_up(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.detail = "time limit after 3 inputs"
        outcome.notes.append("the count was not finished")

    install(gives_up)
    verdict = check(SUM, OR, engine="fake", count=True)
    assert (verdict.status, verdict.violations, verdict.domain_size) == ("unknown", None, 4)
    assert verdict.tried[0].result == "time limit after 3 inputs"
    assert verdict.notes == ("the count was not finished",)


def test_errors_of_an_engine_pass_through(install: Callable[[Decide], None]) -> None:
    def refuses(problem: Problem, request: Request, outcome: Outcome) -> None:
        raise InputError("too large for me")

    install(refuses)
    with pytest.raises(InputError, match="too large for me"):
        check(SUM, OR, engine="fake")


@pytest.mark.parametrize("engine", ["auto", "enumerate", "z3"])
def test_a_verdict_that_holds(engine: str) -> None:
    verdict = check(SUM, OR, engine=engine, count=True, margin=True)
    assert verdict.holds
    assert (verdict.status, verdict.violations, verdict.violations_by_output) == (
        "holds",
        0,
        {"y0": 0},
    )
    assert (verdict.margin, verdict.domain_size, verdict.counterexamples) == (0, 4, ())
    assert verdict.engine == ("enumerate" if engine == "auto" else engine)
    assert not verdict.interrupted


@pytest.mark.parametrize("engine", ["enumerate", "z3"])
def test_a_verdict_that_is_violated(engine: str) -> None:
    verdict = check(SUM, AND, engine=engine, count=True, counterexamples=9)
    assert not verdict.holds
    assert (verdict.violations, verdict.violations_by_output) == (2, {"y0": 2})
    examples = {example.text: example for example in verdict.counterexamples}
    assert set(examples) == {"01", "10"}
    assert examples["01"].assignment == {"x0": False, "x1": True}
    reading = examples["01"].outputs["y0"]
    assert reading == OutputReading(expected=False, read=True, value=Fraction(1))
    assert reading.wrong


@pytest.mark.parametrize("engine", ["enumerate", "z3"])
@pytest.mark.parametrize("wanted", [0, 1, 2, 3])
def test_at_most_the_wanted_number_of_counterexamples(engine: str, wanted: int) -> None:
    verdict = check(SUM, AND, engine=engine, counterexamples=wanted)
    assert verdict.status == "violated"
    assert len(verdict.counterexamples) == min(wanted, 2)


def test_a_verdict_is_not_a_boolean() -> None:
    verdict = check(SUM, OR, engine="enumerate")
    with pytest.raises(TypeError, match="a verdict has three values"):
        bool(verdict)
    with pytest.raises(TypeError):
        assert verdict


KEYS = {
    "status",
    "engine",
    "domain_size",
    "violations",
    "violations_by_output",
    "counterexamples",
    "margin",
    "float32",
    "nodes",
    "seconds",
    "tried",
    "sha256",
    "version",
}


def test_json_keys() -> None:
    verdict = check(SUM, AND, engine="enumerate", count=True, margin=True)
    data = json.loads(json.dumps(verdict.to_json()))
    assert set(data) >= KEYS
    assert data["status"] == "violated"
    assert data["violations"] == 2
    assert data["margin"] == {"exact": "-1", "value": -1.0}
    (example,) = data["counterexamples"]
    assert example["input"] in ("01", "10")
    assert example["outputs"] == {"y0": {"expected": False, "read": True, "value": "1"}}
    assert set(data["sha256"]) == {"network", "specification", "domain"}
    assert data["tried"][0].keys() == {"engine", "seconds", "result"}
    assert json.loads(json.dumps(check(SUM, OR).to_json()))["margin"] is None


def test_a_margin_beyond_floats_has_no_float_value() -> None:
    verdict = Verdict("holds", "fake", 4, margin=Fraction(10**400))
    assert verdict.to_json()["margin"] == {"exact": str(10**400), "value": None}


def test_a_verdict_that_contradicts_itself_is_an_internal_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [
        Outcome(status="holds", margin=Fraction(-1)),
        Outcome(status="violated", margin=Fraction(1, 2), points=[np.array([0, 1])]),
        Outcome(status="holds", violations=1),
        Outcome(status="violated", violations=0, points=[np.array([0, 1])]),
    ]

    class Confused:
        name = "confused"

        def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
            outcome.take(answers[0])

    monkeypatch.setitem(driver.ENGINES, "confused", Confused)
    while answers:
        with pytest.raises(ContradictionError, match=r"the engine said (holds|violated) with"):
            check(SUM, AND, engine="confused")
        del answers[0]


def test_replay_of_nothing() -> None:
    assert replay(Problem(SUM, OR), []) == []


def test_files_are_read_in_place(tmp_path: Path) -> None:
    network = Network.from_arrays([[[1, 1]]], [[-1]])
    specification = Specification(["a", "b"], {"y": "a & b"})
    model = network.save(tmp_path / "model.npz")
    text = specification.save(tmp_path / "spec.toml")
    assert check(model, str(text)).holds


def test_an_unfinished_count_says_how_many_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        name = "enumerate"

        def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
            outcome.points = [np.array([1, 1], dtype=np.uint8)]
            outcome.wrong_so_far, outcome.visited = 1, 3
            raise KeyboardInterrupt

    monkeypatch.setitem(driver.ENGINES, "enumerate", Interrupted)
    network = Network.from_arrays([[[0, 0]]])
    verdict = check(network, Specification(["a", "b"], ["a & b"]), engine="enumerate", count=True)
    assert verdict.interrupted
    assert verdict.status == "violated"
    assert verdict.violations is None
    assert "at least 1 violating inputs among the first 3 visited" in verdict.notes


def test_the_time_limit_covers_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late:
        name = "late"

        def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
            outcome.points = [np.array([0, 1], dtype=np.uint8)] * 200
            outcome.status = "violated"
            while not request.expired():
                time.sleep(0.01)

    monkeypatch.setitem(driver.ENGINES, "late", Late)
    verdict = check(SUM, AND, engine="late", counterexamples=200, timeout=0.05)
    assert len(verdict.counterexamples) == driver.REPLAY
    assert "64 of 200 counterexamples were replayed: time limit" in verdict.notes


def test_an_interrupted_run_does_not_go_on_with_thousands_of_replays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupted:
        name = "tree"

        def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
            outcome.points = [np.array([0, 0], dtype=np.uint8)] * 1000
            raise KeyboardInterrupt

    monkeypatch.setitem(driver.ENGINES, "tree", Interrupted)
    network = Network.from_arrays([np.zeros((1, 2))], [[1]])
    specification = Specification(2, ["x0"])
    verdict = check(network, specification, engine="tree", counterexamples=1000, dtypes=())
    assert verdict.interrupted
    assert len(verdict.counterexamples) == driver.REPLAY
    assert "64 of 1,000 counterexamples were replayed: interrupted" in verdict.notes


def test_an_interrupted_run_gets_no_certificate_that_takes_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Interrupted:
        name = "tree"

        def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(driver.ENGINES, "tree", Interrupted)
    network = Network.from_arrays([np.zeros((1, 2))], [[1]])
    verdict = check(
        network, Specification(2, ["x0"]), engine="tree", dtypes=(), certificate=tmp_path / "proof"
    )
    assert str(verdict.certificate) == "none (the verdict is unknown)"
