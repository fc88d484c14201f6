"""The least total key dimension at which a layer for one instance can be found and proved.

A size that fails proves nothing: what is found is an upper bound on the least total key dimension,
with the sizes that were tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError, ProofError
from .construct import construct_attention
from .construction import AttentionConstruction
from .embeddings import as_embeddings
from .sizing import hinge_size

#: Sizes fall by this factor until one fails, since a failure takes longest.
FALL = 0.8


def smallest_attention(
    embeddings: Any,
    graph: RelationalGraph,
    *,
    heads: Sequence[int] | None = None,
    bits: int | None = None,
    gap: float | None = None,
    seed: int = 0,
    seconds: float | None = 60.0,
    device: str | None = None,
    progress: Callable[[int, int, bool], None] = lambda heads, key_dim, found: None,
) -> AttentionConstruction:
    """Search heads and key dimensions for the least total, downwards for each number of heads.

    Args:
        embeddings, graph: the instance.
        heads: numbers of heads to try; None for the design rule's and one more.
        bits, gap, seed, device: see :func:`construct_attention`.
        seconds: of training at each size.
        progress: called with heads, key dimension and whether a layer was found.

    Returns the layer of least total key dimension; its parameters list what was ``tried``.

    Raises:
        InputError: numbers that do not fit.
        ProofError: no size up to twice the design rule's worked.
    """
    points = as_embeddings(embeddings)
    rule = hinge_size(graph, points.shape[1], bits=bits, gap=gap)
    counts = (rule.heads, rule.heads + 1) if heads is None else tuple(heads)
    if not counts or min(counts) < 1:
        raise InputError("heads: give one or more numbers of heads, each 1 or more")
    search = _Search(points, graph, bits, gap, seed, seconds, device, progress)
    for count in counts:
        first = max(1, -(-rule.heads * rule.key_dim // count))
        if search.best is not None:
            first = min(first, (search.best.total_key_dim - 1) // count)
        search.descend(count, first)
    if search.best is None:
        assert search.error is not None
        raise search.error
    parameters = {**search.best.parameters, "tried": search.tried}
    return replace(search.best, parameters=parameters)


class _Search:
    """Tries sizes, and keeps the smallest layer."""

    def __init__(
        self,
        points: Any,
        graph: RelationalGraph,
        bits: int | None,
        gap: float | None,
        seed: int,
        seconds: float | None,
        device: str | None,
        progress: Callable[[int, int, bool], None],
    ) -> None:
        self.points, self.graph, self.bits, self.gap = points, graph, bits, gap
        self.seed, self.seconds, self.device, self.progress = seed, seconds, device, progress
        self.best: AttentionConstruction | None = None
        self.error: ProofError | None = None
        self.tried: list[dict[str, Any]] = []

    def descend(self, heads: int, first: int) -> None:
        """Lower the key dimension until it fails, then bisect; the first size is doubled once
        where it fails."""
        if first < 1:
            return
        low, high = 0, first
        if not self._works(heads, high):
            low, high = high, 2 * high
            if self.best is not None or not self._works(heads, high):
                return
        while high - low > 1:
            middle = (low + high) // 2 if low else max(1, int(FALL * high))
            low, high = (low, middle) if self._works(heads, middle) else (middle, high)

    def _works(self, heads: int, key_dim: int) -> bool:
        try:
            built = construct_attention(
                self.points, self.graph, heads=heads, key_dim=key_dim, bits=self.bits,
                gap=self.gap, seed=self.seed, seconds=self.seconds, device=self.device,
            )  # fmt: skip
        except ProofError as error:
            self.error = error
            found = False
        else:
            found = True
            if self.best is None or built.total_key_dim < self.best.total_key_dim:
                self.best = built
        self.tried.append({"heads": heads, "key_dim": key_dim, "found": found})
        self.progress(heads, key_dim, found)
        return found
