"""What ``attention-constructions`` found, as files: all numbers, a table, and the finding."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..verify.verdict import package_version
from .attention_scaling import (
    DEFINITION,
    FIGURE,
    NAME,
    SERIES,
    AttentionPoint,
    AttentionResult,
)
from .finding import Cell, Finding, Table, command_of

#: The series in words.
TITLES = {
    "paper": "edge blocks with signatures (the paper's design, reconstructed)",
    "pseudo-inverse": "pseudo-inverse blocks",
    "rule": "trained, size by the design rule",
    "least": "trained, least size found",
}
#: Columns of the table of layers.
COLUMNS = (
    "series", "items", "embedding_dim", "seed", "u", "total_key_dim", "c", "heads", "weight_bits",
    "total_bits", "bound_bits", "ratio", "relative_gap", "sha256", "reason",
)  # fmt: skip


def write_json(result: AttentionResult, path: Path) -> Path:
    """All numbers with their definition."""
    data = {
        "experiment": NAME,
        "definition": DEFINITION,
        "seed": result.seed,
        "plan": asdict(result.plan),
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "points": [
            asdict(p) | {"u": p.unit, "c": p.share, "ratio": p.ratio} for p in result.points
        ],
        "laws": [asdict(law) for law in result.laws],
        "lines": {
            name: [[*size, value] for size, value in line.items()]
            for name, line in result.lines.items()
        },
        "missing": result.missing,
    }
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path


def write_csv(result: AttentionResult, path: Path) -> Path:
    """One row a layer."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for point in result.points:
            row = asdict(point) | {"u": point.unit, "c": point.share, "ratio": point.ratio}
            table.writerow(["" if row[name] is None else row[name] for name in COLUMNS])
    return path


def write_finding(result: AttentionResult, folder: Path) -> Path:
    """What reports are drawn from."""
    notes = [
        "A least size is an upper bound: a size at which training fails proves nothing.",
        "Lower bounds are for layers that serve every permutation of the items: the counting "
        "bound at a given precision, and sign patterns for one head with real weights.",
        *(f"not built: {reason}" for reason in shortened(result.missing)),
    ]
    return Finding(
        NAME,
        "How much key dimension a permutation takes",
        summary(result),
        command_of(NAME, result.quick, result.seed),
        {f"{FIGURE}.svg": "Certified total key dimension against bounds, by embedding dimension."},
        [sizes_table(result), laws_table(result)],
        notes,
        seed=result.seed,
        seconds=result.seconds,
    ).write(folder)


def summary(result: AttentionResult) -> str:
    """What was measured and what came out, in sentences."""
    proved = sum(p.total_key_dim is not None for p in result.points)
    parts = [
        f"{proved} layers were built and proved, of {len(result.points)} asked for. "
        f"{DEFINITION[0].upper()}{DEFINITION[1:]}."
    ]
    for series in reversed(SERIES):
        found = _compressed(series, result.points)
        if found:
            shares = [p.share for p in found if p.share is not None]
            ratios = [p.ratio for p in found if p.ratio is not None]
            parts.append(
                f"Where d < m, {TITLES[series]}: {_between(shares, 2)} u, "
                f"{_between(ratios, 1)} times the bits of the counting bound."
            )
    return " ".join(parts)


def _between(values: Sequence[float], digits: int) -> str:
    low, high = (f"{end:.{digits}f}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _compressed(series: str, points: Sequence[AttentionPoint]) -> list[AttentionPoint]:
    return [
        p
        for p in points
        if p.series == series and p.total_key_dim is not None and p.embedding_dim < p.items
    ]


def shortened(reasons: Sequence[str]) -> list[str]:
    """Reasons without their seeds and advice, each once."""
    found: dict[str, None] = {}
    for reason in reasons:
        what, _, why = reason.partition(": ")
        found[what.rsplit(", seed", 1)[0] + ": " + why.split(";")[0]] = None
    return list(found)


def sizes_table(result: AttentionResult) -> Table:
    """Total key dimensions by size."""
    rows: list[list[Cell]] = []
    for items, dim in result.plan.sizes:
        row: list[Cell] = [items, dim, round(result.lines["u = m lg m / d"][items, dim], 2)]
        row += [spread(result.built(series, items, dim)) for series in SERIES]
        least = result.middle("least", items, dim)
        row.append(None if least is None else round(least / float(str(row[2])), 3))
        row += [int(line[items, dim]) for line in list(result.lines.values())[2:]]
        rows.append(row)
    columns = ["items m", "d", "u", *(TITLES[s] for s in SERIES), "c of the least, median"]
    return Table(
        "Certified total key dimension, over the seeds", columns + list(result.lines)[2:], rows
    )


def laws_table(result: AttentionResult) -> Table:
    """The fitted power laws."""
    rows: list[list[Cell]] = [
        [TITLES[law.series], law.scale, law.slope, law.low, law.high, law.points]
        for law in result.laws
    ]
    columns = ["series", "scale", "slope", "from", "to", "layers"]
    return Table("D_K = scale * u^slope where d < m, 95 % interval of the slope", columns, rows)


def spread(values: Sequence[int]) -> str:
    """A range in words; empty for no values."""
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"
