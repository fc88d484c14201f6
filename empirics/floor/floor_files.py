"""Files of ``sparsification-floor``: all numbers as JSON, the steps as CSV, and the finding."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...verify.verdict import package_version
from ..finding import Finding, Table, command_of
from .starts import KINDS
from .ways import TURNS, WAYS

if TYPE_CHECKING:
    from .sparsification import Finished, FloorResult

#: Names of the kinds.
TITLES = {
    "plain": "plain code",
    "trained": "superposed, trained, 14 bits",
    "key-value": "superposed, closed form, 14 bits",
    "one-bit": "superposed, one bit",
    "free": "free weights, trained, 14 bits",
}
#: Columns of the CSV that are taken from a step.
COLUMNS = (
    *("change", "amount", "exact", "violations", "neurons", "places", "nonzeros", "bits"),
    *("place_bits", "value_bits", "side_bits", "bound_bits", "ratio", "bound_nonzeros", "networks"),
)
NOTES = (
    "The bound is about a family: of all M!/(M-m')! ways to give m' outputs distinct pairs, no "
    "decodable description is shorter than lg of their number for all; for pairs drawn at random, "
    "fewer bits than the bound minus k have a chance of at most 2^-k (docs/floor.md, section 3).",
    "It is the same number for free decoders and for full superposition; what counts towards it "
    "is not: in full superposition the square matrix and one level, otherwise both weight arrays, "
    "the levels, and biases that are not constant.",
    "A way ends at its first violation, and beyond there may be exact networks again. Searches "
    "with other orders, seeds or longer training may come further: every number of bits here is "
    "an upper bound on what is possible.",
)


def least_by_start(result: FloorResult) -> Iterator[tuple[str, int, Finished]]:
    """By kind and outputs the way that came to the fewest bits, over all seeds."""
    for kind in KINDS:
        for outputs in result.plan.sizes.get(kind, ()):
            ways = [f for f in result.finished if (f.kind, f.outputs) == (kind, outputs)]
            if ways:
                yield kind, outputs, min(ways, key=lambda f: float(f.least["bits"]))


def write_json(result: FloorResult, path: Path) -> Path:
    """Everything, with the counterexample of every first violation."""
    from .sparsification import DEFINITION, NAME

    data = {
        "experiment": NAME,
        "definition": DEFINITION,
        "ways": WAYS,
        "in_turn": TURNS,
        "seed": result.seed,
        "plan": asdict(result.plan),
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "missing": result.missing,
        "least": [
            {"kind": kind, "outputs": outputs, "seed": way.seed, "way": way.way} | way.least
            for kind, outputs, way in least_by_start(result)
        ],
        "runs": [asdict(way) for way in result.finished],
    }
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path


def write_csv(result: FloorResult, path: Path) -> Path:
    """One row a network that was decided."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["kind", "outputs", "seed", "way", "step", *COLUMNS])
        for way in result.finished:
            for number, step in enumerate(way.steps):
                cells = [_cell(step[name]) for name in COLUMNS]
                table.writerow([way.kind, way.outputs, way.seed, way.way, number, *cells])
    return path


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def write_finding(result: FloorResult, folder: Path) -> Path:
    """What reports are drawn from."""
    from .sparsification import DEFINITION, NAME

    command = command_of(NAME, result.quick, result.seed)
    best = list(least_by_start(result))
    rows = [
        [
            TITLES[kind],
            outputs,
            way.begin["bound_bits"],
            way.begin["ratio"],
            way.least["ratio"],
            WAYS[way.way],
            way.least["neurons"],
            way.least["nonzeros"],
            way.least["nonzeros"] / outputs,
            way.least["bound_nonzeros"],
        ]
        for kind, outputs, way in best
    ]
    every = [
        [
            TITLES[f.kind],
            f.outputs,
            f.seed,
            WAYS[f.way],
            f.last["change"],
            f.last["nonzeros"],
            f.last["ratio"],
            f.facts["first_wrong"],
            f.facts["wrong_inputs"],
        ]
        for f in result.finished
    ]
    ratios = [float(way.least["ratio"]) for *_, way in best]
    summary = (
        f"{len(result.finished)} ways from certified networks for random pairwise ANDs to the "
        f"first exact violation. {DEFINITION[0].upper()}{DEFINITION[1:]}. "
    )
    if ratios:
        summary += (
            f"The shortest exact descriptions take {min(ratios):.2f} to {max(ratios):.2f} times "
            "the bits of the counting bound, by kind and size; none falls below it."
            if min(ratios) >= 1
            else f"A description takes {min(ratios):.3f} of the bits of the counting bound."
        )
    tables = [
        Table(
            "The shortest exact description by start",
            (
                *("start", "outputs", "bound, bits", "start / bound", "least / bound", "how"),
                *("neurons", "nonzeros", "nonzeros an AND", "bound on nonzeros"),
            ),
            rows,
        ),
        Table(
            "Where every way ends",
            (
                *("start", "outputs", "seed", "way", "last exact network", "nonzeros"),
                *("bits / bound", "first violation", "wrong inputs"),
            ),
            every,
        ),
    ]
    return Finding(
        name=NAME,
        title="How small certified networks get before the first error",
        summary=summary,
        command=command,
        figures={
            "floor.svg": "Bits over the counting bound against nonzero weights an AND, by start: "
            "dots are exact networks, crosses the first that is not."
        },
        tables=tables,
        notes=(*NOTES, *(f"Not found: {reason}" for reason in result.missing)),
        seed=result.seed,
        seconds=round(result.seconds, 3),
    ).write(folder)
