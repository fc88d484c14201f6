"""Softmax read-outs by going through all contexts, with decimals of many digits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from superproof.verify.attention.recognition import RecognitionProblem


def plain_scores(problem: RecognitionProblem) -> list[list[list[Fraction]]]:
    """Scores of the heads by the definition, in fractions: [head][i][j]."""
    embeddings, query, key = (array.fractions().tolist() for array in problem.layer.exact)
    result = []
    for q, k in zip(query, key, strict=True):
        asks, answers = (
            [[sum(x * w[n] for x, w in zip(row, side, strict=True)) for n in range(len(side[0]))]
             for row in embeddings]
            for side in (q, k)
        )  # fmt: skip
        result.append(
            [[sum(a * b for a, b in zip(x, y, strict=True)) for y in answers] for x in asks]
        )
    return result


@lru_cache(maxsize=1 << 16)
def exponential(number: Fraction, digits: int) -> Decimal:
    """exp of a fraction, rounded to so many digits; infinite or 0 beyond 10^(10^15)."""
    with _digits(digits):
        return _decimal(number).exp()


def is_reported(
    problem: RecognitionProblem,
    scores: list[list[list[Fraction]]],
    pair: tuple[int, int],
    context: tuple[int, ...],
) -> bool:
    """Whether some head gives the pair at least the level in this context; ties count."""
    softmax = problem.softmax
    assert softmax is not None
    for head in scores:
        row = head[pair[0]]
        values = [row[k] for k in context] + ([] if softmax.null is None else [softmax.null])
        gaps = [(value - row[pair[1]]) / softmax.temperature for value in values]
        # equal scores are as heavy as the pair: they count exactly, ties are theirs alone
        left = 1 / softmax.level - sum(gap == 0 for gap in gaps)
        nearest = max((1 / abs(gap) for gap in gaps if gap), default=Fraction(1))
        digits = 60 + 20 * -(-len(str(int(nearest))) // 20)
        rest = [exponential(gap, digits) for gap in gaps if gap]
        with _digits(digits):
            # a weight that underflows is still above 0
            if sum(rest) <= _decimal(left) and (left > 0 or not rest):
                return True
    return False


def wrong_pairs(problem: RecognitionProblem) -> dict[tuple[int, int], tuple[int, ...]]:
    """Every pair that is wrong in some context, with the first such context."""
    softmax = problem.softmax
    assert softmax is not None
    scores = plain_scores(problem)
    items = problem.layer.items
    wrong = {}
    for i in range(items):
        for j in range(items):
            edge = (i, j) in problem.graph
            for context in _contexts((i, j), items, softmax.context):
                if is_reported(problem, scores, (i, j), context) is not edge:
                    wrong[i, j] = context
                    break
    return wrong


def _contexts(pair: tuple[int, int], items: int, most: int) -> Iterator[tuple[int, ...]]:
    members = sorted(set(pair))
    others = [k for k in range(items) if k not in members]
    for size in range(most - len(members) + 1):
        for further in combinations(others, size):
            yield tuple(sorted([*members, *further]))


def _digits(count: int) -> AbstractContextManager[Context]:
    return localcontext(Context(prec=count, Emax=10**15, Emin=-(10**15), traps=[]))


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
