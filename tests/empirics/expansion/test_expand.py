"""Expanded networks: equal budgets, frozen zeros, children of their parents."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof import Network
from superproof.empirics.expansion.expand import expand, nonzeros
from superproof.verify.errors import InputError


def dense_network(widths: list[int], seed: int) -> Network:
    rng = np.random.default_rng(seed)
    weights = [
        rng.standard_normal((after, before)).astype(np.float32)
        for before, after in pairwise(widths)
    ]
    biases = [rng.standard_normal(after).astype(np.float32) for after in widths[1:]]
    return Network.from_arrays(weights, biases)


@settings(deadline=None)
@given(
    factor=st.integers(2, 4),
    hidden=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    outputs=st.integers(1, 3),
    seed=st.integers(0, 50),
    kind=st.sampled_from(["random", "independent", "gram"]),
)
def test_the_budget_is_kept_exactly(
    factor: int, hidden: list[int], outputs: int, seed: int, kind: str
) -> None:
    network = dense_network([9, *hidden, outputs], seed)
    layer = seed % len(hidden)
    if factor > network.layers[layer].fan_in:
        factor = 2
    if network.layers[layer].fan_in < 2:
        layer = 0
    own, following = network.layers[layer], network.layers[layer + 1]
    copies = (factor - 1) * (own.bias.size + following.weight.size)
    if copies >= own.weight.size + factor * following.weight.size:
        # so few weights, and so many copies of biases and outgoing ones
        with pytest.raises(InputError, match="use a smaller factor"):
            expand(network, factor, kind, layers=[layer], seed=seed)
        return
    found = expand(network, factor, kind, layers=[layer], seed=seed)
    assert nonzeros(found.network) == found.budget == nonzeros(network)
    assert found.network.layers[layer].width == factor * hidden[layer]
    assert found.excess == copies
    # what is left of a child is what its parent has there
    parents, weight = found.parents[layer], found.network.layers[layer].weight
    assert ((weight == 0) | (weight == own.weight[parents])).all()
    assert (found.network.layers[layer].bias == own.bias[parents]).all()
    after = found.network.layers[layer + 1].weight
    assert ((after == 0) | (after == following.weight[:, parents])).all()
    assert (weight[~found.splits[layer].masks] == 0).all()


def test_the_smallest_weights_are_pruned() -> None:
    network = Network.from_arrays(
        [np.array([[5.0, -4.0, 3.0, 0.5]]), np.array([[2.0]])], [np.array([1.0]), np.array([1.0])]
    )
    found = expand(network, 2, seed=1)
    # two copies more, of the bias and of the outgoing weight: 0.5 and the first 2 go
    assert found.excess == 2
    assert sorted(np.abs(found.network.layers[0].weight).ravel()) == [0, 0, 0, 0, 0, 3, 4, 5]
    assert found.network.layers[1].weight.tolist() == [[0.0, 2.0]]


def test_several_layers_keep_the_budget() -> None:
    network = dense_network([12, 6, 5, 3], 4)
    found = expand(network, 2, layers=[1, 0], seed=2)
    assert [layer.width for layer in found.network.layers] == [12, 10, 3]
    assert nonzeros(found.network) == nonzeros(network)
    assert sorted(found.parents) == [0, 1]


def test_masks_are_the_nonzeros() -> None:
    found = expand(dense_network([8, 4, 1], 0), 2)
    for layer, (weight, bias) in zip(found.network.layers, found.masks, strict=True):
        assert ((layer.weight != 0) == weight).all()
        assert ((layer.bias != 0) == bias).all()


def test_sums_of_relus_are_not_relus_of_sums() -> None:
    network = Network.from_arrays([np.array([[1.0, -1.0]]), np.array([[4.0]])])
    found = expand(network, 2)
    point = np.array([1, 1], dtype=np.uint8)
    assert network.evaluate(point) == [0]
    assert found.network.evaluate(point) != [0]


@pytest.mark.parametrize(
    ("widths", "options", "message"),
    [
        ([4, 2], {}, "the network has no hidden layer to expand"),
        ([4, 2, 1], {"layers": [1]}, "layer 1 is not a hidden one; .* from 0 to 0"),
        ([4, 2, 1], {"layers": [-1]}, "layer -1 is not a hidden one"),
        ([4, 3, 3, 1], {"kind": "clause", "layers": [1], "clauses": [[0]]}, "expand layer 0 alone"),
        ([2, 8, 30], {}, "weights of layer 0 would have to be pruned; use a smaller factor"),
    ],
)
def test_what_cannot_be_expanded_is_said(
    widths: list[int], options: dict[str, object], message: str
) -> None:
    network = dense_network(widths, 1)
    if widths == [2, 8, 30]:
        # next to nothing to prune but zeros
        first, second = (layer.weight.copy() for layer in network.layers)
        first[:], second[1:] = 0, 0
        network = Network.from_arrays([first, second], [layer.bias for layer in network.layers])
    with pytest.raises(InputError, match=message):
        expand(network, 2, **options)  # type: ignore[arg-type]
