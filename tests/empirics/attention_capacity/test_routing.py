"""The experiment ``value-routing`` on a small plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics.attention_capacity.routing import (
    NAME,
    SERIES,
    Routed,
    RoutingPlan,
    RoutingResult,
    given_plan,
    value_routing,
)
from superproof.empirics.attention_capacity.routing_files import (
    control_columns,
    control_rows,
    size_columns,
    size_rows,
)
from superproof.empirics.finding import read_finding
from superproof.empirics.store import RunStore
from superproof.verify.errors import InputError

TINY = RoutingPlan((6, 8), 6, 4, ("gaussian", "common-mean"), (1, 2), (1, 2), 1, 40, 8)


def test_from_the_plan_to_the_figure_and_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    told: list[tuple[int, int]] = []
    result = value_routing(
        out, TINY, device="cpu", progress=lambda done, total: told.append((done, total))
    )
    # for each m and kind: two sizes of one head and one of two, or a network alone
    number = 2 * 2 * (3 * 7 + 2)
    assert told[-1] == (number, number)
    assert result.trained == len(result.routed) == number
    data = json.loads((out / "routing.json").read_text(encoding="utf-8"))
    assert len(data["runs"]) == number
    for row in result.routed:
        everything = row.series == "identity, all items"
        assert 0 <= row.right <= row.sampled == (1 if everything else 64) * row.items
        assert row.low <= row.accuracy <= row.high
        # the exact decision is for one head without a block
        decided = row.heads == 1 and not row.series.startswith("block")
        assert (row.always is not None) == (row.undecided is not None) == decided
        assert (row.heads == row.total_key_dim == 0) == row.series.endswith("alone")
    assert {(r.heads, r.total_key_dim) for r in result.routed} == {(1, 1), (1, 2), (2, 2), (0, 0)}
    finding = read_finding(out / "finding.json")
    assert finding.name == NAME
    alone = [r.accuracy for r in result.routed if r.items == 8 and r.series == "4 neurons alone"]
    assert f"4 neurons alone: {100 * min(alone):.1f}" in finding.summary
    for figure in ("routing.svg", "least.svg"):
        assert figure in finding.figures
        text = (out / figure).read_text(encoding="utf-8")
        assert all(one.name in text for one in SERIES if one.attends)
    assert len(size_rows(result)) == 2 * 7
    assert all(len(row) == len(size_columns(result)) for row in size_rows(result))
    assert len(control_rows(result)) == 2 * 2
    assert all(len(row) == len(control_columns(result)) for row in control_rows(result))
    with pytest.raises(InputError, match="add --resume"):
        value_routing(out, TINY, device="cpu")
    again = value_routing(out, TINY, device="cpu", resume=True)
    assert again.trained == 0
    assert again.routed == result.routed


def test_given_vectors(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    np.save(path, np.random.default_rng(0).standard_normal((6, 3)))
    plan = given_plan(TINY, path)
    assert (plan.items, plan.embedding_dim, plan.context, plan.sizes) == ((6,), 3, 4, (1, 2))
    assert plan.shown == 6
    np.save(path, np.random.default_rng(0).standard_normal((5, 1)))
    few = given_plan(TINY, path)
    assert (few.items, few.context, few.shown, few.sizes) == ((5,), 4, 5, (1,))
    np.save(path, np.random.default_rng(0).standard_normal((7, 3)))
    result = value_routing(tmp_path / "out", TINY, embeddings=path, device="cpu")
    assert {row.kind for row in result.routed} == {f"file:{path}"}
    finding = read_finding(tmp_path / "out" / "finding.json")
    assert "--embeddings" in finding.command
    assert "vectors.npy" in json.dumps(finding.tables[0].rows)


def test_blocks_of_many_dimensions_take_smaller_steps(tmp_path: Path) -> None:
    path = tmp_path / "wide.npy"
    np.save(path, np.random.default_rng(0).standard_normal((8, 64)))
    plan = given_plan(replace(TINY, steps=1), path)
    result = value_routing(tmp_path / "out", plan, device="cpu")
    with RunStore(tmp_path / "out", True) as store:
        runs = list(store.runs())
        rates = {
            (run.configuration["output"], run.configuration["schedule"]["learning_rate"])
            for run in runs
        }
        weights = {run.configuration["output"]: store.weights(run) for run in runs}
    assert weights["values"]["value"].shape[0] == 64
    assert "query" not in weights["network"]
    assert len(result.routed) == result.trained
    assert rates == {("identity", 0.02), ("values", 0.02), ("block", 0.005), ("network", 0.005)}


def test_bad_requests(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="seed must be 0 or more, not -2"):
        value_routing(out, TINY, seed=-2, device="cpu")
    with pytest.raises(InputError, match=r"nowhere\.npy"):
        value_routing(out, TINY, embeddings=tmp_path / "nowhere.npy", device="cpu")
    assert not out.exists()


def test_the_least_size_needs_all_sizes_from_it_on() -> None:
    def row(size: int, seed: int, right: int) -> Routed:
        return Routed(
            "gaussian", "values", 8, 1, size, seed, right, 1000, 0, 1, 8, 8, None, None, 9
        )

    plan = replace(TINY, sizes=(2, 4, 8), seeds=2)
    rows = [row(2, 0, 999), row(2, 1, 999), row(4, 0, 999), row(4, 1, 980), row(8, 0, 980),
            row(8, 1, 1000)]  # fmt: skip
    result = RoutingResult(0, plan, False, None, "cpu", 0, tuple(rows), {}, 0.0)
    # at 4 the two seeds together are below 99 %, at 8 they reach it
    assert result.least("gaussian", "values", 8, 1) == 8
    better = replace(result, routed=tuple(replace(r, right=995) for r in rows))
    assert better.least("gaussian", "values", 8, 1) == 2
    assert better.least("gaussian", "values", 6, 1) is None
    assert better.least("gaussian", "values", 8, 2) is None


def test_sizes_are_multiples_of_the_heads() -> None:
    plan = replace(TINY, sizes=(8, 1, 4, 6))
    assert plan.sizes_of(1) == (1, 4, 6, 8)
    assert plan.sizes_of(4) == (4, 8)
    assert plan.sizes_of(0) == (0,)
