"""How far embeddings may move before a layer stops recognising its graph."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..dyadic import Dyadic, bit_width, power_of_two
from .layer import AttentionLayer
from .recognition import RecognitionProblem
from .scores import ROUNDOFF, Scores

#: Pays for the rounding of norms and quotients, which add no cancelling terms.
UPWARDS, DOWNWARDS = 1 + 2.0**-30, 1 - 2.0**-30
#: More than all that is lost below the range of floats, with entries of size 1.
FLOOR = 2.0**-500
#: Floats between this and its inverse are taken for what they say.
LARGE = 2.0**1000


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
    scaled = _Scaled(problem.layer)
    with np.errstate(all="ignore"):
        radius = _radius(problem, scores, scaled, *_around(threshold / power_of_two(scaled.unit)))
        # in the unit of the embeddings; what floats cannot hold is made smaller
        result = float(np.ldexp(radius * DOWNWARDS, scaled.exponents[0]))
    return min(result, LARGE) if result > 1 / LARGE else 0.0


class _Scaled:
    """Embeddings, query and key as floats of size at most 1, each with a power of two."""

    def __init__(self, layer: AttentionLayer) -> None:
        parts = [_floats(array) for array in layer.exact]
        self.items, self.query, self.key = (floats for floats, _ in parts)
        self.exponents = tuple(exponent for _, exponent in parts)
        self.unit = 2 * self.exponents[0] + self.exponents[1] + self.exponents[2]
        if layer.aggregation == "sum":
            self.query, self.key = (
                np.concatenate(list(array), axis=1)[None] for array in (self.query, self.key)
            )


def _floats(array: Dyadic) -> tuple[np.ndarray, int]:
    bits = bit_width(array.mantissa)
    # a float holds these, cut by less than FLOOR in the end
    cut = max(bits - 900, 0)
    floats = (array.mantissa >> cut if cut else array.mantissa).astype(np.float64)
    return np.ldexp(floats, cut - bits), array.exponent + bits


def _radius(
    problem: RecognitionProblem, scores: Scores, scaled: _Scaled, below: float, above: float
) -> float:
    asked, answered, norms = _sensitivity(scaled)
    shift, radius = scores.unit - scaled.unit, np.inf
    for block in scores.blocks():
        edges = problem.graph.adjacency(block.rows)
        over, under = np.full(edges.shape, -np.inf), np.full(edges.shape, np.inf)
        for a in range(scores.heads):
            values = np.ldexp(block.values[a], shift)
            error = np.ldexp(block.error[a], shift)[:, None]
            slope = asked[a][block.rows, None] + answered[a]
            # an edge needs one head that stays above, another pair all heads at most there
            np.maximum(over, _reach(values - error - above, slope, norms[a]), out=over)
            np.minimum(under, _reach(below - values - error, slope, norms[a]), out=under)
        radius = min(radius, float(np.where(edges, over, under).min()))
    return radius


def _reach(slack: np.ndarray, slope: np.ndarray, norm: float) -> np.ndarray:
    """The e with ``norm e^2 + slope e = slack``; negative where there is no slack."""
    slack = slack - abs(slack) * 2.0**-50 - 1 / LARGE
    bottom = slope + np.sqrt(slope * slope + 4 * norm * np.maximum(slack, 0))
    return np.asarray(2 * slack / bottom)


def _sensitivity(scaled: _Scaled) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Upper bounds on |M^T x_i| and |M x_j|, (heads, items), and on |M|, (heads,)."""
    items = scaled.items
    # rounding of the sums and of the entries, relative to the sums of magnitudes
    share = (items.shape[1] + 2 * scaled.query.shape[2] + 8) * ROUNDOFF
    asked, answered, norms = [], [], []
    for q, k in zip(scaled.query, scaled.key, strict=True):
        asked.append(_lengths(items @ q @ k.T, abs(items) @ abs(q) @ abs(k).T * share))
        answered.append(_lengths(items @ k @ q.T, abs(items) @ abs(k) @ abs(q).T * share))
        norms.append(_norm(q @ k.T, abs(q) @ abs(k).T * share))
    return np.array(asked), np.array(answered), np.array(norms)


def _norm(matrix: np.ndarray, error: np.ndarray) -> float:
    """An upper bound on the spectral norm: the Frobenius norm, or that of the 1-norms."""
    reach = abs(matrix) + error
    sums = np.sqrt(reach.sum(axis=0).max() * reach.sum(axis=1).max())
    return float(min(np.linalg.norm(reach), sums) * UPWARDS + FLOOR)


def _lengths(rows: np.ndarray, error: np.ndarray) -> np.ndarray:
    total = np.linalg.norm(rows, axis=1) + np.linalg.norm(error, axis=1)
    return np.asarray(total * UPWARDS + FLOOR)


def _around(value: Fraction) -> tuple[float, float]:
    if abs(value) > LARGE:
        return (LARGE / 2, np.inf) if value > 0 else (-np.inf, -LARGE / 2)
    near = float(value)
    return float(np.nextafter(near, -np.inf)), float(np.nextafter(near, np.inf))
