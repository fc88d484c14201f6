"""``superproof experiment value-routing`` on a small plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from superproof.cli import main
from superproof.empirics.attention_capacity import routing
from superproof.empirics.attention_capacity.routing import RoutingPlan

TINY = RoutingPlan((8,), 6, 4, ("gaussian",), (1,), (2, 4), 1, 25, 8)


@pytest.fixture(autouse=True)
def _small_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "QUICK", TINY)


def test_drawn_and_given_vectors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["experiment", "value-routing", "--quick", "--device", "cpu", "--out"]
    assert main([*words, str(tmp_path / "drawn")]) == 0
    text = capsys.readouterr().out
    assert "identity, whitened" in text
    assert "routing.svg" in text
    path = tmp_path / "mine.npy"
    np.save(path, np.random.default_rng(1).standard_normal((20, 6)))
    words += [str(tmp_path / "given"), "--embeddings", str(path)]
    assert main(words) == 0
    assert "mine.npy" in capsys.readouterr().out
    assert main([*words, "--resume"]) == 0
    assert " 0 of them trained now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["value-routing", "--embeddings", "none.npy"], "none.npy"),
        (["attention-capacity", "--embeddings", "x.npy"], "only value-routing takes any"),
        (["value-routing", "--seed", "-1"], "seed must be 0 or more"),
    ],
)
def test_bad_requests_are_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["experiment", *words, "--quick", "--device", "cpu", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()
