"""The hinge loss of all pairs of items and its gradient.

Half the squared excess of other pairs above a level, in every head, and half the squared shortfall
of edges below 1, in the head that serves them best; over the items. Few scores are above the level
once a layer is nearly right, so that these are multiplied back one by one.
"""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .lanes import above, choose, fill, greatest, larger, lowest_bit, read, total
from .logistic import LEAST, best_head
from .pairs import ROWS, score
from .vectors import LANES, ONE, ZERO

kernel = compiler(Path(__file__).parent, error_model="numpy")


@kernel
def _pair(queries, keys, low, high, items, i, j, slope, by_query, by_key):
    """What one pair in one head adds to the gradients."""
    for c in range(low, high):
        by_query[c * items + i] += slope * keys[c * items + j]
        by_key[c * items + j] += slope * queries[c * items + i]


@kernel
def hinge_gradients(
    queries, keys, heads, key_dim, items, count, shares, offsets, targets, level, scores, by_query,
    by_key,
):  # fmt: skip
    """Gradients of the loss by queries and keys."""
    share, limit = shares[0], fill(level)
    step = ROWS * items
    by_query[: heads * key_dim * items] = ZERO
    for start in range(0, count, ROWS):
        score(queries, keys, heads, key_dim, items, start, scores)
        for r in range(min(ROWS, count - start)):
            i = start + r
            for e in range(offsets[i], offsets[i + 1]):
                j = targets[e]
                place = r * items + j
                a, value = best_head(scores, place, step, heads)
                short = share * (ONE - value)
                if short > 0:
                    _pair(
                        queries, keys, a * key_dim, (a + 1) * key_dim, items, i, j, -short,
                        by_query, by_key,
                    )  # fmt: skip
                for a in range(heads):
                    scores[place + a * step] = LEAST
        for a in range(heads):
            for r in range(0, min(ROWS, count - start), 4):
                first = (a * ROWS + r) * items
                for j in range(0, items, LANES):
                    one = larger(read(scores, first + j), read(scores, first + items + j))
                    other = larger(
                        read(scores, first + 2 * items + j), read(scores, first + 3 * items + j)
                    )
                    if not above(larger(one, other), limit):
                        continue
                    for t in range(4):
                        bits = above(read(scores, first + t * items + j), limit)
                        while bits:
                            near = j + lowest_bit(bits)
                            bits &= bits - np.uint16(1)
                            slope = share * (scores[first + t * items + near] - level)
                            _pair(
                                queries, keys, a * key_dim, (a + 1) * key_dim, items,
                                start + r + t, near, slope, by_query, by_key,
                            )  # fmt: skip


@kernel
def hinge_survey(
    queries, keys, heads, key_dim, items, count, shares, offsets, targets, level, scores
):
    """The loss, and whether all edges score higher than all other pairs."""
    step, loss = ROWS * items, 0.0
    limit, zero, lowest = fill(level), fill(ZERO), fill(LEAST)
    least, top = np.float32(np.inf), lowest
    for start in range(0, count, ROWS):
        score(queries, keys, heads, key_dim, items, start, scores)
        for r in range(min(ROWS, count - start)):
            for e in range(offsets[start + r], offsets[start + r + 1]):
                place = r * items + targets[e]
                value = best_head(scores, place, step, heads)[1]
                least = min(least, value)
                short = max(ONE - value, ZERO)
                loss += short * short
                for a in range(heads):
                    scores[place + a * step] = LEAST
            found = zero
            for a in range(heads):
                for j in range(0, items, LANES):
                    real = above(read(shares, j), zero)
                    value_of = choose(real, read(scores, a * step + r * items + j), lowest)
                    top = larger(value_of, top)
                    excess = larger(value_of - limit, zero)
                    found = found + excess * excess
            loss += total(found)
    return loss / (2 * count), least > greatest(top)
