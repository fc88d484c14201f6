"""Counts of what is wrong, against enumeration in rational numbers; rounds of counterexamples."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.boolean_task import BooleanTask, Sampling
from superproof.empirics.training.program import Score
from superproof.empirics.training.relu_networks import NetworkRun, ReluNetworks
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.superposed_networks import SuperposedNetworks, SuperposedRun
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.check import check
from superproof.verify.errors import InputError

from ...constructions.attention.brute_force import reported, scores
from .plain import slow, trained

FEW = slow(20, 0.02)


def _domain(task: BooleanTask) -> np.ndarray:
    """All points with few enough ones, without the domain's own code."""
    points = np.array(list(itertools.product((0, 1), repeat=task.inputs)))
    most = task.inputs if task.active is None else task.active
    return points[points.sum(axis=1) <= most]


def _truth(task: BooleanTask, points: np.ndarray) -> np.ndarray:
    """What should read true, by the definition of the task."""
    formula = task.formula_task
    if formula is None:
        return points[:, task.members].all(axis=2)
    hit = [[points[:, i] == sign for i, sign in clause] for clause in formula.clauses]
    if task.kind == "dnf":
        return np.any([np.all(clause, axis=0) for clause in hit], axis=0)[:, None]
    return np.all([np.any(clause, axis=0) for clause in hit], axis=0)[:, None]


def _wrong(model: Any, task: BooleanTask) -> tuple[int, int]:
    """Inputs with an output on the wrong side, and inputs, in rational numbers."""
    points = _domain(task)
    read = np.array([[bool(value > 0) for value in model.evaluate(point)] for point in points])
    return int((read != _truth(task, points)).any(axis=1).sum()), len(points)


TASKS = [
    BooleanTask("and", 7, 5, active=2),
    BooleanTask("and", 6, 4, active=3, arity=3),
    BooleanTask("and", 6, pattern="complete", active=2),
    BooleanTask("permutation", 6, active=2),
    BooleanTask("dnf", 8, clauses=2, arity=3),
    BooleanTask("dnf", 7, clauses=3, arity=3, disjoint=False, mixed=True),
    BooleanTask("cnf", 8, clauses=2, arity=3, mixed=True),
    BooleanTask("cnf", 7, clauses=3, arity=3, disjoint=False),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda t: f"{t.kind}-{t.inputs}-{t.arity}-{t.disjoint}")
def test_wrong_inputs_of_networks(task: BooleanTask) -> None:
    runs = [NetworkRun(task, hidden, 1, FEW) for hidden in ((3,), (4, 3))]
    for done in trained(ReluNetworks(), runs).values():
        wrong, total = _wrong(done.model, task)
        assert done.score == Score(wrong, total)
        assert done.verdict is not None
        assert done.exact == (wrong == 0) == done.verdict.holds
    good = NetworkRun(task, (32,), 1, Schedule(1500, 0.1))
    (done,) = trained(ReluNetworks(), [good]).values()
    assert done.stop == "learned"
    assert _wrong(done.model, task)[0] == 0
    assert done.score == Score(0, len(_domain(task)))
    assert done.exact


@pytest.mark.parametrize(
    ("task", "neurons"),
    [(TASKS[0], 4), (TASKS[0], 24), (TASKS[1], 4), (TASKS[1], 24), (TASKS[3], 3), (TASKS[3], 9),
     (BooleanTask("and", 5, 3, active=2, arity=3), 6)],
)  # fmt: skip
def test_wrong_inputs_of_superposed_networks(task: BooleanTask, neurons: int) -> None:
    (done,) = trained(SuperposedNetworks(), [SuperposedRun(task, neurons, 2)]).values()
    wrong, total = _wrong(done.model, task)
    assert done.score == Score(wrong, total)
    assert done.exact == (wrong == 0)
    assert done.exact == (neurons > 5)
    matrix = done.model.layers[1].weight
    assert np.array_equal(matrix, np.rint(matrix))
    # three inputs are never active where two are: nothing is true, and nothing trained
    assert np.abs(matrix).max() == (0 if task.arity > (task.active or 0) else 2**13 - 1)


def _counted(layer: AttentionLayer, run: AttentionRun) -> tuple[int, Fraction]:
    edges = {(int(i), int(j)) for i, j in run.relation().edges}
    found = reported(layer)
    both = len(edges & found)
    f1 = Fraction(2 * both, len(edges) + len(found))
    return len(edges ^ found), f1


@pytest.mark.parametrize("loss", ["logistic", "hinge"])
@pytest.mark.parametrize("graph", ["permutation", "regular-2", "hubs-2", "star", "zipf"])
def test_wrong_pairs_and_micro_f1(graph: str, loss: str) -> None:
    sizes = [(2, 1, FEW), (2, 2, slow(60, 0.1)), (2, 5, Schedule(800, 0.1, patience=10))]
    runs = [
        AttentionRun(14, 7, heads, dim, graph, loss=loss, schedule=schedule, whiten=dim == 2)
        for heads, dim, schedule in sizes
    ]
    done = trained(AttentionLayers(), runs)
    for run in runs:
        wrong, f1 = _counted(done[run].model, run)
        assert done[run].score == Score(wrong, 14**2, f1)
        assert done[run].exact == (wrong == 0)
    assert done[runs[2]].exact
    assert not done[runs[0]].exact


