"""Tasks, samples, schedules and runs: what they mean, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.boolean_task import BooleanTask, Sampling, draw_points
from superproof.empirics.training.relu_networks import NetworkRun, ReluNetworks
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.superposed_networks import SuperposedNetworks, SuperposedRun
from superproof.verify.errors import InputError

from .plain import trained

ANDS = BooleanTask("and", 6, 4, active=2)


def test_schedules_rise_and_fall() -> None:
    cosine = Schedule(100, 2.0)
    assert cosine.rate(0) == pytest.approx(0.2)
    assert cosine.rate(9) == cosine.rate(10) == 2.0
    assert cosine.rate(55) == pytest.approx(1.0)
    linear = Schedule(100, 2.0, decay="linear")
    assert linear.rate(50) == 2.0
    assert linear.rate(75) == pytest.approx(1.0)
    flat = Schedule(100, 2.0, decay="none", warm_up=0.0)
    assert flat.rate(1) == flat.rate(99) == 2.0
    for schedule in (cosine, linear, flat):
        assert schedule.rate(100) == schedule.rate(1000) == 0.0
        rates = schedule.rates(np.arange(120))
        assert (rates[:100] > 0).all()
        assert rates.max() == 2.0
    assert Schedule(1, 0.5).rate(0) == 0.5


def test_ands_of_more_members() -> None:
    task = BooleanTask("and", 9, 12, arity=4, seed=3)
    assert task.members.shape == (12, 4)
    assert len({tuple(row) for row in task.members.tolist()}) == 12
    assert all(len(set(row)) == 4 for row in task.members.tolist())
    assert BooleanTask("and", 9, 12, arity=4, seed=3) == task
    assert not np.array_equal(BooleanTask("and", 9, 12, arity=4).members, task.members)
    assert BooleanTask("and", 6, arity=1).members.shape == (6, 1)


def test_permutations_name_every_input_once() -> None:
    task = BooleanTask("permutation", 9, seed=2)
    assert sorted(task.members[:, 0]) == list(range(9))


@pytest.mark.parametrize("name", ["random", "random-low-influence", "matching", "star", "complete"])
def test_patterns_of_pairs(name: str) -> None:
    task = BooleanTask("and", 8, active=2, pattern=name)
    assert task.members.shape[1] == 2
    assert len(task.members) == {"matching": 4, "star": 7, "complete": 28}.get(name, 8)


def test_samples_of_a_border() -> None:
    """Half of the near and plain points are true; near ones miss a clause by one literal."""
    task = BooleanTask("dnf", 24, clauses=4, arity=4)
    found = {}
    for sampler in ("near", "plain"):
        points, truth = draw_points(task, Sampling(sampler, 2000, density=0.2), 5)
        assert points.shape == (2000, 24)
        assert abs(truth.mean() - 0.5) < 0.01
        assert task.formula_task is not None
        hits = np.array([points[:, [i for i, _ in clause]].sum(axis=1)
                         for clause in task.formula_task.clauses])  # fmt: skip
        found[sampler] = float((hits.max(axis=0) == 3).mean())
    assert found["near"] > found["plain"] + 0.2
    assert np.array_equal(draw_points(task, Sampling("near", 50), 1)[0],
                          draw_points(task, Sampling("near", 50), 1)[0])  # fmt: skip
    whole, truth = draw_points(BooleanTask("dnf", 10), Sampling(), 0)
    assert len(whole) == 1024
    assert draw_points(task, Sampling(points=77), 0).points.shape == (77, 24)
    dealt = draw_points(BooleanTask("dnf", 10), Sampling(rows=100), 3)
    assert not np.array_equal(dealt.points, whole)
    assert sorted(map(tuple, dealt.points)) == sorted(map(tuple, whole))
    opposite = draw_points(BooleanTask("cnf", 24, clauses=4, arity=4), Sampling("near", 1000), 5)
    assert abs(opposite.truth.mean() - 0.5) < 0.01


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: BooleanTask("xor", 4), "unknown task 'xor'; use one of and, permutation, dnf, cnf"),
    (lambda: BooleanTask("and", 4, seed=-1), "seed of a task must be 0 or more, not -1"),
    (lambda: BooleanTask("and", 0), "inputs from 1 and an arity from 1 to their number, not 0"),
    (lambda: BooleanTask("and", 4, arity=5), "an arity from 1 to their number, not 4 and 5"),
    (lambda: BooleanTask("and", 4, active=5), "active must lie between 1 and the 4 inputs, not 5"),
    (lambda: BooleanTask("dnf", 4, pattern="star"), "'star' is one of pairs; use and with arity 2"),
    (lambda: BooleanTask("and", 4, 0), "a task has at least one output, not 0"),
    (lambda: BooleanTask("dnf", 4, 2), "a dnf has one output, not 2"),
    (lambda: BooleanTask("permutation", 4, 3), "of 4 inputs has as many outputs, not 3"),
    (lambda: BooleanTask("and", 4, pattern="ring").specification, "unknown pattern 'ring'"),
    (lambda: BooleanTask("and", 4, 7).specification, "7"),
    (lambda: BooleanTask("and", 4, 5, arity=3).specification, "5 distinct ANDs of 3 of 4 inputs"),
    (lambda: BooleanTask("dnf", 4, clauses=3).specification, "need 6 inputs, not 4"),
    (lambda: Sampling("far"), "unknown sampler 'far'; use one of auto, domain, near, plain"),
    (lambda: Sampling(points=0), "sampling needs points and rows from 1, not 0 and None"),
    (lambda: Sampling(rows=0), "sampling needs points and rows from 1, not 4096 and 0"),
    (lambda: Sampling(density=1.0), "density must lie between 0 and 1, not 1.0"),
    (lambda: Sampling().whole(BooleanTask("and", 64, active=4)), "cannot be sampled; use the"),
    (lambda: Sampling("near").whole(ANDS), "'and' on the domain 'at most 2' cannot be sampled"),
    (lambda: Schedule(0, 0.1), "steps and patience from 1, not 0 and 20"),
    (lambda: Schedule(9, 0.1, patience=0), "steps and patience from 1, not 9 and 0"),
    (lambda: Schedule(9, 0.0), "the learning rate must be above 0, not 0.0"),
    (lambda: Schedule(9, math.nan), "the learning rate must be above 0, not nan"),
    (lambda: Schedule(9, 0.1, l1=-1.0), "l1 must be 0 or more, not -1.0"),
    (lambda: Schedule(9, 0.1, decay="sudden"), "unknown decay 'sudden'; use one of cosine"),
    (lambda: Schedule(9, 0.1, warm_up=1.0), "warm_up and the two momenta must lie from 0 up to"),
    (lambda: Schedule(9, 0.1, momenta=(0.9, 1.0)), "warm_up and the two momenta must lie from 0"),
    (lambda: Schedule(9, 0.1, momenta=(0.9,)), "the two momenta"),  # type: ignore[arg-type]
    (lambda: NetworkRun(ANDS, ()), r"hidden layers of 1 or more neurons, not \[\]"),
    (lambda: NetworkRun(ANDS, (4, 0)), r"hidden layers of 1 or more neurons, not \[4, 0\]"),
    (lambda: NetworkRun(ANDS, (4,), spread=0.0), "spread must be above 0 and positive_power"),
    (lambda: NetworkRun(ANDS, (4,), positive_power=math.inf), "positive_power finite, not 1.0 and"),
    (lambda: NetworkRun(ANDS, (4,), margin=1.0), "margin must lie from 0 up to, but not at, 1"),
    (lambda: NetworkRun(ANDS, (4,), rounds=-1), "rounds must be 0 or more, not -1"),
    (lambda: NetworkRun(ANDS, (4,), repair=Schedule(9, 0.1, patience=7)), "the same patience"),
    (lambda: ReluNetworks(timeout=0.0), "timeout must be above 0 seconds, not 0.0"),
    (lambda: SuperposedNetworks(timeout=math.nan), "timeout must be above 0 seconds, not nan"),
    (lambda: SuperposedRun(ANDS, 0), "neurons must be 1 or more, not 0"),
    (lambda: SuperposedRun(ANDS, 4, density=1.0), "density must lie between 0 and 1, not 1.0"),
    (lambda: SuperposedRun(ANDS, 4, gap=0.0), "gap must lie between 0 and 1, not 0.0"),
    (lambda: SuperposedRun(ANDS, 4, weight=0.0), "weight must be above 0, not 0.0"),
    (lambda: SuperposedRun(ANDS, 4, bits=1), "bits must lie between 2 and 22, not 1"),
    (lambda: SuperposedRun(BooleanTask("dnf", 8), 4), "takes the tasks and and permutation with"),
    (lambda: SuperposedRun(BooleanTask("and", 8), 4), "with a limit on active inputs; use network"),
    (lambda: SuperposedRun(BooleanTask("and", 256, active=2), 4), "more than 8,192 points"),
    (lambda: SuperposedRun(BooleanTask("and", 5, 11, active=2), 4), "5 inputs have 10 pairs, not"),
    (lambda: AttentionRun(8, 0, 1, 1), "must be 1 or more, not 0, 1 and 1"),
    (lambda: AttentionRun(8, 4, 1, 1, loss="mse"), "unknown loss 'mse'; use one of logistic"),
    (lambda: AttentionRun(8, 4, 1, 1, start="zero"), "unknown start 'zero'; use one of random"),
    (lambda: AttentionRun(8, 4, 1, 1, spread=-1.0), "spread must be above 0, not -1.0"),
    (lambda: AttentionRun(8, 4, 1, 1, level=1.0), "level must lie between 0 and 1, not 1.0"),
    (lambda: AttentionRun(8, 4, 1, 1, context=9), "context must lie between 1 and the 8 items"),
]


@pytest.mark.parametrize(("make", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as found:
        make()
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("program", "run", "message"),
    [
        (ReluNetworks(), NetworkRun(BooleanTask("and", 64, active=4), (4,)), "cannot be sampled"),
        (ReluNetworks(), NetworkRun(BooleanTask("dnf", 4, clauses=4), (4,)), "8 inputs, not 4"),
        (AttentionLayers(), AttentionRun(1, 4, 1, 1), "items must lie between 2"),
        (AttentionLayers(), AttentionRun(8, 4, 1, 1, "ring"), "unknown graph 'ring'"),
        (AttentionLayers(), AttentionRun(8, 4, 1, 1, embeddings="one"), "unknown embeddings 'one'"),
        (AttentionLayers(), AttentionRun(8, 4, 1, 1, embeddings="orthonormal"), "8 items cannot"),
        (AttentionLayers(), AttentionRun(8, 4, 1, 1, task_seed=-1), "the seed must be 0 or more"),
    ],
)
def test_refused_before_anything_is_trained(program: Any, run: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        trained(program, [run])
