"""What came out of stacked and deep networks: counts with their denominators, table and CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..finding import Cell, Table
from ..store import Run
from .read import LAYERED
from .summary import share

if TYPE_CHECKING:
    from .experiment import ReadingResult

#: Columns of the CSV file that come from a run's result; empty where a network has no such thing.
COLUMNS = (
    "blocks", "exact_blocks", "exact", "wrong", "rounds", "stages", "cut_right", "units",
    "exact_units", "units_read", "units_right", "kind", "proved", "certified", "as_specified",
    "verify_calls", "nodes", "seconds", "certificate_seconds", "certificate", "why",
)  # fmt: skip


@dataclass(frozen=True)
class LayeredTally:
    """Networks of one kind.

    Attributes:
        trained: all of them.
        blocks, exact_blocks: trained parts of stacks; a deep network has none.
        exact: networks proved to compute their task.
        wrong_but_proved: of the others, those with a proved formula.
        cut: stacks, exact or not, that were cut where their blocks meet.
        units, units_right: of exact units, those whose proved formula is the unit's task.
        proved: of exact networks, those with a proved formula.
        whole, certified: of these, those whose formula was decided for the network as a whole and
            not only for its pieces, and those with an accepted certificate.
        as_specified: of exact networks with a proved formula, those where it was found to be the
            task by diagrams.
        questions: exact questions of every exact network with a proved formula, of all its parts.
        seconds: of these, without the certificate.
    """

    trained: int
    blocks: int
    exact_blocks: int
    exact: int
    wrong_but_proved: int
    cut: int
    units: int
    units_right: int
    proved: int
    whole: int
    certified: int
    as_specified: int
    questions: tuple[int, ...]
    seconds: tuple[float, ...]


def layered_tally(runs: Sequence[Run]) -> LayeredTally:
    """Counts over runs of the parts ``stacked`` and ``deep``."""
    results = [run.result for run in runs]
    exact = [r for r in results if r["exact"]]
    proved = [r for r in exact if r.get("proved")]
    return LayeredTally(
        len(results),
        sum(int(r.get("blocks", 0)) for r in results),
        sum(int(r.get("exact_blocks", 0)) for r in results),
        len(exact),
        sum(bool(r.get("proved")) for r in results if not r["exact"]),
        sum(bool(r.get("cut_right")) for r in results),
        sum(int(r.get("exact_units", 0)) for r in results),
        sum(int(r.get("units_right", 0)) for r in results),
        len(proved),
        sum(r["certificate"] != LAYERED for r in proved),
        sum(bool(r["certified"]) for r in proved),
        sum(r["as_specified"] is True for r in proved),
        tuple(int(r["verify_calls"]) for r in proved),
        tuple(float(r["seconds"]) for r in proved),
    )


def sizes_of(run: Run) -> str:
    """The kind of network that a run is about."""
    c = run.configuration
    if run.configuration["part"] == "stacked":
        return f"stacked: {c['inputs']} inputs, {c['units']} units, {c['form']} above"
    widths = " and ".join(map(str, c["hidden"]))
    signs = "mixed" if c["mixed"] else "positive"
    return f"deep: {c['inputs']} inputs, hidden layers of {widths}, {signs} literals"


def stacked_table(result: ReadingResult) -> list[Table]:
    """One line for each kind of network; no table where there are none."""
    runs = [*result.part("stacked"), *result.part("deep")]
    if not runs:
        return []
    kinds = list(dict.fromkeys(map(sizes_of, runs)))
    rows: list[list[Cell]] = []
    for kind in kinds:
        one = layered_tally([run for run in runs if sizes_of(run) == kind])
        stack = one.blocks > 0
        rows.append(
            [
                kind,
                one.trained,
                f"{one.exact_blocks} of {one.blocks}" if stack else None,
                one.exact,
                f"{one.cut} of {one.trained}" if stack else None,
                f"{one.units_right} of {one.units}" if stack else None,
                one.proved,
                one.as_specified,
                one.whole,
                one.certified,
                round(float(np.mean(one.questions)), 3) if one.questions else None,
                round(float(np.median(one.seconds)), 3) if one.seconds else None,
                f"{one.wrong_but_proved} of {one.trained - one.exact}",
            ]
        )
    columns = (
        "networks", "trained", "blocks exact", "networks exact", "cut right",
        "exact units read as trained", "exact and proved", "equal to the task",
        "decided as a whole", "certified", "exact questions, mean", "seconds, median",
        "with errors, proved all the same",
    )  # fmt: skip
    return [Table("Stacked and deep networks, read without any formula", columns, rows)]


def stacked_sentences(result: ReadingResult) -> list[str]:
    """What came out, one sentence a kind."""
    said = []
    stack, deep = (layered_tally(result.part(part)) for part in ("stacked", "deep"))
    if stack.trained:
        said.append(
            f"Of stacks of trained blocks, {share(stack.exact, stack.trained)} were exact "
            f"({share(stack.exact_blocks, stack.blocks)} blocks); "
            f"{share(stack.cut, stack.trained)} were cut between the blocks, and "
            f"{share(stack.units_right, stack.units)} exact units read as what they were trained "
            f"on; {share(stack.proved, stack.exact)} exact stacks got a proved formula, "
            f"{share(stack.whole, stack.exact)} one that was decided for the stack as a whole, and "
            f"{share(stack.certified, stack.exact)} a certificate."
        )
    if deep.trained:
        said.append(
            f"Of networks with two hidden layers, {share(deep.exact, deep.trained)} were exact; "
            f"of these {share(deep.proved, deep.exact)} got a proved formula and "
            f"{share(deep.certified, deep.exact)} a certificate."
        )
    return said


def write_stacked(result: ReadingResult, path: Path) -> Path:
    """One line for each stacked or deep network."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["networks", "seed", *COLUMNS])
        for run in [*result.part("stacked"), *result.part("deep")]:
            writer.writerow([sizes_of(run), run.seed, *(run.result.get(n) for n in COLUMNS)])
    return path
