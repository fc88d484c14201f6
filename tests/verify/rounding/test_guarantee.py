"""What a verdict says about execution: never contradicted, and said where it can be proved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify import check as driver
from superproof.verify.check import check
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.errors import ContradictionError, InputError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Threshold
from superproof.verify.rounding import guarantee
from superproof.verify.rounding.execution import Execution
from superproof.verify.rounding.number_type import NUMBER_TYPES
from superproof.verify.specification import Specification
from superproof.verify.verdict import Verdict

from ...oracles import fraction_oracle as oracle
from ...oracles.ieee_emulation import Machine, draw_style, rounded
from ...strategies import problems

NAMES = sorted(NUMBER_TYPES)


def readings(readout: object, values: list[Fraction], level_type: str | None) -> list[bool | None]:
    """What all outputs read as, with levels rounded to a type if one is given."""
    if level_type is not None:
        if isinstance(readout, Threshold):
            readout = Threshold(rounded(readout.threshold, level_type))
        elif isinstance(readout, Levels):
            levels = readout.true_at_least, readout.false_at_most
            readout = Levels(*(rounded(level, level_type) for level in levels))
    return [oracle.reading(readout, values, j) for j in range(len(values))]


def contradictions(problem: Problem, execution: Execution, seeds: list[int]) -> list[str]:
    """Inputs of the domain on which some emulated execution reads other bits."""
    found = []
    readout, domain = problem.specification.readout, problem.specification.domain
    for seed in seeds:
        machine = Machine(draw_style(execution.dtype, seed))
        level_type = execution.dtype if seed % 2 else None
        for bits in oracle.members(domain)[:12]:
            fed = [domain.values[int(bit)] for bit in bits]
            exact = readings(readout, oracle.forward(problem.network, fed), None)
            if readings(readout, machine.run(problem.network, fed), level_type) != exact:
                found.append(oracle.text(bits))
    return found


@settings(max_examples=150, deadline=None)
@given(st.data(), problems(max_inputs=5, max_hidden=2, max_width=4), st.sampled_from(NAMES))
def test_no_execution_contradicts_a_guarantee(
    data: st.DataObject, problem: Problem, name: str
) -> None:
    verdict = check(problem.network, problem.specification, dtypes=[name], threads=1)
    (execution,) = verdict.executions
    assert "this was not decided" not in execution.reason
    if execution.guaranteed:
        seeds = data.draw(st.lists(st.integers(0, 1 << 30), min_size=3, max_size=3))
        assert not contradictions(problem, execution, seeds)
    if execution.nearest is not None:
        fed = [problem.specification.domain.values[int(bit)] for bit in execution.nearest.bits]
        assert [o.value for o in execution.nearest.outputs.values()] == oracle.forward(
            problem.network, fed
        )


def averaged(copies: int) -> Problem:
    """Copies of relu(x0 + x1 - 1), averaged with a rounded 1/copies; true from 1 up."""
    ones = np.ones((copies, 2), dtype=np.float32)
    share = np.full((1, copies), np.float32(1 / copies))
    network = Network.from_arrays([ones, share], [-np.ones(copies, dtype=np.float32), None])
    formula = "x0 & x1" if network.evaluate([1, 1])[0] >= 1 else "false"
    below = Levels(Fraction(1), 1 - Fraction(1, 1 << 40))
    return Problem(network, Specification(2, [formula], readout=below))


def large_offset() -> Problem:
    """relu(2^24 + x0 + x1) - relu(2^24) - 1/2 is above 0 exactly for x0 | x1."""
    big = float(1 << 24)
    network = Network.from_arrays(
        [np.array([[1, 1], [0, 0]], np.float32), np.array([[1, -1]], np.float32)],
        [np.array([big, big], np.float32), np.array([-0.5], np.float32)],
    )
    return Problem(network, Specification(2, ["x0 | x1"]))


@pytest.mark.parametrize(
    "problem",
    [averaged(25), averaged(27), averaged(31), large_offset()],
    ids=["25 copies", "27 copies", "31 copies", "large offset"],
)
def test_ties_are_not_guaranteed_and_do_go_wrong(problem: Problem) -> None:
    verdict = check(problem.network, problem.specification, dtypes=["float32", "float64"])
    assert verdict.holds
    single, double = verdict.executions
    assert single.statement == "not guaranteed"
    assert contradictions(problem, single, list(range(40)))
    assert single.nearest is not None
    assert single.margin is not None
    assert single.error is not None
    assert single.margin < single.error
    assert double.guaranteed
    assert not contradictions(problem, double, list(range(10)))


def noisy(inputs: int, seed: int = 0, hidden: int = 16) -> Network:
    rng = np.random.default_rng(seed)
    shapes = [(hidden, inputs), (1, hidden)]
    return Network.from_arrays(
        [rng.normal(size=shape).astype(np.float32) for shape in shapes],
        [rng.normal(size=shape[0]).astype(np.float32) for shape in shapes],
    )


@pytest.mark.parametrize("engine", ["enumerate", "tree", "z3"])
def test_the_engine_that_decided_is_asked_for_the_distance(engine: str, monkeypatch) -> None:
    monkeypatch.setattr(guarantee, "AT_ONCE", -1)
    network = noisy(6, hidden=4)
    values = sorted(network.evaluate(np.array(oracle.members(_all(6))))[:, 0])
    for shift, proved in ((Fraction(1, 10), True), (Fraction(1, 1 << 40), False)):
        spec = Specification(6, ["true"], readout=values[0] - shift)
        verdict = check(network, spec, engine=engine, threads=1)
        (execution,) = verdict.executions
        assert verdict.holds
        assert verdict.engine == engine
        assert execution.guaranteed is proved
        if not proved:
            assert execution.margin == shift
            assert execution.nearest is not None


def _all(inputs: int):
    from superproof.verify.domain import Domain

    return Domain(tuple(f"x{i}" for i in range(inputs)))


def test_an_exact_margin_that_is_known_is_used(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing has to be asked")

    monkeypatch.setattr(guarantee, "scan_levels", refuse)
    spec = Specification(8, ["true"], readout=-100)
    (execution,) = check(noisy(8), spec, margin=True).executions
    assert execution.guaranteed
    assert execution.margin is not None


def test_argmax_by_the_exact_margin(monkeypatch) -> None:
    monkeypatch.setattr(guarantee, "AT_ONCE", -1)
    network = Network.from_arrays([np.float32([[0.1, 0.2], [0.3, -0.1]])], [np.float32([0, 0.05])])
    outputs = ["~(x0 | ~x1)", "x0 | ~x1"]
    spec = Specification(2, outputs, readout="argmax")
    (execution,) = check(network, spec).executions
    assert execution.guaranteed
    assert execution.margin is not None
    tie = Network.from_arrays([np.float32([[0.1, 0.2], [0.1, 0.2]])], [np.float32([0, 1e-9])])
    (execution,) = check(tie, Specification(2, ["false", "true"], readout="argmax")).executions
    assert not execution.guaranteed


def test_a_violated_network_can_be_guaranteed_too() -> None:
    exact = check(Network.from_arrays([[[1, 1]]]), Specification(2, ["x0 & x1"]))
    assert exact.status == "violated"
    assert exact.executions[0].guaranteed
    rounds = check(noisy(8), Specification(8, ["x0"]))
    assert rounds.status == "violated"
    assert rounds.executions[0].guaranteed
    assert rounds.executions[0].margin is not None


def test_a_violated_network_on_a_large_domain_is_left_open() -> None:
    verdict = check(noisy(40), Specification(40, ["x0"]), threads=1)
    (execution,) = verdict.executions
    assert verdict.status == "violated"
    assert not execution.guaranteed
    assert "not decided in the time" in execution.reason
    assert execution.margin is not None


def test_a_last_relu_or_step_is_read_before_it() -> None:
    network = noisy(5)
    for activation, readout in (("relu", 0), ("step", 0.5)):
        changed = Network.from_arrays(
            [la.weight for la in network.layers],
            [la.bias for la in network.layers],
            ["relu", activation],
        )
        verdict = check(changed, Specification(5, ["x0"], readout=readout))
        (execution,) = verdict.executions
        assert execution.guaranteed
        assert execution.margin == min(abs(network.evaluate(_points(5))[:, 0]))


def _points(inputs: int) -> np.ndarray:
    return np.array(oracle.members(_all(inputs)), dtype=np.uint8)


def test_a_step_near_its_jump_is_named() -> None:
    network = Network.from_arrays(
        [np.float32([[0.1, 0.2]]), [[1]]], [np.float32([-0.3]), None], ["step", "identity"]
    )
    (execution,) = check(network, Specification(2, ["x0 & x1"], readout=0.5)).executions
    assert not execution.guaranteed
    assert execution.reason == "the step of neuron 0 of layer 0 may be rounded across its jump"
    away = Network.from_arrays(
        [np.float32([[0.1, 0.2]]), [[1]]], [np.float32([-0.25]), None], ["step", "identity"]
    )
    assert check(away, Specification(2, ["x0 & x1"], readout=0.5)).executions[0].guaranteed


def _failing(problem: Problem, request: Request, outcome: Outcome) -> None:
    raise ContradictionError("two engines disagree")


def _interrupted(problem: Problem, request: Request, outcome: Outcome) -> None:
    raise KeyboardInterrupt


def _slow(problem: Problem, request: Request, outcome: Outcome) -> None:
    while not request.expired():
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (_failing, "this was not decided: two engines disagree"),
        (_interrupted, "interrupted before this was decided"),
        (_slow, "not decided in the time"),
    ],
)
def test_a_finished_verdict_stays(act: Callable[..., None], why: str, monkeypatch) -> None:
    class Once:
        name = "fake"
        asked = 0

        def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
            Once.asked += 1
            if Once.asked == 1:
                outcome.status = "holds"
            else:
                act(problem, request, outcome)

    monkeypatch.setitem(driver.ENGINES, "fake", Once)
    monkeypatch.setattr(guarantee, "AT_ONCE", -1)
    verdict = check(noisy(6), Specification(6, ["true"], readout=-100), engine="fake")
    (execution,) = verdict.executions
    assert Once.asked == 2
    assert verdict.holds
    assert not execution.guaranteed
    assert why in execution.reason


def test_the_json_keys() -> None:
    problem = averaged(25)
    verdict = check(problem.network, problem.specification, dtypes=["float32", "bfloat16"])
    data = json.loads(json.dumps(verdict.to_json()))
    assert data["float32"] == "not guaranteed"
    assert Fraction(data["float32_margin"]["exact"]) == verdict.executions[0].margin
    assert data["float32_input"] == "11"
    assert list(data["dtypes"]) == ["float32", "bfloat16"]
    assert data["dtypes"]["float32"]["statement"] == "not guaranteed"
    assert data["dtypes"]["float32"]["error_bound"]["value"] > 2e-8
    none = check(problem.network, problem.specification, dtypes=()).to_json()
    assert none["float32"] == "not decided"
    assert none["dtypes"] == {}
    assert Verdict("unknown", "tree", None).to_json()["float32_margin"] is None


def test_unknown_types_are_bad_input() -> None:
    with pytest.raises(InputError, match="--dtype int8: unknown number type; use one of float64"):
        check(Network.from_arrays([[[1]]]), Specification(1, ["x0"]), dtypes=["int8"])


def test_argmax_ties_of_exact_values_are_the_same_values() -> None:
    network = Network.from_arrays([[[1, 1], [1, 1]]])
    verdict = check(network, Specification(2, ["x0", "~x0"], readout=Argmax()))
    assert verdict.executions[0].reason == "no sum is ever rounded"
