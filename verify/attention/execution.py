"""What executing a layer of attention in float32 and other number types reads."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..dyadic import Dyadic
from ..rounding.execution import Execution
from ..rounding.number_type import NumberType, number_type
from .recognition import RecognitionProblem
from .scores import Scores
from .threshold import ThresholdDecision

#: Pays for the arithmetic of the bounds.
UPWARDS = 1 + 2.0**-20
UNIT = 400


def execution(
    problem: RecognitionProblem,
    decision: ThresholdDecision,
    dtype: str = "float32",
    scores: Scores | None = None,
) -> Execution:
    """Whether executing the layer reads the same pairs as the exact scores do.

    An execution computes ``Q = X W_Q``, ``K = X W_K``, then ``Q K^T`` head by head in the number
    type, each sum in any order, with or without fused multiply-add, then the maximum or the sum
    over the heads, and compares with the threshold as the type stores it. With u the roundoff,
    a score moves by at most ``(2 d + d_k + h) u`` (and terms of second order) times the product
    of magnitudes ``|X||W_Q| (|X||W_K|)^T``. Source: own derivation, docs/attention.md, section 5.
    """
    kind, threshold = number_type(dtype), decision.threshold
    if decision.status != "holds" or threshold is None or decision.weakest is None:
        return Execution(dtype, False, "the exact scores do not recognise the graph")
    layer = problem.layer
    stored = {"embeddings": layer.exact[0], "query": layer.exact[1], "key": layer.exact[2]}
    for name, array in stored.items():
        if not _holds(array, kind):
            return Execution(dtype, False, f"{name} is not stored exactly in {dtype}")
    held = kind.storage.nearest(threshold)
    if held is None:
        return Execution(dtype, False, f"the threshold is beyond {dtype}")
    scores = scores or Scores(layer)
    if abs(scores.unit) > UNIT:
        return Execution(dtype, False, "the scores lie far outside the range of floats")
    above, below = _distances(decision, held)
    margin = above if below is None else min(above, below)
    if above <= 0 or margin < 0:
        return Execution(dtype, False, f"as {dtype} stores the threshold, it no longer separates")
    error = _error(problem, kind)
    if error is None:
        return Execution(dtype, False, f"a score may overflow in {dtype}", margin=margin)
    if error == 0:
        return Execution(
            dtype, True, "every partial sum is a whole number that is held exactly", error, margin
        )
    if error < margin:
        return Execution(dtype, True, "the error bound is below the margin", error, margin)
    return Execution(dtype, False, "the error bound reaches the margin", error, margin)


def _holds(array: Dyadic, kind: NumberType) -> bool:
    """Whether the type holds every number of an array, none of them below its normal range."""
    storage = kind.storage
    if array.mantissa.dtype == object:
        return False
    top = int(np.abs(array.mantissa).max(initial=0)).bit_length() + array.exponent
    if array.exponent < storage.smallest or top > storage.limit:
        return False
    odd = np.abs(array.mantissa)
    odd = odd[odd != 0]
    lowest = odd & -odd
    return bool((odd // lowest < 1 << storage.precision).all())


def _distances(
    decision: ThresholdDecision, threshold: Fraction
) -> tuple[Fraction, Fraction | None]:
    """How far the edges lie above a threshold, and the other pairs below it."""
    assert decision.weakest is not None
    others = None if decision.strongest is None else threshold - decision.strongest.score
    return decision.weakest.score - threshold, others


def _error(problem: RecognitionProblem, kind: NumberType) -> Fraction | None:
    """A bound on what rounding does to a combined score; 0 if nothing is rounded, None if it
    may overflow.
    """
    layer = problem.layer
    exponents = [array.exponent for array in layer.exact]
    x, q, k = (abs(array.mantissa.astype(np.float64)) for array in layer.exact)
    asked = np.matmul(x, q) * UPWARDS
    answered = np.matmul(x, k) * UPWARDS
    tallest = sum if layer.aggregation == "sum" else max
    score = tallest(
        float((a.max(axis=0) * b.max(axis=0)).sum()) for a, b in zip(asked, answered, strict=True)
    )
    score *= UPWARDS
    inner, outer = float(max(asked.max(), answered.max())), score
    units = (exponents[0] + exponents[1], exponents[0] + exponents[2])
    both = sum(units)
    precision = min(kind.storage.precision, kind.sums.precision)
    limit, least = (
        min(kind.storage.limit, kind.sums.limit),
        max(kind.storage.smallest, kind.sums.smallest),
    )
    with np.errstate(over="ignore"):
        largest = np.ldexp([outer, inner], [both, max(units)]).max()
    if largest >= 2.0 ** (limit - 1):
        return None
    if max(inner, outer) <= 1 << precision and min(*units, both) >= least:
        return Fraction(0)
    sums, stored = kind.sums.roundoff, kind.storage.roundoff if kind.rounds_results else 0.0
    long, wide = layer.embedding_dim * sums, (layer.key_dim + layer.heads) * sums
    if max(long, wide) > 0.25:
        return None
    # n roundings in a row multiply by at most 1 + n u / (1 - n u)
    image = (1 + long / (1 - long)) * (1 + stored)
    product = (1 + wide / (1 - wide)) * (1 + stored)
    relative = (image * image * product - 1) * UPWARDS + 2.0**-48
    # what is rounded below the normal numbers, in the images and then in the products
    flush = 2 * (kind.sums.flush + kind.storage.flush)
    low = (layer.embedding_dim + 1) * flush
    terms = layer.key_dim * (layer.heads if layer.aggregation == "sum" else 1)
    reach = float(asked.max()) * 2.0 ** units[0] + float(answered.max()) * 2.0 ** units[1]
    absolute = terms * (2 * low * reach + low * low) + (terms + layer.heads) * flush
    return Fraction((outer * 2.0**both * relative + 2 * absolute) * UPWARDS)
