"""The tables of the engine comparison, for the terminal and as Markdown.

Times are processor seconds of one thread. A decision that was not finished enters every mean with
the seconds that it had in vain, which makes the mean a lower bound; such means are marked with '>'.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .peers import PEERS
from .problem_set import FAMILIES
from .records import Record, geometric_mean, wrong

#: Engines that `auto` chooses from.
SINGLE = ("tree", "enumerate", "z3")
#: Families whose networks with 64 inputs and 64 hidden neurons are shown one by one.
SQUARE = ("trained", "quantised", "thin", "damaged")
#: Encodings of Z3, and the name for the best of them on each problem.
Z3 = ("z3", "z3-split", "z3-rounded")
BEST_Z3 = "best of z3"


@dataclass(frozen=True)
class Grid:
    """A table as text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def rich(self) -> Table:
        """For the terminal."""
        table = Table(title=self.title, title_justify="left")
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For the documentation."""
        lines = [f"**{self.title}**", ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|---" + "|---:" * (len(self.columns) - 1) + "|")
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


def tables(records: list[Record], engines: Sequence[str], limit: float) -> list[Grid]:
    """All tables for which there are records."""
    engines = [e for e in engines if any(r.engine == e for r in records)]
    trained = [r for r in records if r.family == "trained"]
    made = [
        by_group(
            records,
            engines,
            limit,
            f"decided within {limit:g} s, and geometric mean time",
            "family",
            lambda r: r.family,
        ),
        by_group(
            trained,
            engines,
            limit,
            "trained float32 networks by inputs and depth",
            "inputs, hidden layers",
            lambda r: f"{r.inputs:>2}, {r.shape.count('-')}",
        ),
        ratios(records, engines, limit),
        one_by_one(
            [r for r in records if r.shape == "64-64" and r.family in SQUARE],
            engines,
            max([limit, *(r.timeout for r in records)]),
            "64 inputs, 64 hidden: each network, with the longest limit measured",
        ),
        portfolio(records, limit),
        one_by_one(
            _open(records, limit), engines, limit, f"not decided by auto or tree within {limit:g} s"
        ),
    ]
    return [grid for grid in made if grid.rows]


def show(records: list[Record], engines: Sequence[str], limit: float, console: Console) -> None:
    """Print the tables, then what inexact solvers got wrong."""
    for grid in tables(records, engines, limit):
        console.print()
        console.print(grid.rich(), highlight=False)
    for sentence in mistakes(records):
        console.print(sentence, highlight=False)


def write_markdown(records: list[Record], engines: Sequence[str], limit: float, path: Path) -> None:
    """Write the tables, and one line a problem and engine."""
    parts = [grid.markdown() for grid in tables(records, engines, limit)]
    parts.append(one_by_one(records, engines, limit, "all problems").markdown())
    parts += [sentence + "\n" for sentence in mistakes(records)]
    path.write_text("\n".join(parts))


def by_group(
    records: list[Record],
    engines: Sequence[str],
    limit: float,
    title: str,
    heading: str,
    group: Callable[[Record], str],
) -> Grid:
    """One row a group: decided of asked, geometric mean time."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(group(record), []).append(record)
    order = sorted(groups) if heading != "family" else [f for f in FAMILIES if f in groups]
    rows = []
    for name in order:
        problems = len({r.key for r in groups[name]})
        row = [f"{name} ({problems})"]
        for engine in engines:
            own = [r for r in groups[name] if r.engine == engine]
            row.append(_summary(own, limit))
        rows.append(row)
    return Grid(title, [heading, *map(_heading, engines)], rows)


def ratios(records: list[Record], engines: Sequence[str], limit: float) -> Grid:
    """How many times longer every engine takes than auto on the small trained networks."""
    rows = []
    for family in ("trained", "quantised"):
        chosen = [r for r in records if r.family == family and 16 <= r.inputs <= 24]
        base = {r.key: r for r in chosen if r.engine == "auto"}
        for engine in [*engines, BEST_Z3]:
            own = best_z3(chosen, limit) if engine == BEST_Z3 else chosen
            pairs = [(r, base[r.key]) for r in own if r.engine == engine and r.key in base]
            if engine == "auto" or not pairs:
                continue
            unfinished = sum(not r.decided(limit) for r, _ in pairs)
            ratio = geometric_mean(r.time(limit) / a.time(limit) for r, a in pairs)
            least = min(r.time(limit) / a.time(limit) for r, a in pairs)
            rows.append(
                [
                    f"{engine} / auto, {family}",
                    str(len(pairs)),
                    str(unfinished),
                    f"{'>' * bool(unfinished)}{_number(ratio)}",
                    _number(least),
                ]
            )
    return Grid(
        "ratios on trained networks with 16 to 24 inputs ('>': unfinished decisions count with the "
        "time they had: a lower bound)",
        ["engines", "problems", "unfinished", "geometric mean", "smallest"],
        rows,
    )


