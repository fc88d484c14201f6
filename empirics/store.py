"""The run store: every finished run in one SQLite file, safe against any interruption."""

from __future__ import annotations

import contextlib
import json
import platform
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from ..verify.errors import InputError
from ..verify.problem import digest
from ..verify.verdict import package_version
from .store_schema import FILE, connect, connect_to_read, told

#: Weights lie here, one file a run.
WEIGHTS = "weights"
#: A process that works on a store holds a locked file here.
OWNERS = "owners"


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        experiment: name of the experiment that it belongs to.
        configuration: what was run, JSON values; with the experiment it identifies the run.
        seed: of every random choice.
        status: ``finished``, or ``diverged`` where the loss left the finite numbers.
        result: the measured numbers, JSON values.
        verdict: the exact verdict on what was trained, as JSON data.
        curve: loss or accuracy by step, JSON values.
        device: where it ran.
        seconds: its share of the time.
        weights: name of the file in the store's folder ``weights``.
        arrays: what goes into that file when the run is recorded; a run that is read has none
            here, see :meth:`RunStore.weights`.
        finished: when, ISO 8601 in UTC. ``environment``: versions. Both are filled in by the store.
    """

    experiment: str
    configuration: Mapping[str, Any]
    seed: int
    status: str = "finished"
    result: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] | None = None
    curve: Sequence[Any] | None = None
    device: str = "cpu"
    seconds: float = 0.0
    weights: str | None = None
    finished: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] | None = field(default=None, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Hash of experiment, configuration and seed."""
        return run_key(self.experiment, self.configuration, self.seed)


def run_key(experiment: str, configuration: Mapping[str, Any], seed: int) -> str:
    """What identifies a run, whenever and wherever it runs."""
    return digest({"experiment": experiment, "configuration": dict(configuration), "seed": seed})


