"""The experiment ``construction-scaling``, on a small plan."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from superproof.cli import main
from superproof.constructions.smallest import Smallest
from superproof.empirics import construction_scaling as scaling
from superproof.empirics.finding import read_finding
from superproof.empirics.store import RunStore
from superproof.theory.counting import labelled_distinct_ands

TINY = scaling.ScalingPlan(
    sizes={
        "plain": (8, 16, 32, 64),
        "trained": (8, 16, 24, 32),
        "ternary": (8,),
        "one-bit": (8,),
        "all-pairs": (10, 28),
    },
    seeds=2,
    seconds=((8, 1.0), (99, 2.0)),
    resolution=0.2,
)


@pytest.fixture(autouse=True)
def _small_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "QUICK", TINY)


def test_from_the_command_to_the_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["experiment", "construction-scaling", "--quick", "--out", str(tmp_path)]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "trained: n ~ m'^" in out
    assert "ternary: n ~" not in out
    data = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))
    assert data["definition"] == scaling.DEFINITION
    assert [(p["series"], p["outputs"]) for p in data["points"]] == [
        (series, outputs) for series in scaling.SERIES for outputs in TINY.sizes[series]
    ]
    for point in data["points"]:
        bound = labelled_distinct_ands(point["inputs"], point["outputs"]).bits()
        if point["series"] == "all-pairs":
            assert (point["bound_bits"], point["bits_over_bound"]) == (0, None)
            assert math.comb(point["inputs"], 2) == point["outputs"]
        else:
            assert point["bound_bits"] == bound
            assert point["bits_over_bound"] == point["bits"] / bound > 1
        assert min(n for n in point["by_seed"] if n is not None) == point["neurons"]
        if point["series"] != "plain":
            exact = [a for a in point["search"]["attempts"] if a["exact"]]
            assert min(a["neurons"] for a in exact) == point["neurons"]
            assert all(r["low"] < r["high"] for r in point["search"]["curve"])
            for seed, least in enumerate(point["by_seed"]):
                own = [a["neurons"] for a in exact if a["seed"] == seed]
                assert least == (min(own) if own else None)
    assert {fit["series"] for fit in data["fits"]} == {"plain", "trained"}
    for name in ("scaling.svg", "scaling.png", "runs.sqlite"):
        assert (tmp_path / name).stat().st_size > 0
    with RunStore(tmp_path) as store:
        kept = {(r.configuration["series"], r.configuration["outputs"]) for r in store.runs()}
    assert kept == {(p["series"], p["outputs"]) for p in data["points"]}
    found = read_finding(tmp_path / "finding.json")
    assert found.command == ["experiment", "construction-scaling", "--quick", "--seed", "0"]
    assert "with seeds 0 to 1" in found.summary
    assert "superposed, trained (14 bits): n grows like m'^" in found.summary
    widths, growth, curves = found.tables
    with (tmp_path / "scaling.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(widths.columns)
    assert [row[3] for row in rows[1:]] == [str(point["neurons"]) for point in data["points"]]
    assert [row[1] for row in growth.rows] == [fit["slope"] for fit in data["fits"]]
    assert len(curves.rows) == sum(
        len(p["search"]["curve"]) for p in data["points"] if p["search"] is not None
    )
    drawn = (tmp_path / "scaling.svg").read_text(encoding="utf-8")
    for text in (
        *("superposed, ternary", "counting bound, 1 bit", "capacity estimate"),
        *("order of arXiv 2408.05451", "order of arXiv 2409.15318", "all pairs at once"),
    ):
        assert text in drawn
    assert main(words) == 2
    assert "add --resume to go on with them" in capsys.readouterr().err

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is left to build")

    for builder in ("superposed_pairwise_and", "plain_pairwise_and", "universal_and"):
        monkeypatch.setattr(scaling, builder, refuse)
    assert main([*words, "--resume"]) == 0
    again = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))
    assert again["points"] == data["points"]


def test_an_interrupted_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = 0
    original = scaling.superposed_pairwise_and

    def stopping(*arguments: Any, **options: Any) -> Any:
        nonlocal built
        built += 1
        if built == 5:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    monkeypatch.setattr(scaling, "superposed_pairwise_and", stopping)
    words = ["experiment", "construction-scaling", "--quick", "--out", str(tmp_path)]
    assert main(words) == 130
    assert "go on with --resume" in capsys.readouterr().err
    with RunStore(tmp_path) as store:
        before = {run.key for run in store.runs()}
    # the plain networks, two seeds at four sizes, and four that were trained
    assert len(before) == 12
    monkeypatch.setattr(scaling, "superposed_pairwise_and", original)
    assert main([*words, "--resume"]) == 0
    with RunStore(tmp_path) as store:
        assert before < {run.key for run in store.runs()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-1"], "seed must be 0 or more"),
        (["--device", "cuda"], "runs on the processor only"),
    ],
)
def test_bad_requests(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["experiment", "construction-scaling", *words, "--out", str(tmp_path / "out")]
    assert main(given) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    words = ["experiment", "construction-scaling", "--quick", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "in the way" in capsys.readouterr().err


def test_a_size_that_is_not_found_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from superproof.verify.errors import ProofError

    def fail(*_: object, **__: object) -> Smallest:
        raise ProofError("no luck")

    monkeypatch.setattr(scaling, "search_widths", fail)
    assert main(["experiment", "construction-scaling", "--quick", "--out", str(tmp_path)]) == 0
    assert "not found: ternary, 8 outputs: no luck" in capsys.readouterr().out


def test_a_power_law_is_found_again() -> None:
    sizes = (64, 256, 1024, 4096)
    exact = [point(k, 3 * math.isqrt(k)) for k in sizes]
    fit = scaling.fitted("trained", exact)
    assert fit is not None
    assert (fit.slope, fit.scale) == (pytest.approx(0.5), pytest.approx(3))
    assert fit.high - fit.low == pytest.approx(0, abs=1e-6)
    noisy = [point(k, 3 * math.isqrt(k) + d) for k, d in zip(sizes, (2, -4, 8, -9), strict=True)]
    other = scaling.fitted("trained", noisy)
    assert other is not None
    assert other.low < 0.5 < other.high
    assert scaling.fitted("trained", exact[:3]) is None


def test_slopes_by_seed_are_of_seeds_that_were_exact_at_every_size() -> None:
    sizes = (64, 256, 1024, 4096)
    points = [point(k, k, (k, 5 * k * k, None if k == 64 else k)) for k in sizes]
    fit = scaling.fitted("trained", points)
    assert fit is not None
    assert fit.by_seed == (pytest.approx(1), pytest.approx(2))


def point(outputs: int, neurons: int, by_seed: tuple[int | None, ...] = ()) -> scaling.Point:
    inputs = scaling.least_inputs(outputs)
    return scaling.Point("trained", inputs, outputs, neurons, neurons, by_seed, 1, 1, None)


def test_the_least_number_of_inputs() -> None:
    for outputs in range(1, 300):
        inputs = scaling.least_inputs(outputs)
        assert math.comb(inputs, 2) >= outputs > math.comb(inputs - 1, 2)
