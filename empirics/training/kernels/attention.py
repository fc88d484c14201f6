"""Losses of all pairs of items and their gradients, a few rows of scores at a time.

Scores never leave the first-level cache: rows of four items with all others are scored, turned
into slopes of the loss, and multiplied back at once (docs/training.md). Every run is computed by
itself, so that its numbers do not depend on the batch. Arrays: q, k float32 (runs, items, heads *
key_dim), key_dim a multiple of 4; offsets int32 (runs, items + 1) and targets int32 (runs, edges),
the edges by source; items int32 (runs,), how many are no padding.
"""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler

# sums may be taken in another order; numbers that are not finite stay so
kernel = compiler(
    Path(__file__).parent,
    fastmath={"reassoc", "contract", "nsz", "arcp"},
    error_model="numpy",
)

#: Rows of scores that are multiplied back together.
ROWS = 4
ONE, HALF, ZERO = np.float32(1), np.float32(0.5), np.float32(0)
LOG2_E, LN_2 = np.float32(1.4426950408889634), np.float32(0.6931471805599453)
C2, C3, C4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
C5, C6 = np.float32(1 / 120), np.float32(1 / 720)
#: Beyond, the logistic function is 0 or 1 for all purposes.
STEEP = np.float32(30)


@kernel
def score(q, keys, first, last, m, scores):
    """Scores of an item in one head: sum over c of q[c] keys[c, j]."""
    for j in range(m):
        scores[j] = ZERO
    for c in range(first, last, 4):
        q0, q1, q2, q3 = q[c], q[c + 1], q[c + 2], q[c + 3]
        k0, k1, k2, k3 = keys[c], keys[c + 1], keys[c + 2], keys[c + 3]
        for j in range(m):
            scores[j] += q0 * k0[j] + q1 * k1[j] + q2 * k2[j] + q3 * k3[j]


@kernel
def pull(slope, keys, first, last, m, out):
    """Gradient by the query of an item: sum over j of slope[j] keys[c, j]."""
    for c in range(first, last, 4):
        k0, k1, k2, k3 = keys[c], keys[c + 1], keys[c + 2], keys[c + 3]
        x0, x1, x2, x3 = ZERO, ZERO, ZERO, ZERO
        for j in range(m):
            x0 += slope[j] * k0[j]
            x1 += slope[j] * k1[j]
            x2 += slope[j] * k2[j]
            x3 += slope[j] * k3[j]
        out[c] = x0
        out[c + 1] = x1
        out[c + 2] = x2
        out[c + 3] = x3


@kernel
def push(q, start, slopes, head, first, last, m, total):
    """Gradient by the keys, from four items at once: total[c, j] += q[i, c] slope_i[j]."""
    end = q.shape[0] - 1
    # rows beyond the last item have slope 0
    i0, i1, i2, i3 = start, min(start + 1, end), min(start + 2, end), min(start + 3, end)
    g0, g1, g2, g3 = slopes[0, head], slopes[1, head], slopes[2, head], slopes[3, head]
    for c in range(first, last):
        q0, q1, q2, q3 = q[i0, c], q[i1, c], q[i2, c], q[i3, c]
        row = total[c]
        for j in range(m):
            row[j] += q0 * g0[j] + q1 * g1[j] + q2 * g2[j] + q3 * g3[j]


@kernel
def logistic_row(values, tau, alpha, norm, m, bits, out):
    """norm / (1 + exp(-alpha (values - tau))), by a polynomial and a shift of the exponent."""
    power = bits.view(np.float32)
    for j in range(m):
        z = min(max(alpha * (values[j] - tau), -STEEP), STEEP) * LOG2_E
        n = np.floor(z + HALF)
        f = (z - n) * LN_2
        out[j] = ONE + f * (ONE + f * (C2 + f * (C3 + f * (C4 + f * (C5 + f * C6)))))
        bits[j] = (np.int32(n) + np.int32(127)) << np.int32(23)
    for j in range(m):
        e = out[j] * power[j]
        out[j] = norm * (e / (ONE + e))


@kernel
def logistic_gradients(
    first, last, q, k, heads, offsets, targets, items, alphas, taus, by_q, by_k, by_scale
):
    """Gradients of the sum over pairs of softplus(-+ alpha (max over heads - tau)) / items.

    For the runs from first to last; by_q, by_k like q and k; by_scale (runs, 2): by log alpha and
    tau. The gradient of a pair goes to its winning head.
    """
    width = q.shape[2]
    dim = width // heads
    most = q.shape[1]
    keys = np.empty((width, most), np.float32)
    total = np.empty((width, most), np.float32)
    scores = np.empty((heads, most), np.float32)
    slopes = np.zeros((ROWS, heads, most), np.float32)
    slope = np.empty(most, np.float32)
    best = np.empty(most, np.float32)
    winner = np.empty(most, np.int32)
    bits = np.empty(most, np.int32)
    for run in range(first, last):
        m = items[run]
        alpha, tau = alphas[run], taus[run]
        norm = ONE / np.float32(m)
        for j in range(m):
            for c in range(width):
                keys[c, j] = k[run, j, c]
        total[:, :m] = ZERO
        by_alpha, by_tau = 0.0, 0.0
        for start in range(0, m, ROWS):
            for r in range(ROWS):
                i = start + r
                if i >= m:
                    slopes[r, :, :m] = ZERO
                    continue
                for a in range(heads):
                    score(q[run, i], keys, a * dim, (a + 1) * dim, m, scores[a])
                    s = scores[a]
                    if a == 0:
                        for j in range(m):
                            best[j] = s[j]
                            winner[j] = 0
                    else:
                        for j in range(m):
                            # no branch: which head wins cannot be predicted
                            better = s[j] > best[j]
                            winner[j] = np.int32(a) if better else winner[j]
                            best[j] = s[j] if better else best[j]
                logistic_row(best, tau, alpha, norm, m, bits, slope)
                for e in range(offsets[run, i], offsets[run, i + 1]):
                    slope[targets[run, e]] -= norm
                one, other = ZERO, ZERO
                for j in range(m):
                    one += slope[j]
                    other += slope[j] * (best[j] - tau)
                by_tau -= one
                by_alpha += other
                for a in range(heads):
                    g = slopes[r, a]
                    for j in range(m):
                        g[j] = alpha * slope[j] if winner[j] == a else ZERO
                    pull(g, keys, a * dim, (a + 1) * dim, m, by_q[run, i])
            for a in range(heads):
                push(q[run], start, slopes, a, a * dim, (a + 1) * dim, m, total)
        for j in range(m):
            for c in range(width):
                by_k[run, j, c] = total[c, j]
        by_scale[run, 0] = by_alpha * alpha
        by_scale[run, 1] = by_tau * alpha


