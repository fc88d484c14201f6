"""The softmax loss of all pairs of items, a few rows of scores at a time.

The log-odds of a pair in its worst context are a score less a number of its row, except for edges,
which are few. So all other pairs cost what they cost for the logistic loss, and edges one row of
exponentials a head. Arrays as in :mod:`.attention`.
"""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .attention import (
    C2,
    C3,
    C4,
    C5,
    C6,
    HALF,
    LN_2,
    LOG2_E,
    ONE,
    ROWS,
    STEEP,
    ZERO,
    logistic_row,
    pull,
    push,
    score,
)

kernel = compiler(
    Path(__file__).parent,
    fastmath={"reassoc", "contract", "nsz", "arcp"},
    error_model="numpy",
)

#: The share of everything that the rest of a context has at least.
FAR = np.float32(1e-7)
#: Exponents below count as this one.
DEEP = np.float32(-80)


@kernel
def _powers(values, top, m, bits, out):
    """exp(values - top), none above top: a polynomial and a shift of the exponent."""
    power = bits.view(np.float32)
    for j in range(m):
        z = max(values[j] - top, DEEP) * LOG2_E
        n = np.floor(z + HALF)
        f = (z - n) * LN_2
        out[j] = ONE + f * (ONE + f * (C2 + f * (C3 + f * (C4 + f * (C5 + f * C6)))))
        bits[j] = (np.int32(n) + np.int32(127)) << np.int32(23)
    for j in range(m):
        out[j] *= power[j]


@kernel
def _odds_of_others(scores, item, heads, m, null, best, winner):
    """Log-odds of an item's pairs alone, the largest over heads, and which head has it."""
    for a in range(heads):
        s = scores[a]
        own = s[item]
        pair = max(own, null) + np.float32(np.log1p(np.exp(-abs(own - null))))
        if a == 0:
            for j in range(m):
                best[j] = s[j] - pair
                winner[j] = 0
        else:
            for j in range(m):
                better = s[j] - pair > best[j]
                winner[j] = np.int32(a) if better else winner[j]
                best[j] = s[j] - pair if better else best[j]
    # an item alone with itself competes with the null key only
    for a in range(heads):
        if a == 0 or scores[a, item] - null > best[item]:
            best[item], winner[item] = scores[a, item] - null, a


@kernel
def _contexts(scores, heads, m, null, bits, powers, tops, totals):
    """Weights of all items of a row and their sums with the null key, a head."""
    for a in range(heads):
        s, top = scores[a], null
        for j in range(m):
            top = max(top, s[j])
        _powers(s, top, m, bits, powers[a])
        total = ZERO
        for j in range(m):
            total += powers[a, j]
        tops[a], totals[a] = top, total + np.exp(null - top)


@kernel
def _odds_of_edge(scores, heads, target, powers, tops, totals):
    """Log-odds of an edge in the context of all items, and the head that serves it best."""
    serving, value = 0, np.float32(-np.inf)
    for a in range(heads):
        rest = max(totals[a] - powers[a, target], FAR * totals[a])
        odds = scores[a, target] - np.float32(np.log(rest)) - tops[a]
        if odds > value:
            serving, value = a, odds
    return serving, value


