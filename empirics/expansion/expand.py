"""Fixed-parameter expansion of a network: more neurons, the same number of nonzero weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...verify.errors import InputError
from ...verify.network import Layer, Network
from .split import Split, split_inputs


@dataclass(frozen=True)
class Expanded:
    """A network whose hidden neurons were split, and pruned to the budget of before.

    It does not compute what the network before did: relu(a) + relu(b) is not relu(a + b).

    Attributes:
        network: the expanded one.
        splits: by number of the hidden layer.
        parents: by the same numbers, the neuron that every child comes from, int64 (children,).
        budget: nonzero weights and biases, of both networks.
        excess: nonzeros that the splits added, and pruning took away again.
    """

    network: Network
    splits: dict[int, Split]
    parents: dict[int, np.ndarray]
    budget: int
    excess: int

    @property
    def masks(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights and biases that training may move, Booleans, layer by layer."""
        return [(layer.weight != 0, layer.bias != 0) for layer in self.network.layers]


def nonzeros(network: Network) -> int:
    """Weights and biases that are not 0."""
    return sum(
        int(np.count_nonzero(array))
        for layer in network.dense.layers
        for array in (layer.weight, layer.bias)
    )


def expand(
    network: Network,
    factor: int,
    kind: str = "random",
    *,
    layers: Sequence[int] | None = None,
    seed: int = 0,
    clauses: Sequence[Sequence[int]] | None = None,
    groups: int | None = None,
) -> Expanded:
    """Split every neuron of some hidden layers into children, and prune to the old budget.

    Every child reads the inputs of its mask with the weights of its parent, has its bias, and is
    read with its outgoing weights. The copies are too many by (factor - 1) times the biases and
    outgoing weights; so many of the smallest weights into and out of the layer are set to 0. All
    nonzeros count, biases included; biases are never pruned. (A reconstruction of
    arXiv 2510.04500, whose treatment of biases is not known.)

    Args:
        network: dense, with a hidden layer.
        factor: children of a neuron.
        kind: how inputs are split; see :data:`.split.SPLITS`.
        layers: numbers of the hidden layers, from 0; None for the first one.
        seed: of the splits.
        clauses: input indices by clause, for the split ``clause``, which is one of the first layer.
        groups: for the split ``gram``.

    Raises:
        InputError: no hidden layer, a number that is none, options that do not fit, or too few
            weights to prune.
    """
    hidden = len(network.layers) - 1
    chosen = [0] if layers is None else sorted(set(layers))
    if hidden < 1:
        raise InputError("the network has no hidden layer to expand")
    for number in chosen:
        if not 0 <= number < hidden:
            raise InputError(
                f"layer {number} is not a hidden one; they are numbered from 0 to {hidden - 1}"
            )
    if kind == "clause" and chosen != [0]:
        raise InputError("the split 'clause' is one of the inputs: expand layer 0 alone")
    now, budget, excess = network.dense, nonzeros(network), 0
    splits: dict[int, Split] = {}
    parents: dict[int, np.ndarray] = {}
    for number in chosen:
        split = split_inputs(
            kind, factor, now.layers[number].weight, seed + number, clauses=clauses, groups=groups
        )
        wider = _widened(now, number, split)
        more = nonzeros(wider) - budget
        now = _pruned(wider, number, more)
        splits[number] = split
        parents[number] = np.arange(split.child.shape[0]).repeat(factor)
        excess += more
    return Expanded(now, splits, parents, budget, excess)


def _widened(network: Network, number: int, split: Split) -> Network:
    """Children in place of their parents, nothing pruned."""
    layers = list(network.layers)
    own, following = layers[number], layers[number + 1]
    weight = np.where(split.masks, own.weight.repeat(split.factor, axis=0), 0)
    layers[number] = Layer(
        weight.astype(own.weight.dtype), own.bias.repeat(split.factor), own.activation
    )
    layers[number + 1] = Layer(
        following.weight.repeat(split.factor, axis=1), following.bias, following.activation
    )
    return Network(tuple(layers), network.merged)


def _pruned(network: Network, number: int, count: int) -> Network:
    """The same without its smallest weights into and out of a layer; of equals the first."""
    pair = [network.layers[number + step].weight.copy() for step in (0, 1)]
    flat = np.concatenate([np.abs(weight.astype(np.float64)).ravel() for weight in pair])
    places = np.flatnonzero(flat)
    if count >= len(places):
        raise InputError(
            f"{count:,} of {len(places):,} weights of layer {number} would have to be pruned; "
            "use a smaller factor"
        )
    gone = places[np.argsort(flat[places], kind="stable")[:count]]
    border = pair[0].size
    pair[0].reshape(-1)[gone[gone < border]] = 0
    pair[1].reshape(-1)[gone[gone >= border] - border] = 0
    layers = list(network.layers)
    for step, weight in enumerate(pair):
        old = layers[number + step]
        layers[number + step] = Layer(weight, old.bias, old.activation)
    return Network(tuple(layers), network.merged)
