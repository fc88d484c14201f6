"""Pairs that are no edges: the smallest context is their worst, so each is decided by its scores.

Every further item takes weight away from a pair. So a non-edge (i, k) is reported somewhere if
and only if it is in the context {i, k}, and that is so if and only if some head scores it at least
at a level that depends on the item i and the head alone.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..graph import RelationalGraph
from ..scores import Block
from .exponential import compare
from .exponents import Exponents

_WIDTHS = (2.0**-36, 2.0**-26, 2.0**-16)


def reported_non_edges(
    exponents: Exponents, graph: RelationalGraph, block: Block
) -> tuple[np.ndarray, np.ndarray]:
    """Non-edges of a block's rows that are reported in the context of the two.

    Returns:
        Pairs (n, 2) in lexicographic order, and pairs that were not decided.
    """
    rows = np.arange(block.rows.start, block.rows.stop)
    every = np.arange(len(rows))
    asked = ~graph.adjacency(block.rows)
    loops = asked[every, rows]
    asked[every, rows] = False
    if exponents.softmax.context < 2:
        asked[:] = False
    low, high = _levels(exponents, block, rows, loop=False)
    reported = np.zeros(asked.shape, dtype=bool)
    unsure = np.zeros(asked.shape, dtype=bool)
    loop_low, loop_high = _levels(exponents, block, rows, loop=True)
    suspects: list[np.ndarray] = []
    for head, values in enumerate(block.values):
        error = block.error[head][:, None]
        close = asked & (values + error > low[head][:, None])
        # the diagonal has a level of its own
        own = values[every, rows]
        near = loops & (own + error[:, 0] > loop_low[head])
        certain = near & (own - error[:, 0] >= loop_high[head])
        reported[every[certain], rows[certain]] = True
        unsure[every, rows] = near & ~certain
        if close.any():
            certain = close & (values - error >= high[head][:, None])
            reported |= certain
            unsure |= close & ~certain
        places = np.argwhere(unsure)
        if len(places):
            suspects.append(np.column_stack([np.full(len(places), head), places]))
            unsure[:] = False
    undecided = np.zeros(asked.shape, dtype=bool)
    if suspects:
        _exactly(exponents, block.rows.start, np.concatenate(suspects), reported, undecided)
    undecided &= ~reported
    shift = np.array([block.rows.start, 0])
    return np.argwhere(reported) + shift, np.argwhere(undecided) + shift


def _levels(
    exponents: Exponents, block: Block, rows: np.ndarray, *, loop: bool
) -> tuple[np.ndarray, np.ndarray]:
    """For each head and row: scores up to the first are quiet, from the second on reported."""
    own = block.values[:, np.arange(len(rows)), rows]
    low, high = np.full(own.shape, -np.inf), np.full(own.shape, np.inf)
    if not exponents.usable:
        return low, high
    null = exponents.null
    if loop and null is None:
        high[:] = -np.inf
        return low, high
    scale = exponents.scale
    level = np.full(own.shape, -np.inf if null is None else float(null))
    if not loop:
        level = np.logaddexp(level, own * scale)
    level -= np.log(float(exponents.limit))
    error = np.zeros_like(own) if loop else block.error
    for width in _WIDTHS:
        # floats propose the level, the bounds on the room prove it
        margin = width * (1 + np.abs(level))
        below, above = (level - margin) / scale, (level + margin) / scale
        seen = None if loop else own
        quiet = np.isinf(low) & (exponents.room(below, seen, error)[1] < 0)
        loud = np.isinf(high) & (exponents.room(above, seen, error)[0] >= 0)
        low[quiet], high[loud] = below[quiet], above[loud]
    return low, high


def _exactly(
    exponents: Exponents,
    start: int,
    suspects: np.ndarray,
    reported: np.ndarray,
    undecided: np.ndarray,
) -> None:
    """Decide (head, row, item) by integers, equal scores of a row and head only once."""
    head, row, item = suspects.T
    open_ = ~reported[row, item]
    head, row, item = head[open_], row[open_], item[open_]
    first = row + start
    exact = exponents.scores.integers(first, item)[head, np.arange(len(head))]
    own = exponents.scores.integers(first, first)[head, np.arange(len(head))]
    known: dict[tuple[int, int, bool], int | None] = {}
    for n in range(len(head)):
        score, loop = int(exact[n]), bool(item[n] == first[n])
        key = (score, int(own[n]), loop)
        if key not in known:
            known[key] = _excess(exponents, *key)
        sign = known[key]
        if sign is None:
            undecided[row[n], item[n]] = True
        elif sign <= 0:
            reported[row[n], item[n]] = True


def _excess(exponents: Exponents, score: int, own: int, loop: bool) -> int | None:
    terms: list[tuple[int, Fraction]] = []
    if exponents.null is not None:
        terms.append((1, exponents.null - score * exponents.rate))
    if not loop:
        terms.append((1, (own - score) * exponents.rate))
    return compare(terms, exponents.limit)
