"""Long integers and exponentials of the checker for attention: bounds that bound, ties that tie."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest

from superproof.verify.attention import recheck as checker

from .test_recheck import accepted, certificate, layer_of, problem_of


def test_lanes_at_their_bound() -> None:
    for bound in (0, 1, 2**31, 2**61 - 1, 2**61, 2**62 - 3, 2**62, 2**63, 2**125 - 1, 2**200):
        lanes = checker.Lanes(bound, 3)
        assert lanes.half > 2 * bound + 2
        for values in (
            [-bound, 0, bound],
            [bound, bound, bound],
            [-bound] * 3,
            [1, -1, bound // 2],
        ):
            packed_values = lanes.pack(values)
            assert packed_values == sum(v << 8 * lanes.size * k for k, v in enumerate(values))
            assert [v - lanes.half for v in lanes.values(packed_values)] == values
            for level in (-bound - 1, -bound, -1, 0, bound - 1, bound, bound + 1):
                above = [k for k, v in enumerate(values) if v > level]
                assert lanes.above(packed_values, level) == lanes.at(above)


@pytest.mark.parametrize("bits", checker.PRECISION[:3])
def test_exponentials_are_within_their_bounds(bits: int) -> None:
    rng = random.Random(bits)
    for _ in range(12):
        unit = Fraction(rng.randint(1, 10**6), rng.choice([1, 3, 2**40, 10**9]))
        exponential = checker.Exponential(unit, bits)
        for _ in range(60):
            x = rng.choice([rng.uniform(-100, 3), rng.uniform(-2000, 1500)])
            difference = rng.choice([-1, 0, 1, round(x / unit), 10**40, -(10**40)])
            low, high = exponential.bounds(difference)
            if difference * unit > 1430:
                assert low >= 1 << (checker.CAP + bits) or difference * unit < 1500
                continue
            with mpmath.workprec(2 * bits + 5000):
                exact = mpmath.exp(mpmath.mpf(difference * unit.numerator) / unit.denominator)
                exact *= mpmath.mpf(2) ** bits
                assert low <= exact <= high
                assert high - low <= 1 + 2**-40 * exact
    assert checker.Exponential(Fraction(1, 7), bits).bounds(0) == (1 << bits, 1 << bits)


def test_coarse_exponentials_are_upper_bounds() -> None:
    rng = random.Random(5)
    for _ in range(60):
        unit = Fraction(rng.randint(1, 10**6), rng.choice([1, 7, 2**40, 10**9]))
        exponential = checker.Exponential(unit, 128)
        spread = round(rng.choice([1, 30, 400, 10**6]) / unit) + 1
        values = [rng.randint(-spread, spread) for _ in range(50)]
        base = rng.choice([max(values) - rng.choice([0, 1, spread // 9]), min(values)])
        for value, upper in zip(values, exponential.coarse(values, base, 2 * spread), strict=True):
            low, high = exponential.bounds(value - base)
            assert min(high, 1 << (checker.CAP + 128)) <= upper <= high * 257 // 256 + 2 or (
                low > 1 << (checker.CAP + 127) and upper >= 1 << (checker.CAP + 128)
            )


def test_exponents_that_cancel_are_told_exactly() -> None:
    """All scores equal and no null key: every weight is 1 over the size of the context."""
    scores = [[[0] * 4 for _ in range(4)]]
    every = [[i, j] for i in range(4) for j in range(4)]
    for size in range(1, 5):
        for level in ("1/4", "1/3", "1/2", "2/3", "3/10"):
            readout = {"kind": "softmax", "temperature": "1/3", "context": size, "null": None,
                       "level": level}  # fmt: skip
            data = problem_of(layer_of(scores), every, readout)
            proof = {"kind": "contexts", "edges": [[{"multipliers": [1]}]] * 16}
            holds = Fraction(level) * size <= 1
            assert accepted(data, certificate(data, "holds", proof)) == holds
            context = {"kind": "context", "pair": [0, 0], "context": list(range(size))}
            assert accepted(data, certificate(data, "violated", context)) != holds


def test_a_weight_near_the_level_is_told_by_more_bits() -> None:
    """In the context of both items they differ by the factor exp(2^-300), or exp(2^-9000)."""
    scores = [[[0, 1], [0, 0]]]
    readout = {"kind": "softmax", "temperature": "1", "context": 2, "null": None, "level": "1/2"}
    edges = [[0, 0], [0, 1], [1, 0], [1, 1]]
    for exponent in (-300, -1900):
        data = problem_of(layer_of(scores, exponent), edges, readout)
        for pair, missed in (([0, 0], True), ([0, 1], False), ([1, 0], False)):
            evidence = {"kind": "context", "pair": pair, "context": [0, 1]}
            assert accepted(data, certificate(data, "violated", evidence)) == missed
        right = problem_of(layer_of([[[1, 1], [0, 0]]], exponent), edges, readout)
        proof = {"kind": "contexts", "edges": [[{"multipliers": [1]}]] * 4}
        assert accepted(right, certificate(right, "holds", proof))
        assert not accepted(data, certificate(data, "holds", proof))
        kept = problem_of(layer_of(scores, exponent), edges[1:], readout)
        proof = {"kind": "contexts", "edges": [[{"multipliers": [1]}]] * 3}
        # (0, 0) is reported alone, so it is wrong in another context
        with pytest.raises(checker.RejectedError, match=r"head 0 reports \(0, 0\), which is no"):
            checker.recheck(kept, certificate(kept, "holds", proof))
    data = problem_of(layer_of(scores, -9000), edges, readout)
    for pair in ([0, 0], [0, 1]):
        evidence = {"kind": "context", "pair": pair, "context": [0, 1]}
        with pytest.raises(checker.RejectedError, match="too near to the level to be told"):
            checker.recheck(data, certificate(data, "violated", evidence))
