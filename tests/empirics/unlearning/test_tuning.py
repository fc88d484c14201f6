"""Losses of unlearning against automatic differentiation, goals, and rounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from superproof.empirics.training.device import Backend
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.trainer import train_runs
from superproof.empirics.unlearning.tuning import LOSSES, FineTuning, Goal, Tuning, effective
from superproof.empirics.unlearning.weights import logits, network_of, read_true

RNG = np.random.default_rng(1)
START = {
    "0.weight": RNG.normal(size=(6, 5)).astype(np.float32),
    "0.bias": RNG.normal(size=6).astype(np.float32),
    "1.weight": RNG.normal(size=(1, 6)).astype(np.float32),
    "1.bias": RNG.normal(size=1).astype(np.float32),
}
POINTS = RNG.integers(0, 2, (40, 5)).astype(np.float32)
TARGETS = RNG.random((40, 1))
WEIGHTS = np.where(np.arange(40) % 3 == 0, -1.0, 0.7)


def projector(size: int) -> np.ndarray:
    axes = np.linalg.qr(RNG.normal(size=(size, 2)))[0]
    return np.asarray(axes @ axes.T)


SPACES = (projector(6), projector(7))


def tuning(loss: str, **changes: object) -> Tuning:
    spaces = SPACES if loss in ("projected", "regularised") else ()
    run = Tuning(
        START, POINTS, TARGETS, WEIGHTS, 0, Schedule(5, 0.01, patience=1), rows=40, loss=loss,
        beta=0.5, spaces=spaces,
    )  # fmt: skip
    return dataclasses.replace(run, **changes)  # type: ignore[arg-type]


def expected(loss: str, now: dict[str, torch.Tensor]) -> torch.Tensor:
    """The loss as the class describes it, in float64."""

    def outputs(weights: dict[str, torch.Tensor]) -> torch.Tensor:
        hidden = torch.relu(torch.tensor(POINTS.astype(float)) @ weights["0.weight"].T
                            + weights["0.bias"])  # fmt: skip
        return (hidden @ weights["1.weight"].T + weights["1.bias"])[:, 0]

    y, t, w = outputs(now), torch.tensor(TARGETS[:, 0]), torch.tensor(WEIGHTS)
    if loss == "hinge":
        return (w * torch.relu(1 - (2 * t - 1) * y) ** 2).mean()
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(y, t, reduction="none")
    if loss == "preference":
        before = outputs({n: torch.tensor(a.astype(float)) for n, a in START.items()})
        ratio = torch.sigmoid(y) / torch.sigmoid(before)
        prefer = 2 / 0.5 * torch.log1p(ratio**0.5)
        return torch.where(w < 0, -w * prefer, w * entropy).mean()
    total = (w * entropy).mean()
    if loss == "regularised":
        for layer, space in enumerate(SPACES):
            moved = torch.cat(
                [
                    now[f"{layer}.weight"] - torch.tensor(START[f"{layer}.weight"].astype(float)),
                    (now[f"{layer}.bias"] - torch.tensor(START[f"{layer}.bias"].astype(float)))[
                        :, None
                    ],
                ],
                dim=1,
            )
            total = total + 0.25 * torch.trace(moved @ torch.tensor(space) @ moved.T)
    return total


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "orthogonal"])
def test_gradients(loss: str) -> None:
    run, program = tuning(loss), FineTuning()
    backend = Backend("cpu")
    kind, sizes = program.kind(run), program.sizes(run)
    data = program.start(run, program.layout(kind, sizes, backend)).data
    moved = {name: a + np.float32(0.1) * RNG.normal(size=a.shape).astype(np.float32)
             for name, a in START.items()}  # fmt: skip
    batch = {n: torch.tensor(a.reshape(1, len(a), -1)) for n, a in moved.items()}
    tensors = {name: torch.tensor(array)[None] for name, array in data.items()}
    found = program.gradients(kind, batch, tensors, torch.zeros(1, dtype=torch.int64), backend)
    leaves = {n: torch.tensor(a.astype(float), requires_grad=True) for n, a in moved.items()}
    now = leaves
    if loss == "projected":
        now = {}
        for layer, space in enumerate(SPACES):
            names = f"{layer}.weight", f"{layer}.bias"
            start = torch.tensor(np.hstack([START[names[0]], START[names[1]][:, None]]))
            apart = torch.cat([leaves[names[0]], leaves[names[1]][:, None]], dim=1) - start
            whole = start + apart - apart @ torch.tensor(space)
            now[names[0]], now[names[1]] = whole[:, :-1], whole[:, -1]
        same = effective(run, moved)
        assert all(np.allclose(same[n], now[n].detach().numpy(), atol=1e-5) for n in now)
    expected(loss, now).backward()  # type: ignore[no-untyped-call]
    for name, leaf in leaves.items():
        assert leaf.grad is not None
        assert np.allclose(found[name][0].numpy().ravel(), leaf.grad.numpy().ravel(), atol=2e-5), (
            name
        )


def test_orthogonal_ascent_never_climbs_on_the_others() -> None:
    program, backend = FineTuning(), Backend("cpu")

    def gradient(loss: str, weights: np.ndarray) -> np.ndarray:
        run = tuning(loss, weights=weights)
        kind = program.kind(run)
        data = program.start(run, program.layout(kind, program.sizes(run), backend)).data
        batch = {n: torch.tensor(a.reshape(1, len(a), -1)) for n, a in START.items()}
        tensors = {name: torch.tensor(array)[None] for name, array in data.items()}
        found = program.gradients(kind, batch, tensors, torch.zeros(1, dtype=torch.int64), backend)
        return np.concatenate([found[name].numpy().ravel() for name in START])

    kept = gradient("entropy", np.where(WEIGHTS > 0, WEIGHTS, 0))
    away = gradient("entropy", np.where(WEIGHTS < 0, WEIGHTS, 0))
    found = gradient("orthogonal", WEIGHTS) - kept
    assert found @ kept >= -1e-5
    if away @ kept < 0:
        assert abs(found @ kept) < 1e-5 * (kept @ kept)
    else:
        assert np.allclose(found, away, atol=1e-6)


def test_a_goal_ends_a_run_at_its_first_step() -> None:
    watched = POINTS[:10]
    start = START | {"1.bias": START["1.bias"] + 4}
    assert read_true(start, watched).mean() > 0.5
    falling = tuning(
        "entropy", start=start, targets=np.zeros((40, 1)), weights=np.ones(40),
        schedule=Schedule(500, 0.01, patience=1, decay="none", warm_up=0.0),
        goal=Goal(watched, 0.2, above=False),
    )  # fmt: skip
    (done,) = train_runs(FineTuning(), [falling], device="cpu")
    assert done.stop == "learned"
    ends = effective(falling, done.parameters)
    assert read_true(ends, watched).mean() <= 0.2
    shorter = dataclasses.replace(
        falling,
        schedule=Schedule(done.steps - 1, 0.01, patience=1, decay="none", warm_up=0.0),
        goal=None,
    )
    (before,) = train_runs(FineTuning(), [shorter], device="cpu")
    assert read_true(effective(shorter, before.parameters), watched).mean() > 0.2
    assert before.stop == "steps"


def test_the_norm_of_a_gradient_is_clipped() -> None:
    program, backend = FineTuning(), Backend("cpu")
    norms = []
    for clip in (None, 0.01):
        run = tuning("entropy", clip=clip)
        kind = program.kind(run)
        data = program.start(run, program.layout(kind, program.sizes(run), backend)).data
        batch = {n: torch.tensor(a.reshape(1, len(a), -1)) for n, a in START.items()}
        tensors = {name: torch.tensor(array)[None] for name, array in data.items()}
        found = program.gradients(kind, batch, tensors, torch.zeros(1, dtype=torch.int64), backend)
        norms.append(float(sum((g**2).sum() for g in found.values())) ** 0.5)
    assert norms[0] > 0.01
    assert norms[1] == pytest.approx(0.01, rel=1e-4)


def test_logits_are_those_of_the_network() -> None:
    exact = network_of(START)(POINTS.astype(int))
    assert np.allclose(logits(START, POINTS), exact.astype(float), atol=1e-6)
