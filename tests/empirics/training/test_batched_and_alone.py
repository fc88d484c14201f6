"""What a run becomes does not depend on the company it is trained in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from superproof.empirics.training import trainer
from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.boolean_task import BooleanTask, Sampling, draw_points
from superproof.empirics.training.program import FinishedRun, Program
from superproof.empirics.training.relu_networks import NetworkRun, ReluNetworks
from superproof.empirics.training.superposed_networks import SuperposedNetworks

from .plain import (
    attention_runs,
    descend_plainly,
    families,
    needs_cuda,
    network_runs,
    slow,
    superposed_runs,
    trained,
)

#: The tolerance that docs/training.md states, for the weights of short runs.
TOLERANCE = {"rtol": 1e-3, "atol": 1e-3}


def _same(one: FinishedRun, other: FinishedRun, **tolerance: float) -> None:
    assert (one.stop, one.steps, one.rounds) == (other.stop, other.steps, other.rounds)
    assert [step for step, _ in one.curve] == [step for step, _ in other.curve]
    losses = [[loss for _, loss in run.curve] for run in (one, other)]
    np.testing.assert_allclose(*losses, **(tolerance or TOLERANCE))
    assert one.parameters.keys() == other.parameters.keys()
    for name, array in one.parameters.items():
        assert array.shape == other.parameters[name].shape
        np.testing.assert_allclose(
            array, other.parameters[name], err_msg=name, **(tolerance or TOLERANCE)
        )


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much padding it takes, runs of one kind share a batch."""
    monkeypatch.setattr(trainer, "PADDING", 1e9)


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize("tensors", [False, True], ids=["loops", "tensors"])
@pytest.mark.parametrize(("program", "runs"), families())
def test_batched_is_alone(
    program: Program, runs: list[Any], tensors: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what is compiled is tested elsewhere; without compiled loops all goes through tensors
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    options: dict[str, Any] = {"memory": 1 << 30, "compiled": tensors}
    batched = trained(program, runs, **options)
    assert set(batched) == set(runs)
    for run in runs:
        (alone,) = trained(program, [run], **options).values()
        _same(batched[run], alone)


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize(
    ("program", "runs"),
    [
        pytest.param(ReluNetworks(), network_runs(1), id="two-layer"),
        pytest.param(ReluNetworks(), network_runs(3), id="four-layer"),
        *(
            pytest.param(AttentionLayers(), attention_runs(loss), id=loss)
            for loss in ("logistic", "hinge", "softmax")
        ),
    ],
)
def test_compiled_loops_give_the_same_bits_in_any_batch(program: Program, runs: list[Any]) -> None:
    batched = trained(program, runs, memory=1 << 30)
    dealt = trained(program, runs, memory=1 << 30, threads=2)
    for run in runs:
        (alone,) = trained(program, [run]).values()
        for other in (batched[run], dealt[run]):
            assert (other.stop, other.steps) == (alone.stop, alone.steps)
            for name, array in alone.parameters.items():
                assert np.array_equal(array, other.parameters[name]), name


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize(("program", "runs"), families())
def test_loops_do_what_tensors_do(
    program: Program, runs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    loops = trained(program, runs)
    tensors = trained(program, runs, compiled=True)
    for run in runs:
        _same(loops[run], tensors[run])


@needs_cuda
@pytest.mark.parametrize(("program", "runs"), families())
def test_a_gpu_does_what_the_processor_does(program: Program, runs: list[Any]) -> None:
    here = trained(program, runs)
    there = trained(program, runs, device="cuda")
    for run in runs:
        assert there[run].device == "cuda"
        _same(here[run], there[run], rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("layers", [1, 2])
def test_networks_follow_the_loop_that_one_writes(layers: int, number: int) -> None:
    run = network_runs(layers)[number]
    program = ReluNetworks()
    (done,) = trained(program, [run]).values()
    points, truth = draw_points(run.task, run.sampling, run.seed)
    fed = torch.tensor(points.T, dtype=torch.float32)
    signs = torch.tensor(np.where(truth.T, 1.0, -1.0), dtype=torch.float32)
    weights = torch.where(signs > 0, float(len(points)) ** run.positive_power, 1.0)

    def loss(free: dict[str, torch.Tensor]) -> torch.Tensor:
        value = fed
        for layer in range(layers + 1):
            value = free[f"{layer}.weight"] @ value + free[f"{layer}.bias"]
            value = torch.relu(value) if layer < layers else value
        return (weights * torch.relu(1 - signs * value).square()).mean(dim=1).sum()

    begin = program.start(run, None).parameters  # type: ignore[arg-type]
    plain = descend_plainly(run, loss, begin, done.steps)
    for name, array in done.parameters.items():
        np.testing.assert_allclose(array, plain[name], err_msg=name, **TOLERANCE)
    assert any(np.abs(plain[name] - begin[name]).max() > 0.05 for name in begin)


@pytest.mark.parametrize("number", range(4))
def test_superposed_networks_follow_the_loop_that_one_writes(number: int) -> None:
    run = superposed_runs()[number]
    program = SuperposedNetworks()
    (done,) = trained(program, [run]).values()
    start = program.start(run, None)  # type: ignore[arg-type]
    data = {name: torch.tensor(array) for name, array in start.data.items()}

    def loss(free: dict[str, torch.Tensor]) -> torch.Tensor:
        values = data["decoder"] @ free["matrix"] @ data["states"]
        true = torch.relu(1 - values)[data["signs"] > 0].square().sum()
        false = torch.relu(values - 1 + run.gap)[data["signs"] < 0].square().sum()
        return (run.weight * true + false) / len(values)

    plain = descend_plainly(run, loss, start.parameters, done.steps)
    np.testing.assert_allclose(done.parameters["matrix"], plain["matrix"], **TOLERANCE)
    found = loss({"matrix": torch.tensor(done.parameters["matrix"])})
    assert done.loss == pytest.approx(float(found), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("objective", ["logistic", "hinge"])
def test_attention_follows_the_loop_that_one_writes(objective: str, number: int) -> None:
    run = attention_runs(objective)[number]
    program = AttentionLayers()
    done = trained(program, [run])[run]
    vectors = run.vectors()
    points = torch.tensor((vectors @ run.frame(vectors)).astype(np.float32))
    edge = torch.tensor(run.relation().adjacency(slice(0, run.items)))

    def loss(free: dict[str, torch.Tensor]) -> torch.Tensor:
        query, key = (torch.einsum("md,dhk->hmk", points, free[name]) for name in ("query", "key"))
        scores = query @ key.transpose(1, 2)
        best = scores.amax(dim=0)
        if objective == "hinge":
            high = torch.relu(scores - run.level).masked_fill(edge, 0.0).square().sum()
            return (high + torch.relu(1 - best[edge]).square().sum()) / (2 * run.items)
        odds = free["scale"][0].exp() * (best - free["scale"][1])
        return torch.nn.functional.softplus(torch.where(edge, -odds, odds)).sum() / run.items

    layout = program.layout(program.kind(run), program.sizes(run), trainer.backend("cpu"))
    begin = program.start(run, layout).parameters
    (short,) = trained(program, [_shorter(run)]).values()
    plain = descend_plainly(_shorter(run), loss, begin)
    for name, array in short.parameters.items():
        np.testing.assert_allclose(array, plain[name], err_msg=name, **TOLERANCE)
    found = loss({name: torch.tensor(array) for name, array in done.parameters.items()})
    assert done.loss == pytest.approx(float(found), rel=1e-3, abs=1e-6)


def _shorter(run: AttentionRun) -> AttentionRun:
    """Too few steps to learn all before they are over."""
    return replace(run, schedule=slow(12, 0.02))


def test_rows_of_short_batches_count_by_their_number() -> None:
    """46 points dealt into batches of 20, 20 and 6, each the mean over its own points."""
    task = BooleanTask("and", 9, 6, active=2)
    run = NetworkRun(task, (4,), 7, slow(3), Sampling(rows=20))
    (done,) = trained(ReluNetworks(), [run]).values()
    points, truth = draw_points(task, run.sampling, run.seed)
    assert len(points) == 46
    batches = [slice(0, 20), slice(20, 40), slice(40, 46)]
    begin = ReluNetworks().start(run, None).parameters  # type: ignore[arg-type]
    step = iter(range(3))

    def loss(free: dict[str, torch.Tensor]) -> torch.Tensor:
        rows = batches[next(step)]
        fed = torch.tensor(points[rows].T, dtype=torch.float32)
        signs = torch.tensor(np.where(truth[rows].T, 1.0, -1.0), dtype=torch.float32)
        inner = torch.relu(free["0.weight"] @ fed + free["0.bias"])
        value = free["1.weight"] @ inner + free["1.bias"]
        weights = torch.where(signs > 0, 20.0**run.positive_power, 1.0)
        return (weights * torch.relu(1 - signs * value).square()).mean(dim=1).sum()

    plain = descend_plainly(run, loss, begin)
    for name, array in done.parameters.items():
        np.testing.assert_allclose(array, plain[name], err_msg=name, **TOLERANCE)
