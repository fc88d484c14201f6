"""The tables of a run store, and how older ones become present ones."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..verify.errors import InputError

FILE = "runs.sqlite"
#: Seconds to wait for another process that writes.
PATIENCE = 60.0

#: Each step leads from one version to the next; the first makes the tables. Configuration,
#: result, verdict, curve and environment are JSON.
STEPS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        key TEXT PRIMARY KEY, experiment TEXT NOT NULL, configuration TEXT NOT NULL,
        seed INTEGER NOT NULL, status TEXT NOT NULL, result TEXT, verdict TEXT, curve TEXT,
        device TEXT, seconds REAL, weights TEXT, finished TEXT, environment TEXT
    );
    CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL);
    """,
)


def connect(path: Path) -> sqlite3.Connection:
    """Open a store's file, made or brought up to date where needed.

    Raises InputError where the file is no store, is damaged, is from a newer version or cannot be
    written.
    """
    with told(path):
        return _opened(path)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a store's file, also where nothing can be written; raises InputError as above."""
    with told(path):
        try:
            return _opened(path)
        except sqlite3.OperationalError as error:
            if _primary(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                raise
        # SQLite wants to write an index of the log even to read; without a log none is needed
        log = path.with_name(f"{path.name}-wal")
        mode = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None
        )
        if _version(connection, path) < len(STEPS):
            raise InputError(
                f"{path}: of an older version, and cannot be written; make a copy that can"
            )
        return connection


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """What SQLite refuses inside the block, as an InputError that says why."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if _primary(error) == sqlite3.SQLITE_BUSY:
            raise InputError(
                f"{path}: another process has been writing for {PATIENCE:.0f} seconds; try again"
            ) from None
        raise InputError(f"{path}: the run store cannot be used: {error}") from None
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: not a run store, or a damaged one ({error})") from None


def _primary(error: sqlite3.Error) -> int:
    return error.sqlite_errorcode & 0xFF


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    # readers and one writer at a time; a killed writer leaves a whole file behind
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection, path)
    for number, step in enumerate(STEPS[version:], version + 1):
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("COMMIT")
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Of the store, 0 for an empty file; raises InputError where it is none that is known."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = {
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    }
    if version > len(STEPS):
        raise InputError(
            f"{path}: written by a newer superproof (store version {version}, this one knows "
            f"{len(STEPS)}); update superproof, or name another folder"
        )
    if version == 0 and tables:
        raise InputError(f"{path}: an SQLite file, but not a run store; name another folder")
    if version and not {"runs", "claims"} <= tables:
        raise InputError(f"{path}: a run store without its tables; name another folder")
    return version
