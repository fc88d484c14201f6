"""Results written as they finish: one JSON object a line, safe against interruption."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..verify.errors import InputError


class RunLog:
    """The finished runs of an experiment, in a file that only grows.

    Args:
        path: the ``.jsonl`` file; its folder is made when missing.
        resume: go on with what the file holds. Without it the file must not exist.

    Raises:
        InputError: the file exists and ``resume`` is not set, a line of it is not JSON, or the
            folder cannot be made.
    """

    def __init__(self, path: Path, resume: bool = False) -> None:
        self.path = path
        self.runs: list[dict[str, Any]] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InputError(f"{path.parent}: a file is in the way; name a folder") from None
        if not path.exists():
            return
        if not resume:
            raise InputError(
                f"{path}: holds the results of an earlier run; add --resume to go on with it, "
                "or name another folder with --out"
            )
        self._read()

    def _read(self) -> None:
        text = self.path.read_text(encoding="utf-8", errors="replace")
        whole, _, rest = text.rpartition("\n")
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                run = json.loads(line)
                if not isinstance(run, dict):
                    raise ValueError
            except ValueError:
                raise InputError(
                    f"{self.path}: line {number} is not a JSON object; "
                    "remove it, or start in another folder"
                ) from None
            self.runs.append(run)
        if rest:
            # the run was stopped while writing: the unfinished line is dropped
            self.path.write_text(whole + "\n" if whole else "", encoding="utf-8")

    def add(self, runs: Iterable[dict[str, Any]]) -> None:
        """Append finished runs, all of them in one write."""
        new = list(runs)
        text = "".join(json.dumps(run, allow_nan=False) + "\n" for run in new)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)
        self.runs += new
