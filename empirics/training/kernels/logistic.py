"""The logistic loss of all pairs of items, with alpha and tau learned, and its gradient."""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .curves import exponential, softplus, softplus_of
from .lanes import above, choose, equal, fill, greatest, larger, read, total, write
from .pairs import ROWS, return_slopes, score
from .vectors import LANES, ONE, ZERO

kernel = compiler(Path(__file__).parent, error_model="numpy")

LEAST = np.float32(-np.inf)


@kernel
def best_head(scores, place, step, heads):
    """The head with the largest score of a pair, the first one of equals, and that score."""
    winner, value = 0, scores[place]
    for a in range(1, heads):
        if scores[place + a * step] > value:
            winner, value = a, scores[place + a * step]
    return winner, value


@kernel
def _best(scores, place, step, heads):
    """The largest scores over the heads, of LANES items."""
    best = read(scores, place)
    for a in range(1, heads):
        best = larger(read(scores, place + a * step), best)
    return best


@kernel
def spread_slopes(scores, first, step, heads, items, shares, alpha, tau):
    """Scores of an item turned into slopes as if no pair were an edge.

    Returns the sum of shares / (1 + exp(-odds)) over pairs, and with the score over tau as weight.
    """
    threshold, steepness, zero, one = fill(tau), fill(alpha), fill(ZERO), fill(ONE)
    pulls, products = zero, zero
    for j in range(0, items, LANES):
        best = _best(scores, first + j, step, heads)
        over = best - threshold
        power = exponential(over * steepness)
        slope = read(shares, j) * power / (power + one)
        pulls = pulls + slope
        products = products + slope * over
        slope = slope * steepness
        for a in range(heads):
            place = first + a * step + j
            wins = equal(read(scores, place), best)
            write(scores, place, choose(wins, slope, zero))
            # of equal heads the first one has it all
            slope = choose(wins, zero, slope)
    return total(pulls), total(products)


@kernel
def logistic_gradients(
    queries, keys, heads, key_dim, items, count, shares, offsets, targets, alpha, tau, scores,
    winners, by_query, by_key,
):  # fmt: skip
    """Gradients of the sum over pairs of softplus(-+ alpha (max over heads - tau)) / count.

    The gradient of a pair goes to its winning head. Returns those by log alpha and tau.
    """
    step, share = ROWS * items, shares[0]
    by_alpha, by_tau = 0.0, 0.0
    for start in range(0, count, ROWS):
        score(queries, keys, heads, key_dim, items, start, scores)
        # the scores of padded items are 0, and stay as slopes what they are
        for r in range(min(ROWS, count - start)):
            first, begin, end = r * items, offsets[start + r], offsets[start + r + 1]
            for e in range(begin, end):
                winners[e], value = best_head(scores, first + targets[e], step, heads)
                by_tau += share
                by_alpha -= share * (value - tau)
            pulls, products = spread_slopes(scores, first, step, heads, items, shares, alpha, tau)
            by_tau -= pulls
            by_alpha += products
            for e in range(begin, end):
                scores[first + winners[e] * step + targets[e]] -= alpha * share
        return_slopes(queries, keys, heads, key_dim, items, start, scores, by_query, by_key)
    return by_alpha * alpha, by_tau * alpha


@kernel
def look_at_others(scores, first, step, heads, items, shares, alpha, tau):
    """The loss of an item's pairs that are not -inf, and the largest score of such a pair."""
    threshold, steepness, zero, lowest = fill(tau), fill(alpha), fill(ZERO), fill(LEAST)
    loss, top = zero, lowest
    for j in range(0, items, LANES):
        best = _best(scores, first + j, step, heads)
        real = above(read(shares, j), zero)
        top = larger(choose(real, best, lowest), top)
        loss = loss + choose(real, softplus((best - threshold) * steepness), zero)
    return total(loss), greatest(top)


@kernel
def logistic_survey(
    queries, keys, heads, key_dim, items, count, shares, offsets, targets, alpha, tau, scores
):
    """The loss, and whether all pairs are on their side of tau."""
    step, loss = ROWS * items, 0.0
    least, top = np.float32(np.inf), LEAST
    for start in range(0, count, ROWS):
        score(queries, keys, heads, key_dim, items, start, scores)
        for r in range(min(ROWS, count - start)):
            first = r * items
            for e in range(offsets[start + r], offsets[start + r + 1]):
                place = first + targets[e]
                value = best_head(scores, place, step, heads)[1]
                least = min(least, value)
                loss += softplus_of(-alpha * (value - tau))
                for a in range(heads):
                    scores[place + a * step] = LEAST
            found, largest = look_at_others(scores, first, step, heads, items, shares, alpha, tau)
            loss += found
            top = max(top, largest)
    return loss / count, least > tau and top <= tau
