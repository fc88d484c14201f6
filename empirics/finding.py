"""Findings: what an experiment found, in the one form that reports are drawn from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..verify.errors import InputError
from .store import environment

FILE = "finding.json"
FORMAT = "superproof-finding-1"
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """A table of a finding.

    Attributes:
        title: what it shows.
        columns: headings.
        rows: cells, as many a row as there are headings.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.title}: a row has not {len(self.columns)} cells")


@dataclass(frozen=True)
class Finding:
    """What an experiment found.

    Attributes:
        name: of the experiment.
        title: a short headline. ``summary``: what was measured and what came out, in sentences.
        command: the words after ``superproof`` that do it again.
        figures: names of SVG files in the same folder, with a caption each.
        tables: the numbers.
        notes: what a reader should know before believing it.
        seed, seconds, device: how it ran.
        environment: versions; those of this process by default.
    """

    name: str
    title: str
    summary: str
    command: Sequence[str]
    figures: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    seed: int = 0
    seconds: float = 0.0
    device: str = "cpu"
    environment: Mapping[str, str] = field(default_factory=environment)

    def write(self, folder: Path) -> Path:
        """Write ``finding.json`` into the folder of the experiment."""
        path = folder / FILE
        data = {"format": FORMAT, **asdict(self)}
        path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        return path


def command_of(experiment: str, quick: bool, seed: int) -> list[str]:
    """The words after ``superproof`` that do an experiment again, in its usual folder."""
    return ["experiment", experiment, *(["--quick"] if quick else []), "--seed", str(seed)]


def read_finding(path: Path) -> Finding:
    """Read a ``finding.json``. Raises InputError that names the file."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format", None) != FORMAT:
            raise InputError(f"{path}: not a finding of this version of superproof")
        tables = tuple(Table(**table) for table in data.pop("tables"))
        return Finding(**data, tables=tables)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, TypeError, AttributeError, KeyError):
        raise InputError(f"{path}: damaged; run the experiment again") from None


def find_findings(folder: Path) -> list[tuple[Path, Finding]]:
    """The findings in a folder and below it, by path. Raises InputError where there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    paths = sorted(folder.rglob(FILE))
    if not paths:
        raise InputError(
            f"{folder}: holds no {FILE}; run an experiment first: superproof experiment NAME "
            f"--out {folder}"
        )
    return [(path.parent, read_finding(path)) for path in paths]
