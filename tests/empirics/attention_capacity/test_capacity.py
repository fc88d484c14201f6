"""The experiment ``attention-capacity`` on a small plan, from training to the finding."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics.attention_capacity.capacity import AttentionResult, attention_capacity
from superproof.empirics.attention_capacity.plan import (
    FULL,
    LARGE,
    QUICK,
    RECIPES,
    AttentionPlan,
    Cell,
    TradeOff,
)
from superproof.empirics.attention_capacity.trained import NAME, Measured
from superproof.empirics.finding import read_finding
from superproof.empirics.store import RunStore
from superproof.verify.errors import InputError

CELL = Cell(16, 8, (1, 2), 2, certified=1)
TINY = AttentionPlan((CELL,), (TradeOff(CELL, 4, (1, 2, 4)),), certified_seconds=0.5)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AttentionResult, list[int]]:
    out = tmp_path_factory.mktemp("attention") / "out"
    told: list[int] = []

    def progress(done: int, total: int) -> None:
        assert 0 < done <= total
        told.append(done)

    result = attention_capacity(out, TINY, device="cpu", progress=progress)
    return out, result, told


def test_sizes_are_least_and_certified(
    finished: tuple[Path, AttentionResult, list[int]],
) -> None:
    _, result, told = finished
    assert told == sorted(told)
    assert len(result.thresholds) == 2 * 2 + 2
    for found in result.thresholds:
        curve = {rate.size: rate for rate in found.found.curve}
        assert all(size % found.heads == 0 for size in curve)
        assert all(rate.tried == 2 for rate in curve.values())
        if found.reliable is not None:
            assert found.least is not None
            assert curve[found.reliable].successes == 2
            smaller = [size for size in curve if size < found.reliable]
            assert not smaller or curve[max(smaller)].successes < 2
    # a layer without an error has micro-F1 1
    for heads in (1, 2):
        by = {
            t.criterion: t for t in result.thresholds if (t.recipe, t.heads) == ("logistic", heads)
        }
        assert (by["f1"].reliable or 0) <= (by["zero"].reliable or 99)
    (proved,) = result.certified
    assert proved.total_key_dim is not None
    assert 1 <= proved.total_key_dim <= 16


def test_counts_agree_with_the_stored_weights(
    finished: tuple[Path, AttentionResult, list[int]],
) -> None:
    out, _, _ = finished
    looked_at = 0
    with RunStore(out) as store:
        for run in store.runs(NAME):
            if run.weights is None:
                continue
            trained = CELL.run(
                RECIPES["logistic"],
                run.configuration["heads"],
                run.configuration["key_dim"],
                run.seed,
            )
            if run.configuration["loss"] != "logistic":
                continue
            weights = {k: a.astype(np.float64) for k, a in store.weights(run).items()}
            points = trained.vectors().astype(np.float64)
            scores = np.einsum(
                "id,dhk,ehk,je->hij", points, weights["query"], weights["key"], points
            ).max(axis=0)
            read = scores > float(weights["scale"][1])
            edge = np.zeros((16, 16), dtype=bool)
            edge[tuple(trained.relation().edges.T)] = True
            assert int((read != edge).sum()) == run.result["wrong_pairs"] == 0
            assert run.verdict is not None
            assert run.verdict["status"] == "holds"
            looked_at += 1
    assert looked_at >= 4


def test_files_say_the_same(finished: tuple[Path, AttentionResult, list[int]]) -> None:
    out, result, _ = finished
    data = json.loads((out / "attention.json").read_text(encoding="utf-8"))
    assert data["layers"] == result.layers == result.trained
    for row, found in zip(data["thresholds"], result.thresholds, strict=True):
        assert (row["least"], row["every_seed"]) == (found.least, found.reliable)
    with (out / "success.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(t.found.curve) for t in result.thresholds)
    for row in rows:
        share = int(row["successes"]) / int(row["tried"])
        assert float(row["low"]) <= share <= float(row["high"])
    finding = read_finding(out / "finding.json")
    assert finding.name == NAME
    for figure in finding.figures:
        assert (out / figure).read_text(encoding="utf-8").startswith("<?xml")
    titles = [table.title for table in finding.tables]
    assert "Beside the earlier implementation" in titles
    shares = {(s.recipe, s.heads): s for s in result.shares}
    assert len(shares) == 6
    assert all(s.micro_f1[0] <= s.median <= s.micro_f1[-1] for s in shares.values())


def test_nothing_is_trained_twice(finished: tuple[Path, AttentionResult, list[int]]) -> None:
    out, result, _ = finished
    with pytest.raises(InputError, match="add --resume"):
        attention_capacity(out, TINY, device="cpu")
    again = attention_capacity(out, TINY, device="cpu", resume=True)
    assert again.trained == 0
    assert again.thresholds == result.thresholds
    assert again.shares == result.shares


def test_bad_requests(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed must be 0 or more, not -1"):
        attention_capacity(tmp_path / "out", TINY, seed=-1, device="cpu")
    with pytest.raises(InputError, match="unknown device 'tpu'"):
        attention_capacity(tmp_path / "out", TINY, device="tpu")
    assert not (tmp_path / "out").exists()


def test_what_counts_as_success() -> None:
    run = CELL.run(RECIPES["hinge"], 1, 2, 0)
    at_target = Measured(run, 1, Fraction(99, 100), 5, "finished")
    assert at_target.reaches("f1")
    assert not at_target.reaches("zero")
    below = Measured(run, 1, Fraction(98999, 100000), 5, "finished")
    assert not below.reaches("f1")
    gone = Measured(run, None, None, 5, "diverged")
    assert not gone.reaches("f1")
    assert not gone.reaches("zero")
    assert Measured(run, 0, Fraction(1), 5, "finished").reaches("zero")


@pytest.mark.parametrize("plan", [QUICK, FULL, LARGE])
def test_plans_are_consistent(plan: AttentionPlan) -> None:
    assert len({(cell.items, cell.embedding_dim) for cell in plan.cells}) == len(plan.cells)
    for trade_off in plan.trade_offs:
        assert all(trade_off.total_key_dim % heads == 0 for heads in trade_off.heads)
    for cell in plan.cells:
        assert set(cell.tight) <= set(cell.heads)
