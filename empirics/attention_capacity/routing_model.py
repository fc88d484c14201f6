"""Outputs of attention with values and of blocks: as tensors for training, and in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..training.device import require_torch
from ..training.program import Tensors

if TYPE_CHECKING:
    from torch import Tensor

#: Added to variances before their root is taken.
EPSILON = 1e-5


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Rows of mean 0 and variance 1 over the dimensions."""
    centred = vectors - vectors.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + EPSILON))


def losses(
    output: str, parameters: Tensors, data: Tensors, members: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean cross entropy of every run, and the least share that a target has; (runs,) each.

    Args:
        output: how the output is made.
        members: (runs, items, context), items of the contexts, the target first.
    """
    odds = read(output, parameters, data, members).log_softmax(dim=2)[..., 0]
    return -odds.mean(dim=1), odds.detach().amin(dim=1).exp()


def read(output: str, parameters: Tensors, data: Tensors, members: Tensor) -> Tensor:
    """``scale <output, x_k>`` for every item and the members k of its context.

    Returns (runs, items, context).
    """
    vectors, members = data["vectors"], members.long()
    if output == "network":
        mixed = _behind(vectors, parameters)
    else:
        mixed = _attended(output, parameters, data, members)
        if output == "block":
            mixed = _behind(vectors + mixed, parameters)
    found: Tensor = (mixed @ vectors.transpose(1, 2)) * parameters["scale"].exp()[..., None]
    return found.gather(2, members)


def _attended(output: str, parameters: Tensors, data: Tensors, members: Tensor) -> Tensor:
    torch = require_torch()
    points = data["points"]
    query, key = (
        torch.einsum("rmd,rdhk->rhmk", points, parameters[name]) for name in ("query", "key")
    )
    scores = query @ key.transpose(2, 3)
    # products of all pairs are cheap, exponentials are not: only members get one
    inside = members[:, None].expand(-1, scores.shape[1], -1, -1)
    weights = torch.zeros_like(scores).scatter(3, inside, scores.gather(3, inside).softmax(dim=3))
    if output == "identity":
        mixed: Tensor = weights.mean(dim=1) @ data["vectors"]
        return mixed
    values = torch.einsum("rmd,rdhv->rhmv", points, parameters["value"])
    mixed = torch.einsum("rhmv,rhvd->rmd", weights @ values, parameters["out"])
    return mixed


def _behind(stream: Tensor, parameters: Tensors) -> Tensor:
    """The second half of a block: a network on normalised vectors, and the residual."""
    centred = stream - stream.mean(dim=2, keepdim=True)
    variance = centred.square().mean(dim=2, keepdim=True)
    inner = (centred / (variance + EPSILON).sqrt()) @ parameters["up"]
    inner = (inner + parameters["up_bias"][:, None]).relu()
    return stream + inner @ parameters["down"] + parameters["down_bias"][:, None]


@dataclass(frozen=True, eq=False)
class RoutedLayer:
    """A trained layer or block, in float64.

    Attributes:
        output: how the output is made.
        vectors: X, (items, embedding_dim).
        weights: by name, as trained; for whitened queries and keys, for X as given.
    """

    output: str
    vectors: np.ndarray
    weights: dict[str, np.ndarray]

    @property
    def points(self) -> np.ndarray:
        """What queries, keys and values are made from."""
        return normalised(self.vectors) if self.output == "block" else self.vectors

    @property
    def heads(self) -> int:
        """Number of heads; 0 of a network alone."""
        return int(self.weights["query"].shape[1]) if "query" in self.weights else 0

    def scores(self) -> np.ndarray:
        """Of all pairs, (heads, items, items)."""
        if not self.heads:
            return np.zeros((0, len(self.vectors), len(self.vectors)))
        points = self.points
        query, key = (
            np.einsum("md,dhk->hmk", points, self.weights[name]) for name in ("query", "key")
        )
        return np.asarray(query @ key.transpose(0, 2, 1))

    def rivalry(self, scores: np.ndarray) -> np.ndarray:
        """How much an item (row) is drawn to another: its largest score, (items, items).

        A network alone has no scores; then it is ``<output, x_k>``, which no context changes.
        """
        if self.heads:
            return np.asarray(scores.max(axis=0))
        items = len(self.vectors)
        return self.chosen(np.broadcast_to(np.arange(items), (items, items)), scores)

    def chosen(self, members: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """``<output, x_k>`` of every item for the members of its context, (items, context).

        Args:
            members: (items, context).
            scores: those of :meth:`scores`.
        """
        near = self.vectors[members]
        mixed = np.zeros_like(self.vectors)
        if self.output != "network":
            inside = np.take_along_axis(
                scores, np.broadcast_to(members, (len(scores), *members.shape)), 2
            )
            weights = np.exp(inside - inside.max(axis=2, keepdims=True))
            weights /= weights.sum(axis=2, keepdims=True)
            if self.output == "identity":
                mixed = np.einsum("ml,mld->md", weights.mean(axis=0), near)
            else:
                values = np.einsum("md,dhv->hmv", self.points, self.weights["value"])
                heads = np.einsum("hml,hmlv->hmv", weights, values[:, members])
                mixed = np.einsum("hmv,hvd->md", heads, self.weights["out"])
        if self.output in ("block", "network"):
            stream = self.vectors + mixed
            inner = normalised(stream) @ self.weights["up"] + self.weights["up_bias"]
            mixed = stream + np.maximum(inner, 0) @ self.weights["down"] + self.weights["down_bias"]
        return np.asarray(np.einsum("md,mld->ml", mixed, near))
