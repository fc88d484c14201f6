"""Attention with values: contexts, outputs, training side by side, and sampled counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from superproof.empirics.attention_capacity.routing_check import (
    SAMPLED,
    RoutingVerdict,
    check_routing,
)
from superproof.empirics.attention_capacity.routing_contexts import contexts, hardest
from superproof.empirics.attention_capacity.routing_decision import ExactRouting
from superproof.empirics.attention_capacity.routing_model import RoutedLayer, normalised, read
from superproof.empirics.attention_capacity.value_routing import (
    LOOK,
    POOL,
    RoutingLayers,
    RoutingRun,
)
from superproof.empirics.training.device import Backend
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.trainer import groups, train_runs
from superproof.verify.errors import InputError

SHORT = Schedule(40, 0.05, patience=20, decay="linear")


def test_contexts_hold_target_and_item_once() -> None:
    targets = np.array([1, 0, 2, 5, 3, 4])  # item 2 is its own target
    for size in (2, 3, 6):
        found = contexts(targets, size, 20, [7])
        assert found.shape == (20, 6, size)
        for members in found.reshape(-1, 6, size):
            for item, row in enumerate(members.tolist()):
                assert row[0] == targets[item]
                assert item in row
                assert len(set(row)) == size
    others = contexts(targets, 3, 400, [7])[:, 0, :]
    counts = np.bincount(others.ravel(), minlength=6)
    # the third place is drawn from the four other items
    assert (counts[2:] > 60).all()
    assert (contexts(targets, 3, 20, [7]) == contexts(targets, 3, 20, [7])).all()


def test_hardest_contexts_take_the_largest_scores() -> None:
    scores = np.array([[0.0, -9, 5, 3, 4], [1, 2, 3, 4, 0], [0, 0, 0, 1, 2], [9, 8, 7, 0, 6],
                       [1, 2, 3, 4, 5]])  # fmt: skip
    targets = np.array([1, 0, 3, 2, 4])
    found = hardest(scores, targets, 3)
    assert found[0].tolist()[0] == 1
    assert sorted(found[0]) == [0, 1, 2]
    assert sorted(found[3]) == [0, 2, 3]
    # its own target: two others
    assert sorted(found[4]) == [2, 3, 4]


@pytest.mark.parametrize("output", ["identity", "values", "block", "network"])
@pytest.mark.parametrize("whiten", [False, True])
def test_training_and_evaluation_compute_the_same(output: str, whiten: bool) -> None:
    program = RoutingLayers()
    run = RoutingRun(
        9, 6, 2, 3, output, context=5, embeddings="common-mean", whiten=whiten, hidden=7
    )
    layout = program.layout(program.kind(run), program.sizes(run), Backend())
    start = program.start(run, layout)
    tensors = {name: torch.from_numpy(array)[None] for name, array in start.parameters.items()}
    data = {name: torch.from_numpy(array)[None] for name, array in start.data.items()}
    members = start.data["contexts"][0]
    logits = read(output, tensors, data, torch.from_numpy(members)[None])[0].numpy()
    layer = program.model(run, start.parameters)
    chosen = layer.chosen(members, layer.scores())
    scale = float(np.exp(start.parameters["scale"][0]))
    np.testing.assert_allclose(
        logits / scale,
        chosen,
        rtol=2e-4,
        atol=2e-4,
    )


@pytest.mark.parametrize("output", ["values", "block"])
def test_runs_do_not_feel_each_other(output: str) -> None:
    """Sizes that share a batch as well: a smaller run keeps its own key dimension and neurons."""
    runs = [
        RoutingRun(8, 4, 1, key_dim, output, 4, hidden=hidden, task_seed=s, seed=s, schedule=SHORT)
        for s, (key_dim, hidden) in enumerate([(2, 3), (1, 3), (4, 5)])
    ]
    program = RoutingLayers()
    assert len(list(groups(program, runs, [program.sizes(run) for run in runs], Backend()))) == 1
    together = {one.run.seed: one for one in train_runs(program, runs, device="cpu")}
    for run in runs:
        (alone,) = train_runs(program, [run], device="cpu")
        assert alone.parameters["query"].shape == (4, 1, run.key_dim)
        for name, array in alone.parameters.items():
            other = together[run.seed].parameters[name]
            assert array.shape == other.shape
            np.testing.assert_allclose(array, other, rtol=2e-3, atol=2e-3)


def test_runs_that_padding_would_change_train_apart() -> None:
    runs = [
        RoutingRun(8, 4, 1, 2, context=4, schedule=SHORT),
        RoutingRun(8, 4, 1, 2, context=5, schedule=SHORT),
        RoutingRun(9, 4, 1, 2, context=4, schedule=SHORT),
        RoutingRun(8, 5, 1, 2, context=4, schedule=SHORT),
    ]
    program = RoutingLayers()
    batches = groups(program, runs, [program.sizes(run) for run in runs], Backend())
    assert [len(members) for *_, members in batches] == [1, 1, 1, 1]
    assert all(len(one.curve) for one in train_runs(program, runs, device="cpu"))


def test_training_lowers_the_loss_and_routes() -> None:
    run = RoutingRun(12, 12, 1, 4, "identity", 6, "gaussian", whiten=True,
                     schedule=replace(SHORT, steps=300))  # fmt: skip
    (finished,) = train_runs(RoutingLayers(), [run], device="cpu")
    verdict = finished.verdict
    assert finished.curve[-1][1] < finished.curve[0][1]
    assert verdict is not None
    assert verdict.right > 0.95 * verdict.sampled  # type: ignore[union-attr]
    score = finished.score
    assert score is not None
    assert score.wrong == verdict.exact.wrong  # type: ignore[union-attr]
    assert score.total == 12


def test_accuracy_is_sampled_in_contexts_that_training_never_saw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # so many contexts of 12 of 40 items that two draws do not meet by chance
    run = RoutingRun(40, 4, 1, 2, context=12, task_seed=3, schedule=SHORT)
    program = RoutingLayers()
    start = program.start(run, program.layout(program.kind(run), program.sizes(run), Backend()))
    looked_at: list[np.ndarray] = []
    chosen = RoutedLayer.chosen

    def seen(layer: RoutedLayer, members: np.ndarray, scores: np.ndarray) -> np.ndarray:
        looked_at.append(members)
        return chosen(layer, members, scores)

    monkeypatch.setattr(RoutedLayer, "chosen", seen)
    program.verdict(run, program.model(run, start.parameters))
    # the last one is made of the keys that score highest
    sampled, trained = np.array(looked_at[:SAMPLED]), start.data["contexts"]
    assert sampled.shape == (SAMPLED, 40, 12)
    assert trained.shape == (POOL + LOOK, 40, 12)
    for item in range(40):
        before = {frozenset(row) for row in trained[:, item].tolist()}
        assert before.isdisjoint(frozenset(row) for row in sampled[:, item].tolist())


def test_only_one_head_without_a_block_is_decided() -> None:
    program = RoutingLayers()
    for run, decided in (
        (RoutingRun(8, 4, 2, 2, context=4), False),
        (RoutingRun(8, 4, 1, 2, "block", context=4), False),
        (RoutingRun(8, 4, 1, 1, "network", context=4), False),
        (RoutingRun(8, 4, 1, 2, "values", context=4), True),
    ):
        layout = program.layout(program.kind(run), program.sizes(run), Backend())
        layer = program.model(run, program.start(run, layout).parameters)
        verdict = check_routing(layer, run.relation(), 4, 0)
        assert (verdict.exact is not None) == decided
        assert (verdict.status == "unknown") == (not decided)
        assert verdict.low <= verdict.accuracy <= verdict.high
        assert verdict.sampled == 64 * 8
        assert verdict.to_json()["status"] == verdict.status
        if verdict.exact is not None:
            assert verdict.exact.right + verdict.exact.wrong + verdict.exact.open == 8


def test_a_context_of_everything_is_no_sample() -> None:
    run = RoutingRun(8, 4, 1, 2, context=8)
    program = RoutingLayers()
    layout = program.layout(program.kind(run), program.sizes(run), Backend())
    layer = program.model(run, program.start(run, layout).parameters)
    verdict = check_routing(layer, run.relation(), 8, 0)
    assert verdict.sampled == 8
    assert verdict.low == verdict.accuracy == verdict.high
    # the one context is the hardest as well
    assert verdict.hard_right == verdict.right


def test_a_network_alone_does_not_see_its_context() -> None:
    run = RoutingRun(9, 4, 1, 1, "network", context=4, hidden=6)
    program = RoutingLayers()
    layout = program.layout(program.kind(run), program.sizes(run), Backend())
    assert "query" not in layout.parameters
    layer = program.model(run, program.start(run, layout).parameters)
    assert layer.heads == 0
    whole = layer.rivalry(layer.scores())
    for members in contexts(run.relation().edges[:, 1], 4, 3, [5]):
        found = layer.chosen(members, layer.scores())
        np.testing.assert_allclose(found, np.take_along_axis(whole, members.astype(int), 1))


@pytest.mark.parametrize(
    ("exact", "status"),
    [
        (None, "unknown"),
        (ExactRouting(4, 0, 0), "holds"),
        (ExactRouting(3, 0, 1), "unknown"),
        (ExactRouting(2, 1, 1), "violated"),
    ],
)
def test_status_of_a_verdict(exact: ExactRouting | None, status: str) -> None:
    verdict = RoutingVerdict(4, 4, 0.4, 1.0, 4, 4, exact)
    assert verdict.status == status
    assert verdict.holds == (status == "holds")


def test_vectors_that_normalise_to_zero(tmp_path: Path) -> None:
    path = tmp_path / "one.npy"
    np.save(path, np.arange(1.0, 7.0)[:, None])
    run = RoutingRun(6, 1, 1, 1, "block", 4, f"file:{path}", hidden=3, schedule=SHORT)
    assert not run.points().any()
    (finished,) = train_runs(RoutingLayers(), [run], device="cpu")
    assert finished.stop != "diverged"
    assert finished.verdict is not None


def test_normalised_rows() -> None:
    rows = normalised(np.array([[1.0, 2, 3, 6], [5, -5, 5, -5]]))
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 0}, "must be 1 or more, not 4, 0, 2, 128"),
        ({"output": "mean"}, "unknown output 'mean'; use one of identity, values, block, network"),
        ({"context": 1}, "between 2 and the 8 items, not 1"),
        ({"context": 9}, "between 2 and the 8 items, not 9"),
    ],
)
def test_bad_runs(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(RoutingRun(8, 4, 1, 2, context=4), **change)  # type: ignore[arg-type]
