"""The tables of a run store, and how older ones become present ones."""

from __future__ import annotations

import sqlite3
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

    Raises InputError where the file is no store, is damaged or is from a newer version.
    """
    try:
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        # readers and one writer at a time; a killed writer leaves a whole file behind
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        _migrate(connection, path)
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: not a run store, or a damaged one ({error})") from None
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
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
    for number, step in enumerate(STEPS[version:], version + 1):
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
