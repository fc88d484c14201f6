"""The experiment ``construction-scaling``, on a small plan."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from superproof.cli import main
from superproof.constructions.smallest import Smallest
from superproof.empirics import construction_scaling as scaling
from superproof.theory.counting import labelled_distinct_ands

TINY = scaling.ScalingPlan(
    sizes={
        "plain": (8, 16, 32, 64),
        "trained": (8, 16, 24, 32),
        "ternary": (8,),
        "one-bit": (8,),
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
        assert point["bound_bits"] == bound
        assert point["bits_over_bound"] == point["bits"] / bound > 1
        if point["series"] == "plain":
            assert min(point["by_seed"]) == point["neurons"]
        else:
            exact = [a for a in point["search"]["attempts"] if a["exact"]]
            assert min(a["neurons"] for a in exact) == point["neurons"]
            assert all(r["low"] < r["high"] for r in point["search"]["curve"])
    assert {fit["series"] for fit in data["fits"]} == {"plain", "trained"}
    for name in ("scaling.svg", "scaling.png", "searches/trained-32.json"):
        assert (tmp_path / name).stat().st_size > 0
    drawn = (tmp_path / "scaling.svg").read_text(encoding="utf-8")
    for text in ("superposed, ternary", "counting bound, 1 bit", "capacity estimate", "2408.05451"):
        assert text in drawn
    assert main(words) == 2
    assert "add --resume to go on with it" in capsys.readouterr().err

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is left to build")

    monkeypatch.setattr(scaling, "superposed_pairwise_and", refuse)
    assert main([*words, "--resume"]) == 0
    again = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))
    assert again["points"] == data["points"]


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

    monkeypatch.setattr(scaling, "smallest", fail)
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


def point(outputs: int, neurons: int) -> scaling.Point:
    inputs = scaling.least_inputs(outputs)
    return scaling.Point("trained", inputs, outputs, neurons, neurons, (), 1, 1, None)


def test_the_least_number_of_inputs() -> None:
    for outputs in range(1, 300):
        inputs = scaling.least_inputs(outputs)
        assert math.comb(inputs, 2) >= outputs > math.comb(inputs - 1, 2)
