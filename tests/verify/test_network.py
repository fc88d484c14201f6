"""Networks: shapes, exact evaluation, and the errors of bad arrays."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.errors import InputError
from superproof.verify.network import Layer, Network

from .. import strategies
from ..oracles import fraction_oracle as oracle

fractions = st.fractions(min_value=-9, max_value=9, max_denominator=12)
floats = st.floats(-1e9, 1e9)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_evaluation_is_exact(data: st.DataObject) -> None:
    """Bits, floats, Fractions and integers beyond 64 bits, through any depth."""
    network = data.draw(strategies.networks(wild=True))
    kind = data.draw(st.sampled_from((st.integers(0, 1), floats, fractions, st.integers())))
    point = st.lists(kind, min_size=network.input_size, max_size=network.input_size)
    points = data.draw(st.lists(point, min_size=1, max_size=3))
    values = network.evaluate(points)
    assert values.shape == (len(points), network.output_size)
    for row, inputs in zip(values, points, strict=True):
        assert list(row) == oracle.forward(network, [Fraction(x) for x in inputs])
    assert list(network(points[0])) == list(values[0])


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "uint64", "float16", "float32"])
def test_bits_in_any_type(dtype: str) -> None:
    network = Network.from_arrays([[[0.5, -3], [1, 1]]], [[0, 0.25]])
    expected = [Fraction(1, 2), Fraction(5, 4)]
    assert list(network.evaluate(np.array([1, 0], dtype=dtype))) == expected


def test_unsigned_inputs_beyond_int64() -> None:
    network = Network.from_arrays([[[1, 1]]])
    assert network.evaluate(np.array([2**64 - 1, 1], dtype=np.uint64))[0] == 2**64


def test_no_points() -> None:
    network = Network.from_arrays([[[1, 1]], [[1], [2]]])
    assert network.evaluate(np.zeros((0, 2))).shape == (0, 2)


def test_int64_sums_at_the_edge_of_overflow() -> None:
    """Partial sums just below and above 2^62 and 2^63."""
    for power in (59, 60, 61, 62):
        weight = np.full((1, 4), 2**power, dtype=np.int64)
        for bias in (0, 2**61, -(2**61), 2**62 - 1):
            network = Network.from_arrays([weight], [[bias]])
            assert network.evaluate([1, 1, 1, 1])[0] == 4 * 2**power + bias


def test_shape_properties() -> None:
    network = Network.from_arrays(
        [np.zeros((4, 3), np.float32), np.zeros((2, 4), np.float16)],
        [np.zeros(4, np.float32), None],
        ["step", "relu"],
    )
    assert (network.input_size, network.output_size, network.neurons) == (3, 2, 4)
    assert network.widths == (3, 4, 2)
    assert network.parameters == 12 + 4 + 8 + 2
    assert network.dtype == "float32+float16"
    assert repr(network) == "Network(3-4-2, activations [step, relu], float32+float16)"
    assert "step" in network._repr_html_()


def test_default_activations_and_biases() -> None:
    network = Network.from_arrays([[[1]], [[1]], [[-1]]])
    assert [layer.activation for layer in network.layers] == ["relu", "relu", "identity"]
    assert all(not layer.bias.any() for layer in network.layers)
    assert network.evaluate([2])[0] == -2


def test_lists_of_large_integers_are_not_rounded() -> None:
    """numpy alone would read [-1, 2^63 + 1] as floats and lose the last bit."""
    for large in (2**53 + 1, 2**63 + 1, 2**64 + 1, 10**30):
        for small in (-1, 0.5):
            network = Network.from_arrays([[[small, large]]], [[0]])
            assert network.evaluate([1, 1])[0] == Fraction(small) + large
            assert network.evaluate([0, large])[0] == large * large


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "a network needs at least one layer"),
        (([[1, 2]],), r"layer 0: the weight must have shape \(out, in\), not \(2,\)"),
        (([5],), r"layer 0: the weight must have shape \(out, in\), not \(\)"),
        (([[[1, 2]]], [[1, 2]]), r"layer 0: the bias must have shape \(1,\), not \(2,\)"),
        (([[[1, 2]]], [3]), r"layer 0: the bias must have shape \(1,\), not \(\)"),
        (([[[1, 2]], [[1, 2]]],), "layer 1: the weight has 2 columns but .* has 1 neurons"),
        (([[[1]]], None, ["tanh"]), "layer 0: unknown activation 'tanh'; use one of relu, step"),
        (([[[1]]], [None, None]), "1 weights need 1 biases and 1 activations, not 2 and 1"),
        (([[[1]]], None, []), "1 weights need 1 biases and 1 activations, not 1 and 0"),
        (([np.zeros((0, 3))],), "the network has no outputs"),
        (([[[1, 2], [3]]],), "layer 0 weight: rows of different lengths"),
        (([[["1"]]],), "layer 0 weight: not an array of numbers"),
        (([[[1j]]],), "layer 0 weight: values of type complex128 are not numbers"),
        (([[[float("nan")]]],), r"layer 0 weight: entry \[0, 0\] is nan"),
        (([[[1]], [[1]]], [None, [float("inf")]]), r"layer 1 bias: entry \[0\] is inf"),
    ],
)
def test_errors_of_construction(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Network.from_arrays(*arguments)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1, 0, 1], r"the network has 2 inputs, but x has shape \(3,\)"),
        ([[[1, 0]]], r"the network has 2 inputs, but x has shape \(1, 1, 2\)"),
        (1, r"the network has 2 inputs, but x has shape \(\)"),
        ([1.0, float("nan")], r"x: entry \[0, 1\] is nan"),
        ([None, 1], "x must hold finite numbers"),
        (["1", "0"], "x: not an array of numbers"),
    ],
)
def test_errors_of_evaluation(x: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Network.from_arrays([[[1, 1]]]).evaluate(x)


def test_a_layer_knows_its_size() -> None:
    layer = Layer(np.zeros((2, 5)), np.zeros(2))
    assert (layer.width, layer.fan_in, layer.activation) == (2, 5, "identity")


def test_numpy_integers_among_floats_stay_exact() -> None:
    network = Network.from_arrays([[[np.int64(2**60 + 1), 0.5]]])
    assert network.evaluate([1, 0])[0] == 2**60 + 1
