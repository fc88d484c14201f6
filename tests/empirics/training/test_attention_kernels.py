"""The compiled loops of attention, one piece after the other, against numpy and tensors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from superproof.empirics.training import trainer
from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.attention_losses import tensor_gradients, tensor_survey
from superproof.empirics.training.device import Backend
from superproof.empirics.training.kernels import hinge, logistic, softmax
from superproof.empirics.training.kernels.curves import STEEP, exponential, kernel, softplus
from superproof.empirics.training.kernels.lanes import (
    above,
    greatest,
    lowest_bit,
    nearest,
    read,
    total,
    write,
)
from superproof.empirics.training.kernels.pairs import ROWS, return_slopes, score
from superproof.empirics.training.kernels.products import correlate
from superproof.empirics.training.kernels.vectors import LANES
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.slots import Slots

from .plain import attention_runs, slow, trained

LOSSES = ("logistic", "hinge", "softmax")
LEVEL = np.float32(0.9)


@kernel
def _curves(values, powers, softened):  # type: ignore[no-untyped-def]
    for j in range(0, len(values), LANES):
        write(powers, j, exponential(read(values, j)))
        write(softened, j, softplus(read(values, j)))


@kernel
def _folds(values, limits, rounded, out):  # type: ignore[no-untyped-def]
    """Sum, greatest, and the first place above the limits."""
    value = read(values, 0)
    write(rounded, 0, nearest(value))
    out[0], out[1] = total(value), greatest(value)
    out[2] = lowest_bit(above(value, read(limits, 0)))


def test_exponential_and_softplus() -> None:
    grid = np.concatenate([np.linspace(-20, 20, 4000), np.linspace(-50, 50, 4000)])
    values = grid.astype(np.float32)
    powers, softened = np.empty_like(values), np.empty_like(values)
    _curves(values, powers, softened)
    exact = values.astype(np.float64)
    # 4e-7 where products and sums are rounded once
    np.testing.assert_allclose(powers, np.exp(exact), rtol=4e-6)
    np.testing.assert_allclose(softened, np.logaddexp(0, exact), rtol=4e-6)
    ends = np.repeat(np.float32([-1e30, -np.inf, 1e30, np.inf]), 4)
    _curves(ends, powers[:LANES], softened[:LANES])
    steep = np.exp(np.repeat([-1.0, 1.0], 8) * STEEP)
    np.testing.assert_allclose(powers[:LANES], steep, rtol=4e-6)
    np.testing.assert_allclose(softened[: LANES // 2], steep[: LANES // 2], rtol=4e-6)
    assert softened[8] == np.float32(1e30)
    assert softened[12] == np.inf


def test_lanes() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(LANES).astype(np.float32) * 3
    limits = values + np.float32(1)
    limits[[5, 11]] = values[[5, 11]] - np.float32(1)
    rounded, out = np.empty(LANES, np.float32), np.empty(3)
    _folds(values, limits, rounded, out)
    np.testing.assert_array_equal(rounded, np.rint(values))
    assert out[0] == pytest.approx(values.sum(), rel=1e-5)
    assert (out[1], out[2]) == (values.max(), 5)


@pytest.mark.parametrize(("outs", "ins"), [(4, 4), (9, 11), (3, 8), (8, 1)])
def test_correlate(outs: int, ins: int) -> None:
    rng = np.random.default_rng(outs)
    left, right = (rng.standard_normal((n, 48)).astype(np.float32) for n in (outs, ins))
    target = np.full((outs, ins + 2), 7, np.float32)
    correlate(left.ravel(), outs, right.ravel(), 0, ins, 48, target.reshape(-1), 1, ins + 2)
    np.testing.assert_allclose(target[:, 1 : ins + 1], left @ right.T, rtol=1e-4, atol=1e-5)
    assert (target[:, [0, ins + 1]] == 7).all()


def _columns(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("heads", "key_dim", "items"), [(1, 4, 16), (3, 8, 48), (2, 12, 96)])
def test_products_over_pairs(heads: int, key_dim: int, items: int) -> None:
    rng = np.random.default_rng(items)
    q, k, before = _columns(rng, 3, heads, key_dim, items)
    scores = np.full(heads * ROWS * items, np.nan, np.float32)
    for start in range(0, items, ROWS):
        rows = slice(start, start + ROWS)
        score(q.ravel(), k.ravel(), heads, key_dim, items, start, scores)
        found = scores.reshape(heads, ROWS, items)
        expected = q[:, :, rows].transpose(0, 2, 1) @ k
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        by_query, by_key = np.zeros_like(q), before.copy()
        return_slopes(
            q.ravel(), k.ravel(), heads, key_dim, items, start, scores, by_query.reshape(-1),
            by_key.reshape(-1),
        )  # fmt: skip
        np.testing.assert_allclose(
            by_query[:, :, rows], k @ expected.transpose(0, 2, 1), rtol=1e-4, atol=1e-4
        )
        by_query[:, :, rows] = 0
        assert not by_query.any()
        np.testing.assert_allclose(by_key, before + q[:, :, rows] @ expected, rtol=1e-4, atol=1e-4)


class _Pairs:
    """Random queries and keys in columns, padded, and a random graph with loops and rich items."""

    def __init__(self, count: int, heads: int, key_dim: int, spread: float) -> None:
        rng = np.random.default_rng([count, heads, key_dim])
        self.heads, self.key_dim, self.count = heads, key_dim, count
        self.items = -(-count // LANES) * LANES
        self.columns = np.zeros((2, heads, key_dim, self.items), np.float32)
        self.columns[..., :count] = _columns(rng, 2, heads, key_dim, count) * np.float32(spread)
        edge = rng.random((count, count)) < 1.5 / count
        edge[count // 2, ::2] = edge[0, 0] = True
        edge[1] = False
        offsets = np.concatenate([[0], edge.sum(axis=1).cumsum()]).astype(np.int32)
        targets = np.nonzero(edge)[1].astype(np.int32)
        shares = np.zeros(self.items, np.float32)
        shares[:count] = 1 / count
        self.scores = np.empty(heads * ROWS * self.items, np.float32)
        self.powers = np.empty(heads * self.items, np.float32)
        self.edges = len(targets)
        self.shared = (
            *(columns.reshape(-1) for columns in self.columns), heads, key_dim, self.items, count,
            shares, offsets, targets,
        )  # fmt: skip
        # the same as tensors: items are the units of as many dimensions
        query, key = torch.tensor(self.columns[..., :count]).permute(0, 3, 1, 2)[:, None]
        self.parameters = {"query": query, "key": key, "scale": torch.tensor([[0.4, 0.3]])}
        self.data = {
            "embeddings": torch.eye(count)[None],
            "sizes": torch.tensor([[count, count, key_dim]]),
            "level": torch.tensor([[float(LEVEL)]]),
            "signs": torch.tensor(np.where(edge, 1, -1)[None], dtype=torch.int8),
        }
        self.alpha, self.tau = np.exp(np.float32(0.4)), np.float32(0.3)

    def gradients(self, loss: str) -> tuple[np.ndarray, np.ndarray, list[float]]:
        """By queries and keys, (heads, key_dim, count), and the learned numbers."""
        by = np.zeros_like(self.columns)
        into = by[0].reshape(-1), by[1].reshape(-1)
        serving, odds = np.empty(self.edges, np.int32), np.empty(self.edges, np.float32)
        scale = [0.0, 0.0]
        if loss == "hinge":
            hinge.hinge_gradients(*self.shared, LEVEL, self.scores, *into)
        elif loss == "logistic":
            found = logistic.logistic_gradients(
                *self.shared, self.alpha, self.tau, self.scores, serving, *into
            )
            scale = list(found)
        else:
            scale[1] = softmax.softmax_gradients(
                *self.shared, self.tau, self.scores, self.powers, serving, odds, *into
            )
        assert not by[..., self.count :].any()
        return by[0, ..., : self.count], by[1, ..., : self.count], scale

    def survey(self, loss: str) -> tuple[float, bool]:
        if loss == "hinge":
            return hinge.hinge_survey(*self.shared, LEVEL, self.scores)  # type: ignore[no-any-return]
        if loss == "logistic":
            return logistic.logistic_survey(  # type: ignore[no-any-return]
                *self.shared, self.alpha, self.tau, self.scores
            )
        return softmax.softmax_survey(  # type: ignore[no-any-return]
            *self.shared, self.tau, self.scores, self.powers
        )


@pytest.mark.parametrize("spread", [0.2, 1.0, 3.0])
@pytest.mark.parametrize(
    ("count", "heads", "key_dim"), [(3, 1, 4), (21, 2, 4), (16, 3, 8), (50, 2, 12)]
)
@pytest.mark.parametrize("loss", LOSSES)
def test_loops_find_the_gradients_of_tensors(
    loss: str, count: int, heads: int, key_dim: int, spread: float
) -> None:
    pairs = _Pairs(count, heads, key_dim, spread)
    by_query, by_key, scale = pairs.gradients(loss)
    expected = tensor_gradients(loss, heads, pairs.parameters, pairs.data, "float32")
    for found, name in ((by_query, "query"), (by_key, "key")):
        other = expected[name][0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(found, other, rtol=2e-3, atol=1e-5 * np.abs(other).max())
        assert np.abs(other).max() > 0
    np.testing.assert_allclose(scale, expected["scale"][0].numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("spread", [0.2, 1.0, 3.0])
@pytest.mark.parametrize(("count", "heads", "key_dim"), [(3, 1, 4), (21, 2, 4), (50, 2, 12)])
@pytest.mark.parametrize("loss", LOSSES)
def test_loops_see_the_losses_of_tensors(
    loss: str, count: int, heads: int, key_dim: int, spread: float
) -> None:
    pairs = _Pairs(count, heads, key_dim, spread)
    expected = tensor_survey(loss, heads, pairs.parameters, pairs.data, "float32")
    value, learned = pairs.survey(loss)
    assert value == pytest.approx(float(expected.loss), rel=1e-4)
    assert learned == bool(expected.learned)


@pytest.mark.parametrize("wrong", [None, (0, 0), (2, 17), (18, 3)])
@pytest.mark.parametrize("loss", LOSSES)
def test_one_pair_on_the_wrong_side_is_seen(loss: str, wrong: tuple[int, int] | None) -> None:
    """Nineteen items that each point at the next: scores are given, one of them is wrong."""
    pairs = _Pairs(19, 2, 20, 1.0)
    edge = np.roll(np.eye(19, dtype=bool), 1, axis=1)
    pairs.columns[:] = 0
    rows = np.arange(19)
    # queries are the units, so that keys are the scores; the second head serves no edge
    pairs.columns[0, :, rows, rows] = 1
    scores = np.where(edge, 30.0, -30.0)
    if wrong is not None:
        scores[wrong] *= -1
    pairs.columns[1, 0, :19, :19] = scores
    pairs.columns[1, 1, :19, :19] = -40
    offsets, targets = np.arange(20, dtype=np.int32), np.roll(rows, -1).astype(np.int32)
    pairs.shared = (*pairs.shared[:7], offsets, targets)
    value, learned = pairs.survey(loss)
    assert learned == (wrong is None)
    assert np.isfinite(value)
    # the softmax loss ends at a share of 1e-7
    assert (value < 1e-6) == (wrong is None)


def test_of_equal_heads_the_first_is_pulled() -> None:
    pairs = _Pairs(21, 3, 4, 1.0)
    pairs.columns[:, 1] = pairs.columns[:, 0]
    pairs.columns[:, 2] = 0
    one, _, _ = pairs.gradients("logistic")
    assert np.abs(one[0]).max() > 0
    assert not one[1].any()


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["query", "key", "scale"])
@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_not_finite_is_no_loss(loss: str, name: str, number: float) -> None:
    """Nor does it touch the neighbour, and steps do not bring it back."""
    run, program = attention_runs(loss)[1], AttentionLayers()
    place = Backend()
    layout = program.layout(program.kind(run), program.sizes(run), place)
    slots = Slots(layout, 2, place)
    for slot in range(2):
        slots.load(slot, run, program.start(run, layout))
    # the second number of the scale is used by two losses, the first by one
    slots.parameters[name][1].view(-1)[1] = number
    for _ in range(2):
        survey = program.survey(program.kind(run), slots.parameters, slots.data, place)
        assert torch.isfinite(survey.loss).tolist() == [True, False]
        program.descend(program.kind(run), slots, slots.pace(3), place)
    assert torch.isfinite(slots.flat[0]).all()
    assert not torch.isfinite(slots.flat[1]).all()


@pytest.mark.parametrize("compiled", [False, True], ids=["loops", "tensors"])
@pytest.mark.parametrize("loss", LOSSES)
def test_layers_that_diverge_are_recorded_and_harm_nobody(
    loss: str, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    monkeypatch.setattr(trainer, "PADDING", 1e9)
    tame = attention_runs(loss)[:3]
    options: dict[str, Any] = {"start": "random", "spread": 1e25}
    wild = [
        replace(run, schedule=Schedule(60, 1e8, patience=20, decay="none"), **options)
        for run in tame
    ]
    mixed = [run for pair in zip(wild, tame, strict=True) for run in pair]
    done = trained(AttentionLayers(), mixed, compiled=compiled, memory=1 << 30)
    for run in wild:
        found = done[run]
        assert (found.stop, found.loss, found.model) == ("diverged", None, None)
    for run in tame:
        (alone,) = trained(AttentionLayers(), [run], compiled=compiled).values()
        assert alone.stop == done[run].stop != "diverged"
        for name, array in alone.parameters.items():
            np.testing.assert_allclose(done[run].parameters[name], array, rtol=1e-3, atol=1e-3)


def test_a_slot_that_is_filled_again_remembers_nothing() -> None:
    """Runs of several sizes, one after the other in a single slot."""
    runs = [
        AttentionRun(items, 9, 2, key_dim, seed=items, schedule=slow(40))
        for items, key_dim in ((40, 5), (17, 8), (33, 4), (20, 6))
    ]
    done = trained(AttentionLayers(), runs, memory=1)
    for run in runs:
        (alone,) = trained(AttentionLayers(), [run]).values()
        for name, array in alone.parameters.items():
            assert np.array_equal(done[run].parameters[name], array)
