"""The least certified construction for the same vectors and permutations as the trained layers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...constructions.attention import embeddings, graph, smallest_attention
from ...verify.errors import ProofError
from ..run_plan import Planned, complete
from ..store import Run, RunStore
from .plan import Cell
from .trained import NAME


@dataclass(frozen=True)
class Certified:
    """A layer that was proved to recognise its permutation.

    Attributes:
        cell, seed: which permutation and vectors.
        total_key_dim: None where nothing was proved.
        heads, weight_bits: of the layer.
    """

    cell: Cell
    seed: int
    total_key_dim: int | None
    heads: int | None
    weight_bits: int | None


def certified_sizes(
    store: RunStore, cell: Cell, seed: int, seconds: float
) -> tuple[Certified, ...]:
    """Search the least size of every seed; layers that the store holds are not built again."""
    seeds = range(seed, seed + cell.certified)
    about = {
        "series": "certified construction",
        "items": cell.items,
        "embedding_dim": cell.embedding_dim,
        "seconds": seconds,
    }
    planned = [Planned(NAME, about, own) for own in seeds]

    def do(some: Sequence[Planned]) -> Iterator[Run]:
        for one in some:
            begun = time.monotonic()
            result = _built(cell, one.seed, seconds)
            taken = round(time.monotonic() - begun, 3)
            yield Run(NAME, one.configuration, one.seed, result=result, seconds=taken)

    found = complete(store, planned, do)
    return tuple(
        Certified(
            cell, run.seed, *(run.result[key] for key in ("total_key_dim", "heads", "weight_bits"))
        )
        for run in found
    )


def _built(cell: Cell, seed: int, seconds: float) -> dict[str, Any]:
    points = embeddings("gaussian", cell.items, cell.embedding_dim, seed)
    edges = graph("permutation", cell.items, seed)
    try:
        built = smallest_attention(points, edges, seconds=seconds)
    except ProofError as error:
        return {"total_key_dim": None, "heads": None, "weight_bits": None, "reason": str(error)}
    return {
        "total_key_dim": built.total_key_dim,
        "heads": built.heads,
        "key_dim": built.key_dim,
        "weight_bits": built.weight_bits,
        "bits_over_bound": built.ratio,
        "tried": built.parameters["tried"],
    }
