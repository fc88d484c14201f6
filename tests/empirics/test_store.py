from __future__ import annotations

import os
import shutil
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
from superproof.empirics.store import Run, RunStore, StoredRuns, is_store, run_key
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


def test_weights_of_a_recorded_run_stay(tmp_path: Path) -> None:
    with RunStore(tmp_path) as store:
        assert store.record(RUN, {"a": np.zeros(2)})
        assert not store.record(RUN, {"a": np.ones(2)})
        (found,) = store.runs()
        assert store.weights(found)["a"].tolist() == [0, 0]
        (tmp_path / "weights").rename(tmp_path / "moved")
        with pytest.raises(InputError, match=r"0/weights/.*: cannot be written: No such file"):
            store.record(replace(RUN, seed=4), {"a": np.zeros(2)})
        assert len(store) == 1


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


def child(folder: Path, pause: float, runs: int, code: str = CHILD) -> subprocess.Popen[str]:
    root = str(Path(store_schema.__file__).resolve().parent.parent)
    code = code.format(root=root)
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


def test_what_a_killed_process_half_wrote_is_cleared_away(tmp_path: Path) -> None:
    code = CHILD.replace("store.record(run)", "half(store, run)").replace(
        "store = RunStore",
        "def half(store, run):\n"
        "    path = store.folder / 'weights' / (run.key + '.' + store.owner)\n"
        "    path.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), 9)\n"
        "store = RunStore",
    )
    assert child(tmp_path, 0, 1, code).wait() == -signal.SIGKILL
    assert len(list((tmp_path / "weights").iterdir())) == 1
    run = Run("toy", {"width": 8}, 0)
    with RunStore(tmp_path) as store:
        assert store.claim([run.key]) == [run.key]
        assert list((tmp_path / "weights").iterdir()) == []
        assert store.record(run, {"a": np.zeros(1)})
    assert [path.suffix for path in (tmp_path / "weights").iterdir()] == [".safetensors"]
    assert list((tmp_path / "owners").iterdir()) == []


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


def refuse_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a folder that cannot be written, also for a user who may write everywhere."""
    connect = sqlite3.connect

    def refused(path: object, *given: object, **named: object) -> sqlite3.Connection:
        if not named.get("uri"):
            # only the error that SQLite itself raises has its code
            connect("/dev/null/none", isolation_level=None).execute("SELECT 1")
        return connect(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite3, "connect", refused)


def test_a_folder_that_cannot_be_written_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunStore(tmp_path) as store:
        store.record(RUN, {"a": np.arange(2)})
    names = sorted(path.name for path in tmp_path.rglob("*"))
    # a log that was left behind is read too
    copy = tmp_path / "copy"
    with RunStore(copy) as left:
        left.record(RUN)
        refuse_writing(monkeypatch)
        with StoredRuns(copy) as held:
            assert len(held) == 1
    shutil.rmtree(copy)
    with StoredRuns(tmp_path) as held:
        assert len(held) == 1
        (found,) = held.runs()
        assert held.weights(found)["a"].tolist() == [0, 1]
    assert sorted(path.name for path in tmp_path.rglob("*")) == names
    with pytest.raises(InputError, match=r"runs\.sqlite: the run store cannot be used: unable to"):
        RunStore(tmp_path)
    steps = (*store_schema.STEPS, "CREATE TABLE notes (text TEXT)")
    monkeypatch.setattr(store_schema, "STEPS", steps)
    with pytest.raises(InputError, match="of an older version, and cannot be written; make a copy"):
        StoredRuns(tmp_path)


def test_damage_is_met_while_reading(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no runs\.sqlite; name the folder of an exp"):
        StoredRuns(tmp_path)
    with RunStore(tmp_path) as store:
        for seed in range(200):
            store.record(replace(RUN, seed=seed))
        store._connection.execute("UPDATE runs SET result = '{' WHERE seed = 7")
    with (
        StoredRuns(tmp_path) as held,
        pytest.raises(InputError, match="damaged: a run of 'toy' is no JSON"),
    ):
        list(held.runs())
    data = bytearray((tmp_path / "runs.sqlite").read_bytes())
    data[12288:-4096] = b"\xff" * (len(data) - 16384)
    (tmp_path / "runs.sqlite").write_bytes(data)
    with (
        StoredRuns(tmp_path) as held,
        pytest.raises(InputError, match=r"not a run store, or a damaged one \(database disk im"),
    ):
        list(held.runs())


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with RunStore(tmp_path) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        large = replace(RUN, curve=list(range(9999)))
        with pytest.raises(InputError, match="the run store cannot be used: database or disk is f"):
            store.record(large, {"a": np.zeros(2)})
        assert len(store) == 0
        store._connection.execute("PRAGMA max_page_count = 100000")
        assert store.record(large)


def test_waiting_for_another_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_schema, "PATIENCE", 0.01)
    with RunStore(tmp_path) as store:
        store._connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match=r"another process has been writing for .* try again"):
            RunStore(tmp_path)
        store._connection.execute("ROLLBACK")


def test_an_older_store_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunStore(tmp_path) as store:
        store.record(RUN)
    steps = (*store_schema.STEPS, "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('x')")
    monkeypatch.setattr(store_schema, "STEPS", steps)
    for _ in range(2):
        with RunStore(tmp_path) as store:
            assert len(store) == 1
            assert store._connection.execute("SELECT text FROM notes").fetchall() == [("x",)]
