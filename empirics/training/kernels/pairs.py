"""Products over pairs of items, for a few query items at a time.

Queries, keys and their gradients are (heads, key_dim, items) in flat arrays, with items a multiple
of LANES and those that are padding 0. Scores, and slopes of the loss by the scores, are (heads,
ROWS, items), so that they stay in the first-level cache; those of all pairs never exist.
"""

from pathlib import Path

from ....verify.engines.kernels.compilation import compiler
from .products import correlate, multiply
from .vectors import LANES, score_4x1, score_4x2

kernel = compiler(Path(__file__).parent, error_model="numpy")

#: Query items that are scored, and whose slopes are multiplied back, together.
ROWS = 8


@kernel
def score(queries, keys, heads, key_dim, items, start, scores):
    """Scores of the ROWS query items from ``start`` on with all items, in every head."""
    for a in range(heads):
        first = a * key_dim * items
        for r in range(0, ROWS, 4):
            place = (a * ROWS + r) * items
            j = 0
            while j + 2 * LANES <= items:
                score_4x2(
                    queries, first + start + r, 1, items, key_dim, keys, first + j, items, scores,
                    place + j,
                )  # fmt: skip
                j += 2 * LANES
            if j < items:
                score_4x1(
                    queries, first + start + r, 1, items, key_dim, keys, first + j, items, scores,
                    place + j,
                )  # fmt: skip


@kernel
def return_slopes(queries, keys, heads, key_dim, items, start, slopes, by_query, by_key):
    """Gradients by these query items, and what is added to those by all keys."""
    size, rows = key_dim * items, ROWS * items
    for a in range(heads):
        first = a * size
        head = slopes[a * rows : (a + 1) * rows]
        correlate(
            keys[first : first + size], key_dim, head, 0, ROWS, items, by_query, first + start,
            items,
        )  # fmt: skip
        multiply(
            queries, first + start, items, 1, key_dim, ROWS, head, 0, items,
            by_key[first : first + size],
        )  # fmt: skip
