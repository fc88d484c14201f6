"""Sizes, bits and times of attention layers that recognise graphs, each proved in exact integers.

    python benchmarks/attention.py [--case TEXT ...] [--seeds N] [--seconds 60] [--device NAME]
        [--scale] [--out FILE.json]

A row is an instance at a size, over its seeds; failures are counted. c is D_K d / (m' lg m'), ratio
the bits of all weights over those of the counting bound, T the proved temperature, MB the peak
memory of the process so far. Run with OPENBLAS_NUM_THREADS=1 on a machine that is busy otherwise.
``--scale`` does thousands of items instead, which takes minutes.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from superproof.constructions.attention import construct_attention, embeddings, graph
from superproof.verify.errors import InputError, ProofError


@dataclass(frozen=True)
class Case:
    """One instance; heads and key dimension None for the design rule's.

    ``most_c`` and ``most_ratio`` are what is aimed at, for every seed.
    """

    items: int
    embedding_dim: int
    heads: int | None = None
    key_dim: int | None = None
    graph: str = "permutation"
    method: str = "hinge"
    bits: int | None = None
    gap: float | None = None
    context: int | None = None
    seeds: int = 3
    most_c: float | None = None
    most_ratio: float | None = None

    @property
    def name(self) -> str:
        """A line to select cases by."""
        parts = [self.graph, f"{self.items}/{self.embedding_dim}", self.method]
        parts += [] if self.key_dim is None else [f"h={self.heads} d_k={self.key_dim}"]
        given = {"b": self.bits, "gap": self.gap, "context": self.context}
        parts += [f"{name}={value}" for name, value in given.items() if value is not None]
        return " ".join(parts)

    def met(self, good: list[dict[str, Any]], number: int) -> str:
        """Whether what is aimed at was reached in so many runs."""
        if self.most_c is None and self.most_ratio is None:
            return ""
        limits = (("c", self.most_c), ("ratio", self.most_ratio))
        within = all(
            row[key] <= limit + 1e-9 for row in good for key, limit in limits if limit is not None
        )
        aim = ", ".join(f"{key} <= {limit:g}" for key, limit in limits if limit is not None)
        return f"{aim}: {'met' if within and len(good) == number else 'missed'}"


HALF = tuple(
    Case(items, dim, heads, key_dim, seeds=20, most_c=0.5)
    for items, dim, heads, key_dim in (
        (256, 64, 1, 16), (512, 64, 2, 18), (512, 128, 1, 18), (1024, 256, 1, 20),
        (1024, 128, 1, 40),
    )
)  # fmt: skip
LEAST = (
    Case(256, 64, 1, 10, seeds=5, most_c=0.3125),
    Case(512, 64, 3, 9, seeds=5, most_c=0.375),
    Case(512, 128, 1, 10, seeds=5, most_c=0.306),
    Case(1024, 256, 1, 11, seeds=3, most_c=0.3),
    Case(1024, 128, 1, 28, seeds=3, most_c=0.35),
)
ROBUST = (
    Case(256, 64, gap=0.3),
    Case(512, 128, gap=0.3),
    Case(256, 64, context=64),
    Case(256, 64, gap=0.25, context=64),
    Case(256, 128, graph="regular-2", context=16),
)
GRAPHS = tuple(
    Case(items, dim, graph=name, seeds=5, most_c=0.55)
    for name, items, dim in (
        ("regular-2", 256, 128), ("regular-4", 128, 64), ("regular-4", 128, 32),
        ("regular-4", 256, 64), ("regular-4", 512, 256), ("hubs-8", 256, 128),
        ("hubs-16", 512, 256), ("star", 512, 256), ("zipf", 512, 128), ("zipf", 256, 64),
    )
)  # fmt: skip
FEW_BITS = (
    Case(256, 64, 1, 13, bits=4, most_ratio=4.3),
    Case(256, 64, 1, 16, bits=3, most_ratio=4.3),
    Case(256, 64, 1, 26, bits=2, most_ratio=5.5),
    Case(256, 64, 1, 56, bits=1, most_ratio=12.2),
)
CLOSED = (
    *(
        Case(256, 64, method=name)
        for name in ("paper", "two-sided", "one-sided", "pseudo-inverse", "one-edge-heads")
    ),
    *(Case(1024, 256, method=name) for name in ("paper", "one-sided", "pseudo-inverse")),
    *(
        Case(items, dim, graph=name, method="pseudo-inverse")
        for name, items, dim in (
            ("regular-2", 256, 128), ("regular-4", 128, 64), ("regular-4", 128, 32),
            ("regular-4", 256, 64), ("regular-4", 512, 256), ("hubs-8", 256, 128),
            ("hubs-16", 512, 256), ("star", 512, 256), ("zipf", 512, 128),
        )
    ),
)  # fmt: skip
CASES = (*HALF, *LEAST, *ROBUST, *GRAPHS, *FEW_BITS, *CLOSED)
SCALE = (Case(4096, 512, seeds=1), Case(4096, 256, seeds=1), Case(16384, 1024, seeds=1))


def measure(case: Case, seed: int, seconds: float | None, device: str | None) -> dict[str, Any]:
    """Build and prove one layer; the facts of a row."""
    row: dict[str, Any] = asdict(case) | {"name": case.name, "seed": seed}
    points = embeddings("gaussian", case.items, case.embedding_dim, seed)
    edges = graph(case.graph, case.items, seed)
    start = time.perf_counter()
    trained = case.method == "hinge"
    try:
        built = construct_attention(
            points,
            edges,
            method=case.method,
            heads=case.heads,
            key_dim=case.key_dim,
            bits=case.bits,
            gap=case.gap,
            context=case.context,
            seed=seed,
            seconds=seconds if trained else None,
            device=device if trained else None,
        )
    except (ProofError, InputError) as error:
        return row | {"exact": False, "reason": str(error)}
    soft = built.softmax
    return row | {
        "exact": True,
        "seconds": time.perf_counter() - start,
        "steps": built.parameters.get("steps", 0),
        "total_key_dim": built.total_key_dim,
        "c": built.unit_share,
        "weight_bits": built.weight_bits,
        "ratio": built.ratio,
        "relative_gap": built.relative_gap,
        "temperature": None if soft is None else float(soft.temperature),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


#: Columns: heading, key of the row, format.
COLUMNS = (
    ("D_K", "total_key_dim", "{:d}"), ("c", "c", "{:.3f}"), ("bits", "weight_bits", "{:d}"),
    ("ratio", "ratio", "{:.2f}"), ("gap", "relative_gap", "{:.2g}"), ("T", "temperature", "{:.3g}"),
    ("steps", "steps", "{:d}"), ("s", "seconds", "{:.2f}"), ("MB", "peak", "{:.0f}"),
)  # fmt: skip


def table(cases: list[Case], rows: list[dict[str, Any]]) -> Table:
    """A line for every case: the range over its seeds."""
    shown = Table(box=None)
    shown.add_column("case", no_wrap=True)
    for column in ("exact", *(heading for heading, _, _ in COLUMNS)):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("aim", no_wrap=True)
    for case in cases:
        some = [row for row in rows if row["name"] == case.name]
        good = [row for row in some if row["exact"]]
        cells = [f"{len(good)}/{len(some)}"]
        for _, key, form in COLUMNS:
            values = sorted(row[key] for row in good if row[key] is not None)
            low, high = (form.format(values[0]), form.format(values[-1])) if values else ("", "")
            cells.append(low if low == high else f"{low}-{high}")
        shown.add_row(case.name, *cells, case.met(good, len(some)))
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", default=[], help="only cases that hold TEXT")
    parser.add_argument("--seeds", type=int, default=None, help="of every case; default: its own")
    parser.add_argument("--seconds", type=float, default=60.0, help="for a size, about")
    parser.add_argument("--scale", action="store_true", help="thousands of items instead")
    parser.add_argument("--device", default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    every = SCALE if options.scale else CASES
    cases = [c for c in every if not options.case or any(t in c.name for t in options.case)]
    seconds = None if options.scale else options.seconds
    rows = []
    for case in cases:
        for seed in range(options.seeds or case.seeds):
            rows.append(measure(case, seed, seconds, options.device))
            if options.out:
                options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    Console(width=170).print(table(cases, rows))


if __name__ == "__main__":
    main()
