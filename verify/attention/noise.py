"""How far embeddings may move before a layer stops recognising its graph."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .layer import AttentionLayer
from .recognition import RecognitionProblem
from .scores import ROUNDOFF, Scores

#: Pays for the rounding of norms and quotients, which add no cancelling terms.
UPWARDS, DOWNWARDS = 1 + 2.0**-30, 1 - 2.0**-30
#: Scores in units far from 1 are left alone: floats would overflow.
UNIT = 400


def noise_radius(problem: RecognitionProblem, scores: Scores | None = None) -> float:
    """A Euclidean distance by which every embedding may move with all pairs still read right.

    With ``M = W_Q W_K^T``, a head's score of i and j moves by at most
    ``e (|M x_j| + |M^T x_i|) + e^2 |M|`` when both embeddings move by at most e. The result is the
    least e over all pairs at which that could reach the threshold, rounded downwards: a lower
    bound on the true radius. |M| is bounded by the Frobenius norm, and by the 1-norms.

    Source: own derivation, docs/attention.md, section 4. Returns 0 where a pair is wrong already
    and where nothing could be shown, a huge number where no score depends on the embeddings.
    Raises ValueError for a layer without a threshold.
    """
    threshold = problem.layer.threshold
    if threshold is None:
        raise ValueError("a layer without a threshold has no radius")
    scores = scores or Scores(problem.layer)
    if abs(scores.unit) > UNIT:
        return 0.0
    with np.errstate(all="ignore"):
        radius = _radius(problem, scores, *_around(threshold))
    return max(0.0, radius * DOWNWARDS) if radius == radius else 0.0


def _radius(problem: RecognitionProblem, scores: Scores, below: float, above: float) -> float:
    asked, answered, norms = _sensitivity(problem.layer)
    unit, radius = 2.0**scores.unit, np.inf
    for block in scores.blocks():
        edges = problem.graph.adjacency(block.rows)
        over, under = np.full(edges.shape, -np.inf), np.full(edges.shape, np.inf)
        for a in range(scores.heads):
            values, error = unit * block.values[a], unit * block.error[a][:, None]
            slope = asked[a][block.rows, None] + answered[a]
            # an edge needs one head that stays above, another pair all heads at most there
            np.maximum(over, _reach(values - error - above, slope, norms[a]), out=over)
            np.minimum(under, _reach(below - values - error, slope, norms[a]), out=under)
        radius = min(radius, float(np.where(edges, over, under).min()))
    return radius


def _reach(slack: np.ndarray, slope: np.ndarray, norm: float) -> np.ndarray:
    """The e with ``norm e^2 + slope e = slack``; negative where there is no slack."""
    slack = slack - abs(slack) * 2.0**-50
    bottom = slope + np.sqrt(slope * slope + 4 * norm * np.maximum(slack, 0))
    return np.where(bottom > 0, 2 * slack / bottom, np.where(slack >= 0, np.inf, -np.inf))


def _sensitivity(layer: AttentionLayer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Upper bounds on |M^T x_i| and |M x_j|, (heads, items), and on |M|, (heads,)."""
    items, query, key = (
        array.mantissa.astype(np.float64) * 2.0**array.exponent for array in layer.exact
    )
    if layer.aggregation == "sum":
        query, key = (np.concatenate(list(array), axis=1)[None] for array in (query, key))
    # rounding of the sums and of the entries, relative to the sums of magnitudes
    share = (layer.embedding_dim + 2 * query.shape[2] + 8) * ROUNDOFF
    asked, answered, norms = [], [], []
    for q, k in zip(query, key, strict=True):
        asked.append(_lengths(items @ q @ k.T, abs(items) @ abs(q) @ abs(k).T * share))
        answered.append(_lengths(items @ k @ q.T, abs(items) @ abs(k) @ abs(q).T * share))
        norms.append(_norm(q @ k.T, abs(q) @ abs(k).T * share))
    return np.array(asked), np.array(answered), np.array(norms)


def _norm(matrix: np.ndarray, error: np.ndarray) -> float:
    """An upper bound on the spectral norm: the Frobenius norm, or that of the 1-norms."""
    reach = abs(matrix) + error
    sums = np.sqrt(reach.sum(axis=0).max() * reach.sum(axis=1).max())
    return float(min(np.linalg.norm(reach), sums) * UPWARDS + 2.0**-500)


def _lengths(rows: np.ndarray, error: np.ndarray) -> np.ndarray:
    total = np.linalg.norm(rows, axis=1) + np.linalg.norm(error, axis=1)
    return np.asarray(total * UPWARDS + 2.0**-500)


def _around(value: Fraction) -> tuple[float, float]:
    near = float(value)
    return float(np.nextafter(near, -np.inf)), float(np.nextafter(near, np.inf))
