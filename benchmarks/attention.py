"""Sizes, bits and times of attention layers that recognise graphs, each proved in exact integers.

    python benchmarks/attention.py [--case TEXT ...] [--seeds 3] [--seconds 60] [--device NAME]
        [--out FILE.json]

A row is an instance at a size; failures are counted. c is D_K d / (m' lg m'), ratio the bits of all
weights over those of the counting bound. Run with OPENBLAS_NUM_THREADS=1 on a machine that is busy
otherwise.
"""

from __future__ import annotations

import argparse
import json
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
    """One instance; heads and key dimension None for the design rule's."""

    items: int
    embedding_dim: int
    heads: int | None = None
    key_dim: int | None = None
    graph: str = "permutation"
    method: str = "hinge"
    bits: int | None = None
    gap: float | None = None

    @property
    def name(self) -> str:
        """A line to select cases by."""
        size = "" if self.key_dim is None else f" h={self.heads} d_k={self.key_dim}"
        bits = "" if self.bits is None else f" b={self.bits}"
        gap = "" if self.gap is None else f" gap={self.gap}"
        return f"{self.graph} {self.items}/{self.embedding_dim} {self.method}{size}{bits}{gap}"


CASES = (
    Case(256, 64, 1, 16),
    Case(512, 64, 2, 18),
    Case(512, 128, 1, 18),
    Case(1024, 256, 1, 20),
    Case(1024, 128, 1, 40),
    Case(256, 64, 1, 10),
    Case(512, 64, 3, 9),
    Case(512, 128, 1, 10),
    Case(1024, 256, 1, 11),
    Case(1024, 128, 1, 28),
    Case(256, 64, gap=0.3),
    Case(256, 128, graph="regular-2"),
    Case(128, 64, graph="regular-4"),
    Case(128, 32, graph="regular-4"),
    Case(256, 64, graph="regular-4"),
    Case(512, 256, graph="regular-4"),
    Case(256, 128, graph="hubs-8"),
    Case(512, 256, graph="hubs-16"),
    Case(512, 256, graph="star"),
    Case(512, 128, graph="zipf"),
    Case(256, 64, 1, 64, bits=1),
    Case(256, 64, 1, 28, bits=2),
    Case(256, 64, 1, 18, bits=3),
    Case(256, 64, 1, 14, bits=4),
    Case(256, 64, method="paper"),
    Case(256, 64, method="pseudo-inverse"),
    Case(256, 64, method="one-edge-heads"),
    Case(1024, 256, method="paper"),
    Case(1024, 256, method="one-sided"),
    Case(1024, 256, method="pseudo-inverse"),
    Case(4096, 512),
)


def measure(case: Case, seed: int, seconds: float, device: str | None) -> dict[str, Any]:
    """Build and prove one layer; the facts of a row."""
    row: dict[str, Any] = asdict(case) | {"name": case.name, "seed": seed}
    start = time.perf_counter()
    trained = case.method == "hinge"
    try:
        built = construct_attention(
            embeddings("gaussian", case.items, case.embedding_dim, seed),
            graph(case.graph, case.items, seed),
            method=case.method,
            heads=case.heads,
            key_dim=case.key_dim,
            bits=case.bits,
            gap=case.gap,
            seed=seed,
            seconds=seconds if trained else None,
            device=device if trained else None,
        )
    except (ProofError, InputError) as error:
        return row | {"exact": False, "reason": str(error)}
    return row | {
        "exact": True,
        "seconds": time.perf_counter() - start,
        "total_key_dim": built.total_key_dim,
        "c": built.unit_share,
        "weight_bits": built.weight_bits,
        "ratio": built.ratio,
        "relative_gap": built.relative_gap,
    }


def table(rows: list[dict[str, Any]]) -> Table:
    """A line for every case, over its seeds."""
    shown = Table(box=None)
    shown.add_column("case")
    for column in ("exact", "D_K", "c", "bits", "ratio", "gap", "s"):
        shown.add_column(column, justify="right")
    for name in dict.fromkeys(row["name"] for row in rows):
        some = [row for row in rows if row["name"] == name]
        good = [row for row in some if row["exact"]]
        cells = [f"{len(good)}/{len(some)}"]
        for key, form in (
            ("total_key_dim", "{:d}"), ("c", "{:.3f}"), ("weight_bits", "{:d}"),
            ("ratio", "{:.2f}"), ("relative_gap", "{:.4f}"), ("seconds", "{:.2f}"),
        ):  # fmt: skip
            values = sorted(row[key] for row in good)
            low, high = (form.format(values[0]), form.format(values[-1])) if values else ("", "")
            cells.append(low if low == high else f"{low}-{high}")
        shown.add_row(name, *cells)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", default=[], help="only cases that hold TEXT")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="for a size, about")
    parser.add_argument("--device", default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    cases = [c for c in CASES if not options.case or any(t in c.name for t in options.case)]
    rows = []
    for case in cases:
        for seed in range(options.seeds):
            rows.append(measure(case, seed, options.seconds, options.device))
    Console(width=130).print(table(rows))
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
