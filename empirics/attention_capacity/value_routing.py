"""Attention with softmax over a context whose output must be nearest to the target's vector.

Item i of a context C attends to its items, and the output of i is read as the item k of C with the
largest ``<output, x_k>``; right is ``pi(i)``. Three ways to make the output from the weights A:
``identity``: the mean over heads of ``sum_k A_ik x_k``; ``values``: the sum over heads of
``sum_k A_ik x_k W_V W_O``; ``block``: a transformer block with normalised inputs, the residual, and
a two-layer network with a residual of its own behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...constructions.attention.embeddings import whitening
from ...constructions.attention.graphs import permutation
from ...verify.attention.graph import RelationalGraph
from ...verify.errors import InputError
from ..training.device import Backend, require_torch
from ..training.program import Arrays, Layout, Score, Start, Survey, Tensors
from ..training.schedule import Schedule
from .frozen_embeddings import frozen
from .routing_check import RoutingVerdict, check_routing
from .routing_contexts import contexts
from .routing_model import RoutedLayer, normalised

if TYPE_CHECKING:
    import torch

#: How the output is made.
OUTPUTS = ("identity", "values", "block", "network")
#: Contexts of each item that training goes through in turn, and others that a look takes.
POOL, LOOK = 128, 12
#: A run ends early when the target has at least this share in every context of a look.
SURE = 0.9

#: Output, heads, items, dimensions and context.
Kind = tuple[str, int, int, int, int]

_SCHEDULE = Schedule(400, 0.02, patience=25, decay="linear", warm_up=0.05, momenta=(0.9, 0.99))


@dataclass(frozen=True)
class RoutingRun:
    """One layer or block to train.

    Attributes:
        items, embedding_dim, heads, key_dim: m, d, h and d_k.
        output: one of :data:`OUTPUTS`.
        context: items of a context, l.
        embeddings: kind; see :func:`.frozen_embeddings.frozen`. ``digest``: of a file's vectors.
        hidden: neurons of the block's network.
        task_seed: of vectors, permutation and contexts. ``seed``: of the start.
        whiten: queries, keys and values are made from coordinates of equal second moments.
        schedule: of the descent.
        spread: queries and keys start with entries of deviation spread / sqrt(key_dim).

    Raises InputError for values out of range.
    """

    items: int
    embedding_dim: int
    heads: int
    key_dim: int
    output: str = "identity"
    context: int = 16
    embeddings: str = "gaussian"
    digest: str = ""
    hidden: int = 128
    task_seed: int = 0
    seed: int = 0
    whiten: bool = False
    schedule: Schedule = field(default=_SCHEDULE)
    spread: float = 0.1

    def __post_init__(self) -> None:
        sizes = (self.embedding_dim, self.heads, self.key_dim, self.hidden)
        if min(sizes) < 1:
            raise InputError(
                "embedding_dim, heads, key_dim and hidden must be 1 or more, not "
                f"{', '.join(map(str, sizes))}"
            )
        if self.output not in OUTPUTS:
            raise InputError(f"unknown output '{self.output}'; use one of {', '.join(OUTPUTS)}")
        if not 2 <= self.context <= self.items:
            raise InputError(
                f"context must lie between 2 and the {self.items} items, not {self.context}"
            )

    @property
    def total_key_dim(self) -> int:
        """D_K."""
        return self.heads * self.key_dim

    @property
    def value_dim(self) -> int:
        """Dimensions of a head's values: all heads together have as many as the embeddings."""
        return max(1, self.embedding_dim // self.heads)

    def vectors(self) -> np.ndarray:
        """X, (items, embedding_dim)."""
        return frozen(self.embeddings, self.items, self.embedding_dim, self.task_seed)

    def relation(self) -> RelationalGraph:
        """Which item each one should find."""
        return permutation(self.items, self.task_seed)

    def points(self) -> np.ndarray:
        """What queries, keys and values are made from, float32: X, whitened, or normalised."""
        vectors = self.vectors().astype(np.float64)
        if self.output == "block":
            return normalised(vectors).astype(np.float32)
        if self.whiten:
            vectors = vectors @ whitening(vectors)
        return np.asarray(vectors, dtype=np.float32)


class RoutingLayers:
    """Attention with values, and blocks. See :class:`..training.program.Program`."""

    name = "value routing"

    def kind(self, run: RoutingRun) -> Kind:
        """Output, heads, items, dimensions and context: what padding would change."""
        return run.output, run.heads, run.items, run.embedding_dim, run.context

    def sizes(self, run: RoutingRun) -> tuple[int, ...]:
        """Key dimensions and neurons; more of them, all zero, stay zero and change nothing."""
        return run.key_dim, run.hidden

    def layout(self, kind: Kind, sizes: tuple[int, ...], backend: Backend) -> Layout:
        """Matrices of the heads, of the block's network, and the logarithm of the scale."""
        output, heads, items, dim, context = kind
        key_dim, hidden = sizes
        parameters: dict[str, tuple[int, ...]] = {"scale": (1,)}
        value_dim = max(1, dim // heads)
        if output != "network":
            parameters |= {"query": (dim, heads, key_dim), "key": (dim, heads, key_dim)}
        if output in ("values", "block"):
            parameters |= {"value": (dim, heads, value_dim), "out": (heads, value_dim, dim)}
        if output in ("block", "network"):
            parameters |= {
                "up": (dim, hidden), "up_bias": (hidden,), "down": (hidden, dim),
                "down_bias": (dim,),
            }  # fmt: skip
        data: dict[str, tuple[tuple[int, ...], str]] = {
            "vectors": ((items, dim), "float32"),
            "points": ((items, dim), "float32"),
            "contexts": ((POOL + LOOK, items, context), "int32"),
        }
        weights = sum(int(np.prod(shape)) for shape in parameters.values())
        scores = items * items * (4 * heads + 8) + items * (8 * dim + 4 * hidden)
        return Layout(parameters, data, 6 * weights + (POOL + LOOK) * items * context + scores)

    def start(self, run: RoutingRun, layout: Layout) -> Start:
        """Random matrices, the vectors, and contexts with the target in each."""
        rng = np.random.default_rng([run.seed, 29])
        points, vectors = run.points(), run.vectors()
        # the layout may be that of larger runs, and what is there beyond this one must be zero
        own = self.layout(self.kind(run), self.sizes(run), Backend())
        # normalised vectors of equal entries, and so all of one dimension, are 0
        length = float(np.sqrt((points.astype(np.float64) ** 2).sum(axis=1).mean())) or 1.0
        spreads = {
            "query": run.spread / (length * run.key_dim**0.25),
            "key": run.spread / (length * run.key_dim**0.25),
            "value": run.embedding_dim**-0.5,
            "out": (run.heads * run.value_dim) ** -0.5,
            "up": run.embedding_dim**-0.5,
            "down": run.hidden**-0.5,
        }
        parameters: Arrays = {
            name: rng.standard_normal(shape, dtype=np.float32) * np.float32(spreads[name])
            if name in spreads
            else np.zeros(shape, dtype=np.float32)
            for name, shape in own.parameters.items()
        }
        square = float((vectors.astype(np.float64) ** 2).sum(axis=1).mean())
        parameters["scale"][:] = np.log(10.0 / square)
        targets = run.relation().edges[:, 1]
        data: Arrays = {
            "vectors": vectors.astype(np.float32),
            "points": points,
            "contexts": contexts(targets, run.context, POOL + LOOK, [run.task_seed, 41]),
        }
        return Start(parameters, data)

    def gradients(
        self,
        kind: Kind,
        parameters: Tensors,
        data: Tensors,
        age: torch.Tensor,
        backend: Backend,
    ) -> Tensors:
        """Of the cross entropy over one context of every item."""
        from .routing_model import losses

        torch = require_torch()
        rows = torch.arange(len(age), device=age.device)
        members = data["contexts"][rows, age % POOL]
        with torch.enable_grad():
            free = {name: tensor.detach().requires_grad_() for name, tensor in parameters.items()}
            loss, _ = losses(kind[0], free, data, members)
            found = torch.autograd.grad(loss.sum(), list(free.values()))
        return dict(zip(free, found, strict=True))

    def survey(self, kind: Kind, parameters: Tensors, data: Tensors, backend: Backend) -> Survey:
        """Learned when the target has most of the probability in all contexts of a look."""
        from .routing_model import losses

        torch = require_torch()
        found = [
            losses(kind[0], parameters, data, data["contexts"][:, POOL + place])
            for place in range(LOOK)
        ]
        loss = torch.stack([one for one, _ in found]).mean(dim=0)
        least = torch.stack([share for _, share in found]).amin(dim=0)
        return Survey(loss, least > SURE)

    def revise(
        self, run: RoutingRun, parameters: Arrays, data: Arrays, rounds: int
    ) -> Arrays | None:
        """There are contexts enough."""
        return None

    def model(self, run: RoutingRun, parameters: Arrays) -> RoutedLayer:
        """The layer or block, for the vectors as given."""
        arrays = {name: array.astype(np.float64) for name, array in parameters.items()}
        vectors = run.vectors().astype(np.float64)
        if run.whiten and run.output != "block":
            frame = whitening(vectors)
            for name in ("query", "key", "value"):
                if name in arrays:
                    folded = np.einsum("de,ehk->dhk", frame, arrays[name])
                    # float32 again, which is what a layer holds, and exact scores stay small
                    arrays[name] = folded.astype(np.float32).astype(np.float64)
        return RoutedLayer(run.output, vectors, arrays)

    def verdict(self, run: RoutingRun, model: RoutedLayer) -> Any:
        """Sampled counts, and the exact decision where there is one: a :class:`RoutingVerdict`."""
        return check_routing(model, run.relation(), run.context, run.task_seed)

    def score(self, run: RoutingRun, model: RoutedLayer, verdict: RoutingVerdict) -> Score:
        """No wrong item where the output is proved; otherwise nothing is known exactly."""
        return Score(0 if verdict.holds else None, run.items)
