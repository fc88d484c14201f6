"""Pairs of bounds that are ordered at all sizes: the inequality behind each, by Z3 or sympy.

Logarithms of counts enter as numbers of which only a proved estimate is known; the estimates
themselves are checked exactly on small sizes beside each proof.
"""

from __future__ import annotations

import math
from fractions import Fraction

import sympy
import z3

from superproof.theory.attention import graphs
from superproof.theory.counting import labelled_distinct_ands, permutations
from superproof.theory.free_reads import crossing


def _holds_always(claim: z3.BoolRef, *known: z3.BoolRef) -> None:
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    solver.add(*known)
    assert solver.check() == z3.sat  # the premises do not exclude each other
    solver.add(z3.Not(claim))
    assert solver.check() == z3.unsat


def test_one_neuron_an_output_holds_every_function() -> None:
    m, outputs, bits = z3.Ints("m outputs bits")
    # C(m, k) <= 2^m, so m' labelled tuples take at most m m' bits
    for inputs in range(1, 9):
        for arity in range(1, inputs + 1):
            for count in (1, math.comb(inputs, arity)):
                assert labelled_distinct_ands(inputs, count, arity).bits() <= inputs * count
    held = outputs * (m + outputs + 1) + outputs
    _holds_always(held >= bits, m >= 1, outputs >= 1, bits <= m * outputs)


def test_reads_of_random_signs_hold_every_function() -> None:
    m, outputs, bits, width, entry = z3.Ints("m outputs bits width entry")
    logarithm = z3.Real("logarithm")
    # a tuple takes k lg m bits; 2 m (m-1) >= m for m >= 2, and 2 ln 2 > 1.38
    assert crossing(2, 2) == 5
    for arity in (2, 3, 4):
        square = crossing(arity, arity) ** 2  # v >= k, and it rises with v
        assert all(crossing(v, arity) < crossing(v + 1, arity) for v in range(arity, 9))
        _holds_always(
            entry * (width * (m + outputs + 1) + outputs) >= bits,
            m >= 2, outputs >= 1, entry >= 1, logarithm >= 1,
            bits <= arity * outputs * logarithm + 1,
            width >= Fraction(138, 100) * square * logarithm,
        )  # fmt: skip


def test_sign_codes_hold_every_permutation() -> None:
    m, length, bits, least = z3.Ints("m length bits least")
    # m! <= m^m <= 2^(m ceil(lg m))
    for items in range(2, 200):
        assert permutations(items).bits() <= items * (items - 1).bit_length()
    _holds_always(
        least <= length,
        m >= 2, length >= 1, bits <= m * length,
        2 * m * (least - 1) < bits,  # the least that holds so many bits
        bits >= 0, least >= 0,
    )  # fmt: skip


def test_the_sufficient_scale_is_beyond_the_necessary_one() -> None:
    y, context, error = z3.Reals("y context error")
    # y = exp(-beta gamma): what the sufficient scale demands implies what is necessary
    _holds_always(
        (y + (context - 1) * y * y) * (1 - error) <= error,
        y > 0, context >= 1, error > 0, error < 1,
        2 * y <= error, 2 * context * y * y <= error,
    )  # fmt: skip
    # and the necessary scale is the root of that condition
    others, odds = sympy.symbols("others odds", positive=True)
    root = 2 * odds / (1 + sympy.sqrt(1 + 4 * others * odds))
    assert sympy.simplify(root + others * root**2 - odds) == 0


def test_random_overlaps_lie_above_the_floor() -> None:
    features, neurons, logarithm = z3.Reals("features neurons logarithm")
    # ln(N (N-1) K) >= ln 4 > 1
    assert math.log(4) > 1
    squared = (features - neurons) / (neurons * (features - 1))
    _holds_always(
        z3.And(squared <= 2 * logarithm / neurons, squared <= 1),
        features >= 2, neurons >= 1, features >= neurons, logarithm >= 1,
    )  # fmt: skip


def test_states_of_all_inputs_tell_them_apart() -> None:
    active, logarithm, bits, held = z3.Reals("active logarithm bits held")
    # the sum of C(m, k) over k <= v is at most (m+1)^v, and 2 m (m-1) >= m + 1 for m >= 2;
    # a state has 2 bits or more, and 16 ln 2 > 11
    assert 16 * math.log(2) > 11
    for inputs in range(2, 40):
        assert 2 * inputs * (inputs - 1) >= inputs + 1
        for most in range(1, inputs + 1):
            states = sum(math.comb(inputs, k) for k in range(most + 1))
            assert states <= (inputs + 1) ** most
    _holds_always(
        bits <= held,
        active >= 1, logarithm >= Fraction(3, 2), bits <= active * logarithm + 1,
        held >= 11 * active * active * logarithm,
    )  # fmt: skip


def test_one_edge_heads_are_not_ruled_out_by_sign_patterns() -> None:
    edges, logarithm, bits = z3.Reals("edges logarithm bits")
    # lg C(m^2, m') <= m' lg(e m^2 / m') <= m' (3/2 + lg m^2); with m' heads and d >= 2 there are
    # P > 4 m' unknowns, x lg(c / x) rises up to c / e, and so the patterns have at least
    # 4 m' lg(2 e m^2) bits, or all m' m^2 conditions, which is more than m^2
    assert math.log2(math.e) < 1.5
    for items in range(1, 30):
        for count in (1, items, items * items):
            shown = count * (math.log2(math.e * items * items / count))
            assert math.log2(math.comb(items * items, count)) <= shown + 1e-9
            assert graphs(items, count).bits() <= max(items * items, 1)
    _holds_always(
        4 * edges * (2 + logarithm) >= bits,
        edges >= 1, logarithm >= 0, bits <= edges * (Fraction(3, 2) + logarithm),
    )  # fmt: skip


def test_tails_lie_below_their_bounds() -> None:
    # cosh z <= exp(z^2/2): the ratio of the coefficients of z^(2j) is (2j)! / (2^j j!) >= 1
    j = sympy.Symbol("j", integer=True, nonnegative=True)
    ratio = sympy.factorial(2 * j) / (2**j * sympy.factorial(j))
    growth = sympy.simplify(sympy.combsimp(ratio.subs(j, j + 1) / ratio))
    assert sympy.expand(growth - (2 * j + 1)) == 0
    assert ratio.subs(j, 0) == 1
    # the best exponent of Chernoff's bound is the divergence
    s, n, p = sympy.symbols("s n p", positive=True)
    power = s * (1 - p) / ((n - s) * p)
    exponent = n * sympy.log(1 - p + p * power) - s * sympy.log(power)
    a = s / n
    divergence = a * sympy.log(a / p) + (1 - a) * sympy.log((1 - a) / (1 - p))
    difference = exponent + n * divergence
    for values in ((3, 5, Fraction(1, 3)), (7, 11, Fraction(2, 5)), (1, 2, Fraction(1, 9))):
        known = dict(zip((s, n, p), map(sympy.Rational, values), strict=True))
        assert abs(sympy.N(difference.subs(known), 50)) < sympy.Rational(1, 10**45)
    assert sympy.simplify(sympy.expand_log(difference.subs({n: 2 * s}), force=True)) == 0
