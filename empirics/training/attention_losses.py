"""Losses of layers of attention over all pairs, and their gradients, as tensors.

``logistic``: softplus(-+ alpha (F - tau)) with the score F of a pair, the largest over the heads,
alpha and tau learned. ``hinge``: the bracketed squared hinge with levels 1 and r0. ``softmax``: the
logistic loss of the least log-odds of attention over all contexts, with a null key. All are summed
over pairs and divided by the items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dense_layers import product
from .device import require_torch
from .program import Survey, Tensors

if TYPE_CHECKING:
    from torch import Tensor

#: Losses by name.
LOSSES = ("logistic", "hinge", "softmax")
#: Beyond so many logits between a target and the rest of its context, more has no effect.
FAR = 1e-7


def projections(parameters: Tensors, data: Tensors, precision: str) -> tuple[Tensor, Tensor]:
    """Queries and keys of all items, (runs, items, heads * key_dim)."""
    points = data["embeddings"]
    query, key = (
        product(points, parameters[name].flatten(2), precision) for name in ("query", "key")
    )
    return query, key


def tensor_gradients(
    loss: str, heads: int, parameters: Tensors, data: Tensors, precision: str
) -> Tensors:
    """Gradients by all weights from matrices of scores, on any device."""
    torch = require_torch()
    if loss == "softmax":
        return _softmax_gradients(heads, parameters, data, precision)
    query, key = projections(parameters, data, precision)
    q, k = _by_head(query, heads), _by_head(key, heads)
    scores = q @ k.transpose(2, 3)
    signs, norm = data["signs"], 1 / data["sizes"][:, :1, None].float()
    best, winner = scores.max(dim=1)
    by_scale = torch.zeros(len(query), 2, device=query.device)
    if loss == "hinge":
        level = data["level"][:, :, None]
        short = (1 - best).clamp_(min=0).mul_(norm)
        slope = (scores - level[:, None]).clamp_(min=0).mul_(norm[:, None])
        slope.mul_((signs < 0)[:, None])
        pulled = torch.where(signs > 0, short, 0.0).neg_()
        slope.scatter_add_(1, winner[:, None], pulled[:, None])
    else:
        alpha, tau = (part[:, None, None] for part in _scale(parameters))
        odds = (best - tau) * alpha
        by_odds = torch.sigmoid(odds).sub_((signs > 0).float()).mul_(norm * (signs != 0))
        by_scale[:, 0] = (by_odds * odds).sum(dim=(1, 2))
        by_scale[:, 1] = -(by_odds * alpha).sum(dim=(1, 2))
        slope = torch.zeros_like(scores).scatter_(1, winner[:, None], (by_odds * alpha)[:, None])
    by_query = (slope @ k).transpose(1, 2).flatten(2)
    by_key = (slope.transpose(2, 3) @ q).transpose(1, 2).flatten(2)
    return _back(parameters, data, by_query, by_key, by_scale, precision)


def tensor_survey(
    loss: str, heads: int, parameters: Tensors, data: Tensors, precision: str
) -> Survey:
    """Both sides of every run from matrices of scores."""
    torch = require_torch()
    softplus = torch.nn.functional.softplus
    signs, items = data["signs"], data["sizes"][:, 0].float()
    if loss == "softmax":
        odds = _log_odds(heads, parameters, data, precision)
        value = softplus(-odds * signs).mul_(signs != 0).sum(dim=(1, 2)) / items
        # even odds count for neither side
        wrong = torch.where(signs > 0, odds <= 0, odds >= 0) & (signs != 0)
        return Survey(value, ~wrong.any(dim=2).any(dim=1))
    query, key = projections(parameters, data, precision)
    scores = _by_head(query, heads) @ _by_head(key, heads).transpose(2, 3)
    best = scores.amax(dim=1)
    least = best.masked_fill(signs <= 0, torch.inf).amin(dim=(1, 2))
    top = best.masked_fill(signs >= 0, -torch.inf).amax(dim=(1, 2))
    alpha, tau = _scale(parameters)
    if loss == "hinge":
        excess = (scores - data["level"][:, :, None, None]).clamp_(min=0).square_()
        high = excess.mul_((signs < 0)[:, None]).sum(dim=(1, 2, 3))
        low = (1 - best).clamp_(min=0).square_().mul_(signs > 0).sum(dim=(1, 2))
        return Survey((high + low) / (2 * items), least > top)
    odds = (best - tau[:, None, None]) * alpha[:, None, None]
    value = softplus(-odds * signs).mul_(signs != 0).sum(dim=(1, 2)) / items
    return Survey(value, (least > tau) & (top <= tau))


def _softmax_gradients(heads: int, parameters: Tensors, data: Tensors, precision: str) -> Tensors:
    torch = require_torch()
    signs, items = data["signs"], data["sizes"][:, 0].float()
    with torch.enable_grad():
        free = {name: tensor.detach().requires_grad_() for name, tensor in parameters.items()}
        odds = _log_odds(heads, free, data, precision)
        loss = torch.nn.functional.softplus(-odds * signs).mul(signs != 0).sum(dim=(1, 2)) / items
        found = torch.autograd.grad(loss.sum(), list(free.values()))
    return dict(zip(free, found, strict=True))


def _log_odds(heads: int, parameters: Tensors, data: Tensors, precision: str) -> Tensor:
    """log(A / (1 - A)) of the attention A of every pair, at temperature 1, largest over heads.

    In its worst context: for edges all items, for others the pair alone. The second number of
    ``scale`` is the score of the null key.
    """
    torch = require_torch()
    query, key = projections(parameters, data, precision)
    q, k = _by_head(query, heads), _by_head(key, heads)
    scores = q @ k.transpose(2, 3)
    null = parameters["scale"][:, 1][:, None, None]
    signs = data["signs"]
    real = (signs != 0)[:, None]
    top = torch.maximum(scores.masked_fill(~real, -torch.inf).amax(dim=3), null).detach()
    top = torch.where(torch.isfinite(top), top, torch.zeros_like(top))[..., None]
    weights = (scores - top).masked_fill(~real, -torch.inf).exp()
    total = weights.sum(dim=3, keepdim=True) + (null[..., None] - top).exp()
    rest = torch.maximum(total - weights, FAR * total).log() + top
    # torch.compile gets the gradient of a diagonal of the scores wrong
    own = (q * k).sum(dim=3)
    alone = torch.logaddexp(own, null.expand_as(own))[..., None].expand_as(scores)
    loop = torch.eye(scores.shape[2], dtype=torch.bool, device=scores.device)
    pair = torch.where(loop, null[..., None].expand_as(scores), alone)
    odds: Tensor = (scores - torch.where((signs > 0)[:, None], rest, pair)).amax(dim=1)
    return odds


def _by_head(projected: Tensor, heads: int) -> Tensor:
    """(runs, items, heads * key_dim) as (runs, heads, items, key_dim)."""
    runs, items, _ = projected.shape
    return projected.view(runs, items, heads, -1).transpose(1, 2)


def _scale(parameters: Tensors) -> tuple[Tensor, Tensor]:
    """alpha and tau, (runs,) each."""
    scale = parameters["scale"]
    return scale[:, 0].exp(), scale[:, 1].contiguous()


def _back(
    parameters: Tensors,
    data: Tensors,
    by_query: Tensor,
    by_key: Tensor,
    by_scale: Tensor,
    precision: str,
) -> Tensors:
    turned = data["embeddings"].transpose(1, 2)
    return {
        "query": product(turned, by_query, precision).view(parameters["query"].shape),
        "key": product(turned, by_key, precision).view(parameters["key"].shape),
        "scale": by_scale,
    }
