"""What was measured: one line of JSON a problem and engine, and the comparison of answers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .peers import PEERS
from .problem_set import Instance

#: An answer that comes this much after the limit still counts.
LATE = 1.05


@dataclass(frozen=True)
class Record:
    """One engine on one problem.

    Attributes:
        key: of the problem and question, by content.
        name, family, shape, inputs, seed, count: of the instance.
        engine: that was asked.
        timeout: seconds that it had.
        threads: that it was offered.
        status: ``holds``, ``violated``, ``unknown`` or ``refused``.
        violations: the count, where asked for and finished.
        seconds: best wall time of ``runs``; cpu_seconds: least processor time of them.
        nodes: search nodes, where the engine says.
        detail: in the engine's words.
    """

    key: str
    name: str
    family: str
    shape: str
    inputs: int
    seed: int
    count: bool
    engine: str
    timeout: float
    threads: int
    status: str
    violations: int | None
    seconds: float
    cpu_seconds: float | None
    runs: tuple[float, ...]
    nodes: int | None
    detail: str

    @property
    def spent(self) -> float:
        """Processor seconds where one thread was offered and they are known, else wall seconds.

        On an idle machine they are the same; on a busy one the wall time is the neighbours'.
        """
        if self.threads == 1 and self.cpu_seconds is not None:
            return self.cpu_seconds
        return self.seconds

    def decided(self, limit: float) -> bool:
        """Whether the question was answered within so many seconds."""
        answered = self.status in ("holds", "violated")
        if self.count:
            answered = self.status == "holds" or self.violations is not None
        return answered and self.spent <= LATE * limit

    def time(self, limit: float) -> float:
        """Seconds; where it was not decided within the limit, the seconds that it had in vain."""
        if self.decided(limit):
            return self.spent
        # a refusal costs nothing and helps nobody: it counts at the limit
        return limit if self.status == "refused" else min(limit, self.spent)


class DisagreementError(Exception):
    """Two exact engines gave different answers to one question."""


class Results:
    """All records by problem and engine; of several, the one with the longest limit, then the last.

    Args:
        path: of a file with one record a line; new records are appended to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table: dict[tuple[str, str], Record] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                data = json.loads(line)
                self._keep(Record(**{**data, "runs": tuple(data["runs"])}))

    def _keep(self, record: Record) -> None:
        place = record.key, record.engine
        before = self.table.get(place)
        if before is None or record.timeout >= before.timeout:
            self.table[place] = record

    def add(self, record: Record) -> None:
        """Keep, append to the file, and compare with the other engines' answers."""
        self._keep(record)
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(record)) + "\n")
        compare(self.of(record.key))

    def of(self, key: str) -> list[Record]:
        """All records on a problem."""
        return [record for place, record in self.table.items() if place[0] == key]

    def has(self, key: str, engine: str, timeout: float) -> bool:
        """Whether this was measured already, with this limit or an answer within it."""
        record = self.table.get((key, engine))
        return record is not None and (record.timeout >= timeout or record.decided(timeout))

    def records(self, names: Mapping[str, Instance]) -> list[Record]:
        """All records on these problems, by key, under their present names."""
        return [
            replace(record, name=names[key].name, family=names[key].family)
            for (key, _), record in self.table.items()
            if key in names
        ]


def compare(records: list[Record]) -> None:
    """Raises DisagreementError if exact engines differ in status or count."""
    exact = [r for r in records if PEERS[r.engine].exact]
    for what in ("status", "violations"):
        answers = {}
        for record in exact:
            answer = getattr(record, what)
            if answer is not None and answer not in ("unknown", "refused"):
                answers[answer] = record
        if what == "violations" and any(r.status == "holds" for r in exact):
            answers = {a: r for a, r in answers.items() if a}
        if len(answers) > 1:
            said = ", ".join(f"{r.engine}: {a}" for a, r in answers.items())
            raise DisagreementError(f"{exact[0].name}: engines disagree: {said}")


def wrong(record: Record, records: Iterable[Record]) -> bool:
    """Whether an inexact engine's status contradicts an exact one's."""
    return record.status in ("holds", "violated") and any(
        other.key == record.key
        and PEERS[other.engine].exact
        and other.status in ("holds", "violated")
        and other.status != record.status
        for other in records
    )


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers; NaN for none."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan
