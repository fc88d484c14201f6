"""The bound on rounding, against executions in random orders."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.domain import Domain
from superproof.verify.network import Network
from superproof.verify.rounding.error_bound import ErrorBound, lattice_gap
from superproof.verify.rounding.number_type import NUMBER_TYPES

from ...oracles import fraction_oracle as oracle
from ...oracles.ieee_emulation import Machine, Style, draw_style
from ...strategies import arrays, domains, networks

NAMES = sorted(NUMBER_TYPES)


def excluded(network: Network, bound: ErrorBound, fed: list[Fraction]) -> bool:
    """Whether some step neuron comes nearer to its jump than the bound allows for."""
    for steps in bound.steps:
        layer = network.layers[steps.layer]
        rows = layer.weight[steps.neurons], layer.bias[steps.neurons]
        prefix = Network.from_arrays(
            [*(la.weight for la in network.layers[: steps.layer]), rows[0]],
            [*(la.bias for la in network.layers[: steps.layer]), rows[1]],
            [*(la.activation for la in network.layers[: steps.layer]), "identity"],
        )
        values = oracle.forward(prefix, fed)
        if any(not abs(z) > e for z, e in zip(values, steps.error, strict=True)):
            return True
    return False


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(NAMES), st.booleans())
def test_no_execution_leaves_the_bound(data: st.DataObject, name: str, wild: bool) -> None:
    count = data.draw(st.integers(1, 4))
    network = data.draw(networks(count, max_hidden=2, max_width=4, wild=wild))
    domain = data.draw(domains(tuple(f"x{i}" for i in range(count))))
    bound = ErrorBound.of(network, domain, NUMBER_TYPES[name])
    if bound.overflow:
        return
    seeds = data.draw(st.lists(st.integers(0, 1 << 30), min_size=2, max_size=2))
    machines = [Machine(draw_style(name, seed)) for seed in seeds]
    for bits in oracle.members(domain)[:6]:
        fed = [domain.values[int(bit)] for bit in bits]
        if excluded(network, bound, fed):
            continue
        exact = oracle.forward(network, fed)
        for machine in machines:
            executed = machine.run(network, fed)
            for a, b, error in zip(exact, executed, bound.error, strict=True):
                assert abs(a - b) <= error


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["float32", "bfloat16", "float16"]))
def test_a_first_layer_alone(data: st.DataObject, name: str) -> None:
    """Wide sums of few kinds of weights, where units and cardinality matter."""
    count = data.draw(st.integers(5, 12))
    weight = data.draw(arrays((1, count)))
    network = Network.from_arrays([weight], [data.draw(arrays((1,)))])
    most = data.draw(st.integers(0, count))
    domain = Domain(tuple(f"x{i}" for i in range(count)), at_most=most)
    bound = ErrorBound.of(network, domain, NUMBER_TYPES[name])
    if bound.overflow:
        return
    machine = Machine(draw_style(name, data.draw(st.integers(0, 1 << 30))))
    for ones in itertools.islice(itertools.combinations(range(count), most), 5):
        fed = [Fraction(int(i in ones)) for i in range(count)]
        (exact,), (executed,) = oracle.forward(network, fed), machine.run(network, fed)
        assert abs(exact - executed) <= bound.error[0]


def error_of(weights: list, biases: list, name: str, inputs: int, **domain: int) -> list[float]:
    network = Network.from_arrays(weights, biases)
    names = tuple(f"x{i}" for i in range(inputs))
    return ErrorBound.of(network, Domain(names, **domain), NUMBER_TYPES[name]).error.tolist()


@pytest.mark.parametrize(("name", "bits"), [("float32", 24), ("bfloat16", 8), ("float16", 11)])
def test_sums_are_exact_up_to_the_significand(name: str, bits: int) -> None:
    last = 1 << bits
    assert error_of([[[last - 2, 1]]], [[1]], name, 2) == [0.0]
    assert error_of([[[last - 1, 1]]], [[1]], name, 2) != [0.0]
    # one unit more, but never at the same time
    assert error_of([[[last - 1, 1]]], [[1]], name, 2, at_most=1) == [0.0]
    # sign does not matter: what cancels may be summed last
    assert error_of([[[last - 1, -1]]], [[1]], name, 2) != [0.0]


def test_the_unit_counts_and_not_the_size() -> None:
    assert error_of([[[2.0**-100, 2.0**-90]]], [[2.0**-80]], "float32", 2) == [0.0]
    assert error_of([[[2.0**-100, 2.0**-90]]], [[2.0**-70]], "float32", 2) != [0.0]
    # below the normal numbers a sum may be flushed
    assert error_of([[[2.0**-130, 2.0**-129]]], [[0]], "float32", 2) != [0.0]


def test_a_weight_that_the_type_lacks_is_an_error() -> None:
    third = 1 / 3
    assert error_of([[[float(np.float16(third))]]], [[0]], "float32", 1) == [0.0]
    (error,) = error_of([[[third]]], [[0]], "float32", 1)
    assert abs(Fraction(third) - Fraction(float(np.float32(third)))) <= error < 1e-7


def test_numbers_beyond_the_range_have_no_bound() -> None:
    network = Network.from_arrays([[[60000.0, 60000.0]]])
    domain = Domain(("a", "b"))
    assert ErrorBound.of(network, domain, NUMBER_TYPES["float16"]).overflow
    assert not ErrorBound.of(network, domain, NUMBER_TYPES["bfloat16"]).overflow
    small = Domain(("a", "b"), at_most=1)
    assert not ErrorBound.of(network, small, NUMBER_TYPES["float16"]).overflow


def test_a_step_needs_room_unless_it_is_exact() -> None:
    domain = Domain(("a", "b"))

    def open_steps(weight: float, bias: float) -> int:
        network = Network.from_arrays(
            [[[weight, weight]], [[1.0]]], [[bias], [0.0]], ["step", "identity"]
        )
        return len(ErrorBound.of(network, domain, NUMBER_TYPES["float32"]).steps)

    assert open_steps(1.0, -1.0) == 0
    assert open_steps(0.1, -0.1) == 1
    # rounded, but all sums are an odd multiple of about 2^29
    assert open_steps(2.0**30, -(2.0**29) - 1) == 0
    assert open_steps(0.1, 1.0) == 0


def test_the_gap_of_a_lattice() -> None:
    assert lattice_gap(Fraction(0), 0) == 0
    assert lattice_gap(Fraction(1, 3), 0) == Fraction(1, 3)
    assert lattice_gap(Fraction(-1, 3), -1) == Fraction(1, 6)
    assert lattice_gap(Fraction(7, 2), 1 << 20) == Fraction(7, 2)
    assert lattice_gap(Fraction(7, 2), -(1 << 20)) == 0


def executed(weights: list, biases: list, style: Style, fed: list[int]) -> tuple[Fraction, float]:
    """What one execution is off by, and the bound, for a network with one output."""
    network = Network.from_arrays(weights, biases)
    values = [Fraction(x) for x in fed]
    domain = Domain(tuple(f"x{i}" for i in range(len(fed))))
    (exact,), (value,) = oracle.forward(network, values), Machine(style).run(network, values)
    return abs(exact - value), float(
        ErrorBound.of(network, domain, NUMBER_TYPES[style.dtype]).error[0]
    )


def test_one_addition_and_one_product_are_bounded_tightly() -> None:
    nearly_half = (1 - 2.0**-10) * 2.0**-24
    off, error = executed([[[1.0, nearly_half]]], [[0.0]], Style("float32"), [1, 1])
    assert off == Fraction(nearly_half)
    assert off <= error < 1.01 * 2.0**-24
    tenth, most = np.float32(0.1), np.float32(0.7)
    weights = [np.array([[tenth]]), np.array([[most]])]
    off, error = executed(weights, [[0.0], [0.0]], Style("float32", fused=0), [1])
    assert 0 < off <= error < 1.01 * 2.0**-24 * 0.07


def test_products_that_vanish_are_counted() -> None:
    """Eight products just below the normal numbers, each flushed to zero."""
    weights = [np.full((8, 1), 2.0**-63), np.full((1, 8), 0.75 * 2.0**-63)]
    style = Style("float32", fused=0, flush=True)
    off, error = executed(weights, [np.zeros(8), [0.0]], style, [1])
    assert off == Fraction(6, 2**126)
    assert off <= error < 1e-36


def test_a_sum_may_be_stored_before_its_bias() -> None:
    # 256 + 1 - 256, whatever the input is
    weights, biases = [[[0], [0]], [[1, 1]]], [[256, 1], [-256]]
    off, error = executed(weights, biases, Style("bfloat16", bias="after"), [1])
    assert off == 1
    assert 1 <= error < 4
    off, _ = executed(weights, biases, Style("bfloat16"), [1])
    assert off == 0
