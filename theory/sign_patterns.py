"""Lower bounds without any precision: a network of few real parameters has few sign patterns.

Proofs, with the theorem of Warren that is cited, are in docs/theory.md, sections 3.3 and 9.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .counting import Cardinality
from .enclosure import enclose


def log2_patterns(conditions: int, unknowns: int, degree: int = 1) -> Any:
    """An interval above the log2 of how many truth patterns some real conditions can have.

    Args:
        conditions: number of comparisons of a polynomial with 0.
        unknowns: number of real variables, 1 or more.
        degree: greatest degree of the polynomials.

    The number is at most ``2^K``, and ``(c K / P)^P`` for P <= K with c = e for degree 1 and
    4 e times the degree above. It never falls as either count grows.
    """
    if unknowns > conditions:
        return iv.mpf(conditions)
    factor = iv.e if degree == 1 else 4 * iv.e * degree
    patterns = unknowns * iv.log(factor * conditions / unknowns) / iv.log(2)
    # compared by a side that is safe: both are valid
    return iv.mpf(conditions) if patterns.a > conditions else patterns


def patterns_formula(sp: Any, conditions: Any, unknowns: Any, degree: int = 1) -> Any:
    """:func:`log2_patterns` as a sympy expression."""
    factor = sp.E if degree == 1 else 4 * sp.E * degree
    few = unknowns * sp.log(factor * conditions / unknowns, 2)
    return sp.Piecewise((sp.Min(conditions, few), unknowns <= conditions), (conditions, True))


def superposed_neurons(functions: Cardinality, outputs: int, tests: int) -> int:
    """Least n that real weights in one n x n matrix with n biases do not rule out.

    Args:
        functions: number of functions that must be served.
        outputs: number of outputs.
        tests: number of inputs on which two functions are told apart.

    Source: docs/theory.md, section 3.3.
    """

    def patterns(neurons: int) -> Any:
        unknowns = neurons * neurons + neurons
        return log2_patterns(neurons * tests, unknowns) + log2_patterns(outputs * tests, unknowns)

    return _least(functions, patterns)


def key_dim(graphs: Cardinality, items: int, embedding_dim: int, heads: int) -> int:
    """Least total key dimension that real weights do not rule out, for ``heads`` heads.

    Source: docs/theory.md, section 9.3.
    """
    return _least(
        graphs,
        lambda total: log2_patterns(heads * items * items, 2 * total * embedding_dim + 1, 2),
    )


def one_head_embedding_dim(graphs: Cardinality, items: int) -> int:
    """Least dimension of the vectors at which one head of any key dimension is not ruled out.

    Source: docs/theory.md, section 9.3.
    """
    return _least(graphs, lambda d: log2_patterns(items * items, d * d + 1))


def _least(functions: Cardinality, patterns: Callable[[int], Any]) -> int:
    """The least size whose patterns, rising with it, are not proved too few."""
    needed: Fraction = functions.log2()[0]

    def possible(size: int) -> bool:
        return enclose(lambda: patterns(size)).high >= needed

    if needed <= 0:
        return 0
    low, high = 0, 1
    while not possible(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) else (middle, high)
    return high


def affine_cells(planes: int, dimension: int) -> int:
    """The exact greatest number of cells into which so many hyperplanes cut real space."""
    return sum(math.comb(planes, i) for i in range(min(planes, dimension) + 1))