def best_z3(records: list[Record], limit: float) -> list[Record]:
    """The quickest of Z3's encodings on every problem that all of them were given."""
    made = []
    variants = {r.engine for r in records if r.engine in Z3}
    for own in _by_problem(records).values():
        tried = [own[e] for e in variants if e in own]
        if len(tried) == len(variants) > 1:
            best = min(tried, key=lambda r: (not r.decided(limit), r.time(limit)))
            if not best.decided(limit):
                best = max(tried, key=lambda r: r.time(limit))
            made.append(replace(best, engine=BEST_Z3))
    return made


def portfolio(records: list[Record], limit: float) -> Grid:
    """Where auto takes more than twice the time of the best of the engines it chooses from."""
    rows = []
    for own in _by_problem(records).values():
        auto = own.get("auto")
        single = [own[e] for e in SINGLE if e in own and own[e].decided(limit)]
        if auto is None or not single:
            continue
        best = min(single, key=lambda r: r.spent)
        factor = auto.time(limit) / best.spent
        if factor > 2:
            rows.append(
                (
                    factor,
                    [
                        auto.name,
                        best.engine,
                        _time(best, limit),
                        _time(auto, limit),
                        auto.detail,
                        f"{factor:.1f}",
                    ],
                )
            )
    rows.sort(key=lambda row: -row[0])
    return Grid(
        "auto more than twice as slow as the best single engine",
        ["problem", "best", "its time", "auto", "auto tried", "factor"],
        [row for _, row in rows],
    )


def one_by_one(records: list[Record], engines: Sequence[str], limit: float, title: str) -> Grid:
    """One row a problem: time of each engine, or what it said instead."""
    rows = []
    for own in _by_problem(records).values():
        some = next(iter(own.values()))
        answers = {r.status for r in own.values() if r.decided(limit) and PEERS[r.engine].exact}
        counts = {r.violations for r in own.values() if r.violations}
        status = next(iter(answers), "open")
        if counts and some.count:
            status += f", {next(iter(counts)):,}"
        times = [_time(own[e], limit) if e in own else "" for e in engines]
        rows.append([some.name, status, *times])
    return Grid(title, ["problem", "answer", *map(_heading, engines)], rows)


def mistakes(records: list[Record]) -> list[str]:
    """Sentences about inexact solvers that contradict proofs."""
    return [
        f"{r.engine} (floating point) says '{r.status}' of {r.name}: wrong"
        for r in records
        if not PEERS[r.engine].exact and wrong(r, records)
    ]


def _open(records: list[Record], limit: float) -> list[Record]:
    solved = {r.key for r in records if r.engine in ("auto", "tree") and r.decided(limit)}
    return [r for r in records if r.key not in solved]


def _by_problem(records: Iterable[Record]) -> dict[str, dict[str, Record]]:
    table: dict[str, dict[str, Record]] = {}
    for record in sorted(
        records, key=lambda r: (list(FAMILIES).index(r.family), r.inputs, r.shape, r.name)
    ):
        table.setdefault(record.key, {})[record.engine] = record
    return table


def _heading(engine: str) -> str:
    return engine if PEERS[engine].exact else f"{engine} (inexact)"


def _summary(own: list[Record], limit: float) -> str:
    if not own:
        return ""
    decided = sum(r.decided(limit) for r in own)
    mean = geometric_mean(r.time(limit) for r in own)
    return f"{decided}/{len(own)} {'>' * (decided < len(own))}{duration(mean)}"


def _time(record: Record, limit: float) -> str:
    if record.decided(limit):
        return duration(record.spent)
    if record.status == "refused":
        return "refused"
    return f">{duration(record.time(limit))}"


def duration(seconds: float) -> str:
    """Two figures with a unit."""
    if math.isnan(seconds):
        return ""
    if seconds < 0.9995:
        return f"{_number(1000 * seconds)} ms"
    return f"{_number(seconds)} s"


def _number(value: float) -> str:
    if value >= 99.5:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{value:.2g}" if value < 9.95 else f"{value:.0f}"
