"""Written-out gradients and losses against automatic differentiation and the definitions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.attention_losses import tensor_gradients, tensor_survey
from superproof.empirics.training.dense_layers import forward, product
from superproof.empirics.training.device import Backend
from superproof.empirics.training.kernels.adam import adam
from superproof.empirics.training.program import Layout
from superproof.empirics.training.relu_networks import hinge_gradients
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.slots import Slots
from superproof.empirics.training.superposed_networks import SuperposedNetworks
from superproof.verify.attention.graph import RelationalGraph

from .plain import attention_runs, superposed_runs


def _compare(found: dict[str, torch.Tensor], loss: torch.Tensor, free: dict[str, Any]) -> None:
    expected = torch.autograd.grad(loss, list(free.values()), allow_unused=True)
    for name, gradient in zip(free, expected, strict=True):
        gradient = torch.zeros_like(free[name]) if gradient is None else gradient
        assert gradient.abs().max() > 0 or name == "scale"
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("widths", [(5, 7, 3), (4, 6, 5, 2), (3, 4, 4, 4, 1)])
def test_networks(widths: tuple[int, ...]) -> None:
    source = torch.Generator().manual_seed(0)
    free = {}
    for layer, (before, after) in enumerate(itertools.pairwise(widths)):
        for name, size in (("weight", before), ("bias", 1)):
            drawn = torch.randn((2, after, size), generator=source, dtype=torch.float64)
            free[f"{layer}.{name}"] = drawn.requires_grad_()
    points = torch.randint(0, 2, (2, widths[0], 30), generator=source).double()
    signs = torch.randint(-1, 2, (2, widths[-1], 30), generator=source).double()
    weights = signs * torch.rand(signs.shape, generator=source, dtype=torch.float64)
    margins = forward(free, points)[1] * signs
    loss = (signs * weights * torch.relu(1 - margins).square()).sum()
    with torch.no_grad():
        found_margins, found = hinge_gradients(free, points, signs, weights)
    torch.testing.assert_close(found_margins, margins)
    _compare(found, loss, free)


@pytest.mark.parametrize("number", range(4))
def test_superposed(number: int) -> None:
    run, program = superposed_runs()[number], SuperposedNetworks()
    start = program.start(run, None)  # type: ignore[arg-type]
    data = {name: torch.tensor(array)[None] for name, array in start.data.items()}
    matrix = torch.tensor(start.parameters["matrix"])[None].requires_grad_()
    values = data["decoder"] @ matrix @ data["states"]
    short = torch.relu(data["levels"] - data["signs"] * values).square()
    loss = (short * data["weights"] * data["signs"]).sum()
    found = program.gradients("", {"matrix": matrix.detach()}, data, None, Backend())  # type: ignore[arg-type]
    _compare(found, loss, {"matrix": matrix})
    survey = program.survey("", {"matrix": matrix.detach()}, data, Backend())
    assert float(survey.loss) == pytest.approx(float(loss.detach()), rel=1e-5)


def _tensors(run: AttentionRun) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    program = AttentionLayers()
    layout = program.layout(program.kind(run), program.sizes(run), Backend(compiled=True))
    start = program.start(run, layout)
    free = {name: torch.tensor(array)[None] for name, array in start.parameters.items()}
    free["query"] *= 3
    free["scale"] = torch.tensor([[0.3, 0.2]])
    return free, {name: torch.tensor(array)[None] for name, array in start.data.items()}


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("loss", ["logistic", "hinge", "softmax"])
def test_attention(loss: str, number: int) -> None:
    run = attention_runs(loss)[number]
    free, data = _tensors(run)
    for tensor in free.values():
        tensor.requires_grad_()
    value = tensor_survey(loss, run.heads, free, data, "float32").loss.sum()
    found = tensor_gradients(
        loss, run.heads, {name: t.detach() for name, t in free.items()}, data, "float32"
    )
    _compare(found, value, free)


@pytest.mark.parametrize("number", range(7))
def test_attention_losses_are_what_they_say(number: int) -> None:
    """Pair by pair and, for softmax, over all contexts, in float64."""
    for loss in ("logistic", "hinge", "softmax"):
        run = attention_runs(loss)[number]
        free, data = _tensors(run)
        found = tensor_survey(loss, run.heads, free, data, "float32")
        points = data["embeddings"][0].double()
        query, key = (
            torch.einsum("md,dhk->hmk", points, free[name][0].double()).numpy()
            for name in ("query", "key")
        )
        scores = query @ key.transpose(0, 2, 1)
        edge = run.relation().adjacency(slice(0, run.items))
        log_alpha, tau = free["scale"][0].double().numpy()
        best = scores.max(axis=0)
        if loss == "logistic":
            odds = np.exp(log_alpha) * (best - tau)
            expected = np.logaddexp(0, np.where(edge, -odds, odds)).sum() / run.items
        elif loss == "hinge":
            excess = np.maximum(scores - run.level, 0)[:, ~edge]
            short = np.maximum(1 - best[edge], 0)
            expected = ((excess**2).sum() + (short**2).sum()) / (2 * run.items)
        else:
            expected = 0.0
            for i, j in itertools.product(range(run.items), repeat=2):
                # an edge against all items, another pair against itself alone
                context = set(range(run.items)) if edge[i, j] else {i, j}
                rest = [[s[i, other] for other in context - {j}] + [tau] for s in scores]
                odds = max(
                    s[i, j] - np.logaddexp.reduce(r) for s, r in zip(scores, rest, strict=True)
                )
                expected += np.logaddexp(0, -odds if edge[i, j] else odds) / run.items
        assert float(found.loss) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("heads", [1, 2])
def test_softmax_is_about_the_worst_context(heads: int) -> None:
    """Learned, for five items, is right in each of the contexts that hold source and target."""
    rng = np.random.default_rng(heads)
    outcomes = set()
    for trial in range(40):
        edges = RelationalGraph.permutation(rng.permutation(5)).edges
        edge = np.zeros((5, 5), dtype=bool)
        edge[edges[:, 0], edges[:, 1]] = True
        noise = rng.standard_normal((heads, 5, 5)) * (0.2 + trial % 4)
        scores = np.where(edge, 9.0, -9.0) * (trial % 3 > 0) + noise
        free = {
            "query": torch.eye(5).repeat(1, heads, 1).reshape(1, heads, 5, 5).transpose(1, 2),
            "key": torch.tensor(scores.transpose(2, 0, 1)[None], dtype=torch.float32),
            "scale": torch.zeros(1, 2),
        }
        data = {
            "embeddings": torch.eye(5)[None],
            "sizes": torch.tensor([[5, 5, 5]]),
            "signs": torch.tensor(np.where(edge, 1, -1)[None], dtype=torch.int8),
        }
        found = tensor_survey("softmax", heads, free, data, "float32")
        right = True
        for size in range(1, 6):
            for context in itertools.combinations(range(5), size):
                for i, j in itertools.product(context, repeat=2):
                    weights = np.exp(scores[:, i, list(context)])
                    shares = np.exp(scores[:, i, j]) / (weights.sum(axis=1) + 1)
                    right &= bool((shares.max() > 0.5) == edge[i, j])
        assert bool(found.learned) == right
        outcomes.add(right)
    assert outcomes == {True, False}


@pytest.mark.parametrize("loops", [True, False], ids=["loops", "tensors"])
def test_adam_is_that_of_torch(loops: bool) -> None:
    source = torch.Generator().manual_seed(1)
    slots = Slots(Layout({"a": (3, 2), "b": (5,)}, {}, 0), 3, Backend())
    schedules = [
        Schedule(9, 0.1),
        Schedule(4, 0.02, l1=0.01, momenta=(0.5, 0.9)),
        Schedule(9, 0.3, decay="none"),
    ]

    class Plan:
        def __init__(self, schedule: Schedule) -> None:
            self.schedule = schedule

    from superproof.empirics.training.program import Start

    begin = torch.randn(3, 11, generator=source)
    for slot, schedule in enumerate(schedules):
        row = begin[slot].numpy()
        slots.load(slot, Plan(schedule), Start({"a": row[:6].reshape(3, 2), "b": row[6:]}, {}))
    found = [torch.randn(3, 11, generator=source) for _ in range(9)]
    pace = slots.pace(9)
    for step, gradient in enumerate(found):
        if loops:
            moments = slots.flat, slots.mean, slots.square, gradient
            paces = pace.sizes[step], pace.roots[step], *pace.constants
            for slot in range(3):
                adam(
                    *(tensor[slot].numpy() for tensor in moments),
                    *(numbers[slot].numpy()[0] for numbers in paces),
                )
        else:
            parts = {"a": gradient[:, :6].reshape(3, 3, 2), "b": gradient[:, 6:]}
            slots.descend(parts, pace, step)
    for slot, schedule in enumerate(schedules):
        weights = begin[slot].clone().requires_grad_()
        plain = torch.optim.Adam([weights], lr=1.0, betas=schedule.momenta)
        for step in range(schedule.steps):
            plain.param_groups[0]["lr"] = schedule.rate(step)
            weights.grad = found[step][slot] + schedule.l1 * weights.detach().sign()
            plain.step()
        torch.testing.assert_close(slots.flat[slot], weights.detach(), rtol=1e-4, atol=1e-5)


def test_bfloat16_products_are_near() -> None:
    source = torch.Generator().manual_seed(2)
    left, right = torch.randn(2, 3, 8, 8, generator=source)
    exact = product(left, right, "float32")
    near = product(left, right, "bfloat16")
    assert near.dtype == torch.float32
    assert 0 < (near - exact).abs().max() < 0.1
    bias = torch.ones(3, 8, 1)
    torch.testing.assert_close(product(left, right, "bfloat16", bias), near + 1)
