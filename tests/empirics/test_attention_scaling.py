"""The experiment attention-constructions, on small sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from superproof.empirics.attention_scaling import (
    SERIES,
    AttentionPlan,
    attention_scaling,
    lines,
    unit,
)
from superproof.verify.errors import InputError

PLAN = AttentionPlan(((24, 12), (32, 24)), 1, 1.0)


def test_points_lines_and_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "out"
    seen: list[tuple[int, int]] = []
    result = attention_scaling(out, PLAN, progress=lambda a, b: seen.append((a, b)))
    assert seen[-1] == (8, 8)
    assert {point.series for point in result.points} == set(SERIES)
    found = {(p.series, p.items): p for p in result.points}
    for items in (24, 32):
        least, rule = found["least", items], found["rule", items]
        assert least.total_key_dim is not None
        assert rule.total_key_dim is not None
        assert least.total_key_dim <= rule.total_key_dim
    assert len(result.missing) == sum(p.total_key_dim is None for p in result.points)
    data = json.loads(result.files["json"].read_text())
    assert data["points"][0]["u"] == pytest.approx(unit(24, 12))
    assert all(result.files[kind].stat().st_size > 0 for kind in ("svg", "png"))
    with pytest.raises(InputError, match="add --resume"):
        attention_scaling(out, PLAN)
    again = attention_scaling(out, PLAN, resume=True)
    assert again.points == result.points
    file = next(result.files["points"].iterdir())
    file.write_text("{}")
    with pytest.raises(InputError, match="not a point of this experiment"):
        attention_scaling(out, PLAN, resume=True)


def test_bounds_lie_below_what_is_built() -> None:
    found = lines(AttentionPlan(((256, 64), (512, 64)), 1, 1.0))
    assert found["u = m lg m / d"] == ((32.0, 32.0), (72.0, 72.0))
    assert found["counting bound, 8 bits"] == ((32.0, 2.0), (72.0, 4.0))
    assert found["sign patterns, real weights"] == ((32.0, 1.0), (72.0, 3.0))


def test_bad_requests(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match="seed must be 0 or more"):
        attention_scaling(tmp_path, PLAN, seed=-1)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a file is in the way"):
        attention_scaling(tmp_path / "file", PLAN)
