"""State codes: a few ones a feature, so that a state is the OR of the codewords of its features."""

from __future__ import annotations

import numpy as np

from ..verify.errors import InputError


def state_code(neurons: int, features: int, weight: int, seed: int = 0) -> np.ndarray:
    """Draw codewords of equal weight that share at most one neuron, pair by pair.

    Greedy: each one goes to the neuron with the fewest so far (ties by chance) among those that
    share no earlier codeword with the neurons chosen. Depends on nothing but the arguments. With
    ``weight`` above the number of active features a state determines them: another codeword
    shares at most one neuron with each of them, so it is never covered.

    Args:
        neurons, features: shape of the code.
        weight: ones of a codeword, L.
        seed: the same seed gives the same code.

    Returns:
        Booleans (neurons, features).

    Raises:
        InputError: so few neurons that the codewords have to share two.
    """
    if weight < 1 or features < 1:
        raise InputError(f"a code needs features and ones, not {features} with {weight} each")
    if weight > neurons:
        raise InputError(f"codewords of {weight} ones need {weight} neurons, not {neurons}")
    rng = np.random.default_rng([seed, 2])
    together = np.eye(neurons, dtype=bool)
    load = np.zeros(neurons)
    code = np.zeros((neurons, features), dtype=bool)
    for feature in range(features):
        chosen: list[int] = []
        free = np.ones(neurons, dtype=bool)
        for _ in range(weight):
            cost = np.where(free, load + 0.5 * rng.random(neurons), np.inf)
            neuron = int(cost.argmin())
            if not free[neuron]:
                raise InputError(
                    f"{neurons} neurons hold {feature} of {features} codewords of {weight} ones "
                    "that share at most one, pair by pair; give more neurons or a smaller weight"
                )
            chosen.append(neuron)
            free &= ~together[neuron]
        together[np.ix_(chosen, chosen)] = True
        load[chosen] += 1
        code[chosen, feature] = True
    return code


def states(code: np.ndarray, features: np.ndarray) -> np.ndarray:
    """OR of the codewords of the true features.

    Args:
        code: Booleans (neurons, features).
        features: Booleans (points, features).

    Returns:
        Booleans (points, neurons).
    """
    # counts are at most the number of features: exact in float32
    return np.asarray(features.astype(np.float32) @ code.T.astype(np.float32) > 0)


def covered(code: np.ndarray, features: np.ndarray) -> int:
    """Points at which the state holds the whole codeword of a feature that is false.

    Zero if and only if counting the ones of each codeword reads every feature off the states.
    """
    held = states(code, features).astype(np.float32) @ code.astype(np.float32)
    return int(((held >= code.sum(axis=0)) & ~features).any(axis=1).sum())


def confused(code: np.ndarray, features: np.ndarray, targets: np.ndarray) -> int:
    """Points whose state is also that of a point with other targets: no layer serves both.

    Args:
        code: Booleans (neurons, features).
        features: Booleans (points, features).
        targets: Booleans (points, anything).
    """
    _, which = np.unique(np.packbits(states(code, features), axis=1), axis=0, return_inverse=True)
    which = which.ravel()
    first = np.zeros(which.max() + 1, dtype=np.int64)
    first[which[::-1]] = np.arange(len(which))[::-1]
    return int((targets != targets[first[which]]).any(axis=1).sum())
