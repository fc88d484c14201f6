"""Files of ``value-routing``: all numbers as JSON and CSV, and the finding."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...verify.verdict import package_version
from ..finding import Cell as Entry
from ..finding import Finding, Table, command_of
from .frozen_embeddings import EXPONENT, FILE, MEAN

if TYPE_CHECKING:
    from .routing import RoutingResult

NOTES = (
    "Accuracy is a sampled number. The exact decision is about one head without a block: it proves "
    "items whose target outweighs every context of at most l items; items that are not proved may "
    "be right all the same (docs/value-routing.md).",
    f"Drawn vectors: gaussian and signs have equal second moments; power-law has variances that "
    f"fall like n^-{EXPONENT:g}; common-mean adds one vector of length {MEAN:g} to unit vectors.",
    "The block has normalised inputs, one layer of attention with a residual, and a two-layer "
    "network of 128 neurons with a residual; the vectors themselves are never trained.",
)


def write_routing_files(result: RoutingResult, out: Path) -> dict[str, Path]:
    """All but the figure; paths by kind."""
    from .routing import DEFINITION, NAME, Routed

    files = {"json": out / "routing.json", "csv": out / "routing.csv"}
    data: dict[str, Any] = {
        "experiment": NAME,
        "definition": DEFINITION,
        "seed": result.seed,
        "device": result.device,
        "plan": asdict(result.plan),
        "embeddings": None if result.given is None else str(result.given),
        "spectra": result.spectra,
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "least": [
            {"kind": kind, "series": series, "heads": heads, "total_key_dim": size}
            for kind, series, heads, size in least_sizes(result)
        ],
        "runs": [asdict(one) for one in result.routed],
    }
    text = json.dumps(data, indent=1, allow_nan=False)
    files["json"].write_text(text + "\n", encoding="utf-8")
    with files["csv"].open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        names = [one.name for one in fields(Routed)]
        table.writerow(names)
        table.writerows([getattr(one, name) for name in names] for one in result.routed)
    files["finding"] = _finding(result).write(out)
    return files


def kind_name(kind: str) -> str:
    """A file by its name."""
    return Path(kind.removeprefix(FILE)).name if kind.startswith(FILE) else kind


def least_sizes(result: RoutingResult) -> list[tuple[str, str, int, int | None]]:
    """By kind, series and heads: the least size with at least 99 % in every seed."""
    from .routing import SERIES

    return [
        (kind, series.name, heads, result.least(kind, series.name, heads))
        for kind in result.plan.kinds
        for series in SERIES
        for heads in result.plan.heads
    ]


def size_rows(result: RoutingResult) -> list[list[Entry]]:
    """A row a kind and way, with the least sizes and what is proved at the largest size."""
    from .routing import SERIES

    top = max(result.plan.sizes)
    rows: list[list[Entry]] = []
    for kind in result.plan.kinds:
        for series in SERIES:
            row: list[Entry] = [kind_name(kind), series.name]
            row += [
                "-" if size is None else size
                for heads in result.plan.heads
                for size in [result.least(kind, series.name, heads)]
            ]
            one = result.seeds_of(kind, series.name, 1, top)
            known = [r for r in one if r.proved is not None]
            proved = sum(r.proved or 0 for r in known)
            row.append(f"{proved} of {sum(r.hard for r in known)}" if known else "-")
            row.append(f"{sum(r.hard_right for r in one)} of {sum(r.hard for r in one)}")
            rows.append(row)
    return rows


def size_columns(result: RoutingResult) -> list[str]:
    """Headings of :func:`size_rows`."""
    top = max(result.plan.sizes)
    heads = [f"D_K, {heads} head{'s' if heads > 1 else ''}" for heads in result.plan.heads]
    return [
        "vectors",
        "output",
        *heads,
        f"proved, 1 head, D_K = {top}",
        f"hardest contexts right, 1 head, D_K = {top}",
    ]


def _finding(result: RoutingResult) -> Finding:
    from .routing import DEFINITION, NAME

    plan = result.plan
    words = command_of(NAME, result.quick, result.seed)
    words += ["--embeddings", str(result.given)] if result.given is not None else []
    sampled = result.routed[0].sampled if result.routed else 0
    per_size = [
        [kind_name(r.kind), r.series, r.heads, r.total_key_dim, r.seed, round(r.accuracy, 5),
         round(r.low, 5), round(r.high, 5), r.proved]
        for r in result.routed
    ]  # fmt: skip
    return Finding(
        name=NAME,
        title="Routing values by softmax attention on frozen vectors",
        summary=f"{DEFINITION}. Here m = {plan.items}, d = {plan.embedding_dim}, l = "
        f"{plan.context} (all items where it says so), {sampled:,} sampled contexts a layer.",
        command=words,
        figures={"routing.svg": "Share of sampled contexts that are wrong, by D_K and output."},
        tables=[
            Table(
                "Least D_K from which on every seed routes at least 99 % of its sampled contexts",
                size_columns(result),
                size_rows(result),
            ),
            Table(
                "Second moments of the vectors, first seed",
                ("vectors", "share of the first direction", "effective directions"),
                [
                    [kind_name(kind), round(about["first"], 3), round(about["directions"], 1)]
                    for kind, about in result.spectra.items()
                ],
            ),
            Table(
                "Every layer, with 95 % intervals",
                ("vectors", "output", "heads", "D_K", "seed", "sampled accuracy", "from", "to",
                 "items proved"),
                per_size,
            ),
        ],
        notes=NOTES,
        seed=result.seed,
        seconds=round(result.seconds, 3),
        device=result.device,
    )  # fmt: skip
