"""The experiment ``attention-constructions``, on small plans."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from superproof.cli import main
from superproof.constructions.attention import construct_attention, embeddings, graph
from superproof.empirics import attention_scaling as scaling
from superproof.empirics.attention_finding import shortened, spread
from superproof.empirics.attention_scaling import (
    SERIES,
    AttentionPlan,
    AttentionPoint,
    attention_scaling,
    fitted,
    lines,
    unit,
)
from superproof.empirics.finding import read_finding
from superproof.empirics.report import write_report
from superproof.verify.errors import InputError

pytest.importorskip("matplotlib")

TINY = AttentionPlan({24: (8, 12), 32: (24,)}, 2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, scaling.AttentionResult]:
    out = tmp_path_factory.mktemp("attention") / "out"
    told: list[tuple[int, int]] = []
    result = attention_scaling(out, TINY, progress=lambda a, b: told.append((a, b)))
    assert told == [(done, 24) for done in range(25)]
    return out, result


def test_every_layer_is_proved_and_can_be_built_again(
    finished: tuple[Path, scaling.AttentionResult],
) -> None:
    _, result = finished
    assert len(result.points) == 24
    assert {point.series for point in result.points} == set(SERIES)
    for point in result.points:
        if point.series == "least":
            assert point.total_key_dim is not None
            (rule,) = (
                p
                for p in result.points
                if (p.series, p.items, p.embedding_dim, p.seed)
                == ("rule", point.items, point.embedding_dim, point.seed)
            )
            assert rule.total_key_dim is not None
            assert point.total_key_dim <= rule.total_key_dim
            assert (point.heads, point.total_key_dim // (point.heads or 1), True) in point.tried
    for point in result.points:
        if point.series == "pseudo-inverse" and point.total_key_dim is not None:
            built = construct_attention(
                embeddings("gaussian", point.items, point.embedding_dim, point.seed),
                graph("permutation", point.items, point.seed),
                method="pseudo-inverse",
                seed=point.seed,
            )
            assert built.problem.sha256 == point.sha256
            assert built.total_bits == point.total_bits
            assert point.ratio == built.ratio


def test_files_say_the_same(finished: tuple[Path, scaling.AttentionResult]) -> None:
    out, result = finished
    data = json.loads((out / "attention.json").read_text(encoding="utf-8"))
    assert data["definition"] == scaling.DEFINITION
    assert [p["total_key_dim"] for p in data["points"]] == [p.total_key_dim for p in result.points]
    with (out / "attention.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, point in zip(rows, result.points, strict=True):
        assert row["total_key_dim"] == (
            "" if point.total_key_dim is None else str(point.total_key_dim)
        )
        assert float(row["u"]) == pytest.approx(point.unit)
        assert (row["reason"] == "") == (point.total_key_dim is not None)
    drawn = (out / "attention.svg").read_text(encoding="utf-8")
    for text in ("m = 24", "m = 32", "one edge a head", "u = m lg m / d", "2 seeds from 0"):
        assert text in drawn
    assert (out / "attention.png").stat().st_size > 0
    found = read_finding(out / "finding.json")
    proved = sum(p.total_key_dim is not None for p in result.points)
    assert f"{proved} layers were built and proved, of 24 asked for" in found.summary
    assert found.command == ["experiment", scaling.NAME, "--seed", "0"]
    assert [row[:2] for row in found.tables[0].rows] == [[24, 8], [24, 12], [32, 24]]
    assert len(result.missing) == 24 - proved > 0
    assert all(note.startswith("not built: ") for note in found.notes[2:])
    assert "attention.svg" in found.figures
    page = write_report(out, out / "page.html").read_text(encoding="utf-8")
    assert "How much key dimension a permutation takes" in page


def test_resuming_builds_nothing_anew(
    finished: tuple[Path, scaling.AttentionResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, result = finished
    with pytest.raises(InputError, match="add --resume to go on with them"):
        attention_scaling(out, TINY)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is left to build")

    monkeypatch.setattr(scaling, "measure", refuse)
    again = attention_scaling(out, TINY, resume=True)
    assert again.points == result.points
    assert again.laws == result.laws


def test_an_interrupted_run_goes_on(
    tmp_path: Path,
    finished: tuple[Path, scaling.AttentionResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, whole = finished
    answers = {(p.series, p.items, p.embedding_dim, p.seed): p for p in whole.points}
    built: list[tuple[str, int, int, int]] = []
    stop_after = 10

    def recorded(asked: Any, seed: int, device: str | None) -> dict[str, Any]:
        if len(built) == stop_after:
            raise KeyboardInterrupt
        key = (asked["series"], asked["items"], asked["embedding_dim"], seed)
        built.append(key)
        point = answers[key]
        names = set(vars(point)) - {"series", "items", "embedding_dim", "seed"}
        return {name: getattr(point, name) for name in names}

    monkeypatch.setattr(scaling, "measure", recorded)
    with pytest.raises(KeyboardInterrupt):
        attention_scaling(tmp_path, TINY)
    stop_after = 100
    resumed = attention_scaling(tmp_path, TINY, resume=True)
    assert len(built) == len(set(built)) == 24
    assert resumed.points == whole.points


def test_from_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "QUICK", AttentionPlan({16: (6, 16)}, 1))
    words = ["experiment", scaling.NAME, "--quick", "--device", "cpu", "--out", str(tmp_path)]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "Total key dimension of layers proved to recognise a permutation" in text
    assert "1 seed from 0" in text
    assert "not built: paper, 16 items in 6 dimensions: paper: by its noise no size" in text
    for name in ("svg", "png", "csv", "json"):
        assert str(tmp_path / f"attention.{name}") in text
    assert main(words) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    found = read_finding(tmp_path / "finding.json")
    assert found.command == ["experiment", scaling.NAME, "--quick", "--seed", "0"]


def test_bounds_lie_below_what_is_built() -> None:
    found = lines(AttentionPlan({256: (64,), 512: (64,)}, 1))
    sizes = ((256, 64), (512, 64))
    for name, values in (
        ("u = m lg m / d", (32.0, 72.0)),
        ("counting bound, 8 bits a weight", (2.0, 4.0)),
        ("sign patterns, one head, real weights", (1.0, 3.0)),
        ("one edge a head", (256.0, 512.0)),
    ):
        assert tuple(found[name][size] for size in sizes) == values


def test_laws_are_fitted_where_d_is_below_m() -> None:
    def point(items: int, dim: int, value: int) -> AttentionPoint:
        return AttentionPoint("least", items, dim, 0, total_key_dim=value)

    sizes = ((256, 16), (256, 32), (256, 64), (1024, 64))
    points = [point(m, d, round(unit(m, d) ** 1.5)) for m, d in sizes]
    law = fitted("least", [*points, point(64, 64, 10**6)])
    assert law is not None
    assert law.points == 4
    assert law.slope == pytest.approx(1.5, abs=0.01)
    assert law.low < law.slope < law.high
    assert law.scale == pytest.approx(1, rel=0.05)
    assert fitted("least", points[:3]) is None
    assert fitted("least", points[:1] * 4) is None
    assert fitted("paper", points) is None


def test_words() -> None:
    assert [spread(values) for values in ((), (3,), (4, 3, 3))] == ["", "3", "3 to 4"]
    assert shortened(["a, 4 items, seed 0: b: c; d", "a, 4 items, seed 1: b: c; e"]) == [
        "a, 4 items: b: c"
    ]
    assert math.isclose(unit(256, 64), 32)


def test_bad_requests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="seed must be 0 or more"):
        attention_scaling(tmp_path, TINY, seed=-1)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a file is in the way"):
        attention_scaling(tmp_path / "file", TINY)
    words = ["experiment", scaling.NAME, "--out", str(tmp_path / "new"), "--device", "abacus"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "unknown device 'abacus'" in error
    assert error.count("\n") == 1
