"""The softmax loss of all pairs of items, with the score of a null key learned, and its gradient.

The log-odds of a pair in its worst context are a score less a number of its row, except for edges,
which are few. So all other pairs cost what they cost for the logistic loss, and edges one row of
exponentials a head.
"""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler
from .curves import exponential, softplus_of
from .lanes import above, choose, fill, greatest, larger, multiply_add, read, total, write
from .logistic import LEAST, look_at_others, spread_slopes
from .pairs import ROWS, return_slopes, score
from .vectors import LANES, ONE, ZERO

kernel = compiler(Path(__file__).parent, error_model="numpy")

#: The share of everything that the rest of a context has at least.
FAR = np.float32(1e-7)


@kernel
def _alone(scores, place, step, heads, null, own, alone):
    """Scores of an item with itself, and log(e**own + e**null), which its pairs alone must beat.

    Returns the head with the largest of the first.
    """
    winner = 0
    for a in range(heads):
        own[a] = scores[place + a * step]
        alone[a] = softplus_of(own[a] - null) + null
        if own[a] > own[winner]:
            winner = a
    return winner


@kernel
def _contexts(scores, first, step, heads, items, shares, null, powers, tops, totals):
    """Weights of all items in the context of all, and their sums with the null key, a head."""
    zero = fill(ZERO)
    for a in range(heads):
        highest = fill(null)
        for j in range(0, items, LANES):
            real = above(read(shares, j), zero)
            highest = larger(choose(real, read(scores, first + a * step + j), highest), highest)
        top = greatest(highest)
        shift, everything = fill(top), zero
        for j in range(0, items, LANES):
            real = above(read(shares, j), zero)
            power = exponential(read(scores, first + a * step + j) - shift)
            power = choose(real, power, zero)
            write(powers, a * items + j, power)
            everything = everything + power
        tops[a] = top
        totals[a] = total(everything) + np.float32(np.exp(null - top))


@kernel
def _odds_of_edge(scores, first, step, heads, items, target, powers, tops, totals):
    """Log-odds of an edge in the context of all items, and the head that serves it best."""
    serving, value = 0, LEAST
    for a in range(heads):
        rest = max(totals[a] - powers[a * items + target], FAR * totals[a])
        odds = scores[first + a * step + target] - np.float32(np.log(rest)) - tops[a]
        if odds > value:
            serving, value = a, odds
    return serving, value


@kernel
def _subtract(scores, first, step, heads, items, alone):
    """Scores of an item turned into the log-odds of its pairs alone, a head."""
    for a in range(heads):
        rival = fill(alone[a])
        for j in range(first + a * step, first + a * step + items, LANES):
            write(scores, j, read(scores, j) - rival)


@kernel
def _sum(values, first, items):
    everything = fill(ZERO)
    for j in range(0, items, LANES):
        everything = everything + read(values, first + j)
    return total(everything)


@kernel
def softmax_gradients(
    queries, keys, heads, key_dim, items, count, shares, offsets, targets, null, scores, powers,
    serving, odds, by_query, by_key,
):  # fmt: skip
    """Gradients of the sum over pairs of softplus(-+ log-odds) / count.

    Returns the one by the score of the null key.
    """
    step, share, by_null = ROWS * items, shares[0], 0.0
    own, alone = np.empty(heads, np.float32), np.empty(heads, np.float32)
    tops, totals = np.empty(heads, np.float32), np.empty(heads, np.float32)
    for start in range(0, count, ROWS):
        score(queries, keys, heads, key_dim, items, start, scores)
        for r in range(min(ROWS, count - start)):
            i, first = start + r, r * items
            begin, end = offsets[i], offsets[i + 1]
            winner = _alone(scores, first + i, step, heads, null, own, alone)
            if begin < end:
                _contexts(scores, first, step, heads, items, shares, null, powers, tops, totals)
            for e in range(begin, end):
                serving[e], odds[e] = _odds_of_edge(
                    scores, first, step, heads, items, targets[e], powers, tops, totals
                )
            _subtract(scores, first, step, heads, items, alone)
            spread_slopes(scores, first, step, heads, items, shares, ONE, ZERO)
            # an item alone with itself competes with the null key only
            for a in range(heads):
                scores[first + a * step + i] = ZERO
            scores[first + winner * step + i] = share / (ONE + np.exp(null - own[winner]))
            for e in range(begin, end):
                for a in range(heads):
                    scores[first + a * step + targets[e]] = ZERO
            for a in range(heads):
                place = first + a * step + i
                pairs = _sum(scores, first + a * step, items) - scores[place]
                part = ONE / (ONE + np.exp(null - own[a]))
                by_null -= scores[place] + pairs * (ONE - part)
                scores[place] -= pairs * part
            for e in range(begin, end):
                a, j = serving[e], targets[e]
                pulled = share / (ONE + np.exp(odds[e]))
                weight = powers[a * items + j]
                rest, kept = totals[a] - weight, ZERO
                if rest <= FAR * totals[a]:
                    rest, kept = totals[a], weight
                factor = pulled / rest
                place = first + a * step
                before = scores[place + j]
                _add(scores, place, powers, a * items, items, factor)
                scores[place + j] = before + factor * kept - pulled
                by_null += factor * np.exp(null - tops[a])
        return_slopes(queries, keys, heads, key_dim, items, start, scores, by_query, by_key)
    return by_null


@kernel
def _add(target, first, source, place, items, factor):
    for j in range(0, items, LANES):
        added = multiply_add(read(source, place + j), fill(factor), read(target, first + j))
        write(target, first + j, added)


@kernel
def softmax_survey(
    queries, keys, heads, key_dim, items, count, shares, offsets, targets, null, scores, powers
):
    """The loss, and whether no pair is on the wrong side or on the border."""
    step, loss, right = ROWS * items, 0.0, True
    own, alone = np.empty(heads, np.float32), np.empty(heads, np.float32)
    tops, totals = np.empty(heads, np.float32), np.empty(heads, np.float32)
    for start in range(0, count, ROWS):
        score(queries, keys, heads, key_dim, items, start, scores)
        for r in range(min(ROWS, count - start)):
            i, first = start + r, r * items
            begin, end = offsets[i], offsets[i + 1]
            winner = _alone(scores, first + i, step, heads, null, own, alone)
            if begin < end:
                _contexts(scores, first, step, heads, items, shares, null, powers, tops, totals)
            looped = False
            for e in range(begin, end):
                j = targets[e]
                value = _odds_of_edge(scores, first, step, heads, items, j, powers, tops, totals)[1]
                loss += softplus_of(-value)
                right &= value > 0
                looped |= j == i
                for a in range(heads):
                    scores[first + a * step + j] = LEAST
            if not looped:
                value = own[winner] - null
                loss += softplus_of(value)
                right &= value < 0
            for a in range(heads):
                scores[first + a * step + i] = LEAST
            _subtract(scores, first, step, heads, items, alone)
            found, top = look_at_others(scores, first, step, heads, items, shares, ONE, ZERO)
            loss += found
            right &= top < 0
    return loss / count, right