@kernel
def softmax_gradients(
    first, last, q, k, heads, offsets, targets, items, nulls, by_q, by_k, by_scale
):
    """Gradients of the sum over pairs of softplus(-+ log-odds) / items.

    For the runs from first to last; by_q, by_k like q and k; by_scale (runs, 2): the second is by
    the score of the null key.
    """
    width, most = q.shape[2], q.shape[1]
    dim = width // heads
    keys = np.empty((width, most), np.float32)
    total = np.empty((width, most), np.float32)
    scores = np.empty((heads, most), np.float32)
    powers = np.empty((heads, most), np.float32)
    tops, totals = np.empty(heads, np.float32), np.empty(heads, np.float32)
    slopes = np.zeros((ROWS, heads, most), np.float32)
    slope = np.empty(most, np.float32)
    best = np.empty(most, np.float32)
    winner = np.empty(most, np.int32)
    bits = np.empty(most, np.int32)
    for run in range(first, last):
        m, null = items[run], nulls[run]
        norm = ONE / np.float32(m)
        for j in range(m):
            for c in range(width):
                keys[c, j] = k[run, j, c]
        total[:, :m] = ZERO
        by_null = 0.0
        for start in range(0, m, ROWS):
            for r in range(ROWS):
                i = start + r
                if i >= m:
                    slopes[r, :, :m] = ZERO
                    continue
                for a in range(heads):
                    score(q[run, i], keys, a * dim, (a + 1) * dim, m, scores[a])
                _odds_of_others(scores, i, heads, m, null, best, winner)
                logistic_row(best, ZERO, ONE, norm, m, bits, slope)
                begin, end = offsets[run, i], offsets[run, i + 1]
                for e in range(begin, end):
                    slope[targets[run, e]] = ZERO
                for a in range(heads):
                    g = slopes[r, a]
                    by_pair = ZERO
                    for j in range(m):
                        g[j] = slope[j] if winner[j] == a else ZERO
                        by_pair += g[j]
                    by_pair -= g[i]
                    share = ONE / (ONE + np.float32(np.exp(null - scores[a, i])))
                    by_null -= g[i] + by_pair * (ONE - share)
                    g[i] -= by_pair * share
                if begin < end:
                    _contexts(scores, heads, m, null, bits, powers, tops, totals)
                for e in range(begin, end):
                    j = targets[run, e]
                    a, odds = _odds_of_edge(scores, heads, j, powers, tops, totals)
                    pulled = norm / (ONE + np.float32(np.exp(odds)))
                    g, w = slopes[r, a], powers[a]
                    rest, own = totals[a] - w[j], ZERO
                    if rest <= FAR * totals[a]:
                        rest, own = totals[a], w[j]
                    factor = pulled / rest
                    before = g[j]
                    for other in range(m):
                        g[other] += factor * w[other]
                    g[j] = before + factor * own - pulled
                    by_null += factor * np.exp(null - tops[a])
                for a in range(heads):
                    pull(slopes[r, a], keys, a * dim, (a + 1) * dim, m, by_q[run, i])
            for a in range(heads):
                push(q[run], start, slopes, a, a * dim, (a + 1) * dim, m, total)
        for j in range(m):
            for c in range(width):
                by_k[run, j, c] = total[c, j]
        by_scale[run, 1] = by_null


@kernel
def softmax_sides(first, last, q, k, heads, offsets, targets, items, nulls, out):
    """out (runs, 2): the loss, and how many pairs are on the wrong side or on the border."""
    width, most = q.shape[2], q.shape[1]
    dim = width // heads
    keys = np.empty((width, most), np.float32)
    scores = np.empty((heads, most), np.float32)
    powers = np.empty((heads, most), np.float32)
    tops, totals = np.empty(heads, np.float32), np.empty(heads, np.float32)
    best = np.empty(most, np.float32)
    winner = np.empty(most, np.int32)
    bits = np.empty(most, np.int32)
    for run in range(first, last):
        m, null = items[run], nulls[run]
        for j in range(m):
            for c in range(width):
                keys[c, j] = k[run, j, c]
        loss, wrong = 0.0, 0
        for i in range(m):
            for a in range(heads):
                score(q[run, i], keys, a * dim, (a + 1) * dim, m, scores[a])
            _odds_of_others(scores, i, heads, m, null, best, winner)
            begin, end = offsets[run, i], offsets[run, i + 1]
            if begin < end:
                _contexts(scores, heads, m, null, bits, powers, tops, totals)
            for e in range(begin, end):
                j = targets[run, e]
                odds = _odds_of_edge(scores, heads, j, powers, tops, totals)[1]
                loss += max(-odds, ZERO) + np.log1p(np.exp(-abs(odds)))
                wrong += odds <= 0
                best[j] = -np.inf
            for j in range(m):
                z = best[j]
                wrong += z >= 0
                loss += max(z, ZERO)
                if abs(z) < STEEP:
                    loss += np.log1p(np.exp(-abs(z)))
        out[run, 0] = loss / m
        out[run, 1] = wrong
        # a number that is not finite must not hide behind comparisons, which it loses
        if not (np.isfinite(q[run]).all() and np.isfinite(k[run]).all() and np.isfinite(null)):
            out[run, 0] = np.nan
