"""Build a layer of attention that provably recognises a graph, by training or in closed form."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...verify.attention.check import check_recognition
from ...verify.attention.graph import RelationalGraph
from ...verify.attention.recognition import RecognitionProblem
from ...verify.errors import InputError, ProofError, require_seed
from ...verify.verdict_text import amount
from .closed_forms import CLOSED, closed_form
from .construction import AttentionConstruction
from .embeddings import as_embeddings, incoherence, require_separable
from .freezing import FINE_LEVELS, LEVELS, freeze
from .hinge import LEVEL, TIGHT_LEVEL, Found, hinge, widest
from .readout import soft_readout
from .rounding import Rounded, decided, require_bits, rounded_layer
from .sizing import ATTEMPTS, Size, hinge_size, wider
from .sizing import widest as widest_key_dim

#: How a layer may be found.
METHODS = ("hinge", *CLOSED)
#: Levels and steps that the hinge tries at a size, in turn, and the relative gap below which
#: going on never helped; fewer tries where the size is free.
TRIES = ((LEVEL, 300, -0.5), (TIGHT_LEVEL, 1500, -0.15), (TIGHT_LEVEL, 4000, -1.0))
FREE_TRIES = 2
#: Up to so many bits weights are frozen on the grid while training; above, rounding comes first.
FROZEN_BITS, ROUNDED_BITS = 5, 4
#: Bits of a layer that is only there to say how far training came.
HOPELESS_BITS = 16
#: Share of the gap that rounding leaves where softmax needs it.
SOFT_KEEP = 0.6
#: Relative gaps that are tried in turn where softmax finds no temperature.
SOFT_GAPS = (0.3, 0.5)
#: A gap is widened to this factor of what was asked for, as rounding takes some of it.
RESERVE = 1.03

Progress = Callable[[int, float], None]


def construct_attention(
    embeddings: Any,
    graph: RelationalGraph,
    *,
    method: str = "hinge",
    heads: int | None = None,
    key_dim: int | None = None,
    bits: int | None = None,
    gap: float | None = None,
    context: int | None = None,
    seed: int = 0,
    draws: int = 3,
    seconds: float | None = None,
    device: str | None = None,
    progress: Progress = lambda step, gap: None,
) -> AttentionConstruction:
    """A layer of attention that recognises the graph, proved in exact integers.

    Args:
        embeddings: X, (items, embedding_dim), kept as they are.
        graph: which pairs should be reported.
        method: one of :data:`METHODS`.
        heads, key_dim: h and d_k; None for a design rule, and then larger ones where it fails.
        bits: of a weight; None for the fewest to which the weights can be rounded.
        gap: relative gap to leave, (least edge - greatest other) / least edge; hinge only.
        context: choose null key and temperature for softmax over so many items, too.
        seed: of closed forms and of freezing; the hinge has no random numbers.
        draws: seeds tried, from ``seed`` upwards, where there are any.
        seconds: training of a size ends after about so long.
        device: torch device for the hinge; None for the processor.
        progress: called with (step, relative gap) while training.

    Raises:
        InputError: numbers or embeddings that do not fit.
        ProofError: no layer was found; it says how far the best one came.
    """
    points = as_embeddings(embeddings)
    _require(points, graph, method, heads, key_dim, bits, gap, context, seed, draws, seconds)
    options: dict[str, Any] = {
        "method": method, "heads": heads, "key_dim": key_dim, "bits": bits, "seed": seed,
        "draws": draws, "seconds": seconds, "device": device, "progress": progress,
    }  # fmt: skip
    if context is not None and method == "hinge" and key_dim is None:
        # edges of one item share a softmax: where a gap is too small for them, a larger one
        for wider_gap in (gap, *(g for g in SOFT_GAPS if g > (gap or 0.0))):
            built = _build(points, graph, gap=wider_gap, context=context, **options)
            try:
                return softened(built, context)
            except ProofError as failed:
                error = failed
        raise error
    built = _build(points, graph, gap=gap, context=context, **options)
    return built if context is None else softened(built, context)


def _build(
    points: np.ndarray,
    graph: RelationalGraph,
    *,
    method: str,
    heads: int | None,
    key_dim: int | None,
    bits: int | None,
    gap: float | None,
    context: int | None,
    seed: int,
    draws: int,
    seconds: float | None,
    device: str | None,
    progress: Progress,
) -> AttentionConstruction:
    """The layer, proved at its threshold."""
    begun = time.monotonic()
    if method == "hinge":
        builder = _Hinge(points, graph, bits, gap, seed, draws, seconds, device, progress,
                         context)  # fmt: skip
        found, facts = builder.build(heads, key_dim)
    else:
        if device is not None or gap is not None:
            raise InputError(f"{method} trains nothing: leave gap and device out, or use hinge")
        found, facts = closed_form(method, points, graph, heads, key_dim, bits, seed, draws)
    if not found.proved:
        raise ProofError(failure(found, points, graph, facts))
    facts["seconds"] = round(time.monotonic() - begun, 3)
    return AttentionConstruction(
        method=method,
        layer=found.layer,
        graph=graph,
        decision=found.decision,
        seed=seed,
        weight_bits=found.bits,
        incoherence=incoherence(points, graph).to_json(),
        parameters=facts,
    )


def softened(built: AttentionConstruction, context: int) -> AttentionConstruction:
    """The same layer with a null key and a temperature, proved for contexts of so many items.

    Raises InputError for a context that does not fit, ProofError where no temperature does it.
    """
    problem = RecognitionProblem(built.layer, built.graph)
    readout, source = soft_readout(problem, built.decision, context)
    soft = replace(problem, softmax=readout)
    verdict = check_recognition(soft, dtypes=())
    if not verdict.holds:
        raise ProofError(
            f"softmax at temperature {float(readout.temperature):.4g} was not proved: "
            f"{verdict.status}"
        )
    return replace(
        built,
        softmax=readout,
        parameters={**built.parameters, "temperature_by": source},
        certified_how=built.certified_how + "; softmax in all contexts (docs/attention-softmax.md)",
    )


def failure(
    found: Rounded, embeddings: np.ndarray, graph: RelationalGraph, facts: dict[str, Any]
) -> str:
    """What a ProofError says about the best layer that was found."""
    layer = found.layer
    gap = facts.get("wanted_gap")
    wanted = f" (wanted: {gap:.3g})" if gap else ""
    return (
        f"no exact layer of {amount(layer.heads, 'head')} with {layer.key_dim} key dimensions and "
        f"{found.bits}-bit weights was found for {len(graph)} edges on {len(embeddings)} items: "
        f"the best one has a relative gap of {found.relative_gap:.3g}{wanted}; give more key "
        "dimensions, heads or bits, or another seed"
    )


class _Hinge:
    """Trained layers: at a given size, or at the first of rising sizes that works."""

    def __init__(
        self,
        points: np.ndarray,
        graph: RelationalGraph,
        bits: int | None,
        gap: float | None,
        seed: int,
        draws: int,
        seconds: float | None,
        device: str | None,
        progress: Progress,
        context: int | None,
    ) -> None:
        self.keep = 0.0 if context is None else SOFT_KEEP
        # edges of one item share a softmax, so they should score alike
        self.even = context is not None and int(graph.degrees[0].max()) > 1
        self.points, self.graph, self.bits, self.gap = points, graph, bits, gap
        self.seed, self.draws, self.seconds, self.device = seed, draws, seconds, device
        self.progress = progress

    def build(self, heads: int | None, key_dim: int | None) -> tuple[Rounded, dict[str, Any]]:
        """The first layer with what was asked for, or else the best."""
        dim = self.points.shape[1]
        rule = hinge_size(self.graph, dim, heads=heads, bits=self.bits, gap=self.gap)
        size: Size | None = rule if key_dim is None else Size(rule.heads, key_dim, "as asked for")
        best: tuple[Rounded, dict[str, Any]] | None = None
        most = widest_key_dim(dim, self.bits)
        tried = 0
        while size is not None:
            tried += 1
            found, facts = self._at(size, free=key_dim is None)
            facts |= {"size_by": size.source, "enlarged": tried - 1, "whitened": True}
            if best is None or found.relative_gap > best[0].relative_gap:
                best = found, facts
            if self._good(found):
                return found, facts
            if key_dim is not None or tried >= ATTEMPTS:
                break
            size = self._next(size, rule, tried, most, heads)
        assert best is not None
        if self.gap and best[0].proved:
            raise ProofError(
                failure(best[0], self.points, self.graph, best[1] | {"wanted_gap": self.gap})
            )
        return best

    def _next(
        self, size: Size, rule: Size, tried: int, most: int, heads: int | None
    ) -> Size | None:
        """A larger size; every third one has one head more than the rule, where heads are free."""
        if heads is None and tried % 3 == 0:
            more = size.heads + 1
            return Size(more, -(-size.key_dim * size.heads // more), rule.source)
        return wider(size, most)

    def _good(self, found: Rounded) -> bool:
        return found.proved and found.relative_gap >= (self.gap or 0.0)

    def _at(self, size: Size, free: bool) -> tuple[Rounded, dict[str, Any]]:
        few = self.bits is not None and self.bits <= FROZEN_BITS
        found: Rounded | None = None
        facts: dict[str, Any] = {}
        if not few or (self.bits or 0) >= ROUNDED_BITS:
            found, facts = self._rounded(size, free)
            if self._good(found) or not few:
                return found, facts
        return self._frozen(size, found, facts)

    def _rounded(self, size: Size, free: bool) -> tuple[Rounded, dict[str, Any]]:
        """Train with real weights, then round."""
        real: Found | None = None
        steps, begun = 0, time.monotonic()
        for level, most, hopeless_gap in TRIES[: FREE_TRIES if free else len(TRIES)]:
            left = None if self.seconds is None else self.seconds - (time.monotonic() - begun)
            if left is not None and left <= 0:
                break
            now = hinge(
                self.points, self.graph, size.heads, size.key_dim, level=level, steps=most,
                seconds=left, device=self.device, even=self.even, tick=self.progress,
            )  # fmt: skip
            steps += now.steps
            if real is None or now.gap > real.gap:
                real = now
            if now.gap > 0 or real.gap < hopeless_gap:
                break
        assert real is not None
        if real.gap > 0 and self.gap is not None and real.gap < self.gap * RESERVE:
            wide = widest(
                self.points, self.graph, real, gap=self.gap * RESERVE, device=self.device,
                even=self.even, tick=self.progress,
            )  # fmt: skip
            steps += wide.steps - real.steps
            real = wide
        hopeless = real.gap <= 0
        found = rounded_layer(
            self.points,
            self.graph,
            real.query,
            real.key,
            bits=HOPELESS_BITS if hopeless and self.bits is None else self.bits,
            gap=self.gap or 0.0,
            keep=self.keep,
        )
        return found, {"steps": steps, "level": real.level, "gap_before_rounding": real.gap}

    def _frozen(
        self, size: Size, found: Rounded | None, facts: dict[str, Any]
    ) -> tuple[Rounded, dict[str, Any]]:
        """Freeze the weights on the grid while training."""
        assert self.bits is not None
        for draw in range(self.seed, self.seed + self.draws):
            for level in LEVELS.get(self.bits, FINE_LEVELS):
                frozen = freeze(
                    self.points, self.graph, size.heads, size.key_dim, self.bits, seed=draw,
                    level=level, seconds=self.seconds, tick=self.progress,
                )  # fmt: skip
                now = decided(self.points, self.graph, frozen.query, frozen.key, self.bits)
                if found is None or now.relative_gap > found.relative_gap:
                    found = now
                    facts = {"steps": frozen.steps, "changes": frozen.changes, "level": level,
                             "draw": draw, "frozen": True}  # fmt: skip
                if self._good(found):
                    return found, facts
        assert found is not None
        return found, facts


def _require(
    points: np.ndarray,
    graph: RelationalGraph,
    method: str,
    heads: int | None,
    key_dim: int | None,
    bits: int | None,
    gap: float | None,
    context: int | None,
    seed: int,
    draws: int,
    seconds: float | None,
) -> None:
    if method not in METHODS:
        raise InputError(f"unknown method '{method}'; use one of {', '.join(METHODS)}")
    if len(points) != graph.items:
        raise InputError(
            f"the graph has {graph.items} items, but there are embeddings of {len(points)}; every "
            "item needs one"
        )
    require_separable(points, graph)
    for name, value in (("heads", heads), ("key dimensions", key_dim), ("draws", draws)):
        if value is not None and value < 1:
            raise InputError(f"{name} must be 1 or more, not {value}")
    require_bits(bits)
    if gap is not None and not 0 < gap < 1:
        raise InputError(f"the relative gap must lie between 0 and 1, not {gap:g}")
    if context is not None and not 1 <= context <= graph.items:
        raise InputError(f"context {context}: a context has between 1 and all {graph.items} items")
    require_seed(seed)
    if seconds is not None and not 0 < seconds < 1e9:
        raise InputError(f"seconds must be above 0, not {seconds:g}")