@kernel
def hinge_gradients(first, last, q, k, heads, offsets, targets, items, levels, by_q, by_k):
    """Gradients of half the squared excess of other pairs above a level, in every head, and half
    the squared shortfall of edges below 1, in the head that serves them best; over the items."""
    width = q.shape[2]
    dim = width // heads
    most = q.shape[1]
    keys = np.empty((width, most), np.float32)
    scores = np.empty(most, np.float32)
    for run in range(first, last):
        m, level = items[run], levels[run]
        norm = ONE / np.float32(m)
        for j in range(m):
            for c in range(width):
                keys[c, j] = k[run, j, c]
        by_q[run, :m] = ZERO
        by_k[run, :m] = ZERO
        for i in range(m):
            query = q[run, i]
            for e in range(offsets[run, i], offsets[run, i + 1]):
                j = targets[run, e]
                serving, value = 0, np.float32(-np.inf)
                for a in range(heads):
                    s = ZERO
                    for c in range(a * dim, (a + 1) * dim):
                        s += query[c] * k[run, j, c]
                    if s > value:
                        serving, value = a, s
                short = norm * (ONE - value)
                if short > 0:
                    for c in range(serving * dim, (serving + 1) * dim):
                        by_q[run, i, c] -= short * k[run, j, c]
                        by_k[run, j, c] -= short * query[c]
            for a in range(heads):
                low, high = a * dim, (a + 1) * dim
                score(query, keys, low, high, m, scores)
                for e in range(offsets[run, i], offsets[run, i + 1]):
                    scores[targets[run, e]] = -np.inf
                top = level
                for j in range(m):
                    top = max(top, scores[j])
                # most rows have no score above the level once a layer is nearly right
                if top == level:
                    continue
                for j in range(m):
                    if scores[j] > level:
                        excess = norm * (scores[j] - level)
                        for c in range(low, high):
                            by_q[run, i, c] += excess * k[run, j, c]
                            by_k[run, j, c] += excess * query[c]


@kernel
def sides(first, last, q, k, heads, offsets, targets, items, alphas, taus, levels, out):
    """out (runs, 4): least edge, greatest other score over all heads, logistic loss, hinge loss."""
    width = q.shape[2]
    dim = width // heads
    most = q.shape[1]
    keys = np.empty((width, most), np.float32)
    scores = np.empty(most, np.float32)
    best = np.empty(most, np.float32)
    for run in range(first, last):
        m, alpha, tau, level = items[run], alphas[run], taus[run], levels[run]
        for j in range(m):
            for c in range(width):
                keys[c, j] = k[run, j, c]
        least, top = np.float32(np.inf), np.float32(-np.inf)
        logistic, hinge = 0.0, 0.0
        for i in range(m):
            best[:m] = -np.inf
            for a in range(heads):
                score(q[run, i], keys, a * dim, (a + 1) * dim, m, scores)
                for j in range(m):
                    best[j] = scores[j] if scores[j] > best[j] else best[j]
                for e in range(offsets[run, i], offsets[run, i + 1]):
                    scores[targets[run, e]] = level
                for j in range(m):
                    excess = max(scores[j] - level, ZERO)
                    hinge += excess * excess
            for e in range(offsets[run, i], offsets[run, i + 1]):
                value = best[targets[run, e]]
                least = min(least, value)
                short = max(ONE - value, ZERO)
                hinge += short * short
                z = alpha * (value - tau)
                logistic += max(-z, ZERO) + np.log1p(np.exp(-abs(z)))
                best[targets[run, e]] = -np.inf
            for j in range(m):
                if best[j] > -np.inf:
                    top = max(top, best[j])
                    z = alpha * (best[j] - tau)
                    logistic += max(z, ZERO)
                    if abs(z) < STEEP:
                        logistic += np.log1p(np.exp(-abs(z)))
        out[run, 0] = least
        out[run, 1] = top
        out[run, 2] = logistic / m
        out[run, 3] = hinge / (2 * m)
        # a number that is not finite must not hide behind comparisons, which it loses
        if not (np.isfinite(q[run]).all() and np.isfinite(k[run]).all()):
            out[run, 2] = np.nan
            out[run, 3] = np.nan
