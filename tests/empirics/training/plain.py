"""Runs to train in tests, and one-run loops as one writes them, by automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch

from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.boolean_task import BooleanTask, Sampling
from superproof.empirics.training.program import FinishedRun, Program
from superproof.empirics.training.relu_networks import NetworkRun, ReluNetworks
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.superposed_networks import SuperposedNetworks, SuperposedRun
from superproof.empirics.training.trainer import train_runs

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="torch sees no CUDA device here"
)


def trained(program: Program, runs: Iterable[Any], **options: Any) -> dict[Any, FinishedRun]:
    """Finished runs by configuration, on the processor unless told otherwise."""
    options = {"device": "cpu"} | options
    return {done.run: done for done in train_runs(program, runs, **options)}


def slow(steps: int = 60, rate: float = 0.02, **options: Any) -> Schedule:
    """A schedule that looks seldom."""
    return Schedule(steps, rate, **({"patience": 20} | options))


def network_runs(layers: int) -> list[NetworkRun]:
    """Widths, tasks, samples, rates and seeds that all differ."""
    ands = BooleanTask("and", 8, 5, active=2)
    return [
        NetworkRun(ands, (12,) * layers, 0, slow()),
        NetworkRun(ands, (7,) * layers, 3, slow(rate=0.05)),
        NetworkRun(BooleanTask("permutation", 6, active=2), (5,) * layers, 1, slow(80)),
        NetworkRun(BooleanTask("and", 6, 4, arity=3), (9,) * layers, 2, slow(l1=1e-3)),
        NetworkRun(
            BooleanTask("dnf", 9, clauses=3, arity=3), tuple(8 - i for i in range(layers)), 4,
            slow(70, decay="linear", momenta=(0.8, 0.99)), Sampling("near", 100, rows=40),
        ),
        NetworkRun(
            BooleanTask("cnf", 7, clauses=3, disjoint=False, mixed=True), (3,) * layers, 5,
            slow(decay="none"), Sampling("plain", 90, density=0.3),
        ),
    ]  # fmt: skip


def superposed_runs() -> list[SuperposedRun]:
    """Widths, tasks, rates and seeds that all differ."""
    ands = BooleanTask("and", 9, 14, active=2)
    return [
        SuperposedRun(ands, 10, 0, slow()),
        SuperposedRun(ands, 7, 1, slow(rate=0.05)),
        SuperposedRun(BooleanTask("permutation", 8, active=2), 9, 2, slow(80)),
        SuperposedRun(BooleanTask("and", 8, 10, active=3, arity=3), 12, 3, slow(), density=0.3),
    ]


def attention_runs(loss: str) -> list[AttentionRun]:
    """Sizes, graphs, vectors, rates and seeds that all differ."""
    start = "spectral" if loss == "hinge" else "random"
    options: dict[str, Any] = {"loss": loss}
    return [
        AttentionRun(20, 8, 2, 4, seed=1, schedule=slow(), **options),
        AttentionRun(20, 8, 2, 3, seed=2, schedule=slow(rate=0.05), start=start, **options),
        AttentionRun(17, 6, 2, 5, "regular-2", seed=3, schedule=slow(80), **options),
        AttentionRun(24, 8, 2, 4, "star", "spectrum", 5, whiten=True, schedule=slow(), **options),
        AttentionRun(20, 8, 1, 6, "zipf", seed=4, schedule=slow(), **options),
        AttentionRun(37, 11, 2, 9, "regular-3", seed=6, schedule=slow(), spread=0.8, **options),
        AttentionRun(16, 5, 3, 4, "hubs-2", seed=7, schedule=slow(70), **options),
    ]


def families() -> list[Any]:
    """Every program with runs for it."""
    cases: list[tuple[str, Program, list[Any]]] = [
        ("two-layer", ReluNetworks(), list(network_runs(1))),
        ("three-layer", ReluNetworks(), list(network_runs(2))),
        ("superposed", SuperposedNetworks(), list(superposed_runs())),
        *(
            (loss, AttentionLayers(), list(attention_runs(loss)))
            for loss in ("logistic", "hinge", "softmax")
        ),
    ]
    return [pytest.param(program, runs, id=name) for name, program, runs in cases]


def descend_plainly(
    run: Any,
    loss: Callable[[dict[str, torch.Tensor]], torch.Tensor],
    start: dict[str, np.ndarray],
    steps: int | None = None,
) -> dict[str, np.ndarray]:
    """One run by torch's own differentiation and Adam."""
    free = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
    schedule = run.schedule
    adam = torch.optim.Adam(list(free.values()), lr=1.0, betas=schedule.momenta)
    for step in range(schedule.steps if steps is None else steps):
        adam.param_groups[0]["lr"] = schedule.rate(step)
        adam.zero_grad()
        value = loss(free)
        if schedule.l1:
            value = value + schedule.l1 * sum(weight.abs().sum() for weight in free.values())
        value.backward()  # type: ignore[no-untyped-call]
        adam.step()
    return {name: tensor.detach().numpy() for name, tensor in free.items()}
