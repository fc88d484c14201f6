"""Recognition problems: does a layer of attention report exactly the edges of a graph?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..dyadic import Dyadic
from ..errors import InputError
from ..problem import digest
from .graph import RelationalGraph
from .layer import AttentionLayer
from .softmax_readout import SoftmaxReadout

FORMAT = "superproof-attention-1"


@dataclass(frozen=True, eq=False)
class RecognitionProblem:
    """A layer, the graph that it should recognise, and how its scores are read.

    Without ``softmax`` a pair is reported when its score is above the layer's threshold; scores
    do not depend on the context, so what holds for all pairs holds in every context. With it,
    every context of at most ``softmax.context`` items counts.

    Raises InputError where layer and graph do not fit.
    """

    layer: AttentionLayer
    graph: RelationalGraph
    softmax: SoftmaxReadout | None = None

    def __post_init__(self) -> None:
        if self.layer.items != self.graph.items:
            raise InputError(
                f"the graph has {self.graph.items} items, but there are embeddings of "
                f"{self.layer.items}; every item needs one"
            )
        if self.softmax is not None:
            self.softmax.require_items(self.layer.items)
            if self.layer.aggregation == "sum":
                raise InputError(
                    "the softmax read-out takes each head by itself; aggregation 'sum' has no "
                    "meaning there, use 'max'"
                )

    def canonical(self) -> dict[str, Any]:
        """The problem as JSON data: integers, and fractions as text. One form a problem."""
        embeddings, query, key = self.layer.exact
        threshold = self.layer.threshold
        readout: dict[str, Any]
        if self.softmax is None:
            readout = {
                "kind": "threshold",
                "threshold": None if threshold is None else str(threshold),
            }
        else:
            null = self.softmax.null
            readout = {
                "kind": "softmax",
                "temperature": str(self.softmax.temperature),
                "context": self.softmax.context,
                "null": None if null is None else str(null),
                "level": str(self.softmax.level),
            }
        return {
            "format": FORMAT,
            "layer": {
                "embeddings": _integers(embeddings),
                "query": _integers(query),
                "key": _integers(key),
                "aggregation": self.layer.aggregation,
            },
            "graph": {"items": self.graph.items, "edges": self.graph.edges.tolist()},
            "readout": readout,
        }

    @cached_property
    def sha256(self) -> dict[str, str]:
        """Hashes of layer, graph and read-out in the canonical form."""
        data = self.canonical()
        return {part: digest(data[part]) for part in ("layer", "graph", "readout")}


def _integers(array: Dyadic) -> dict[str, Any]:
    return {"exponent": array.exponent, "mantissa": array.mantissa.tolist()}
