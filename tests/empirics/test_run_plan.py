from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics import run_plan
from superproof.empirics.run_plan import Planned, complete
from superproof.empirics.store import Run, RunStore

PLAN = [Planned("toy", {"width": width}, seed) for width in (1, 2) for seed in range(5)]


def doing(done: list[tuple[int, int]], stop_at: int | None = None):
    def do(some: Sequence[Planned]) -> Iterator[Run]:
        for one in some:
            if len(done) == stop_at:
                raise KeyboardInterrupt
            width = one.configuration["width"]
            done.append((width, one.seed))
            yield Run("toy", one.configuration, one.seed, result={"square": width**2})

    return do


@pytest.mark.parametrize("together", [1, 3, 99])
def test_every_run_is_done_once_and_in_order(tmp_path: Path, together: int) -> None:
    done: list[tuple[int, int]] = []
    told: list[tuple[int, int]] = []
    with RunStore(tmp_path) as store:
        with pytest.raises(KeyboardInterrupt):
            complete(store, PLAN, doing(done, 4), together=together)
        assert len(store) == 4
        runs = complete(store, PLAN, doing(done), lambda *now: told.append(now), together)
        assert [run.key for run in runs] == [planned.key for planned in PLAN]
        assert [run.result["square"] for run in runs] == [1] * 5 + [4] * 5
        assert told == [(k, 10) for k in range(4, 11)]
        again = complete(store, PLAN[::-1], doing(done))
        assert [run.key for run in again] == [planned.key for planned in PLAN[::-1]]
    assert sorted(done) == sorted(set(done))
    assert len(done) == 10


def test_runs_of_others_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_plan, "PAUSE", 0.01)
    done: list[tuple[int, int]] = []
    ready = threading.Event()

    def other() -> None:
        with RunStore(tmp_path) as store:
            store.claim([PLAN[0].key, PLAN[7].key])
            ready.set()
            time.sleep(0.2)
            store.record(Run("toy", PLAN[0].configuration, PLAN[0].seed, result={"square": 0}))
            # the other claim is given up here

    thread = threading.Thread(target=other)
    thread.start()
    ready.wait()
    with RunStore(tmp_path) as store:
        runs = complete(store, PLAN, doing(done))
    thread.join()
    assert [run.result["square"] for run in runs] == [0] + [1] * 4 + [4] * 5
    assert (1, 0) not in done
    assert done[-1] == (2, 2)


def test_weights_are_kept_with_the_runs(tmp_path: Path) -> None:
    def do(some: Sequence[Planned]) -> Iterator[Run]:
        for one in some:
            arrays = {"w": np.full(2, one.seed)}
            yield Run("toy", one.configuration, one.seed, arrays=arrays)

    with RunStore(tmp_path) as store:
        runs = complete(store, PLAN[:3], do)
        again = complete(store, PLAN[:3], do)
        assert [run.weights for run in again] == [f"{run.key}.safetensors" for run in runs]
        assert [int(store.weights(run)["w"][0]) for run in again] == [0, 1, 2]
