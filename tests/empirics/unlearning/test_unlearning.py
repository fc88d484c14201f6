"""The experiment: kept runs, files, tables, and what may be said about a method."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import pytest

from superproof.empirics.finding import read_finding
from superproof.empirics.store import RunStore
from superproof.empirics.unlearning import unlearning as experiment
from superproof.empirics.unlearning.methods import METHODS, REFERENCE
from superproof.empirics.unlearning.unlearning import (
    FULL,
    QUICK,
    Setting,
    UnlearningPlan,
    unlearning,
)
from superproof.empirics.unlearning.unlearning_table import (
    MethodRow,
    answer,
    direction_rows,
    least_p,
    method_rows,
    rank_correlation,
    spread,
)
from superproof.verify.errors import InputError

PLAN = UnlearningPlan((Setting(8, 2, 3, True, True, 8, 1),), 20)
SOME = ("ascent", "column, proved", "gate, proved", REFERENCE)


@pytest.fixture(autouse=True)
def _few_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = tuple(method for method in METHODS if method.name in SOME)
    monkeypatch.setattr(experiment, "METHODS", chosen)


def test_everything_is_written_and_nothing_done_twice(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = unlearning(
        tmp_path, PLAN, device="cpu", progress=lambda done, total: seen.append((done, total))
    )
    assert (result.tried, result.exact) == (1, 1)
    assert [outcome.method for outcome in result.outcomes] == list(SOME)
    assert seen[-1] == (5, 5)
    finding = read_finding(tmp_path / "finding.json")
    assert finding.title == "Removed, or only silenced?"
    assert any("econstruction" in note for note in finding.notes)
    for name in (*finding.figures, "unlearning.csv", "recovery.png"):
        assert (tmp_path / name).stat().st_size > 500
    with (tmp_path / "unlearning.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["method"] for line in lines] == list(SOME)
    assert lines[1]["clean"] == "True"
    assert lines[1]["coll"] == "0"
    assert lines[1]["plain target steps"].isdigit()
    assert "no recovery can be shown to be sooner" in finding.summary
    assert any("Rank correlation" in table.title for table in finding.tables)
    columns = [column for table in finding.tables for column in table.columns]
    assert {"inhibited", "removed", "retained below 0.9", "energy, code, null"} <= set(columns)
    with RunStore(tmp_path) as store:
        runs = list(store.runs())
        assert len(runs) == 5
        assert all(store.weights(run) for run in runs)
    again = unlearning(tmp_path, PLAN, device="cpu", resume=True)
    assert again.outcomes == result.outcomes
    with pytest.raises(InputError, match="add --resume"):
        unlearning(tmp_path, PLAN, device="cpu")


def test_rows(tmp_path: Path) -> None:
    result = unlearning(tmp_path, PLAN, device="cpu")
    rows = {row.name: row for row in method_rows(result)}
    assert set(rows) == {method.name for method in METHODS}
    cut = rows["column, proved"]
    assert (cut.measured, cut.clean, cut.refused) == (1, 1, 0)
    assert cut.stay is not None
    assert cut.stay.median == 0
    assert (cut.coded, cut.spoilt, cut.other_jaccard is None) == (cut.removed, 0, cut.coded == 0)
    assert set(cut.plain_medians) == {"target", "unrelated"}
    assert rows["retrain"].measured == 0
    refused = dataclasses.replace(
        result.outcomes[1], result={"reason": "refused: x", "erasing_steps": 0}
    )
    other = dataclasses.replace(result, outcomes=(result.outcomes[0], refused))
    row = next(r for r in method_rows(other) if r.name == "column, proved")
    assert (row.measured, row.refused) == (0, 1)
    assert all(0 <= line.energy.median <= 1 for line in direction_rows(result))


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the seed must be 0 or more, not -1"):
        unlearning(tmp_path / "a", PLAN, seed=-1)
    # one neuron cannot compute two clauses
    hopeless = UnlearningPlan((Setting(8, 2, 4, True, True, 1, 1),), 20)
    with pytest.raises(InputError, match="none of the 1 networks computes its formula exactly"):
        unlearning(tmp_path / "b", hopeless, device="cpu")


def row(**changes: object) -> MethodRow:
    regimes = ("target", "all")
    base = MethodRow(
        name="m", about="", measured=10, refused=0, clean=10, erased=10, stay=None, coll=None,
        rate=None, retain=None, spoilt=0, hidden=0, most=0, literals=None, coded=0, jaccard=None,
        null_jaccard=None, other_jaccard=None, cosine=None, persists=0, inhibited=0, removed=0,
        margin=None, bias_change=None, read_change=None,
        medians=dict.fromkeys(regimes, 10), means=dict.fromkeys(regimes, 10.0),
        censored=dict.fromkeys(regimes, 0), p_values=dict.fromkeys(regimes, 0.5),
        plain_medians=dict.fromkeys(regimes, 10), plain_censored=dict.fromkeys(regimes, 0),
        false_rate=None,
    )  # fmt: skip
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "clean"),
        ({"p_values": {"target": 0.004, "all": 0.5}}, "clean, returns"),
        ({"p_values": {"target": 0.006, "all": 0.5}}, "clean"),
        ({"p_values": {"target": 0.004}, "means": {"target": 30.0}}, "clean"),
        ({"clean": 9}, "not clean"),
        ({"clean": 9, "p_values": {"target": 0.004}}, "silenced"),
        ({"clean": 9, "erased": 5}, "not silenced"),
        ({"name": REFERENCE}, "reference"),
        ({"name": "random network"}, "reference"),
    ],
)
def test_answers(changes: dict[str, object], said: str) -> None:
    reference = row(name=REFERENCE, means={"target": 20.0, "all": 20.0})
    assert answer(row(**changes), reference, 10) == said


def test_orders_of_adam_and_of_plain_descent_are_compared() -> None:
    adam = {"a": 3, "b": 10, "c": 40, "d": None}

    def correlation(plain: dict[str, int | None]) -> float | None:
        rows = [
            row(name=n, medians={"target": adam[n]}, plain_medians={"target": plain[n]})
            for n in adam
        ]
        rows.append(row(name="refused", measured=0, medians={}, plain_medians={}))
        value, number = rank_correlation(rows, "target")
        assert number == 4
        return value

    assert correlation({"a": 1, "b": 2, "c": 3, "d": None}) == pytest.approx(1)
    assert correlation({"a": None, "b": 40, "c": 2, "d": 1}) == pytest.approx(-1)
    # ranks 1 2 3.5 3.5 against 1 2 3 4
    tied = correlation({"a": 1, "b": 2, "c": None, "d": None})
    assert tied == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert correlation(dict.fromkeys(adam, 5)) is None


def test_small_groups_cannot_show_a_difference() -> None:
    # 1 - 4/8, 1 - 3/7, ...: the largest statistic of four against four
    assert least_p(4, 4) == pytest.approx(0.0067, abs=1e-4)
    large = least_p(34, 32)
    assert large is not None
    assert large < 1e-9


def test_spreads() -> None:
    found = spread([1, None, 3, 2])
    assert found is not None
    assert (found.low, found.median, found.high) == (1.5, 2, 2.5)
    assert spread([None]) is None


def test_plans_are_large_enough() -> None:
    assert sum(setting.bases for setting in FULL.settings) >= 36
    assert QUICK != FULL
    words = [setting.words() for setting in FULL.settings]
    assert words[1] == "16 inputs, 5 overlapping clauses of 4 mixed literals, 32 neurons"
    assert "6 disjoint clauses of 3 positive" in words[2]
    assert json.dumps([dataclasses.asdict(setting) for setting in FULL.settings])
