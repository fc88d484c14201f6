"""The experiment ``separation-curve``, on a small plan."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.empirics import separation_curve as curve
from superproof.empirics.separation_curve import SeparationPlan, counted, instance, separation_curve
from superproof.verify.attention.separation.separate import Separation, SeparationProblem, separate
from superproof.verify.errors import InputError

TINY = SeparationPlan(items={4: (4, 8, 12), 6: (8, 13, 20)}, seeds={4: 6, 6: 5})


def test_from_the_plan_to_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    result = separation_curve(
        tmp_path / "out", TINY, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(k, 33) for k in range(34)]
    assert TINY.runs == 33
    data = json.loads((tmp_path / "out" / "separation.json").read_text(encoding="utf-8"))
    assert data["definition"] == curve.DEFINITION
    assert len(data["runs"]) == 33
    for count in data["counts"]:
        seeds = TINY.seeds[count["embedding_dim"]]
        assert count["separable"] + count["impossible"] + count["undecided"] == seeds
        d, m = count["embedding_dim"], count["items"]
        assert count["load"] == pytest.approx(m * math.log(m) / d**2)
    first, last = result.counts[0], result.counts[2]
    assert (first.separable, last.impossible) == (6, 6)
    for found in data["transitions"]:
        assert found["low"] < found["half"] < found["high"]
    for run in data["runs"]:
        again = separate(*instance(run["embedding_dim"], run["items"], run["seed"]))
        assert (again.status, again.problem.sha256) == (run["status"], run["sha256"])
        assert len(again.certificate()) == run["bytes"]
    drawn = (tmp_path / "out" / "separation.svg").read_text(encoding="utf-8")
    for text in ("d = 4: half at", "d = 6: half at", "m ln m / d²", "0 of 33 instances undecided"):
        assert text in drawn
    assert (tmp_path / "out" / "separation.png").stat().st_size > 0
    with pytest.raises(InputError, match="add --resume to go on with them"):
        separation_curve(tmp_path / "out", TINY)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is left to decide")

    monkeypatch.setattr(curve, "separate", refuse)
    resumed = separation_curve(tmp_path / "out", TINY, resume=True)
    assert resumed.counts == result.counts
    assert resumed.transitions == result.transitions


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = separation_curve(tmp_path / "whole", TINY)
    done = 0

    def stop(*arguments: Any, **options: Any) -> Separation:
        nonlocal done
        done += 1
        if done > 20:
            raise KeyboardInterrupt
        return separate(*arguments, **options)

    monkeypatch.setattr(curve, "separate", stop)
    with pytest.raises(KeyboardInterrupt):
        separation_curve(tmp_path / "half", TINY)
    done = -100
    resumed = separation_curve(tmp_path / "half", TINY, resume=True)
    assert done == -100 + 13
    assert resumed.counts == whole.counts


def test_undecided_instances_are_counted_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubtful(embeddings: Any, edges: Any, *, seconds: float) -> Separation:
        found = separate(embeddings, edges)
        if len(embeddings) != 8:
            return found
        problem = SeparationProblem.from_arrays(embeddings, edges)
        return Separation("undecided", problem, None, "no proposal holds", "hinge", 0.1, 0.1)

    monkeypatch.setattr(curve, "separate", doubtful)
    plan = SeparationPlan(items={4: (4, 8, 12)}, seeds={4: 3})
    result = separation_curve(tmp_path, plan)
    assert [(c.separable, c.impossible, c.undecided) for c in result.counts] == [
        (3, 0, 0),
        (0, 0, 3),
        (0, 3, 0),
    ]
    assert "3 of 9 instances undecided" in (tmp_path / "separation.svg").read_text("utf-8")
    assert result.transitions[4] is not None


def test_answers_that_all_agree(tmp_path: Path) -> None:
    result = separation_curve(tmp_path, SeparationPlan(items={4: (10, 12)}, seeds={4: 2}))
    assert result.transitions == {4: None}
    assert "d = 4: all answers agree" in (tmp_path / "separation.svg").read_text("utf-8")


def test_instances() -> None:
    embeddings, edges = instance(5, 9, 3)
    assert np.array_equal(embeddings * 1024, np.rint(embeddings * 1024))
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=3e-3)
    assert sorted(edges[:, 1]) == list(range(9))
    assert np.array_equal(instance(5, 9, 3)[0], embeddings)
    assert not np.array_equal(instance(5, 9, 4)[0], embeddings)
    assert counted([]) == ()


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the seed must be 0 or more, not -1"):
        separation_curve(tmp_path / "new", TINY, seed=-1)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="a file is in the way; name a folder"):
        separation_curve(tmp_path / "file", TINY)
