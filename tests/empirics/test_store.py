from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics import store_schema
from superproof.empirics.store import Run, RunStore, is_store, run_key
from superproof.verify.errors import InputError

RUN = Run(
    "toy", {"width": 8, "task": {"kind": "and"}}, 3, "finished", {"errors": 0, "loss": 0.5},
    {"status": "holds", "violations": 0}, [1.0, 0.5], "cpu", 1.25,
)  # fmt: skip


def test_round_trip(tmp_path: Path) -> None:
    weights = {"0.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    with RunStore(tmp_path / "new" / "store") as store:
        assert store.record(RUN, weights)
        assert not store.record(replace(RUN, result={"errors": 9}))
        assert len(store) == 1
    with RunStore(tmp_path / "new" / "store") as store:
        (found,) = store.runs()
        assert replace(found, finished="", environment={}, weights=None) == RUN
        assert found.environment["numpy"] == np.__version__
        assert found.finished.endswith("+00:00")
        assert found.key == RUN.key == run_key("toy", RUN.configuration, 3)
        assert (store.weights(found)["0.weight"] == weights["0.weight"]).all()
        assert store.find(RUN.key) == found
        assert store.find("nothing") is None
        assert list(store.runs("other")) == []
        assert list(store.runs("toy")) == [found]
    assert is_store(tmp_path / "new" / "store")
    assert not is_store(tmp_path)
    # nothing is left of the owners
    assert list((tmp_path / "new" / "store" / "owners").iterdir()) == []


def test_keys_tell_runs_apart() -> None:
    others = [
        replace(RUN, experiment="other"),
        replace(RUN, seed=4),
        replace(RUN, configuration={"width": 9}),
    ]
    assert len({run.key for run in [RUN, *others]}) == 4
    again = {"task": {"kind": "and"}, "width": 8}
    assert replace(RUN, configuration=again, result={}).key == RUN.key


def test_resume_must_be_asked_for(tmp_path: Path) -> None:
    with RunStore(tmp_path, resume=False) as store:
        store.record(RUN)
    with pytest.raises(InputError, match=r"runs\.sqlite: holds 1 finished run; add --resume to go"):
        RunStore(tmp_path, resume=False)
    with RunStore(tmp_path) as store:
        store.record(replace(RUN, seed=5))
    with pytest.raises(InputError, match="holds 2 finished runs; add --resume"):
        RunStore(tmp_path, resume=False)


def test_a_run_may_bring_its_weights(tmp_path: Path) -> None:
    arrays = {"a": np.arange(4, dtype=np.float32)}
    brought = replace(RUN, arrays=arrays)
    assert brought == RUN
    assert brought.key == RUN.key
    with RunStore(tmp_path) as store:
        store.record(brought)
        found = store.find(RUN.key)
        assert found is not None
        assert found.arrays is None
        assert (store.weights(found)["a"] == arrays["a"]).all()
        # what is given beside the run comes first
        store.record(replace(brought, seed=4), {"b": np.zeros(2)})
        other = store.find(replace(RUN, seed=4).key)
        assert other is not None
        assert list(store.weights(other)) == ["b"]


def test_weights_that_are_missing(tmp_path: Path) -> None:
    with RunStore(tmp_path) as store:
        store.record(RUN)
        store.record(replace(RUN, seed=4), {"a": np.zeros(1)})
        bare, full = store.runs()
        with pytest.raises(InputError, match=f"run {RUN.key[:12]} was recorded without weights"):
            store.weights(bare)
        (tmp_path / "weights" / str(full.weights)).unlink()
        with pytest.raises(InputError, match="safetensors: No such file"):
            store.weights(full)


def test_claims(tmp_path: Path) -> None:
    first, second = RunStore(tmp_path), RunStore(tmp_path)
    other = replace(RUN, seed=4).key
    assert first.claim([RUN.key, other]) == [RUN.key, other]
    assert first.claim([RUN.key]) == [RUN.key]
    assert second.claim([RUN.key, other, "third"]) == ["third"]
    first.record(RUN)
    first.close()
    # what was claimed and not finished is free again, what was recorded is not
    assert second.claim([RUN.key, other]) == [other]
    second.close()


CHILD = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from superproof.empirics.store import Run, RunStore
store = RunStore(Path(sys.argv[1]))
for seed in range(1000):
    run = Run("toy", {{"width": 8}}, seed, result={{"by": os.getpid()}})
    if store.claim([run.key]):
        time.sleep(float(sys.argv[2]))
        store.record(run)
        print(seed, flush=True)
    if seed + 1 == int(sys.argv[3]):
        break
store.close()
"""


def child(folder: Path, pause: float, runs: int) -> subprocess.Popen[str]:
    root = str(Path(store_schema.__file__).resolve().parent.parent)
    code = CHILD.format(root=root)
    arguments = [sys.executable, "-c", code, str(folder), str(pause), str(runs)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_a_killed_process_loses_and_repeats_nothing(tmp_path: Path) -> None:
    process = child(tmp_path, 0.02, 1000)
    assert process.stdout is not None
    finished = [int(process.stdout.readline()) for _ in range(8)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished += [int(line) for line in process.stdout.read().split()]
    with RunStore(tmp_path) as store:
        recorded = [run.seed for run in store.runs()]
        # one more may have been recorded and not yet printed
        assert recorded[: len(finished)] == finished
        assert len(recorded) <= len(finished) + 1
        keys = [run_key("toy", {"width": 8}, seed) for seed in range(len(recorded) + 3)]
        # the claim of the dead process is free at once
        assert store.claim(keys) == keys[len(recorded) :]


def test_two_processes_share_a_store(tmp_path: Path) -> None:
    processes = [child(tmp_path, 0.001, 60) for _ in range(2)]
    printed = [process.communicate(timeout=60)[0].split() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    with RunStore(tmp_path) as store:
        runs = list(store.runs())
    assert sorted(run.seed for run in runs) == list(range(60))
    assert sorted(map(int, printed[0] + printed[1])) == list(range(60))
    owners = {run.result["by"] for run in runs}
    assert owners <= {process.pid for process in processes}


def test_a_writer_waits_for_another(tmp_path: Path) -> None:
    with RunStore(tmp_path) as store:
        blocker = sqlite3.connect(store.path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        process = child(tmp_path, 0, 1)
        time.sleep(0.3)
        assert process.poll() is None
        blocker.execute("COMMIT")
        blocker.close()
        assert process.communicate(timeout=60)[0] == "0\n"


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (
            lambda c: c.execute("PRAGMA user_version = 99"),
            "written by a newer superproof .store ve",
        ),
        (lambda c: c.execute("CREATE TABLE t (a)"), "an SQLite file, but not a run store"),
        (lambda c: c.execute("PRAGMA user_version = 1"), "a run store without its tables"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, prepare, message: str) -> None:
    connection = sqlite3.connect(tmp_path / "runs.sqlite")
    prepare(connection)
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match=message):
        RunStore(tmp_path)


def test_damage_and_folders(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite").write_bytes(b"nothing of the kind" * 99)
    with pytest.raises(InputError, match="not a run store, or a damaged one"):
        RunStore(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: a file is in the way; name a folder"):
        RunStore(tmp_path / "file")


def test_an_older_store_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunStore(tmp_path) as store:
        store.record(RUN)
    steps = (*store_schema.STEPS, "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('x')")
    monkeypatch.setattr(store_schema, "STEPS", steps)
    for _ in range(2):
        with RunStore(tmp_path) as store:
            assert len(store) == 1
            assert store._connection.execute("SELECT text FROM notes").fetchall() == [("x",)]