class StoredRuns:
    """The runs of a store, to be read alone; the folder may be one that cannot be written.

    Raises InputError where the folder holds no store, or the file is damaged, or from a newer
    version; reading raises it too where it meets damage.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.path = self.folder / FILE
        if not is_store(self.folder):
            raise InputError(f"{folder}: holds no {FILE}; name the folder of an experiment")
        self._connection = connect_to_read(self.path)

    def __len__(self) -> int:
        with told(self.path):
            return int(self._connection.execute("SELECT COUNT(*) FROM runs").fetchone()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def runs(self, experiment: str | None = None) -> Iterator[Run]:
        """The recorded runs, oldest first, of one experiment or of all."""
        if experiment is None:
            yield from self._read("")
        else:
            yield from self._read("WHERE experiment = ?", experiment)

    def find(self, key: str) -> Run | None:
        """The recorded run with that key."""
        return next(self._read("WHERE key = ?", key), None)

    def _read(self, where: str, *given: str) -> Iterator[Run]:
        query = (
            "SELECT experiment, configuration, seed, status, result, verdict, curve, device, "
            f"seconds, weights, finished, environment FROM runs {where} ORDER BY rowid"
        )
        for row in self._rows(query, given):
            name, configuration, seed, status, result, verdict, curve, *rest = row
            device, seconds, weights, finished, versions = rest
            texts = (configuration, result, verdict, curve, versions)
            try:
                held, numbers, decided, steps, around = (_value(text) for text in texts)
            except ValueError:
                raise InputError(f"{self.path}: damaged: a run of '{name}' is no JSON") from None
            yield Run(
                name, held, seed, status, numbers, decided, steps, device, seconds, weights,
                finished, around,
            )  # fmt: skip

    def _rows(self, query: str, given: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        with told(self.path):
            yield from self._connection.execute(query, given)

    def weights(self, run: Run) -> dict[str, np.ndarray]:
        """The arrays of a run. Raises InputError where it has none, or the file is gone."""
        from ..verify.formats.safetensors import read_tensors

        if run.weights is None:
            raise InputError(f"{self.path}: run {run.key[:12]} was recorded without weights")
        path = self.folder / WEIGHTS / run.weights
        try:
            return read_tensors(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or 'cannot be read'}") from None


class RunStore(StoredRuns):
    """Finished runs in ``runs.sqlite``, weights beside it; several processes may share one.

    A run is recorded in one transaction after its weights are in place. A process that is killed
    loses only what it had not finished: its claims end with it, because they rest on a file lock
    that the operating system releases.

    Args:
        folder: is made when missing.
        resume: go on with the runs that the folder holds; without it there must be none.

    Raises:
        InputError: runs are there and ``resume`` is not set; the file is damaged, or from a newer
            version; the folder cannot be made.
    """

    def __init__(self, folder: Path, resume: bool = True) -> None:
        self.folder = Path(folder)
        try:
            for part in (self.folder, self.folder / WEIGHTS, self.folder / OWNERS):
                part.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InputError(f"{folder}: a file is in the way; name a folder") from None
        except OSError as error:
            raise InputError(f"{folder}: cannot make the folder: {error.strerror}") from None
        self.path = self.folder / FILE
        self._connection = connect(self.path)
        if not resume and len(self):
            held = f"{len(self)} finished run" + ("s" if len(self) > 1 else "")
            self._connection.close()
            raise InputError(
                f"{self.path}: holds {held}; add --resume to go on with them, or name another "
                "folder with --out"
            )
        self.owner = uuid.uuid4().hex
        self._lock = _locked(self.folder / OWNERS / self.owner)

    def close(self) -> None:
        """Give up what was claimed and not recorded, and close the file."""
        try:
            with self._writing():
                self._connection.execute("DELETE FROM claims WHERE owner = ?", (self.owner,))
        finally:
            self._connection.close()
            self._lock.close()
            (self.folder / OWNERS / self.owner).unlink(missing_ok=True)

    def claim(self, keys: Iterable[str]) -> list[str]:
        """Those of the runs that nobody has finished and no living process works on; now ours.

        Runs that are recorded, or claimed by another, are left out; claims of processes that are
        gone fall to whoever asks.
        """
        asked, mine = list(keys), list[str]()
        with self._writing():
            living = {self.owner: True}
            for key in asked:
                if self._connection.execute("SELECT 1 FROM runs WHERE key = ?", (key,)).fetchone():
                    continue
                row = self._connection.execute(
                    "SELECT owner FROM claims WHERE key = ?", (key,)
                ).fetchone()
                if row is not None and row[0] != self.owner:
                    if row[0] not in living:
                        living[row[0]] = self._alive(row[0])
                    if living[row[0]]:
                        continue
                self._connection.execute(
                    "INSERT OR REPLACE INTO claims (key, owner) VALUES (?, ?)", (key, self.owner)
                )
                mine.append(key)
        return mine

    def record(self, run: Run, weights: Mapping[str, np.ndarray] | None = None) -> bool:
        """Write a finished run; False where the same run was recorded before, which stays.

        Args:
            run: times and versions are filled in.
            weights: arrays by name, kept as ``weights/KEY.safetensors``; the run's own by default.
        """
        key, name = run.key, None
        weights = run.arrays if weights is None else weights
        draft = self.folder / WEIGHTS / f"{key}.{self.owner}"
        if weights is not None:
            name = f"{key}.safetensors"
            _write_weights(draft, weights)
        values = (
            key,
            run.experiment,
            _text(run.configuration),
            run.seed,
            run.status,
            _text(run.result),
            _text(run.verdict),
            _text(run.curve),
            run.device,
            run.seconds,
            name or run.weights,
            run.finished or datetime.now(UTC).isoformat(timespec="seconds"),
            _text(run.environment or environment()),
        )
        marks = ", ".join("?" * len(values))
        with self._writing():
            added = self._connection.execute(
                f"INSERT OR IGNORE INTO runs VALUES ({marks})", values
            ).rowcount
            self._connection.execute("DELETE FROM claims WHERE key = ?", (key,))
            # a reader sees the whole file or none, and the row only after it
            if weights is not None and added:
                draft.replace(draft.with_name(f"{key}.safetensors"))
        draft.unlink(missing_ok=True)
        return bool(added)

    def _alive(self, owner: str) -> bool:
        """Whether a process still holds its lock; clears away what a dead one left behind."""
        import fcntl

        path = self.folder / OWNERS / owner
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        path.unlink(missing_ok=True)
        for draft in (self.folder / WEIGHTS).glob(f"*.{owner}"):
            draft.unlink(missing_ok=True)
        return False

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        # taking the lock first makes several statements one step for every other process
        with told(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # some errors, such as a full disk, have ended the transaction already
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def environment() -> dict[str, str]:
    """Versions that a run may depend on; torch only where it is loaded."""
    found = {
        "superproof": package_version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = torch.__version__
    return found


def is_store(folder: Path) -> bool:
    """Whether the folder holds a run store."""
    return (folder / FILE).is_file()


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, allow_nan=False)


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _write_weights(path: Path, weights: Mapping[str, np.ndarray]) -> None:
    from safetensors.numpy import save

    try:
        path.write_bytes(save({name: np.ascontiguousarray(a) for name, a in weights.items()}))
    except BaseException as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        raise


def _locked(path: Path) -> IO[bytes]:
    import fcntl

    # nobody must see the file before it is locked, and take its owner for dead
    draft = path.with_suffix(".new")
    file = draft.open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    draft.replace(path)
    return file
