"""The trainer: right gradients, seeded, exact on small tasks as the verifier sees it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from superproof.empirics.batch import NetworkBatch, Schedule, bounded_threads, choose_device
from superproof.empirics.tasks import random_dnf, random_pairwise_and
from superproof.empirics.train import (
    DnfRecipe,
    DomainRecipe,
    train_dnf,
    train_on_domain,
    train_pairwise_and,
)
from superproof.verify.check import check
from superproof.verify.errors import InputError, MissingExtraError
from superproof.verify.problem import Problem, canonical_network
from superproof.verify.specification import Specification


def test_written_out_gradients_are_those_of_torch() -> None:
    model = NetworkBatch(5, 4, 3, [1, 2])
    model.parameters = [p.detach().double().requires_grad_() for p in model.parameters]
    source = torch.Generator().manual_seed(0)
    points = torch.randint(0, 2, (1, 5, 9), generator=source).double()
    targets = torch.randint(0, 2, (2, 3, 9), generator=source).double() * 2 - 1
    weights = torch.rand((2, 3, 9), generator=source).double()
    margins, gradients = model.gradients(points, targets, weights)
    expected = targets * model(points)
    loss = (weights * torch.relu(1 - expected).square()).mean(dim=2).sum()
    loss.backward()
    torch.testing.assert_close(margins, expected.detach())
    for parameter, gradient in zip(model.parameters, gradients, strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


def test_a_network_starts_from_its_own_seed() -> None:
    together, alone = NetworkBatch(4, 3, 2, [7, 8]), NetworkBatch(4, 3, 2, [8])
    assert canonical_network(together.network(1)) == canonical_network(alone.network(0))
    assert canonical_network(together.network(0)) != canonical_network(alone.network(0))


def test_the_exact_network_is_the_trained_one() -> None:
    model = NetworkBatch(4, 3, 2, [3])
    points = np.array([[0, 1, 1, 0], [1, 1, 1, 1]])
    values = model.network(0).evaluate(points).astype(float)
    floats = model(torch.tensor(points.T[None], dtype=torch.float32))[0].T
    np.testing.assert_allclose(values, floats.detach().numpy(), rtol=1e-5)


def test_schedule_rises_and_falls() -> None:
    schedule = Schedule(100, 0.5)
    rates = [schedule.rate(step) for step in range(100)]
    assert max(rates) == pytest.approx(0.5)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.01


def test_dnf_is_learned_exactly() -> None:
    task = random_dnf(8, 2, 3, 0, mixed=True)
    trained = train_dnf(task, 8, 0, recipe=DnfRecipe(Schedule(500, 0.02, l1=1e-5)))
    assert trained.verdict.holds
    assert trained.exact_outputs == 1
    # once more by hand, over all 256 inputs
    (points,) = task.specification.domain.chunks(256)
    assert len(points) == 256
    assert not Problem(trained.network, task.specification).margins(points)[1].any()


def test_counterexamples_repair_what_samples_missed() -> None:
    task = random_dnf(10, 3, 3, 4, disjoint=False, mixed=True)
    short = DnfRecipe(Schedule(60, 0.02), Schedule(300, 0.02), rounds=12, starts=1)
    trained = train_dnf(task, 12, 0, recipe=short)
    assert trained.rounds > 0
    assert trained.steps == 60 + 300 * trained.rounds
    assert trained.verdict.holds


def test_failure_is_reported_with_its_count() -> None:
    task = random_dnf(8, 2, 3, 0)
    hopeless = DnfRecipe(Schedule(2, 0.001), Schedule(2, 0.001), rounds=1, starts=2)
    trained = train_dnf(task, 1, 0, recipe=hopeless)
    assert trained.verdict.status == "violated"
    assert trained.verdict.violations
    assert (trained.starts, trained.rounds, trained.steps) == (2, 2, 8)
    assert len(trained.verdict.counterexamples) == 1


def test_pairwise_ands_are_learned_exactly_and_again() -> None:
    tasks = [random_pairwise_and(8, 8, seed) for seed in (0, 1)]
    recipe = DomainRecipe(Schedule(400, 0.2), restarts=4)
    trained = train_pairwise_and(tasks, 8, [0, 1], recipe=recipe)
    for task, result in zip(tasks, trained, strict=True):
        assert result.verdict.holds
        assert result.exact_outputs == 8
        assert check(result.network, task.specification).holds
    # learned in floats early on: the descent ended before its last step
    assert trained[0].steps < 400
    again = train_pairwise_and(tasks, 8, [0, 1], recipe=recipe)
    for one, other in zip(trained, again, strict=True):
        assert canonical_network(one.network) == canonical_network(other.network)


def test_too_few_neurons_leave_outputs_wrong() -> None:
    tasks = [random_pairwise_and(10, 30, 0)]
    (result,) = train_pairwise_and(tasks, 1, [0], recipe=DomainRecipe(Schedule(50, 0.2)))
    counts = result.verdict.violations_by_output
    assert counts is not None
    assert result.exact_outputs == sum(count == 0 for count in counts.values()) < 30


def test_progress_counts_the_steps() -> None:
    seen: list[int] = []
    never = DomainRecipe(Schedule(7, 0.1), margin=float("inf"))
    train_pairwise_and([random_pairwise_and(4, 3, 0)], 3, [0], recipe=never, progress=seen.append)
    assert seen == list(range(1, 8))


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with bounded_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_bad_requests() -> None:
    task = random_pairwise_and(4, 3, 0)
    spec = task.specification
    with pytest.raises(InputError, match="width"):
        train_pairwise_and([task], 0, [0])
    with pytest.raises(InputError, match="seeds"):
        train_pairwise_and([task], 3, [-1])
    with pytest.raises(InputError, match="as many seeds"):
        train_pairwise_and([task], 3, [0, 1])
    with pytest.raises(InputError, match="same sizes"):
        train_on_domain([spec, random_pairwise_and(5, 3, 0).specification], 3, [0, 1])
    with pytest.raises(InputError, match="train on samples"):
        train_on_domain([Specification(20, ["x0"])], 3, [0])
    with pytest.raises(InputError, match="threshold 0"):
        train_on_domain([Specification(3, ["x0"], readout=0.5)], 3, [0])
    with pytest.raises(InputError, match="unknown device 'tpu'"):
        choose_device("tpu")


def test_missing_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"superproof\[experiments\]"):
        train_dnf(random_dnf(4, 1, 2, 0), 4, 0)
