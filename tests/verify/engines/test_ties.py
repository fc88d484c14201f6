"""Ties, rounding and edge cases, with the exact answers worked out by hand.

Float execution gets many of these wrong; both engines must get all of them right.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.domain import Ball, Domain
from superproof.verify.engines import enumeration
from superproof.verify.errors import InputError
from superproof.verify.formula import (
    And,
    AtLeast,
    AtMost,
    Formula,
    Not,
    Or,
    Variable,
    Xor,
)
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Readout, Threshold
from superproof.verify.specification import Specification

from ...oracles import fraction_oracle as oracle

ENGINES = ("enumerate", "tree", "z3")
pytestmark = pytest.mark.parametrize("engine", ENGINES)

HALF, ONE = Fraction(1, 2), Fraction(1)


def decide(engine: str, network: Network, specification: Specification) -> tuple[Any, ...]:
    """Status, violating inputs, count and margin, as the engine and the oracle say."""
    verdict = check(
        network, specification, engine=engine, count=True, margin=True, counterexamples=1000
    )
    truth = oracle.answer(Problem(network, specification))
    found = sorted(example.text for example in verdict.counterexamples)
    assert (verdict.status, found) == (truth.status, sorted(truth.violating))
    assert (verdict.violations, verdict.margin) == (truth.violations, truth.margin)
    return verdict.status, found, verdict.violations, verdict.margin


def copies(s: int) -> Network:
    """s copies of relu(x1 + x2 - 1), each read with the float32 nearest to 1/s."""
    ones = np.ones((s, 2), dtype=np.float32)
    return Network.from_arrays(
        [ones, np.full((1, s), 1 / s, dtype=np.float32)],
        [np.full(s, -1, dtype=np.float32), np.zeros(1, dtype=np.float32)],
    )


# float32(1/s) = mantissa / 2^(23 + e) with 2^e the power of two below s; the output at (1, 1) is
# s times that. 2^28 * 1/25 = 10737418.24 rounds down and 25 * 10737418 = 2^28 - 6;
# 2^28 * 1/27 = 9942053.9.. rounds up and 27 * 9942054 = 2^28 + 2;
# 2^28 * 1/31 = 8659208.2.. rounds down and 31 * 8659208 = 2^28 - 8.
AT_ONE_ONE = {
    25: 1 - Fraction(6, 1 << 28),
    27: 1 + Fraction(2, 1 << 28),
    31: 1 - Fraction(8, 1 << 28),
}


@pytest.mark.parametrize("s", [25, 27, 31])
def test_copies_at_level_one(engine: str, s: int) -> None:
    """f >= 1 at (1, 1) and f <= 0 elsewhere."""
    value = AT_ONE_ONE[s]
    specification = Specification(2, ["x0 & x1"], readout=Levels(ONE, Fraction(0)))
    status, found, count, margin = decide(engine, copies(s), specification)
    if value >= 1:
        # the zeros of the other inputs lie exactly on the lower level
        assert (status, found, count, margin) == ("holds", [], 0, 0)
    else:
        assert (status, found, count, margin) == ("violated", ["11"], 1, value - 1)


@pytest.mark.parametrize("s", [25, 27, 31])
def test_copies_strictly_above_one(engine: str, s: int) -> None:
    value = AT_ONE_ONE[s]
    specification = Specification(2, ["x0 & x1"], readout=1)
    status, found, _, margin = decide(engine, copies(s), specification)
    assert (status, found) == (("holds", []) if value > 1 else ("violated", ["11"]))
    assert margin == value - 1


def test_many_copies_agree_with_their_fractions(engine: str) -> None:
    """Powers of two sum to exactly 1, which is not above 1 but at least 1."""
    for s in (2, 4, 8):
        at_least = Specification(2, ["x0 & x1"], readout=Levels(ONE, Fraction(0)))
        above = Specification(2, ["x0 & x1"], readout=1)
        assert decide(engine, copies(s), at_least) == ("holds", [], 0, 0)
        assert decide(engine, copies(s), above) == ("violated", ["11"], 1, 0)


def large_bias(power: int, dtype: str, offset: float = -0.5) -> Network:
    """relu(2^power + x0 + x1) - relu(2^power) + offset."""
    big = 2.0**power
    return Network.from_arrays(
        [np.array([[1, 1], [0, 0]], dtype=dtype), np.array([[1, -1]], dtype=dtype)],
        [np.array([big, big], dtype=dtype), np.array([offset], dtype=dtype)],
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("power", [23, 24, 25, 40, 52, 53, 54, 63, 64, 100, 127])
def test_large_bias_is_or_exactly(engine: str, power: int, dtype: str) -> None:
    """The sum is 2^power + x0 + x1 exactly, whatever a float would make of it."""
    network = large_bias(power, dtype)
    assert decide(engine, network, Specification(2, ["x0 | x1"])) == ("holds", [], 0, HALF)
    status, found, count, margin = decide(engine, network, Specification(2, ["x0 & x1"]))
    assert (status, found, count, margin) == ("violated", ["01", "10"], 2, -HALF)


@pytest.mark.parametrize("power", [24, 40, 53, 64])
def test_large_bias_at_a_tie(engine: str, power: int) -> None:
    """With offset -1 the value at one true input is exactly 0: not above the threshold."""
    network = large_bias(power, "float32", -1.0)
    assert decide(engine, network, Specification(2, ["x0 & x1"])) == ("holds", [], 0, 0)
    assert decide(engine, network, Specification(2, ["x0 | x1"])) == (
        "violated",
        ["01", "10"],
        2,
        0,
    )


def test_smallest_and_largest_floats_together(engine: str) -> None:
    """2^1023 x0 - 2^1023 x0 + 2^-1074 x1, whose float sum loses the last term."""
    network = Network.from_arrays(
        [
            np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 5e-324]]),
            np.array([[2.0**1023, -(2.0**1023), 1.0]]),
        ]
    )
    least = Fraction(1, 1 << 1074)
    assert decide(engine, network, Specification(2, ["x1"])) == ("holds", [], 0, 0)
    assert decide(engine, network, Specification(2, ["x0"])) == (
        "violated",
        ["01", "10"],
        2,
        -least,
    )


@pytest.mark.parametrize(
    ("readout", "expected"),
    [
        (Threshold(ONE), ("violated", ["11"], 1, Fraction(0))),
        (Threshold(ONE - Fraction(1, 10**30)), ("holds", [], 0, Fraction(1, 10**30))),
        (Levels(ONE, Fraction(0)), ("holds", [], 0, Fraction(0))),
        (
            Levels(ONE + Fraction(1, 10**30), Fraction(0)),
            ("violated", ["11"], 1, -Fraction(1, 10**30)),
        ),
        (
            Levels(ONE, -Fraction(1, 10**30)),
            ("violated", ["00", "01", "10"], 3, -Fraction(1, 10**30)),
        ),
    ],
    ids=str,
)
def test_levels_that_the_network_takes(
    engine: str, readout: Readout, expected: tuple[Any, ...]
) -> None:
    """relu(x0 + x1 - 1): 1 at (1, 1), 0 elsewhere; levels are rationals that no float holds."""
    network = Network.from_arrays([[[1, 1]], [[1]]], [[-1], None])
    specification = Specification(2, ["x0 & x1"], readout=readout)
    assert decide(engine, network, specification) == expected


def test_step_at_zero_is_zero(engine: str) -> None:
    """step(x0 - x1) is 0 on the diagonal, and the step output 1 clears no threshold of 1."""
    network = Network.from_arrays([[[1, -1]]], None, ["step"])
    assert decide(engine, network, Specification(2, ["x0 & ~x1"])) == ("holds", [], 0, 0)
    above = Specification(2, ["x0 & ~x1"], readout=1)
    assert decide(engine, network, above) == ("violated", ["10"], 1, 0)


def test_argmax_tie_breaks_both_outputs(engine: str) -> None:
    """Outputs x0 and x1: equal at 00 and 11, where neither reads true nor false."""
    network = Network.from_arrays([[[1, 0], [0, 1]]])
    outputs = ["x0 & ~x1", "x1 & ~x0"]
    assert decide(engine, network, Specification(2, outputs, readout=Argmax())) == (
        "violated",
        ["00", "11"],
        2,
        0,
    )
    on_one_hot = Specification(2, outputs, readout="argmax", domain="exactly 1")
    assert decide(engine, network, on_one_hot) == ("holds", [], 0, 1)


def test_argmax_tie_below_the_largest_is_harmless(engine: str) -> None:
    network = Network.from_arrays([[[0], [0], [1]]], [[0, 0, 1]])
    specification = Specification(1, ["false", "false", "true"], readout="argmax")
    assert decide(engine, network, specification) == ("holds", [], 0, 1)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (And(()), True),
        (Or(()), False),
        (Xor(()), False),
        (AtLeast(0, ()), True),
        (AtLeast(1, ()), False),
        (AtMost(0, ()), True),
        (AtLeast(3, (Variable("x0"), Variable("x1"))), False),
        (AtMost(2, (Variable("x0"), Variable("x1"))), True),
        (AtMost(5, (Variable("x0"),)), True),
        (And((Variable("x0"), Not(Variable("x0")))), False),
        (Or((Variable("x0"), Not(Variable("x0")))), True),
        (Or((And((Variable("x0"), Not(Variable("x0")))),)), False),
        (Xor((Variable("x0"), Variable("x0"))), False),
    ],
    ids=repr,
)
def test_formulas_that_are_constant(engine: str, formula: Formula, value: bool) -> None:
    """Empty connectives, counts out of range, contradictory literals: constants all the same."""
    network = Network.from_arrays([[[0, 0]]], [[1 if value else -1]])
    assert decide(engine, network, Specification(2, [formula])) == ("holds", [], 0, 1)
    assert decide(engine, network, Specification(2, [~formula]))[:3] == (
        "violated",
        ["00", "01", "10", "11"],
        4,
    )


@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        ("x0 & x0 & x1", "x0 & x1"),
        ("x0 | x0", "x0"),
        ("x0 & x1 | x0 & x1", "x0 & x1"),
        ("x0 & ~x0 | x1", "x1"),
        ("atleast(2, x0, x0)", "x0"),
        ("atleast(2, x0, x0, x1)", "x0"),
        ("atmost(1, x0, x0, x1)", "~x0"),
        ("x0 ^ x0 ^ x1", "x1"),
    ],
)
def test_duplicate_literals(engine: str, formula: str, plain: str) -> None:
    network = Network.from_arrays([[[2, -1], [1, 1]], [[1, 3]]], [[0, -1], [-1]])
    both = [decide(engine, network, Specification(2, [text])) for text in (formula, plain)]
    assert both[0] == both[1]


@pytest.mark.parametrize("hidden", [1, 2])
def test_hidden_layers_without_neurons(engine: str, hidden: int) -> None:
    """Nothing reaches the output but its bias."""
    shapes = [(0, 3), *[(0, 0)] * (hidden - 1), (2, 0)]
    biases = [None] * hidden + [np.array([2.0**-100, -1.0])]
    network = Network.from_arrays([np.zeros(shape) for shape in shapes], biases)
    right = Specification(3, ["true", "false"])
    assert decide(engine, network, right) == ("holds", [], 0, Fraction(1, 1 << 100))
    wrong = Specification(3, ["x0", "false"], domain="at most 1")
    assert decide(engine, network, wrong)[:3] == ("violated", ["000", "001", "010"], 3)


@pytest.mark.parametrize("at_most", [2, 3, 7])
def test_at_most_all_of_them_is_the_whole_cube(engine: str, at_most: int) -> None:
    domain = Domain(("x0", "x1"), at_most=at_most)
    verdict = check(
        large_bias(3, "float32"), Specification(2, ["x0 | x1"], domain=domain), engine=engine
    )
    assert (verdict.status, verdict.domain_size) == ("holds", 4)


def test_radius_of_all_inputs_is_the_whole_cube(engine: str) -> None:
    domain = Domain(("x0", "x1"), balls=(Ball((True, False), 2),))
    network = large_bias(3, "float32")
    assert decide(engine, network, Specification(2, ["x0 & x1"], domain=domain))[1] == ["01", "10"]


def test_one_point(engine: str) -> None:
    network = large_bias(53, "float64")
    for domain in ("exactly 0", {"points": ["00"]}, "within 0 of 00", "where ~x0 & ~x1"):
        assert decide(engine, network, Specification(2, ["false"], domain=domain))[0] == "holds"
        assert decide(engine, network, Specification(2, ["true"], domain=domain))[1] == ["00"]


def test_other_input_values(engine: str) -> None:
    """Fed -1 and 1, the product x0 x1 is an xor; fed 1/3 and 2/3, sums are thirds."""
    network = Network.from_arrays([[[1, 1], [-1, -1]], [[1, 1]]], None)
    signs = Specification(2, ["~(x0 ^ x1)"], values=[-1, 1])
    assert decide(engine, network, signs) == ("holds", [], 0, 0)
    summing = Network.from_arrays([[[1, 1]]])
    thirds = Specification(2, ["x0 & x1"], values=["1/3", "2/3"], readout=Threshold(ONE))
    assert decide(engine, summing, thirds) == ("holds", [], 0, 0)
    above = Specification(
        2, ["x0 | x1"], values=["1/3", "2/3"], readout=Levels(ONE, Fraction(2, 3))
    )
    assert decide(engine, summing, above) == ("holds", [], 0, 0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_numbers_that_are_not_finite_never_reach_an_engine(
    engine: str, bad: float, dtype: str
) -> None:
    weight = np.array([[1, 1], [0, bad]], dtype=dtype)
    with pytest.raises(InputError, match=r"layer 0 weight: entry \[1, 1\] is"):
        check(
            Network.from_arrays([weight, [[1, 1]]]),
            Specification(2, ["x0"]),
            engine=engine,
        )
    with pytest.raises(InputError, match=r"layer 1 bias: entry \[0\] is"):
        check(
            Network.from_arrays([np.eye(2), np.ones((1, 2))], [None, np.array([bad], dtype=dtype)]),
            Specification(2, ["x0"]),
            engine=engine,
        )


@pytest.mark.parametrize("small", [0, 1 << 16], ids=["tables", "batches"])
def test_step_weights_whose_sum_is_beyond_int64(
    engine: str, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2^61 + 3 * 2^60 + 3 * 2^60 = 2^63 never occurs, but a bound on the sum must not wrap."""
    monkeypatch.setattr(enumeration, "SMALL", small)
    network = Network.from_arrays(
        [[[0], [0], [1]], [[2.0**61, 3 * 2.0**60, 3 * 2.0**60]]], None, ["step", "identity"]
    )
    assert decide(engine, network, Specification(1, ["x0"])) == ("holds", [], 0, 0)


def test_a_level_that_hides_the_least_value(engine: str) -> None:
    """1/2 - 2^-133 x1 rounds to 1/2 in float64; the margin must not."""
    network = Network.from_arrays([np.array([[0, 2.0**-133]])])
    specification = Specification(2, ["false"], readout=HALF)
    assert decide(engine, network, specification) == ("holds", [], 0, HALF - Fraction(1, 1 << 133))


def test_a_weight_beyond_floats_on_a_dead_neuron(engine: str) -> None:
    """relu(-x0) is never positive, and its weight in units of the least one exceeds float64."""
    network = Network.from_arrays([[[-1]], [[2.0**-1074], [2.0**1000]]])
    specification = Specification(1, ["x0", "false"])
    assert decide(engine, network, specification) == ("violated", ["1"], 1, 0)
