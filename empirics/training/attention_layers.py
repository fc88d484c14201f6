"""Layers of attention that should recognise a relational graph, trained over all pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...constructions.attention.embeddings import embeddings, read_embeddings, rounded, whitening
from ...constructions.attention.graphs import graph, read_graph
from ...constructions.attention.hinge import spectral_start
from ...verify.attention.check import RecognitionVerdict, check_recognition
from ...verify.attention.graph import RelationalGraph
from ...verify.attention.layer import AttentionLayer
from ...verify.attention.recognition import RecognitionProblem
from ...verify.attention.scores import Scores
from ...verify.attention.softmax_readout import SoftmaxReadout
from ...verify.attention.threshold import limit_of
from ...verify.errors import InputError
from .attention_losses import LOSSES, tensor_gradients, tensor_survey
from .device import Backend, deal, require_torch
from .program import Arrays, Layout, Score, Start, Survey, Tensors
from .schedule import Schedule

if TYPE_CHECKING:
    import torch

    from .slots import Pace, Slots

#: Where query and key matrices begin.
STARTS = ("random", "spectral")
#: The compiled loops take items and key dimensions so many at a time.
LANES, QUADS = 16, 4

_SCHEDULE = Schedule(800, 0.1, patience=10, decay="linear", momenta=(0.9, 0.99))


@dataclass(frozen=True)
class AttentionRun:
    """One layer of attention to train.

    Attributes:
        items: number of items, m.
        embedding_dim: d.
        heads, key_dim: h and d_k.
        graph: which pairs; see :func:`superproof.constructions.attention.graphs.graph`; or a file
            of edges, whose name has a dot.
        embeddings: kind of the item vectors; see
            :func:`superproof.constructions.attention.embeddings.embeddings`; or a file of them.
        task_seed: of graph and vectors.
        seed: of the start.
        loss: ``logistic``, ``hinge`` or ``softmax``; see :mod:`.attention_losses`.
        schedule: of the descent.
        start: ``random``, or ``spectral``: the truncated sum of the edges' outer products.
        spread: a random start has entries of deviation spread / sqrt(key_dim).
        level: r0 of the hinge.
        whiten: train in coordinates of equal second moments.
        context: softmax: the verdict is about contexts of at most so many items; None for all.

    Raises InputError for values out of range.
    """

    items: int
    embedding_dim: int
    heads: int
    key_dim: int
    graph: str = "permutation"
    embeddings: str = "gaussian"
    task_seed: int = 0
    seed: int = 0
    loss: str = "logistic"
    schedule: Schedule = _SCHEDULE
    start: str = "random"
    spread: float = 0.3
    level: float = 0.9
    whiten: bool = False
    context: int | None = None

    def __post_init__(self) -> None:
        if min(self.embedding_dim, self.heads, self.key_dim) < 1:
            raise InputError(
                "embedding_dim, heads and key_dim must be 1 or more, not "
                f"{self.embedding_dim}, {self.heads} and {self.key_dim}"
            )
        if self.loss not in LOSSES:
            raise InputError(f"unknown loss '{self.loss}'; use one of {', '.join(LOSSES)}")
        if self.start not in STARTS:
            raise InputError(f"unknown start '{self.start}'; use one of {', '.join(STARTS)}")
        if not 0 < self.spread < math.inf:
            raise InputError(f"spread must be above 0, not {self.spread}")
        if not 0 < self.level < 1:
            raise InputError(f"level must lie between 0 and 1, not {self.level}")
        if self.context is not None and not 1 <= self.context <= self.items:
            raise InputError(
                f"context must lie between 1 and the {self.items} items, not {self.context}"
            )

    @property
    def total_key_dim(self) -> int:
        """D_K."""
        return self.heads * self.key_dim

    def relation(self) -> RelationalGraph:
        """The graph to recognise."""
        return _relation(self.graph, self.items, self.task_seed)

    def vectors(self) -> np.ndarray:
        """X, (items, embedding_dim): float32 where drawn, unchanged where read."""
        return _vectors(self.embeddings, self.items, self.embedding_dim, self.task_seed)

    def frame(self, vectors: np.ndarray) -> np.ndarray:
        """C: training sees X C, and the layer is handed over for X."""
        return whitening(vectors) if self.whiten else np.eye(self.embedding_dim)


class AttentionLayers:
    """Query and key matrices for fixed item vectors. See :class:`.program.Program`."""

    name = "attention"

    def kind(self, run: AttentionRun) -> tuple[str, int]:
        """Loss and number of heads: a padded head would score 0, which may be the largest."""
        return run.loss, run.heads

    def sizes(self, run: AttentionRun) -> tuple[int, ...]:
        """Items, embedding and key dimensions, edges."""
        return *run.vectors().shape, run.key_dim, len(run.relation())

    def layout(self, kind: tuple[str, int], sizes: tuple[int, ...], backend: Backend) -> Layout:
        """Query, key, and log alpha with tau (or the null key's score)."""
        loss, heads = kind
        items, dim, key_dim, edges = sizes
        if backend.loops:
            items, key_dim = _padded(items, LANES), _padded(key_dim, QUADS)
        weights = (dim, heads, key_dim)
        data: dict[str, tuple[tuple[int, ...], str]] = {
            "sizes": ((3,), "int64"),
            "level": ((1,), "float32"),
        }
        floats = items * dim + 14 * dim * heads * key_dim + 4 * items * heads * key_dim
        if backend.loops:
            data |= {
                "columns": ((dim, items), "float32"),
                "offsets": ((items + 1,), "int32"),
                "targets": ((edges,), "int32"),
            }
            floats += items + edges
        else:
            data |= {
                "embeddings": ((items, dim), "float32"),
                "signs": ((items, items), "int8"),
            }
            floats += items * items * (heads * (12 if loss == "softmax" else 4) + 6)
        return Layout({"query": weights, "key": weights, "scale": (2,)}, data, floats)

    def start(self, run: AttentionRun, layout: Layout) -> Start:
        """Normal or spectral weights; vectors and edges of the task."""
        task = (run.graph, run.embeddings, run.items, run.embedding_dim, run.task_seed, run.whiten)
        relation, points = run.relation(), _points(*task[1:])
        if run.start == "spectral":
            query, key = _spectral(*task, run.heads, run.key_dim)
        else:
            rng = np.random.default_rng([run.seed, 23])
            shape = (2, run.embedding_dim, run.heads, run.key_dim)
            query, key = rng.standard_normal(shape, dtype=np.float32) * np.float32(
                run.spread / run.key_dim**0.5
            )
        data: Arrays = {
            "sizes": np.array([*points.shape, _padded(run.key_dim, QUADS)]),
            "level": np.full(1, run.level, dtype=np.float32),
        }
        if "columns" in layout.data:
            offsets = np.searchsorted(relation.edges[:, 0], np.arange(run.items + 1))
            data["columns"] = points.T
            data["offsets"] = offsets.astype(np.int32)
            data["targets"] = relation.edges[:, 1].astype(np.int32)
        else:
            edge = relation.adjacency(slice(0, run.items))
            data["embeddings"] = points
            data["signs"] = np.where(edge, np.int8(1), np.int8(-1))
        return Start({"query": query, "key": key, "scale": np.zeros(2, dtype=np.float32)}, data)

    def gradients(
        self,
        kind: tuple[str, int],
        parameters: Tensors,
        data: Tensors,
        age: torch.Tensor,
        backend: Backend,
    ) -> Tensors:
        """Over all pairs, at every step."""
        loss, heads = kind
        return tensor_gradients(loss, heads, parameters, data, backend.precision)

    def descend(self, kind: tuple[str, int], slots: Slots, pace: Pace, backend: Backend) -> None:
        """The same gradients and Adam in compiled loops, one run after the other."""
        from .kernels.attention import descend

        loss, heads = kind
        deal(
            descend, len(slots.tenants), backend.threads, LOSSES.index(loss), heads,
            slots.layout.parameters["query"][2], slots.flat.numpy(), slots.mean.numpy(),
            slots.square.numpy(), *_looped(slots.data), pace.sizes.numpy(), pace.roots.numpy(),
            pace.constants.numpy(),
        )  # fmt: skip

    def survey(
        self, kind: tuple[str, int], parameters: Tensors, data: Tensors, backend: Backend
    ) -> Survey:
        """Learned when all pairs are on their sides."""
        loss, heads = kind
        if not backend.loops:
            return tensor_survey(loss, heads, parameters, data, backend.precision)
        from .kernels.attention import survey

        torch = require_torch()
        flat = torch.cat([tensor.flatten(1) for tensor in parameters.values()], dim=1)
        found = torch.empty(len(flat), 2)
        deal(
            survey, len(flat), backend.threads, LOSSES.index(loss), heads,
            parameters["query"].shape[3], flat.numpy(), *_looped(data), found.numpy(),
        )  # fmt: skip
        return Survey(found[:, 0], found[:, 1] > 0)

    def revise(
        self, run: AttentionRun, parameters: Arrays, data: Arrays, rounds: int
    ) -> Arrays | None:
        """All pairs are there already."""
        return None

    def model(self, run: AttentionRun, parameters: Arrays) -> AttentionLayer:
        """The layer for the item vectors as given, with its threshold for scores.

        The threshold is the learned one; for the hinge the middle of the two sides, or of its
        levels where the sides overlap. For softmax it is the null key's score.
        """
        vectors = run.vectors()
        frame = run.frame(vectors) if run.whiten else None
        query, key = (
            parameters[name].transpose(1, 0, 2).astype(np.float64) for name in ("query", "key")
        )
        if frame is not None:
            query, key = np.matmul(frame, query), np.matmul(frame, key)
        layer = AttentionLayer(vectors, query, key)
        if run.loss != "hinge":
            return layer.with_threshold(Fraction(float(parameters["scale"][1])))
        open_verdict = check_recognition(RecognitionProblem(layer, run.relation()), dtypes=())
        middle = open_verdict.scores.threshold
        level = (1 + run.level) / 2 if middle is None else float(middle)
        return layer.with_threshold(Fraction(level))

    def problem(self, run: AttentionRun, model: AttentionLayer) -> RecognitionProblem:
        """What the verifier is asked."""
        softmax = None
        if run.loss == "softmax":
            softmax = SoftmaxReadout(Fraction(1), run.context or run.items, model.threshold)
        return RecognitionProblem(model, run.relation(), softmax)

    def verdict(self, run: AttentionRun, model: AttentionLayer) -> RecognitionVerdict:
        """Decided over all pairs, and for softmax over all contexts; wrong pairs counted."""
        return check_recognition(self.problem(run, model), dtypes=())

    def score(self, run: AttentionRun, model: AttentionLayer, verdict: RecognitionVerdict) -> Score:
        """Wrong pairs, and micro-F1 from exact counts of missed edges and reported others."""
        relation, total = run.relation(), run.items**2
        if verdict.softmax is not None:
            missed, reported = verdict.softmax.missed, verdict.softmax.reported
        else:
            scores = Scores(model)
            strengths = scores.combined(*relation.edges.T)
            missed = int((strengths <= limit_of(scores, model.threshold)).sum())
            assert verdict.violations is not None
            reported = verdict.violations - missed
        if missed is None or reported is None:
            return Score(None, total)
        found = len(relation) - missed
        f1 = Fraction(2 * found, 2 * found + missed + reported)
        return Score(missed + reported, total, f1)


def _looped(data: Tensors) -> list[np.ndarray]:
    """What the compiled loops read, in their order."""
    names = ("sizes", "level", "columns", "offsets", "targets")
    return [data[name].numpy() for name in names]


def _padded(size: int, step: int) -> int:
    return -(-size // step) * step


@lru_cache(maxsize=32)
def _relation(name: str, items: int, seed: int) -> RelationalGraph:
    """A named graph, or the edges of a file; many runs share one."""
    return read_graph(Path(name), items) if "." in name else graph(name, items, seed)


@lru_cache(maxsize=32)
def _vectors(kind: str, items: int, dim: int, seed: int) -> np.ndarray:
    """Drawn vectors, or those of a file; many runs share them."""
    if "." in kind:
        vectors = read_embeddings(Path(kind))
        if vectors.shape != (items, dim):
            raise InputError(
                f"{kind}: {vectors.shape[0]} vectors of {vectors.shape[1]} dimensions, not "
                f"{items} of {dim}"
            )
    else:
        vectors = rounded(embeddings(kind, items, dim, seed))
    vectors.flags.writeable = False
    return vectors


@lru_cache(maxsize=32)
def _points(kind: str, items: int, dim: int, seed: int, whiten: bool) -> np.ndarray:
    """The vectors in the coordinates of training, float32."""
    vectors = _vectors(kind, items, dim, seed)
    if whiten:
        vectors = vectors.astype(np.float64) @ whitening(vectors)
    return vectors.astype(np.float32)


@lru_cache(maxsize=32)
def _spectral(
    name: str, kind: str, items: int, dim: int, seed: int, whiten: bool, heads: int, key_dim: int
) -> np.ndarray:
    """Spectral query and key weights, (2, dim, heads, key_dim); many runs begin with the same."""
    points = _points(kind, items, dim, seed, whiten)
    weights = spectral_start(points, _relation(name, items, seed), heads, key_dim)
    return weights.transpose(0, 2, 1, 3)
