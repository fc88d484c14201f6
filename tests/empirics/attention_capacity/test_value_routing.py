"""Attention with values: contexts, outputs, the weight that is enough, and what is proved."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from superproof.empirics.attention_capacity.routing_check import (
    check_routing,
    decide_routing,
    enough_weight,
)
from superproof.empirics.attention_capacity.routing_contexts import contexts, hardest
from superproof.empirics.attention_capacity.routing_model import RoutedLayer, normalised, read
from superproof.empirics.attention_capacity.value_routing import RoutingLayers, RoutingRun
from superproof.empirics.training.device import Backend
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.trainer import train_runs
from superproof.verify.attention.graph import RelationalGraph
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


@pytest.mark.parametrize("output", ["identity", "values", "block"])
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
        np.take_along_axis(logits, members.astype(np.int64), 1) / scale,
        chosen,
        rtol=2e-4,
        atol=2e-4,
    )


def test_runs_do_not_feel_each_other() -> None:
    runs = [
        RoutingRun(8, 4, 1, 2, "values", 4, task_seed=s, seed=s, schedule=SHORT) for s in range(3)
    ]
    together = {one.run.seed: one for one in train_runs(RoutingLayers(), runs, device="cpu")}
    for run in runs:
        (alone,) = train_runs(RoutingLayers(), [run], device="cpu")
        for name, array in alone.parameters.items():
            np.testing.assert_allclose(
                array, together[run.seed].parameters[name], rtol=2e-3, atol=2e-3
            )


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
    assert score.wrong == (0 if finished.exact else None)


def random_layer(rng: np.random.Generator, items: int, dim: int, output: str) -> RoutedLayer:
    vectors = rng.integers(-8, 9, (items, dim)) / 8 + 2 * np.eye(items, dim)
    weights = {
        "query": rng.standard_normal((dim, 1, dim)).astype(np.float32).astype(np.float64),
        "key": rng.standard_normal((dim, 1, dim)).astype(np.float32).astype(np.float64),
    }
    if output == "values":
        weights["value"] = np.eye(dim)[:, None, :] + 0.1 * rng.standard_normal((dim, 1, dim))
        weights["out"] = np.eye(dim)[None]
    return RoutedLayer(output, vectors, weights)


@pytest.mark.parametrize("output", ["identity", "values"])
def test_the_weight_is_enough_and_not_much_more(output: str) -> None:
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(20):
        layer = random_layer(rng, 6, 6, output)
        targets = np.arange(6)
        level = enough_weight(layer, targets)
        if level is None:
            continue
        found += 1
        answers = {}
        for share in (float(level), float(level) - 0.01):
            wins = True
            for j in range(6):
                for c in range(6):
                    if c == j:
                        continue
                    weights = np.zeros(6)
                    weights[j], weights[c] = share, 1 - share
                    mixed = weights @ layer.vectors
                    if output == "values":
                        mixed = mixed @ layer.weights["value"][:, 0] @ layer.weights["out"][0]
                    reads = layer.vectors @ mixed
                    wins &= bool((reads[j] > np.delete(reads, j)).all())
            answers[share] = wins
        assert answers[float(level)]
        assert not answers[float(level) - 0.01]
    assert found >= 5


def test_no_weight_is_enough_for_a_vector_below_another() -> None:
    vectors = np.array([[1.0, 0], [3.0, 1], [0, 2.0]])
    weights = {"query": np.zeros((2, 1, 1)), "key": np.zeros((2, 1, 1))}
    layer = RoutedLayer("identity", vectors, weights)
    # <x_0, x_1> = 3 exceeds <x_0, x_0> = 1
    assert enough_weight(layer, np.array([0, 1, 2])) is None
    decided = decide_routing(layer, RelationalGraph.permutation([0, 1, 2]), 3)
    assert (decided.level, decided.proved, decided.open) == (None, 0, 3)
    assert "no weight below 1" in decided.reason


@pytest.mark.parametrize("size", [2, 3, 5])
def test_what_is_proved_agrees_with_all_contexts(size: int) -> None:
    rng = np.random.default_rng(8)
    seen = set()
    for _ in range(12):
        layer = random_layer(rng, 5, 5, "identity")
        graph = RelationalGraph.permutation(rng.permutation(5))
        found = decide_routing(layer, graph, size)
        if found.level is None:
            continue
        level = float(eval(found.level))
        scores = layer.scores()[0]
        proved = 0
        for i, j in graph.edges.tolist():
            rest = [k for k in range(5) if k not in (i, j)]
            fixed = {i, j}
            least = min(
                np.exp(scores[i, j]) / np.exp(scores[i, list(fixed | set(more))]).sum()
                for count in range(size - len(fixed) + 1)
                for more in combinations(rest, count)
            )
            proved += bool(least >= level)
        assert (found.proved, found.open) == (proved, 5 - proved)
        seen.add(proved)
    assert len(seen) > 1


def test_a_block_and_several_heads_are_sampled_only() -> None:
    program = RoutingLayers()
    for run in (RoutingRun(8, 4, 2, 2, context=4), RoutingRun(8, 4, 1, 2, "block", context=4)):
        layout = program.layout(program.kind(run), program.sizes(run), Backend())
        layer = program.model(run, program.start(run, layout).parameters)
        verdict = check_routing(layer, run.relation(), 4, 0)
        assert verdict.exact is None
        assert not verdict.holds
        assert verdict.low <= verdict.accuracy <= verdict.high
        assert verdict.to_json()["status"] == "unknown"


def test_normalised_rows() -> None:
    rows = normalised(np.array([[1.0, 2, 3, 6], [5, -5, 5, -5]]))
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 0}, "must be 1 or more, not 4, 0, 2, 128"),
        ({"output": "mean"}, "unknown output 'mean'; use one of identity, values, block"),
        ({"context": 1}, "between 2 and the 8 items, not 1"),
        ({"context": 9}, "between 2 and the 8 items, not 9"),
    ],
)
def test_bad_runs(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(RoutingRun(8, 4, 1, 2, context=4), **change)  # type: ignore[arg-type]
