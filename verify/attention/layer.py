"""Layers of attention: fixed embeddings, and heads that score ordered pairs of items."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..domain_notation import rational
from ..dyadic import Dyadic
from ..errors import InputError
from ..verdict_text import amount

Aggregation = Literal["max", "sum"]
AGGREGATIONS: tuple[Aggregation, ...] = ("max", "sum")


@dataclass(frozen=True, eq=False)
class AttentionLayer:
    """Head a scores items i and j by ``x_i W_Q^a (x_j W_K^a)^T``, exactly.

    A layer is what the hardware holds: every number is a dyadic rational. Heads with fewer key
    dimensions than others have zeros in the rest.

    Attributes:
        embeddings: X, (items, embedding_dim), numbers of any type.
        query, key: W_Q and W_K, (heads, embedding_dim, key_dim).
        aggregation: the score of a pair is the ``max`` or the ``sum`` over the heads.
        threshold: a pair is reported when its score is strictly above; None leaves it open, and
            then any threshold will do. Floats are taken exactly.

    Raises InputError for shapes that do not fit and for numbers that are not finite.
    """

    embeddings: np.ndarray
    query: np.ndarray
    key: np.ndarray
    aggregation: Aggregation = "max"
    threshold: Fraction | None = None

    def __post_init__(self) -> None:
        if self.aggregation not in AGGREGATIONS:
            names = " or ".join(AGGREGATIONS)
            raise InputError(f"unknown aggregation '{self.aggregation}'; use {names}")
        for name, axes in (("embeddings", 2), ("query", 3), ("key", 3)):
            array = np.asarray(getattr(self, name))
            if array.ndim != axes or 0 in array.shape:
                wanted = (
                    "(items, embedding_dim)" if axes == 2 else "(heads, embedding_dim, key_dim)"
                )
                raise InputError(f"{name}: shape {array.shape}, not {wanted}")
            object.__setattr__(self, name, array)
        if self.query.shape != self.key.shape:
            raise InputError(
                f"query has shape {self.query.shape}, key {self.key.shape}; they must agree"
            )
        if self.query.shape[1] != self.embedding_dim:
            raise InputError(
                f"embeddings have {self.embedding_dim} dimensions, but query and key take "
                f"{self.query.shape[1]}"
            )
        if self.threshold is not None:
            object.__setattr__(self, "threshold", rational(self.threshold, "threshold"))
        _ = self.exact

    @property
    def items(self) -> int:
        """Number of items, m."""
        return int(self.embeddings.shape[0])

    @property
    def embedding_dim(self) -> int:
        """Dimensions of an embedding, d."""
        return int(self.embeddings.shape[1])

    @property
    def heads(self) -> int:
        """Number of heads, h."""
        return int(self.query.shape[0])

    @property
    def key_dim(self) -> int:
        """Key dimensions of a head, d_k."""
        return int(self.query.shape[2])

    @property
    def total_key_dim(self) -> int:
        """Key dimensions of all heads that are not zero in query or key, D_K."""
        used = (self.query != 0).any(axis=1) & (self.key != 0).any(axis=1)
        return int(used.sum())

    @cached_property
    def exact(self) -> tuple[Dyadic, Dyadic, Dyadic]:
        """Embeddings, query and key as integers times powers of two."""
        return (
            _finite(self.embeddings, "embeddings"),
            _finite(self.query, "query"),
            _finite(self.key, "key"),
        )

    def with_threshold(self, threshold: Fraction | None) -> AttentionLayer:
        """The same layer, read at another threshold."""
        return AttentionLayer(self.embeddings, self.query, self.key, self.aggregation, threshold)

    def __repr__(self) -> str:
        return (
            f"AttentionLayer({self.items} items, {self.embedding_dim} dimensions, "
            f"{amount(self.heads, 'head')} of {self.key_dim})"
        )


def _finite(array: Any, name: str) -> Dyadic:
    values = np.asarray(array)
    if values.dtype.kind == "f":
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            place = ", ".join(map(str, wrong[0]))
            raise InputError(f"{name}: entry [{place}] is {values[tuple(wrong[0])]}, not finite")
    return Dyadic.from_array(values, name)
