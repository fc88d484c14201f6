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
from superproof.empirics.attention_capacity.routing_files import size_columns, size_rows
from superproof.empirics.finding import read_finding
from superproof.verify.errors import InputError

TINY = RoutingPlan(8, 6, 4, ("gaussian", "common-mean"), (1, 2), (2, 4), 1, 40)


def test_from_the_plan_to_the_figure_and_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    told: list[tuple[int, int]] = []
    result = value_routing(
        out, TINY, device="cpu", progress=lambda done, total: told.append((done, total))
    )
    number = 2 * len(SERIES) * 2 * 2
    assert told[-1] == (number, number)
    assert result.trained == len(result.routed) == number
    data = json.loads((out / "routing.json").read_text(encoding="utf-8"))
    assert len(data["runs"]) == number
    for row in result.routed:
        assert 0 <= row.right <= row.sampled == 64 * 8
        assert row.low <= row.accuracy <= row.high
        # the exact decision is for one head without a block
        assert (row.proved is not None) == (row.heads == 1 and row.series != "block")
    finding = read_finding(out / "finding.json")
    assert finding.name == NAME
    assert "routing.svg" in finding.figures
    assert (out / "routing.svg").stat().st_size > 0
    assert len(size_rows(result)) == 2 * len(SERIES)
    assert all(len(row) == len(size_columns(result)) for row in size_rows(result))
    with pytest.raises(InputError, match="add --resume"):
        value_routing(out, TINY, device="cpu")
    again = value_routing(out, TINY, device="cpu", resume=True)
    assert again.trained == 0
    assert again.routed == result.routed


def test_given_vectors(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    np.save(path, np.random.default_rng(0).standard_normal((6, 3)))
    plan = given_plan(TINY, path)
    assert (plan.items, plan.embedding_dim, plan.context, plan.sizes) == (6, 3, 4, (2,))
    result = value_routing(tmp_path / "out", TINY, embeddings=path, device="cpu")
    assert {row.kind for row in result.routed} == {f"file:{path}"}
    finding = read_finding(tmp_path / "out" / "finding.json")
    assert "--embeddings" in finding.command
    assert "vectors.npy" in json.dumps(finding.tables[0].rows)


def test_bad_requests(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="seed must be 0 or more, not -2"):
        value_routing(out, TINY, seed=-2, device="cpu")
    with pytest.raises(InputError, match=r"nowhere\.npy"):
        value_routing(out, TINY, embeddings=tmp_path / "nowhere.npy", device="cpu")
    assert not out.exists()


def test_the_least_size_needs_every_seed_from_it_on() -> None:
    def row(size: int, seed: int, right: int) -> Routed:
        return Routed("gaussian", "identity", 1, size, seed, right, 1000, 0, 1, 8, 8, None, None, 9)

    plan = replace(TINY, sizes=(2, 4, 8), seeds=2)
    rows = [row(2, 0, 999), row(2, 1, 999), row(4, 0, 999), row(4, 1, 980), row(8, 0, 990),
            row(8, 1, 1000)]  # fmt: skip
    result = RoutingResult(0, plan, False, None, "cpu", 0, tuple(rows), {}, 0.0)
    assert result.least("gaussian", "identity", 1) == 8
    better = [replace(r, right=995) for r in rows]
    assert replace(result, routed=tuple(better)).least("gaussian", "identity", 1) == 2
    assert result.least("gaussian", "identity", 2) is None
