"""The linear programs of the routing controls, against known answers and grids, and the tables."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.routing_controls import (
    PARTS,
    Scale,
    best_margin,
    largest_margin,
    main,
    reach,
    train,
    wrong,
)
from superproof.empirics.attention_capacity.routing_check import SAMPLED, check_routing
from superproof.empirics.attention_capacity.routing_contexts import contexts
from superproof.empirics.attention_capacity.routing_model import RoutedLayer
from superproof.empirics.attention_capacity.value_routing import RoutingRun

#: Points of a simplex of three weights.
SIMPLEX = np.array([(a, b, 60 - a - b) for a in range(61) for b in range(61 - a)]) / 60


def simplex_margin(products: np.ndarray, members: np.ndarray) -> float:
    """The best margin over the points of the grid."""
    near = products[np.ix_(members, members)]
    return float((SIMPLEX @ (near[:, :1] - near[:, 1:])).min(axis=1).max())


def margins(matrices: np.ndarray, vectors: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """By how much each matrix, one after the other, ranks every target first."""
    items = len(vectors)
    scores = np.einsum("id,nde,ke->nik", vectors, matrices, vectors)
    own = scores[:, np.arange(items), targets][..., None]
    other = np.arange(items) != targets[:, None]
    return np.asarray(np.where(other, own - scores, np.inf).min(axis=(1, 2)))


def test_largest_margin_of_unit_vectors() -> None:
    # M[i, target] = 1 and -1 everywhere else
    assert largest_margin(np.eye(4), np.array([1, 0, 2, 3])) == pytest.approx(2)
    assert largest_margin(3 * np.eye(3), np.array([1, 2, 0])) == pytest.approx(18)


def test_a_twin_of_a_target_leaves_no_margin() -> None:
    vectors = np.array([[1.0, 0], [0, 1], [0, 1]])
    assert largest_margin(vectors, np.array([1, 0, 2])) == pytest.approx(0, abs=1e-6)


def test_largest_margin_in_one_dimension() -> None:
    # 1 and 2 both want the largest under M = -1; 2 M (1 - 2) is 2 there, 1 M (1 - 2) is 1
    assert largest_margin(np.array([[1.0], [2.0]]), np.array([0, 0])) == pytest.approx(1)
    # neither sign does for both
    assert largest_margin(np.array([[1.0], [2.0]]), np.array([0, 1])) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_largest_margin_against_a_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, targets = rng.standard_normal((3, 2)), rng.permutation(3)
    steps = np.linspace(-1, 1, 21)
    grid = np.array(list(itertools.product(steps, repeat=4))).reshape(-1, 2, 2)
    tried = float(margins(grid, vectors, targets).max())
    found = largest_margin(vectors, targets)
    gaps = vectors[targets][:, None] - vectors[None]
    # every entry has a point of the grid within .05
    slack = 0.05 * float((abs(vectors).sum(axis=1)[:, None] * abs(gaps).sum(axis=2)).max())
    assert tried - 1e-6 <= found <= tried + slack


def test_best_margin_by_hand() -> None:
    unit = np.eye(3)
    assert best_margin(unit, np.array([2, 0, 1])) == pytest.approx(1)
    line = np.array([[1.0], [2.0], [-1.0]])
    products = line @ line.T
    # without the third, all weight on the target is best, and still wrong
    assert best_margin(products, np.array([0, 1])) == pytest.approx(-1)
    # outputs that the second loses to, the third wins
    assert best_margin(products, np.array([0, 1, 2])) == pytest.approx(0, abs=1e-9)
    # weights 17/31 and 14/31 on the first and the third repair it
    plane = np.array([[1.0, 1], [3, 0], [-1, 0.5]])
    assert best_margin(plane @ plane.T, np.array([0, 1])) == pytest.approx(-1)
    assert best_margin(plane @ plane.T, np.array([0, 1, 2])) == pytest.approx(18 / 31)


@pytest.mark.parametrize("seed", range(5))
def test_best_margin_against_a_grid(seed: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((3, 2)) + 1
    products, members = vectors @ vectors.T, np.array([1, 0, 2])
    tried, found = simplex_margin(products, members), best_margin(products, members)
    # weights have a point of the grid within 1/60 in each of three places
    slack = 3 / 60 * float(abs(products[:, [1]] - products).max())
    assert tried - 1e-9 <= found <= tried + slack


def some_reached(run: RoutingRun) -> int:
    """Sampled contexts of three items in which a point of the grid gives the target."""
    vectors = run.vectors().astype(np.float64)
    sample = contexts(run.relation().edges[:, 1], 3, SAMPLED, [run.task_seed, 43])
    return sum(simplex_margin(vectors @ vectors.T, one) > 0 for one in sample.reshape(-1, 3))


def test_reach_counts_what_the_experiment_samples() -> None:
    run = RoutingRun(8, 8, 1, 8, context=3, embeddings="common-mean", task_seed=2)
    vectors = run.vectors().astype(np.float64)
    # scores of 2000 for targets and 0 for all others: all weight on the target
    inverse = np.linalg.inv(vectors)
    query = inverse @ np.eye(8)[run.relation().edges[:, 1]] * 2000
    weights = {"query": query[:, None], "key": inverse[:, None]}
    layer = RoutedLayer("identity", vectors, weights)
    found = reach(run)
    assert found.alone == check_routing(layer, run.relation(), 3, run.task_seed).right
    assert 0 < found.alone < found.sampled == SAMPLED * 8
    assert 0 < found.free < 8
    assert found.open == 0
    assert found.some == some_reached(run)


def test_targets_without_a_vector_that_wins_against_them(tmp_path: Path) -> None:
    # the first wins against the next two, and the fourth ties with the fifth
    np.save(tmp_path / "five.npy", np.array([[3.0, 3], [1, 0], [0, 1], [-1, 0], [-1, -1]]))
    run = RoutingRun(5, 2, 1, 1, context=2, embeddings=f"file:{tmp_path / 'five.npy'}")
    runs = [replace(run, task_seed=seed) for seed in range(40)]
    # the fourth is the fifth's target: no weights decide the tie
    tied = next(one for one in runs if one.relation().edges[4, 1] == 3)
    found = reach(tied)
    assert found.free == 2
    assert found.open == SAMPLED
    assert found.some + found.open <= found.sampled


def test_weights_on_other_items_can_repair() -> None:
    found = reach(RoutingRun(5, 2, 1, 1, context=3, embeddings="common-mean", task_seed=0))
    assert found.sampled == 5 * SAMPLED
    assert found.alone < found.some < found.sampled


def test_verdicts_come_in_the_order_of_the_seeds() -> None:
    run = Scale(items=6, dim=4, context=3, shorter=80).run("identity", 2)
    assert run.schedule.steps == 10
    verdicts = train(run, (2, 0))
    assert [one.right for one in verdicts] == [
        train(run, (2,))[0].right,
        train(run, (0,))[0].right,
    ]
    assert wrong([None, *verdicts])[0] == 100
    assert wrong(verdicts)[0] == pytest.approx(100 - 100 * verdicts[0].accuracy)


def test_quick_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["mean", "--quick", "--seeds", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "quick: tiny sizes, and the steps in the tables are divided by 80"
    assert lines[2].startswith("mean: ")
    head = next(place for place, line in enumerate(lines) if line.startswith("| seed |"))
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines[head + 2 : head + 4]
    ]
    assert [cells[0] for cells in rows] == ["0", "1"]
    for cells in rows:
        assert cells[1].endswith(" of 12")
        # weights of any kind reach what all weight on the target does, and training no more
        assert 0 <= float(cells[3]) <= float(cells[2]) <= 100
        assert float(cells[3]) <= float(cells[4]) <= 100
    assert "network:" not in "\n".join(lines)


def test_every_part_is_described() -> None:
    assert all((part.__doc__ or "").strip() for part in PARTS.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["mena"],
            "unknown part 'mena'; use some of network, start, saturation, margin, mean, spectrum",
        ),
        (["mean", "--seeds", "0"], "--seeds must be 1 or more, not 0"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == message
    assert capsys.readouterr() == ("", "")
