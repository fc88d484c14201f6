"""Which neurons an output is read from: sets dealt like cards, and sets inside listening sets."""

from __future__ import annotations

import numpy as np

from ...verify.errors import ProofError
from .influence import Influence


def balanced_deal(outputs: int, neurons: int, size: int, seed: int) -> np.ndarray:
    """Deal every output ``size`` different neurons from shuffled decks of all neurons.

    Every neuron is dealt once a deck, so the loads differ by two at most. Depends on nothing but
    the arguments; fewer outputs get the same first hands.

    Returns:
        int64 (outputs, size).
    """
    rng = np.random.default_rng([seed, 5])
    hands = np.empty((outputs, size), dtype=np.int64)
    deck = np.empty(0, dtype=np.int64)
    for j in range(outputs):
        if len(deck) < size:
            new = rng.permutation(neurons)
            # cards that are left over must not meet their doubles in this hand
            head = new[~np.isin(new, deck)][: size - len(deck)]
            deck = np.concatenate([deck, head, new[~np.isin(new, head)]])
        hands[j], deck = deck[:size], deck[size:]
    return hands


def listening_sets(inputs: int, neurons: int, density: float, seed: int) -> np.ndarray:
    """T: a random set of ``round(density * neurons)`` neurons for every input.

    Returns:
        Booleans (neurons, inputs).
    """
    rng = np.random.default_rng([seed, 6])
    ones = min(max(round(density * neurons), 1), neurons)
    keys = rng.random((inputs, neurons))
    chosen = np.argpartition(keys, ones - 1, axis=1)[:, :ones]
    sets = np.zeros((neurons, inputs), dtype=bool)
    sets[chosen, np.arange(inputs)[:, None]] = True
    return sets


def reading_sets(
    split: Influence, listening: np.ndarray, neurons: int, size: int, seed: int
) -> np.ndarray:
    """The set of neurons of every output, inside the listening sets of its heavy members.

    Outputs without heavy members keep what they were dealt before the function was known; the
    others take the neurons of the (intersected) listening sets that are used least so far.

    Returns:
        int64 (outputs, size), every row ascending.

    Raises ProofError where two listening sets share fewer neurons than that.
    """
    sets = balanced_deal(len(split.pairs), neurons, size, seed)
    rng = np.random.default_rng([seed, 7])
    light = split.members == 0
    load = np.bincount(sets[light].ravel(), minlength=neurons).astype(np.float64)
    for j in np.flatnonzero(~light).tolist():
        allowed = np.ones(neurons, dtype=bool)
        for member in split.pairs[j]:
            if split.heavy[member]:
                allowed &= listening[:, member]
        shared = int(allowed.sum())
        if shared < size:
            a, b = split.pairs[j].tolist()
            raise ProofError(
                f"output {j} finds {shared} neurons that listen to its heavy members ({a}, {b}), "
                f"and needs {size}; give more neurons, a higher density or another seed"
            )
        cost = np.where(allowed, load + rng.random(neurons), np.inf)
        sets[j] = np.argpartition(cost, size - 1)[:size]
        load[sets[j]] += 1
    return np.sort(sets, axis=1)
