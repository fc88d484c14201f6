"""The search and the certificates of channels against brute force, and reference instances."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.constructions.channels.criteria import clean_bound, noise_bound
from superproof.constructions.channels.form import Channel, draw_channel, one_shot_network
from superproof.constructions.channels.influence import influence
from superproof.constructions.channels.reading import reading, stored_products, stored_reading
from superproof.constructions.patterns import pattern
from superproof.verify.engines.plain_code import Rows
from superproof.verify.errors import ProofError
from superproof.verify.network import Network


def brute(
    products: np.ndarray, sets: Rows, pairs: np.ndarray, bias: int, active: int
) -> tuple[list[int], list[int]]:
    """Least true and largest false value of every output, set by set."""
    inputs = products.shape[1]
    low: list[int] = [1 << 60] * len(pairs)
    high: list[int] = [-1] * len(pairs)
    for count in range(active + 1):
        for members in itertools.combinations(range(inputs), count):
            fed = products[:, list(members)].sum(axis=1)
            hidden = np.maximum(fed - bias, 0)
            for j, pair in enumerate(pairs.tolist()):
                value = int(hidden[sets.row(j)].sum())
                if set(pair) <= set(members):
                    low[j] = min(low[j], value)
                else:
                    high[j] = max(high[j], value)
    return low, high


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000), active=st.integers(2, 4), bias=st.integers(0, 25),
    spread=st.integers(1, 12),
)  # fmt: skip
def test_the_search_finds_the_extremes_of_any_products(
    seed: int, active: int, bias: int, spread: int
) -> None:
    rng = np.random.default_rng(seed)
    neurons, inputs, outputs = 7, 6, 3
    products = 10 * rng.integers(0, 2, (neurons, inputs)) + rng.integers(
        -spread, spread + 1, (neurons, inputs)
    )
    sets = Rows.of([rng.choice(neurons, rng.integers(1, 5), replace=False) for _ in range(outputs)])
    choices = list(itertools.combinations(range(inputs), 2))
    pairs = np.array([choices[i] for i in rng.choice(len(choices), outputs, replace=False)])
    found = reading(products, sets, pairs, bias, active)
    low, high = brute(products, sets, pairs, bias, active)
    assert found.low.tolist() == low
    assert found.high.tolist() == high
    for j in range(outputs):
        for value, members in ((low[j], found.low_at[j]), (high[j], found.high_at[j])):
            fed = products[:, members[members >= 0]].sum(axis=1)
            assert int(np.maximum(fed - bias, 0)[sets.row(j)].sum()) == value


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), active=st.integers(2, 4), neurons=st.integers(4, 40))
def test_the_clean_bound_is_exact_about_states(seed: int, active: int, neurons: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = np.array([[0, 1], [1, 2], [3, 4], [0, 5]])
    channel = draw_channel(influence(pairs, 7, threshold=9), neurons, 3, None, seed)
    products = channel.products + rng.integers(-neurons // 3, neurons // 3 + 1, (neurons, 7))
    bound = clean_bound(products, channel, active)
    least, most, overlap = [], [], 0
    for count in range(active + 1):
        for members in itertools.combinations(range(7), count):
            fed = channel.feeds[:, list(members)].sum(axis=1)
            sums = products[:, list(members)].sum(axis=1)
            least += sums[fed >= 2].tolist()
            most += sums[fed < 2].tolist()
            for j, pair in enumerate(pairs.tolist()):
                if not set(pair) <= set(members):
                    overlap = max(overlap, int((fed[channel.sets.row(j)] >= 2).sum()))
    assert bound.least == min(least)
    assert bound.most == max(most)
    assert bound.overlap >= overlap
    if active == 2:
        assert bound.overlap == overlap
    limit = 3 * neurons // 2
    assert bound.proves(limit) == (max(most) <= limit < min(least) and bound.overlap < 3)


@pytest.mark.parametrize("share", [1.0, 1.25, 1.5])
def test_the_noise_bound_is_sound(share: float) -> None:
    pairs = pattern("random-low-influence", 30, 20, 0)
    split = influence(pairs, 30)
    proved = 0
    for neurons in (200, 800, 3000):
        channel = draw_channel(split, neurons, 12, None, 0)
        bias = round(share * neurons)
        bound = noise_bound(channel, bias)
        found = reading(channel.products, channel.sets, channel.pairs, bias, 2)
        assert bound.true_from <= found.low.min()
        assert bound.false_to >= found.high.max()
        if bound.proves:
            assert found.low.min() > found.high.max()
            proved += 1
    assert proved >= 1


def test_the_noise_bound_refuses_a_wrong_feed() -> None:
    pairs = pattern("random-low-influence", 30, 20, 0)
    channel = draw_channel(influence(pairs, 30), 3000, 12, None, 0)
    assert noise_bound(channel, 3000).proves
    feeds = channel.feeds.copy()
    # a stranger listens to all neurons of an output, so with one member it imitates the pair
    stranger = next(c for c in range(30) if c not in channel.pairs[0])
    feeds[channel.sets.row(0), stranger] = 1
    broken = Channel(channel.code, feeds, channel.sets, channel.pairs)
    assert not noise_bound(broken, 3000).proves
    found = reading(broken.products, broken.sets, broken.pairs, 3000, 2)
    assert found.high[0] > found.low[0] * 0.8
    assert found.high.argmax() == 0
    assert clean_bound(channel.products, channel, 2).proves(4500)
    assert not clean_bound(broken.products, broken, 2).proves(4500)
    # what is stored must agree with what is said to feed
    assert not clean_bound(broken.products, channel, 2).proves(4500)


def test_the_noise_bound_says_which_biases_it_takes() -> None:
    channel = draw_channel(influence([[0, 1]], 4), 20, 4, None, 0)
    with pytest.raises(ValueError, match="the bias must lie from 20 to below 40, not 40"):
        noise_bound(channel, 40)


def test_a_search_out_of_budget_or_range_is_refused() -> None:
    pairs = pattern("random-low-influence", 30, 20, 0)
    channel = draw_channel(influence(pairs, 30), 60, 6, None, 0)
    with pytest.raises(ProofError, match="took more than 2 sets for one output"):
        reading(channel.products, channel.sets, channel.pairs, 60, 3, budget=2)
    with pytest.raises(ProofError, match="too large to be searched"):
        reading(channel.products << 28, channel.sets, channel.pairs, 60, 2)


def test_networks_of_another_form_are_refused() -> None:
    channel = draw_channel(influence([[0, 1]], 4), 20, 4, None, 0)
    network = one_shot_network(channel, 20, np.array([30.5]))
    products, biases = stored_products(network)
    assert np.array_equal(products, channel.products)
    assert set(biases.tolist()) == {-20}

    def changed(layer: int, weight: float = 0.0, bias: float = 0.0) -> Network:
        weights = [one.weight.copy() for one in network.layers]
        offsets = [one.bias.copy() for one in network.layers]
        weights[layer][0, 0] += weight
        offsets[layer][0] += bias
        return Network.from_arrays(weights, offsets, [one.activation for one in network.layers])

    for broken, message in (
        (changed(1, weight=0.5), "the stored numbers are no integers"),
        (changed(0, bias=1), "the first layer has a bias"),
        (changed(1, bias=1), "one bias, not above 0"),
        (changed(2, weight=2), "is 0 or 1"),
    ):
        with pytest.raises(ProofError, match=message):
            stored_reading(broken, channel.pairs, 2)


def test_samples_pass_where_the_search_finds_an_error() -> None:
    # 300 inputs, 596 ANDs, k = 24, kappa = 8: right on 2,000 random inputs, wrong on others
    pairs = pattern("random-low-influence", 300, 596, 0)
    neurons = round(8 * math.sqrt(596 * 24))
    channel = draw_channel(influence(pairs, 300), neurons, 24, None, 1)
    found = reading(channel.products, channel.sets, channel.pairs, neurons, 2)
    assert found.low.min() <= found.high.max()
    level = int(found.low.min()) - 1
    rng = np.random.default_rng(0)
    read = channel.sets.matrix(neurons)
    chosen = np.array([rng.choice(300, 2, replace=False) for _ in range(2_000)])
    wrong = 0
    for block in np.array_split(chosen, 4):
        fed = channel.products[:, block[:, 0]] + channel.products[:, block[:, 1]]
        values = read @ np.maximum(fed - neurons, 0).astype(np.float32)
        true = (np.sort(block, axis=1)[None] == channel.pairs[:, None]).all(axis=2)
        wrong += int(((values > level) != true).sum())
    assert wrong == 0


def test_more_neurons_are_exact_on_the_same_instance() -> None:
    pairs = pattern("random-low-influence", 300, 596, 0)
    channel = draw_channel(influence(pairs, 300), 1136, 24, None, 0)
    found = reading(channel.products, channel.sets, channel.pairs, 1136, 2)
    assert found.low.min() > found.high.max()


@pytest.mark.slow
def test_a_clean_channel_of_six_thousand_outputs() -> None:
    pairs = pattern("random-low-influence", 3000, 5996, 0)
    channel = draw_channel(influence(pairs, 3000), 6165, 8, None, 0)
    bound = clean_bound(channel.products, channel, 2)
    assert bound.proves(3 * 6165 // 2)
    assert bound.overlap <= 4
