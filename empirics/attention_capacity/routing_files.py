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
    "Accuracy is a sampled number. For one head without a block the number of items that are right "
    "in every context of at most l items, smaller ones included, is decided exactly "
    "(docs/value-routing.md, section 3).",
    f"Drawn vectors: gaussian and signs have equal second moments; power-law has variances that "
    f"fall like n^-{EXPONENT:g}; common-mean adds one vector of length {MEAN:g} to unit vectors.",
    "A block has normalised inputs, one layer of attention with a residual, and a two-layer "
    "network with a residual; the vectors themselves are never trained. What its network does "
    "without attention stands beside it.",
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
            {
                "kind": kind,
                "series": series,
                "items": items,
                "heads": heads,
                "total_key_dim": size,
            }
            for kind, series, items, heads, size in least_sizes(result)
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


def least_sizes(result: RoutingResult) -> list[tuple[str, str, int, int, int | None]]:
    """By kind, series, items and heads: the least size with at least 99 % from it on."""
    from .routing import SERIES

    return [
        (kind, series.name, items, heads, result.least(kind, series.name, items, heads))
        for kind in result.plan.kinds
        for series in SERIES
        if series.attends
        for items in result.plan.items
        for heads in result.plan.heads
    ]


def size_rows(result: RoutingResult) -> list[list[Entry]]:
    """A row a kind and way: least sizes by items, and items that are always right at the top."""
    from .routing import SERIES

    plan = result.plan
    rows: list[list[Entry]] = []
    for kind in plan.kinds:
        for series in SERIES:
            if not series.attends:
                continue
            row: list[Entry] = [kind_name(kind), series.name]
            for heads in plan.heads:
                found = [result.least(kind, series.name, items, heads) for items in plan.items]
                row.append(", ".join("-" if size is None else str(size) for size in found))
            one = result.seeds_of(kind, series.name, plan.shown, 1, max(plan.sizes))
            known = [r for r in one if r.always is not None]
            always = sum(r.always or 0 for r in known)
            row.append(f"{always} of {sum(r.items for r in known)}" if known else "-")
            rows.append(row)
    return rows


def size_columns(result: RoutingResult) -> list[str]:
    """Headings of :func:`size_rows`."""
    plan = result.plan
    items = ", ".join(map(str, plan.items))
    return [
        "vectors",
        "output",
        *(f"{heads} head{'s' if heads > 1 else ''}: m = {items}" for heads in plan.heads),
        f"always right, 1 head, D_K = {max(plan.sizes)}, m = {plan.shown}",
    ]


def control_rows(result: RoutingResult) -> list[list[Entry]]:
    """A row a kind and network alone: sampled accuracy by items, the worst seed."""
    from .routing import SERIES

    plan = result.plan
    rows: list[list[Entry]] = []
    for kind in plan.kinds:
        for series in SERIES:
            if series.attends:
                continue
            row: list[Entry] = [kind_name(kind), series.name]
            for items in plan.items:
                here = [r.accuracy for r in result.seeds_of(kind, series.name, items, 0, 0)]
                row.append(f"{100 * min(here):.2f} %" if here else "-")
            rows.append(row)
    return rows


def control_columns(result: RoutingResult) -> list[str]:
    """Headings of :func:`control_rows`."""
    return ["vectors", "output", *(f"m = {items}" for items in result.plan.items)]


def _control(result: RoutingResult) -> str:
    """What the networks of the blocks do without attention, in a sentence."""
    from .routing import SERIES

    items = result.plan.shown
    words = []
    for series in SERIES:
        here = [
            100 * r.accuracy
            for kind in result.plan.kinds
            for r in result.seeds_of(kind, series.name, items, 0, 0)
        ]
        if here:
            ends = dict.fromkeys(f"{end:.1f}" for end in (min(here), max(here)))
            words.append(f"{series.name}: {' to '.join(ends)} %")
    return f"Right without attention at m = {items}: {'; '.join(words) or 'not known'}."


def _finding(result: RoutingResult) -> Finding:
    from .routing import DEFINITION, NAME

    plan = result.plan
    words = command_of(NAME, result.quick, result.seed)
    words += ["--embeddings", str(result.given)] if result.given is not None else []
    items = ", ".join(map(str, plan.items))
    per_size = [
        [kind_name(r.kind), r.series, r.items, r.heads, r.total_key_dim, r.seed,
         round(r.accuracy, 5), round(r.low, 5), round(r.high, 5), r.always]
        for r in result.routed
    ]  # fmt: skip
    return Finding(
        name=NAME,
        title="Routing values by softmax attention on frozen vectors",
        summary=f"{DEFINITION}. Here m = {items}, d = {plan.embedding_dim}, l = {plan.context} "
        f"(all items where it says so). {_control(result)}",
        command=words,
        figures={
            "routing.svg": f"Share of sampled contexts that are wrong, by D_K, m = {plan.shown}.",
            "least.svg": "Least D_K that routes 99 % of the sample, by number of items.",
        },
        tables=[
            Table(
                "Least D_K from which on the seeds together route 99 % of their sampled contexts",
                size_columns(result),
                size_rows(result),
            ),
            Table(
                "Networks without attention: sampled accuracy, worst seed",
                control_columns(result),
                control_rows(result),
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
                ("vectors", "output", "m", "heads", "D_K", "seed", "sampled accuracy", "from", "to",
                 "items always right"),
                per_size,
            ),
        ],
        notes=NOTES,
        seed=result.seed,
        seconds=round(result.seconds, 3),
        device=result.device,
    )  # fmt: skip
