"""Masked classifiers: gradients against torch, frozen zeros, many together as one alone."""

from __future__ import annotations

import numpy as np
import pytest

from superproof import Network, Specification
from superproof.empirics.expansion.expand import expand
from superproof.empirics.expansion.masked_networks import (
    ClassifierRun,
    Lesson,
    MaskedClassifiers,
    accuracy,
    fresh_classifier,
)
from superproof.empirics.training.device import Backend
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.slots import Slots
from superproof.empirics.training.trainer import train_runs
from superproof.verify.errors import InputError

torch = pytest.importorskip("torch")

SCHEDULE = Schedule(40, 0.02, patience=20)


def lesson(inputs: int, hidden: list[int], outputs: int, seed: int, *, split: bool) -> Lesson:
    rng = np.random.default_rng(seed)
    network = fresh_classifier(inputs, hidden, outputs, seed)
    if split:
        network = expand(network, 2, seed=seed).network
    points = rng.standard_normal((50, inputs)).astype(np.float32)
    classes = rng.integers(0, max(outputs, 2), 50)
    return Lesson(network, points, classes, whole=not split)


@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("rows", [None, 20])
def test_gradients_are_those_of_torch(outputs: int, rows: int | None) -> None:
    one = lesson(6, [5, 4], outputs, 3, split=True)
    program = MaskedClassifiers({"a": one})
    run = ClassifierRun("a", 1, SCHEDULE, rows)
    backend = Backend()
    layout = program.layout(program.kind(run), program.sizes(run), backend)
    slots = Slots(layout, 1, backend)
    slots.load(0, run, program.start(run, layout))
    age = torch.tensor([2])
    found = program.gradients(program.kind(run), slots.parameters, slots.data, age, backend)

    order = np.random.default_rng([1, 32]).permutation(50)
    chosen = order if rows is None else order[40:50]  # the third batch of 20 holds the last 10
    points = torch.tensor(one.points[chosen])
    classes = torch.tensor(one.classes[chosen])
    value, free = points, {}
    for number, layer in enumerate(one.network.layers):
        free[f"{number}.weight"] = torch.tensor(layer.weight, requires_grad=True)
        free[f"{number}.bias"] = torch.tensor(layer.bias, requires_grad=True)
        value = value @ free[f"{number}.weight"].T + free[f"{number}.bias"]
        value = torch.relu(value) if number < 2 else value
    if outputs == 1:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(value[:, 0], classes.float())
    else:
        loss = torch.nn.functional.cross_entropy(value, classes)
    loss.backward()
    for name, tensor in free.items():
        wanted = tensor.grad * (tensor != 0)
        own = found[name][0]
        own = own[:, 0] if own.shape[1] == 1 and wanted.ndim == 1 else own
        torch.testing.assert_close(own, wanted, atol=1e-6, rtol=1e-5)
    if rows is None:
        seen = program.survey(program.kind(run), slots.parameters, slots.data, backend)
        torch.testing.assert_close(seen.loss[0], loss.detach(), atol=1e-6, rtol=1e-5)


def test_zeros_stay_zero_and_others_move() -> None:
    one = lesson(8, [4], 3, 0, split=True)
    (finished,) = train_runs(
        MaskedClassifiers({"a": one}), [ClassifierRun("a", 0, SCHEDULE)], device="cpu"
    )
    for before, after in zip(one.network.layers, finished.model.layers, strict=True):
        assert (after.weight[before.weight == 0] == 0).all()
        assert (after.bias[before.bias == 0] == 0).all()
        assert (after.weight != before.weight).any()


def test_together_as_alone() -> None:
    lessons = {
        "narrow": lesson(5, [3], 2, 1, split=False),
        "wide": lesson(8, [6], 2, 2, split=True),
        "logit": lesson(5, [4], 1, 3, split=False),
        "deep": lesson(6, [4, 3], 2, 4, split=False),
    }
    program = MaskedClassifiers(lessons)
    runs = [ClassifierRun(name, 2, SCHEDULE, 16) for name in lessons]
    together = {f.run.name: f for f in train_runs(program, runs, device="cpu")}
    for run in runs:
        (alone,) = train_runs(program, [run], device="cpu")
        for name, array in alone.parameters.items():
            np.testing.assert_allclose(
                together[run.name].parameters[name], array, atol=2e-5, rtol=1e-4
            )


def test_a_specification_is_held_against_the_network() -> None:
    network = Network.from_arrays([np.array([[1.0, 1.0]]), np.array([[1.0]])],
                                  [np.array([-1.0]), np.array([0.0])])  # fmt: skip
    spec = Specification(2, {"y0": "x0 & x1"})
    program = MaskedClassifiers(
        {"a": Lesson(network, np.zeros((1, 2), np.float32), np.zeros(1, np.int64),
                     specification=spec)}
    )  # fmt: skip
    run = ClassifierRun("a")
    verdict = program.verdict(run, network)
    assert verdict.holds
    assert program.score(run, network, verdict).wrong == 0
    bare = Lesson(network, np.zeros((1, 2), np.float32), np.zeros(1, np.int64))
    with pytest.raises(InputError, match="the lesson 'b' has no specification"):
        MaskedClassifiers({"b": bare}).verdict(ClassifierRun("b"), network)


def test_accuracy_by_hand() -> None:
    network = Network.from_arrays([np.array([[1.0], [-1.0]])], [np.array([0.0, 0.5])])
    points = np.array([[0.0], [1.0], [0.2], [-1.0]])
    assert accuracy(network, points, np.array([1, 0, 0, 0])) == 0.5
    logit = Network.from_arrays([np.array([[1.0]])])
    assert accuracy(logit, points, np.array([0, 1, 1, 1])) == 0.75


@pytest.mark.parametrize(
    ("points", "classes", "message"),
    [
        (np.zeros((3, 4)), np.zeros(2), r"need one class each, not \(3, 4\) and \(2,\)"),
        (np.zeros((3, 5)), np.zeros(3), "have 5 numbers each, but the network has 4 inputs"),
        (np.zeros((3, 4)), np.full(3, 3), "classes must lie between 0 and 2, not 3 and 3"),
    ],
)
def test_lessons_that_do_not_fit(points: np.ndarray, classes: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Lesson(fresh_classifier(4, [3], 3, 0), points.astype(np.float32), classes.astype(np.int64))