@pytest.mark.parametrize("context", [None, 2, 4])
def test_wrong_pairs_of_softmax(context: int | None) -> None:
    """Worst contexts by their definition: exp of exact scores, far from every tie."""
    outcomes = set()
    for seed, schedule in ((0, FEW), (1, slow(100, 0.1)), (2, Schedule(800, 0.1, patience=10))):
        run = AttentionRun(
            9, 6, 2, 3, seed=seed, loss="softmax", schedule=schedule, context=context
        )
        done = trained(AttentionLayers(), [run])[run]
        layer = done.model
        exact = np.vectorize(lambda value: Fraction(float(value)), otypes=[object])
        points, query, key = (exact(a) for a in (layer.embeddings, layer.query, layer.key))
        heads = [(points @ q) @ (points @ k).T for q, k in zip(query, key, strict=True)]
        weights = np.exp(np.array(heads, dtype=np.float64))
        null = np.exp(float(layer.threshold))
        edges = {(int(i), int(j)) for i, j in run.relation().edges}
        missed = spurious = 0
        for i, j in itertools.product(range(9), repeat=2):
            always, ever = True, False
            for size in range(1, (context or 9) + 1):
                others = [o for o in range(9) if o not in (i, j)]
                need = {i, j}
                if size < len(need):
                    continue
                for rest in itertools.combinations(others, size - len(need)):
                    members = [*need, *rest]
                    total = weights[:, i, members].sum(axis=1) + null
                    read = (weights[:, i, j] > total / 2).any()
                    always, ever = always and bool(read), ever or bool(read)
            missed += (i, j) in edges and not always
            spurious += (i, j) not in edges and ever
        assert done.score is not None
        assert (done.score.wrong, done.score.total) == (missed + spurious, 81)
        found = 9 - missed
        assert done.score.micro_f1 == Fraction(2 * found, 2 * found + missed + spurious)
        assert done.exact == (missed + spurious == 0)
        outcomes.add(done.exact)
    assert outcomes == {True, False}


def test_the_threshold_of_a_hinge_lies_between_the_sides() -> None:
    run = AttentionRun(14, 7, 2, 5, loss="hinge", start="spectral")
    done = trained(AttentionLayers(), [run])[run]
    table = scores(done.model)
    edge = run.relation().adjacency(slice(0, 14))
    assert done.stop == "learned"
    assert table[~edge].max() < done.model.threshold < table[edge].min()


def test_rounds_of_counterexamples_reach_no_error_at_all() -> None:
    """Trained on 150 of 4,096 points; the verifier finds what is missing."""
    task = BooleanTask("dnf", 12, clauses=2, arity=3, seed=2)
    few = NetworkRun(task, (12,), 1, Schedule(400, 0.05), Sampling("near", 150))
    more = replace(few, rounds=12, repair=Schedule(300, 0.05))
    done = trained(ReluNetworks(), [few, more])
    once, again = done[few], done[more]
    assert (once.rounds, once.exact) == (0, False)
    assert once.score is not None
    assert once.score.wrong is not None
    assert once.score.wrong > 0
    assert 0 < again.rounds <= 12
    assert again.exact
    assert again.score == Score(0, 1 << 12)
    assert again.steps > once.steps
    steps = [step for step, _ in again.curve]
    assert steps == sorted(set(steps))


def test_counterexamples_replace_points_and_are_labelled_anew() -> None:
    task = BooleanTask("cnf", 10, clauses=2, arity=3, seed=1)
    run = NetworkRun(task, (3,), 0, FEW, Sampling("near", 50, rows=20), rounds=1)
    program = ReluNetworks()
    start = program.start(run, None)  # type: ignore[arg-type]
    data = program.revise(run, start.parameters, start.data, 0)
    assert data is not None
    assert data["points"].shape == start.data["points"].shape == (3, 10, 20)
    points = data["points"].transpose(0, 2, 1).reshape(60, 10)[:50].astype(np.uint8)
    signs = data["signs"].transpose(0, 2, 1).reshape(60)
    assert np.array_equal(signs[:50] > 0, _truth(task, points)[:, 0])
    assert (signs[50:] == 0).all()
    before = start.data["points"].transpose(0, 2, 1).reshape(60, 10)[:50]
    changed = points[(points != before).any(axis=1)]
    model = program.model(run, start.parameters)
    assert len(changed) > 5
    wrong = check(model, task.specification, counterexamples=1024).counterexamples
    assert {tuple(point) for point in changed} <= {tuple(e.bits) for e in wrong}
    assert program.revise(run, start.parameters, start.data, 1) is None


def test_own_vectors_and_edges(tmp_path: Path) -> None:
    """Frozen embeddings in float64 and a graph from files; the layer holds them unchanged."""
    vectors = np.random.default_rng(3).standard_normal((12, 6))
    np.save(tmp_path / "vectors.npy", vectors)
    (tmp_path / "edges.txt").write_text("".join(f"{i} {(i + 5) % 12}\n" for i in range(12)))
    run = AttentionRun(
        12, 6, 2, 4, str(tmp_path / "edges.txt"), str(tmp_path / "vectors.npy"), whiten=True
    )
    done = trained(AttentionLayers(), [run])[run]
    assert np.array_equal(done.model.embeddings, vectors)
    assert reported(done.model) == {(i, (i + 5) % 12) for i in range(12)}
    assert done.exact
    other = AttentionRun(12, 5, 2, 4, embeddings=str(tmp_path / "vectors.npy"))
    with pytest.raises(InputError, match=r"vectors.npy: 12 vectors of 6 dimensions, not 12 of 5"):
        trained(AttentionLayers(), [other])
    with pytest.raises(InputError, match=r"missing.npy"):
        trained(AttentionLayers(), [AttentionRun(12, 5, 2, 4, embeddings="missing.npy")])
